//! `LLM` and `Embedding`: columns that a model behind an HTTP service works out.
//!
//! `options` reads what both take, `provider` knows the services, `custom` the ones that a job describes itself,
//! `client` asks (`failure` says what went wrong), `in_flight` keeps several requests under way, `tables` runs a
//! transform that waits for answers. `chat` and `vectors` make requests and read answers; `llm` and `embedding` are
//! the transforms.
//!
//! Invariants:
//! - Rows keep their order, whatever order the answers come in.
//! - No more requests are under way than the job allows, over all its parallel instances.
//! - An answer is bounded in time and in size, and so are tries.
//! - No key, token or header of the job is in any text.

mod chat;
mod client;
mod custom;
mod embedding;
mod failure;
mod in_flight;
mod llm;
mod options;
mod provider;
mod tables;
#[cfg(test)]
mod tests;
mod token;
mod vectors;

pub(super) use embedding::Factory as Embedding;
pub(super) use llm::Factory as Llm;
