//! Every option of every plug-in does something, and what is accepted without effect is declared so.
//!
//! `job` reads the jobs of `tests/data/option-jobs` (and the examples of `config/jobs`), whose head names the options
//! that they show; `place` finds an option in a job and in the declarations; `outcome` runs a job and says all that
//! came of it; `coverage` makes `docs/option-coverage.md`. Each job runs twice with one outcome; then without each shown
//! option, which must give another outcome, or the same one for an option that is only tolerated.

mod coverage;
mod job;
mod outcome;
mod place;

use crate::server::{Options, Server, checkout};
use crate::values_observed::folder;
use job::{Claim, Job};
use outcome::{Runner, difference};
use serde_json::Value;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Jobs that are tried at a time.
const IN_FLIGHT: usize = 6;

#[test]
fn each_option_changes_what_its_jobs_do() {
    let registry = seikan::app::registry();
    let jobs: Vec<Job> = job::all()
        .into_iter()
        .flat_map(|job| [Some(job.clone()), job.in_list(&registry)])
        .flatten()
        .collect();
    let dir = folder();
    // the examples name their input from the top of the checkout
    job::copy(&checkout().join("config"), &dir.path().join("config"));
    let options = Options { working_dir: Some(dir.path().to_owned()), ..Options::default() };
    let server = Server::start_with(&dir.path().join("data"), options);
    let runner = Runner::new(&server, dir.path());

    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..IN_FLIGHT {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let problems = try_job(&runner, job);
                    wrong.lock().unwrap().extend(problems.into_iter().map(|p| format!("{}: {p}", job.name)));
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    println!("{} jobs, {} runs", jobs.len(), runner.runs());
    assert!(wrong.is_empty(), "{} claims of {} jobs:\n{}", wrong.len(), jobs.len(), wrong.join("\n"));
}

/// What is wrong with a job's claims.
fn try_job(runner: &Runner<'_>, job: &Job) -> Vec<String> {
    let (whole, time) = runner.run(&job.tree);
    let (again, _) = runner.run(&job.tree);
    if whole != again {
        return vec![format!("has two outcomes{}", difference(&whole, &again))];
    }
    let state = whole["state"].as_str().unwrap_or("REFUSED");
    let message = whole["refused"].as_str().or(whole["error"].as_str()).unwrap_or_default();
    if state != job.end.0 || !message.contains(&job.end.1) {
        return vec![format!("ends {state} ({message}) instead of {}", job.end.0)];
    }
    let mut wrong = Vec::new();
    for (path, claim) in &job.claims {
        let mut tree = job.tree.clone();
        if !place::remove(&mut tree, path) {
            wrong.push(format!("{path} is not given in the job"));
            continue;
        }
        let (without, shorter) = runner.run(&tree);
        let problem = match claim {
            Claim::Shows if without == whole => Some("changes nothing".to_owned()),
            Claim::Tolerates if without != whole => {
                Some(format!("changes the outcome{}", difference(&whole, &without)))
            }
            Claim::Slows(bound) if time < *bound || shorter >= *bound => Some(format!(
                "{time:?} with it, {shorter:?} without it; wanted are {bound:?} or more, and less"
            )),
            Claim::Shows | Claim::Tolerates | Claim::Slows(_) => None,
        };
        wrong.extend(problem.map(|problem| format!("{path} {problem}\n  {}", shown(&whole))));
    }
    wrong
}

fn shown(outcome: &Value) -> String {
    let text = outcome.to_string();
    text.char_indices().nth(800).map_or(text.clone(), |(end, _)| format!("{}…", &text[..end]))
}
