//! What the files of one table hold: the columns, and how they are encoded.

use super::options::{DATE, DATETIME, PATH, SinkOptions, TIME};
use crate::connectors::file::format::FileFormat;
use crate::format::charset::{Charset, CharsetEncoder};
use crate::format::parquet::Layout;
use crate::format::text::TimeFormats;
use crate::format::{Encoder, csv, json, text};
use crate::options::{OptionDef, Options};
use crate::table::Column;
use std::sync::Arc;

/// The content of one table's files, checked.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Lines of text.
    Lines(Lines),
    /// Parquet.
    Parquet(Arc<Layout>),
}

/// Lines of text: what an encoder is made of.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    columns: Vec<Column>,
    rules: Rules,
    charset: Charset,
}

#[derive(Clone, Debug)]
enum Rules {
    Text(text::WriteOptions),
    Csv(csv::WriteOptions),
    Json(json::WriteOptions),
}

impl Content {
    /// Checks that `columns` can be written so; problems come with the option that they are about.
    pub(super) fn new(sink: &SinkOptions, columns: Vec<Column>) -> Result<Self, Vec<(&'static str, String)>> {
        let header = sink.header.then(|| columns.iter().map(|c| c.name.clone()).collect());
        let row_delimiter = sink.row_delimiter.clone();
        let rules = match sink.format {
            FileFormat::Parquet => {
                let layout = Layout::new(&columns, &sink.parquet);
                return layout
                    .map(|layout| Content::Parquet(Arc::new(layout)))
                    .map_err(|problems| problems.into_iter().map(|problem| (PATH.key, problem)).collect());
            }
            FileFormat::Text => Rules::Text(text::WriteOptions {
                field_delimiter: sink.field_delimiter.clone(),
                row_delimiter,
                header,
                formats: sink.formats,
            }),
            FileFormat::Csv => Rules::Csv(csv::WriteOptions { row_delimiter, header, formats: sink.formats }),
            FileFormat::Json => Rules::Json(json::WriteOptions { row_delimiter }),
        };
        let lines = Lines { columns, rules, charset: sink.charset };
        match lines.encoder() {
            Ok(_) => Ok(Content::Lines(lines)),
            Err(problem) => Err(vec![(PATH.key, problem)]),
        }
    }
}

impl Lines {
    /// Writes the character set of one file; `None`: UTF-8.
    pub(super) fn charset_encoder(&self) -> Option<CharsetEncoder> {
        (!self.charset.is_utf8()).then(|| self.charset.encoder())
    }

    /// An encoder for one file.
    pub(super) fn encoder(&self) -> Result<Box<dyn Encoder>, String> {
        match &self.rules {
            Rules::Text(rules) => text::encoder(&self.columns, rules),
            Rules::Csv(rules) => csv::encoder(&self.columns, rules),
            Rules::Json(rules) => json::encoder(&self.columns, rules),
        }
    }
}

/// Sets one pattern.
type Setter = dyn Fn(TimeFormats, &str) -> Result<TimeFormats, String>;

/// The patterns of dates, timestamps and times; notes those that don't exist.
pub(super) fn time_formats(options: &Options<'_>) -> TimeFormats {
    let mut formats = TimeFormats::default();
    let mut note =
        |option: &OptionDef, set: &Setter| match set(formats, &options.text(option).unwrap_or_default()) {
            Ok(set) => formats = set,
            Err(problem) => options.error(option.key, problem),
        };
    note(&DATE, &TimeFormats::date);
    note(&DATETIME, &TimeFormats::datetime);
    note(&TIME, &TimeFormats::time);
    formats
}
