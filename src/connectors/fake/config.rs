//! Reads FakeSource's options into one configuration per table.

use super::fixed::FixedRow;
use super::options as opt;
use super::options::NumberOptions;
use crate::options::{OptionDef, Options, Tree, convert};
use crate::table::{CatalogTable, DataType, Field, VectorKind, schema};
use std::collections::HashSet;
use std::time::Duration;

/// What one table is made of.
#[derive(Clone, Debug)]
pub(super) struct TableConfig {
    /// Path of its options: `source[0].FakeSource.tables_configs[1]`.
    pub path: String,
    /// The table that it declares; vectors have their dimension.
    pub table: CatalogTable,
    /// Fixed rows, if given.
    pub rows: Option<Vec<FixedRow>>,
    /// Rows of each reader.
    pub row_num: u64,
    /// Splits of each reader, at least 1.
    pub split_num: u64,
    /// Time between the starts of two splits of a reader.
    pub interval: Duration,
    /// How random values look.
    pub values: Values,
}

/// Range or template of a number type.
#[derive(Clone, Debug)]
pub(super) struct Numbers<T> {
    /// Smallest value.
    pub min: T,
    /// Upper end, not reached unless it is `min`.
    pub max: T,
    /// Values to choose from; empty: the range counts.
    pub template: Vec<Option<T>>,
}

/// How random values look.
#[derive(Clone, Debug)]
pub(super) struct Values {
    /// Entries of a map.
    pub map_size: usize,
    /// Elements of an array.
    pub array_size: usize,
    /// Length of bytes.
    pub bytes_length: usize,
    /// Length of a string whose column gives none.
    pub string_length: usize,
    /// Range of vector elements.
    pub vector: (f32, f32),
    /// Strings to choose from.
    pub strings: Vec<Option<String>>,
    /// `tinyint`.
    pub tinyint: Numbers<i64>,
    /// `smallint`.
    pub smallint: Numbers<i64>,
    /// `int`.
    pub int: Numbers<i64>,
    /// `bigint`.
    pub bigint: Numbers<i64>,
    /// `float`, as doubles.
    pub float: Numbers<f64>,
    /// `double`.
    pub double: Numbers<f64>,
    /// Years, months, days of the month to choose from; empty: all usual ones.
    pub date: [Vec<i32>; 3],
    /// Hours, minutes, seconds to choose from; empty: all.
    pub time: [Vec<i32>; 3],
    /// The column that is counted up, and its first number.
    pub counter: Option<(usize, i64)>,
    /// Whether the schema was given as `columns`: then a missing length is 0, as the job language has it.
    pub long_form: bool,
}

/// Reads all tables that have a schema, noting every problem. After one, options stand at some value, but rows are what
/// they are.
pub(super) fn read(options: &Options<'_>, output: Option<&str>) -> Vec<TableConfig> {
    let before = options.problems().error_count();
    if !options.has(&opt::TABLES) {
        return read_table(options, output).into_iter().collect();
    }
    let list = options.list(&opt::TABLES).unwrap_or_default();
    if list.is_empty() && options.problems().error_count() == before {
        options.error(opt::TABLES.key, "is an empty list; give at least one table, or leave it out");
    }
    let mut tables = Vec::with_capacity(list.len());
    for (index, entry) in list.iter().enumerate() {
        let key = format!("{}[{index}]", opt::TABLES.key);
        match convert::to_map(entry) {
            Ok(map) => {
                let entry = Options::new(&map, options.path_of(&key), options.problems());
                entry.warn_unknown(&[opt::TABLES.of]);
                tables.extend(read_table(&entry, output));
            }
            Err(message) => options.error(&key, message),
        }
    }
    let names: Vec<String> = tables.iter().map(|t| t.table.path.to_string()).collect();
    if names.iter().collect::<HashSet<_>>().len() < names.len() {
        options.error(opt::TABLES.key, format!("table names [{}] must be unique", names.join(", ")));
    }
    tables
}

fn read_table(options: &Options<'_>, output: Option<&str>) -> Option<TableConfig> {
    let rows = if options.has(&opt::ROWS) { Some(read_rows(options)) } else { None };
    let split_num = options.int(&opt::SPLIT_NUM).unwrap_or(1);
    if split_num < 0 {
        options.error(opt::SPLIT_NUM.key, format!("{split_num} splits cannot be; allowed: 0 or more"));
    }
    let row_num = count_or_none(options, &opt::ROW_NUM);
    let interval = count_or_none(options, &opt::SPLIT_READ_INTERVAL);
    let mut values = read_values(options);
    let table = read_schema(options, output, &mut values);
    Some(TableConfig {
        path: options.path().to_owned(),
        table: table?,
        rows,
        row_num,
        split_num: u64::try_from(split_num).unwrap_or(1).max(1),
        interval: Duration::from_millis(interval),
        values,
    })
}

/// A count of which a negative one means none.
fn count_or_none(options: &Options<'_>, option: &OptionDef) -> u64 {
    let given = options.int(option).unwrap_or(0);
    if given < 0 {
        options.warn(option.key, format!("{given} counts as 0; allowed: 0 or more"));
    }
    u64::try_from(given).unwrap_or(0)
}

fn read_schema(options: &Options<'_>, output: Option<&str>, values: &mut Values) -> Option<CatalogTable> {
    if !options.has(&opt::SCHEMA) {
        options.error(opt::SCHEMA.key, "is required (columns of the table), unless tables_configs is given");
        return None;
    }
    let map = options.object(&opt::SCHEMA)?;
    values.long_form = map.contains_key("columns");
    let block = Options::new(&map, options.path_of(opt::SCHEMA.key), options.problems());
    let mut table = schema::read(&block, "FakeSource", output)?;
    let dimension = |option: &OptionDef| match options.int(option) {
        Some(given) if given > 0 => u32::try_from(given).ok(),
        Some(given) => {
            options.error(option.key, format!("{given} is no dimension; allowed: 1 or more"));
            None
        }
        None => None,
    };
    let floats = dimension(&opt::VECTOR_DIMENSION)?;
    let bits = dimension(&opt::BINARY_VECTOR_DIMENSION)?;
    for column in &mut table.columns {
        column.data_type = with_dimension(&column.data_type, floats, bits);
    }
    if options.bool(&opt::AUTO_INCREMENT) == Some(true) {
        values.counter = counted_column(&table).zip(options.long(&opt::AUTO_INCREMENT_START));
        if values.counter.is_none() {
            options.warn(
                opt::AUTO_INCREMENT.key,
                "has no effect: there is neither a primary key of one integer column nor an integer column \"id\"",
            );
        }
    }
    Some(table)
}

/// The integer column that `auto.increment` counts: the primary key, without one the column `id`.
fn counted_column(table: &CatalogTable) -> Option<usize> {
    let name = match &table.primary_key {
        Some(key) if key.columns.len() == 1 => key.columns.first()?.as_str(),
        Some(_) => return None,
        None => "id",
    };
    let index = table.index_of(name)?;
    matches!(table.columns[index].data_type, DataType::Int | DataType::BigInt).then_some(index)
}

/// The type with the dimension of every vector filled in. Types are shallow (their text is depth-limited).
fn with_dimension(data_type: &DataType, floats: u32, bits: u32) -> DataType {
    match data_type {
        DataType::Vector(VectorKind::Binary, 0) => DataType::Vector(VectorKind::Binary, bits),
        DataType::Vector(kind, 0) => DataType::Vector(*kind, floats),
        DataType::Array(element) => DataType::Array(Box::new(with_dimension(element, floats, bits))),
        DataType::Map(key, value) => {
            DataType::Map(key.clone(), Box::new(with_dimension(value, floats, bits)))
        }
        DataType::Row(fields) => DataType::Row(
            fields
                .iter()
                .map(|f| Field {
                    name: f.name.clone(),
                    data_type: with_dimension(&f.data_type, floats, bits),
                })
                .collect(),
        ),
        other => other.clone(),
    }
}

fn read_rows(options: &Options<'_>) -> Vec<FixedRow> {
    let rows = options.list(&opt::ROWS).unwrap_or_default();
    rows.iter().enumerate().filter_map(|(number, row)| FixedRow::read(number, row, options)).collect()
}

fn read_values(options: &Options<'_>) -> Values {
    let size = |option: &OptionDef| {
        let given = options.int(option).unwrap_or(0);
        usize::try_from(given).unwrap_or_else(|_| {
            options.error(option.key, format!("{given} is not allowed; allowed: 0 or more"));
            0
        })
    };
    let vector = [&opt::VECTOR_MIN, &opt::VECTOR_MAX].map(|option| match options.double(option) {
        Some(value) if (value as f32).is_finite() => value as f32,
        Some(value) => {
            options.error(option.key, format!("{value} is no 32-bit float"));
            0.0
        }
        None => 0.0,
    });
    check_mode(options, &opt::STRING_MODE, &opt::STRING_TEMPLATE);
    let parts = |option| {
        let ints = template(options, option, convert::to_int);
        ints.into_iter().flatten().collect::<Vec<i32>>()
    };
    Values {
        map_size: usize::try_from(count_or_none(options, &opt::MAP_SIZE)).unwrap_or(0),
        array_size: size(&opt::ARRAY_SIZE),
        bytes_length: size(&opt::BYTES_LENGTH),
        string_length: size(&opt::STRING_LENGTH),
        vector: (vector[0], vector[1]),
        strings: template(options, &opt::STRING_TEMPLATE, |value| Ok(convert::to_text(value))),
        tinyint: integers(options, &opt::TINYINT, i8::MIN.into(), i8::MAX.into()),
        smallint: integers(options, &opt::SMALLINT, i16::MIN.into(), i16::MAX.into()),
        int: integers(options, &opt::INT, i32::MIN.into(), i32::MAX.into()),
        bigint: integers(options, &opt::BIGINT, i64::MIN, i64::MAX),
        float: doubles(options, &opt::FLOAT, |value| (value as f32).is_finite()),
        double: doubles(options, &opt::DOUBLE, f64::is_finite),
        date: [parts(&opt::YEARS), parts(&opt::MONTHS), parts(&opt::DAYS)],
        time: [parts(&opt::HOURS), parts(&opt::MINUTES), parts(&opt::SECONDS)],
        counter: None,
        long_form: false,
    }
}

fn check_mode(options: &Options<'_>, mode: &OptionDef, template: &OptionDef) {
    if options.choice(mode) == Some("TEMPLATE") && !options.has(template) {
        options.error(template.key, format!("is required, because {} is TEMPLATE", mode.key));
    }
}

fn integers(options: &Options<'_>, which: &NumberOptions, lowest: i64, highest: i64) -> Numbers<i64> {
    check_mode(options, &which.mode, &which.template);
    let [min, max] = [&which.min, &which.max].map(|option| match options.long(option) {
        Some(value) if (0..=highest).contains(&value) => value,
        Some(value) => {
            options.error(option.key, format!("{value} is out of range; allowed: 0 to {highest}"));
            0
        }
        None => 0,
    });
    let fits = |value: &Tree| match convert::to_long(value)? {
        number if (lowest..=highest).contains(&number) => Ok(number),
        number => Err(format!("{number} is out of range; allowed: {lowest} to {highest}")),
    };
    Numbers { min, max, template: template(options, &which.template, fits) }
}

fn doubles(options: &Options<'_>, which: &NumberOptions, fits: impl Fn(f64) -> bool) -> Numbers<f64> {
    check_mode(options, &which.mode, &which.template);
    let highest = which.max.default.unwrap_or_default();
    let [min, max] = [&which.min, &which.max].map(|option| match options.double(option) {
        Some(value) if value >= 0.0 && fits(value) => value,
        Some(value) => {
            options.error(option.key, format!("{value} is out of range; allowed: 0 to {highest}"));
            0.0
        }
        None => 0.0,
    });
    Numbers { min, max, template: template(options, &which.template, convert::to_double) }
}

/// The elements of a template, null for null.
fn template<T>(
    options: &Options<'_>,
    option: &OptionDef,
    to: impl Fn(&Tree) -> Result<T, String>,
) -> Vec<Option<T>> {
    let mut values = Vec::new();
    for (index, value) in options.list(option).unwrap_or_default().iter().enumerate() {
        match value {
            Tree::Null => values.push(None),
            value => match to(value) {
                Ok(value) => values.push(Some(value)),
                Err(message) => options.error(&format!("{}[{index}]", option.key), message),
            },
        }
    }
    values
}
