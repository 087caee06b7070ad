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
    let rules = |kind, common, plugins: Vec<(&'static str, &'static [OptionDef], Option<&'static str>)>| {
        let rules = |(name, own, note)| BlockRules { kind, name, common, own, note };
        let mut rules: Vec<BlockRules> = plugins.into_iter().map(rules).collect();
        rules.sort_unstable_by_key(|rules| rules.name);
        rules
    };
    let sources = registry.sources.iter().map(|factory| (factory.name(), factory.options(), None));
    let transforms = registry.transforms.iter();
    let transforms = transforms.map(|factory| (factory.name(), factory.options(), factory.note()));
    let sinks = registry.sinks.iter().map(|factory| (factory.name(), factory.options(), None));
    let env = BlockRules { kind: BlockKind::Env, name: "env", common: &[], own: ENV_OPTIONS, note: None };
    let schema = schema::BLOCKS;
    let schema = schema.iter().map(|(name, own)| {
        let kind = BlockKind::Schema;
        BlockRules { kind, name, common: &[], own, note: None }
    });
    std::iter::once(env)
        .chain(rules(BlockKind::Source, SOURCE_OPTIONS, sources.collect()))
        .chain(rules(BlockKind::Transform, TRANSFORM_OPTIONS, transforms.collect()))
        .chain(rules(BlockKind::Sink, SINK_OPTIONS, sinks.collect()))
        .chain(schema)
        .collect()
}
