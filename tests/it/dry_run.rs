//! What is said of a job without running it: `dryRun` over REST, `check --explain` and `--sample`.

use crate::server::{Answer, Server, checkout, program};
use serde_json::{Value, json};
use std::fs;
use std::process::{Command, Output};

fn place(text: &str, part: &str) -> (u64, u64) {
    let before = &text[..text.find(part).unwrap_or_else(|| panic!("{part}"))];
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() as u64 + 1, column as u64)
}

fn nothing_is_recorded(server: &Server) {
    for path in ["/running-jobs", "/finished-jobs"] {
        assert_eq!(server.get(path).ok(), json!([]), "{path}");
    }
}

const JOB: &str = r#"
env { parallelism = 2 }
source {
  FakeSource {
    plugin_output = a
    schema { table = "db.t", columns = [{ name = id, type = bigint, nullable = false }, { name = s, type = string }]
             primaryKey { name = pk, columnNames = [id] } }
    rows = [ { kind = INSERT, fields = [1, "x"] }, { kind = DELETE, fields = [2, null] } ]
  }
}
transform { Copy { plugin_input = a, plugin_output = b, fields { s2 = s } } }
sink { LocalFile { plugin_input = b, path = "DIR/never", file_format_type = csv, data_save_mode = DROP_DATA } }
"#;

#[test]
fn a_static_dry_run_shows_graph_and_schemas() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let job = JOB.replace("DIR", &dir.path().display().to_string());
    let found = server.post("/submit-job?format=hocon&dryRun=static", &job).ok();
    assert_eq!((&found["status"], &found["problems"]), (&json!("ok"), &json!([])));
    assert_eq!(found["graph"]["pipelines"], 1);
    let vertices = found["graph"]["vertices"].as_array().unwrap();
    let mut names: Vec<&str> = vertices.iter().map(|v| v["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["Sink[0]-LocalFile-MultiTableSink", "Source[0]-FakeSource", "TransformChain[Transform[0]-Copy]"]
    );
    assert_eq!(found["graph"]["vertices"][0]["parallelism"], 2);
    assert_eq!(found["graph"]["edges"].as_array().unwrap().len(), 2);
    let column =
        |name: &str, kind: &str, nullable: bool| json!({"name": name, "type": kind, "nullable": nullable});
    let columns = [column("id", "BIGINT", false), column("s", "STRING", true), column("s2", "STRING", true)];
    assert_eq!(
        found["schemas"],
        json!([
            {"from": "Source[0]-FakeSource", "to": "Transform[0]-Copy",
             "tables": [{"table": "db.t", "columns": columns[..2], "primaryKey": ["id"]}]},
            {"from": "Transform[0]-Copy", "to": "Sink[0]-LocalFile-MultiTableSink",
             "tables": [{"table": "db.t", "columns": columns, "primaryKey": ["id"]}]},
        ])
    );
    assert!(found.get("rows").is_none());
    nothing_is_recorded(&server);
}

#[test]
fn a_sample_runs_the_transforms_and_opens_no_sink() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let job = JOB.replace("DIR", &dir.path().display().to_string());
    let found = server.post("/submit-job?format=hocon&dryRun=SAMPLE", &job).ok();
    assert_eq!(
        found["rows"],
        json!([{"sink": "Sink[0]-LocalFile-MultiTableSink", "table": "db.t", "kinds": ["+I", "-D"],
                "rows": [{"id": 1, "s": "x", "s2": "x"}, {"id": 2, "s": null, "s2": null}]}])
    );
    assert_eq!(found["cutOff"], false);
    assert!(!dir.path().join("never").exists());

    // ten rows of each table, also of a source without an end
    let endless = r#"env { job.mode = STREAMING }
        source { FakeSource { tables_configs = [
          { row.num = 100, schema { table = one, fields { a = int } } },
          { row.num = 3, schema { table = two, fields { a = int } } } ] } }
        sink { Console { } }"#;
    let found = server.post("/submit-job?format=hocon&dryRun=sample", endless).ok();
    let counts: Vec<(&str, usize)> = found["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| (table["table"].as_str().unwrap(), table["rows"].as_array().unwrap().len()))
        .collect();
    assert_eq!(counts, [("one", 10), ("two", 3)]);

    // data that can't be read
    let file = dir.path().join("bad.csv");
    fs::write(&file, "1\nx\n").unwrap();
    let bad = format!(
        "source {{ LocalFile {{ path = \"{}\", file_format_type = csv, schema {{ fields {{ a = int }} }} }} }}\nsink {{ Console {{ }} }}",
        file.display()
    );
    let answer = server.post("/submit-job?format=hocon&dryRun=sample", &bad);
    let problem = answer.json()["problems"][0].clone();
    assert!(answer.fail(400).contains("bad.csv"));
    assert_eq!((&problem["path"], &problem["severity"]), (&json!("Source[0]-LocalFile"), &json!("error")));
    nothing_is_recorded(&server);
}

/// Line and column of each problem, by its path.
fn places(answer: &Value) -> Vec<(String, u64, u64)> {
    let number = |problem: &Value, key: &str| problem[key].as_u64().unwrap_or(0);
    let problems = answer["problems"].as_array().unwrap().iter();
    problems
        .map(|p| (p["path"].as_str().unwrap().to_owned(), number(p, "line"), number(p, "column")))
        .collect()
}

fn refused(answer: Answer) -> Value {
    let body = answer.json();
    answer.fail(400);
    body
}

#[test]
fn every_problem_has_its_line_and_column() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let hocon = "env { job.mode = HOURLY }\nsource {\n  # c\n  FakeSource { row.num = x\n    schema { fields { a = integer, \"b.c\" = int } }\n    nothing = 1\n  }\n  FakeSorce { }\n}\nsink { Console { plugin_input = rows } }\n";
    let json = "{\"source\": [{\"plugin_name\": \"FakeSource\",\n \"row.num\": \"x\", \"schema\": {\"columns\": [\n  {\"name\": \"a\",\n   \"type\": \"integer\"}]}}],\n \"sink\": [{\"plugin_name\": \"Console\"}]}";
    let sql = "CREATE TABLE a WITH ('connector' = 'FakeSource',\n 'type' = 'source', 'row.num' = 'x');\nCREATE TABLE b WITH ('connector' = 'Consol', 'type' = 'sink');\nINSERT INTO b SELECT a;\n";
    for (format, text, wanted) in [
        (
            "hocon",
            hocon,
            vec![
                ("env.job.mode", "job.mode"),
                ("source[0].FakeSource.row.num", "row.num"),
                ("source[0].FakeSource.schema.fields.a", "a = integer"),
                ("source[0].FakeSource.nothing", "nothing"),
                ("source[1].FakeSorce", "FakeSorce"),
                ("source[0].FakeSource.plugin_output", "FakeSource"),
                ("sink[0].Console.plugin_input", "plugin_input"),
            ],
        ),
        (
            "json",
            json,
            vec![
                ("source[0].FakeSource.row.num", "\"row.num\""),
                ("source[0].FakeSource.schema.columns[0].type", "\"type\""),
            ],
        ),
        ("sql", sql, vec![("source[0].FakeSource.row.num", "row.num"), ("sink[0].Consol", "b WITH")]),
    ] {
        let dry = refused(server.post(&format!("/submit-job?format={format}&dryRun=static"), text));
        let found = places(&dry);
        for (path, part) in wanted {
            let (line, column) = place(text, part);
            assert!(found.contains(&(path.into(), line, column)), "{path} at {line}, {column}: {found:#?}");
        }
        // A refused submission says the same of errors.
        let submitted = places(&refused(server.post(&format!("/submit-job?format={format}"), text)));
        assert!(submitted.iter().all(|problem| found.contains(problem)) && !submitted.is_empty());
    }
    let broken = refused(server.post("/submit-job?format=hocon&dryRun=static", "a = 1\nb = @"));
    assert_eq!(places(&broken), [("request body, line 2, column 5".into(), 2, 5)]);
    let warned = server
        .post(
            "/submit-job?format=hocon&dryRun=static",
            "source { FakeSource { row.nmu = 1, schema { fields { a = int } } } }\nsink { Console { } }",
        )
        .ok();
    let problem = &warned["problems"][0];
    assert_eq!((&problem["severity"], &problem["line"]), (&json!("warning"), &json!(1)));
    assert!(problem["hint"].as_str().unwrap().contains("row.num"));
    assert!(server.post("/submit-job?dryRun=all", "{}").fail(400).contains("allowed: static, sample"));
    nothing_is_recorded(&server);
}

fn check(arguments: &[&str]) -> Output {
    Command::new(program()).arg("check").args(arguments).current_dir(checkout()).output().unwrap()
}

#[test]
fn check_explains_and_samples() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("job.conf").display().to_string();
    fs::write(&file, JOB.replace("DIR", &dir.path().display().to_string())).unwrap();
    let output = check(&["--explain", "--sample", &file]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let wanted = format!(
        "{file}: ok\n\
         pipeline 1\n  Source[0]-FakeSource ×2 -> TransformChain[Transform[0]-Copy] ×2\n  \
         TransformChain[Transform[0]-Copy] ×2 -> Sink[0]-LocalFile-MultiTableSink ×2\n\
         Source[0]-FakeSource -> Transform[0]-Copy\n  db.t\n    id  BIGINT NOT NULL\n    s   STRING\n    primary key: id\n\
         Transform[0]-Copy -> Sink[0]-LocalFile-MultiTableSink\n  db.t\n    id  BIGINT NOT NULL\n    s   STRING\n    s2  STRING\n    primary key: id\n\
         Sink[0]-LocalFile-MultiTableSink gets of db.t: 2 rows\n  +I {{\"id\":1,\"s\":\"x\",\"s2\":\"x\"}}\n  -D {{\"id\":2,\"s\":null,\"s2\":null}}\n"
    );
    assert_eq!(said, wanted);
    let output = check(&["--sample", "--output", "json", &file]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&found["status"], found["rows"][0]["rows"].as_array().unwrap().len()), (&json!("ok"), 2));
    assert!(!dir.path().join("never").exists());
}
