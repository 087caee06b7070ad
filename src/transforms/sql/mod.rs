//! `Sql`: a query over each batch, compiled once.
#![allow(dead_code, reason = "being built")]

mod function;
mod functions;
