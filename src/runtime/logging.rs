//! The log of the server itself: which lines there are, how they look, and where they go.
//!
//! Lines go to standard error, and to a file from the moment that [`Logging::to_directory`] names one; until then they are
//! held, so that the file tells of the start too. The file is no place of another server: it is named once the data
//! directory is known to be ours. Levels go by target (`seikan::store`), and can be changed while the server runs;
//! such changes are lost when it ends.

use super::JobLog;
use super::job_log::LogLimits;
use super::log_levels::Levels;
use rustix::fs::fstat;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, reload};

/// Bytes of the first lines that are held until there is a file.
const HELD: usize = 256 << 10;

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// The running log of the server.
#[derive(Clone)]
pub struct Logging {
    levels: Arc<Mutex<Levels>>,
    filter: reload::Handle<Targets, Registry>,
    file: ServerFile,
    format: LogFormat,
}

impl Logging {
    /// A log that nobody writes to: of a process that logs nothing.
    #[must_use]
    pub fn detached() -> Self {
        Self::new(LogFormat::Human).0
    }

    fn new(format: LogFormat) -> (Self, reload::Layer<Targets, Registry>) {
        let levels = Levels::from_environment();
        let (layer, filter) = reload::Layer::new(levels.targets());
        let file = ServerFile(Arc::new(Mutex::new(Place::Held(Vec::new()))));
        (Self { levels: Arc::new(Mutex::new(levels)), filter, file, format }, layer)
    }

    /// Starts logging, at INFO unless `SEIKAN_LOG` says otherwise (`debug`, `seikan::store=debug,info`, …).
    /// `SEIKAN_LOG_FORMAT` (`human`, `json`) counts before `format`.
    #[must_use]
    pub fn start(format: LogFormat) -> Self {
        let format = match std::env::var("SEIKAN_LOG_FORMAT").map(|name| name.trim().to_ascii_lowercase()) {
            Ok(name) if name == "json" => LogFormat::Json,
            Ok(name) if name == "human" => LogFormat::Human,
            Ok(_) | Err(_) => format,
        };
        let (logging, filter) = Self::new(format);
        let started = tracing_subscriber::registry()
            .with(filter)
            .with(to_stderr(format))
            .with(to_file(format, logging.file.clone()))
            .try_init();
        if started.is_err() {
            tracing::debug!("logging was started before");
        }
        logging
    }

    /// Writes to `seatunnel-engine-server.log` in this directory from now on, and first what was held.
    ///
    /// # Errors
    /// The directory can't be made.
    pub fn to_directory(&self, directory: &Path, limits: LogLimits) -> io::Result<()> {
        std::fs::create_dir_all(directory)?;
        let log = JobLog::of_server(directory.join(JobLog::SERVER), limits, self.format == LogFormat::Json);
        let mut place = self.file.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Place::Held(lines) = &*place
            && !lines.is_empty()
        {
            log.block(lines, lines.iter().filter(|byte| **byte == b'\n').count() as u64);
        }
        *place = Place::File(log);
        Ok(())
    }

    /// Reads the levels.
    pub fn read<T>(&self, look: impl FnOnce(&Levels) -> T) -> T {
        look(&self.levels.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the levels; the answer of `change` is answered.
    pub fn change<T>(&self, change: impl FnOnce(&mut Levels) -> T) -> T {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = change(&mut levels);
        if let Err(error) = self.filter.reload(levels.targets()) {
            tracing::debug!(%error, "levels of a log that nobody writes to");
        }
        answer
    }
}

type Boxed<S> = Box<dyn Layer<S> + Send + Sync>;

fn to_stderr<S: Subscriber + for<'s> LookupSpan<'s>>(format: LogFormat) -> Boxed<S> {
    // Internal errors would say on standard error that standard error can't be written, and panic.
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .log_internal_errors(false)
        .with_ansi(io::stderr().is_terminal() && format == LogFormat::Human);
    match format {
        LogFormat::Json => layer.json().boxed(),
        LogFormat::Human if is_journal() => layer.event_format(Line { head: Head::Priority }).boxed(),
        LogFormat::Human => layer.with_target(false).boxed(),
    }
}

fn to_file<S: Subscriber + for<'s> LookupSpan<'s>>(format: LogFormat, file: ServerFile) -> Boxed<S> {
    let layer =
        tracing_subscriber::fmt::layer().with_writer(file).log_internal_errors(false).with_ansi(false);
    match format {
        LogFormat::Json => layer.json().boxed(),
        LogFormat::Human => layer.event_format(Line { head: Head::Time }).boxed(),
    }
}

/// Whether standard error is the journal itself, which adds time and priority to each line. The variable alone is not
/// enough: a child inherits it, whatever its standard error is.
fn is_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    fstat(io::stderr()).is_ok_and(|found| stream == format!("{}:{}", found.st_dev, found.st_ino))
}

/// A line of our own: `2026-01-02 03:04:05.678 INFO  text` as in the logs of jobs, or with the priority that the journal
/// reads.
struct Line {
    head: Head,
}

enum Head {
    Time,
    Priority,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = *event.metadata().level();
        match self.head {
            Head::Time => write!(writer, "{}", JobLog::prefix(level.as_str()))?,
            Head::Priority => write!(writer, "<{}>{level:<5} ", priority(level))?,
        }
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

/// As syslog counts.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

/// The file of the server's log, or what waits for it.
#[derive(Clone)]
struct ServerFile(Arc<Mutex<Place>>);

enum Place {
    Held(Vec<u8>),
    File(JobLog),
}

impl Write for ServerFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Place::Held(lines) if lines.len() + line.len() <= HELD => lines.extend_from_slice(line),
            Place::Held(_) => {}
            Place::File(log) => log.block(line, 1),
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for ServerFile {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logs through both formats of the file.
    fn lines(format: LogFormat) -> String {
        let dir = tempfile::tempdir().unwrap();
        let (logging, filter) = Logging::new(format);
        let subscriber =
            tracing_subscriber::registry().with(filter).with(to_file(format, logging.file.clone()));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(number = 7, "before there is a file");
            logging.to_directory(&dir.path().join("logs"), LogLimits::default()).unwrap();
            tracing::debug!("below its level");
            logging.change(|levels| levels.set("seikan::runtime", "debug")).unwrap();
            tracing::debug!("of a changed level");
            logging.change(|levels| levels.reset("seikan::runtime"));
            tracing::debug!("below its level again");
            tracing::warn!("at last");
        });
        std::fs::read_to_string(dir.path().join("logs").join(JobLog::SERVER)).unwrap()
    }

    #[test]
    fn the_file_holds_the_start_and_follows_the_levels() {
        let text = lines(LogFormat::Human);
        let ends: Vec<&str> =
            text.lines().map(|line| &line["2026-01-02 03:04:05.678 ".len()..]).skip(1).collect();
        assert_eq!(
            ends,
            ["INFO  before there is a file number=7", "DEBUG of a changed level", "WARN  at last"]
        );
        let text = lines(LogFormat::Json);
        let messages: Vec<String> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|line| format!("{} {}", line["level"], line["fields"]["message"]))
            .skip(1)
            .collect();
        let expected = ["\"INFO\" \"before there is a file\"", "\"DEBUG\" \"of a changed level\""];
        assert_eq!(messages[..2], expected);
    }
}
