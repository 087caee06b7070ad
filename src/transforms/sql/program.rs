//! A query compiled for one table, and what it does with a batch: WHERE, LATERAL VIEW, then the items on the rows that
//! are left.

use super::bind::{Binder, secrets};
use super::explode::{Explode, element_type};
use super::expression::{Typed, message, shown};
use super::parse::{Item, Parsed, View};
use crate::model::{Fault, said_of};
use crate::plugin::Out;
use crate::table::{Batch, CatalogTable, Column};
use arrow::array::{Array, AsArray, Int8Array};
use arrow::compute::{filter, filter_record_batch};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use sqlparser::ast::Expr;
use std::sync::Arc;

/// A compiled query.
#[derive(Debug)]
pub(super) struct Program {
    /// WHERE over the columns of the table.
    before: Option<Condition>,
    views: Vec<Explode>,
    /// WHERE that names columns of views.
    after: Option<Condition>,
    /// The columns that the items see.
    reads: Vec<usize>,
    items: Vec<(String, String, Typed)>,
}

#[derive(Debug)]
struct Condition {
    holds: Typed,
    reads: Vec<usize>,
}

/// A selected column: what it is called, its expression as text, and the column that it is, if it is one unchanged.
struct Selected {
    column: Column,
    text: String,
    typed: Typed,
    is_unchanged: bool,
}

/// Compiles a query for a table: the table that comes out, and the program.
///
/// # Errors
/// Every item that is wrong.
pub(super) fn compile(query: &Parsed, input: &CatalogTable) -> Result<(CatalogTable, Program), Vec<String>> {
    let (mut columns, mut hidden) = (input.columns.clone(), secrets(&input.columns));
    let known = hidden.clone();
    let mut views = Vec::with_capacity(query.views.len());
    for view in &query.views {
        views.push(bind_view(view, &mut columns, &mut hidden).map_err(|e| vec![e])?);
    }
    let mut problems = Vec::new();
    let (before, after) = bind_filter(query.filter.as_ref(), (&input.columns, &known), (&columns, &hidden))
        .unwrap_or_else(|problem| {
            problems.push(problem);
            (None, None)
        });
    let mut binder = Binder::new(&columns, &hidden);
    let mut selected: Vec<Selected> = Vec::new();
    for item in &query.items {
        match item {
            Item::All => {
                selected.extend(
                    (0..columns.len()).map(|at| unchanged(&mut binder, &columns, at, &columns[at].name)),
                );
            }
            Item::Expression { expr, name, text } => {
                match bind_item(&mut binder, &columns, expr, name, text) {
                    Ok(item) => selected.push(item),
                    Err(problem) => problems.push(problem),
                }
            }
        }
    }
    for (index, item) in selected.iter().enumerate() {
        if selected[..index].iter().any(|other| other.column.name == item.column.name) {
            problems.push(format!("two columns are called \"{}\"; give one an alias", item.column.name));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let reads = binder.used();
    let table = output_table(input, &selected, !views.is_empty());
    let items = selected.into_iter().map(|item| (item.column.name, item.text, item.typed)).collect();
    Ok((table, Program { before, views, after, reads, items }))
}

/// Keys stay only if their columns come out unchanged, each row once.
fn output_table(input: &CatalogTable, selected: &[Selected], is_multiplied: bool) -> CatalogTable {
    let mut table = input.with_columns(selected.iter().map(|item| item.column.clone()).collect());
    let is_kept = |name: &String| {
        !is_multiplied && selected.iter().any(|item| item.is_unchanged && item.column.name == *name)
    };
    table.primary_key = table.primary_key.filter(|key| key.columns.iter().all(is_kept));
    table.constraint_keys.retain(|key| key.columns.iter().all(|(name, _)| is_kept(name)));
    table
}

fn bind_item(
    binder: &mut Binder<'_>,
    columns: &[Column],
    expr: &Expr,
    name: &str,
    text: &str,
) -> Result<Selected, String> {
    let place = match expr {
        Expr::Identifier(ident) => binder.plain_column(std::slice::from_ref(ident)),
        Expr::CompoundIdentifier(path) => binder.plain_column(path),
        _ => None,
    };
    if let Some(place) = place {
        return Ok(unchanged(binder, columns, place, name));
    }
    let typed = binder.bind(expr)?;
    let column = Column::new(name, typed.data_type.clone());
    Ok(Selected { column, text: shown(text), typed, is_unchanged: false })
}

/// A column as it is, perhaps under another name.
fn unchanged(binder: &mut Binder<'_>, columns: &[Column], place: usize, name: &str) -> Selected {
    let source = &columns[place];
    Selected {
        column: Column { name: name.to_owned(), ..source.clone() },
        text: source.name.clone(),
        typed: binder.column_at(place),
        is_unchanged: source.name == name,
    }
}

/// Adds the view's column, as secret as what it is made of.
fn bind_view(
    view: &View,
    columns: &mut Vec<Column>,
    hidden: &mut Vec<Option<Arc<str>>>,
) -> Result<Explode, String> {
    let mut binder = Binder::new(columns, hidden);
    let array = binder.bind(&view.expr)?;
    let reads = binder.used();
    let element = element_type(&array).ok_or_else(|| {
        format!(
            "EXPLODE({}): the argument is {}, not an array",
            shown(&view.expr.to_string()),
            array.data_type
        )
    })?;
    let column = Column::new(&view.alias, element);
    let target = columns.iter().position(|known| known.name == view.alias).unwrap_or(columns.len());
    let secret = column.secret().map(Arc::from).or_else(|| array.secret.clone());
    if target == columns.len() {
        columns.push(column);
        hidden.push(secret);
    } else {
        columns[target] = column;
        hidden[target] = secret;
    }
    let fields: Vec<Field> =
        columns.iter().map(|column| Field::new(&column.name, column.data_type.to_arrow(), true)).collect();
    Ok(Explode { array, reads, target, outer: view.outer, schema: Arc::new(Schema::new(fields)) })
}

/// WHERE is computed before the views if it only names columns of the table, else after them.
fn bind_filter(
    filter: Option<&Expr>,
    before: (&[Column], &[Option<Arc<str>>]),
    after: (&[Column], &[Option<Arc<str>>]),
) -> Result<(Option<Condition>, Option<Condition>), String> {
    let Some(filter) = filter else { return Ok((None, None)) };
    let bind = |(columns, hidden)| -> Result<Condition, String> {
        let mut binder = Binder::new(columns, hidden);
        let holds = binder.condition(filter, false)?;
        Ok(Condition { holds, reads: binder.used() })
    };
    match bind(before) {
        Ok(condition) => Ok((Some(condition), None)),
        Err(_) if before.0.len() < after.0.len() => Ok((None, Some(bind(after)?))),
        Err(problem) => Err(problem),
    }
}

impl Program {
    /// The batch that comes out; `None` when no row is left.
    ///
    /// # Errors
    /// A value with which something can't be computed.
    pub(super) fn run(&self, output: &Arc<CatalogTable>, batch: Batch, out: &mut Out) -> Result<(), Fault> {
        let Batch { mut rows, mut kinds, origin, .. } = batch;
        let mut before = rows.num_rows();
        let mut counted = |rows: &RecordBatch| {
            out.drop_rows(before.saturating_sub(rows.num_rows()));
            out.add_rows(rows.num_rows().saturating_sub(before));
            before = rows.num_rows();
        };
        if let Some(condition) = &self.before {
            // what no item sees need not be filtered
            let kept = if self.views.is_empty() { Some(self.reads.as_slice()) } else { None };
            (rows, kinds) = condition.keep(rows, kinds, kept)?;
        } else if self.views.is_empty() {
            rows = project(&rows, &self.reads)?;
        }
        counted(&rows);
        for view in &self.views {
            (rows, kinds) = view.apply(&rows, kinds.as_ref()).map_err(|e| fault("LATERAL VIEW", &e))?;
            counted(&rows);
        }
        if !self.views.is_empty() {
            (rows, kinds) = match &self.after {
                Some(condition) => condition.keep(rows, kinds, Some(&self.reads))?,
                None => (project(&rows, &self.reads)?, kinds),
            };
        }
        counted(&rows);
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let columns = self.items.iter().map(|(name, text, item)| {
            let value = item.expr.evaluate(&rows).and_then(|value| value.into_array(rows.num_rows()));
            value.map_err(|e| {
                let message = message(&e);
                let whole = if message.starts_with(text.as_str()) { "" } else { text };
                let colon = if whole.is_empty() { "" } else { ": " };
                fault(&format!("column \"{name}\""), &said_of(name, format!("{whole}{colon}{message}")))
            })
        });
        let columns = columns.collect::<Result<Vec<_>, Fault>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        let rows = RecordBatch::try_new_with_options(output.arrow_schema(), columns, &options)
            .map_err(|e| Fault::internal("the query's columns don't fit their types").caused_by(&e))?;
        out.push(Batch { table: Arc::clone(output), kinds, rows, origin });
        Ok(())
    }
}

impl Condition {
    /// The rows for which it holds; of them the columns `kept`, or all.
    fn keep(
        &self,
        rows: RecordBatch,
        kinds: Option<Int8Array>,
        kept: Option<&[usize]>,
    ) -> Result<(RecordBatch, Option<Int8Array>), Fault> {
        let seen = project(&rows, &self.reads)?;
        let holds = self.holds.expr.evaluate(&seen).and_then(|value| value.into_array(rows.num_rows()));
        let holds = holds.map_err(|e| fault("WHERE", &message(&e)))?;
        let holds = holds.as_boolean_opt().ok_or_else(|| Fault::internal("WHERE gives no truth"))?;
        let rows = match kept {
            Some(kept) => project(&rows, kept)?,
            None => rows,
        };
        if holds.null_count() == 0 && !holds.has_false() {
            return Ok((rows, kinds));
        }
        let internal = |e| Fault::internal("rows can't be filtered").caused_by(&e);
        let kinds = kinds.map(|kinds| filter(&kinds, holds)).transpose().map_err(internal)?;
        let rows = filter_record_batch(&rows, holds).map_err(internal)?;
        Ok((rows, kinds.map(|kinds| kinds.as_primitive().clone())))
    }
}

fn project(rows: &RecordBatch, columns: &[usize]) -> Result<RecordBatch, Fault> {
    rows.project(columns).map_err(|e| Fault::internal("a column is missing").caused_by(&e))
}

fn fault(place: &str, problem: &str) -> Fault {
    Fault::user(format!("query: {place}: {problem}"))
}
