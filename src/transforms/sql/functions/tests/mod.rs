//! The functions without the query around them: tables of cases, and each against a slow plain reading of its
//! definition.

mod arguments;
mod calls;
mod cases;
mod chosen;
mod dates;
mod errors;
mod numbers;
mod observed;
mod properties;
mod properties_of_dates;
mod properties_of_numbers;
mod reference;
mod refused;
mod typed;
mod vectors;
