//! The options that every source, transform or sink has beside its plug-in's own.

use super::env;
use crate::model::Problems;
use crate::options::{Kind, OptionDef, Options};
use crate::plugin::PER_TABLE;
use crate::spec::Block;

/// Where rows go: the id under which transforms and sinks name this block.
const OUTPUT: OptionDef = OptionDef::new("plugin_output", Kind::Text, "id of the rows that come out")
    .fallbacks(&["result_table_name"]);
/// Where rows come from.
const INPUT: OptionDef =
    OptionDef::new("plugin_input", Kind::List, "ids of the rows to take, one or several")
        .fallbacks(&["source_table_name"]);
const PARALLELISM: OptionDef = OptionDef::new("parallelism", Kind::Int, "parallel instances");
const REPLICA: OptionDef =
    OptionDef::new("multi_table_sink_replica", Kind::Int, "writers of each table and instance")
        .default("1")
        .without_effect(
            "an instance has one writer for all its tables; Console alone shows as many as are wanted",
        );

/// What every source takes.
pub const SOURCE_OPTIONS: &[OptionDef] = &[OUTPUT, PARALLELISM];
/// What every transform takes.
pub const TRANSFORM_OPTIONS: &[OptionDef] =
    &[INPUT, OUTPUT, PARALLELISM, PER_TABLE[0], PER_TABLE[1], PER_TABLE[2]];
/// What every sink takes.
pub const SINK_OPTIONS: &[OptionDef] = &[INPUT, REPLICA];

/// A block's place in the graph: what it is called and which ids it names.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    /// Where the block stands: `source[0].FakeSource`.
    pub path: String,
    /// Its output id.
    pub output: Option<String>,
    /// The spelling that the user has for the output id.
    pub output_key: &'static str,
    /// Its input ids, each once, in order; empty when there are none or they can't be read.
    pub inputs: Vec<String>,
    /// Its input ids can't be read, which is noted already.
    pub unreadable: bool,
    /// The spelling that the user has for the input ids.
    pub input_key: &'static str,
    /// Its own parallelism.
    pub parallelism: Option<usize>,
}

/// Reads a source's common options.
pub(super) fn source_ends(block: &Block, problems: &Problems) -> Ends {
    let options = Options::new(&block.options, &block.path, problems);
    Ends {
        path: block.path.clone(),
        output: output(&options),
        output_key: spelling(&options, &OUTPUT),
        parallelism: env::parallelism(&options, &PARALLELISM),
        ..Ends::default()
    }
}

/// Reads a transform's common options.
pub(super) fn transform_ends(block: &Block, problems: &Problems) -> Ends {
    with_inputs(source_ends(block, problems), &Options::new(&block.options, &block.path, problems))
}

/// Reads a sink's common options.
pub(super) fn sink_ends(block: &Block, problems: &Problems) -> Ends {
    let options = Options::new(&block.options, &block.path, problems);
    if let Some(replica) = options.int(&REPLICA)
        && replica < 1
    {
        options.error(REPLICA.key, format!("{replica} is not allowed; allowed: 1 or more"));
    }
    with_inputs(Ends { path: block.path.clone(), ..Ends::default() }, &options)
}

fn with_inputs(ends: Ends, options: &Options<'_>) -> Ends {
    let before = options.problems().error_count();
    let inputs = inputs(options);
    let unreadable = options.problems().error_count() > before;
    Ends { inputs, unreadable, input_key: spelling(options, &INPUT), ..ends }
}

/// A blank id counts as not given.
fn output(options: &Options<'_>) -> Option<String> {
    options.text(&OUTPUT).filter(|id| !id.trim().is_empty())
}

fn inputs(options: &Options<'_>) -> Vec<String> {
    let mut ids = options.texts(&INPUT).unwrap_or_default();
    ids.retain(|id| !id.trim().is_empty());
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    ids
}

/// The key under which the option is given, else its own.
fn spelling(options: &Options<'_>, option: &OptionDef) -> &'static str {
    std::iter::once(&option.key)
        .chain(option.fallbacks)
        .copied()
        .find(|key| options.map().contains_key(*key))
        .unwrap_or(option.key)
}
