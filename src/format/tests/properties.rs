//! Whatever the bytes: no panic, the same rows in any pieces; and what was written reads back.

use super::decode_all;
use crate::format::{ColumnBuilder, Decoder, Encoder, FormatError, csv, json, text};
use crate::options::{Map, Tree};
use crate::table::{Column, DataType, Field};
use arrow::array::AsArray;
use arrow::record_batch::RecordBatch;
use proptest::prelude::*;

fn columns(types: &[&str]) -> Vec<Column> {
    let named = types.iter().enumerate();
    named.map(|(i, t)| Column::new(format!("c{i}"), DataType::parse(t).unwrap())).collect()
}

fn all_types() -> Vec<Column> {
    columns(&[
        "string",
        "int",
        "double",
        "timestamp",
        "boolean",
        "date",
        "time",
        "decimal(12,3)",
        "decimal(50,5)",
        "bytes",
        "float",
        "tinyint",
        "array<int>",
        "map<string,int>",
        "{a = string, b = \"map<int,array<string>>\"}",
        "null",
        "timestamp_tz",
    ])
}

fn decoders(columns: &[Column]) -> Vec<Box<dyn Fn() -> Box<dyn Decoder> + '_>> {
    let text = |delimiter: &'static str, skip_header| {
        let options = text::ReadOptions { delimiter: delimiter.into(), skip_header, projection: None };
        Box::new(move || text::decoder(columns, &options).unwrap()) as Box<dyn Fn() -> Box<dyn Decoder>>
    };
    let csv = |delimiter: &'static str, skip_header, projection: Option<Vec<usize>>| {
        let options = csv::ReadOptions { delimiter: delimiter.into(), skip_header, projection };
        Box::new(move || csv::decoder(columns, &options).unwrap()) as Box<dyn Fn() -> Box<dyn Decoder>>
    };
    vec![
        text(",", 0),
        text("::", 2),
        text("[,;]+", 1),
        csv(",", 0, None),
        csv("，", 1, None),
        csv(",", 0, Some(vec![2, 0])),
        Box::new(|| json::decoder(columns, &json::ReadOptions::default()).unwrap()),
    ]
}

/// As `decode_all`, but with a new decoder, restored from the state of the last one, for every call.
fn decode_restarted(
    make: &dyn Fn() -> Box<dyn Decoder>,
    bytes: &[u8],
    size: usize,
) -> Result<Vec<RecordBatch>, FormatError> {
    let mut state = make().state();
    let mut batches = Vec::new();
    let (mut start, mut end) = (0, 0);
    loop {
        let mut decoder = make();
        decoder.restore(&state)?;
        let decoded = decoder.decode(&bytes[start..end], end == bytes.len(), 3)?;
        state = decoder.state();
        start += decoded.used;
        if decoded.used == 0 && decoded.rows.is_none() {
            if end == bytes.len() {
                return Ok(batches);
            }
            end = (end + size).min(bytes.len());
        }
        batches.extend(decoded.rows);
    }
}

fn check_pieces(columns: &[Column], bytes: &[u8], sizes: &[usize]) -> Result<(), TestCaseError> {
    for make in decoders(columns) {
        let whole = decode_all(make().as_mut(), bytes, &[], 1_000_000);
        let pieces = decode_all(make().as_mut(), bytes, sizes, 2);
        prop_assert_eq!(&whole, &pieces);
        let restarted = decode_restarted(make.as_ref(), bytes, sizes.first().copied().unwrap_or(1));
        let count = |batches: &[RecordBatch]| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        match (&whole, &restarted) {
            (Ok(rows), Ok(batches)) => {
                prop_assert_eq!(rows.as_ref().map_or(0, RecordBatch::num_rows), count(batches))
            }
            (Err(a), Err(b)) => prop_assert_eq!(a, b),
            _ => prop_assert!(false, "{:?} but restarted {:?}", whole, restarted),
        }
    }
    Ok(())
}

/// Bytes with much of what means something to some format.
fn odd_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(&[
            ",", ",", "::", ";", "\n", "\r\n", "\r", "\"", "\"\"", "\u{2}", "\u{3}", "\u{FEFF}", "，", "{", "}", "[", "]",
            "\"c0\":", "\"c1\":1", "\"c15\"", "{\"c0\":\"x\\n\"}", "\\", "\\u12", "null", "1", "-2.5", "1e9", "NaN",
            "2024-01-02", "2024-01-02 03:04:05", "20240102", "12:00:00.5", "true", "年", " ", "\u{3000}", "0x1p3",
        ][..]).prop_map(|s| s.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// Lines of strings alone, so that most of them are read.
fn string_lines() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(
        &[",", "\n", "\r\n", "\r", "\"a\"", "\"b\n\"\"c\"", "x", "yz", "，", "\u{FEFF}", " "][..],
    );
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

/// Few on every run, as many as wanted by `SEIKAN_PROPERTY_CASES`.
fn cases() -> u32 {
    std::env::var("SEIKAN_PROPERTY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..Default::default() })]

    #[test]
    fn odd_bytes_in_any_pieces(bytes in odd_bytes(), sizes in prop::collection::vec(1usize..20, 0..20)) {
        check_pieces(&all_types(), &bytes, &sizes)?;
    }

    #[test]
    fn strings_in_any_pieces(bytes in string_lines(), sizes in prop::collection::vec(1usize..9, 0..40)) {
        check_pieces(&columns(&["string", "string", "string"]), &bytes, &sizes)?;
    }

    #[test]
    fn what_was_written_reads_back(rows in prop::collection::vec(row(), 1..20)) {
        let columns = round_trip_columns();
        let batch = batch_of(&columns, &rows);
        let formats = text::TimeFormats::default().datetime("yyyy-MM-dd HH:mm:ss.SSSSSS").unwrap();
        let write = |encoder: &mut dyn Encoder| {
            let mut out = Vec::new();
            encoder.begin(&mut out);
            encoder.encode(&batch, &mut out).unwrap();
            out
        };
        let header = Some(columns.iter().map(|c| c.name.clone()).collect());

        let options = csv::WriteOptions { header, formats, ..Default::default() };
        let bytes = write(csv::encoder(&columns, &options).unwrap().as_mut());
        let options = csv::ReadOptions { skip_header: 1, ..Default::default() };
        let read = decode_all(csv::decoder(&columns, &options).unwrap().as_mut(), &bytes, &[7, 100], 5).unwrap();
        prop_assert_eq!(read.as_ref(), Some(&batch), "csv: {:?}", String::from_utf8_lossy(&bytes));

        let bytes = write(json::encoder(&columns, &json::WriteOptions::default()).unwrap().as_mut());
        let mut decoder = json::decoder(&columns, &json::ReadOptions::default()).unwrap();
        let read = decode_all(decoder.as_mut(), &bytes, &[7, 100], 5).unwrap();
        prop_assert_eq!(read.as_ref(), Some(&batch), "json: {:?}", String::from_utf8_lossy(&bytes));

        // text has no quotes: strings that hold delimiters or line breaks can't come back
        if !bytes.windows(2).any(|w| w == b"\\n" || w == b"\\r") {
            let options = text::WriteOptions { field_delimiter: "|,|".into(), formats, ..Default::default() };
            let bytes = write(text::encoder(&columns, &options).unwrap().as_mut());
            let options = text::ReadOptions { delimiter: "\\|,\\|".into(), ..Default::default() };
            let read = decode_all(text::decoder(&columns, &options).unwrap().as_mut(), &bytes, &[7, 100], 5).unwrap();
            prop_assert_eq!(read.as_ref(), Some(&batch), "text: {:?}", String::from_utf8_lossy(&bytes));
        }
    }
}

fn round_trip_columns() -> Vec<Column> {
    columns(&[
        "int",
        "string",
        "bigint",
        "double",
        "float",
        "timestamp",
        "date",
        "time",
        "decimal(10,2)",
        "decimal(60,10)",
        "boolean",
        "array<bigint>",
        "map<string,int>",
        "{a = int, b = string}",
        "timestamp_tz",
    ])
}

fn nullable(strategy: impl Strategy<Value = Tree> + 'static) -> BoxedStrategy<Tree> {
    prop_oneof![1 => Just(Tree::Null), 5 => strategy].boxed()
}

/// One row of `round_trip_columns`. No blank strings, as these read as null, nor separators of nested values.
fn row() -> impl Strategy<Value = Tree> {
    let word = "[a-zé日😀,\"'; \n\r\\\\]{0,6}[a-z]";
    let number = |range: std::ops::Range<i64>| range.prop_map(Tree::Int);
    let fields: Vec<BoxedStrategy<Tree>> = vec![
        any::<i32>().prop_map(|i| Tree::Int(i.into())).boxed(),
        nullable(word.prop_map(Tree::Text)),
        nullable(any::<i64>().prop_map(Tree::Int)),
        nullable(any::<f64>().prop_map(Tree::Double)),
        nullable(any::<f32>().prop_map(|f| Tree::text(f.to_string()))),
        nullable((1i32..10_000, 1u32..13, 1u32..29, 0u32..24, 0u32..60, 0u32..1_000_000).prop_map(
            |(y, m, d, h, s, f)| Tree::text(format!("{y:04}-{m:02}-{d:02} {h:02}:{s:02}:{s:02}.{f:06}")),
        )),
        nullable(
            (1i32..10_000, 1u32..13, 1u32..29)
                .prop_map(|(y, m, d)| Tree::text(format!("{y:04}/{m:02}/{d:02}"))),
        ),
        nullable((0u32..24, 0u32..60).prop_map(|(h, m)| Tree::text(format!("{h:02}:{m:02}:{m:02}")))),
        nullable((any::<i32>(), 0u32..100).prop_map(|(i, f)| Tree::text(format!("{}.{f:02}", i / 100)))),
        nullable((any::<i128>(), any::<u32>()).prop_map(|(i, f)| Tree::text(format!("{i}.{f}")))),
        nullable(any::<bool>().prop_map(Tree::Bool)),
        nullable(prop::collection::vec(number(-5..1000), 1..4).prop_map(Tree::List)),
        nullable(
            prop::collection::btree_map("[a-z]{1,3}", number(0..9), 1..4)
                .prop_map(|m| Tree::Map(m.into_iter().collect::<Map>())),
        ),
        (number(0..99), word.prop_map(Tree::Text)).prop_map(|(a, b)| Tree::List(vec![a, b])).boxed(),
        nullable((2i32..9999, 1u32..13, 1u32..29, 0u32..24, 0u32..1_000_000, -18i32..19).prop_map(
            |(y, m, d, h, f, o)| Tree::text(format!("{y:04}-{m:02}-{d:02} {h:02}:00:00.{f:06}{o:+03}:00")),
        )),
    ];
    fields.prop_map(Tree::List)
}

fn batch_of(columns: &[Column], rows: &[Tree]) -> RecordBatch {
    let fields = columns.iter().map(|c| Field { name: c.name.clone(), data_type: c.data_type.clone() });
    let mut builder = ColumnBuilder::new(&DataType::Row(fields.collect()));
    rows.iter().for_each(|row| builder.push(row).unwrap());
    RecordBatch::from(builder.finish().as_struct().clone())
}
