//! `TextChunk`: one row becomes several, one for each piece of a long text (`chunks` cuts it).
//!
//! All columns stay; the piece and its number are added. As the rows made of one share its key, the number joins
//! primary and unique keys.

mod chunks;
mod plugin;

pub(super) use plugin::Factory;
