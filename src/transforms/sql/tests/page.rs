//! The examples of `docs/sql.md`, each run over the row that the page gives.

use super::{run, table, value};
use crate::table::Batch;

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sql.md"));

/// The cells of a table's line; code without its backticks.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.strip_prefix('|')?.strip_suffix('|')?.replace("\\|", "\u{0}");
    Some(inner.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect())
}

fn code(cell: &str) -> String {
    let ticks = cell.len() - cell.trim_start_matches('`').len();
    let fence = "`".repeat(ticks);
    let inner = cell.strip_prefix(&fence).and_then(|cell| cell.strip_suffix(&fence)).unwrap_or(cell);
    if ticks > 1 { inner.trim().to_owned() } else { inner.to_owned() }
}

/// The lines of all tables with this head.
fn lines(head: &[&str]) -> Vec<Vec<String>> {
    let (mut found, mut inside) = (Vec::new(), false);
    for line in PAGE.lines() {
        match cells(line) {
            None => inside = false,
            Some(cells) if cells == head => inside = true,
            Some(cells) if inside && !cells[0].starts_with("--") => found.push(cells),
            Some(_) => {}
        }
    }
    found
}

fn row() -> Batch {
    let columns: Vec<(String, String, String)> = lines(&["column", "type", "value"])
        .iter()
        .map(|cells| (code(&cells[0]), code(&cells[1]), format!("[{}]", code(&cells[2]))))
        .collect();
    let columns: Vec<(&str, &str, &str)> =
        columns.iter().map(|(name, of_type, value)| (&**name, &**of_type, &**value)).collect();
    table(&columns)
}

#[test]
fn every_expression_is_what_the_page_says() {
    let (row, cases) = (row(), lines(&["expression", "type", "value"]));
    assert!(cases.len() > 80, "{} examples", cases.len());
    let wrong = cases.iter().filter_map(|cells| {
        let wanted = format!("{} {}", cells[1], code(&cells[2]));
        let found = value(&code(&cells[0]), &row).map(|(of_type, shown)| format!("{of_type} {shown}"));
        (found.as_ref() != Ok(&wanted)).then(|| format!("{}: {found:?} instead of {wanted}", cells[0]))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_error_says_what_the_page_says() {
    let (row, cases) = (row(), lines(&["expression", "what is said"]));
    assert!(cases.len() > 10, "{} examples", cases.len());
    for cells in cases {
        let expression = code(&cells[0]);
        let problem = value(&expression, &row).expect_err(&expression);
        assert!(problem.contains(&cells[1]), "{expression}: {problem}");
    }
}

#[test]
fn every_query_gives_the_rows_of_the_page() {
    let (row, cases) = (row(), lines(&["query", "rows"]));
    assert!(cases.len() > 5, "{} examples", cases.len());
    for cells in cases {
        let query = code(&cells[0]);
        let (_, rows) = run(&query, &row).unwrap_or_else(|e| panic!("{query}: {e}"));
        let rows: Vec<String> = rows.iter().map(|row| format!("`{row}`")).collect();
        assert_eq!(rows.join(" "), cells[1], "{query}");
    }
}
