//! The functions of text, without the query around them: tables of cases, and each against a slow plain reading of its
//! definition.

mod calls;
mod cases;
mod errors;
mod observed;
mod properties;
mod reference;
