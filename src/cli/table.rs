//! Rows and columns: aligned for people, tabs between for programs.

use super::say;
use std::io::IsTerminal;
use unicode_width::UnicodeWidthStr;

/// A table; its cells hold no control characters.
pub(super) struct Table {
    header: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty one.
    pub(super) fn new(header: &'static [&'static str]) -> Self {
        Self { header, rows: Vec::new() }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| clean(&cell)).collect());
    }

    /// Aligned with its header on a terminal, plain without it in a pipe.
    pub(super) fn print(&self) {
        if std::io::stdout().is_terminal() {
            say(&self.aligned(false));
        } else if !self.rows.is_empty() {
            say(&self.plain());
        }
    }

    /// Columns with two blanks between, under a header; with a line of dashes under it, if wanted.
    pub(super) fn aligned(&self, dashes: bool) -> String {
        let header: Vec<String> = self.header.iter().map(|name| (*name).to_owned()).collect();
        let width_of = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            cells.map(|cell| cell.width()).chain([header[at].width()]).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..header.len()).map(width_of).collect();
        let line = |cells: &[String]| {
            let padded = cells
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width()))));
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        let mut lines = vec![line(&header)];
        lines.extend(dashes.then(|| line(&rule)));
        lines.extend(self.rows.iter().map(|row| line(row)));
        lines.join("\n")
    }

    fn plain(&self) -> String {
        self.rows.iter().map(|row| row.join("\t")).collect::<Vec<_>>().join("\n")
    }
}

/// A name that somebody else gave must not end a line or move the cursor.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_look() {
        let mut table = Table::new(&["ID", "NAME", "X"]);
        table.row(["1".to_owned(), "同步".to_owned(), "a".to_owned()]);
        table.row(["22".to_owned(), "b\x1b[1m\n".to_owned(), String::new()]);
        assert_eq!(table.aligned(false), "ID  NAME    X\n1   同步    a\n22  b?[1m?");
        assert_eq!(table.aligned(true).lines().nth(1), Some("--  ------  -"));
        assert_eq!(table.plain(), "1\t同步\ta\n22\tb?[1m?\t");
    }
}
