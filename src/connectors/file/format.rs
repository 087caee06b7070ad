//! The file formats that exist.

use crate::options::{Kind, OptionDef, Options};

/// What a file's bytes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileFormat {
    /// Lines split by a delimiter.
    Text,
    /// Comma-separated values.
    Csv,
    /// One JSON value per line.
    Json,
    /// Parquet.
    Parquet,
}

/// `file_format_type`.
pub(super) const FILE_FORMAT: OptionDef = OptionDef::new(
    "file_format_type",
    Kind::Choice(&["text", "csv", "json", "parquet"]),
    "format of the files",
)
.required();

impl FileFormat {
    /// Reads `file_format_type`.
    pub(super) fn read(options: &Options<'_>) -> Option<Self> {
        match options.choice(&FILE_FORMAT)? {
            "text" => Some(FileFormat::Text),
            "csv" => Some(FileFormat::Csv),
            "json" => Some(FileFormat::Json),
            _ => Some(FileFormat::Parquet),
        }
    }

    /// Ending of file names.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            FileFormat::Text => ".txt",
            FileFormat::Csv => ".csv",
            FileFormat::Json => ".json",
            FileFormat::Parquet => ".parquet",
        }
    }
}

/// A list option that must be a real list: these options refuse text that other lists would split at commas.
pub(super) fn strict_list(options: &Options<'_>, option: &OptionDef) -> Option<Vec<String>> {
    match options.raw(option) {
        Some(value) if value.as_list().is_none() => {
            options.error(option.key, format!("is {}; a list is wanted: [\"…\", \"…\"]", value.kind()));
            None
        }
        _ => options.texts(option),
    }
}

/// A path of a job file: `file://` in front is dropped.
pub(super) fn local_path(text: &str) -> &str {
    let rest = text.strip_prefix("file:").unwrap_or(text);
    match rest.strip_prefix("//") {
        Some(absolute) if rest.len() != text.len() && absolute.starts_with('/') => absolute,
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (text, path) in [
            ("/a/b", "/a/b"),
            ("file:///a/b", "/a/b"),
            ("file:/a/b", "/a/b"),
            ("a/file:b", "a/file:b"),
            ("//a", "//a"),
        ] {
            assert_eq!(local_path(text), path);
        }
    }
}
