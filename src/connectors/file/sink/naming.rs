//! Names of output files: `file_name_expression`, part number, suffixes, partition directories.

use crate::format::java_time::TimePattern;
use crate::model::{Epoch, JobId};
use crate::runtime;
use chrono::{DateTime, FixedOffset, Local};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// How the files of a sink are called.
#[derive(Clone, Debug)]
pub(super) struct FileNames {
    /// `file_name_expression`.
    pub(super) expression: String,
    /// `filename_time_format`.
    pub(super) time: TimePattern,
    /// Compression and format: `.snappy.parquet`.
    pub(super) suffix: String,
}

impl FileNames {
    /// Whether no two writers and no two epochs can make the same name.
    pub(super) fn are_unique(&self) -> bool {
        self.expression.contains("${transactionId}") || self.expression.contains("${uuid}")
    }

    /// Name of a part that is begun now.
    pub(super) fn name(&self, transaction: &str, part: u64) -> String {
        self.name_at(transaction, part, || now().unwrap_or_default())
    }

    fn name_at(&self, transaction: &str, part: u64, now: impl Fn() -> DateTime<FixedOffset>) -> String {
        let name = fill(&self.expression, |key| match key {
            "transactionId" => Some(transaction.to_owned()),
            "now" => Some(self.time.text_of(&now().into())),
            "uuid" => Some(uuid()),
            _ => None,
        });
        format!("{name}_{part}{}", self.suffix)
    }
}

fn now() -> Option<DateTime<FixedOffset>> {
    DateTime::from_timestamp_millis(runtime::clock()).map(|utc| utc.with_timezone(&Local).fixed_offset())
}

/// `T_{job}_{hex10}_{subtask}_{checkpoint}`.
pub(super) fn transaction(job: JobId, hex: &str, instance: usize, epoch: Epoch) -> String {
    format!("T_{job}_{hex}_{instance}_{epoch}")
}

/// Ten random hexadecimal digits.
pub(super) fn hex10() -> String {
    format!("{:010x}", SmallRng::from_os_rng().random::<u64>() & 0xff_ffff_ffff)
}

fn uuid() -> String {
    let [a, b]: [u64; 2] = SmallRng::from_os_rng().random();
    let (version, variant) = ((a & 0xfff) | 0x4000, ((b >> 48) & 0x3fff) | 0x8000);
    format!(
        "{:08x}-{:04x}-{version:04x}-{variant:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        b & 0xffff_ffff_ffff
    )
}

/// Fills `${key}`; keys that `value` doesn't know stay as they are.
fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        match after.split_once('}') {
            Some((key, behind)) => {
                match value(key) {
                    Some(value) => out.push_str(&value),
                    None => out.extend(["${", key, "}"]),
                }
                rest = behind;
            }
            None => {
                out.push_str("${");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// `partition_dir_expression` with its keys filled in: pieces of text, and values of partition columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartitionDir(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(usize),
}

impl PartitionDir {
    /// Reads the expression (empty: `k0=v0/k1=v1/…`) for the partition columns `keys`.
    pub(super) fn new(expression: &str, keys: &[String]) -> Self {
        let mut text = expression.to_owned();
        if text.is_empty() {
            let default: Vec<String> = (0..keys.len()).map(|i| format!("${{k{i}}}=${{v{i}}}")).collect();
            text = default.join("/");
        }
        let mut pieces = vec![];
        let mut rest = text.as_str();
        while let Some((at, length, piece)) = first_variable(rest, keys) {
            pieces.push(Piece::Text(rest[..at].to_owned()));
            pieces.push(piece);
            rest = &rest[at + length..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Self(pieces)
    }

    /// The directory, relative to the target; values are not escaped (`a/b` makes two levels).
    pub(super) fn fill(&self, values: &[String], out: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value(index) => out.push_str(values.get(*index).map_or("", String::as_str)),
            }
        }
    }
}

/// The first `${k0}` or `${v0}` that names a partition column: where it is, its length, and what stands for it.
fn first_variable(text: &str, keys: &[String]) -> Option<(usize, usize, Piece)> {
    text.match_indices("${").find_map(|(at, _)| {
        let inside = text.get(at + 2..)?.split_once('}')?.0;
        let index = inside.get(1..)?.parse::<usize>().ok()?;
        let key = keys.get(index)?;
        let piece = match inside.get(..1)? {
            "k" => Piece::Text(key.clone()),
            "v" => Piece::Value(index),
            _ => return None,
        };
        Some((at, inside.len() + 3, piece))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_the_java_engine_makes_them() {
        let now = || DateTime::parse_from_rfc3339("2024-01-02T03:04:05Z").unwrap();
        let transaction = transaction(JobId(7), "00000000ab", 1, Epoch(3));
        for (expression, suffix, name) in [
            ("${transactionId}", ".txt", "T_7_00000000ab_1_3_0.txt"),
            ("x_${transactionId}_${now}", ".csv", "x_T_7_00000000ab_1_3_2024.01.02_0.csv"),
            ("${transactionId}_${nope}", ".txt", "T_7_00000000ab_1_3_${nope}_0.txt"),
            ("a/${transactionId}", ".txt", "a/T_7_00000000ab_1_3_0.txt"),
            ("transactionId", ".txt", "transactionId_0.txt"),
            ("${transactionId", ".snappy.parquet", "${transactionId_0.snappy.parquet"),
        ] {
            let time = TimePattern::compile("yyyy.MM.dd").unwrap();
            let names = FileNames { expression: expression.into(), time, suffix: suffix.into() };
            assert_eq!(names.name_at(&transaction, 0, now), name);
        }
    }

    #[test]
    fn random_parts_have_their_shape() {
        assert_eq!(hex10().len(), 10);
        let uuid = uuid();
        let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{uuid}");
        assert_eq!(uuid.as_bytes()[14], b'4');
    }

    #[test]
    fn partition_directories() {
        let keys = ["p".to_owned(), "q".to_owned()];
        let values = ["x".to_owned(), "5".to_owned()];
        for (expression, dir) in [
            ("", "p=x/q=5"),
            ("${v0}", "x"),
            ("x/${v0}/${k1}", "x/x/q"),
            ("${nope}", "${nope}"),
            ("${v7}", "${v7}"),
            ("fix", "fix"),
            ("${${v1}", "${5"),
        ] {
            let mut out = String::new();
            PartitionDir::new(expression, &keys).fill(&values, &mut out);
            assert_eq!(out, dir, "{expression}");
        }
    }
}
