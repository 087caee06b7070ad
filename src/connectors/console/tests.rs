use crate::connectors::trial::{context, fake, rows, sink, tables, write_all, writer};
use crate::plugin::JobMode;
use crate::runtime::{JobLog, LogLimits};
use crate::table::{CatalogTable, Column, DataType};
use std::sync::Arc;

const FIXED: &str = r#"{"schema": {"table": "db.t", "fields": {"a": "int", "b": "string"}}, "rows": [
    {"kind": "DELETE", "fields": [1, "x"]}, {"kind": "INSERT", "fields": [null, "y"]}]}"#;

fn log_of(options: &str, batches: usize, columns: Option<Vec<Column>>) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("job.log");
    let log = JobLog::to_file(path.clone(), LogLimits::default());
    let known = tables(&fake(FIXED).ok());
    let def = sink("Console", options, &known).ok();
    let mut writer = writer(&def, &context(JobMode::Batch, 1, log)).unwrap();
    let batch = rows(FIXED).remove(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for number in 0..batches {
        let mut batch = batch.clone();
        if let Some(columns) = columns.as_ref().filter(|_| number > 0) {
            batch.table =
                Arc::new(CatalogTable::new("FakeSource", batch.table.path.clone(), columns.clone()));
        }
        runtime.block_on(async { write_one(writer.as_mut(), batch).await });
    }
    std::fs::read_to_string(path).unwrap()
}

async fn write_one(writer: &mut dyn crate::plugin::Writer, batch: crate::table::Batch) {
    writer.write(batch).await.unwrap();
}

#[test]
fn each_row_is_a_line_of_the_log() {
    let log = log_of("{}", 2, None);
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 5, "{log}");
    let message = |line: &str| line[24..].to_owned();
    assert_eq!(message(lines[0]), "INFO  output rowType: a<INT>, b<STRING>");
    assert_eq!(
        message(lines[1]),
        "INFO  subtaskIndex=0  rowIndex=1:  SeaTunnelRow#tableId=db.t SeaTunnelRow#kind=DELETE : 1, x"
    );
    assert_eq!(
        message(lines[4]),
        "INFO  subtaskIndex=0  rowIndex=4:  SeaTunnelRow#tableId=db.t SeaTunnelRow#kind=INSERT : , y"
    );
}

#[test]
fn a_changed_table_is_announced() {
    let columns = vec![Column::new("a", DataType::Int), Column::new("c", DataType::String)];
    let log = log_of("{}", 2, Some(columns));
    assert!(log.contains("changed rowType before: a<INT>, b<STRING>\n"), "{log}");
    assert!(log.contains("changed rowType after: a<INT>, c<STRING>\n"), "{log}");
    assert!(log.contains("rowIndex=4"), "{log}");
}

#[test]
fn rows_can_be_slow_or_silent() {
    assert_eq!(log_of(r#"{"log.print.delay.ms": 1}"#, 2, None).lines().count(), 5);
    assert_eq!(log_of(r#"{"log.print.data": "false"}"#, 2, None).lines().count(), 1);
    assert_eq!(log_of(r#"{"log.print.data": 0}"#, 2, None).lines().count(), 1);
}

#[test]
fn rows_without_columns_still_count() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("job.log");
    let options = r#"{"row.num": 3, "schema": {}}"#;
    let def = sink("Console", "{}", &tables(&fake(options).ok())).ok();
    let log = JobLog::to_file(path.clone(), LogLimits::default());
    let mut writer = writer(&def, &context(JobMode::Batch, 1, log)).unwrap();
    write_all(writer.as_mut(), &rows(options)).unwrap();
    let log = std::fs::read_to_string(path).unwrap();
    assert_eq!(log.lines().count(), 4, "{log}");
    assert!(log.ends_with(
        "rowIndex=3:  SeaTunnelRow#tableId=default.default.default SeaTunnelRow#kind=INSERT : \n"
    ));
}

#[test]
fn moments_in_utc_end_with_z_in_header_and_rows() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("job.log");
    let options = r#"{"schema": {"fields": {"t": "timestamp_tz", "m": "map<string,timestamp_tz>",
        "r": {"t": "timestamp_tz"}}}, "rows": [{"kind": "INSERT", "fields":
        ["2024-01-02T03:04:05+02:00", {"k": "2024-01-02 03:04:00Z"}, ["2024-01-02T03:04:05.5Z"]]}]}"#;
    let def = sink("Console", "{}", &tables(&fake(options).ok())).ok();
    let log = JobLog::to_file(path.clone(), LogLimits::default());
    let mut writer = writer(&def, &context(JobMode::Batch, 1, log)).unwrap();
    write_all(writer.as_mut(), &rows(options)).unwrap();
    let log = std::fs::read_to_string(path).unwrap();
    assert!(log.contains("t<TIMESTAMP_TZ>, m<Map<STRING, TIMESTAMP_TZ>>, r<ROW<t TIMESTAMP_TZ>>\n"), "{log}");
    let values = "2024-01-02T01:04:05Z, {\"k\":\"2024-01-02T03:04Z\"}, [2024-01-02T03:04:05.500Z]\n";
    assert!(log.ends_with(values), "{log}");
}
