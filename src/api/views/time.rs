//! Times on the wire.

use crate::model::Millis;
use chrono::{Local, TimeZone};

/// `yyyy-MM-dd HH:mm:ss` in the server's zone, cut to seconds.
#[must_use]
pub fn local_time(at: Millis) -> String {
    match Local.timestamp_millis_opt(at).earliest() {
        Some(time) => time.format("%Y-%m-%d %H:%M:%S").to_string(),
        None => String::new(),
    }
}
