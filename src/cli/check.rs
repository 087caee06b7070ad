//! `seikan check`: all problems at once, no side effects.

use super::arguments::{CheckOptions, OutputFormat};
use super::{FAILED, WRONG, explain, say};
use crate::api::views;
use crate::app::{self, Examined, JobText};
use crate::model::Problem;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn check(options: CheckOptions) -> ExitCode {
    let text = if options.file == Path::new("-") {
        JobText::from_stdin(options.json)
    } else {
        JobText::read(&options.file, options.json)
    };
    let text = match text {
        Ok(text) => text,
        Err(problems) => return unreadable(&problems),
    };
    if options.tree {
        return match text.parse(&options.variables) {
            Ok(tree) => {
                say(&serde_json::to_string(&tree).unwrap_or_default());
                ExitCode::SUCCESS
            }
            Err(problems) => unreadable(&problems),
        };
    }
    let examined = match app::examine(&text, &options.variables, options.sample) {
        Ok(examined) => examined,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(FAILED);
        }
    };
    if options.output == OutputFormat::Json {
        let Examined { errors, warnings, plan, sample, .. } = &examined;
        let view = views::Examined { errors, warnings, plan: plan.as_ref(), sample: sample.as_ref() };
        say(&views::examined(&view));
        return code(&examined);
    }
    if examined.tree.is_none() {
        return unreadable(&examined.errors);
    }
    examined.warnings.iter().for_each(|problem| say(&format!("warning: {problem}")));
    examined.errors.iter().for_each(|problem| say(&format!("error: {problem}")));
    match (examined.errors.len(), examined.warnings.len()) {
        (0, 0) => say(&format!("{}: ok", options.file.display())),
        (errors, warnings) => {
            let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
            let (errors, warnings) = (count(errors, "error"), count(warnings, "warning"));
            say(&format!("{}: {errors}, {warnings}", options.file.display()));
        }
    }
    if let (true, Some(plan)) = (options.explain, &examined.plan) {
        say(explain::plan(plan).trim_end());
    }
    if let Some(sample) = &examined.sample {
        say(explain::sample(sample).trim_end());
    }
    code(&examined)
}

/// Warnings are for the reader: a job that `run` would take succeeds here, too.
fn code(examined: &Examined) -> ExitCode {
    if examined.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(WRONG) }
}

fn unreadable(problems: &[Problem]) -> ExitCode {
    problems.iter().for_each(|problem| eprintln!("error: {problem}"));
    ExitCode::from(WRONG)
}
