//! What can be written in a job: the options of every block, from the declarations that the program itself reads.

use super::blocks::{SINK_OPTIONS, SOURCE_OPTIONS, TRANSFORM_OPTIONS};
use super::env::ENV_OPTIONS;
use crate::options::OptionDef;
use crate::plugin::Registry;
use crate::table::schema;

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// `env`.
    Env,
    /// A source plug-in.
    Source,
    /// A transform plug-in.
    Transform,
    /// A sink plug-in.
    Sink,
    /// A part of a table's schema.
    Schema,
}

impl BlockKind {
    /// `env`, `source`, `transform`, `sink`, `schema`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            BlockKind::Env => "env",
            BlockKind::Source => "source",
            BlockKind::Transform => "transform",
            BlockKind::Sink => "sink",
            BlockKind::Schema => "schema",
        }
    }
}

/// The options of one kind of block.
#[derive(Clone, Copy, Debug)]
pub struct BlockRules {
    /// What it is.
    pub kind: BlockKind,
    /// Name of the plug-in, or where the block stands (`schema.columns[]`).
    pub name: &'static str,
    /// What every plug-in of this kind takes.
    pub common: &'static [OptionDef],
    /// What this one takes.
    pub own: &'static [OptionDef],
    /// Why it is always refused, if it is.
    pub refused: Option<&'static str>,
    /// What its users must know beside.
    pub note: Option<&'static str>,
}

impl BlockRules {
    /// All options, its own first; these may say more of one that all have.
    pub fn options(&self) -> impl Iterator<Item = &'static OptionDef> + use<> {
        let own = self.own;
        let others = self.common.iter().filter(move |option| own.iter().all(|known| known.key != option.key));
        own.iter().chain(others)
    }
}

/// The rules of all blocks: `env`, then sources, transforms and sinks by name, then the schema.
#[must_use]
pub fn block_rules(registry: &Registry) -> Vec<BlockRules> {
    let rules = |kind, common, name, own| BlockRules { kind, name, common, own, refused: None, note: None };
    let sources = registry.sources.iter();
    let sources = sources.map(|f| rules(BlockKind::Source, SOURCE_OPTIONS, f.name(), f.options()));
    let transforms = registry.transforms.iter().map(|f| BlockRules {
        refused: f.refused(),
        note: f.note(),
        ..rules(BlockKind::Transform, TRANSFORM_OPTIONS, f.name(), f.options())
    });
    let sinks = registry.sinks.iter();
    let sinks = sinks.map(|f| rules(BlockKind::Sink, SINK_OPTIONS, f.name(), f.options()));
    let by_name = |mut rules: Vec<BlockRules>| {
        rules.sort_unstable_by_key(|rules| rules.name);
        rules
    };
    let schema = schema::BLOCKS.iter().map(|(name, own)| rules(BlockKind::Schema, &[], name, own));
    std::iter::once(rules(BlockKind::Env, &[], "env", ENV_OPTIONS))
        .chain(by_name(sources.collect()))
        .chain(by_name(transforms.collect()))
        .chain(by_name(sinks.collect()))
        .chain(schema)
        .collect()
}
