//! `seikan token`: what lets a client in.

use super::{FAILED, WRONG, say};
use crate::access::{Role, create_token, token_line};
use clap::{Args, Subcommand};
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token, and print it once: only its hash is kept.
    Create(CreateOptions),
}

#[derive(Debug, Args)]
pub(super) struct CreateOptions {
    /// What its holder may do: read, operate (also submit and stop jobs) or admin (everything).
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Role,
    /// A name for it: whose it is, or what it is for.
    #[arg(long)]
    name: String,
    /// Add its line to this file (http.tokens-file), and print the token alone. By default both are printed.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

fn role(text: &str) -> Result<Role, String> {
    Role::of_name(text).ok_or_else(|| format!("allowed: {}", Role::ALL.map(Role::name).join(", ")))
}

pub(super) fn token(command: TokenCommand) -> ExitCode {
    let TokenCommand::Create(options) = command;
    let token = create_token();
    let line = match token_line(&options.name, options.role, &token) {
        Ok(line) => line,
        Err(error) => {
            eprintln!("error: --name: {error}");
            return ExitCode::from(WRONG);
        }
    };
    match &options.file {
        None => {
            say(&format!("token: {token}"));
            say(&format!("line:  {line}"));
        }
        Some(path) => {
            if let Err(error) = add(path, &options.name, &line) {
                eprintln!("error: {}: {error}", path.display());
                return ExitCode::from(FAILED);
            }
            say(&token);
        }
    }
    ExitCode::SUCCESS
}

/// Adds a line; a new file is for its owner alone.
fn add(path: &Path, name: &str, line: &str) -> Result<(), String> {
    let opened = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path);
    let mut file = opened.map_err(|error| error.to_string())?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.lines().any(|line| line.split_whitespace().next() == Some(name)) {
        return Err(format!("there is a token named {name:?} already; delete its line first"));
    }
    let before = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    file.write_all(format!("{before}{line}\n").as_bytes()).map_err(|error| error.to_string())
}
