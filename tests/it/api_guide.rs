//! `docs/api.md`: it names every operation of `/openapi.json`, and its lines work one after the other.

use crate::openapi::{described, job, operations};
use crate::server::{Server, checkout};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::Command;

/// Method and path of a line with curl.
fn of_curl(line: &str) -> Option<(&'static str, String)> {
    let rest = line.strip_prefix("curl ")?;
    let method = match rest {
        _ if rest.contains("-X DELETE") => "delete",
        _ if ["-X POST", "-d ", "--data-binary ", "-F "].iter().any(|option| rest.contains(option)) => "post",
        _ => "get",
    };
    let path = rest.split_once("http://127.0.0.1:8080").expect("an address").1;
    Some((method, path.split(['?', '\'', ' ']).next().unwrap().to_owned()))
}

fn is_of(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len() && template.iter().zip(&path).all(|(t, p)| t.starts_with('{') || t == p)
}

#[test]
fn the_guide_names_every_operation_and_no_other() {
    let guide = std::fs::read_to_string(checkout().join("docs/api.md")).unwrap();
    let document = described();
    let mut left = operations(&document);
    for (method, path) in guide.lines().filter_map(of_curl) {
        let templates = document["paths"].as_object().unwrap().keys();
        // A path without parameters counts before one with.
        let template = templates
            .filter(|template| is_of(template, &path))
            .min_by_key(|template| template.matches('{').count());
        match template {
            Some(template) => {
                left.remove(&format!("{method} {template}"));
            }
            None => assert!(path.starts_with("/hazelcast/rest/maps/"), "{method} {path} is not described"),
        }
    }
    // Those are refused; the guide says so beside the paths with an id.
    let refused = BTreeSet::from(["get /job-info".to_owned(), "get /running-job".to_owned()]);
    assert_eq!(left, refused, "missing in docs/api.md");
    assert!(std::fs::read_to_string(checkout().join("README.md")).unwrap().contains("docs/api.md"));
}

#[test]
fn every_line_of_the_guide_works() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    // The job that the lines are about; what they do with it needs it in a state.
    assert_eq!(server.submit_as("?jobId=42", &job("STREAMING", 100_000)), "42");
    let job = job("BATCH", 1);
    std::fs::write(dir.path().join("job.json"), job.to_string()).unwrap();
    std::fs::write(dir.path().join("jobs.json"), json!([job]).to_string()).unwrap();
    let hocon = "source { FakeSource { row.num = 1, schema { fields { a = int } } } }\nsink { Console {} }";
    std::fs::write(dir.path().join("job.conf"), hocon).unwrap();
    let guide = std::fs::read_to_string(checkout().join("docs/api.md")).unwrap();
    for line in guide.lines().filter(|line| line.starts_with("curl ")) {
        let command = line
            .replacen("curl ", "curl -sS -o answer -w '%{http_code}' ", 1)
            .replace("http://127.0.0.1:8080", server.url());
        match line {
            line if line.contains("/pause") => server.wait_for("42", "RUNNING"),
            line if line.contains("/resume ") => server.wait_for("42", "SAVEPOINT_DONE"),
            line if line.contains("/jobs/42") => server.ended("42"),
            _ => Value::Null,
        };
        let done = Command::new("bash").args(["-c", &command]).current_dir(dir.path()).output().unwrap();
        let answer = std::fs::read_to_string(dir.path().join("answer")).unwrap();
        // Without a directory for backups there are none.
        let expected = if line.ends_with("/backups") { "400" } else { "200" };
        assert_eq!(String::from_utf8_lossy(&done.stdout), expected, "{line}: {answer}");
    }
}
