//! The program as it is typed: what `check` says, how `serve` takes a job and an address.

use crate::server::{Options, Server, checkout, program};
use crate::wait::until;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

const JOB: &str =
    "source { FakeSource { row.num = 3, schema { fields { a = int } } } }\nsink { Console { } }\n";

fn seikan(arguments: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.args(arguments).current_dir(checkout()).output().expect("the program runs")
}

/// A process that is killed when the test ends before it does.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        if self.0.kill().is_ok() {
            self.0.wait().expect("it is gone");
        }
    }
}

/// Runs a program that shall end, and could go on for ever; answers how it ended and what it wrote to standard error.
fn ended(arguments: &[&str]) -> (ExitStatus, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("stderr");
    let mut command = Command::new(program());
    command.args(arguments).current_dir(checkout()).stderr(fs::File::create(&path).unwrap());
    let mut started = Started(command.spawn().expect("the program runs"));
    let status = until("the program ends", || started.0.try_wait().expect("it can be asked"));
    (status, fs::read_to_string(&path).unwrap())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn file(dir: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = dir.join(name);
    fs::write(&path, content).unwrap();
    path.display().to_string()
}

#[test]
fn the_sample_of_the_readme_is_what_check_prints() {
    let readme = fs::read_to_string(checkout().join("README.md")).unwrap();
    let sample = readme.split("$ seikan check broken.conf\n").nth(1).unwrap().split("```").next().unwrap();
    let dir = tempfile::tempdir().unwrap();
    file(
        dir.path(),
        "broken.conf",
        "env { job.mode = HOURLY }\nsource { FakeSorce { }\nLocalFile { path = x, file_format_type = cvs } }\n\
         sink { Console { plugin_input = rows } }\n",
    );
    let output =
        Command::new(program()).args(["check", "broken.conf"]).current_dir(dir.path()).output().unwrap();
    assert_eq!(text(&output.stdout), sample);
}

#[test]
fn bytes_that_are_no_utf8_are_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "job.conf", [b"# caf\xe9\n", JOB.as_bytes()].concat());
    let output = seikan(&["check", &path]);
    let said = text(&output.stdout);
    assert!(said.contains("warning: byte 5: 0xe9 is no UTF-8; it is read as U+FFFD"), "{said}");
    assert!(said.ends_with("0 errors, 1 warning\n"), "{said}");
}

#[test]
fn counts_that_mean_something_else_are_warnings() {
    let dir = tempfile::tempdir().unwrap();
    let env = "env { parallelism = 0, job.retry.times = -1 }\n";
    let said = text(&seikan(&["check", &file(dir.path(), "job.conf", [env, JOB].concat())]).stdout);
    assert!(said.contains("warning: env.parallelism: 0 counts as 1; allowed: 1 to 1024"), "{said}");
    assert!(said.contains("warning: env.job.retry.times: -1 counts as 0; allowed: 0 or more"), "{said}");
}

#[test]
fn warnings_alone_are_no_failure() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "job.conf", ["env { job.nam = x }\n", JOB].concat());
    for arguments in [["check", &path].as_slice(), &["check", "--output", "json", &path], &["run", &path]] {
        let output = seikan(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        assert!(text(&output.stdout).contains("is not an option of env"), "{arguments:?}");
    }
}

#[test]
fn a_job_that_failed_tells_the_time_of_all_its_attempts() {
    let dir = tempfile::tempdir().unwrap();
    file(dir.path(), "file", "");
    let job = format!(
        "env {{ job.retry.times = 1, job.retry.interval.seconds = 1 }}\n\
         source {{ FakeSource {{ schema {{ fields {{ a = int }} }} }} }}\n\
         sink {{ LocalFile {{ path = \"{}/file/out\", file_format_type = csv, is_enable_transaction = false }} }}",
        dir.path().display()
    );
    let output = seikan(&["run", &file(dir.path(), "job.conf", job)]);
    assert_eq!(output.status.code(), Some(1));
    let (log, end) = (text(&output.stdout), text(&output.stderr));
    assert!(log.contains("attempt 2 started"), "{log}");
    assert!(!log.contains("twice") && !log.contains("may get rows again"), "nothing was written: {log}");
    let seconds = end.split(" committed in ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    assert!(seconds.parse::<f64>().unwrap() >= 1.0, "{end}");
}

#[test]
fn check_tells_what_a_submission_would_do() {
    let dir = tempfile::tempdir().unwrap();
    let fake = |options: &str| {
        format!(
            "source {{ FakeSource {{ {options}, schema {{ fields {{ a = int }} }} }} }}\nsink {{ Console {{ }} }}\n"
        )
    };
    let json = |number: &str| {
        format!(
            r#"{{"source":[{{"plugin_name":"FakeSource",{number},"schema":{{"fields":{{"a":"int"}}}}}}],
                "sink":[{{"plugin_name":"Console"}}]}}"#
        )
    };
    for (name, job, wanted) in [
        ("a.conf", fake("row.num = \"${n:2}\""), "other values are at source[0].row.num"),
        ("a.conf", fake("row.num = 2"), "a.conf: ok"),
        (
            "a.conf",
            ["include classpath(\"no.conf\")\n", JOB].concat(),
            "no.conf does not exist; nothing is included (required(…) makes that an error)",
        ),
        (
            "a.conf",
            ["include classpath(\"no.conf\")\n", JOB].concat(),
            "POST /submit-job refuses this text: line 1, column 1: include is not allowed",
        ),
        (
            "a.conf",
            ["include url(\"http://h/x.conf\")\n", JOB].concat(),
            "include of the URL \"http://h/x.conf\" is not supported; save it to a file",
        ),
        (
            "a.json",
            json(r#""row.num":1,"row.num":2"#),
            "the key \"row.num\" is there twice (in the body of a request the last one counts)",
        ),
        (
            "a.json",
            json(r#""row.num":99999999999999999999"#),
            "the number 99999999999999999999 is too large for 64 bits; put it in quotes",
        ),
        (
            "a.conf",
            JOB.replace("source { FakeSource {", "source FakeSource { x {"),
            "(\"source FakeSource\" is one key; write source { FakeSource { … } })",
        ),
        ("a.conf", fake("int.template = [1], row.num = \"\\\\d\""), "row.num: \"\\d\" is not an integer"),
        ("a.conf", fake("row.num = 1.5"), "warning: source[0].FakeSource.row.num: 1.5 counts as 1"),
    ] {
        let output = seikan(&["check", &file(dir.path(), name, &job)]);
        let said = [text(&output.stdout), text(&output.stderr)].concat();
        assert!(said.contains(wanted), "{job}\n{said}\nwanted: {wanted}");
    }
    let given = seikan(&["check", "-i", "n=3", &file(dir.path(), "a.conf", fake("row.num = \"${n:2}\""))]);
    assert!(text(&given.stdout).ends_with("a.conf: ok\n"), "{given:?}");
}

#[test]
fn the_jobs_of_the_page_about_job_files_are_fine() {
    let page = fs::read_to_string(checkout().join("docs/job-files.md")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    for (language, name) in [("hocon", "a.conf"), ("json", "a.json"), ("sql", "a.sql")] {
        let job = page.split(&format!("```{language}\n")).nth(1).unwrap().split("```").next().unwrap();
        let output = seikan(&["check", &file(dir.path(), name, job)]);
        assert!(text(&output.stdout).ends_with(&format!("{name}: ok\n")), "{output:?}");
    }
}

#[test]
fn blanks_of_a_variable_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "job.conf", ["env { k = \"${nm}\" }\n", JOB].concat());
    let tree = |variables: &[&str]| {
        let mut arguments = vec!["check", "--tree", &path];
        variables.iter().for_each(|variable| arguments.extend(["-i", variable]));
        let output = seikan(&arguments);
        let tree: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        tree["env"]["k"].clone()
    };
    assert_eq!(tree(&["nm= x "]), " x ");
    assert_eq!(tree(&["a=1 , nm= x "]), " x", "the ends of parts between commas are cut");
}

#[test]
fn a_job_that_cannot_be_submitted_ends_serve_before_it_serves() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").display().to_string();
    let broken = file(dir.path(), "broken.conf", "source {");
    let unknown = file(dir.path(), "unknown.conf", JOB.replace("FakeSource", "FakeSorce"));
    for (path, why) in [
        ("nosuch.conf", "nosuch.conf can't be read"),
        (&*broken, "broken.conf"),
        (&*unknown, "there is no source plug-in \"FakeSorce\""),
    ] {
        let (status, said) =
            ended(&["serve", "--listen", "127.0.0.1:0", "--data-dir", &data, "--submit", path]);
        assert_eq!(status.code(), Some(2), "{path}: {said}");
        assert!(said.contains(why), "{path}: {said}");
        assert!(!Path::new(&data).exists(), "nothing was made for {path}");
    }
}

#[test]
fn a_name_can_be_listened_on() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default().arg("--listen").arg("localhost:0");
    let server = Server::start_with(dir.path(), Options { without_listen: true, ..options });
    server.get("/overview").ok();
    drop(server);
    let (status, said) = ended(&["serve", "--listen", "no such host:0"]);
    assert_eq!(status.code(), Some(2));
    assert!(said.contains("no such host:0") && said.contains("localhost:8080"), "{said}");
}

/// As `seikan serve 2>&1 | head -1` does.
#[test]
fn a_server_goes_on_when_nobody_reads_what_it_prints_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(program());
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(dir.path().join("data"));
    command.args(["--submit", &file(dir.path(), "job.conf", JOB)]);
    let (output, both) = std::io::pipe().unwrap();
    let command = command.stdout(both.try_clone().unwrap()).stderr(both).stdin(Stdio::null());
    let _server = Started(command.spawn().unwrap());
    let mut lines = BufReader::new(output).lines().map(Result::unwrap);
    let greeting = lines.find(|line| line.contains("http://")).unwrap();
    drop(lines);
    let url = greeting.split_once("http://").unwrap().1.split('/').next().unwrap().to_owned();
    let overview =
        || ureq::get(format!("http://{url}/overview")).call().ok()?.body_mut().read_to_string().ok();
    until("the job has ended, and the server answers", || {
        overview().filter(|text| text.contains(r#""finishedJobs":"1""#))
    });
}
