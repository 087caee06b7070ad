//! Options of the source: one table, or one per entry of `tables_configs`.

use super::archive::Archive;
use super::listing::NamePattern;
use crate::connectors::file::format::{FILE_FORMAT, FileFormat, local_path, strict_list};
use crate::format::charset::Charset;
use crate::format::text::TimeFormats;
use crate::model::nearest;
use crate::options::{Kind, OptionDef, Options, join};
use crate::table::{CatalogTable, Column, DataType, TablePath, schema};

/// Name of the catalogue.
const CATALOG: &str = "LocalFile";

pub(super) const PATH: OptionDef =
    OptionDef::new("path", Kind::Text, "file, or directory that is searched with all below it").required();
const SCHEMA: OptionDef =
    OptionDef::new("schema", Kind::Object, "columns and name of the table").of(schema::OPTIONS);
const READ_COLUMNS: OptionDef = OptionDef::new("read_columns", Kind::List, "columns to read, in that order");
const FIELD_DELIMITER: OptionDef = OptionDef::new(
    "field_delimiter",
    Kind::Text,
    "text: a regular expression that parts fields; csv: one character",
)
.fallbacks(&["delimiter"]);
const PARSE_PARTITION: OptionDef =
    OptionDef::new("parse_partition_from_path", Kind::Bool, "whether path parts k=v become columns")
        .default("true");
const DATE: OptionDef = OptionDef::new("date_format", Kind::Text, "pattern of dates")
    .default("yyyy-MM-dd")
    .without_effect(OWN_FORM);
const DATETIME: OptionDef = OptionDef::new("datetime_format", Kind::Text, "pattern of timestamps")
    .default("yyyy-MM-dd HH:mm:ss")
    .without_effect(OWN_FORM);
const TIME: OptionDef = OptionDef::new("time_format", Kind::Text, "pattern of times")
    .default("HH:mm:ss")
    .without_effect(OWN_FORM);
const OWN_FORM: &str = "dates and times are read by the form that each value has";
const SKIP_HEADER: OptionDef =
    OptionDef::new("skip_header_row_number", Kind::Long, "text, csv: lines to skip in each file")
        .default("0");
const PATTERN: OptionDef =
    OptionDef::new("file_filter_pattern", Kind::Text, "regular expression that a whole file name must match");
const COMPRESS: OptionDef = OptionDef::new(
    "compress_codec",
    Kind::Text,
    "compression of the files; lzo is refused, others are not needed",
)
.default("none");
const ARCHIVE: OptionDef = OptionDef::new(
    "archive_compress_codec",
    Kind::Choice(&["none", "zip", "tar", "tar_gz"]),
    "kind of archive that the files are",
)
.default("none");
const ENCODING: OptionDef =
    OptionDef::new("encoding", Kind::Text, "character set of text, csv, json").default("UTF-8");
const READ_PARTITIONS: OptionDef =
    OptionDef::new("read_partitions", Kind::List, "only files whose path contains one of these");
const TABLES: OptionDef =
    OptionDef::new("tables_configs", Kind::List, "several tables, each with all options").of(ONE);

/// Options of one table.
const ONE: &[OptionDef] = &[
    PATH,
    FILE_FORMAT,
    SCHEMA,
    READ_COLUMNS,
    FIELD_DELIMITER,
    PARSE_PARTITION,
    DATE,
    DATETIME,
    TIME,
    SKIP_HEADER,
    PATTERN,
    COMPRESS,
    ARCHIVE,
    ENCODING,
    READ_PARTITIONS,
];
/// All options. Of each the declaration says `required` only where there is no `tables_configs`.
pub(super) const ALL: &[OptionDef] = &join::<{ ONE.len() + 1 }>(ONE, &[TABLES]);

/// One table to read.
#[derive(Clone, Debug)]
pub(super) struct TableOptions {
    pub(super) path: String,
    pub(super) format: FileFormat,
    /// Name and, for text, csv and json, the columns of the file. Parquet: the columns that the user wrote, if any.
    pub(super) table: CatalogTable,
    /// Whether there is no schema: each line is the one column `content`.
    pub(super) whole_lines: bool,
    /// `read_columns`; checked against the columns where these are known.
    pub(super) read_columns: Option<Vec<String>>,
    pub(super) delimiter: String,
    pub(super) parse_partition: bool,
    pub(super) skip_header: u64,
    pub(super) pattern: Option<NamePattern>,
    pub(super) archive: Option<Archive>,
    pub(super) charset: Charset,
    pub(super) read_partitions: Vec<String>,
}

/// Reads the block: `tables_configs` if it is there, else one table.
pub(super) fn read(options: &Options<'_>, output: Option<&str>) -> Option<Vec<TableOptions>> {
    if !options.has(&TABLES) {
        return read_table(options, output).map(|table| vec![table]);
    }
    let entries = options.list(&TABLES)?;
    if entries.is_empty() {
        options.error(TABLES.key, "is empty; at least one table is wanted");
    }
    let mut tables: Vec<Option<TableOptions>> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("{}[{index}]", options.path_of(TABLES.key));
        let Some(map) = entry.as_map() else {
            options.error(
                &format!("{}[{index}]", TABLES.key),
                format!("is {}; an object is wanted", entry.kind()),
            );
            continue;
        };
        let entry = Options::new(map, path, options.problems());
        entry.warn_unknown(&[ONE]);
        let table = read_table(&entry, output);
        if let Some(table) = &table {
            let same = |other: &TableOptions| other.table.path == table.table.path;
            if tables.iter().flatten().any(same) {
                entry.error("schema.table", format!("the table name {} must be unique", table.table.path));
            }
        }
        tables.push(table);
    }
    let tables: Option<Vec<TableOptions>> = tables.into_iter().collect();
    tables.filter(|tables| tables.len() == entries.len() && !tables.is_empty())
}

fn read_table(options: &Options<'_>, output: Option<&str>) -> Option<TableOptions> {
    let before = options.problems().error_count();
    let path = options.text(&PATH).map(|path| local_path(&path).to_owned());
    if path.as_deref() == Some("") {
        options.error(PATH.key, "is empty; a file or directory is wanted");
    }
    let format = FileFormat::read(options);
    let table = format.and_then(|format| read_schema(options, format, output));
    let read_columns = read_columns(options, format, table.as_ref());
    let delimiter = options.text(&FIELD_DELIMITER);
    let skip_header = options.long(&SKIP_HEADER).and_then(|lines| {
        u64::try_from(lines)
            .map_err(|_| {
                options.error(SKIP_HEADER.key, format!("{lines} is negative; 0 or more lines can be skipped"))
            })
            .ok()
    });
    let pattern = options
        .text(&PATTERN)
        .filter(|text| !text.is_empty())
        .and_then(|text| NamePattern::new(&text).map_err(|problem| options.error(PATTERN.key, problem)).ok());
    let charset = options
        .text(&ENCODING)
        .and_then(|name| Charset::of(&name).map_err(|problem| options.error(ENCODING.key, problem)).ok());
    check_time_formats(options);
    check_compression(options);
    let archive = match options.choice(&ARCHIVE) {
        Some("tar") => Some(Archive::Tar),
        Some("tar_gz") => Some(Archive::TarGz),
        Some("zip") => Some(Archive::Zip),
        _ => None,
    };
    if archive.is_some() && format == Some(FileFormat::Parquet) {
        options.error(ARCHIVE.key, "parquet files can't be read from archives; text, csv and json can");
    }
    let read = TableOptions {
        path: path?,
        format: format?,
        table: table?,
        whole_lines: !options.has(&SCHEMA),
        read_columns,
        delimiter: delimiter
            .unwrap_or_else(|| if format == Some(FileFormat::Csv) { "," } else { "\u{1}" }.into()),
        parse_partition: options.bool(&PARSE_PARTITION).unwrap_or(true),
        skip_header: skip_header?,
        pattern,
        archive,
        charset: charset?,
        read_partitions: strict_list(options, &READ_PARTITIONS).unwrap_or_default(),
    };
    if read.format != FileFormat::Parquet
        && options.problems().error_count() == before
        && let Err(problem) = read.decoder()
    {
        let key = if problem.contains("delimiter") { FIELD_DELIMITER.key } else { SCHEMA.key };
        options.error(key, problem);
    }
    (options.problems().error_count() == before).then_some(read)
}

/// The table's name, and its columns where the file doesn't tell them. Text and csv without a schema have one column
/// `content`. Only a schema is named by the id of the rows.
fn read_schema(options: &Options<'_>, format: FileFormat, output: Option<&str>) -> Option<CatalogTable> {
    if let Some(map) = options.object(&SCHEMA) {
        let block = Options::new(&map, options.path_of(SCHEMA.key), options.problems());
        let mut table = schema::read(&block, CATALOG, output)?;
        if format != FileFormat::Parquet && table.columns.is_empty() {
            block.error("fields", "has no columns; at least one is wanted");
            return None;
        }
        if format == FileFormat::Parquet && table.path == TablePath::default_path() && output.is_none() {
            table.path = default_of_parquet();
        }
        return Some(table);
    }
    match format {
        FileFormat::Parquet => Some(CatalogTable::new(CATALOG, default_of_parquet(), Vec::new())),
        FileFormat::Text | FileFormat::Csv => Some(CatalogTable::new(
            CATALOG,
            TablePath::default_path(),
            vec![Column::new("content", DataType::String)],
        )),
        FileFormat::Json => {
            options
                .error(SCHEMA.key, "is required, because json files don't name the types of their columns");
            None
        }
    }
}

/// `default.default`: what a table is called whose file brings its own schema.
fn default_of_parquet() -> TablePath {
    TablePath { database: Some("default".into()), schema: None, table: "default".into() }
}

fn read_columns(
    options: &Options<'_>,
    format: Option<FileFormat>,
    table: Option<&CatalogTable>,
) -> Option<Vec<String>> {
    if !options.has(&READ_COLUMNS) {
        return None;
    }
    let names = strict_list(options, &READ_COLUMNS)?;
    if names.is_empty() {
        options.error(READ_COLUMNS.key, "is empty; at least one column is wanted");
    }
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            options.error(READ_COLUMNS.key, format!("column {name:?} is named twice"));
        }
    }
    if let Some(table) = table.filter(|_| format != Some(FileFormat::Parquet)) {
        for name in &names {
            if table.index_of(name).is_none() {
                let known = table.columns.iter().map(|c| c.name.as_str());
                let hint =
                    nearest(name, known).map(|n| format!(" (did you mean \"{n}\"?)")).unwrap_or_default();
                options.error(READ_COLUMNS.key, format!("there is no column {name:?} in the schema{hint}"));
            }
        }
    }
    Some(names)
}

fn check_time_formats(options: &Options<'_>) {
    let text = |option: &OptionDef| options.text(option).unwrap_or_default();
    let formats = TimeFormats::default();
    for (option, checked) in [
        (&DATE, formats.date(&text(&DATE))),
        (&DATETIME, formats.datetime(&text(&DATETIME))),
        (&TIME, formats.time(&text(&TIME))),
    ] {
        if let Err(problem) = checked {
            options.error(option.key, problem);
        }
    }
}

/// Codecs that don't concern reading are ignored, as the Java engine does.
fn check_compression(options: &Options<'_>) {
    const IGNORED: [&str; 8] = ["none", "snappy", "lz4", "gzip", "brotli", "zstd", "zlib", "bzip2"];
    let Some(text) = options.text(&COMPRESS) else {
        return;
    };
    let lower = text.to_lowercase();
    if lower == "lzo" {
        options
            .error(COMPRESS.key, "lzo can't be read here; unpack the files before, or write them without it");
    } else if !IGNORED.contains(&lower.as_str()) {
        options.error(COMPRESS.key, format!("{text:?} is no codec; allowed: none"));
    }
}
