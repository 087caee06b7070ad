//! `JsonPath`: values within JSON become columns.
//!
//! The source column's value (text, bytes, a list, a map; a row is the list of its values) is checked once per row,
//! whatever number of paths is read from it. A path to one place (`path`) is followed in the text itself; other paths
//! give the list of what they find. The value is converted to the new column's type by the rules of JSON files.

mod extract;
mod path;
mod plugin;

pub(super) use plugin::Factory;
