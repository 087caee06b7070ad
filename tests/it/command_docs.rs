//! The lower part of `docs/command-line.md` is what the declarations of the commands say; its examples can be typed. After
//! a change of these: `SEIKAN_UPDATE_DOCS=1 cargo test --test it -- command_docs`.

use crate::server::checkout;
use clap::{Arg, ArgAction, Command};
use std::fs;

const REFERENCE: &str = "## Every command and flag\n";

fn commands() -> Command {
    let mut commands = seikan::cli::commands();
    commands.build();
    commands
}

/// A command and those below it that do something, with their full names.
fn leaves(command: &Command, name: &str, found: &mut Vec<(String, Command)>) {
    if !command.has_subcommands() {
        found.push((name.to_owned(), command.clone()));
    }
    for below in command.get_subcommands() {
        leaves(below, &format!("{name} {}", below.get_name()), found);
    }
}

fn all() -> Vec<(String, Command)> {
    let mut found = Vec::new();
    leaves(&commands(), "seikan", &mut found);
    found
}

/// `-c`, `--config FILE`.
fn spelled(arg: &Arg) -> String {
    let values: Vec<String> =
        arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let value = if takes { values.join(" ") } else { String::new() };
    if arg.is_positional() {
        return format!("`{value}`");
    }
    let aliases = arg.get_visible_aliases().unwrap_or_default();
    let longs = arg.get_long().into_iter().chain(aliases).map(|long| format!("--{long}"));
    let names: Vec<String> =
        arg.get_short().map(|short| format!("-{short}")).into_iter().chain(longs).collect();
    format!("`{}`", format!("{} {value}", names.join(", ")).trim_end())
}

fn row(arg: &Arg) -> String {
    let mut what = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let values: Vec<String> = match takes && !arg.is_hide_possible_values_set() {
        true => arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect(),
        false => Vec::new(),
    };
    if !values.is_empty() {
        what.push_str(&format!("; one of {}", values.join(", ")));
    }
    if let Some(name) = arg.get_env() {
        what.push_str(&format!("; or the variable `{}`", name.to_string_lossy()));
    }
    let defaults = arg.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy()));
    if takes && let Some(default) = defaults.reduce(|all, one| format!("{all}, {one}")) {
        what.push_str(&format!("; default {default}"));
    }
    format!("| {} | {} |\n", spelled(arg), what.replace('|', "\\|").replace('\n', " "))
}

fn reference() -> String {
    let mut page = REFERENCE.to_owned();
    page.push_str("\nAs `--help` says it. Each command also has `-h`, `--help`.\n");
    for (name, command) in all() {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        page.push_str(&format!("\n### {name}\n\n{}\n", about.replace('\n', " ")));
        let shown = command.get_arguments().filter(|arg| !arg.is_hide_set() && arg.get_id() != "help");
        let (server, own): (Vec<&Arg>, Vec<&Arg>) =
            shown.partition(|arg| arg.get_help_heading() == Some("Server"));
        if !own.is_empty() {
            page.push_str(&format!("\n| | |\n|---|---|\n{}", own.into_iter().map(row).collect::<String>()));
        }
        if !server.is_empty() {
            let names: Vec<String> = server.into_iter().map(spelled).collect();
            let link = "[which server, and who asks](#which-server-and-who-asks)";
            page.push_str(&format!("\nAnd {link}: {}.\n", names.join(", ")));
        }
    }
    page
}

#[test]
fn the_page_names_each_command_and_flag() {
    let path = checkout().join("docs/command-line.md");
    let page = fs::read_to_string(&path).unwrap();
    let (front, _) = page.split_once(REFERENCE).expect("the reference");
    let wanted = format!("{front}{}", reference());
    if std::env::var_os("SEIKAN_UPDATE_DOCS").is_some() {
        fs::write(&path, &wanted).unwrap();
    } else {
        assert!(page == wanted, "run SEIKAN_UPDATE_DOCS=1 cargo test --test it -- command_docs");
    }
    let readme = fs::read_to_string(checkout().join("README.md")).unwrap();
    for (name, command) in all() {
        assert!(readme.contains(&format!("`{name}")), "README.md doesn't name {name}");
        for arg in command.get_arguments() {
            // Flags that only scripts of old still give stand in the front, in words.
            if let Some(long) = arg.get_long().filter(|long| *long != "help") {
                assert!(wanted.contains(&format!("--{long}")), "{name} --{long}");
            }
        }
    }
}

/// The lines of the examples, without what they print and what a shell does with them.
fn examples(page: &str) -> Vec<&str> {
    let blocks = page.split("\n```sh\n").skip(1).filter_map(|block| block.split("\n```").next());
    let lines = blocks.flat_map(str::lines).filter_map(|line| line.split("  #").next());
    lines
        .map(|line| line.split(" | ").next().unwrap_or(line))
        .filter(|line| line.starts_with("seikan "))
        .collect()
}

#[test]
fn each_command_has_an_example_that_can_be_typed() {
    let page = fs::read_to_string(checkout().join("docs/command-line.md")).unwrap();
    let (front, _) = page.split_once(REFERENCE).expect("the reference");
    let examples = examples(front);
    for line in &examples {
        let words = line.split_whitespace().map(|word| word.trim_matches('\''));
        if let Err(error) = commands().try_get_matches_from(words) {
            panic!("{line}: {error}");
        }
    }
    for (name, _) in all() {
        let typed = |line: &&&str| **line == name || line.starts_with(&format!("{name} "));
        assert!(examples.iter().find(typed).is_some(), "docs/command-line.md shows no {name}");
    }
}
