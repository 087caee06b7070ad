//! Shows how a job goes on: a bar on a terminal, plain lines in a pipe.

use crate::app::{Running, Server};
use crate::model::{JobId, JobRecord, JobState, MetricsSnapshot};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};

/// How often a bar moves, and a line is printed in a pipe.
const BAR: Duration = Duration::from_millis(100);
const LINE: Duration = Duration::from_secs(5);

/// Follows a job to its end; answers its record, or `None` when it vanished (the server closed).
pub(super) async fn follow(server: &Server, id: JobId) -> Option<JobRecord> {
    let terminal = std::io::stderr().is_terminal();
    let bar = if terminal { ProgressBar::new(0) } else { ProgressBar::hidden() };
    bar.set_style(style("{spinner} {msg}"));
    let started = Instant::now();
    let mut next_line = LINE;
    loop {
        match server.job(id) {
            Some(Running::Ended(record)) => {
                bar.finish_and_clear();
                return Some(*record);
            }
            Some(Running::Live { state, counts }) => {
                let line = line(state, &counts);
                if let Some((done, total)) = counts.progress {
                    if bar.length() != Some(total) {
                        bar.set_style(style("[{bar:30}] {msg}"));
                        bar.set_length(total);
                    }
                    bar.set_position(done.min(total));
                }
                bar.set_message(line.clone());
                bar.tick();
                if !terminal && started.elapsed() >= next_line {
                    next_line += LINE;
                    // The job goes on whether anybody reads it or not.
                    let _written = writeln!(std::io::stderr(), "{line}");
                }
            }
            Some(Running::Loading) => bar.tick(),
            None => {
                bar.finish_and_clear();
                return None;
            }
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

/// The result of a job, a few lines for people.
pub(super) fn result(record: &JobRecord) -> String {
    let sum = |tables: &[crate::model::TableCount]| tables.iter().map(|t| t.rows).sum::<u64>();
    let counts = &record.metrics;
    // With all attempts and the waits between them: as long as the user waited for it.
    let took = record.started.zip(record.ended).map_or(0, |(started, ended)| ended - started);
    let seconds = took as f64 / 1000.0;
    let read = sum(&counts.read);
    let mut text = format!(
        "job {} ({}) {}: {} rows read, {} written, {} committed in {seconds:.2} s",
        record.id,
        record.name,
        record.state,
        grouped(read),
        grouped(sum(&counts.written)),
        grouped(counts.committed),
    );
    if seconds > 0.0 {
        text.push_str(&format!(" ({} rows/s)", grouped((read as f64 / seconds) as u64)));
    }
    if let Some(accounting) = &record.accounting {
        let verdict = if accounting.is_balanced() { "balanced" } else { "NOT balanced" };
        text.push_str(&format!("; rows {verdict}"));
    }
    if let (JobState::Failed, Some(fault)) = (record.state, &record.fault) {
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
        let read = vec![crate::model::TableCount { table: "t".into(), rows: 500, bytes: 0 }];
        let counts = MetricsSnapshot {
            read,
            running_ms: 2000,
            progress: Some((25, 100)),
            ..MetricsSnapshot::default()
        };
        assert_eq!(line(JobState::Running, &counts), "RUNNING  500 rows  250 rows/s  25.0 %  6 s left");
    }
}
