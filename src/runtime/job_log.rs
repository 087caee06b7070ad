//! A log file, of one job or of the server: made with its first line, rotated, size-capped.

use crate::model::Millis;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

/// How large a job's log may grow: `files` files of `bytes` each (the newest, and older ones `.1` …).
#[derive(Clone, Copy, Debug)]
pub struct LogLimits {
    /// Bytes of one file.
    pub bytes: u64,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { bytes: 64 << 20 }
    }
}

/// A log of its own: of a job, or of the server. Lines are `2026-01-02 03:04:05.678 INFO  text`, local time. Two files at most: the newest and
/// its predecessor (`….log.1`); when the predecessor is overwritten, a line says how many lines were dropped.
/// Failures to write are counted, never a job's failure. One short lock per call, not per row.
#[derive(Debug)]
pub struct JobLog {
    target: Target,
    state: Mutex<State>,
    limits: LogLimits,
    /// Whether each line is a JSON object.
    json: bool,
}

/// What is there of a job's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundLog {
    /// Id of the job.
    pub job: i64,
    /// When it was written last.
    pub changed: Millis,
    /// Bytes of its files.
    pub bytes: u64,
}

#[derive(Debug)]
enum Target {
    File(PathBuf),
    Stdout,
    Nowhere,
}

#[derive(Debug, Default)]
struct State {
    file: Option<File>,
    bytes: u64,
    lines: u64,
    lines_before: u64,
    dropped: u64,
}

impl JobLog {
    /// Where in the data directory the logs are.
    pub const DIRECTORY: &str = "logs";
    /// The name of the server's own log, by which clients of the Java engine look for it.
    pub const SERVER: &str = "seatunnel-engine-server.log";

    /// Logs to a file, made with the first line; goes on at the end of an existing one.
    #[must_use]
    pub fn to_file(path: PathBuf, limits: LogLimits) -> Self {
        Self { target: Target::File(path), state: Mutex::default(), limits, json: false }
    }

    /// The log of the server; says that it begins, so that it is there from the start.
    #[must_use]
    pub(super) fn of_server(path: PathBuf, limits: LogLimits, json: bool) -> Self {
        let log = Self { json, ..Self::to_file(path, limits) };
        let begins = concat!("seikan ", env!("CARGO_PKG_VERSION"), " starts");
        log.block(log.line("INFO", begins).as_bytes(), 1);
        log
    }

    /// Logs to standard output.
    #[must_use]
    pub fn to_stdout() -> Self {
        Self { target: Target::Stdout, state: Mutex::default(), limits: LogLimits::default(), json: false }
    }

    /// The name of a job's log.
    #[must_use]
    pub fn file_name(job: i64) -> String {
        format!("job-{job}.log")
    }

    /// Whether a file of that name in the directory is a log: of the server or of a job, the newest or its predecessor.
    #[must_use]
    pub fn is_log(name: &str) -> bool {
        let newest = name.strip_suffix(".1").unwrap_or(name);
        newest == Self::SERVER || job_of(newest).is_some_and(|job| newest == Self::file_name(job))
    }

    /// The logs in a directory, by job; none if there is no such directory.
    ///
    /// # Errors
    /// The system refuses to list it.
    pub fn list(dir: &Path) -> io::Result<Vec<FoundLog>> {
        let entries = match std::fs::read_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found: BTreeMap<i64, FoundLog> = BTreeMap::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let name = name.strip_suffix(".1").unwrap_or(&name);
            let Some(job) = job_of(name) else { continue };
            // One that was removed meanwhile takes nothing.
            let Ok(data) = entry.metadata() else { continue };
            let age = data.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let changed = age.map_or(0, |age| age.as_millis() as Millis);
            let log = found.entry(job).or_insert(FoundLog { job, changed, bytes: 0 });
            log.changed = log.changed.max(changed);
            log.bytes += data.len();
        }
        Ok(found.into_values().collect())
    }

    /// Logs nowhere.
    #[must_use]
    pub fn nowhere() -> Self {
        Self { target: Target::Nowhere, state: Mutex::default(), limits: LogLimits::default(), json: false }
    }

    /// The file, if it logs to one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match &self.target {
            Target::File(path) => Some(path),
            Target::Stdout | Target::Nowhere => None,
        }
    }

    /// Removes its files, if it has any.
    ///
    /// # Errors
    /// The system refuses; that a file is not there is fine.
    pub fn remove(&self) -> std::io::Result<()> {
        let Target::File(path) = &self.target else { return Ok(()) };
        self.state.lock().unwrap_or_else(PoisonError::into_inner).file = None;
        for path in [path.clone(), older(path)] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// What stands in front of a line written now.
    #[must_use]
    pub fn prefix(level: &str) -> String {
        format!("{} {level:<5} ", chrono::Local::now().format("%Y-%m-%d %H:%M:%S%.3f"))
    }

    /// What stands in front of a line of that time (UTC milliseconds).
    #[must_use]
    pub fn prefix_at(level: &str, at: Millis) -> String {
        let at = chrono::DateTime::from_timestamp_millis(at).unwrap_or_default();
        format!("{} {level:<5} ", at.with_timezone(&chrono::Local).format("%Y-%m-%d %H:%M:%S%.3f"))
    }

    /// Writes one line at INFO.
    pub fn info(&self, text: &str) {
        self.block(format!("{}{text}\n", Self::prefix("INFO")).as_bytes(), 1);
    }

    /// Writes one line at WARN.
    pub fn warn(&self, text: &str) {
        self.block(format!("{}{text}\n", Self::prefix("WARN")).as_bytes(), 1);
    }

    /// Writes one line at ERROR.
    pub fn error(&self, text: &str) {
        self.block(format!("{}{text}\n", Self::prefix("ERROR")).as_bytes(), 1);
    }

    /// Writes `lines` finished lines at once; each starts with a [`prefix`](Self::prefix) and ends in a newline.
    pub fn block(&self, text: &[u8], lines: u64) {
        match &self.target {
            Target::Nowhere => {}
            Target::Stdout => {
                // A closed standard output ends nothing: the job matters, not its echo.
                let _written = io::stdout().lock().write_all(text);
            }
            Target::File(path) => {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                if self.append(&mut state, path, text, lines).is_err() {
                    state.dropped += lines;
                    state.file = None;
                }
            }
        }
    }

    fn append(&self, state: &mut State, path: &Path, text: &[u8], lines: u64) -> io::Result<()> {
        if state.file.is_some() && state.bytes + text.len() as u64 > self.limits.bytes {
            std::fs::rename(path, older(path))?;
            state.dropped += std::mem::replace(&mut state.lines_before, state.lines);
            (state.file, state.bytes, state.lines) = (None, 0, 0);
        }
        if state.file.is_none() {
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            state.bytes = file.metadata()?.len();
            state.file = Some(file);
        }
        let Some(file) = &mut state.file else {
            return Ok(());
        };
        if state.bytes == 0 && state.dropped > 0 {
            let note = format!("{} earlier lines were dropped", state.dropped);
            file.write_all(self.line("WARN", &note).as_bytes())?;
        }
        file.write_all(text)?;
        state.bytes += text.len() as u64;
        state.lines += lines;
        Ok(())
    }

    /// A line of that text, which needs no escaping.
    fn line(&self, level: &str, text: &str) -> String {
        if self.json {
            let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.6fZ");
            return format!(
                "{{\"timestamp\":\"{now}\",\"level\":\"{level}\",\"fields\":{{\"message\":\"{text}\"}}}}\n"
            );
        }
        format!("{}{text}\n", Self::prefix(level))
    }
}

/// The job whose log has that name.
fn job_of(name: &str) -> Option<i64> {
    name.strip_prefix("job-")?.strip_suffix(".log")?.parse().ok()
}

fn older(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotates_and_counts_what_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("job-1.log");
        let log = JobLog::to_file(path.clone(), LogLimits { bytes: 200 });
        assert!(!path.exists(), "made with the first line only");
        for number in 0..40 {
            log.info(&format!("line {number}"));
        }
        let newest = std::fs::read_to_string(&path).unwrap();
        let older = std::fs::read_to_string(older(&path)).unwrap();
        assert!(newest.ends_with("line 39\n"), "{newest}");
        assert!(older.len() <= 300 && newest.len() <= 300);
        assert!(newest.contains("earlier lines were dropped"), "{newest}");
        std::fs::write(dir.path().join("job-x.log"), "of nobody").unwrap();
        let found = JobLog::list(dir.path()).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].job, found[0].bytes), (1, (newest.len() + older.len()) as u64));
        assert_eq!(JobLog::list(&dir.path().join("nowhere")).unwrap(), []);
    }
    #[test]
    fn names_of_logs() {
        for name in
            ["job-1.log", "job-1.log.1", "job--5.log", JobLog::SERVER, "seatunnel-engine-server.log.1"]
        {
            assert!(JobLog::is_log(name), "{name}");
        }
        for name in [
            "",
            "job-1",
            "job-.log",
            "job-01.log",
            "job-+1.log",
            "job-1.log.2",
            "../job-1.log",
            "job-1.log/",
            "x.log",
        ] {
            assert!(!JobLog::is_log(name), "{name}");
        }
    }
}
