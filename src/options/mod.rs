//! Configuration trees and how typed options are read from them.
//!
//! [`Tree`] is what a parsed job text or configuration is; [`Options`] reads one block of it by the plug-in's own
//! declarations ([`OptionDef`]) and notes every problem with its path, so that a user sees all of them at once.
//! `convert` holds the lenient conversions of the job language (spec: a number may stand for a text and so on).

pub mod convert;
mod declare;
mod masked;
mod reader;
mod tree;

pub use declare::{Kind, OptionDef, join};
pub use masked::masked;
pub use reader::Options;
pub use tree::{Map, Tree};
