//! `seikan backup`: create, list, verify, restore, export, import.
//!
//! Exit codes: 0 done and sound, 1 it failed or something is damaged, 2 what was named can't be used, 3 the server can't
//! be reached.

use super::arguments::{
    BackupCommand, CreateOptions, ExportOptions, ImportOptions, ListOptions, RestoreOptions, VerifyOptions,
};
use super::progress::grouped;
use super::remote::{Remote, RemoteError};
use super::{FAILED, WRONG, client};
use crate::api::views;
use crate::app::backups::{self, Backup, BackupError, BackupState, Created, Inspected};
use crate::model::JobState;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, ErrorKind, StdoutLock, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What went wrong, and the exit code.
type Failure = (u8, String);

pub(super) fn backup(command: BackupCommand) -> ExitCode {
    let done = match command {
        BackupCommand::Create(options) => create(&options),
        BackupCommand::List(options) => list(&options),
        BackupCommand::Verify(options) => verify(&options),
        BackupCommand::Restore(options) => restore(&options),
        BackupCommand::Export(options) => export(&options),
        BackupCommand::Import(options) => import(&options),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err((code, message)) => {
            eprintln!("error: {message}");
            ExitCode::from(code)
        }
    }
}

fn failure(error: BackupError) -> Failure {
    let code = match error {
        BackupError::Unusable(_) => WRONG,
        BackupError::Store(_) => FAILED,
    };
    (code, error.to_string())
}

/// The exit code of something that was done and may be damaged.
fn code_of(is_sound: bool) -> u8 {
    if is_sound { 0 } else { FAILED }
}

/// A closed pipe is no failure: whoever read it has seen enough.
fn print(text: &str) -> Result<(), Failure> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err((FAILED, format!("standard output: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The standard output, which knows whether its reader has gone.
struct Piped {
    out: StdoutLock<'static>,
    is_closed: bool,
}

impl Piped {
    fn told<T>(&mut self, result: std::io::Result<T>) -> std::io::Result<T> {
        self.is_closed |= result.as_ref().is_err_and(|error| error.kind() == ErrorKind::BrokenPipe);
        result
    }
}

impl std::io::Write for Piped {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes);
        self.told(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let flushed = self.out.flush();
        self.told(flushed)
    }
}

fn create(options: &CreateOptions) -> Result<u8, Failure> {
    if let Some(url) = &options.server {
        return create_remotely(url, options);
    }
    let wrong = |message: String| (WRONG, message);
    let configured = backups::directories(options.config.as_deref(), options.data_dir.clone());
    let (data_dir, backup_dir) = configured.map_err(|error| wrong(error.to_string()))?;
    let to = options.to.clone().or(backup_dir).ok_or_else(|| {
        wrong(
            "no place for the backup: give --to DIR, or set store.backup-dir in the configuration".to_owned(),
        )
    })?;
    let made = backups::create(&data_dir, &to).map_err(failure)?;
    let Created { backup, seen } = &made;
    if options.json {
        print(&views::created(&made).to_string())?;
    } else {
        print(&format!(
            "{}: {}, {} bytes",
            backup.path.display(),
            jobs(seen.jobs(), seen.ended.total(), seen.live),
            grouped(backup.bytes)
        ))?;
        complain(&views::created(&made));
    }
    Ok(code_of(seen.is_sound()))
}

fn create_remotely(url: &str, options: &CreateOptions) -> Result<u8, Failure> {
    let failed = |error: RemoteError| (client::Failure::from(error.clone()).code(), error.to_string());
    let server = Remote::new(url, &options.access).map_err(|message| (WRONG, message))?;
    if let Some(to) = &options.to {
        let listed = server.get("/backups").map_err(failed)?;
        let there = PathBuf::from(listed["directory"].as_str().unwrap_or_default());
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if real(to) != real(&there) {
            return Err((
                WRONG,
                format!(
                    "--to: {} can't be used with --server: that server's store.backup-dir is {}",
                    to.display(),
                    there.display()
                ),
            ));
        }
    }
    let made = server.post("/backups").map_err(failed)?;
    let number = |key: &str| made[key].as_u64().unwrap_or_default();
    if options.json {
        print(&made.to_string())?;
    } else {
        print(&format!(
            "{}: {}, {} bytes",
            made["path"].as_str().unwrap_or_default(),
            jobs(number("jobs"), number("endedJobs"), number("liveJobs")),
            grouped(number("bytes"))
        ))?;
        complain(&made);
    }
    Ok(code_of(made["state"] == "complete"))
}

fn list(options: &ListOptions) -> Result<u8, Failure> {
    let found = backups::list(&options.dir).map_err(failure)?;
    // A partial one may be under way.
    let code = code_of(found.iter().all(|backup| backup.state != BackupState::Damaged));
    if options.json {
        print(&Value::from(found.iter().map(views::backup).collect::<Vec<_>>()).to_string())?;
        return Ok(code);
    }
    if found.is_empty() {
        print(&format!("{}: no backups", options.dir.display()))?;
    }
    for backup in &found {
        print(&line(backup))?;
    }
    Ok(code)
}

/// `seikan-20260131T120000Z  complete  1,234 bytes  12 jobs (11 ended, 1 live)  last change 99 at 2026-01-31 12:00:00`
fn line(backup: &Backup) -> String {
    let mut text = format!("{}  {}  {} bytes", backup.name, backup.state.name(), grouped(backup.bytes));
    if let Some(figures) = &backup.figures {
        text.push_str(&format!("  {}", jobs(figures.jobs(), figures.ended, figures.live)));
        text.push_str(&format!("  {}", change(figures.last_change, figures.last_change_at)));
    }
    if let Some(made) = backup.made {
        text.push_str(&format!("  made {}", views::local_time(made)));
    }
    if let Some(why) = &backup.why {
        text.push_str(&format!("\n  {why}"));
    }
    text
}

fn jobs(all: u64, ended: u64, live: u64) -> String {
    format!("{} jobs ({} ended, {} live)", grouped(all), grouped(ended), grouped(live))
}

fn change(sequence: u64, at: Option<i64>) -> String {
    let time = at.map(|at| format!(" at {}", views::local_time(at))).unwrap_or_default();
    format!("last change {sequence}{time}")
}

/// All paths are looked at; the worst decides the exit code.
fn verify(options: &VerifyOptions) -> Result<u8, Failure> {
    let (mut worst, mut shown) = (0, Vec::new());
    for path in &options.paths {
        match backups::verify(path) {
            Ok(seen) => {
                worst = worst.max(code_of(seen.is_sound()));
                if options.json {
                    shown.push(views::inspected(&seen));
                } else {
                    print(&report(&seen))?;
                }
            }
            Err(error) => {
                worst = WRONG;
                eprintln!("error: {error}");
                let path = path.display().to_string();
                shown.push(serde_json::json!({"path": path, "state": "unusable", "why": error.to_string()}));
            }
        }
    }
    if options.json {
        print(&Value::from(shown).to_string())?;
    }
    Ok(worst)
}

/// What was found, for people.
fn report(seen: &Inspected) -> String {
    let mut text = format!(
        "{}: {}: {}",
        seen.path.display(),
        match (seen.is_sound(), &seen.doubt) {
            (false, _) => "DAMAGED",
            (true, Some(_)) => "sound, with a doubt",
            (true, None) => "sound",
        },
        jobs(seen.jobs(), seen.ended.total(), seen.live)
    );
    let states = JobState::ALL.into_iter().map(|state| (state, seen.ended.of(state)));
    for (state, count) in states.filter(|(_, count)| *count > 0) {
        line_of(&mut text, &format!("{state}: {}", grouped(count)));
    }
    line_of(&mut text, &change(seen.last_change, seen.last_change_at));
    line_of(&mut text, &format!("journal: {} segments, {} bytes", seen.segments, grouped(seen.bytes)));
    match &seen.held {
        Some(reason) if seen.live > 0 => {
            line_of(&mut text, &format!("live jobs are held at a start, until --resume: {reason}"));
        }
        Some(reason) => line_of(&mut text, &format!("no job is held at a start: {reason}")),
        None => {}
    }
    if let Some(doubt) = &seen.doubt {
        line_of(&mut text, &format!("doubt: {doubt}"));
    }
    for note in &seen.notes {
        line_of(&mut text, &format!("note: {note}"));
    }
    for complaint in complaints(&views::inspected(seen)) {
        line_of(&mut text, &complaint);
    }
    text
}

fn line_of(text: &mut String, line: &str) {
    // Writing to a text never fails.
    if writeln!(text).is_ok() {
        text.push_str("  ");
        text.push_str(line);
    }
}

/// What is damaged, a line each; `seen` as the REST API shows it, so that a server's word reads like our own.
fn complaints(seen: &Value) -> Vec<String> {
    let list = |key: &str| seen[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let damage = list("damage").iter().map(|finding| {
        let jobs: Vec<String> = finding["jobs"].as_array().into_iter().flatten().map(text).collect();
        let named = match jobs.as_slice() {
            [] => String::new(),
            [one] => format!(" (job {one})"),
            many => format!(" (jobs {})", many.join(", ")),
        };
        format!("damage: {}: {}{named}", text(&finding["place"]), text(&finding["what"]))
    });
    let alike = list("lostJobs").chunk_by(|lost, next| lost["why"] == next["why"]);
    let lost = alike.map(|alike| {
        let ids: Vec<String> = alike.iter().map(|lost| text(&lost["jobId"])).collect();
        let why = text(&alike[0]["why"]);
        match ids.as_slice() {
            [id] => format!("lost: job {id} becomes UNKNOWABLE: {why}"),
            ids => format!("lost: {} jobs become UNKNOWABLE: {why} (jobs {})", ids.len(), ids.join(", ")),
        }
    });
    damage.chain(lost).collect()
}

fn complain(seen: &Value) {
    complaints(seen).iter().for_each(|complaint| eprintln!("warning: {complaint}"));
}

/// What to do about the jobs that had not ended, if there are some.
fn print_held(live: u64, target: &Path) -> Result<(), Failure> {
    if live == 0 {
        return Ok(());
    }
    let target = target.display();
    print(&format!(
        "held until --resume: jobs that have not ended run after `seikan serve --data-dir {target} --resume`"
    ))
}

fn restore(options: &RestoreOptions) -> Result<u8, Failure> {
    let seen = backups::restore(&options.backup, &options.target).map_err(failure)?;
    let target = options.target.display();
    print(&format!("{target}: {}", jobs(seen.jobs(), seen.ended.total(), seen.live)))?;
    print_held(seen.live, &options.target)?;
    complain(&views::inspected(&seen));
    if !seen.is_sound() {
        eprintln!("warning: {target} can be used: what is damaged is missing in it, all else is there");
    }
    Ok(code_of(seen.is_sound()))
}

fn export(options: &ExportOptions) -> Result<u8, Failure> {
    let mut out = Piped { out: std::io::stdout().lock(), is_closed: false };
    let file = options.out.as_deref().filter(|path| *path != Path::new("-"));
    let exported = match file {
        Some(path) => backups::export_to_file(&options.dir, path, options.force),
        None => backups::export(&options.dir, &mut out, Path::new("standard output")),
    };
    if out.is_closed {
        return Ok(0);
    }
    let exported = exported.map_err(failure)?;
    for finding in &exported.damage {
        eprintln!("warning: damage: {}: {}", finding.place, finding.what);
    }
    eprintln!("{} jobs exported", grouped(exported.jobs));
    Ok(code_of(exported.damage.is_empty()))
}

fn import(options: &ImportOptions) -> Result<u8, Failure> {
    let target = &options.target;
    let imported = if options.file == Path::new("-") {
        backups::import(&mut std::io::stdin().lock(), "standard input", target)
    } else {
        let name = options.file.display().to_string();
        let file =
            File::open(&options.file).map_err(|error| (WRONG, format!("{name}: can't be read: {error}")))?;
        backups::import(&mut BufReader::with_capacity(1 << 16, file), &name, target)
    };
    let imported = imported.map_err(failure)?;
    let figures = jobs(imported.jobs, imported.jobs - imported.live, imported.live);
    print(&format!("{}: {figures}", target.display()))?;
    print_held(imported.live, target)?;
    Ok(0)
}
