//! The tables on every edge of a job, from its sources through its transforms.

use super::validate::{ValidJob, ValidTransform};
use super::wiring::Giver;
use crate::model::{Problem, Problems};
use crate::table::CatalogTable;
use std::collections::HashSet;
use std::sync::Arc;

/// The rows that a source or a transform gives.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    /// Every table whose rows are in it.
    pub tables: Vec<Arc<CatalogTable>>,
    /// Several tables were united on the way: takers see them as the first alone.
    pub united: bool,
    /// Parallel instances.
    pub parallelism: usize,
}

impl Flow {
    /// The tables as takers see them.
    pub fn seen(&self) -> &[Arc<CatalogTable>] {
        if self.united { &self.tables[..self.tables.len().min(1)] } else { &self.tables }
    }
}

/// What a transform makes of each table that can reach it.
pub(super) type Mapping = Vec<(Arc<CatalogTable>, Vec<Arc<CatalogTable>>)>;

/// The rows on all edges.
#[derive(Default)]
pub(super) struct Flows {
    /// Per source.
    pub sources: Vec<Flow>,
    /// Per transform.
    pub transforms: Vec<Flow>,
    /// Per transform: its tables.
    pub mappings: Vec<Mapping>,
    /// Per sink: what it takes.
    pub sinks: Vec<Flow>,
}

/// Follows the tables through the job. `None` after noting every problem that is not merely another one's
/// consequence.
pub(super) fn flows(
    job: &ValidJob<'_>,
    tables: Vec<Vec<Arc<CatalogTable>>>,
    problems: &Problems,
) -> Option<Flows> {
    let before = problems.error_count();
    let sources = job.sources.iter().zip(tables);
    let mut flows = Flows {
        sources: sources
            .map(|(source, tables)| Flow { tables, united: false, parallelism: source.parallelism })
            .collect(),
        transforms: vec![Flow::default(); job.transforms.len()],
        mappings: vec![Mapping::default(); job.transforms.len()],
        sinks: Vec::new(),
    };
    // `None`: broken further up, and said there.
    let mut broken: HashSet<usize> = HashSet::new();
    for turn in &job.wiring.order {
        let transform = &job.transforms[turn.transform];
        let feeds = &job.wiring.transforms[turn.transform];
        let place = Place { path: &transform.path, key: transform.input_key };
        let mapped = unite(feeds, &flows, &broken, &place, problems)
            .and_then(|input| map(transform, &input, problems).map(|mapping| (input, mapping)));
        let Some((input, mapping)) = mapped else {
            broken.insert(turn.transform);
            continue;
        };
        let tables = unique(mapping.iter().flat_map(|(_, made)| made.iter().cloned()));
        flows.transforms[turn.transform] = Flow {
            united: input.united && tables.len() > 1,
            tables,
            parallelism: transform.parallelism.unwrap_or(input.parallelism),
        };
        let ids = feeds.iter().filter_map(|feed| id_of(job, *feed));
        warn_of_oddities(transform, &ids.collect::<Vec<_>>(), &input, problems);
        flows.mappings[turn.transform] = mapping;
    }
    for (sink, feeds) in job.sinks.iter().zip(&job.wiring.sinks) {
        let place = Place { path: &sink.block.path, key: sink.input_key };
        let Some(flow) = unite(feeds, &flows, &broken, &place, problems) else {
            continue;
        };
        if flow.tables.is_empty() {
            place.error("no table reaches this sink: its transforms drop them all", problems);
        }
        flows.sinks.push(flow);
    }
    (problems.error_count() == before).then_some(flows)
}

fn id_of<'j>(job: &'j ValidJob<'_>, giver: Giver) -> Option<&'j str> {
    match giver {
        Giver::Source(index) => job.sources[index].output.as_deref(),
        Giver::Transform(index) => job.transforms[index].output.as_deref(),
    }
}

/// What a transform finds odd about the tables that come.
fn warn_of_oddities(transform: &ValidTransform, ids: &[&str], input: &Flow, problems: &Problems) {
    let tables: Vec<&CatalogTable> = input.tables.iter().map(Arc::as_ref).collect();
    let odd: indexmap::IndexSet<String> = transform.def.oddities(ids, &tables).into_iter().collect();
    odd.iter().for_each(|message| problems.warning(placed(transform, message)));
}

/// Where a problem of a taker's input is noted.
struct Place<'a> {
    path: &'a str,
    key: &'a str,
}

impl Place<'_> {
    fn error(&self, message: impl Into<String>, problems: &Problems) {
        problems.error(Problem::new(format!("{}.{}", self.path, self.key), message));
    }
}

/// What several givers together give. A union takes one table of each, all with the same columns.
fn unite(
    feeds: &[Giver],
    flows: &Flows,
    broken: &HashSet<usize>,
    place: &Place<'_>,
    problems: &Problems,
) -> Option<Flow> {
    let is_broken = |giver: &Giver| match giver {
        Giver::Source(_) => false,
        Giver::Transform(index) => broken.contains(index),
    };
    if feeds.iter().any(is_broken) {
        return None;
    }
    let given = |giver: &Giver| match giver {
        Giver::Source(index) => &flows.sources[*index],
        Giver::Transform(index) => &flows.transforms[*index],
    };
    let [first, others @ ..] = feeds else {
        return None;
    };
    let first = given(first);
    if others.is_empty() {
        return Some(first.clone());
    }
    let before = problems.error_count();
    for flow in feeds.iter().map(given) {
        if flow.seen().len() != 1 {
            let names: Vec<String> = flow.seen().iter().map(|table| table.path.to_string()).collect();
            let message = "only inputs of one table each can be united";
            place
                .error(format!("{message}; one of them has {}: {}", names.len(), names.join(", ")), problems);
        }
    }
    if problems.error_count() > before {
        return None;
    }
    for other in others.iter().map(given) {
        if let ([one], [two]) = (first.seen(), other.seen())
            && !same_columns(one, two)
        {
            let message = "only inputs with the same columns can be united";
            place.error(format!("{message}, but {} and {}", columns_of(one), columns_of(two)), problems);
        }
    }
    let tables = unique(feeds.iter().map(given).flat_map(|flow| flow.tables.iter().cloned()));
    let united = tables.len() > 1;
    (problems.error_count() == before).then_some(Flow { tables, united, parallelism: first.parallelism })
}

fn same_columns(one: &CatalogTable, two: &CatalogTable) -> bool {
    let columns = |table: &CatalogTable| -> Vec<_> {
        table.columns.iter().map(|column| (column.name.clone(), column.data_type.clone())).collect()
    };
    columns(one) == columns(two)
}

fn columns_of(table: &CatalogTable) -> String {
    let columns: Vec<String> =
        table.columns.iter().map(|column| format!("{} {}", column.name, column.data_type)).collect();
    format!("\"{}\" has ({})", table.path, columns.join(", "))
}

/// Tables with different paths; of the same path (whose columns are the same) the first.
fn unique(tables: impl Iterator<Item = Arc<CatalogTable>>) -> Vec<Arc<CatalogTable>> {
    let mut seen = HashSet::new();
    tables.filter(|table| seen.insert(table.path.clone())).collect()
}

/// What a transform makes of each table. Its messages name the option: `replace_field: …`.
fn map(transform: &ValidTransform, input: &Flow, problems: &Problems) -> Option<Mapping> {
    let mut messages = indexmap::IndexSet::new();
    let mut mapping = Mapping::new();
    for table in &input.tables {
        match transform.def.schema(table) {
            Ok(made) => mapping.push((Arc::clone(table), made.into_iter().map(Arc::new).collect())),
            Err(of_table) if input.seen().len() > 1 => {
                messages.extend(of_table.into_iter().map(|m| format!("{m} (table \"{}\")", table.path)));
            }
            Err(of_table) => messages.extend(of_table),
        }
    }
    messages.extend(clashes(&mapping));
    if input.united && mapping.iter().any(|(_, made)| made.len() > 1) {
        messages.insert(
            "can't make several tables of united inputs; merge them with TableMerge before it".into(),
        );
    }
    messages.iter().for_each(|message| problems.error(placed(transform, message)));
    messages.is_empty().then_some(mapping)
}

/// A message of a transform, at the option that it begins with.
fn placed(transform: &ValidTransform, message: &str) -> Problem {
    match message.split_once(": ") {
        Some((option, rest)) if !option.contains(char::is_whitespace) => {
            Problem::new(format!("{}.{option}", transform.path), rest)
        }
        _ => Problem::new(&transform.path, message),
    }
}

/// What is wrong with tables that get the same path: they become one, so they must be alike.
fn clashes(mapping: &Mapping) -> Vec<String> {
    let made: Vec<(&CatalogTable, &CatalogTable)> = mapping
        .iter()
        .flat_map(|(table, made)| made.iter().map(move |made| (table.as_ref(), made.as_ref())))
        .collect();
    let mut clashes = Vec::new();
    for (index, (from, table)) in made.iter().enumerate() {
        let Some((first_from, first)) = made[..index].iter().find(|(_, first)| first.path == table.path)
        else {
            continue;
        };
        if first_from.path == from.path {
            clashes.push(format!(
                "makes two tables with the path \"{}\" of table \"{}\"",
                table.path, from.path
            ));
        } else if !same_columns(first, table) || key_of(first) != key_of(table) {
            clashes.push(format!(
                "makes one table \"{}\" of \"{}\" and \"{}\", but they differ: ({}) and ({})",
                table.path,
                first_from.path,
                from.path,
                described(first),
                described(table)
            ));
        }
    }
    clashes
}

fn key_of(table: &CatalogTable) -> &[String] {
    table.primary_key.as_ref().map_or(&[], |key| &key.columns)
}

/// Columns with their types, and the key.
fn described(table: &CatalogTable) -> String {
    let mut parts: Vec<String> =
        table.columns.iter().map(|column| format!("{} {}", column.name, column.data_type)).collect();
    let key = key_of(table);
    if !key.is_empty() {
        parts.push(format!("key {}", key.join(", ")));
    }
    parts.join(", ")
}
