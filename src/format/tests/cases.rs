//! Single cases: errors name line, column and value; quotes; headers; restarts.

use super::decode_all;
use crate::format::{ColumnBuilder, Decoder, Encoder, FormatError, JavaText, csv, json, text};
use crate::options::Tree;
use crate::table::{Column, DataType};
use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::Int32Type;
use arrow::record_batch::RecordBatch;
use std::sync::Arc;

fn columns(types: [&str; 2]) -> Vec<Column> {
    ["a", "b"].iter().zip(types).map(|(n, t)| Column::new(*n, DataType::parse(t).unwrap())).collect()
}

fn csv_decoder() -> Box<dyn Decoder> {
    csv::decoder(&columns(["int", "string"]), &csv::ReadOptions::default()).unwrap()
}

fn error_of(decoder: Box<dyn Decoder>, input: &str) -> FormatError {
    let mut decoder = decoder;
    decode_all(decoder.as_mut(), input.as_bytes(), &[], 8192).unwrap_err()
}

#[test]
fn errors_name_line_column_and_value() {
    let error = error_of(csv_decoder(), "1,\"x\ny\"\r\n\nzwei,y\n");
    assert_eq!(error.to_string(), "line 4, column \"a\": \"zwei\" is not an integer");
    let error = error_of(csv_decoder(), "1,x\n2,\"y\n3,z\n4,z");
    assert_eq!((error.line, error.column.as_deref()), (Some(2), Some("b")));
    assert!(error.message.starts_with("broken quotes: a quote is opened and never closed"), "{error}");
    let error = error_of(csv_decoder(), "1,\"x\"y\n");
    assert_eq!(
        error.to_string(),
        "line 1, column \"b\": broken quotes: text follows a closing quote in cell 2 of the row"
    );

    let options = text::ReadOptions { skip_header: 1, ..Default::default() };
    let decoder = text::decoder(&columns(["int", "{x = date}"]), &options).unwrap();
    let error = error_of(decoder, "head\n1\u{1}2024-01-02\n1\u{1}yesterday");
    assert!(
        error
            .to_string()
            .starts_with("line 3, column \"b\": field \"x\": \"yesterday\" is not a date; allowed: ")
    );

    let decoder = json::decoder(&columns(["int", "map<string,int>"]), &json::ReadOptions::default()).unwrap();
    let error = error_of(decoder, "{\"a\":1}\n{\"b\":{\"k\":\"x\"}}");
    assert_eq!(error.to_string(), "line 2, column \"b\": value of key \"k\": \"x\" is not an integer");
    let long = format!("{},x", "9".repeat(500));
    assert!(error_of(csv_decoder(), &long).to_string().len() < 200);
}

#[test]
fn what_cannot_be_read_or_written_is_refused_at_once() {
    let refused = |delimiter: &str| {
        let options = csv::ReadOptions { delimiter: delimiter.into(), ..Default::default() };
        csv::decoder(&columns(["int", "int"]), &options).is_err()
    };
    assert!(refused("") && refused("\"") && refused("\n"));
    let options = csv::ReadOptions { projection: Some(vec![2]), ..Default::default() };
    assert!(csv::decoder(&columns(["int", "int"]), &options).is_err());
    let deep = columns(["int", "map<int,map<int,map<int,map<int,map<int,map<int,map<int,int>>>>>>>"]);
    assert!(text::decoder(&deep, &text::ReadOptions::default()).is_err());
    assert!(text::encoder(&deep, &text::WriteOptions::default()).is_err());
    let vector = columns(["int", "float_vector"]);
    assert!(csv::encoder(&vector, &csv::WriteOptions::default()).is_err());
    assert!(json::encoder(&vector, &json::WriteOptions::default()).is_err());
    assert!(
        text::TimeFormats::default().date("dd-MM-yyyy").unwrap_err().contains("Illegal format [dd-MM-yyyy]")
    );
}

#[test]
fn csv_quotes_what_needs_it() {
    let columns = columns(["string", "array<string>"]);
    let mut lists = ColumnBuilder::new(&columns[1].data_type);
    for json in ["[\"a,b\", \"c\"]", "null", "[\"x|y\"]"] {
        lists.push(&serde_json::from_str::<Tree>(json).unwrap()).unwrap();
    }
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("say \"hi\""), Some("a\rb"), None]));
    let rows =
        RecordBatch::try_from_iter_with_nullable([("a", texts, true), ("b", lists.finish(), true)]).unwrap();
    let options = csv::WriteOptions {
        row_delimiter: "|".into(),
        header: Some(vec!["a,1".into(), "b".into()]),
        ..Default::default()
    };
    let mut encoder = csv::encoder(&columns, &options).unwrap();
    let mut out = Vec::new();
    encoder.begin(&mut out);
    encoder.encode(&rows, &mut out).unwrap();
    let wanted = "\"a,1\",b|\"say \"\"hi\"\"\",\"a,b\u{2}c\"|\"a\rb\",|,\"x|y\"";
    assert_eq!(String::from_utf8(out).unwrap(), wanted);
    let mut out = Vec::new();
    assert!(encoder.encode(&rows.project(&[0]).unwrap(), &mut out).is_err());
}

#[test]
fn decoding_goes_on_after_a_restart() {
    let input = "head\n1,x\n\n2,\"y\nz\"\n3,w\nq,w\n";
    let make = || {
        let options = csv::ReadOptions { skip_header: 1, ..Default::default() };
        csv::decoder(&columns(["int", "string"]), &options).unwrap()
    };
    let mut first = make();
    let decoded = first.decode(input.as_bytes(), true, 2).unwrap();
    let mut second = make();
    second.restore(&first.state()).unwrap();
    let error = second.decode(&input.as_bytes()[decoded.used..], true, 8).unwrap_err();
    assert_eq!(error.line, Some(7));
    for state in [&[][..], &[9, 0], &[1, 2, 3]] {
        assert!(make().restore(state).is_err());
    }
}

#[test]
fn builders_begin_anew_after_each_column() {
    for (data_type, json) in [
        ("int", "5"),
        ("decimal(5,2)", "1.5"),
        ("timestamp", "\"2024-01-02 03:04:05\""),
        ("map<string,array<int>>", "{\"a\":[1]}"),
        ("{a = decimal(40,2)}", "[1]"),
        ("null", "1"),
        ("{}", "{}"),
    ] {
        let data_type = DataType::parse(data_type).unwrap();
        let mut builder = ColumnBuilder::new(&data_type);
        let value = serde_json::from_str::<Tree>(json).unwrap();
        let arrays = [(); 2].map(|()| {
            builder.push(&value).unwrap();
            builder.push_null();
            assert_eq!(builder.len(), 2);
            builder.finish()
        });
        assert_eq!(arrays[0].as_ref(), arrays[1].as_ref());
        assert_eq!(*arrays[0].data_type(), data_type.to_arrow());
        assert!(builder.is_empty());
    }
    let mut vectors = ColumnBuilder::new(&DataType::parse("sparse_float_vector").unwrap());
    vectors.push_null();
    assert!(vectors.push(&Tree::Int(1)).unwrap_err().contains("SPARSE_FLOAT_VECTOR"));
}

#[test]
fn a_projection_gives_its_columns_in_its_order() {
    let columns = columns(["string", "int"]);
    let options = json::ReadOptions { projection: Some(vec![1, 0]) };
    let mut decoder = json::decoder(&columns, &options).unwrap();
    let input = b"{\"b\":1,\"a\":\"x\",\"b\":2}\n[\"y\",3]\n{\"\\u0061\":4}";
    let rows = decode_all(decoder.as_mut(), input, &[5, 9], 2).unwrap().unwrap();
    assert_eq!(rows.schema().field(0).name(), "b");
    let numbers: Vec<Option<i32>> = rows.column(0).as_primitive::<Int32Type>().iter().collect();
    assert_eq!(numbers, [Some(2), Some(3), None]);
    let texts: Vec<Option<&str>> = rows.column(1).as_string::<i32>().iter().collect();
    assert_eq!(texts, [Some("x"), Some("y"), Some("4")]);
}

#[test]
fn deep_json_is_text_or_an_error() {
    let columns = columns(["string", "int"]);
    let line = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let mut decoder = json::decoder(&columns, &json::ReadOptions::default()).unwrap();
    let rows = decode_all(decoder.as_mut(), line(500).as_bytes(), &[], 9).unwrap().unwrap();
    assert_eq!(rows.column(0).as_string::<i32>().value(0).len(), 1000);
    let decoder = json::decoder(&columns, &json::ReadOptions::default()).unwrap();
    assert!(error_of(decoder, &line(100_000)).message.contains("deeper"));
}

#[test]
fn json_lines_without_a_value_are_no_rows() {
    let mut decoder = json::decoder(&columns(["int", "string"]), &json::ReadOptions::default()).unwrap();
    let input = "{\"a\": 1}\n\n  \nnull\n \tnull \r\n5\n{\"a\": 2}\nnull";
    let rows = decode_all(decoder.as_mut(), input.as_bytes(), &[7, 5, 3], 8192).unwrap().unwrap();
    let numbers: Vec<Option<i32>> = rows.column(0).as_primitive::<Int32Type>().iter().collect();
    assert_eq!(numbers, [Some(1), None, Some(2)], "a number is a row of nulls, null is none");
    assert_eq!(
        error_of(
            json::decoder(&columns(["int", "string"]), &json::ReadOptions::default()).unwrap(),
            "null\nnul\n"
        )
        .line,
        Some(2)
    );
}

#[test]
fn moments_with_an_offset_are_written_in_utc_and_read_back() {
    let columns = columns(["timestamp_tz", "map<timestamp_tz,timestamp_tz>"]);
    let input =
        "{\"a\":\"2024-01-02T03:04:05.5+02:00\",\"b\":{\"2024-01-02 00:00:00Z\":\"2024-01-02T03:04Z\"}}\n";
    let mut decoder = json::decoder(&columns, &json::ReadOptions::default()).unwrap();
    let rows = decode_all(decoder.as_mut(), input.as_bytes(), &[], 9).unwrap().unwrap();
    let encoded = |encoder: Result<Box<dyn Encoder>, String>| {
        let mut out = Vec::new();
        encoder.unwrap().encode(&rows, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let as_json = encoded(json::encoder(&columns, &json::WriteOptions::default()));
    assert_eq!(
        as_json,
        r#"{"a":"2024-01-02T01:04:05.5Z","b":{"2024-01-02T00:00:00Z":"2024-01-02T03:04:00Z"}}"#
    );
    let formats = text::TimeFormats::default().datetime("yyyy-MM-dd HH:mm:ss.SSSSSS").unwrap();
    let as_csv = encoded(csv::encoder(&columns, &csv::WriteOptions { formats, ..Default::default() }));
    let line = "2024-01-02 01:04:05.500000Z,2024-01-02 00:00:00.000000Z\u{3}2024-01-02 03:04:00.000000Z";
    assert_eq!(as_csv, line);
    let as_text = encoded(text::encoder(&columns, &text::WriteOptions { formats, ..Default::default() }));
    assert_eq!(as_text, line.replace(',', "\u{1}"));
    for (decoder, bytes) in [
        (json::decoder(&columns, &json::ReadOptions::default()), as_json),
        (csv::decoder(&columns, &csv::ReadOptions::default()), as_csv),
        (text::decoder(&columns, &text::ReadOptions::default()), as_text),
    ] {
        let back = decode_all(decoder.unwrap().as_mut(), bytes.as_bytes(), &[], 9).unwrap().unwrap();
        assert_eq!(back, rows, "{bytes}");
    }
    let shown = |column: usize| {
        let mut out = String::new();
        JavaText::new(rows.column(column).as_ref(), &columns[column].data_type).push(0, &mut out);
        out
    };
    assert_eq!(
        [shown(0), shown(1)],
        ["2024-01-02T01:04:05.500Z", r#"{"2024-01-02T00:00Z":"2024-01-02T03:04Z"}"#]
    );
}
