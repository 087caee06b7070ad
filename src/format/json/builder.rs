//! Option trees → Arrow columns.

use super::cells::Numbers;
use super::encode::push_quoted_bytes;
use super::find::JsonValue;
use super::lexer::Lexer;
use crate::format::print;
use crate::format::value::Cells;
use crate::options::Tree;
use crate::table::DataType;
use arrow::array::ArrayRef;

/// Builds one column from values of a job text (FakeSource rows, Assert literals), or from JSON, by the rules of JSON
/// files.
#[derive(Debug)]
pub struct ColumnBuilder {
    cells: Cells,
    text: Vec<u8>,
    /// What is nested is tried here first, as a failure leaves parts behind.
    trial: Option<(DataType, Cells)>,
}

impl ColumnBuilder {
    /// A builder of a column of that type.
    #[must_use]
    pub fn new(data_type: &DataType) -> Self {
        let is_nested = matches!(data_type, DataType::Array(_) | DataType::Map(_, _) | DataType::Row(_));
        let trial = is_nested.then(|| (data_type.clone(), Cells::new(data_type)));
        Self { cells: Cells::new(data_type), text: Vec::new(), trial }
    }

    /// Appends a value.
    ///
    /// # Errors
    /// A value that is none of the type; the builder is of no use after that.
    pub fn push(&mut self, value: &Tree) -> Result<(), String> {
        self.text.clear();
        push_json(&mut self.text, value);
        let token = Lexer::new(&self.text).value()?;
        self.cells.push_json(token, Numbers::Doubles)
    }

    /// Appends a value of a JSON document. One that is none of the type leaves the builder as it was.
    ///
    /// # Errors
    /// What is wrong with the value.
    pub fn push_json(&mut self, value: JsonValue<'_>) -> Result<(), String> {
        let token = value.0;
        if let Some((data_type, trial)) = &mut self.trial {
            let tried = trial.push_json(token, Numbers::Doubles);
            if tried.is_err() || trial.len() >= 1024 {
                *trial = Cells::new(data_type);
            }
            tried?;
        }
        self.cells.push_json(token, Numbers::Doubles)
    }

    /// Appends a null.
    pub fn push_null(&mut self) {
        self.cells.push_null();
    }

    /// Number of values since the last [`ColumnBuilder::finish`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column, in the form of [`DataType::to_arrow`]; the builder begins anew.
    pub fn finish(&mut self) -> ArrayRef {
        self.cells.finish()
    }
}

/// JSON that reads back as the same value; doubles keep their point.
fn push_json(out: &mut Vec<u8>, value: &Tree) {
    match value {
        Tree::Null => out.extend_from_slice(b"null"),
        Tree::Bool(value) => print::boolean(out, *value),
        Tree::Int(value) => print::integer(out, *value),
        Tree::Double(value) if value.is_finite() => print::double(out, *value),
        Tree::Double(value) => {
            out.push(b'"');
            print::double(out, *value);
            out.push(b'"');
        }
        Tree::Text(text) => push_quoted_bytes(out, text.as_bytes()),
        Tree::List(list) => {
            out.push(b'[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_json(out, item);
            }
            out.push(b']');
        }
        Tree::Map(map) => {
            out.push(b'{');
            for (index, (key, item)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_quoted_bytes(out, key.as_bytes());
                out.push(b':');
                push_json(out, item);
            }
            out.push(b'}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray};

    #[test]
    fn a_json_value_that_fails_leaves_nothing() {
        let value = |text: &'static str| JsonValue(Lexer::new(text.as_bytes()).value().unwrap());
        let mut ints = ColumnBuilder::new(&DataType::Int);
        assert!(ints.push_json(value("\"x\"")).is_err());
        ints.push_json(value("7")).unwrap();
        assert_eq!(ints.len(), 1);
        let mut lists = ColumnBuilder::new(&DataType::Array(Box::new(DataType::Date)));
        assert!(lists.push_json(value(r#"["2024-01-02", "no date"]"#)).is_err());
        lists.push_json(value(r#"["2024-01-03", null]"#)).unwrap();
        let column = lists.finish();
        assert_eq!((column.len(), column.as_list::<i32>().values().len()), (1, 2));
    }
}
