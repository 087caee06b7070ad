//! The transforms: each takes batches of some tables and gives batches of others, on columns.
//!
//! A transform that keeps nothing between batches is a `stateless::Columns` (one table of each) or `stateless::Tables`
//! (none or several): it says once per table what comes out, and is then applied to each batch; `stateless` does the
//! rest. Row kinds and table ids stay unless changing them is a transform's purpose; rows dropped or added are declared.
//! A new one is a file here and a line in [`register`]; rules for single tables (`plugin::build_per_table`) come of
//! themselves.

mod copy;
mod data_validator;
mod define_sink_type;
mod dynamic_compile;
mod field_encrypt;
mod field_mapper;
mod filter;
mod filter_row_kind;
mod java_regex;
mod java_syntax;
mod json_path;
mod metadata;
mod models;
mod object_list;
mod regex_extract;
mod rename;
mod replace;
mod row_errors;
mod row_kind_extractor;
mod rows;
mod split;
mod sql;
mod stateless;
mod table_filter;
mod table_merge;
#[cfg(test)]
mod tests;
mod text_chunk;
mod text_column;

pub use sql::{SqlFunction, sql_functions};

use crate::plugin::Registry;

/// Adds every transform.
pub fn register(registry: &mut Registry) {
    registry.transforms.push(Box::new(copy::Factory));
    registry.transforms.push(Box::new(data_validator::Factory));
    registry.transforms.push(Box::new(define_sink_type::Factory));
    registry.transforms.push(Box::new(dynamic_compile::Factory));
    registry.transforms.push(Box::new(models::Embedding));
    registry.transforms.push(Box::new(field_encrypt::Factory));
    registry.transforms.push(Box::new(field_mapper::Factory));
    registry.transforms.push(Box::new(rename::FieldRename));
    registry.transforms.push(Box::new(filter::Factory));
    registry.transforms.push(Box::new(filter_row_kind::Factory));
    registry.transforms.push(Box::new(json_path::Factory));
    registry.transforms.push(Box::new(models::Llm));
    registry.transforms.push(Box::new(metadata::Factory));
    registry.transforms.push(Box::new(regex_extract::Factory));
    registry.transforms.push(Box::new(replace::Factory));
    registry.transforms.push(Box::new(row_kind_extractor::Factory));
    registry.transforms.push(Box::new(split::Factory));
    registry.transforms.push(Box::new(sql::Factory));
    registry.transforms.push(Box::new(table_filter::Factory));
    registry.transforms.push(Box::new(table_merge::Factory));
    registry.transforms.push(Box::new(rename::TableRename));
    registry.transforms.push(Box::new(text_chunk::Factory));
}
