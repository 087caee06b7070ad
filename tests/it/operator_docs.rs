//! What the operator's documents show is what the program says: metrics, configuration keys, refusals. After a change of
//! the metrics: `SEIKAN_UPDATE_DOCS=1 cargo test --test it -- operator_docs`.

use crate::server::{Options, Server, checkout, program};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

const TABLE: &str = "| metric | type | what it is |\n|---|---|---|\n";
const END: &str = "<!-- end -->";

/// The rows of the table: a family with the names of its labels, its type, its help.
fn table(metrics: &str) -> String {
    let mut rows = String::new();
    let mut help = "";
    let mut lines = metrics.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').expect("a name and a help").1;
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a name and a type");
            let sample = lines.peek().expect("a sample");
            let labels = sample.strip_prefix(name).and_then(|rest| rest.strip_prefix('{')).map(|rest| {
                let names = rest.split("=\"").map(|part| part.rsplit([',', ' ']).next().unwrap_or(part));
                let names: Vec<&str> =
                    names.filter(|name| name.chars().all(|c| c.is_ascii_lowercase())).collect();
                format!("{{{}}}", names.join(", "))
            });
            rows.push_str(&format!("| `{name}{}` | {kind} | {help} |\n", labels.unwrap_or_default()));
        }
    }
    rows
}

#[test]
fn each_metric_is_in_the_table() {
    let dir = tempfile::tempdir().unwrap();
    let rows = table(&Server::start(dir.path()).get("/metrics").text);
    let path = checkout().join("docs/operations.md");
    let page = fs::read_to_string(&path).unwrap();
    let (front, rest) = page.split_once(TABLE).expect("the table of metrics");
    let (old, back) = rest.split_once(END).expect("the end of the table");
    if std::env::var_os("SEIKAN_UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{front}{TABLE}{rows}{END}{back}")).unwrap();
    } else {
        assert_eq!(old, rows, "run SEIKAN_UPDATE_DOCS=1 cargo test --test it -- operator_docs");
    }
    let names: BTreeSet<&str> =
        rows.split('`').skip(1).step_by(2).map(|n| n.split('{').next().unwrap()).collect();
    let other = front
        .lines()
        .chain(back.lines())
        .flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
    for name in other.filter(|word| word.starts_with("seikan_")) {
        assert!(names.contains(name), "{name} is no metric");
    }
}

/// The first block of a document that is in a language and has a text.
fn block(page: &str, language: &str, has: &str) -> String {
    let blocks = page.split("\n```").skip(1).step_by(2);
    let mut blocks = blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    blocks.find(|block| block.contains(has)).expect("the block").to_owned() + "\n"
}

fn moving() -> String {
    fs::read_to_string(checkout().join("docs/moving-from-seatunnel.md")).unwrap()
}

/// Paths of a mapping's values: `engine.http.port-range`.
fn leaves(text: &str) -> Vec<String> {
    let mut path: Vec<(usize, &str)> = Vec::new();
    let mut leaves = Vec::new();
    for line in text.lines() {
        let (key, value) = line.split_once(':').expect("a key");
        let name = key.trim_start();
        path.retain(|(indent, _)| *indent < key.len() - name.len());
        path.push((key.len() - name.len(), name));
        if !value.is_empty() {
            leaves.push(path.iter().map(|(_, name)| *name).collect::<Vec<_>>().join("."));
        }
    }
    leaves
}

#[test]
fn keys_that_are_said_to_have_no_effect_have_none() {
    let text = block(&moving(), "yaml", "backup-count");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("seatunnel.yaml");
    fs::write(&path, &text).unwrap();
    let options = Options::default().arg("--config").arg(path.display());
    let server = Server::start_with(&dir.path().join("data"), options);
    let printed = server.printed();
    for leaf in leaves(&text) {
        assert!(printed.contains(&format!(": {leaf}: has no effect here")), "{leaf}: {printed}");
    }
}

#[test]
fn a_job_that_cannot_run_yet_is_told_so() {
    let sample = block(&moving(), "", "$ seikan check");
    let dir = tempfile::tempdir().unwrap();
    let job = "env { job.mode = STREAMING }\nsource { Kafka { topic = a, bootstrap.servers = \"x:1\" } }\n\
        transform { DynamicCompile { } }\nsink { S3File { path = \"/x\" } }\n";
    fs::write(dir.path().join("kafka_to_s3.conf"), job).unwrap();
    let output =
        Command::new(program()).args(["check", "kafka_to_s3.conf"]).current_dir(dir.path()).output().unwrap();
    assert_eq!(
        format!("$ seikan check kafka_to_s3.conf\n{}", String::from_utf8_lossy(&output.stdout)),
        sample
    );
}
