//! The transforms: each takes batches of some tables and gives batches of others, on columns.
//!
//! A transform that keeps nothing between batches is a `stateless::Columns`: it says once per table which columns come
//! out, and is then applied to each batch; `stateless` does the rest. Row kinds and table ids stay unless changing them
//! is a transform's purpose. A new one is a file here and a line in [`register`].

mod copy;
mod field_mapper;
mod filter;
mod filter_row_kind;
mod java_regex;
mod java_syntax;
mod replace;
mod row_kind_extractor;
mod split;
mod sql;
mod stateless;
#[cfg(test)]
mod tests;
mod text_column;

use crate::plugin::Registry;

/// Adds every transform.
pub fn register(registry: &mut Registry) {
    registry.transforms.push(Box::new(copy::Factory));
    registry.transforms.push(Box::new(field_mapper::Factory));
    registry.transforms.push(Box::new(filter::Factory));
    registry.transforms.push(Box::new(filter_row_kind::Factory));
    registry.transforms.push(Box::new(replace::Factory));
    registry.transforms.push(Box::new(row_kind_extractor::Factory));
    registry.transforms.push(Box::new(split::Factory));
    registry.transforms.push(Box::new(sql::Factory));
}
