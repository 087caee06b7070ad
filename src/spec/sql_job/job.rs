//! Statements → the HOCON of a job.
//!
//! All `CREATE TABLE … WITH` come first, wherever they stand; then queries and inserts in the order of the text. Each
//! insert makes a sink of its own.

use super::SqlError;
use super::lines::{Joined, parts};
use super::statement::{Name, Setting, Statement, read};
use super::translation::{Piece, Translation};
use crate::model::nearest;
use indexmap::IndexMap;
use std::ops::Range;

/// What a table's name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Source,
    /// Index of the statement that declares it.
    Sink(usize),
    View,
}

/// A block of the job: its plug-in, options of a statement, and what is added to them.
struct Block<'t> {
    plugin: &'t str,
    options: &'t [Entry<'t>],
    /// Key and value, each for the byte of the user's text that it stands for.
    added: Vec<(&'static str, String, usize)>,
    query: Option<Piece<'t>>,
    at: usize,
}

struct Entry<'t> {
    key: Piece<'t>,
    value: Piece<'t>,
}

/// The options of a `CREATE TABLE … WITH`.
struct Declared<'t> {
    connector: String,
    options: Vec<Entry<'t>>,
    at: usize,
}

/// The HOCON of a text.
///
/// # Errors
/// The first thing that is wrong.
pub fn translate(text: &str) -> Result<Translation, SqlError> {
    let parts = parts(text)?;
    let mut read_statements = Vec::with_capacity(parts.statements.len());
    for joined in &parts.statements {
        let statement = read(&joined.text).map_err(|(at, message)| (joined.copied.original(at), message))?;
        read_statements.push((joined, statement));
    }
    let mut tables: IndexMap<&str, Table> = IndexMap::new();
    let mut declared: Vec<Option<Declared<'_>>> = Vec::with_capacity(read_statements.len());
    for (index, (joined, statement)) in read_statements.iter().enumerate() {
        let Statement::Table { name, options } = statement else {
            declared.push(None);
            continue;
        };
        let (role, found) = declare(joined, name, options)?;
        let table = if role == "source" { Table::Source } else { Table::Sink(index) };
        add_table(&mut tables, joined, name, table)?;
        declared.push(Some(found));
    }
    let mut blocks = Blocks::default();
    for (index, (joined, statement)) in read_statements.iter().enumerate() {
        let at = |name: &Name| joined.copied.original(name.at);
        match statement {
            Statement::Table { name, .. } => {
                if let (Some(Table::Source), Some(found)) = (tables.get(name.text.as_str()), &declared[index])
                {
                    let output = ("plugin_output", name.text.clone(), at(name));
                    blocks.sources.push(found.block(vec![output]));
                }
            }
            Statement::View { name, input, query } => {
                find(&tables, joined, input)?;
                add_table(&mut tables, joined, name, Table::View)?;
                blocks.transforms.push(transform(joined, input, &name.text, query));
            }
            Statement::Insert { name, input, query } => {
                find(&tables, joined, input)?;
                let sink = match tables.get(name.text.as_str()) {
                    Some(Table::Sink(sink)) => declared[*sink].as_ref(),
                    _ => None,
                };
                let Some(sink) = sink else {
                    let sinks = tables.iter().filter(|(_, table)| matches!(table, Table::Sink(_)));
                    let hint = hint(&name.text, sinks.map(|(name, _)| *name));
                    return Err((at(name), format!("The sink table[{}] is not found{hint}", name.text)));
                };
                let output = match query {
                    Some(query) => {
                        blocks.queries += 1;
                        let output = format!("{}__temp{}", input.text, blocks.queries);
                        blocks.transforms.push(transform(joined, input, &output, query));
                        output
                    }
                    None => input.text.clone(),
                };
                blocks.sinks.push(sink.block(vec![("plugin_input", output, at(name))]));
            }
        }
    }
    let end = text.trim_end().len();
    if blocks.sources.is_empty() {
        return Err((end, "The SQL config must contain at least one source table".into()));
    }
    if blocks.sinks.is_empty() {
        return Err((end, "The SQL config must contain `INSERT INTO ... SELECT ...` syntax".into()));
    }
    Ok(blocks.write(&parts.configs))
}

/// A statement's table: its role and its options.
fn declare<'t>(
    joined: &'t Joined,
    name: &Name,
    options: &[Setting],
) -> Result<(&'static str, Declared<'t>), SqlError> {
    let at = joined.copied.original(name.at);
    let piece = |range: &Range<usize>| Piece {
        text: &joined.text,
        copied: &joined.copied,
        start: range.start,
        end: range.end,
    };
    let (mut connector, mut role, mut entries) = (None, None, Vec::new());
    for (key, value) in options {
        let (key, value) = (piece(key), piece(value));
        match key.unquoted().trim().to_ascii_lowercase().as_str() {
            "" => return Err((key.at(), "an option needs a name".into())),
            "connector" => connector = Some(value.unquoted()).filter(|name| !name.trim().is_empty()),
            "type" => role = Some(value),
            // Wiring is by the names of tables.
            "plugin_output" | "result_table_name" | "plugin_input" | "source_table_name" => {}
            _ => entries.push(Entry { key, value }),
        }
    }
    let role = match role {
        None => {
            return Err((at, format!("table {}: 'type' is missing; allowed: source, sink", name.text)));
        }
        Some(given) => match given.unquoted().trim().to_ascii_lowercase().as_str() {
            "source" => "source",
            "sink" => "sink",
            other => {
                let message = format!("type: \"{other}\" is not allowed here; allowed: source, sink");
                return Err((given.at(), message));
            }
        },
    };
    let connector = connector.ok_or_else(|| (at, "The connector of option is none".to_owned()))?;
    Ok((role, Declared { connector: connector.trim().to_owned(), options: entries, at }))
}

impl Declared<'_> {
    fn block(&self, added: Vec<(&'static str, String, usize)>) -> Block<'_> {
        Block { plugin: &self.connector, options: &self.options, added, query: None, at: self.at }
    }
}

fn transform<'t>(joined: &'t Joined, input: &Name, output: &str, query: &Range<usize>) -> Block<'t> {
    let at = joined.copied.original(query.start);
    let input_at = joined.copied.original(input.at);
    let query = Piece { text: &joined.text, copied: &joined.copied, start: query.start, end: query.end };
    let wiring =
        vec![("plugin_input", input.text.clone(), input_at), ("plugin_output", output.to_owned(), at)];
    Block { plugin: "sql", options: &[], added: wiring, query: Some(query), at }
}

fn add_table<'t>(
    tables: &mut IndexMap<&'t str, Table>,
    joined: &Joined,
    name: &'t Name,
    table: Table,
) -> Result<(), SqlError> {
    match tables.insert(&name.text, table) {
        Some(_) => Err((joined.copied.original(name.at), format!("Table name duplicate: {}", name.text))),
        None => Ok(()),
    }
}

/// Whether there is a table of that name that rows can be taken from.
fn find(tables: &IndexMap<&str, Table>, joined: &Joined, name: &Name) -> Result<(), SqlError> {
    let gives = |table: &Table| !matches!(table, Table::Sink(_));
    if tables.get(name.text.as_str()).is_some_and(gives) {
        return Ok(());
    }
    let known = tables.iter().filter(|(_, table)| gives(table)).map(|(name, _)| *name);
    let message = format!("The source table[{}] is not found{}", name.text, hint(&name.text, known));
    Err((joined.copied.original(name.at), message))
}

fn hint<'t>(given: &str, known: impl Iterator<Item = &'t str>) -> String {
    nearest(given, known).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default()
}

/// The blocks of a job.
#[derive(Default)]
struct Blocks<'t> {
    sources: Vec<Block<'t>>,
    transforms: Vec<Block<'t>>,
    sinks: Vec<Block<'t>>,
    /// Queries of inserts so far.
    queries: usize,
}

impl Blocks<'_> {
    fn write(&self, configs: &[Joined]) -> Translation {
        let mut out = Translation::default();
        for config in configs {
            let whole =
                Piece { text: &config.text, copied: &config.copied, start: 0, end: config.text.len() };
            out.verbatim(&whole);
            out.put("\n", whole.at());
        }
        for (role, blocks) in
            [("source", &self.sources), ("transform", &self.transforms), ("sink", &self.sinks)]
        {
            let at = blocks.first().map_or(0, |block| block.at);
            out.put(role, at);
            out.put(" {\n", at);
            blocks.iter().for_each(|block| block.write(&mut out));
            out.put("}\n", at);
        }
        out
    }
}

impl Block<'_> {
    fn write(&self, out: &mut Translation) {
        out.quoted(self.plugin, self.at);
        out.put(" {\n", self.at);
        for Entry { key, value } in self.options {
            out.key(key);
            out.put(" = ", key.at());
            let text = value.as_str().trim();
            let is_hocon = [('{', '}'), ('[', ']')]
                .iter()
                .any(|(open, close)| text.len() > 1 && text.starts_with(*open) && text.ends_with(*close));
            if is_hocon {
                out.hocon(value)
            } else {
                out.value(value)
            }
            out.put("\n", value.at());
        }
        if let Some(query) = &self.query {
            out.put("query = ", query.at());
            out.text(query);
            out.put("\n", query.at());
        }
        for (key, value, at) in &self.added {
            out.put(key, *at);
            out.put(" = ", *at);
            out.quoted(value, *at);
            out.put("\n", *at);
        }
        out.put("}\n", self.at);
    }
}
