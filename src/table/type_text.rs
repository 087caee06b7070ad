//! Parses type names of the job language (`decimal(10, 2)`, `map<string, array<int>>`, `{a = int}`).

use super::types::{DataType, Field, VectorKind};
use crate::model::nearest;
use crate::options::Tree;

/// How deep maps and rows may nest.
const MAX_DEPTH: usize = 32;
/// The widest decimal that Arrow carries.
const MAX_DIGITS: u32 = 76;

const NAMES: [(&str, DataType); 22] = [
    ("string", DataType::String),
    ("boolean", DataType::Boolean),
    ("tinyint", DataType::TinyInt),
    ("byte", DataType::TinyInt),
    ("smallint", DataType::SmallInt),
    ("short", DataType::SmallInt),
    ("int", DataType::Int),
    ("bigint", DataType::BigInt),
    ("long", DataType::BigInt),
    ("float", DataType::Float),
    ("double", DataType::Double),
    ("null", DataType::Null),
    ("bytes", DataType::Bytes),
    ("date", DataType::Date),
    ("time", DataType::Time),
    ("timestamp", DataType::Timestamp),
    ("timestamp_tz", DataType::TimestampTz),
    ("binary_vector", DataType::Vector(VectorKind::Binary, 0)),
    ("float_vector", DataType::Vector(VectorKind::Float, 0)),
    ("float16_vector", DataType::Vector(VectorKind::Float16, 0)),
    ("bfloat16_vector", DataType::Vector(VectorKind::BFloat16, 0)),
    ("sparse_float_vector", DataType::Vector(VectorKind::Sparse, 0)),
];

impl DataType {
    /// Reads a type text; letter case and blanks do not count.
    ///
    /// # Errors
    /// An unknown name (with the nearest known one), a broken form, an element or key type that is not allowed,
    /// nesting beyond 32 levels.
    pub fn parse(text: &str) -> Result<DataType, String> {
        parse(text, 0)
    }

    /// Reads a type given as option value: a type text, or an object, which is a row.
    ///
    /// # Errors
    /// As [`DataType::parse`]; any other kind of value.
    pub fn from_tree(tree: &Tree) -> Result<DataType, String> {
        from_tree(tree, 0)
    }
}

fn from_tree(tree: &Tree, depth: usize) -> Result<DataType, String> {
    match tree {
        Tree::Text(text) => parse(text, depth),
        Tree::Map(map) => {
            check_depth(depth)?;
            let mut fields = Vec::with_capacity(map.len());
            for (name, value) in map {
                let data_type = from_tree(value, depth + 1).map_err(|e| format!("field \"{name}\": {e}"))?;
                push_field(&mut fields, name, data_type)?;
            }
            Ok(DataType::Row(fields))
        }
        other => Err(format!("{} is not a type; allowed: a type text, an object (a row)", other.kind())),
    }
}

fn check_depth(depth: usize) -> Result<(), String> {
    if depth >= MAX_DEPTH { Err(format!("types nest deeper than {MAX_DEPTH} levels")) } else { Ok(()) }
}

fn parse(text: &str, depth: usize) -> Result<DataType, String> {
    check_depth(depth)?;
    let text = text.trim();
    if text.starts_with('{') {
        return parse_row(text, depth);
    }
    let lower: String = text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    if let Some((_, known)) = NAMES.iter().find(|(name, _)| *name == lower) {
        return Ok(known.clone());
    }
    if let Some(numbers) = arguments(&lower, "decimal(", ')') {
        return parse_decimal(text, numbers);
    }
    if lower.starts_with("array<") {
        return parse_array(text, inside(text)?, depth);
    }
    if lower.starts_with("map<") {
        return parse_map(text, inside(text)?, depth);
    }
    let names = || NAMES.iter().map(|(name, _)| *name);
    let hint = nearest(&lower, names()).map(|n| format!(" (did you mean \"{n}\"?)")).unwrap_or_default();
    let mut shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    let all: Vec<&str> =
        names().chain(["decimal(p, s)", "array<…>", "map<…, …>", "{ name = type }"]).collect();
    Err(format!("\"{shown}\" is not a type{hint}; allowed: {}", all.join(", ")))
}

fn arguments<'a>(text: &'a str, prefix: &str, end: char) -> Option<&'a str> {
    text.strip_prefix(prefix)?.strip_suffix(end)
}

/// What stands between the first `<` and the `>` at the end.
fn inside(text: &str) -> Result<&str, String> {
    match (text.find('<'), text.strip_suffix('>')) {
        (Some(start), Some(rest)) if rest.len() > start => Ok(&rest[start + 1..]),
        _ => Err(format!("\"{text}\" lacks its closing \">\"")),
    }
}

fn parse_decimal(text: &str, numbers: &str) -> Result<DataType, String> {
    let wrong = || {
        format!(
            "\"{text}\" is not a type; write decimal(precision, scale) with 0 ≤ precision, scale ≤ {MAX_DIGITS}"
        )
    };
    let (precision, scale) = numbers.split_once(',').ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<u32>().ok().filter(|n| *n <= MAX_DIGITS).ok_or_else(wrong);
    let (precision, scale) = (number(precision)?, number(scale)?);
    Ok(DataType::Decimal(precision as u8, scale as i8))
}

fn parse_array(text: &str, element: &str, depth: usize) -> Result<DataType, String> {
    let element = parse(element, depth + 1)?;
    match element {
        DataType::String
        | DataType::Boolean
        | DataType::TinyInt
        | DataType::SmallInt
        | DataType::Int
        | DataType::BigInt
        | DataType::Float
        | DataType::Double => Ok(DataType::Array(Box::new(element))),
        other => Err(format!(
            "\"{text}\": arrays of {other} are not supported; allowed elements: string, boolean, tinyint, smallint, \
             int, bigint, float, double"
        )),
    }
}

fn parse_map(text: &str, parts: &str, depth: usize) -> Result<DataType, String> {
    let comma = top_level(parts, |c| c == ',')
        .ok_or_else(|| format!("\"{text}\" is not a type; write map<key type, value type>"))?;
    let key = parse(&parts[..comma], depth + 1)?;
    if matches!(key, DataType::Array(_) | DataType::Map(..) | DataType::Row(_) | DataType::Null) {
        return Err(format!("\"{text}\": a map's key can't be {key}"));
    }
    let value = parse(&parts[comma + 1..], depth + 1)?;
    Ok(DataType::Map(Box::new(key), Box::new(value)))
}

/// Where the first character that `wanted` accepts stands outside of brackets and quotes.
fn top_level(text: &str, wanted: impl Fn(char) -> bool) -> Option<usize> {
    let (mut open, mut quoted) = (0usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            c if open == 0 && wanted(c) => return Some(at),
            '(' | '<' | '{' => open += 1,
            ')' | '>' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// `{a = int, "b": "array<int>", c { d = string }}`: fields parted by commas or line breaks.
fn parse_row(text: &str, depth: usize) -> Result<DataType, String> {
    let wrong = |what: &str| format!("row type \"{text}\": {what}");
    let mut rest = text
        .strip_prefix('{')
        .and_then(|t| t.strip_suffix('}'))
        .ok_or_else(|| wrong("lacks its closing \"}\""))?;
    let mut fields = Vec::new();
    while !rest.trim().is_empty() {
        let end = top_level(rest, |c| c == ',' || c == '\n').unwrap_or(rest.len());
        let field = rest[..end].trim();
        rest = rest.get(end + 1..).unwrap_or("");
        if field.is_empty() {
            continue;
        }
        let sign = top_level(field, |c| "=:{".contains(c))
            .ok_or_else(|| wrong(&format!("\"{field}\" lacks its type; write name = type")))?;
        let value = if field[sign..].starts_with('{') { &field[sign..] } else { &field[sign + 1..] };
        let name = unquoted(field[..sign].trim());
        let data_type = parse(unquoted(value.trim()), depth + 1)?;
        push_field(&mut fields, name, data_type)?;
    }
    Ok(DataType::Row(fields))
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text)
}

/// A name given twice counts once, with its last type, as keys of an object do.
fn push_field(fields: &mut Vec<Field>, name: &str, data_type: DataType) -> Result<(), String> {
    if name.is_empty() {
        return Err("a field of a row has no name".into());
    }
    match fields.iter_mut().find(|f| f.name == name) {
        Some(field) => field.data_type = data_type,
        None => fields.push(Field { name: name.to_owned(), data_type }),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_types_are_read_in_any_spelling() {
        for (text, shown) in [
            (" int ", "INT"),
            ("STRING", "STRING"),
            ("long", "BIGINT"),
            ("Decimal( 10 , 2 )", "Decimal(10, 2)"),
            ("decimal(5,7)", "Decimal(5, 7)"),
            ("decimal(0,0)", "Decimal(0, 0)"),
            ("decimal(39,2)", "Decimal(39, 2)"),
            ("array< string >", "ARRAY<STRING>"),
            ("map<decimal(5,2),string>", "Map<Decimal(5, 2), STRING>"),
            ("map<string, map<string, array<int>>>", "Map<STRING, Map<STRING, ARRAY<INT>>>"),
            (
                "map<string, {a = int, B = \"map<string, int>\"}>",
                "Map<STRING, ROW<a INT,B Map<STRING, INT>>>",
            ),
            ("{a: int}", "ROW<a INT>"),
            ("{ a { b = decimal(3, 1) } }", "ROW<a ROW<b Decimal(3, 1)>>"),
            ("{}", "ROW<>"),
            ("float_vector", "FLOAT_VECTOR"),
            ("null", "NULL"),
            ("Timestamp_TZ", "TIMESTAMP_TZ"),
            ("map<timestamp_tz, timestamp_tz>", "Map<TIMESTAMP_TZ, TIMESTAMP_TZ>"),
        ] {
            assert_eq!(DataType::parse(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "integer",
            "varchar(10)",
            "decimal",
            "decimal(1)",
            "decimal(-1,0)",
            "decimal(77,0)",
            "timestamp(3)",
            "bool",
            "array",
            "array<int",
            "array<null>",
            "array<decimal(5,2)>",
            "array<array<int>>",
            "map<string>",
            "map<array<int>,int>",
            "row",
            "{a int}",
            "{a = int",
            "int[]",
            "decimal(p, s)",
        ] {
            assert!(DataType::parse(text).is_err(), "{text}");
        }
        let message = DataType::parse("integer").unwrap_err();
        assert!(message.starts_with("\"integer\" is not a type"), "{message}");
    }

    #[test]
    fn nesting_is_limited() {
        let deep = format!("{}int{}", "map<string,".repeat(5000), ">".repeat(5000));
        assert!(DataType::parse(&deep).unwrap_err().contains("nest"));
    }
}
