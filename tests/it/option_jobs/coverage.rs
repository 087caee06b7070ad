//! `docs/option-coverage.md`: every declared option, and the jobs that show it.

use super::job::{self, Claim, Job};
use super::place::{self, Owner};
use crate::server::checkout;
use seikan::options::{Kind, OptionDef};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const FILE: &str = "docs/option-coverage.md";

const HEAD: &str = "# Options, and the jobs that prove them

Made from the declarations of the program and from the heads of the jobs; do not edit. `SEIKAN_UPDATE_DOCS=1 cargo test
--test it -- option_jobs::coverage` writes it anew.

A job shows an option when its outcome (refused, or state, failure, counts, files, printed lines) is another one as soon
as that option alone is taken out of it; the test `option_jobs` tries that for each line below, on a running server.
Transforms that ask a model service have tests of their own, which start one; those are named by their files. Jobs
lie in `tests/data/option-jobs`, those named `config/jobs/…` are examples. `x[].y` is an option of each object in the
list `x`. Every job whose source can also take a list of tables is tried a second time with the source's options in
that list.
";

/// Transforms that ask a service, which an unchanged job can't have: tests of their own start one, and show each option
/// there. Each of its names must stand in one of them.
const ELSEWHERE: [&str; 2] = ["transform Embedding", "transform LLM"];
const ELSEWHERE_TESTS: [&str; 6] = [
    "src/transforms/models/tests/embedding.rs",
    "src/transforms/models/tests/faults.rs",
    "src/transforms/models/tests/llm.rs",
    "src/transforms/models/tests/mod.rs",
    "src/transforms/models/tests/options.rs",
    "tests/it/models.rs",
];

/// Owner and place → jobs.
type Shown = BTreeMap<(String, String), BTreeSet<String>>;

#[test]
fn every_option_has_a_job_and_the_table_says_which() {
    let registry = seikan::app::registry();
    let owners = place::owners(&registry);
    let (mut shown, mut wrong) = (Shown::new(), Vec::new());
    for job in job::all() {
        for job in job
            .in_list(&registry)
            .iter()
            .map(|list| Job { name: job.name.clone(), ..list.clone() })
            .chain([job.clone()])
        {
            wrong.extend(note(&owners, &job, &mut shown));
        }
    }
    let table = table(&owners, &shown, &mut wrong);
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
    let path = checkout().join(FILE);
    if std::env::var_os("SEIKAN_UPDATE_DOCS").is_some() {
        fs::write(&path, &table).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == table,
        "{FILE} is not what the declarations and jobs say; set SEIKAN_UPDATE_DOCS=1 to write it"
    );
}

/// Takes a job's claims in; what is wrong with them.
fn note(owners: &[Owner], job: &Job, shown: &mut Shown) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, claim) in &job.claims {
        let Some((owner, place, option)) = place::owned(owners, path) else {
            wrong.push(format!("{}: {path} is not declared", job.name));
            continue;
        };
        match (claim, option.without_effect) {
            (Claim::Tolerates, None) => {
                wrong.push(format!("{}: {path} is declared to have an effect", job.name))
            }
            (Claim::Shows | Claim::Slows(_), Some(_)) => {
                wrong.push(format!("{}: {path} is declared to have no effect", job.name));
            }
            _ => {
                shown.entry((owner, place)).or_default().insert(job.name.clone());
            }
        }
    }
    wrong
}

/// The whole text; options without a job are noted.
fn table(owners: &[Owner], shown: &Shown, wrong: &mut Vec<String>) -> String {
    let mut text = HEAD.to_owned();
    for owner in owners.iter().filter(|owner| !owner.options.is_empty()) {
        text.push_str(&format!("\n## {}\n\n| option | shown by |\n|---|---|\n", owner.name));
        for (place, option) in places(owner.options, "") {
            let jobs = shown.get(&(owner.name.clone(), place.clone()));
            let mut jobs: Vec<&str> = jobs.into_iter().flatten().map(String::as_str).collect();
            if ELSEWHERE.contains(&owner.name.as_str()) {
                jobs.extend(elsewhere(&place));
            }
            if jobs.is_empty() {
                wrong.push(format!("{}: {place} is shown by no job", owner.name));
            }
            let why = option.without_effect.map(|why| format!("without effect: {why} ")).unwrap_or_default();
            let jobs = listed(&jobs, option.without_effect.is_some());
            text.push_str(&format!("| `{place}` | {why}{jobs} |\n"));
        }
    }
    text
}

/// The tests that name an option, by its last part.
fn elsewhere(place: &str) -> Vec<&'static str> {
    let key = place.strip_prefix("custom_config.").unwrap_or(place);
    let given = [format!("\"{key}\""), format!("{key} =")];
    let names = |test: &&str| {
        let text = fs::read_to_string(checkout().join(test)).unwrap();
        given.iter().any(|given| text.contains(given))
    };
    ELSEWHERE_TESTS.into_iter().filter(names).collect()
}

/// Names of jobs; the first three are enough for a reader.
fn listed(jobs: &[&str], in_brackets: bool) -> String {
    let mut names = jobs.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    if jobs.len() > 3 {
        names.push_str(&format!(" and {} more", jobs.len() - 3));
    }
    if in_brackets { format!("({names})") } else { names }
}

/// Every option with all below it, older spellings too.
fn places(options: &[OptionDef], before: &str) -> Vec<(String, OptionDef)> {
    let mut found = Vec::new();
    for option in options {
        found.extend(place::spellings(option).map(|spelling| (format!("{before}{spelling}"), *option)));
        let mark = if option.kind == Kind::List { "[]" } else { "" };
        found.extend(places(option.of, &format!("{before}{}{mark}.", option.key)));
    }
    found
}
