//! The commands to a server, as they are typed: the real program against the real server.

use crate::server::{Options, Server, checkout, program};
use crate::wait::until;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

pub const HOCON: &str = "env { job.name = \"${who:nobody}\" }\n\
    source { FakeSource { row.num = 3, schema { fields { a = int } } } }\nsink { Console { } }\n";

const SQL: &str = "CREATE TABLE s (a INT) WITH ('connector' = 'FakeSource', 'row.num' = '3', 'type' = 'source', \
    'schema' = '{ fields { a = \"int\" } }');\n\
    CREATE TABLE t (a INT) WITH ('connector' = 'Console', 'type' = 'sink');\nINSERT INTO t SELECT a FROM s;\n";

fn batch(name: &str) -> Value {
    json!({
        "env": {"job.name": name},
        "source": [{"plugin_name": "FakeSource", "row.num": 3, "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Console"}]
    })
}

fn failing() -> Value {
    let mut job = batch("fails");
    job["env"]["job.retry.times"] = json!(0);
    let rules = json!({"row_rules": [{"rule_type": "MIN_ROW", "rule_value": 9}]});
    job["sink"] = json!([{"plugin_name": "Assert", "rules": rules}]);
    job
}

pub fn streaming() -> Value {
    let mut job = batch("goes on");
    job["env"]["job.mode"] = json!("STREAMING");
    job["env"]["checkpoint.interval"] = json!(100);
    job["source"][0]["split.num"] = json!(50);
    job["source"][0]["split.read-interval"] = json!(20);
    let rules = json!({"row_rules": [{"rule_type": "MIN_ROW", "rule_value": 0}]});
    job["sink"] = json!([{"plugin_name": "Assert", "rules": rules}]);
    job
}

/// The program, for a server.
pub fn seikan(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(arguments).env("SEIKAN_SERVER", url).env_remove("SEIKAN_TOKEN").env("TZ", "UTC");
    command.current_dir(checkout()).stdin(Stdio::null());
    command
}

/// What it printed on standard output and standard error; it must end with this code.
pub fn printed(url: &str, arguments: &[&str], code: i32) -> (String, String) {
    let output = seikan(url, arguments).output().unwrap();
    told(output, code, arguments)
}

fn told(output: Output, code: i32, arguments: &[&str]) -> (String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}:\n{out}{err}");
    (out, err)
}

/// The one document that `--json` prints.
fn json_of(url: &str, arguments: &[&str], code: i32) -> Value {
    let (out, err) = printed(url, &[arguments, &["--json"]].concat(), code);
    serde_json::from_str(&out).unwrap_or_else(|why| panic!("{arguments:?}: {why}: {out}{err}"))
}

pub fn file(dir: &Path, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A process that is killed when the test ends before it does.
struct Started(Child);

impl Started {
    fn new(mut command: Command, errors: &Path) -> Self {
        let command = command.stdout(Stdio::null()).stderr(fs::File::create(errors).unwrap());
        Self(command.spawn().unwrap())
    }

    fn code(&mut self) -> Option<i32> {
        until("the program ends", || self.0.try_wait().unwrap()).code()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if self.0.kill().is_ok() {
            self.0.wait().unwrap();
        }
    }
}

#[test]
fn a_text_of_each_format_is_sent_with_name_variables_and_id() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let conf = file(dir.path(), "job.conf", HOCON);
    let config = file(dir.path(), "job.config", HOCON);
    let sql = file(dir.path(), "job.sql", SQL);
    let json = file(dir.path(), "job.json", batch("of json").to_string());
    for (arguments, name) in [
        (vec![&*conf, "-i", "who=é b&c"], "é b&c"),
        (vec![&*conf, "-i", "x=1,who=me"], "me"),
        (vec![&*config, "-i", "who=a", "--name", "mine & yours"], "mine & yours"),
        (vec![&*json], "of json"),
        (vec![&*sql, "--name", "of sql"], "of sql"),
        (vec![&*conf, "--id", "77", "-n", "with an id"], "with an id"),
    ] {
        let (out, err) = printed(server.url(), &[&["submit"], &arguments[..]].concat(), 0);
        let id = out.strip_suffix('\n').unwrap();
        assert_eq!(err, "");
        assert_eq!(server.ended(id)["jobName"], name, "{arguments:?}");
        assert_eq!(id == "77", arguments.contains(&"77"));
    }
    // From standard input, with a server that is named by a flag.
    for (text, format, name) in
        [(SQL, &["--format", "sql"][..], "SeaTunnel_Job"), (HOCON, &["-i", "who=piped"], "piped")]
    {
        let arguments = [&["submit", "-", "--server", server.url(), "--json"], format].concat();
        let mut command = seikan("http://127.0.0.1:1", &arguments);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let (out, _) = told(child.wait_with_output().unwrap(), 0, &arguments);
        let answer: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(answer["jobName"], name);
        server.ended(&answer["jobId"].to_string());
    }
}

#[test]
fn waiting_tells_the_result_by_the_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let good = file(dir.path(), "good.json", batch("good").to_string());
    let bad = file(dir.path(), "bad.json", failing().to_string());

    let (out, err) = printed(server.url(), &["submit", &good, "--wait"], 0);
    let id = out.trim();
    assert!(
        err.contains(&format!("job {id}: FINISHED\njob {id} (good) FINISHED: 3 rows read, 3 written")),
        "{err}"
    );
    assert!(err.contains("rows balanced"), "{err}");
    let (out, err) = printed(server.url(), &["submit", &bad, "--follow"], 1);
    let id = out.trim();
    assert!(err.contains(&format!("job {id} (fails) FAILED: 3 rows read")), "{err}");
    assert!(err.contains("MIN_ROW") || err.contains("9"), "the fault is told: {err}");

    let ended = json_of(server.url(), &["submit", &good, "--wait"], 0);
    assert_eq!((&ended["jobStatus"], &ended["jobName"]), (&json!("FINISHED"), &json!("good")));
    let ended = json_of(server.url(), &["submit", &bad, "--wait"], 1);
    assert!(ended["errorMsg"].is_string(), "{ended}");
}

#[test]
fn a_refused_job_names_each_problem_on_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let broken = file(dir.path(), "broken.conf", "source { FakeSorce { }\n}\nsink { Consol { } }\n");
    let (out, err) = printed(server.url(), &["submit", &broken], 2);
    assert_eq!(out, "");
    let lines: Vec<&str> = err.lines().collect();
    assert!(lines.iter().all(|line| line.starts_with("error: ")), "{err}");
    assert!(
        err.contains("there is no source plug-in \"FakeSorce\"") && err.contains("[line 1, column 10]"),
        "{err}"
    );
    assert!(err.contains("there is no sink plug-in \"Consol\""), "{err}");
    let answer = json_of(server.url(), &["submit", &broken], 2);
    assert_eq!(
        (&answer["status"], answer["problems"].as_array().map(Vec::len)),
        (&json!("fail"), Some(lines.len()))
    );

    let empty = file(dir.path(), "empty.conf", "");
    let good = file(dir.path(), "good.conf", HOCON);
    for (arguments, why) in [
        (vec!["nosuch.conf"], "nosuch.conf can't be read"),
        (vec![&empty], "Request body is empty."),
        (vec![&good, "-i", "table_name=x"], "System placeholders cannot be used"),
        (vec![&good, "--restore", "5"], "no checkpoint"),
        (vec![&good, "--id", "-5"], "-5"),
        (vec![&good, "--id", "5", "--restore", "5"], "cannot be used with"),
        (vec![&good, "--server", "localhost:8080"], "allowed: a URL such as"),
    ] {
        let (out, err) = printed(server.url(), &[&["submit"], &arguments[..]].concat(), 2);
        assert!(err.contains(why) && out.is_empty(), "{arguments:?}: {out}{err}");
    }
    assert_eq!(printed(server.url(), &["jobs"], 0).0, "", "nothing was submitted");
}

#[test]
fn jobs_are_listed_the_newest_first() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let ended: Vec<String> = ["one", "two\tx"]
        .map(|name| {
            let id = server.submit(&batch(name));
            server.ended(&id);
            id
        })
        .to_vec();
    let failed = server.submit(&failing());
    server.ended(&failed);
    let live = server.submit(&streaming());
    server.wait_for(&live, "RUNNING");

    let rows = |arguments: &[&str]| -> Vec<Vec<String>> {
        let (out, _) = printed(server.url(), &[&["jobs"], arguments].concat(), 0);
        out.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    };
    let ids = |arguments: &[&str]| rows(arguments).into_iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&[]), [&live, &failed, &ended[1], &ended[0]].map(String::clone));
    assert_eq!(ids(&["--limit", "1"]), [&*live]);
    assert_eq!(ids(&["--limit", "3"]), [&live, &failed, &ended[1]].map(String::clone));
    assert_eq!(ids(&["--state", "finished"]), [&ended[1], &ended[0]].map(String::clone));
    assert_eq!(ids(&["--state", "FINISHED", "--limit", "1"]), [ended[1].clone()]);
    assert_eq!(ids(&["--state", "running"]), [&*live]);
    assert!(ids(&["--state", "PENDING"]).is_empty());
    let row = &rows(&["--state", "FINISHED"])[0];
    assert_eq!((row.len(), &*row[1], &*row[2], &*row[5], &*row[6]), (7, "two?x", "FINISHED", "3", "3"));
    let all = json_of(server.url(), &["jobs"], 0);
    assert_eq!((all.as_array().map(Vec::len), &all[0]["jobId"]), (Some(4), &json!(live)));
    assert_eq!(json_of(server.url(), &["jobs", "--state", "CANCELED"], 0), json!([]));
    let (_, err) = printed(server.url(), &["jobs", "--state", "DONE"], 2);
    assert!(err.contains("allowed: CREATED, PENDING"), "{err}");

    let (out, _) = printed(server.url(), &["job", &failed], 0);
    for part in [
        &*format!("job {failed} (fails) FAILED\n"),
        "  rows       3 read, ",
        "  error      ",
        "tables read\n",
        "3 rows",
        "pipeline 1\n  Source[0]-FakeSource -> ",
    ] {
        assert!(out.contains(part), "{part:?}: {out}");
    }
    assert_eq!(json_of(server.url(), &["job", &live], 0)["jobStatus"], "RUNNING");
    let (_, err) = printed(server.url(), &["job", "5"], 2);
    assert_eq!(err, format!("error: there is no job 5 at {}\n", server.url()));
    let answer = json_of(server.url(), &["job", "5"], 2);
    assert_eq!(answer["status"], "fail");
    printed(server.url(), &["job", "five"], 2);
}

#[test]
fn a_job_that_waits_says_for_what() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default()
        .env("SEIKAN_ENGINE__SLOT_SERVICE__DYNAMIC_SLOT", false)
        .env("SEIKAN_ENGINE__SLOT_SERVICE__SLOT_NUM", 1);
    let server = Server::start_with(&dir.path().join("data"), options);
    let first = server.submit(&streaming());
    server.wait_for(&first, "RUNNING");
    let second = server.submit(&batch("second"));
    let waiting = server.wait_for(&second, "PENDING")["run"]["waitingFor"].clone();
    let (out, _) = printed(server.url(), &["job", &second], 0);
    assert!(out.contains(&format!("  waits for  {}\n", waiting.as_str().unwrap())), "{out}");
    assert!(out.contains("  in queue   1\n"), "{out}");
    // Whoever waits for it is told, too; then it gets its turn.
    let errors = dir.path().join("stderr");
    let job = file(dir.path(), "third.json", batch("third").to_string());
    let mut client = Started::new(seikan(server.url(), &["submit", &job, "--wait"]), &errors);
    let said = |what: &str| fs::read_to_string(&errors).unwrap().contains(what);
    until("the client has seen the job wait", || said(": PENDING (").then_some(()));
    server.stop_job(&first, false);
    assert_eq!(client.code(), Some(0));
    assert_eq!(server.ended(&second)["jobStatus"], "FINISHED");
}

#[test]
fn jobs_are_stopped_and_go_on_from_a_savepoint() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let job = file(dir.path(), "job.json", streaming().to_string());
    let [one, two, three] = [(); 3].map(|()| printed(server.url(), &["submit", &job], 0).0.trim().to_owned());
    for id in [&one, &two, &three] {
        server.wait_for(id, "RUNNING");
    }
    let (out, _) = printed(server.url(), &["stop", &one, &two, "--wait"], 0);
    assert_eq!(out, format!("job {one} has ended: CANCELED\njob {two} has ended: CANCELED\n"));
    let (out, err) = printed(server.url(), &["stop", &one, "5", &three, "--savepoint", "--wait"], 2);
    assert!(out.contains(&format!("job {one} has ended already: CANCELED\n")), "{out}");
    assert!(out.contains(&format!("job {three} has ended: SAVEPOINT_DONE\n")), "{out}");
    assert!(err.contains("there is no job 5 at "), "{err}");
    // A savepoint that can't be had is a failure, a stop that comes too late is none.
    printed(server.url(), &["stop", &one, "--savepoint"], 1);
    let told = json_of(server.url(), &["stop", &one, "5"], 2);
    assert_eq!((&told[0]["jobStatus"], &told[1]["status"]), (&json!("CANCELED"), &json!("fail")));
    assert_eq!(told[1]["jobId"], "5");

    let (out, _) = printed(server.url(), &["submit", &job, "--restore", &three], 0);
    assert_eq!(out.trim(), three);
    assert_eq!(server.wait_for(&three, "RUNNING")["isStartWithSavePoint"], true);
    let (out, _) = printed(server.url(), &["stop", &three], 0);
    assert_eq!(out, format!("job {three} is being stopped\n"));
    server.wait_for(&three, "CANCELED");
    printed(server.url(), &["stop"], 2);
}

#[test]
fn tags_and_the_overview_are_told_under_a_context_path() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default().env("SEIKAN_ENGINE__HTTP__CONTEXT_PATH", "/a/b");
    let server = Server::start_with(dir.path(), options);
    let url = server.url();
    assert!(url.ends_with("/a/b"), "{url}");
    assert_eq!(printed(url, &["tags"], 0).0, "");
    assert_eq!(printed(url, &["tags", "zone=a", "team=x=y"], 0).0, "zone\ta\nteam\tx=y\n");
    assert_eq!(json_of(url, &["tags"], 0), json!({"zone": "a", "team": "x=y"}));
    let (out, _) = printed(&format!("{url}/"), &["overview"], 0);
    assert!(out.contains("works\t1\n") && out.contains("runningJobs\t0\n"), "{out}");
    assert_eq!(json_of(url, &["overview"], 0)["tags"]["zone"], "a");
    assert_eq!(json_of(url, &["tags", "--clear"], 0), json!({}));
    printed(url, &["tags", "zone"], 2);
    printed(url, &["tags", "=x"], 2);
    let (_, err) = printed(url.strip_suffix("/a/b").unwrap(), &["overview"], 2);
    assert_eq!(err, "error: there is nothing at /overview\n");
}

#[test]
fn a_server_that_is_not_there_has_a_code_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let job = file(dir.path(), "job.conf", HOCON);
    for arguments in [
        vec!["submit", &*job],
        vec!["jobs"],
        vec!["job", "5"],
        vec!["stop", "5"],
        vec!["logs", "5"],
        vec!["rerun", "5"],
        vec!["tags"],
        vec!["overview"],
        vec!["seatunnel", "-l"],
    ] {
        let (out, err) = printed("http://me:geheim@127.0.0.1:1", &arguments, 3);
        assert!(out.is_empty() && err.starts_with("error: http://127.0.0.1:1/"), "{arguments:?}: {out}{err}");
        assert!(!err.contains("geheim"), "{err}");
    }
    let answer = json_of("http://127.0.0.1:1", &["jobs"], 3);
    assert_eq!(answer["status"], "fail");
}

#[test]
fn waiting_outlives_a_restart_of_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Server::start(&data);
    let (url, address) = (server.url().to_owned(), server.url().strip_prefix("http://").unwrap().to_owned());
    let job = file(dir.path(), "job.json", streaming().to_string());
    let errors = dir.path().join("stderr");
    let said = |what: &str| fs::read_to_string(&errors).unwrap().contains(what);
    let mut client = Started::new(seikan(&url, &["submit", &job, "--follow", "--id", "9"]), &errors);
    until("the client has seen the job run", || said("job 9: RUNNING").then_some(()));
    server.kill();
    until("the client has seen that the server is away", || said("the server is away").then_some(()));
    let options = Options { without_listen: true, ..Options::default().arg("--listen").arg(address) };
    let server = Server::start_with(&data, options);
    server.wait_for("9", "RUNNING");
    server.stop_job("9", false);
    assert_eq!(client.code(), Some(1));
    assert!(said("job 9 (goes on) CANCELED"), "{}", fs::read_to_string(&errors).unwrap());
}

#[test]
fn an_interrupt_ends_the_waiting_and_stops_the_job_only_if_that_is_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let job = file(dir.path(), "job.json", streaming().to_string());
    let errors = dir.path().join("stderr");
    let text = || fs::read_to_string(&errors).unwrap();
    for (id, arguments, signal, state, code) in [
        ("1", &["submit", &*job, "--id", "1", "--cancel-on-interrupt"][..], "INT", "CANCELED", 1),
        ("2", &["submit", &job, "--id", "2", "--wait"], "TERM", "RUNNING", 130),
        ("3", &["submit", &job, "--id", "3", "--follow"], "INT", "RUNNING", 130),
        ("4", &["seatunnel", "-c", &job, "--set-job-id", "4"], "INT", "CANCELED", 1),
        ("5", &["seatunnel", "-c", &job, "--set-job-id", "5", "-cj"], "INT", "RUNNING", 130),
    ] {
        let mut client = Started::new(seikan(server.url(), arguments), &errors);
        let seen = format!("job {id}: RUNNING");
        until("the client has seen the job run", || text().contains(&seen).then_some(()));
        let sent =
            Command::new("kill").args([&format!("-{signal}"), &client.0.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(client.code(), Some(code), "{arguments:?}: {}", text());
        assert_eq!(server.job(id)["jobStatus"], state, "{arguments:?}");
        let said = match state {
            "RUNNING" => format!("job {id} is no longer waited for; it goes on at {}\n", server.url()),
            _ => format!("job {id} is stopped\n"),
        };
        assert!(text().contains(&said), "{said}: {}", text());
    }
}

#[test]
fn secrets_are_encoded_and_decoded() {
    let dir = tempfile::tempdir().unwrap();
    let job = |codec: &str, password: &str| {
        format!(
            "env {{ {codec} }}\nsource {{ FakeSource {{ password = \"{password}\", username = \"${{who}}\", row.num = 1 }} }}\n\
             sink {{ Console {{ }} }}\n"
        )
    };
    let plain = file(dir.path(), "plain.conf", job("shade.identifier = base64", "geheim"));
    let shaded = |arguments: &[&str]| -> Value {
        let (out, err) = printed("http://x", arguments, 0);
        assert_eq!(err, "", "{arguments:?}");
        serde_json::from_str(&out).unwrap()
    };
    let encoded = shaded(&["encrypt", &plain, "-i", "who=me"]);
    assert_eq!(
        (&encoded["source"][0]["password"], &encoded["source"][0]["username"]),
        (&json!("Z2VoZWlt"), &json!("bWU="))
    );
    assert_eq!(encoded, shaded(&["seatunnel", "--config", &plain, "-i", "who=me", "--encrypt"]));
    let text = file(dir.path(), "encoded.json", encoded.to_string());
    let decoded = shaded(&["decrypt", &text]);
    assert_eq!(
        (&decoded["source"][0]["password"], &decoded["source"][0]["row.num"]),
        (&json!("geheim"), &json!(1))
    );
    assert_eq!(decoded, shaded(&["seatunnel", "-c", &text, "--decrypt"]));

    let no_codec = file(dir.path(), "no_codec.conf", job("", "geheim"));
    let (_, err) = printed("http://x", &["encrypt", &no_codec, "-i", "who=me"], 0);
    assert!(err.starts_with("warning: nothing changed: "), "{err}");
    let (out, err) = printed("http://x", &["decrypt", &plain, "-i", "who=me"], 2);
    assert!(out.is_empty() && err.starts_with("error: source[0].FakeSource.password: "), "{err}");
    assert!(err.contains("[line 2, column ") && !err.contains("geheim"), "{err}");
    printed("http://x", &["encrypt", "nosuch.conf"], 2);
}

#[test]
fn completions_and_manual_pages_are_made() {
    for (shell, part) in
        [("bash", "complete -F _seikan"), ("zsh", "#compdef seikan"), ("fish", "complete -c seikan")]
    {
        let (out, _) = printed("http://x", &["completion", shell], 0);
        assert!(out.contains(part) && out.contains("cancel-on-interrupt"), "{shell}");
    }
    printed("http://x", &["completion", "tcsh"], 2);
    let (out, _) = printed("http://x", &["man"], 0);
    for title in [".TH seikan 1", ".TH seikan-submit 1", ".TH seikan-backup-verify 1"] {
        assert!(out.contains(title), "{title}");
    }
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("man1");
    printed("http://x", &["man", pages.to_str().unwrap()], 0);
    for page in ["seikan.1", "seikan-jobs.1", "seikan-backup-create.1"] {
        assert!(fs::read_to_string(pages.join(page)).unwrap().contains(".SH NAME"), "{page}");
    }
    let used = file(dir.path(), "file", "x");
    let (_, err) = printed("http://x", &["man", &used], 1);
    assert!(err.contains("file: "), "{err}");
}

#[test]
fn an_ended_job_is_run_again() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let first = server.submit(&batch("nightly"));
    server.ended(&first);
    let (out, _) = printed(server.url(), &["rerun", &first, "--wait"], 0);
    let jobs = server.get("/finished-jobs").ok();
    assert_eq!(jobs[1]["jobId"], out.trim(), "{out}");
    let names: Vec<&str> =
        jobs.as_array().unwrap().iter().filter_map(|job| job["jobName"].as_str()).collect();
    assert_eq!(names, ["nightly", "nightly"]);
    assert_ne!(jobs[0]["jobId"], jobs[1]["jobId"]);
    let (_, error) = printed(server.url(), &["rerun", "5"], 2);
    assert!(error.contains("there is no job 5"), "{error}");
}
