//! Shows how a job goes on: a bar on a terminal, plain lines in a pipe.

use crate::app::{Running, Server};
use crate::model::{Accounting, JobId, JobRecord, JobState, MetricsSnapshot, Millis, TableCount};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};

/// How often a bar moves, and a line is printed in a pipe.
const BAR: Duration = Duration::from_millis(100);
const LINE: Duration = Duration::from_secs(5);

/// Shows a job that runs: a bar on a terminal, a line now and then in a pipe.
pub(super) struct Shown {
    bar: ProgressBar,
    terminal: bool,
    started: Instant,
    next_line: Duration,
}

impl Shown {
    pub(super) fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = if terminal { ProgressBar::new(0) } else { ProgressBar::hidden() };
        bar.set_style(style("{spinner} {msg}"));
        Self { bar, terminal, started: Instant::now(), next_line: LINE }
    }

    /// Whether there is a bar.
    pub(super) fn is_bar(&self) -> bool {
        self.terminal
    }

    /// How it stands now.
    pub(super) fn show(&mut self, state: JobState, counts: &MetricsSnapshot) {
        let line = line(state, counts);
        if let Some((done, total)) = counts.progress {
            if self.bar.length() != Some(total) {
                self.bar.set_style(style("[{bar:30}] {msg}"));
                self.bar.set_length(total);
            }
            self.bar.set_position(done.min(total));
        }
        self.bar.set_message(line.clone());
        self.bar.tick();
        if !self.terminal && self.started.elapsed() >= self.next_line {
            self.next_line += LINE;
            // The job goes on whether anybody reads it or not.
            let _written = writeln!(std::io::stderr(), "{line}");
        }
    }

    /// Nothing is known at the moment.
    pub(super) fn tick(&self) {
        self.bar.tick();
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Follows a job to its end; answers its record, or `None` when it vanished (the server closed).
pub(super) async fn follow(server: &Server, id: JobId) -> Option<JobRecord> {
    let mut shown = Shown::new();
    loop {
        match server.job(id) {
            Some(Running::Ended(record)) => return Some(*record),
            Some(Running::Live { state, counts }) => shown.show(state, &counts),
            Some(Running::Loading) => shown.tick(),
            None => return None,
        }
        server.changed(id, BAR).await;
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("=> ")
}

/// `RUNNING  1,234,567 rows  1,000,000 rows/s  42.0 %  12 s left`
fn line(state: JobState, counts: &MetricsSnapshot) -> String {
    let rows: u64 = counts.read.iter().map(|t| t.rows).sum();
    let seconds = counts.running_ms as f64 / 1000.0;
    let mut line = format!("{state}  {} rows", grouped(rows));
    if seconds > 0.0 {
        line.push_str(&format!("  {} rows/s", grouped((rows as f64 / seconds) as u64)));
    }
    if let Some((done, total)) = counts.progress {
        let part = done.min(total) as f64 / total.max(1) as f64;
        line.push_str(&format!("  {:.1} %", part * 100.0));
        if part > 0.0 && seconds > 0.0 {
            line.push_str(&format!("  {:.0} s left", seconds / part - seconds));
        }
    }
    line
}

/// How a job ended.
pub(super) struct Outcome {
    pub(super) id: JobId,
    pub(super) name: String,
    pub(super) state: JobState,
    pub(super) counts: MetricsSnapshot,
    /// From its first start to its end, with all attempts and the waits between them.
    pub(super) took: Millis,
    /// Whether every row is accounted for, when that was looked at.
    pub(super) is_balanced: Option<bool>,
    /// Why it failed.
    pub(super) fault: Option<String>,
}

impl From<&JobRecord> for Outcome {
    fn from(record: &JobRecord) -> Self {
        let fault = record.fault.as_ref().filter(|_| record.state == JobState::Failed);
        Self {
            id: record.id,
            name: record.name.clone(),
            state: record.state,
            counts: record.metrics.clone(),
            took: record.started.zip(record.ended).map_or(0, |(started, ended)| ended - started),
            is_balanced: record.accounting.as_ref().map(Accounting::is_balanced),
            fault: fault.map(ToString::to_string),
        }
    }
}

/// The result of a job, a few lines for people.
pub(super) fn result(outcome: &Outcome) -> String {
    let sum = |tables: &[TableCount]| tables.iter().map(|t| t.rows).sum::<u64>();
    let counts = &outcome.counts;
    let seconds = outcome.took as f64 / 1000.0;
    let read = sum(&counts.read);
    let mut text = format!(
        "job {} ({}) {}: {} rows read, {} written, {} committed in {seconds:.2} s",
        outcome.id,
        outcome.name,
        outcome.state,
        grouped(read),
        grouped(sum(&counts.written)),
        grouped(counts.committed),
    );
    if seconds > 0.0 {
        text.push_str(&format!(" ({} rows/s)", grouped((read as f64 / seconds) as u64)));
    }
    if let Some(is_balanced) = outcome.is_balanced {
        text.push_str(&format!("; rows {}", if is_balanced { "balanced" } else { "NOT balanced" }));
    }
    if let Some(fault) = &outcome.fault {
        text.push_str(&format!("\n{fault}"));
    }
    text
}

/// `1234567` → `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn a_line_tells_rate_percent_and_time_left() {
        let read = vec![TableCount { table: "t".into(), rows: 500, bytes: 0 }];
        let counts = MetricsSnapshot {
            read,
            running_ms: 2000,
            progress: Some((25, 100)),
            ..MetricsSnapshot::default()
        };
        assert_eq!(line(JobState::Running, &counts), "RUNNING  500 rows  250 rows/s  25.0 %  6 s left");
    }
}
