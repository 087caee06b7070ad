//! The job's `env`: typed options, and the texts that the views show.

use super::JobSettings;
use super::graph::ReadLimit;
use crate::model::{Problem, nearest};
use crate::options::{Kind, Map, OptionDef, Options, Tree, convert, masked};
use crate::plugin::JobMode;
use crate::spec::Shade;
use std::time::Duration;

/// What the server gives where a job says nothing.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Between two checkpoints of a streaming job. (A batch job has checkpoints only if it asks for them.)
    pub checkpoint_interval: Duration,
    /// How long a checkpoint may take.
    pub checkpoint_timeout: Duration,
    /// What decodes the secrets of a job.
    pub shade: Shade,
}

/// The most parallel instances that one plug-in may ask for.
pub(super) const MAX_PARALLELISM: i32 = 1024;

const JOB_NAME: OptionDef = OptionDef::new("job.name", Kind::Text, "name of the job");
const JOB_MODE: OptionDef = OptionDef::new(
    "job.mode",
    Kind::Choice(&["BATCH", "STREAMING"]),
    "whether the job ends when its sources do (BATCH) or goes on until it is stopped (STREAMING)",
)
.default("BATCH");
const PARALLELISM: OptionDef =
    OptionDef::new("parallelism", Kind::Int, "parallel readers of each source; less than 1 counts as 1")
        .default("1");
const CHECKPOINT_INTERVAL: OptionDef = OptionDef::new(
    "checkpoint.interval",
    Kind::Long,
    "milliseconds between two checkpoints, at least 10; streaming: the server's when not given, batch: none",
);
const CHECKPOINT_TIMEOUT: OptionDef = OptionDef::new(
    "checkpoint.timeout",
    Kind::Long,
    "milliseconds that a checkpoint may take, at least 10; the server's when not given",
);
const RETRY_TIMES: OptionDef =
    OptionDef::new("job.retry.times", Kind::Int, "attempts after the first one; less than 0 counts as 0")
        .default("3");
const RETRY_INTERVAL: OptionDef =
    OptionDef::new("job.retry.interval.seconds", Kind::Int, "seconds before each further attempt, 0 or more")
        .default("3");
const READ_ROWS: OptionDef = OptionDef::new(
    "read_limit.rows_per_second",
    Kind::Int,
    "rows that each parallel reader may read in a second, above 0",
);
const READ_BYTES: OptionDef = OptionDef::new(
    "read_limit.bytes_per_second",
    Kind::Int,
    "estimated bytes that each parallel reader may read in a second, above 0",
);
const SAVEMODE_LOCATION: OptionDef =
    OptionDef::new("savemode.execute.location", Kind::Choice(&["CLUSTER", "CLIENT"]), "where save modes run")
        .default("CLUSTER")
        .without_effect("submitting and running happen at the same place");
const SHADE_IDENTIFIER: OptionDef = OptionDef::new(
    "shade.identifier",
    Kind::Text,
    "how secrets in the job's text are encoded: default (not at all), base64 or aes256",
)
.default("default");
const SHADE_OPTIONS: OptionDef =
    OptionDef::new("shade.options", Kind::List, "further keys that hold secrets");
const SHADE_PROPERTIES: OptionDef =
    OptionDef::new("shade.properties", Kind::Object, "settings of the encoding")
        .without_effect("neither base64 nor aes256 has settings");
const JARS: OptionDef =
    OptionDef::new("jars", Kind::Text, "Java archives").without_effect("there is nothing to load");
const CUSTOM_PARAMETERS: OptionDef =
    OptionDef::new("custom_parameters", Kind::Object, "parameters of other engines")
        .without_effect("this engine has no further parameters");
const TAG_FILTER: OptionDef =
    OptionDef::new("tag_filter", Kind::Object, "tags that the node must have, each with this value");

/// What `env` takes.
pub const ENV_OPTIONS: &[OptionDef] = &[
    JOB_NAME,
    JOB_MODE,
    PARALLELISM,
    CHECKPOINT_INTERVAL,
    CHECKPOINT_TIMEOUT,
    RETRY_TIMES,
    RETRY_INTERVAL,
    READ_ROWS,
    READ_BYTES,
    SAVEMODE_LOCATION,
    SHADE_IDENTIFIER,
    SHADE_OPTIONS,
    SHADE_PROPERTIES,
    JARS,
    CUSTOM_PARAMETERS,
    TAG_FILTER,
];

/// Options of other engines and of older versions: tolerated without a word.
const FOREIGN: &[&str] = &["flink", "spark", "execution"];

/// The shortest checkpoint interval and timeout, in milliseconds.
const SHORTEST_CHECKPOINT: i64 = 10;

/// Reads `env`. Always answers settings; where a value can't be used it is noted and the default stands in.
/// The second value is the default parallelism of the sources.
pub(super) fn read(options: &Options<'_>, defaults: &Defaults) -> (JobSettings, usize) {
    let mode = match options.choice(&JOB_MODE) {
        Some("STREAMING") => JobMode::Streaming,
        _ => JobMode::Batch,
    };
    let interval = checkpoint_time(options, &CHECKPOINT_INTERVAL);
    let settings = JobSettings {
        name: options.text(&JOB_NAME),
        mode,
        checkpoint_interval: match mode {
            JobMode::Batch => interval,
            JobMode::Streaming => interval.or(Some(defaults.checkpoint_interval)),
        },
        checkpoint_timeout: checkpoint_time(options, &CHECKPOINT_TIMEOUT)
            .or(Some(defaults.checkpoint_timeout)),
        retry_times: retry_times(options),
        retry_interval: Duration::from_secs(retry_interval(options).into()),
        read_limit: ReadLimit { rows: positive(options, &READ_ROWS), bytes: positive(options, &READ_BYTES) },
        tag_filter: tag_filter(options),
        env: view(options.map()),
    };
    check_types(options);
    warn_of_base64(options);
    warn_unknown(options);
    (settings, parallelism(options, &PARALLELISM).unwrap_or(1))
}

/// base64 is taken for protection again and again.
fn warn_of_base64(options: &Options<'_>) {
    if options.text(&SHADE_IDENTIFIER).as_deref() == Some("base64") {
        let path = options.path_of(SHADE_IDENTIFIER.key);
        let warning = Problem::new(path, "base64 protects nothing: anyone can read it");
        options.problems().warning(warning.hint("aes256 encrypts, with a key of the server"));
    }
}

/// Options that change nothing on one node; a value of the wrong type is refused all the same.
fn check_types(options: &Options<'_>) {
    let _location = options.choice(&SAVEMODE_LOCATION);
    let _properties = options.object(&SHADE_PROPERTIES);
}

fn tag_filter(options: &Options<'_>) -> Vec<(String, String)> {
    let tags = options.object(&TAG_FILTER).unwrap_or_default();
    tags.iter().map(|(name, value)| (name.clone(), convert::to_text(value))).collect()
}

/// Parallelism as the job language has it: less than 1 counts as 1.
pub(super) fn parallelism(options: &Options<'_>, option: &OptionDef) -> Option<usize> {
    let given = options.int(option)?;
    if given > MAX_PARALLELISM {
        options.error(option.key, format!("{given} is not allowed; allowed: 1 to {MAX_PARALLELISM}"));
        return None;
    }
    if given < 1 {
        counts_as(options, option, given, &format!("1; allowed: 1 to {MAX_PARALLELISM}"));
    }
    usize::try_from(given.max(1)).ok()
}

fn checkpoint_time(options: &Options<'_>, option: &OptionDef) -> Option<Duration> {
    let millis = options.long(option)?;
    if millis < SHORTEST_CHECKPOINT {
        let allowed = format!("allowed: {SHORTEST_CHECKPOINT} milliseconds or more");
        options.error(option.key, format!("{millis} is not allowed; {allowed}"));
        return None;
    }
    u64::try_from(millis).ok().map(Duration::from_millis)
}

fn positive(options: &Options<'_>, option: &OptionDef) -> Option<u32> {
    let given = options.int(option)?;
    if given <= 0 {
        options.error(option.key, format!("{given} is not allowed; allowed: 1 or more"));
        return None;
    }
    u32::try_from(given).ok()
}

/// The engine takes a negative number for none.
fn retry_times(options: &Options<'_>) -> u32 {
    let given = options.int(&RETRY_TIMES).unwrap_or(0);
    if given < 0 {
        counts_as(options, &RETRY_TIMES, given, "0; allowed: 0 or more");
    }
    u32::try_from(given).unwrap_or(0)
}

fn retry_interval(options: &Options<'_>) -> u32 {
    let given = options.int(&RETRY_INTERVAL).unwrap_or(0);
    if given < 0 {
        options.error(RETRY_INTERVAL.key, format!("{given} is not allowed; allowed: 0 or more"));
    }
    u32::try_from(given).unwrap_or(0)
}

/// Warns of a value that the job language takes for another one.
fn counts_as(options: &Options<'_>, option: &OptionDef, given: i32, what: &str) {
    options.warn(option.key, format!("{given} counts as {what}"));
}

/// Unknown keys stay in the views and do nothing else; a misspelt one deserves a word.
fn warn_unknown(options: &Options<'_>) {
    let names = || ENV_OPTIONS.iter().map(|option| option.key);
    for key in options.map().keys() {
        let first = key.split_once('.').map_or(key.as_str(), |(first, _)| first);
        let holds = |name: &str| name.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with('.'));
        if FOREIGN.contains(&first) || names().any(|name| name == key || holds(name)) {
            continue;
        }
        let problem = Problem::new(options.path_of(key), "is not an option of env; it is ignored");
        options.problems().warning(match nearest(key, names()) {
            Some(near) => problem.hint(format!("did you mean \"{near}\"?")),
            None => problem,
        });
    }
}

/// `env` as the views show it: each value as the text that Java's `toString` makes of it (`[a, b]`, `{k=v}`), in
/// the order of the job's text. A null counts as not given; what looks like a secret is masked.
fn view(env: &Map) -> Vec<(String, String)> {
    let shown = masked(&Tree::Map(env.clone()));
    shown
        .as_map()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !matches!(value, Tree::Null))
        .map(|(key, value)| {
            let mut text = String::new();
            push_java(&mut text, value, 0);
            (key.clone(), text)
        })
        .collect()
}

/// Deeper values than this are shown as compact JSON (which has its own limit at parsing).
const VIEW_DEPTH: usize = 64;

fn push_java(out: &mut String, value: &Tree, depth: usize) {
    match value {
        Tree::List(list) if depth < VIEW_DEPTH => {
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                push_java(out, item, depth + 1);
            }
            out.push(']');
        }
        Tree::Map(map) if depth < VIEW_DEPTH => {
            out.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                out.push_str(key);
                out.push('=');
                push_java(out, item, depth + 1);
            }
            out.push('}');
        }
        other => out.push_str(&convert::to_text(other)),
    }
}
