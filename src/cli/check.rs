//! `seikan check`: all problems at once, no side effects.

use super::WRONG;
use super::arguments::CheckOptions;
use crate::app::{self, JobText};
use std::path::Path;
use std::process::ExitCode;

pub(super) fn check(options: CheckOptions) -> ExitCode {
    let text = if options.file == Path::new("-") {
        JobText::from_stdin(options.json)
    } else {
        JobText::read(&options.file, options.json)
    };
    let parsed = text.and_then(|text| Ok((text.parse(&options.variables)?, text.oddities())));
    let (tree, odd) = match parsed {
        Ok(parsed) => parsed,
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("error: {problem}"));
            return ExitCode::from(WRONG);
        }
    };
    if options.tree {
        println!("{}", serde_json::to_string(&tree).unwrap_or_default());
        return ExitCode::SUCCESS;
    }
    let (errors, warnings) = match app::check(&tree) {
        Ok((errors, warnings)) => (errors, odd.into_iter().chain(warnings).collect::<Vec<_>>()),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(WRONG);
        }
    };
    warnings.iter().for_each(|problem| println!("warning: {problem}"));
    errors.iter().for_each(|problem| println!("error: {problem}"));
    match (errors.len(), warnings.len()) {
        (0, 0) => {
            println!("{}: ok", options.file.display());
            ExitCode::SUCCESS
        }
        (errors, warnings) => {
            let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
            let (errors, warnings) = (count(errors, "error"), count(warnings, "warning"));
            println!("{}: {errors}, {warnings}", options.file.display());
            ExitCode::from(WRONG)
        }
    }
}
