//! Holds what the running Java engine did with small files (`tests/data/values-observed.jsonl`), as far as it can be
//! told without files and jobs: reading text, csv and json (group A), writing them (group B).

use super::decode_all;
use crate::format::charset::Charset;
use crate::format::text::TimeFormats;
use crate::format::{ColumnBuilder, Decoder, Encoder, csv, json, text};
use crate::model::Problems;
use crate::options::{Map, Options, Tree};
use crate::table::{Column, DataType, Field, schema};
use arrow::array::AsArray;
use arrow::record_batch::RecordBatch;
use base64::Engine;

/// Lines of the engine's bugs, and what is right; `None`: an error.
const SANE: [(i64, Option<&str>); 19] = [
    (269, Some("{\"k\":1,\"v\":{\"a\":[1,2]}}")),
    (274, Some("{\"k\":1,\"v\":{\"a\":1,\"b\":\"x\"}}")),
    (296, None),
    (461, Some("{\"k\":1,\"v\":\"\u{FFFD}\"}")),
    (571, Some("{\"a\":1,\"b\":\"x\"}")),
    (572, Some("{\"a\":1,\"b\":\"x\"}\n{\"a\":2,\"b\":\"y\"}")),
    (595, None),
    (601, Some("{\"t\":\"2024-01-02T03:04:05\"}\n{\"t\":\"2024-01-02T03:04:05\"}")),
    (610, Some("{\"a\":1,\"b\":\"x\",\"c\":2}")),
    (611, Some("{\"a\":1,\"b\":\"x\",\"c\":2}\n{\"a\":3,\"b\":\"y\",\"c\":4}")),
    (631, Some("{\"a\":1,\"b\":\"a\\nb\",\"c\":2}")),
    (632, Some("{\"a\":1,\"b\":\"a\\r\\nb\",\"c\":2}")),
    (634, Some("{\"a\":1,\"b\":\"x\",\"c\":2}")),
    (793, Some("{\"a\":\"2024-01-02\"}\n{\"a\":\"2024-01-02\"}")),
    (794, Some("{\"a\":\"2024-01-02T03:04:05\"}\n{\"a\":\"2024-01-02T03:04:05.5\"}")),
    (
        926,
        Some(
            "1,abc\n2,\n3, a \n4,\"a,b\"\n5,\"a\"\"b\"\n6,\"a\nb\"\n7,\"a\r\nb\"\n8,a\tb\n9,a\u{1}b\n10,a\u{2}b\n11,a\\b\n\
             12,null\n13,日本語 😀\n14,\0x\n15,</a>&'\n16,é\u{2028}\n17,",
        ),
    ),
    (980, Some("1,\"a\u{2}b,c\u{2}\"\n2,\n3,a\u{2}b")),
    (1276, Some("base64:/v9OLQDpAAoAeA==")),
    (1282, Some("base64:1tAK1tCopg==")),
];

/// Lines that we want otherwise.
const OURS: [(i64, Option<&str>); 18] = [
    // decimals have the declared scale: they are rounded half up to it, and printed with it
    (103, Some("{\"k\":1,\"v\":1.23}")),
    (104, Some("{\"k\":1,\"v\":2}")),
    (107, Some("{\"k\":1,\"v\":0}")),
    (125, Some("{\"k\":1,\"v\":13}")),
    (425, Some("{\"k\":1,\"v\":1.23}")),
    (433, Some("{\"k\":1,\"v\":0}")),
    (913, Some("1;1.50\n2;1.50\n3;1.00\n4;-0.01\n5;12345678.90\n6;0.00\n7;")),
    (914, Some("1,1.50\n2,1.50\n3,1.00\n4,-0.01\n5,12345678.90\n6,0.00\n7,")),
    (
        917,
        Some(
            "1;12345678901234567890.123456789012345678\n2;1E-18\n3;1.00000000E-10\n\
             4;10000000000.000000000000000000\n5;",
        ),
    ),
    (1027, Some("{\"k\":1,\"v\":1.23}")),
    (428, Some("{\"k\":1,\"v\":12345678901234567890.12}")),
    // times and timestamps have microseconds
    (181, Some("{\"k\":1,\"v\":\"12:34:56.123456\"}")),
    (202, Some("{\"k\":1,\"v\":\"2024-01-02T03:04:05.123456\"}")),
    (509, Some("{\"k\":1,\"v\":\"2024-01-02T03:04:05.123456\"}")),
    (958, Some("{\"k\":1,\"v\":\"2024-01-02T03:04:05.123456\"}")),
    (970, Some("{\"k\":1,\"v\":\"9999-12-31T23:59:59.999999\"}")),
    (1133, Some("2024-01-02T03:04:05.123456000")),
    // the type is known, as in newer versions
    (235, Some("{\"k\":1,\"v\":\"2024-01-02T03:04:05Z\"}")),
];

enum Outcome {
    Is(Result<String, String>),
    /// Needs more than a format: files, partitions, several tables.
    Elsewhere,
}

#[test]
fn what_the_engine_did() {
    let file = include_str!("../../../tests/data/values-observed.jsonl");
    let (mut ran, mut wrong) = (0, Vec::new());
    for line in file.lines().skip(1) {
        let case: Tree = serde_json::from_str(line).unwrap();
        let case = case.as_map().unwrap();
        let outcome = match case["group"].as_text() {
            Some("A") => read_case(case),
            Some("B") => write_case(case),
            _ => Outcome::Elsewhere,
        };
        let Outcome::Is(outcome) = outcome else { continue };
        ran += 1;
        let Tree::Int(number) = case["n"] else { panic!("a case without number") };
        let wanted = wanted(number, case);
        let same = match (&outcome, &wanted) {
            (Ok(given), Some(wanted)) => given == wanted,
            (Err(_), None) => true,
            _ => false,
        };
        if !same {
            let topic = case["topic"].as_text().unwrap();
            wrong.push(format!("{number} {topic}\n   given  {outcome:?}\n   wanted {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {ran} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(ran > 600, "only {ran} cases ran");
    assert!(OURS.len() * 50 <= file.lines().count(), "too many exceptions: {}", OURS.len());
}

/// The output that is right; `None`: an error.
fn wanted(number: i64, case: &Map) -> Option<String> {
    let listed = SANE.iter().chain(&OURS).find(|(n, _)| *n == number);
    match (listed, case.get("bug")) {
        (Some((_, output)), _) => output.map(str::to_owned),
        (None, Some(bug)) => panic!("line {number} is a bug that is not listed here: {}", bug.to_json()),
        (None, None) => match case.get("output") {
            Some(Tree::Text(text)) => Some(text.clone()),
            Some(Tree::Map(map)) => Some(format!("base64:{}", map["base64"].as_text().unwrap())),
            _ => (case["job_status"] == Tree::text("FINISHED")).then(String::new),
        },
    }
}

/// The only element of a part of the job, if it holds no option but these.
fn only<'a>(case: &'a Map, part: &str, plugin: &str, known: &[&str]) -> Option<&'a Map> {
    let [Tree::Map(block)] = case["job"].as_map()?.get(part)?.as_list()? else { return None };
    let fits = block.get("plugin_name")?.as_text()? == plugin
        && block.keys().all(|key| key == "plugin_name" || known.contains(&key.as_str()));
    fits.then_some(block)
}

fn text_of<'a>(block: &'a Map, key: &str) -> Option<&'a str> {
    block.get(key).and_then(Tree::as_text)
}

fn bytes_of(tree: Option<&Tree>) -> Option<Vec<u8>> {
    match tree? {
        Tree::Text(text) => Some(text.clone().into_bytes()),
        Tree::Map(map) if map.len() == 1 => {
            base64::engine::general_purpose::STANDARD.decode(map.get("base64")?.as_text()?).ok()
        }
        _ => None,
    }
}

fn columns_of(block: &Map) -> Option<Result<Vec<Column>, String>> {
    let problems = Problems::default();
    let schema = Options::new(block.get("schema")?.as_map()?, "schema", &problems);
    let table = schema::read(&schema, "LocalFile", None);
    Some(table.map(|t| t.columns).ok_or_else(|| format!("{:?}", problems.into_parts().0)))
}

fn time_formats(block: &Map) -> Result<TimeFormats, String> {
    let mut formats = TimeFormats::default();
    if let Some(pattern) = text_of(block, "date_format") {
        formats = formats.date(pattern)?;
    }
    if let Some(pattern) = text_of(block, "datetime_format") {
        formats = formats.datetime(pattern)?;
    }
    if let Some(pattern) = text_of(block, "time_format") {
        formats = formats.time(pattern)?;
    }
    Ok(formats)
}

fn read_case(case: &Map) -> Outcome {
    let known = [
        "path",
        "file_format_type",
        "schema",
        "field_delimiter",
        "delimiter",
        "skip_header_row_number",
        "read_columns",
        "encoding",
        "date_format",
        "datetime_format",
        "time_format",
        "parse_partition_from_path",
        "null_format",
        "csv_use_header_line",
        "nonsense",
        "escape_char",
    ];
    let read = || {
        let source = only(case, "source", "LocalFile", &known)?;
        let sink = only(case, "sink", "LocalFile", &["path", "file_format_type"])?;
        let json = text_of(sink, "file_format_type")? == "json" && case.get("look").is_none();
        let here = matches!(text_of(source, "file_format_type")?, "text" | "csv" | "json");
        let input = bytes_of(case.get("input"))?;
        (json && here && !input.is_empty()).then_some(())?;
        let columns = columns_of(source)?;
        Some(columns.and_then(|columns| read_file(source, &columns, &input)))
    };
    read().map_or(Outcome::Elsewhere, Outcome::Is)
}

fn read_file(source: &Map, columns: &[Column], input: &[u8]) -> Result<String, String> {
    time_formats(source)?;
    if columns.is_empty() {
        return Err("no columns".into());
    }
    let projection = match source.get("read_columns") {
        None => None,
        Some(Tree::List(names)) if !names.is_empty() => {
            let index = |name: &Tree| columns.iter().position(|c| Some(c.name.as_str()) == name.as_text());
            Some(names.iter().map(index).collect::<Option<Vec<usize>>>().ok_or("unknown column")?)
        }
        Some(_) => return Err("no list of columns".into()),
    };
    let skip_header = match source.get("skip_header_row_number") {
        Some(value) => u64::try_from(crate::options::convert::to_long(value)?).map_err(|e| e.to_string())?,
        None => 0,
    };
    let delimiter = text_of(source, "field_delimiter").or(text_of(source, "delimiter"));
    let mut options = text::ReadOptions { skip_header, projection: projection.clone(), ..Default::default() };
    let mut csv_options =
        csv::ReadOptions { skip_header, projection: projection.clone(), ..Default::default() };
    if let Some(delimiter) = delimiter {
        (options.delimiter, csv_options.delimiter) = (delimiter.into(), delimiter.into());
    }
    let mut decoder: Box<dyn Decoder> = match text_of(source, "file_format_type") {
        Some("text") => text::decoder(columns, &options)?,
        Some("csv") => csv::decoder(columns, &csv_options)?,
        _ => json::decoder(columns, &json::ReadOptions { projection: projection.clone() })?,
    };
    let charset = Charset::of(text_of(source, "encoding").unwrap_or("UTF-8"))?;
    let mut utf8 = Vec::new();
    charset.decoder().decode(input, true, &mut utf8);
    if charset.is_utf8() {
        utf8 = input.to_vec();
    }
    let rows = decode_all(decoder.as_mut(), &utf8, &[], 8192).map_err(|e| e.to_string())?;
    let wanted: Vec<Column> = match projection {
        Some(indexes) => indexes.iter().map(|i| columns[*i].clone()).collect(),
        None => columns.to_vec(),
    };
    let mut encoder = json::encoder(&wanted, &json::WriteOptions::default())?;
    let out = encode(encoder.as_mut(), rows.as_ref())?;
    Ok(String::from_utf8(out).unwrap())
}

fn encode(encoder: &mut dyn Encoder, rows: Option<&RecordBatch>) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    if let Some(rows) = rows {
        encoder.begin(&mut out);
        // in two pieces: the row delimiter must stand between them too
        let half = rows.num_rows() / 2;
        encoder.encode(&rows.slice(0, half), &mut out).map_err(|e| e.to_string())?;
        encoder.encode(&rows.slice(half, rows.num_rows() - half), &mut out).map_err(|e| e.to_string())?;
    }
    Ok(out)
}

fn write_case(case: &Map) -> Outcome {
    let known = [
        "path",
        "tmp_path",
        "file_format_type",
        "field_delimiter",
        "row_delimiter",
        "enable_header_write",
        "date_format",
        "datetime_format",
        "time_format",
        "sink_columns",
        "encoding",
        "null_format",
    ];
    let write = || {
        let source = only(case, "source", "FakeSource", &["schema", "rows", "parallelism"])?;
        let sink = only(case, "sink", "LocalFile", &known)?;
        let here = matches!(text_of(sink, "file_format_type")?, "text" | "csv" | "json");
        let plain = case.get("look").is_none() && !text_of(sink, "path")?.is_empty();
        let one = source.get("parallelism").is_none_or(|p| *p == Tree::Int(1));
        (here && plain && one && case.get("transform").is_none()).then_some(())?;
        let rows = match source.get("rows")? {
            Tree::Text(input) if input == "{INPUT}" => case.get("input")?,
            other => other,
        };
        let columns = columns_of(source)?;
        Some(columns.and_then(|columns| write_file(sink, columns, rows.as_list().unwrap())))
    };
    write().map_or(Outcome::Elsewhere, Outcome::Is)
}

fn write_file(sink: &Map, columns: Vec<Column>, rows: &[Tree]) -> Result<String, String> {
    let fields = columns.iter().map(|c| Field { name: c.name.clone(), data_type: c.data_type.clone() });
    let mut builder = ColumnBuilder::new(&DataType::Row(fields.collect()));
    for row in rows {
        builder.push(&row.as_map().unwrap()["fields"])?;
    }
    let array = builder.finish();
    let batch = RecordBatch::from(array.as_struct().clone());
    let indexes: Vec<usize> = match sink.get("sink_columns") {
        None => (0..columns.len()).collect(),
        Some(Tree::List(names)) if names.is_empty() => (0..columns.len()).collect(),
        Some(Tree::List(names)) => {
            let index = |name: &Tree| {
                columns.iter().position(|c| c.name.eq_ignore_ascii_case(name.as_text().unwrap()))
            };
            names.iter().map(index).collect::<Option<_>>().ok_or("unknown column")?
        }
        Some(_) => return Err("sink_columns is no list".into()),
    };
    let batch = batch.project(&indexes).unwrap();
    let columns: Vec<Column> = indexes.iter().map(|i| columns[*i].clone()).collect();
    let header = match sink.get("enable_header_write") {
        Some(value) => crate::options::convert::to_bool(value)?,
        None => false,
    };
    let header = header.then(|| columns.iter().map(|c| c.name.clone()).collect());
    let row_delimiter = text_of(sink, "row_delimiter").unwrap_or("\n").to_owned();
    let field_delimiter =
        text_of(sink, "field_delimiter").filter(|d| !d.is_empty()).unwrap_or("\u{1}").to_owned();
    let formats = time_formats(sink)?;
    let mut encoder = match text_of(sink, "file_format_type") {
        Some("text") => {
            text::encoder(&columns, &text::WriteOptions { field_delimiter, row_delimiter, header, formats })?
        }
        Some("csv") => csv::encoder(&columns, &csv::WriteOptions { row_delimiter, header, formats })?,
        _ => json::encoder(&columns, &json::WriteOptions { row_delimiter })?,
    };
    let out = encode(encoder.as_mut(), Some(&batch))?;
    let Some(name) = text_of(sink, "encoding") else {
        return Ok(String::from_utf8_lossy(&out).into_owned());
    };
    let mut encoder = Charset::of(name)?.encoder();
    let mut bytes = Vec::new();
    encoder.encode(&out, &mut bytes);
    encoder.finish(&mut bytes);
    Ok(format!("base64:{}", base64::engine::general_purpose::STANDARD.encode(bytes)))
}
