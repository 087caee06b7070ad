//! Every example job runs, on the command line and on a server.

use crate::server::{Options, Server, checkout, program};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

fn examples() -> Vec<PathBuf> {
    let entries = fs::read_dir(checkout().join("config/jobs")).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|p| p.is_file()).collect();
    files.sort();
    assert!(files.len() >= 6, "{files:?}");
    files
}

fn is_streaming(path: &std::path::Path) -> bool {
    fs::read_to_string(path).unwrap().contains("STREAMING")
}

#[test]
fn each_is_without_a_problem() {
    for file in examples() {
        let output =
            Command::new(program()).arg("check").arg(&file).current_dir(checkout()).output().unwrap();
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains(": ok"), "{}: {text}", file.display());
    }
}

#[test]
fn each_batch_job_runs_to_its_end() {
    for file in examples().iter().filter(|f| !is_streaming(f)) {
        let output = Command::new(program()).arg("run").arg(file).current_dir(checkout()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && text.contains("FINISHED"), "{}: {text}", file.display());
        assert!(text.contains("rows balanced"), "{}: {text}", file.display());
    }
}

#[test]
fn each_table_that_rows_are_routed_to_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let text = fs::read(checkout().join("config/jobs/data_validator.conf")).unwrap();
    let id = server.post("/submit-job?format=hocon", text).ok()["jobId"].to_string();
    let job = server.ended(&id);
    assert_eq!(job["jobStatus"], "FINISHED", "{}", job["errorMsg"]);
    let metrics = &job["metrics"];
    assert_eq!(metrics["TableSourceReceivedCount"]["crm.people"], "3");
    assert_eq!(metrics["TableSinkWriteCount"]["crm.people"], "2");
    assert_eq!(metrics["TableSinkWriteCount"]["crm.people_errors"], "1");
}

#[test]
fn the_streaming_job_runs_until_it_is_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for file in examples().iter().filter(|f| is_streaming(f)) {
        let id = server.post("/submit-job?format=hocon", fs::read(file).unwrap()).ok()["jobId"].to_string();
        server.wait_for(&id, "RUNNING");
        crate::wait::until("a checkpoint is committed", || {
            (crate::recovery::committed(&server.job(&id)) > 0).then_some(())
        });
        server.stop_job(&id, true);
        assert_eq!(server.ended(&id)["jobStatus"], "SAVEPOINT_DONE");
    }
}

#[test]
fn serve_submit_shows_progress_and_result_and_goes_on_serving() {
    let dir = tempfile::tempdir().unwrap();
    // Its paths are relative to there.
    let options = Options { working_dir: Some(checkout().to_owned()), ..Options::default() };
    let options = options.arg("--submit").arg("config/jobs/quickstart.conf");
    let server = Server::start_with(dir.path(), options);
    crate::wait::until("the result is printed", || {
        server.printed().contains("FINISHED: 16 rows read").then_some(())
    });
    let jobs = server.get("/finished-jobs/FINISHED").ok();
    assert_eq!(jobs[0]["jobName"], "quickstart");
    assert_eq!(jobs[0]["metrics"]["SourceReceivedCount"], "16");
    assert_eq!(jobs[0]["metrics"]["SinkWriteCount"], "32", "two sinks each count");
}

#[test]
fn run_answers_with_its_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let assert_rows = |rows: &str| {
        format!(
            "env {{ job.retry.times = 0 }}\nsource {{ FakeSource {{ row.num = ${{n}}, schema {{ fields {{ a = int }} }} }} }}\n\
             sink {{ Assert {{ rules {{ row_rules = [{{ rule_type = MAX_ROW, rule_value = {rows} }}] }} }} }}"
        )
    };
    let good = write("good.conf", &assert_rows("3"));
    let wrong = write("wrong.conf", "source {}");
    let run = |path: &PathBuf| {
        let output = Command::new(program()).arg("run").arg(path).args(["-i", "n=3"]).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(run(&good).0, Some(0));
    let bad = write("bad.conf", &assert_rows("2"));
    let (code, text) = run(&bad);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("MAX_ROW"), "{text}");
    let (code, text) = run(&wrong);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("Miss <Sink> config!"), "{text}");
}

#[test]
fn check_prints_the_tree_and_stops_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("job.conf");
    fs::write(&path, "env { a.b = ${x}, n = 1.50 }\nsource { Nope { } }\nsink { }").unwrap();
    let output =
        Command::new(program()).arg("check").arg("--tree").arg(&path).args(["-i", "x=5"]).output().unwrap();
    assert!(output.status.success());
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        r#"{"env":{"a.b":"5","n":1.5},"source":[{"plugin_name":"Nope"}],"sink":[]}"#
    );
    let mut child = Command::new(program())
        .args(["check", "--json", "-"])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"{\"a\": 1 # no comment in strict JSON\n}")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 1"));
}
