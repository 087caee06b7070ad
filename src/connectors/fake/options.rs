//! What FakeSource takes.

use crate::options::{Kind, OptionDef, join};
use crate::table::schema;

const MODES: &[&str] = &["RANGE", "TEMPLATE"];

const fn mode(key: &'static str) -> OptionDef {
    OptionDef::new(key, Kind::Choice(MODES), "TEMPLATE demands that a template is given").default("RANGE")
}

const fn template(key: &'static str) -> OptionDef {
    OptionDef::new(key, Kind::List, "values to choose from at random, instead of a range")
}

const fn parts(key: &'static str) -> OptionDef {
    OptionDef::new(key, Kind::List, "values of this part to choose from at random")
}

const fn min(key: &'static str, kind: Kind) -> OptionDef {
    OptionDef::new(key, kind, "smallest random value").default("0")
}

const fn max(key: &'static str, kind: Kind, default: &'static str) -> OptionDef {
    OptionDef::new(key, kind, "upper end of the random values, not reached").default(default)
}

const fn size(key: &'static str, about: &'static str) -> OptionDef {
    OptionDef::new(key, Kind::Int, about).default("5")
}

/// Options of the values of one number type.
pub(super) struct NumberOptions {
    /// `….fake.mode`.
    pub mode: OptionDef,
    /// `….template`.
    pub template: OptionDef,
    /// `….min`.
    pub min: OptionDef,
    /// `….max`.
    pub max: OptionDef,
}

pub(super) const TABLES: OptionDef = OptionDef::new(
    "tables_configs",
    Kind::List,
    "several tables: a list of objects, each with its own schema and options",
)
.of(ONE);
pub(super) const SCHEMA: OptionDef =
    OptionDef::new("schema", Kind::Object, "columns and name of the table").of(schema::OPTIONS);
pub(super) const ROWS: OptionDef =
    OptionDef::new("rows", Kind::List, "fixed rows: a list of { kind = INSERT, fields = [ … ] }")
        .of(&[ROW_KIND, ROW_FIELDS]);
pub(super) const ROW_KIND: OptionDef =
    OptionDef::new("kind", Kind::Text, "what happened to the row: INSERT, UPDATE_BEFORE, …").required();
pub(super) const ROW_FIELDS: OptionDef =
    OptionDef::new("fields", Kind::List, "its values: a list, or an object of names and values").required();
pub(super) const ROW_NUM: OptionDef = size("row.num", "rows of each parallel reader");
pub(super) const SPLIT_NUM: OptionDef =
    OptionDef::new("split.num", Kind::Int, "splits of each parallel reader").default("1");
pub(super) const SPLIT_READ_INTERVAL: OptionDef =
    OptionDef::new("split.read-interval", Kind::Int, "milliseconds between two splits of a reader")
        .default("1");
pub(super) const MAP_SIZE: OptionDef = size("map.size", "entries of a random map");
pub(super) const ARRAY_SIZE: OptionDef = size("array.size", "elements of a random array");
pub(super) const BYTES_LENGTH: OptionDef = size("bytes.length", "length of random bytes");
pub(super) const STRING_LENGTH: OptionDef =
    size("string.length", "length of a random string whose column gives none");
pub(super) const VECTOR_DIMENSION: OptionDef =
    OptionDef::new("vector.dimension", Kind::Int, "elements of a vector whose column gives no columnScale")
        .default("4");
pub(super) const BINARY_VECTOR_DIMENSION: OptionDef = OptionDef::new(
    "binary.vector.dimension",
    Kind::Int,
    "bits of a vector whose column gives no columnScale",
)
.default("8");
pub(super) const VECTOR_MIN: OptionDef = min("vector.float.min", Kind::Double);
pub(super) const VECTOR_MAX: OptionDef = max("vector.float.max", Kind::Double, "3.4028235E38");

pub(super) const STRING_MODE: OptionDef = mode("string.fake.mode");
pub(super) const STRING_TEMPLATE: OptionDef = template("string.template");
pub(super) const TINYINT: NumberOptions = NumberOptions {
    mode: mode("tinyint.fake.mode"),
    template: template("tinyint.template"),
    min: min("tinyint.min", Kind::Int),
    max: max("tinyint.max", Kind::Int, "127"),
};
pub(super) const SMALLINT: NumberOptions = NumberOptions {
    mode: mode("smallint.fake.mode"),
    template: template("smallint.template"),
    min: min("smallint.min", Kind::Int),
    max: max("smallint.max", Kind::Int, "32767"),
};
pub(super) const INT: NumberOptions = NumberOptions {
    mode: mode("int.fake.mode"),
    template: template("int.template"),
    min: min("int.min", Kind::Int),
    max: max("int.max", Kind::Int, "2147483647"),
};
pub(super) const BIGINT: NumberOptions = NumberOptions {
    mode: mode("bigint.fake.mode"),
    template: template("bigint.template"),
    min: min("bigint.min", Kind::Long),
    max: max("bigint.max", Kind::Long, "9223372036854775807"),
};
pub(super) const FLOAT: NumberOptions = NumberOptions {
    mode: mode("float.fake.mode"),
    template: template("float.template"),
    min: min("float.min", Kind::Double),
    max: max("float.max", Kind::Double, "3.4028235E38"),
};
pub(super) const DOUBLE: NumberOptions = NumberOptions {
    mode: mode("double.fake.mode"),
    template: template("double.template"),
    min: min("double.min", Kind::Double),
    max: max("double.max", Kind::Double, "1.7976931348623157E308"),
};
pub(super) const YEARS: OptionDef = parts("date.year.template");
pub(super) const MONTHS: OptionDef = parts("date.month.template");
pub(super) const DAYS: OptionDef = parts("date.day.template");
pub(super) const HOURS: OptionDef = parts("time.hour.template");
pub(super) const MINUTES: OptionDef = parts("time.minute.template");
pub(super) const SECONDS: OptionDef = parts("time.second.template");
pub(super) const AUTO_INCREMENT: OptionDef = OptionDef::new(
    "auto.increment.enabled",
    Kind::Bool,
    "count the primary key (without one: the column id) up instead of choosing it at random",
)
.default("false");
pub(super) const AUTO_INCREMENT_START: OptionDef =
    OptionDef::new("auto.increment.start", Kind::Long, "first number of a counted key").default("1");

/// Options of one table.
const ONE: &[OptionDef] = &[
    SCHEMA,
    ROWS,
    ROW_NUM,
    SPLIT_NUM,
    SPLIT_READ_INTERVAL,
    MAP_SIZE,
    ARRAY_SIZE,
    BYTES_LENGTH,
    STRING_LENGTH,
    VECTOR_DIMENSION,
    BINARY_VECTOR_DIMENSION,
    VECTOR_MIN,
    VECTOR_MAX,
    STRING_MODE,
    STRING_TEMPLATE,
    TINYINT.mode,
    TINYINT.template,
    TINYINT.min,
    TINYINT.max,
    SMALLINT.mode,
    SMALLINT.template,
    SMALLINT.min,
    SMALLINT.max,
    INT.mode,
    INT.template,
    INT.min,
    INT.max,
    BIGINT.mode,
    BIGINT.template,
    BIGINT.min,
    BIGINT.max,
    FLOAT.mode,
    FLOAT.template,
    FLOAT.min,
    FLOAT.max,
    DOUBLE.mode,
    DOUBLE.template,
    DOUBLE.min,
    DOUBLE.max,
    YEARS,
    MONTHS,
    DAYS,
    HOURS,
    MINUTES,
    SECONDS,
    AUTO_INCREMENT,
    AUTO_INCREMENT_START,
];
/// All of them.
pub(super) const ALL: &[OptionDef] = &join::<{ ONE.len() + 1 }>(&[TABLES], ONE);
