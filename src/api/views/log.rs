//! Lists of logs: links, as a page and as JSON, and the levels of the server's log.

use crate::runtime::{LevelOrigin, LogLevel};
use serde::Serialize;

/// A log of a node.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogLink<'a> {
    /// `127.0.0.1:8080`.
    pub node: &'a str,
    /// Where it can be read.
    pub log_link: String,
    /// Its name.
    pub log_name: &'a str,
}

/// The page of links that clients of the engine know, one of which compares it with the page of no logs.
pub fn log_page<'a>(links: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let links: String =
        links.map(|(link, name)| format!("<li><a href=\"{link}\">{name}</a></li>\n")).collect();
    format!(
        "<html><head><title>Seatunnel log</title></head>\n<body>\n <h2>Seatunnel log</h2>\n <ul>\n{links} </ul>\n</body></html>"
    )
}

/// The level of one target.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Logger {
    name: String,
    level: &'static str,
    origin: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_level: Option<&'static str>,
}

/// A level as the engine shows it; `fileLevel` is what a change hides.
#[must_use]
pub fn logger(level: LogLevel) -> Logger {
    let LogLevel { name, level, origin, configured } = level;
    let origin = match origin {
        LevelOrigin::Configured => "CONFIGURED",
        LevelOrigin::Changed => "CHANGED",
        LevelOrigin::Inherited => "INHERITED",
    };
    Logger { name, level, origin, file_level: configured }
}
