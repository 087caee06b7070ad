//! JSON lines → rows.

use super::cells::Numbers;
use super::lexer::{Lexer, Token, unescape};
use crate::format::lines::{MAX_BATCH_BYTES, Progress, Table, next_line};
use crate::format::text::slots;
use crate::format::{Decoded, Decoder, FormatError};
use crate::table::{Column, DataType};

/// How JSON files are read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// The columns wanted, by index, in the wanted order; all when absent.
    pub projection: Option<Vec<usize>>,
}

/// A decoder of files with one JSON value per line; `columns` are those of the file.
///
/// # Errors
/// A projection to a column that is not there.
pub fn decoder(columns: &[Column], options: &ReadOptions) -> Result<Box<dyn Decoder>, String> {
    let slots = slots(columns.len(), options.projection.as_deref())?;
    let decimals = columns.iter().any(|c| has_decimal(&c.data_type));
    Ok(Box::new(JsonDecoder {
        table: Table::new(slots.iter().map(|index| &columns[*index])),
        names: columns.iter().map(|c| c.name.clone().into_bytes()).collect(),
        slots,
        numbers: if decimals { Numbers::Decimals } else { Numbers::Doubles },
        progress: Progress::new(0),
        name: Vec::new(),
    }))
}

fn has_decimal(data_type: &DataType) -> bool {
    match data_type {
        DataType::Decimal(..) => true,
        DataType::Array(element) => has_decimal(element),
        DataType::Map(key, value) => has_decimal(key) || has_decimal(value),
        DataType::Row(fields) => fields.iter().any(|f| has_decimal(&f.data_type)),
        _ => false,
    }
}

struct JsonDecoder {
    table: Table,
    /// Of all columns of the file.
    names: Vec<Vec<u8>>,
    /// For every column of the output, its index in the file.
    slots: Vec<usize>,
    numbers: Numbers,
    progress: Progress,
    /// A key without its escapes.
    name: Vec<u8>,
}

impl Decoder for JsonDecoder {
    fn decode(&mut self, bytes: &[u8], last: bool, max_rows: usize) -> Result<Decoded, FormatError> {
        let (mut at, ready) = self.progress.lead(bytes, last);
        let mut values = vec![Token::Null; self.names.len()];
        while ready && self.table.rows < max_rows && at < MAX_BATCH_BYTES {
            let Some((end, next)) = next_line(bytes, at, last) else {
                self.progress.check_length(bytes.len() - at)?;
                break;
            };
            self.progress.check_length(end - at)?;
            self.progress.lines += 1;
            let line = self.progress.lines;
            if self.read_line(&bytes[at..end], &mut values).map_err(|e| FormatError::new(e).line(line))? {
                self.push_row(&values, line)?;
            }
            at = next;
        }
        Ok(Decoded { rows: self.table.finish()?, used: self.progress.used(at) })
    }

    fn state(&self) -> Vec<u8> {
        self.progress.state()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), FormatError> {
        self.progress.restore(state)
    }
}

impl JsonDecoder {
    /// Puts the values of a line's columns into `values`; no row: a blank line, or `null`. What follows the first
    /// value does not count.
    fn read_line<'a>(&mut self, line: &'a [u8], values: &mut [Token<'a>]) -> Result<bool, String> {
        values.fill(Token::Null);
        let mut lexer = Lexer::new(line);
        match lexer.peek() {
            None => return Ok(false),
            Some(b'{') => {
                let (names, name) = (&self.names, &mut self.name);
                // most files have their keys in the order of the columns
                let mut expected = 0;
                lexer.object_with(0, &mut |(raw, escaped), value| {
                    let key = if escaped {
                        name.clear();
                        unescape(raw, name);
                        name.as_slice()
                    } else {
                        raw
                    };
                    let found = match names.get(expected) {
                        Some(next) if next == key => Some(expected),
                        _ => names.iter().position(|n| n == key),
                    };
                    if let Some(index) = found {
                        values[index] = value;
                        expected = index + 1;
                    }
                    Ok(())
                })?;
            }
            Some(_) => match lexer.value()? {
                Token::Null => return Ok(false),
                Token::Array(span) => {
                    let mut slots = values.iter_mut();
                    Lexer::elements(span, |value| {
                        if let Some(slot) = slots.next() {
                            *slot = value;
                        }
                        Ok(())
                    })?;
                }
                _ => {}
            },
        }
        Ok(true)
    }

    fn push_row(&mut self, values: &[Token<'_>], line: u64) -> Result<(), FormatError> {
        for (column, slot) in self.slots.iter().enumerate() {
            if let Err(message) = self.table.cells[column].push_json(values[*slot], self.numbers) {
                return Err(self.table.error(column, line, message));
            }
        }
        self.table.rows += 1;
        Ok(())
    }
}
