//! Lines of text → rows.

use crate::format::delimiter::Delimiter;
use crate::format::lines::{MAX_BATCH_BYTES, Progress, Table, next_line};
use crate::format::value::MAX_LEVEL;
use crate::format::{Decoded, Decoder, FormatError};
use crate::table::{Column, DataType};

/// How text files are read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// What parts the columns: a Java regular expression.
    pub delimiter: String,
    /// Lines to skip at the beginning.
    pub skip_header: u64,
    /// The columns wanted, by index, in the wanted order; all when absent.
    pub projection: Option<Vec<usize>>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { delimiter: "\u{1}".into(), skip_header: 0, projection: None }
    }
}

/// A decoder of text files with those columns, in order.
///
/// # Errors
/// A delimiter that is no regular expression; types nested deeper than separators reach.
pub fn decoder(columns: &[Column], options: &ReadOptions) -> Result<Box<dyn Decoder>, String> {
    check_levels(columns)?;
    let slots = slots(columns.len(), options.projection.as_deref())?;
    let table = Table::new(slots.iter().map(|index| &columns[*index]));
    Ok(Box::new(TextDecoder {
        delimiter: Delimiter::parse(&options.delimiter)?,
        table,
        slots,
        progress: Progress::new(options.skip_header),
        cuts: Vec::new(),
    }))
}

/// For every column of the output, its index in the file.
pub(in crate::format) fn slots(columns: usize, projection: Option<&[usize]>) -> Result<Vec<usize>, String> {
    let slots: Vec<usize> = projection.map_or_else(|| (0..columns).collect(), <[usize]>::to_vec);
    match slots.iter().find(|index| **index >= columns) {
        Some(index) => Err(format!("there is no column {index}; the file has {columns}")),
        None => Ok(slots),
    }
}

/// Refuses types whose parts would need a separator beyond U+0008.
pub(in crate::format) fn check_levels(columns: &[Column]) -> Result<(), String> {
    fn depth(data_type: &DataType) -> usize {
        match data_type {
            DataType::Array(element) => 1 + depth(element),
            DataType::Map(_, value) => (1 + depth(value)).max(2),
            DataType::Row(fields) => 1 + fields.iter().map(|f| depth(&f.data_type)).max().unwrap_or(0),
            _ => 0,
        }
    }
    match columns.iter().find(|c| depth(&c.data_type) > MAX_LEVEL) {
        Some(column) => Err(format!(
            "column \"{}\": its type nests deeper than the {MAX_LEVEL} levels that text has separators for",
            column.name
        )),
        None => Ok(()),
    }
}

struct TextDecoder {
    delimiter: Delimiter,
    table: Table,
    slots: Vec<usize>,
    progress: Progress,
    /// Start and end of the cells of the line at hand.
    cuts: Vec<(usize, usize)>,
}

impl Decoder for TextDecoder {
    fn decode(&mut self, bytes: &[u8], last: bool, max_rows: usize) -> Result<Decoded, FormatError> {
        let (mut at, ready) = self.progress.lead(bytes, last);
        while ready && self.table.rows < max_rows && at < MAX_BATCH_BYTES {
            let Some((end, next)) = next_line(bytes, at, last) else {
                self.progress.check_length(bytes.len() - at)?;
                break;
            };
            self.progress.check_length(end - at)?;
            self.progress.lines += 1;
            let line = &bytes[at..end];
            if self.delimiter.is_pattern() {
                self.push_line(String::from_utf8_lossy(line).as_bytes())?;
            } else {
                self.push_line(line)?;
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

impl TextDecoder {
    fn push_line(&mut self, line: &[u8]) -> Result<(), FormatError> {
        if line.is_empty() {
            return Ok(());
        }
        let number = self.progress.lines;
        self.delimiter.split(line, &mut self.cuts).map_err(|e| e.line(number))?;
        for (column, slot) in self.slots.iter().enumerate() {
            let cells = &mut self.table.cells[column];
            match self.cuts.get(*slot) {
                Some((start, end)) => {
                    if let Err(message) = cells.push_text(&line[*start..*end], 0) {
                        return Err(self.table.error(column, number, message));
                    }
                }
                None => cells.push_null(),
            }
        }
        self.table.rows += 1;
        Ok(())
    }
}
