//! Values that are texts on the wire, written as they are displayed.

use crate::model::Millis;
use chrono::{Local, TimeZone};
use serde::{Serialize, Serializer};
use std::fmt::{self, Display, Formatter};

/// A number or another value, as a text.
pub struct Text<T>(pub T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A time as [`local_time`] writes it; none is an empty text.
#[derive(Clone, Copy)]
pub struct Time(pub Option<Millis>);

impl Display for Time {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self.0.and_then(|at| Local.timestamp_millis_opt(at).earliest()) {
            Some(time) => write!(out, "{}", time.format("%Y-%m-%d %H:%M:%S")),
            None => Ok(()),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `yyyy-MM-dd HH:mm:ss` in the server's zone, cut to seconds.
#[must_use]
pub fn local_time(at: Millis) -> String {
    Time(Some(at)).to_string()
}

/// Texts by name.
#[derive(Clone, Copy)]
pub struct Entries<'a>(pub &'a [(String, String)]);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
