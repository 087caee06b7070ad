//! Small plug-ins: what the tests of this module plan with. None of them runs.

use crate::model::Fault;
use crate::options::{Kind, OptionDef, Options, Tree, convert};
use crate::plugin::{
    Committer, Guarantee, Registry, RunContext, SinkDef, SinkFactory, SinkInput, SinkRun, SourceDef,
    SourceFactory, SourceRun, State, Transform, TransformDef, TransformFactory,
};
use crate::table::{CatalogTable, Column, DataType, TablePath};
use async_trait::async_trait;
use std::sync::Arc;

/// `FakeSource`, `Endless`, `Nowhere`, `Panics` · `Copy`, `Drop` · `Console`, `Assert`.
pub(super) fn registry() -> Registry {
    let source = |name, kind| Box::new(Sources { name, kind }) as Box<dyn SourceFactory>;
    Registry {
        sources: vec![
            source("FakeSource", Discovery::Tables),
            source("Endless", Discovery::Endless),
            source("Nowhere", Discovery::Fails),
            source("Panics", Discovery::Panics),
        ],
        transforms: vec![Box::new(CopyFactory), Box::new(DropFactory)],
        sinks: vec![Box::new(Sinks { name: "Console" }), Box::new(Sinks { name: "Assert" })],
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Discovery {
    Tables,
    Endless,
    Fails,
    Panics,
}

struct Sources {
    name: &'static str,
    kind: Discovery,
}

const ROWS: OptionDef = OptionDef::new("row.num", Kind::Int, "rows").default("5");
const SCHEMA: OptionDef = OptionDef::new("schema", Kind::Object, "columns").required();
const TABLES: OptionDef = OptionDef::new("table-names", Kind::List, "tables with the same columns");

impl SourceFactory for Sources {
    fn name(&self) -> &'static str {
        self.name
    }

    fn options(&self) -> &'static [OptionDef] {
        &[ROWS, SCHEMA, TABLES]
    }

    fn build(&self, options: &Options<'_>, output: Option<&str>) -> Option<Arc<dyn SourceDef>> {
        let (rows, schema) = (options.int(&ROWS), options.object(&SCHEMA));
        rows?;
        let fields = schema?.get("fields").and_then(Tree::as_map).cloned().unwrap_or_default();
        let columns = fields.iter().map(|(name, kind)| {
            let data_type = match convert::to_text(kind).as_str() {
                "int" => DataType::Int,
                _ => DataType::String,
            };
            Column::new(name, data_type)
        });
        let columns: Vec<Column> = columns.collect();
        let path = |text: &str| TablePath::parse(text, false).unwrap();
        let paths = match options.texts(&TABLES) {
            Some(names) => names.iter().map(|name| path(name)).collect(),
            None => vec![output.map_or_else(TablePath::default_path, path)],
        };
        let tables = paths.into_iter().map(|path| CatalogTable::new(self.name, path, columns.clone()));
        Some(Arc::new(Source { kind: self.kind, tables: tables.collect() }))
    }
}

struct Source {
    kind: Discovery,
    tables: Vec<CatalogTable>,
}

#[async_trait]
impl SourceDef for Source {
    async fn discover(&self) -> Result<Vec<CatalogTable>, Fault> {
        match self.kind {
            Discovery::Tables => Ok(self.tables.clone()),
            Discovery::Endless => std::future::pending().await,
            Discovery::Fails => Err(Fault::user("/no/such/file can't be read")),
            Discovery::Panics => panic!("on purpose"),
        }
    }

    fn is_bounded(&self) -> bool {
        self.kind != Discovery::Endless
    }

    async fn start(&self, _: &RunContext, _: &[Arc<CatalogTable>]) -> Result<Box<dyn SourceRun>, Fault> {
        Err(Fault::internal("is only planned with"))
    }
}

/// Adds columns: `fields = { new = old }`.
struct CopyFactory;

const FIELDS: OptionDef = OptionDef::new("fields", Kind::Object, "new column = old column");

impl TransformFactory for CopyFactory {
    fn name(&self) -> &'static str {
        "Copy"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[FIELDS]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        let fields = options.object(&FIELDS).unwrap_or_default();
        let fields = fields.iter().map(|(new, old)| (new.clone(), convert::to_text(old))).collect();
        Some(Arc::new(Copy { fields }))
    }
}

struct Copy {
    fields: Vec<(String, String)>,
}

impl TransformDef for Copy {
    fn schema(&self, input: &CatalogTable) -> Result<Vec<CatalogTable>, Vec<String>> {
        let mut columns = input.columns.clone();
        for (new, old) in &self.fields {
            let index =
                input.index_of(old).ok_or_else(|| vec![format!("fields: there is no column \"{old}\"")])?;
            columns.push(Column { name: new.clone(), ..input.columns[index].clone() });
        }
        Ok(vec![input.with_columns(columns)])
    }

    fn start(
        &self,
        _: &RunContext,
        _: &[CatalogTable],
        _: Option<State>,
    ) -> Result<Box<dyn Transform>, Fault> {
        Err(Fault::internal("is only planned with"))
    }
}

/// Drops the tables of that name, or gives all tables one name.
struct DropFactory;

const TABLE: OptionDef = OptionDef::new("table", Kind::Text, "table to drop");
const RENAME: OptionDef = OptionDef::new("rename", Kind::Text, "the new name of every table");

impl TransformFactory for DropFactory {
    fn name(&self) -> &'static str {
        "Drop"
    }

    fn options(&self) -> &'static [OptionDef] {
        &[TABLE, RENAME]
    }

    fn build(&self, options: &Options<'_>) -> Option<Arc<dyn TransformDef>> {
        Some(Arc::new(Drop { table: options.text(&TABLE), rename: options.text(&RENAME) }))
    }
}

struct Drop {
    table: Option<String>,
    rename: Option<String>,
}

impl TransformDef for Drop {
    fn schema(&self, input: &CatalogTable) -> Result<Vec<CatalogTable>, Vec<String>> {
        let mut made = input.clone();
        if let Some(name) = &self.rename {
            made.path = TablePath::parse(name, false).unwrap();
        }
        Ok(Some(made).filter(|_| self.table.as_ref() != Some(&input.path.to_string())).into_iter().collect())
    }

    fn start(
        &self,
        _: &RunContext,
        _: &[CatalogTable],
        _: Option<State>,
    ) -> Result<Box<dyn Transform>, Fault> {
        Err(Fault::internal("is only planned with"))
    }
}

struct Sinks {
    name: &'static str,
}

const PRINT: OptionDef = OptionDef::new("log.print.data", Kind::Bool, "whether to print").default("true");
const WANTS: OptionDef = OptionDef::new("wants", Kind::Text, "a column that every table must have");

impl SinkFactory for Sinks {
    fn name(&self) -> &'static str {
        self.name
    }

    fn options(&self) -> &'static [OptionDef] {
        &[PRINT, WANTS]
    }

    fn build(&self, options: &Options<'_>, input: &SinkInput<'_>) -> Option<Arc<dyn SinkDef>> {
        let wanted = options.text(&WANTS);
        for table in input.tables {
            if let Some(wanted) = wanted.as_ref().filter(|wanted| table.index_of(wanted).is_none()) {
                options.error(WANTS.key, format!("\"{}\" has no column \"{wanted}\"", table.path));
                return None;
            }
        }
        options.bool(&PRINT)?;
        Some(Arc::new(Sink))
    }
}

struct Sink;

#[async_trait]
impl SinkDef for Sink {
    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }

    async fn start(&self, _: &RunContext) -> Result<Box<dyn SinkRun>, Fault> {
        Err(Fault::internal("is only planned with"))
    }

    async fn committer(&self, _: &RunContext) -> Result<Option<Box<dyn Committer>>, Fault> {
        Ok(None)
    }
}
