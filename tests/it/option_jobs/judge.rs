//! Whether what a job claims of its options holds.

use super::job::{self, Claim, Job};
use super::outcome::{Runner, difference};
use super::place;
use crate::server::Server;
use crate::values_observed::folder;
use serde_json::Value;

/// The claims of a job that don't hold, and why.
pub fn wrong_claims(runner: &Runner<'_>, job: &Job) -> Vec<String> {
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

/// Claims that don't hold are found, each for its reason.
#[test]
fn wrong_claims_are_told() {
    let text = "source {\n  FakeSource { colour = red, row.num = 2, int.template = [1], schema { fields { a = int } } }\n}\n\
                sink { Console { } }\n";
    let dir = folder();
    let server = Server::start(&dir.path().join("data"));
    let runner = Runner::new(&server, dir.path());
    for (claim, problem) in [
        ("shows: source[0].FakeSource.row.num", None),
        ("tolerates: source[0].FakeSource.colour", None),
        ("shows: source[0].FakeSource.colour", Some("changes nothing")),
        ("shows: source[0].FakeSource.split.num", Some("is not given in the job")),
        ("shows: source[0].Console.row.num", Some("is not given in the job")),
        ("shows: source[0].FakeSource.int.template", None),
        ("tolerates: source[0].FakeSource.row.num", Some("changes the outcome")),
        ("slows: source[0].FakeSource.row.num to 60000 ms", Some("wanted are 60s or more")),
        ("slows: source[0].FakeSource.row.num to 0 ms", Some("wanted are 0ns or more, and less")),
        (
            "ends: failed: x\n# shows: source[0].FakeSource.row.num",
            Some("ends FINISHED () instead of FAILED"),
        ),
    ] {
        let job = job::parse("a job", &format!("# Two rows of one value.\n# {claim}\n{text}"));
        let wrong = wrong_claims(&runner, &job);
        let is_found = match problem {
            Some(problem) => wrong.len() == 1 && wrong[0].contains(problem),
            None => wrong.is_empty(),
        };
        assert!(is_found, "{claim}: {wrong:?}");
    }
    let random = job::parse(
        "a job",
        &format!(
            "# Rows by chance.\n# shows: source[0].FakeSource.row.num\n{}",
            text.replace("int.template = [1], ", "")
        ),
    );
    assert!(wrong_claims(&runner, &random)[0].starts_with("has two outcomes"));
}
