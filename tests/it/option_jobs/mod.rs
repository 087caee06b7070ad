//! Every option of every plug-in does something, and what is accepted without effect is declared so.
//!
//! `job` reads the jobs of `tests/data/option-jobs` (and the examples of `config/jobs`), whose head names the options
//! that they show; `place` finds an option in a job and in the declarations; `outcome` runs a job and says all that
//! came of it; `judge` tells which claims don't hold; `coverage` makes `docs/option-coverage.md`. Each job runs twice with
//! one outcome; then without each shown option, which must give another outcome, or the same one for an option that is
//! only tolerated.
//!
//! A new job is a file: a comment, `# shows: source[0].FakeSource.row.num` for each option, `# tolerates: …` for one that
//! is declared to have no effect, `# slows: … to 2000 ms` for a time, and `# ends: failed: <part of the message>` unless
//! it ends well. `{IN}` is a copy of `input/`, `{OUT}` and `{TMP}` are folders that are not there yet.

mod coverage;
mod job;
mod judge;
mod outcome;
mod place;

use crate::server::{Options, Server, checkout};
use crate::values_observed::folder;
use job::Job;
use outcome::Runner;
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
                    let problems = judge::wrong_claims(&runner, job);
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
