//! How many rows a second one core decodes and encodes: (bigint, string, int, double, timestamp).
#![allow(clippy::expect_used)] // a bench that can't run must stop

use arrow::record_batch::RecordBatch;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use seikan::format::{Decoder, Encoder, csv, json, text};
use seikan::table::{Column, DataType};
use std::hint::black_box;

const ROWS: usize = 8192;

fn columns() -> Vec<Column> {
    let types = [
        ("id", DataType::BigInt),
        ("name", DataType::String),
        ("age", DataType::Int),
        ("score", DataType::Double),
        ("seen", DataType::Timestamp),
    ];
    types.map(|(name, data_type)| Column::new(name, data_type)).to_vec()
}

/// Lines as an export has them.
fn lines(delimiter: &str) -> String {
    let line = |row: usize| {
        let (id, day, second) = (row * 7_919_331, row % 28 + 1, row % 60);
        let score = (row * 37 % 100_000) as f64 / 100.0;
        [
            id.to_string(),
            format!("customer {id:x}"),
            (row % 90).to_string(),
            score.to_string(),
            format!("2024-03-{day:02} 12:34:{second:02}"),
        ]
        .join(delimiter)
    };
    (0..ROWS).map(|row| line(row) + "\n").collect()
}

fn decode(decoder: &mut dyn Decoder, bytes: &[u8]) -> RecordBatch {
    let decoded = decoder.decode(bytes, true, ROWS).expect("readable lines");
    decoded.rows.expect("rows")
}

fn formats(c: &mut Criterion) {
    let columns = columns();
    let mut group = c.benchmark_group("format");
    group.throughput(Throughput::Elements(ROWS as u64));

    let csv_lines = lines(",");
    let mut csv_decoder = csv::decoder(&columns, &csv::ReadOptions::default()).expect("columns");
    let rows = decode(csv_decoder.as_mut(), csv_lines.as_bytes());
    group.bench_function("csv decode", |b| {
        b.iter(|| decode(csv_decoder.as_mut(), black_box(csv_lines.as_bytes())))
    });

    let quoted = "\"a customer, who says \"\"yes\"\"\"\n".repeat(ROWS);
    let mut quoted_decoder = csv::decoder(&columns[1..2], &csv::ReadOptions::default()).expect("columns");
    group.bench_function("csv decode, one quoted string", |b| {
        b.iter(|| decode(quoted_decoder.as_mut(), black_box(quoted.as_bytes())));
    });

    let text_lines = lines(";");
    let options = text::ReadOptions { delimiter: ";".into(), ..Default::default() };
    let mut text_decoder = text::decoder(&columns, &options).expect("columns");
    group.bench_function("text decode", |b| {
        b.iter(|| decode(text_decoder.as_mut(), black_box(text_lines.as_bytes())))
    });

    let encoders: [(&str, Box<dyn Encoder>); 3] = [
        ("csv encode", csv::encoder(&columns, &csv::WriteOptions::default()).expect("columns")),
        ("text encode", text::encoder(&columns, &text::WriteOptions::default()).expect("columns")),
        ("json encode", json::encoder(&columns, &json::WriteOptions::default()).expect("columns")),
    ];
    let mut json_lines = Vec::new();
    for (name, mut encoder) in encoders {
        let size = csv_lines.len() * 3;
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                || Vec::with_capacity(size),
                |out| encoder.encode(black_box(&rows), out).expect("rows of these columns"),
                BatchSize::LargeInput,
            );
        });
        json_lines.clear();
        encoder.begin(&mut json_lines);
        encoder.encode(&rows, &mut json_lines).expect("rows of these columns");
    }
    let mut json_decoder = json::decoder(&columns, &json::ReadOptions::default()).expect("columns");
    group.bench_function("json decode", |b| b.iter(|| decode(json_decoder.as_mut(), black_box(&json_lines))));
    group.finish();
}

criterion_group!(benches, formats);
criterion_main!(benches);
