//! Options of the sink.

use super::content::time_formats;
use super::naming::FileNames;
use super::save_mode::{DataMode, SchemaMode};
use crate::connectors::file::format::{FILE_FORMAT, FileFormat, local_path, strict_list};
use crate::format::charset::Charset;
use crate::format::java_time::TimePattern;
use crate::format::parquet::{Codec, WriteOptions};
use crate::format::text::TimeFormats;
use crate::options::{Kind, OptionDef, Options};

pub(super) const PATH: OptionDef =
    OptionDef::new("path", Kind::Text, "target directory; placeholders of tables are filled in").required();
const TMP_PATH: OptionDef =
    OptionDef::new("tmp_path", Kind::Text, "where output is staged; by default within the target directory");
const CUSTOM_FILENAME: OptionDef =
    OptionDef::new("custom_filename", Kind::Bool, "whether file_name_expression counts")
        .default("false")
        .without_effect("file_name_expression alone counts");
const NAME_EXPRESSION: OptionDef = OptionDef::new(
    "file_name_expression",
    Kind::Text,
    "file name; ${transactionId}, ${now} and ${uuid} are filled in",
)
.default("${transactionId}");
const TIME_FORMAT: OptionDef =
    OptionDef::new("filename_time_format", Kind::Text, "Java pattern of ${now}").default("yyyy.MM.dd");
const FIELD_DELIMITER: OptionDef =
    OptionDef::new("field_delimiter", Kind::Text, "text: stands between fields").fallbacks(&["delimiter"]);
const ROW_DELIMITER: OptionDef =
    OptionDef::new("row_delimiter", Kind::Text, "text, csv, json: stands between rows").default("\n");
const HAVE_PARTITION: OptionDef =
    OptionDef::new("have_partition", Kind::Bool, "demands that partition_by is given, which alone counts")
        .default("false");
pub(super) const PARTITION_BY: OptionDef =
    OptionDef::new("partition_by", Kind::List, "columns whose values choose the directory");
const PARTITION_DIR: OptionDef = OptionDef::new(
    "partition_dir_expression",
    Kind::Text,
    "directory of a partition: ${k0} and ${v0} are the first column's name and value",
);
const KEEP_PARTITION_FIELDS: OptionDef = OptionDef::new(
    "is_partition_field_write_in_file",
    Kind::Bool,
    "whether partition columns are written too",
)
.default("false");
pub(super) const SINK_COLUMNS: OptionDef =
    OptionDef::new("sink_columns", Kind::List, "columns to write, in that order");
const TRANSACTION: OptionDef = OptionDef::new(
    "is_enable_transaction",
    Kind::Bool,
    "whether file names are unique, so that nothing is ever overwritten",
)
.default("true");
const BATCH_SIZE: OptionDef = OptionDef::new("batch_size", Kind::Int, "rows of a file").default("1000000");
const COMPRESS: OptionDef = OptionDef::new("compress_codec", Kind::Text, "compression").default("none");
const HEADER: OptionDef =
    OptionDef::new("enable_header_write", Kind::Bool, "text, csv: whether files begin with the column names")
        .default("false");
const ENCODING: OptionDef =
    OptionDef::new("encoding", Kind::Text, "character set of text, csv, json").default("UTF-8");
pub(super) const DATE: OptionDef =
    OptionDef::new("date_format", Kind::Text, "text, csv: pattern of dates").default("yyyy-MM-dd");
pub(super) const DATETIME: OptionDef =
    OptionDef::new("datetime_format", Kind::Text, "text, csv: pattern of timestamps")
        .default("yyyy-MM-dd HH:mm:ss");
pub(super) const TIME: OptionDef =
    OptionDef::new("time_format", Kind::Text, "text, csv: pattern of times").default("HH:mm:ss");
const TIMESTAMP_INT96: OptionDef = OptionDef::new(
    "parquet_avro_write_timestamp_as_int96",
    Kind::Bool,
    "parquet: timestamps as INT96 instead of milliseconds",
)
.default("false");
const FIXED_INT96: OptionDef = OptionDef::new(
    "parquet_avro_write_fixed_as_int96",
    Kind::List,
    "parquet: bytes columns written as INT96",
);
const SCHEMA_MODE: OptionDef = OptionDef::new(
    "schema_save_mode",
    Kind::Choice(&[
        "RECREATE_SCHEMA",
        "CREATE_SCHEMA_WHEN_NOT_EXIST",
        "ERROR_WHEN_SCHEMA_NOT_EXIST",
        "IGNORE",
    ]),
    "what is done about the target directory before the job",
)
.default("CREATE_SCHEMA_WHEN_NOT_EXIST");
const DATA_MODE: OptionDef = OptionDef::new(
    "data_save_mode",
    Kind::Choice(&["DROP_DATA", "APPEND_DATA", "ERROR_WHEN_DATA_EXISTS"]),
    "what is done about files in the target directory before the job",
)
.default("APPEND_DATA");

/// All options.
pub(super) const ALL: &[OptionDef] = &[
    PATH,
    TMP_PATH,
    FILE_FORMAT,
    CUSTOM_FILENAME,
    NAME_EXPRESSION,
    TIME_FORMAT,
    FIELD_DELIMITER,
    ROW_DELIMITER,
    HAVE_PARTITION,
    PARTITION_BY,
    PARTITION_DIR,
    KEEP_PARTITION_FIELDS,
    SINK_COLUMNS,
    TRANSACTION,
    BATCH_SIZE,
    COMPRESS,
    HEADER,
    ENCODING,
    DATE,
    DATETIME,
    TIME,
    TIMESTAMP_INT96,
    FIXED_INT96,
    SCHEMA_MODE,
    DATA_MODE,
];

/// The options of a sink, checked as far as they can be without tables.
#[derive(Clone, Debug)]
pub(super) struct SinkOptions {
    pub(super) path: String,
    pub(super) tmp_path: Option<String>,
    pub(super) format: FileFormat,
    pub(super) names: FileNames,
    pub(super) field_delimiter: String,
    pub(super) row_delimiter: String,
    pub(super) header: bool,
    pub(super) partition_by: Vec<String>,
    pub(super) partition_dir: String,
    pub(super) keep_partition_fields: bool,
    /// Empty: all.
    pub(super) sink_columns: Vec<String>,
    pub(super) transaction: bool,
    /// Rows of a file; 0: one, numbered from 1.
    pub(super) batch_size: u64,
    pub(super) charset: Charset,
    pub(super) formats: TimeFormats,
    pub(super) parquet: WriteOptions,
    pub(super) schema_mode: SchemaMode,
    pub(super) data_mode: DataMode,
}

impl SinkOptions {
    /// Reads the options; notes every problem.
    pub(super) fn read(options: &Options<'_>) -> Option<Self> {
        let before = options.problems().error_count();
        let format = FileFormat::read(options);
        let path = options.text(&PATH).map(|path| local_path(&path).to_owned());
        if path.as_deref() == Some("") {
            options.error(PATH.key, "is empty; a directory is wanted");
        }
        let tmp_path = non_empty(options.text(&TMP_PATH)).map(|path| local_path(&path).to_owned());
        let transaction = options.bool(&TRANSACTION);
        let names = read_names(options, transaction == Some(true), format);
        let partition_by = strict_list(options, &PARTITION_BY).unwrap_or_default();
        if options.bool(&HAVE_PARTITION) == Some(true) && partition_by.is_empty() {
            options.error(PARTITION_BY.key, "is required, because have_partition is true");
        }
        let sink_columns = strict_list(options, &SINK_COLUMNS).unwrap_or_default();
        let codec = format.and_then(|format| read_codec(options, format));
        let parquet = WriteOptions {
            codec: codec.unwrap_or_default(),
            timestamp_as_int96: options.bool(&TIMESTAMP_INT96).unwrap_or_default(),
            bytes_as_int96: strict_list(options, &FIXED_INT96).unwrap_or_default(),
        };
        let charset = options
            .text(&ENCODING)
            .and_then(|name| Charset::of(&name).map_err(|problem| options.error(ENCODING.key, problem)).ok());
        let schema_mode = match options.choice(&SCHEMA_MODE) {
            Some("RECREATE_SCHEMA") => SchemaMode::Recreate,
            Some("ERROR_WHEN_SCHEMA_NOT_EXIST") => SchemaMode::MustExist,
            Some("IGNORE") => SchemaMode::Ignore,
            _ => SchemaMode::Create,
        };
        let data_mode = match options.choice(&DATA_MODE) {
            Some("DROP_DATA") => DataMode::Drop,
            Some("ERROR_WHEN_DATA_EXISTS") => DataMode::MustBeEmpty,
            _ => DataMode::Append,
        };
        let read = Self {
            path: path.unwrap_or_default(),
            tmp_path,
            format: format.unwrap_or(FileFormat::Text),
            names: names?,
            field_delimiter: non_empty(options.text(&FIELD_DELIMITER)).unwrap_or_else(|| "\u{1}".into()),
            row_delimiter: options.text(&ROW_DELIMITER).unwrap_or_default(),
            header: options.bool(&HEADER).unwrap_or_default(),
            partition_by,
            partition_dir: options.text(&PARTITION_DIR).unwrap_or_default(),
            keep_partition_fields: options.bool(&KEEP_PARTITION_FIELDS).unwrap_or_default(),
            sink_columns,
            transaction: transaction.unwrap_or(true),
            batch_size: u64::try_from(options.int(&BATCH_SIZE).unwrap_or_default()).unwrap_or_default(),
            charset: charset?,
            formats: time_formats(options),
            parquet,
            schema_mode,
            data_mode,
        };
        (options.problems().error_count() == before).then_some(read)
    }
}

fn non_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn read_names(options: &Options<'_>, transaction: bool, format: Option<FileFormat>) -> Option<FileNames> {
    let expression = non_empty(options.text(&NAME_EXPRESSION)).unwrap_or_else(|| "${transactionId}".into());
    if transaction && !expression.contains("transactionId") {
        options.error(
            NAME_EXPRESSION.key,
            format!("{expression:?} must contain ${{transactionId}}, because is_enable_transaction is true"),
        );
    }
    if expression.split('/').any(|part| part == "..") {
        options
            .error(NAME_EXPRESSION.key, format!("{expression:?} must not lead out of the target directory"));
    }
    let pattern = non_empty(options.text(&TIME_FORMAT)).unwrap_or_else(|| "yyyy.MM.dd".into());
    let time =
        TimePattern::compile(&pattern).map_err(|problem| options.error(TIME_FORMAT.key, problem)).ok()?;
    let format = format?;
    let compression = match format {
        FileFormat::Parquet => match options.text(&COMPRESS)?.to_lowercase().as_str() {
            "snappy" => ".snappy",
            "gzip" => ".gz",
            "lz4" => ".lz4",
            "brotli" => ".br",
            "zstd" => ".zstd",
            _ => "",
        },
        FileFormat::Text | FileFormat::Csv | FileFormat::Json => "",
    };
    Some(FileNames { expression, time, suffix: format!("{compression}{}", format.suffix()) })
}

fn read_codec(options: &Options<'_>, format: FileFormat) -> Option<Codec> {
    let text = options.text(&COMPRESS)?;
    let is_parquet = format == FileFormat::Parquet;
    let codec = match text.to_lowercase().as_str() {
        "none" => Some(Codec::None),
        "snappy" if is_parquet => Some(Codec::Snappy),
        "lz4" if is_parquet => Some(Codec::Lz4),
        "gzip" if is_parquet => Some(Codec::Gzip),
        "brotli" if is_parquet => Some(Codec::Brotli),
        "zstd" if is_parquet => Some(Codec::Zstd),
        _ => None,
    };
    if codec.is_none() {
        let allowed = if is_parquet { "none, snappy, lz4, gzip, brotli, zstd" } else { "none" };
        options.error(COMPRESS.key, format!("{text:?} can't be written here; allowed: {allowed}"));
    }
    codec
}
