//! `seikan prune`: what the configuration no longer keeps of ended jobs, told or deleted.
//!
//! Exit codes: 0 done, 1 it failed, 2 what was named can't be used, or a server is running on it.

use super::arguments::PruneOptions;
use super::progress::grouped;
use super::{FAILED, WRONG};
use crate::api::views::local_time;
use crate::app::backups::BackupError;
use crate::app::prune::{self, Over, Part};
use crate::config;
use std::io::Write;
use std::process::ExitCode;

pub(super) fn prune(options: PruneOptions) -> ExitCode {
    let flags = config::Flags { data_dir: options.data_dir, listen: None };
    let loaded = match config::load(options.config.as_deref(), &flags) {
        Ok(loaded) => loaded,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(WRONG);
        }
    };
    for warning in &loaded.warnings {
        eprintln!("warning: configuration: {warning}");
    }
    let config = loaded.config;
    let done = if options.dry_run { prune::look(&config) } else { prune::prune(&config) };
    match done {
        Ok(over) => {
            let text = report(&config, &over, options.dry_run);
            match writeln!(std::io::stdout().lock(), "{text}") {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("error: standard output: {error}");
                    ExitCode::from(FAILED)
                }
            }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(match error {
                BackupError::Unusable(_) => WRONG,
                BackupError::Store(_) => FAILED,
            })
        }
    }
}

fn report(config: &config::Config, over: &Over, is_dry: bool) -> String {
    let dir = config.store.data_dir.display();
    let retention = prune::retention(config);
    let mut lines = vec![format!("{dir}: {} ended jobs", grouped(over.ended))];
    let kinds = [
        ("records", &retention.records, &over.records),
        ("logs", &retention.logs, &over.logs),
        ("checkpoints", &retention.checkpoints, &over.checkpoints),
    ];
    for (name, limits, part) in kinds {
        lines.push(match limits.is_endless() && part.items.is_empty() {
            true => format!("  {name}: all are kept (no limit is configured)"),
            false => format!("  {name}: {}", line(part, is_dry)),
        });
    }
    if let Some(reason) = &over.held {
        lines.push(format!("  nothing is deleted until `serve --resume`: {reason}"));
    }
    if is_dry {
        lines.push("nothing was changed".to_owned());
    } else if !over.records.items.is_empty() {
        lines.push("the disk space comes back after store.grace, counted while servers run".to_owned());
    }
    lines.join("\n")
}

/// `would delete 12 (3,456 bytes), from 2026-01-31 12:00:00 to 2026-02-01 12:00:00`
fn line(part: &Part, is_dry: bool) -> String {
    let verb = if is_dry { "would delete" } else { "deleted" };
    let total = part.total();
    let times = part.times().map_or_else(String::new, |(oldest, newest)| {
        format!(", from {} to {}", local_time(oldest), local_time(newest))
    });
    format!("{verb} {} ({} bytes){times}", grouped(total.count), grouped(total.bytes))
}
