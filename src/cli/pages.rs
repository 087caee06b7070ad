//! `seikan completion` and `seikan man`: what is made of the declared commands.

use super::client_arguments::{CompletionOptions, ManOptions};
use super::{FAILED, commands, tell};
use clap_mangen::Man;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

pub(super) fn completion(options: CompletionOptions) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut commands(), "seikan", &mut script);
    print(&script)
}

pub(super) fn man(options: ManOptions) -> ExitCode {
    let pages = match pages() {
        Ok(pages) => pages,
        Err(error) => return failed(&format!("a page can't be made: {error}")),
    };
    let Some(dir) = options.dir else {
        return print(&pages.into_iter().flat_map(|(_, page)| page).collect::<Vec<u8>>());
    };
    match write(&dir, &pages) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&format!("{}: {error}", dir.display())),
    }
}

fn failed(message: &str) -> ExitCode {
    tell(&format!("error: {message}"));
    ExitCode::from(FAILED)
}

fn write(dir: &Path, pages: &[(String, Vec<u8>)]) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    pages.iter().try_for_each(|(name, page)| std::fs::write(dir.join(name), page))
}

/// A page for the program and one for each command, with the names of their files.
fn pages() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut program = commands();
    program.build();
    let (mut wanted, mut pages) = (vec![program], Vec::new());
    while let Some(command) = wanted.pop() {
        wanted.extend(command.get_subcommands().cloned().collect::<Vec<_>>().into_iter().rev());
        let page = Man::new(command);
        let mut text = Vec::new();
        page.render(&mut text)?;
        pages.push((page.get_filename(), text));
    }
    Ok(pages)
}

fn print(text: &[u8]) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => failed(&format!("standard output: {error}")),
        Ok(()) | Err(_) => ExitCode::SUCCESS,
    }
}
