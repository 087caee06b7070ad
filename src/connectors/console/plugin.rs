//! Console as a plug-in: options, factory, definition.

use super::writer::{ConsoleWriter, Settings};
use crate::model::{Epoch, Fault};
use crate::options::{Kind, OptionDef, Options, Tree};
use crate::plugin::{
    Committer, Guarantee, RunContext, SinkDef, SinkFactory, SinkInput, SinkRun, State, Writer,
};
use crate::runtime::JobLog;
use crate::table::CatalogTable;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

const PRINT_DATA: OptionDef =
    OptionDef::new("log.print.data", Kind::Bool, "whether rows are printed, not only the header")
        .default("true");
const PRINT_DELAY: OptionDef =
    OptionDef::new("log.print.delay.ms", Kind::Int, "milliseconds to sleep after each row").default("0");
const REPLICA: OptionDef =
    OptionDef::new("multi_table_sink_replica", Kind::Int, "writers of each table and instance").default("1");
const ALL: &[OptionDef] = &[PRINT_DATA, PRINT_DELAY, REPLICA];

/// Makes Consoles.
pub struct Factory;

impl SinkFactory for Factory {
    fn name(&self) -> &'static str {
        "Console"
    }

    fn options(&self) -> &'static [OptionDef] {
        ALL
    }

    fn build(&self, options: &Options<'_>, input: &SinkInput<'_>) -> Option<Arc<dyn SinkDef>> {
        let print = lenient_bool(options, &PRINT_DATA);
        let delay = options.int(&PRINT_DELAY);
        let replica = options.int(&REPLICA);
        let settings = Settings {
            print: print?,
            delay: Duration::from_millis(u64::try_from(delay?).unwrap_or(0)),
            replicas: usize::try_from(replica?).unwrap_or(1).max(1),
        };
        Some(Arc::new(Console { settings, tables: input.tables.to_vec() }))
    }
}

/// A boolean as this option takes it: numbers count too (0 is false), and blanks around a text don't.
fn lenient_bool(options: &Options<'_>, option: &OptionDef) -> Option<bool> {
    match options.raw(option) {
        Some(Tree::Int(number)) => Some(*number != 0),
        Some(Tree::Text(text)) => match text.trim() {
            number if number.parse::<i64>().is_ok() => Some(number.parse() != Ok(0i64)),
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => options.bool(option),
        },
        _ => options.bool(option),
    }
}

/// A configured Console.
struct Console {
    settings: Settings,
    tables: Vec<Arc<CatalogTable>>,
}

#[async_trait]
impl SinkDef for Console {
    fn guarantee(&self) -> Guarantee {
        Guarantee::AtLeastOnce
    }

    async fn start(&self, context: &RunContext) -> Result<Box<dyn SinkRun>, Fault> {
        Ok(Box::new(ConsoleRun {
            settings: self.settings,
            tables: self.tables.clone(),
            log: context.log.clone(),
        }))
    }

    async fn committer(&self, _context: &RunContext) -> Result<Option<Box<dyn Committer>>, Fault> {
        Ok(None)
    }
}

/// An attempt.
struct ConsoleRun {
    settings: Settings,
    tables: Vec<Arc<CatalogTable>>,
    log: Arc<JobLog>,
}

#[async_trait]
impl SinkRun for ConsoleRun {
    async fn writer(
        &self,
        instance: usize,
        _next: Epoch,
        _state: Option<State>,
    ) -> Result<Box<dyn Writer>, Fault> {
        Ok(Box::new(ConsoleWriter::new(self.log.clone(), self.settings, instance, &self.tables)))
    }
}
