//! Jobs written in SQL, wherever a job's text can be given.

use crate::server::{Options, Server, checkout, program};
use crate::wait::until;
use std::fs;
use std::process::Command;

const JOB: &str = "/* config\nenv {\n  job.name = \"of_sql\"\n}\n*/\n\
    CREATE TABLE src WITH ('connector'='FakeSource', 'type'='source', 'row.num' = '${rows:4}',\n\
      'schema' = '{ fields { a = int, b = \"array<int>\" } }');\n\
    CREATE TABLE checked WITH ('connector'='Assert', 'type'='sink',\n\
      'rules' = '{ row_rules = [ { rule_type = MIN_ROW, rule_value = 4 } ] }');\n\
    CREATE TABLE unused WITH ('connector'='LocalFile', 'type'='sink');\n\
    INSERT INTO checked SELECT src;\n";

#[test]
fn over_rest() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let answer = server.post("/submit-job?format=sql&variables=rows=5", JOB).ok();
    assert_eq!(answer["jobName"], "of_sql");
    let id = answer["jobId"].to_string();
    let job = server.ended(&id);
    assert_eq!(
        (&job["jobStatus"], &job["metrics"]["SinkWriteCount"]),
        (&"FINISHED".into(), &"5".into()),
        "{job:#}"
    );
    let message = server.post("/submit-job?format=sql", JOB.replace("SELECT src", "SELECT scr")).fail(400);
    assert!(
        message.contains("line 11, column 28: The source table[scr] is not found; did you mean \"src\"?"),
        "{message}"
    );
    assert!(server.post("/submit-job?format=xml", JOB).fail(400).contains("allowed: json, hocon, sql"));
    // What is stored outlives a restart.
    server.terminate();
    let server = Server::start(dir.path());
    assert_eq!(server.job(&id)["jobName"], "of_sql");
}

/// A form as `curl -F config_file=@job.sql -F jobName=…` sends it.
fn form(file: &str, name: &str, content: &str) -> String {
    format!(
        "--b\r\nContent-Disposition: form-data; name=\"config_file\"{file}\r\nContent-Type: application/octet-stream\r\n\r\n\
         {content}\r\n--b\r\nContent-Disposition: form-data; name=\"jobName\"\r\n\r\n{name}\r\n--b--\r\n"
    )
}

#[test]
fn uploaded_files_are_read_by_their_names() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let upload = |query: &str, body: &str| {
        let header = [("content-type", "multipart/form-data; boundary=b")];
        server.request("POST", &format!("/submit-job/upload{query}"), &header, body.as_bytes())
    };
    let hocon = "source { FakeSource { row.num = 2, schema { fields { a = int } } } }\nsink { Console { } }";
    let json = r#"{"source": [{"plugin_name": "FakeSource", "schema": {"fields": {"a": "int"}}}], "sink": [{"plugin_name": "Console"}]}"#;
    for (file, content) in [
        ("; filename=\"a.sql\"", JOB),
        ("; filename=\"a.conf\"", hocon),
        ("; filename=\"a.json\"", json),
        ("", json),
    ] {
        let answer = upload("?variables=rows=6", &form(file, "in the form", content)).ok();
        assert_eq!(answer["jobName"], "in the form", "{file}");
        assert_eq!(server.ended(&answer["jobId"].to_string())["jobStatus"], "FINISHED", "{file}");
    }
    let answer = upload("?jobName=asked", &form("; filename=\"a.conf\"", "form", hocon)).ok();
    assert_eq!(answer["jobName"], "asked", "the query counts more");
    let message = upload("", &form("; filename=\"a.sql\"", "x", "DROP TABLE x;")).fail(400);
    assert!(message.starts_with("a.sql, line 1, column 1: Unsupported SQL syntax"), "{message}");
    assert!(
        upload("", &form("", "x", json).replace("config_file", "file"))
            .fail(400)
            .contains("no part \"config_file\"")
    );
    assert!(server.post("/submit-job/upload", json).fail(400).contains("multipart/form-data"));
    assert!(server.get("/submit-job/upload").fail(405).contains("POST"));
}

#[test]
fn on_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("job.sql");
    fs::write(&file, JOB).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(program())
            .args(arguments)
            .arg(&file)
            .current_dir(checkout())
            .output()
            .expect("the program runs");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    // Without -i the default of the variable counts.
    let (code, said) = run(&["run"]);
    assert!(code == Some(0) && said.contains("4 rows read"), "{said}");
    let (code, said) = run(&["run", "-i", "rows=7"]);
    assert!(code == Some(0) && said.contains("7 rows read"), "{said}");
    let (code, said) = run(&["check", "-i", "rows=x"]);
    assert!(code == Some(2) && said.contains("[line 6, column 68]"), "{said}");

    let options = Options::default().arg("--submit").arg(file.display());
    let server = Server::start_with(&dir.path().join("data"), options);
    until("its result is shown", || server.printed().contains("(of_sql) FINISHED").then_some(()));
}
