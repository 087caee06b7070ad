//! TIMESTAMP_TZ goes out and comes back in every format.

use super::driver::{fake, read, runtime, write};
use crate::options::{Map, Tree};
use crate::table::DataType;

fn block(text: &str) -> Map {
    serde_json::from_str::<Tree>(text).unwrap().as_map().unwrap().clone()
}

#[test]
fn what_is_written_reads_back_under_the_same_schema() {
    let schema = r#""schema": {"fields": {"k": "int", "t": "timestamp_tz"}}"#;
    let (tables, batches) = fake(&block(&format!(
        r#"{{{schema}, "rows": [{{"kind": "INSERT", "fields": [1, "2024-01-02T03:04:05+02:00"]}},
            {{"kind": "INSERT", "fields": [2, null]}}]}}"#
    )))
    .unwrap();
    for (format, wanted) in [
        ("text", Some("1\u{1}2024-01-02 01:04:05Z\n2\u{1}")),
        ("csv", Some("1,2024-01-02 01:04:05Z\n2,")),
        ("json", Some("{\"k\":1,\"t\":\"2024-01-02T01:04:05Z\"}\n{\"k\":2,\"t\":null}")),
        ("parquet", None),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().to_str().unwrap();
        let sink = block(&format!(r#"{{"path": "{path}", "file_format_type": "{format}"}}"#));
        runtime().block_on(write(&sink, &tables, &batches, 1)).unwrap();
        if let Some(wanted) = wanted {
            let files = std::fs::read_dir(path).unwrap().map(|file| file.unwrap().path());
            let texts: Vec<String> = files.filter_map(|file| std::fs::read_to_string(file).ok()).collect();
            assert_eq!(texts, [wanted], "{format}");
        }
        let source = block(&format!(r#"{{"path": "{path}", "file_format_type": "{format}", {schema}}}"#));
        let (back_tables, back) = runtime().block_on(read(&source)).unwrap();
        assert_eq!(back_tables[0].columns[1].data_type, DataType::TimestampTz, "{format}");
        assert_eq!(back[0].rows, batches[0].rows, "{format}");
    }
}
