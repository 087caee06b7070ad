//! Option trees → Arrow columns.

use super::cells::Numbers;
use super::encode::push_quoted_bytes;
use super::lexer::Lexer;
use crate::format::print;
use crate::format::value::Cells;
use crate::options::Tree;
use crate::table::DataType;
use arrow::array::ArrayRef;

/// Builds one column from values of a job text (FakeSource rows, Assert literals) by the rules of JSON files.
#[derive(Debug)]
pub struct ColumnBuilder {
    cells: Cells,
    text: Vec<u8>,
}

impl ColumnBuilder {
    /// A builder of a column of that type.
    #[must_use]
    pub fn new(data_type: &DataType) -> Self {
        Self { cells: Cells::new(data_type), text: Vec::new() }
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
