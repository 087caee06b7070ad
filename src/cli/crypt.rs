//! `seikan encrypt` and `seikan decrypt`: a job as JSON, with its secrets encoded or decoded.

use super::arguments::CryptOptions;
use super::{WRONG, say, tell};
use crate::app::{JobText, shade};
use crate::config;
use crate::model::Problem;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn encrypt(options: &CryptOptions) -> ExitCode {
    end(converted(options, true))
}

pub(super) fn decrypt(options: &CryptOptions) -> ExitCode {
    end(converted(options, false))
}

fn converted(options: &CryptOptions, encrypts: bool) -> Result<String, Vec<Problem>> {
    let text = match options.file == Path::new("-") {
        true => JobText::from_stdin(false)?,
        false => JobText::read(&options.file, false)?,
    };
    let tree = text.parse(&options.variables)?;
    let shade = shade(config::shade_key_file_of_environment().as_deref())
        .map_err(|error| vec![Problem::new("", error)])?;
    let converted = if encrypts { shade.encrypt(&tree) } else { shade.decrypt(&tree) };
    let converted = converted.map_err(|mut problems| {
        text.locate(&options.variables, &mut problems);
        problems
    })?;
    if converted == tree {
        tell(
            "warning: nothing changed: env.\"shade.identifier\" names no codec, or no source or sink has a secret",
        );
    }
    serde_json::to_string_pretty(&converted).map_err(|error| vec![Problem::new("", error.to_string())])
}

fn end(converted: Result<String, Vec<Problem>>) -> ExitCode {
    match converted {
        Ok(text) => {
            say(&text);
            ExitCode::SUCCESS
        }
        Err(problems) => {
            problems.iter().for_each(|problem| tell(&format!("error: {problem}")));
            ExitCode::from(WRONG)
        }
    }
}
