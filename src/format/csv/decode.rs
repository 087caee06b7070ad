//! Records of csv → rows.

use crate::format::lines::{Line, MAX_BATCH_BYTES, Progress, Table, next_line, next_unquoted_line};
use crate::format::text::{check_levels, slots};
use crate::format::{Decoded, Decoder, FormatError};
use crate::table::Column;
use memchr::{memchr, memchr_iter, memchr3};

/// How csv files are read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// What parts the columns; only its first character counts.
    pub delimiter: String,
    /// Lines to skip at the beginning.
    pub skip_header: u64,
    /// The columns wanted, by index, in the wanted order; all when absent.
    pub projection: Option<Vec<usize>>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { delimiter: ",".into(), skip_header: 0, projection: None }
    }
}

/// A decoder of csv files with those columns, in order.
///
/// # Errors
/// A delimiter that is empty, a quote or a line break; types nested deeper than separators reach.
pub fn decoder(columns: &[Column], options: &ReadOptions) -> Result<Box<dyn Decoder>, String> {
    check_levels(columns)?;
    let delimiter = match options.delimiter.chars().next() {
        None => return Err("the delimiter is empty".into()),
        Some('"') => return Err("the delimiter can't be the quote (\")".into()),
        Some('\n' | '\r') => return Err("the delimiter can't be a line break".into()),
        Some(c) => c.to_string().into_bytes(),
    };
    let slots = slots(columns.len(), options.projection.as_deref())?;
    Ok(Box::new(CsvDecoder {
        table: Table::new(slots.iter().map(|index| &columns[*index])),
        delimiter,
        slots,
        progress: Progress::new(options.skip_header),
        cuts: Vec::new(),
        unquoted: Vec::new(),
    }))
}

struct CsvDecoder {
    delimiter: Vec<u8>,
    table: Table,
    slots: Vec<usize>,
    progress: Progress,
    /// The cells of the record at hand.
    cuts: Vec<Cut>,
    /// The cells that had doubled quotes, without them.
    unquoted: Vec<u8>,
}

/// Where the text of a cell stands.
#[derive(Clone, Copy)]
enum Cut {
    Line(usize, usize),
    Unquoted(usize, usize),
}

impl Decoder for CsvDecoder {
    fn decode(&mut self, bytes: &[u8], last: bool, max_rows: usize) -> Result<Decoded, FormatError> {
        let (mut at, ready) = self.progress.lead(bytes, last);
        while ready && self.table.rows < max_rows && at < MAX_BATCH_BYTES {
            match next_unquoted_line(bytes, at, last) {
                Line::Plain(end, next) => {
                    self.progress.check_length(end - at)?;
                    let line = &bytes[at..end];
                    self.progress.lines += 1;
                    at = next;
                    if !line.is_empty() {
                        self.cut_plain(line);
                        self.push(line, self.progress.lines)?;
                    }
                    continue;
                }
                Line::Cut => {
                    self.progress.check_length(bytes.len() - at)?;
                    break;
                }
                Line::Quoted => {}
            }
            let Some(record) = self.cut_quoted(&bytes[at..], last)? else {
                self.progress.check_length(bytes.len() - at)?;
                break;
            };
            let first = self.progress.lines + 1;
            self.progress.lines += record.lines;
            self.push(&bytes[at..], first)?;
            at += record.length;
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

/// A record that was cut into cells.
struct Record {
    /// With its line end.
    length: usize,
    /// Lines it stands on.
    lines: u64,
}

impl CsvDecoder {
    /// Cuts a line without any quote.
    fn cut_plain(&mut self, line: &[u8]) {
        self.cuts.clear();
        let mut start = 0;
        match *self.delimiter.as_slice() {
            [byte] => {
                for at in memchr_iter(byte, line) {
                    self.cuts.push(Cut::Line(start, at));
                    start = at + 1;
                }
            }
            _ => {
                for at in memchr::memmem::find_iter(line, &self.delimiter) {
                    self.cuts.push(Cut::Line(start, at));
                    start = at + self.delimiter.len();
                }
            }
        }
        self.cuts.push(Cut::Line(start, line.len()));
    }

    /// Cuts the record that begins at the front; `None`: its end is not there yet.
    fn cut_quoted(&mut self, bytes: &[u8], last: bool) -> Result<Option<Record>, FormatError> {
        self.cuts.clear();
        self.unquoted.clear();
        let mut at = 0;
        let mut lines = 1;
        loop {
            // at the beginning of a cell
            if bytes.get(at) == Some(&b'"') {
                let start = at + 1;
                let Some((end, doubled)) = closing_quote(bytes, start, last) else {
                    if !last {
                        return Ok(None);
                    }
                    return Err(self.broken("a quote is opened and never closed"));
                };
                lines += line_breaks(&bytes[start..end]);
                self.cuts.push(if doubled {
                    let from = self.unquoted.len();
                    push_undoubled(&bytes[start..end], &mut self.unquoted);
                    Cut::Unquoted(from, self.unquoted.len())
                } else {
                    Cut::Line(start, end)
                });
                at = end + 1;
                // blanks behind the closing quote are dropped
                loop {
                    match bytes.get(at) {
                        _ if bytes[at..].starts_with(&self.delimiter) => break,
                        Some(b' ' | b'\t' | 0x0B | 0x0C | 0x1C..=0x1F) => at += 1,
                        Some(b'\n' | b'\r') | None => break,
                        Some(_) if !last && bytes.len() - at < self.delimiter.len() => return Ok(None),
                        Some(_) => {
                            self.cuts.pop();
                            return Err(self.broken("text follows a closing quote"));
                        }
                    }
                }
            } else {
                let start = at;
                at = self.end_of_plain(bytes, start);
                self.cuts.push(Cut::Line(start, at));
            }
            if bytes[at..].starts_with(&self.delimiter) {
                at += self.delimiter.len();
                continue;
            }
            if at == bytes.len() {
                return Ok(last.then_some(Record { length: at, lines }));
            }
            return Ok(next_line(bytes, at, last).map(|(_, next)| Record { length: next, lines }));
        }
    }

    /// Where a cell without quotes ends: at a delimiter, a line break or the end.
    fn end_of_plain(&self, bytes: &[u8], start: usize) -> usize {
        let mut at = start;
        loop {
            match memchr3(b'\n', b'\r', self.delimiter[0], &bytes[at..]) {
                None => return bytes.len(),
                Some(found) => {
                    at += found;
                    let is_break = matches!(bytes[at], b'\n' | b'\r');
                    if is_break || bytes[at..].starts_with(&self.delimiter) {
                        return at;
                    }
                    at += 1;
                }
            }
        }
    }

    /// Of the cell behind those that were cut. Nothing of it is shown: where it ends is not known.
    fn broken(&self, what: &str) -> FormatError {
        let (cell, line) = (self.cuts.len(), self.progress.lines + 1);
        let error = FormatError::new(format!("broken quotes: {what} in cell {} of the row", cell + 1));
        let column = self.slots.iter().position(|slot| *slot == cell);
        match column.and_then(|column| self.table.names.get(column)) {
            Some(name) => error.line(line).column(name),
            None => error.line(line),
        }
    }

    fn push(&mut self, record: &[u8], line: u64) -> Result<(), FormatError> {
        for (column, slot) in self.slots.iter().enumerate() {
            let cells = &mut self.table.cells[column];
            let text = match self.cuts.get(*slot) {
                Some(Cut::Line(start, end)) => &record[*start..*end],
                Some(Cut::Unquoted(start, end)) => &self.unquoted[*start..*end],
                None => {
                    cells.push_null();
                    continue;
                }
            };
            if let Err(message) = cells.push_text(text, 0) {
                return Err(self.table.error(column, line, message));
            }
        }
        self.table.rows += 1;
        Ok(())
    }
}

/// Where the quote stands that closes the cell whose text begins at `start`, and whether there are doubled quotes
/// before it. `None`: not there yet; a quote at the very end might be the first of two.
fn closing_quote(bytes: &[u8], start: usize, last: bool) -> Option<(usize, bool)> {
    let mut at = start;
    let mut doubled = false;
    loop {
        at += memchr(b'"', &bytes[at..])?;
        match bytes.get(at + 1) {
            Some(b'"') => {
                doubled = true;
                at += 2;
            }
            None if !last => return None,
            _ => return Some((at, doubled)),
        }
    }
}

fn push_undoubled(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=at]);
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// Line ends in a text: `\n`, `\r\n`, `\r`.
fn line_breaks(text: &[u8]) -> u64 {
    let mut count = 0;
    let mut at = 0;
    while let Some((end, next)) = next_line(text, at, true) {
        count += u64::from(next > end);
        at = next;
    }
    count
}
