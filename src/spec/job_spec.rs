//! A parsed job: blocks in file order, variables filled in, secrets decoded or wrapped.

use crate::options::Map;

/// One plug-in block.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Name of the plug-in as typed.
    pub plugin: String,
    /// Its options without `plugin_name`, in the order of the text.
    pub options: Map,
    /// Where it stands: `source[0].FakeSource`.
    pub path: String,
}

/// A parsed job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobSpec {
    /// `env`, flat keys as typed.
    pub env: Map,
    /// Sources, in file order; never empty.
    pub sources: Vec<Block>,
    /// Transforms, in file order.
    pub transforms: Vec<Block>,
    /// Sinks, in file order; never empty.
    pub sinks: Vec<Block>,
}
