use super::*;
use crate::table::{Column, DataType, Field, VectorKind};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, Decimal128Array, Int8Array, Int32Array, Int64Array, ListArray,
    StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{Float32Type, Int32Type, Schema};
use arrow::record_batch::RecordBatch;
use parquet::basic::Type as Physical;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::fs::File;
use std::sync::Arc;

fn batch(columns: &[Column], arrays: Vec<ArrayRef>) -> RecordBatch {
    let fields: Vec<_> =
        columns.iter().map(|c| arrow::datatypes::Field::new(&c.name, c.data_type.to_arrow(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn written(columns: &[Column], options: &WriteOptions, batches: &[RecordBatch]) -> File {
    let layout = Arc::new(Layout::new(columns, options).unwrap());
    let mut writer = Writer::new(layout, tempfile::tempfile().unwrap()).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
        writer.end_group().unwrap();
    }
    writer.finish().unwrap()
}

fn read_all(file: &File, wanted: &[Column], from: Place) -> Vec<(RecordBatch, Place)> {
    let mut reader = Reader::open(file.try_clone().unwrap(), wanted, from, 3).unwrap();
    let mut batches = Vec::new();
    while let Some(batch) = reader.read().unwrap() {
        batches.push((batch, reader.place()));
    }
    assert_eq!(reader.rows_read(), reader.rows_total());
    batches
}

#[test]
fn what_is_written_reads_back() {
    let row = DataType::Row(vec![
        Field { name: "x".into(), data_type: DataType::SmallInt },
        Field { name: "y".into(), data_type: DataType::String },
    ]);
    let columns = [
        Column::new("K", DataType::TinyInt),
        Column::new("d", DataType::Decimal(10, 2)),
        Column::new("ts", DataType::Timestamp),
        Column::new("l", DataType::Array(Box::new(DataType::Int))),
        Column::new("r", row),
    ];
    let lists =
        ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None, Some(vec![])]);
    let fields = DataType::arrow_fields(match &columns[4].data_type {
        DataType::Row(fields) => fields,
        _ => unreachable!(),
    });
    let rows = StructArray::new(
        fields,
        vec![
            Arc::new(arrow::array::Int16Array::from(vec![Some(5), None, Some(-7)])),
            Arc::new(StringArray::from(vec![Some("a"), None, Some("")])),
        ],
        Some(vec![true, false, true].into()),
    );
    let rows = batch(
        &columns,
        vec![
            Arc::new(Int8Array::from(vec![Some(-128), None, Some(127)])),
            Arc::new(
                Decimal128Array::from(vec![Some(150), None, Some(-1)])
                    .with_precision_and_scale(10, 2)
                    .unwrap(),
            ),
            Arc::new(TimestampMicrosecondArray::from(vec![Some(-1), None, Some(1_704_164_645_123_456)])),
            Arc::new(lists),
            Arc::new(rows),
        ],
    );
    let file = written(&columns, &WriteOptions::default(), std::slice::from_ref(&rows));
    let found = super::columns(&file).unwrap();
    let names: Vec<_> = found.iter().map(|c| (c.name.as_str(), c.data_type.to_string())).collect();
    assert_eq!(
        names,
        [
            ("k", "INT".to_owned()),
            ("d", "Decimal(10, 2)".to_owned()),
            ("ts", "TIMESTAMP".to_owned()),
            ("l", "ARRAY<INT>".to_owned()),
            ("r", "ROW<x INT,y STRING>".to_owned())
        ]
    );
    let back = &read_all(&file, &found, Place::default())[0].0;
    assert_eq!(
        back.column(0).as_primitive::<Int32Type>(),
        &Int32Array::from(vec![Some(-128), None, Some(127)])
    );
    assert_eq!(back.column(1), rows.column(1));
    let millis = TimestampMicrosecondArray::from(vec![Some(-1000), None, Some(1_704_164_645_123_000)]);
    assert_eq!(back.column(2).to_data(), millis.to_data(), "cut downwards to milliseconds");
    assert_eq!(back.column(3), rows.column(3), "null elements are kept");
    assert!(back.column(4).is_null(1));
}

#[test]
fn vectors_are_lists_with_their_numbers() {
    let lists = ListArray::from_iter_primitive::<Float32Type, _, _>([
        Some(vec![Some(1.5), Some(-2.0)]),
        None,
        Some(vec![Some(0.0), Some(3.0)]),
    ]);
    for dimension in [0, 2] {
        let columns = [Column::new("v", DataType::Vector(VectorKind::Float, dimension))];
        let vectors = cast(&lists, &columns[0].data_type.to_arrow()).unwrap();
        let file = written(&columns, &WriteOptions::default(), &[batch(&columns, vec![vectors])]);
        let found = super::columns(&file).unwrap();
        assert_eq!(found[0].data_type.to_string(), "ARRAY<FLOAT>");
        let back = &read_all(&file, &found, Place::default())[0].0;
        assert_eq!(back.column(0).as_list::<i32>(), &lists, "dimension {dimension}");
    }
}

#[test]
fn a_place_goes_on_in_the_middle_of_a_row_group() {
    let columns = [Column::new("v", DataType::BigInt), Column::new("w", DataType::String)];
    let rows = |from: i64| {
        let numbers: Vec<i64> = (from..from + 7).collect();
        let texts = StringArray::from_iter_values(numbers.iter().map(i64::to_string));
        batch(&columns, vec![Arc::new(Int64Array::from(numbers)), Arc::new(texts)])
    };
    let file = written(&columns, &WriteOptions::default(), &[rows(0), rows(7)]);
    let wanted = [columns[1].clone(), columns[0].clone()];
    let all = read_all(&file, &wanted, Place::default());
    assert_eq!(all.iter().map(|(b, _)| b.num_rows()).collect::<Vec<_>>(), [3, 3, 1, 3, 3, 1]);
    for (index, (_, place)) in all.iter().enumerate() {
        let rest: Vec<String> = read_all(&file, &wanted, *place)
            .iter()
            .flat_map(|(b, _)| {
                b.column(0).as_string::<i32>().iter().flatten().map(str::to_owned).collect::<Vec<_>>()
            })
            .collect();
        let read: usize = all[..=index].iter().map(|(b, _)| b.num_rows()).sum();
        assert_eq!(rest, (read..14).map(|n| n.to_string()).collect::<Vec<_>>());
    }
}

#[test]
fn int96_on_request() {
    let columns = [Column::new("t", DataType::Timestamp), Column::new("b", DataType::Bytes)];
    let rows = batch(
        &columns,
        vec![
            Arc::new(TimestampMicrosecondArray::from(vec![Some(-1), None, Some(-62_135_596_800_000_000)])),
            Arc::new(BinaryArray::from(vec![Some(&[0u8; 12][..]), None, None])),
        ],
    );
    let options = WriteOptions {
        timestamp_as_int96: true,
        bytes_as_int96: vec!["b".into()],
        ..WriteOptions::default()
    };
    let file = written(&columns, &options, &[rows]);
    let physical: Vec<_> = {
        let reader = SerializedFileReader::new(file.try_clone().unwrap()).unwrap();
        let schema = reader.metadata().file_metadata().schema_descr();
        schema.columns().iter().map(|c| c.physical_type()).collect()
    };
    assert_eq!(physical, [Physical::INT96, Physical::INT96]);
    let found = super::columns(&file).unwrap();
    let back = &read_all(&file, &found[..1], Place::default())[0].0;
    let expected = TimestampMicrosecondArray::from(vec![Some(-1000), None, Some(-62_135_596_800_000_000)]);
    assert_eq!(back.column(0).to_data(), expected.to_data());
}

#[test]
fn decimals_of_every_precision() {
    for precision in 1..=38u8 {
        let largest = 10i128.pow(u32::from(precision)) - 1;
        let columns = [Column::new("d", DataType::Decimal(precision, 0))];
        let array =
            |value| Decimal128Array::from(vec![value]).with_precision_and_scale(precision, 0).unwrap();
        let rows = batch(&columns, vec![Arc::new(array(-largest))]);
        let file = written(&columns, &WriteOptions::default(), std::slice::from_ref(&rows));
        assert_eq!(read_all(&file, &columns, Place::default())[0].0.column(0), rows.column(0));
        let wide = batch(&columns, vec![Arc::new(array(largest + 1))]);
        let layout = Arc::new(Layout::new(&columns, &WriteOptions::default()).unwrap());
        let error = Writer::new(layout, Vec::new()).unwrap().write(&wide).unwrap_err();
        assert!(error.to_string().contains("column \"d\""), "{error}");
    }
}

#[test]
fn what_parquet_does_not_take_is_named() {
    let columns = [
        Column::new("a", DataType::Int),
        Column::new("A", DataType::Int),
        Column::new("b c", DataType::Int),
        Column::new("t", DataType::Time),
        Column::new("n", DataType::Null),
    ];
    let problems = Layout::new(&columns, &WriteOptions::default()).unwrap_err();
    assert_eq!(problems.len(), 4, "{problems:?}");
    assert!(problems[1].contains("\"b c\""), "{problems:?}");
    let error = super::columns(&{
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, b"id,name\n1,x\n").unwrap();
        file
    });
    assert!(error.unwrap_err().contains("no readable parquet file"));
}

#[test]
fn a_timestamp_is_read_as_a_moment_in_utc_where_that_is_wanted() {
    let columns = [Column::new("t", DataType::TimestampTz)];
    let moments = TimestampMicrosecondArray::from(vec![Some(1_704_164_645_123_000), None]);
    let moments: ArrayRef = Arc::new(moments.with_timezone("UTC"));
    for timestamp_as_int96 in [false, true] {
        let options = WriteOptions { timestamp_as_int96, ..WriteOptions::default() };
        let file = written(&columns, &options, &[batch(&columns, vec![Arc::clone(&moments)])]);
        assert_eq!(super::columns(&file).unwrap()[0].data_type, DataType::Timestamp, "the file can't tell");
        let back = &read_all(&file, &columns, Place::default())[0].0;
        assert_eq!(back.column(0), &moments, "as INT96: {timestamp_as_int96}");
        let dates = [Column::new("t", DataType::Date)];
        assert!(Reader::open(file, &dates, Place::default(), 3).is_err());
    }
}
