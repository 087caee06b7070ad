//! A secret in a row stands in no error: wherever the row fails, and wherever the failure is told.
//!
//! The canary sits in a column called `password`, or where JSON has a key of that name. Every way in which a row can
//! fail is taken; then the canary is looked for, in any letter case, in all that can be read of the server and in what
//! `run` prints.

use crate::models::Model;
use crate::server::{Server, program};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Each part of the secret is one by itself.
const CANARY: &str = "canary7a-canary7b";

/// How one row fails.
struct Case {
    /// Extension of the file, and its format.
    format: &'static str,
    file: String,
    fields: Value,
    transform: Value,
    sink: Value,
    /// What the error must say.
    says: Vec<&'static str>,
}

fn rows(password: &str) -> String {
    let row = |id: i32, password: &str, doc: &str| {
        json!({"id": id, "password": password, "note": format!("n{id}"), "doc": doc,
            "login": {"name": "joy", "auth_token": password}, "more": {"api_key": password}})
        .to_string()
    };
    let secret = format!(r#"{{"a": 1, "password": "{CANARY}"}}"#);
    format!("{}\n{}\n", row(1, "1", r#"{"a": 1, "password": "1"}"#), row(2, password, &secret))
}

fn fields() -> Value {
    json!({"id": "int", "password": "string", "note": "string", "doc": "string",
        "login": {"name": "string", "auth_token": "string"}, "more": "map<string, string>"})
}

/// The rows through one transform, which names the second one.
fn transform(block: Value, says: &'static str) -> Case {
    let file = rows(CANARY);
    let sink = json!({"plugin_name": "Console", "plugin_input": "nothing", "log.print.data": false});
    let says = vec!["row 2 of table", "(id = 2, note = \"n2\")", says];
    Case { format: "json", file, fields: fields(), transform: json!([block]), sink, says }
}

fn sql(query: &str, says: &'static str) -> Case {
    transform(json!({"plugin_name": "Sql", "query": query}), says)
}

fn json_path(path: &str, data_type: &str, says: &'static str) -> Case {
    let column = json!({"src_field": "doc", "path": path, "dest_field": "x", "dest_type": data_type});
    transform(json!({"plugin_name": "JsonPath", "columns": [column]}), says)
}

fn validator(rule: Value, says: &'static str) -> Case {
    let mut rule = rule;
    rule["field_name"] = json!("password");
    transform(json!({"plugin_name": "DataValidator", "field_rules": [rule]}), says)
}

/// A file that can't be read.
fn file(format: &'static str, file: impl Into<String>, fields: Value, says: &'static str) -> Case {
    let sink = json!({"plugin_name": "Console", "log.print.data": false});
    Case { format, file: file.into(), fields, transform: json!([]), sink, says: vec![says] }
}

fn assert_sink(rule: Value, says: Vec<&'static str>) -> Case {
    let sink = json!({"plugin_name": "Assert", "rules": {"field_rules": [rule]}});
    Case { sink, transform: json!([]), says, ..transform(json!({}), "") }
}

/// A pattern that goes back without end on many `a`.
fn endless(block: Value) -> Case {
    let file = rows(&format!("{}{CANARY}", "a".repeat(60)));
    Case {
        file,
        ..transform(block, "column \"password\": the regular expression \"(a+)+\\1b\" was given up on")
    }
}

fn asking(name: &str, model: &Model, more: Value, says: &'static str) -> Case {
    let mut block = json!({"plugin_name": name, "model_provider": "OPENAI", "model": "m", "api_key": "k",
        "api_path": model.url});
    block.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut case = transform(block, says);
    case.says[0] = "row ";
    case.says[1] = "note = \"n";
    case
}

fn cases(echo: &Model, refusal: &Model, out: &Path) -> Vec<Case> {
    let mask = "******";
    let (csv, ints) = (json!({"id": "int", "password": "int"}), json!({"login": {"password": "int"}}));
    vec![
        sql("SELECT CAST(password AS INT) AS n FROM t", "CAST(password AS INT): ****** is no value"),
        sql("SELECT id, CAST(UPPER(TRIM(password)) AS DATE) AS n FROM t", "of column \"password\"").first_row(),
        sql("SELECT id FROM t WHERE CAST(password AS DOUBLE) > 1", "query: WHERE: CAST(password AS DOUBLE): ******"),
        sql("SELECT CAST(p AS INT) AS n FROM t LATERAL VIEW EXPLODE(SPLIT(password, '-')) AS p", mask),
        sql("SELECT CAST(login.auth_token AS INT) AS n FROM t", "of column \"login.auth_token\""),
        sql("SELECT CAST(more.api_key AS INT) AS n FROM t", mask),
        sql("SELECT CAST(CASE WHEN id > 1 THEN password ELSE '1' END AS DECIMAL(5, 2)) AS n FROM t", mask),
        sql("SELECT HEXTORAW(CONCAT(password, password)) AS n FROM t WHERE id > 1", mask),
        sql("SELECT CAST(doc AS INT) AS n FROM t WHERE id > 1", "\"{\"… is not an integer"),
        sql("SELECT CAST(note AS INT) AS n FROM t WHERE id > 1", "column \"n\": CAST(note AS INT): \"n2\" is not an integer"),
        json_path("$.password", "int", "column \"x\": path $.password of \"doc\": ******"),
        json_path("$.*", "array<int>", "path $.* of \"doc\": what the path finds is no"),
        json_path("$.none", "int", "path $.none of \"doc\": the path leads nowhere").first_row(),
        validator(json!({"rule_type": "REGEX", "pattern": "\\d+"}), "column \"password\": ****** does not match \"\\d+\""),
        validator(json!({"rule_type": "RANGE", "max_value": "b"}), "****** is above the maximum b"),
        validator(json!({"rule_type": "UDF", "function_name": "EMAIL"}), mask).first_row(),
        endless(json!({"plugin_name": "Split", "split_field": "password", "separator": "(a+)+\\1b", "output_fields": ["x", "y"]})),
        endless(json!({"plugin_name": "Replace", "replace_field": "password", "pattern": "(a+)+\\1b", "replacement": "", "is_regex": true})),
        endless(json!({"plugin_name": "RegexExtract", "source_field": "password", "regex_pattern": "(a+)+\\1b", "output_fields": ["x"]})),
        transform(
            json!({"plugin_name": "FieldEncrypt", "fields": ["password"], "mode": "DECRYPT", "key": "AAAAAAAAAAAAAAAAAAAAAA=="}),
            "column \"password\": the value is not base64",
        )
        .first_row(),
        asking("LLM", echo, json!({"prompt": "p", "output_data_type": "INT"}), "not shown, as the request held a secret"),
        asking("LLM", refusal, json!({"prompt": "p"}), "answered 400 Bad Request: (not shown"),
        asking("Embedding", echo, json!({"vectorization_fields": {"v": "password"}}), "column \"password\", value ******"),
        Case {
            file: rows(&format!("../{CANARY}")),
            transform: json!([]),
            sink: json!({"plugin_name": "LocalFile", "path": out.display().to_string(), "file_format_type": "json",
                "have_partition": true, "partition_by": ["password"], "partition_dir_expression": "${v0}", "sink_columns": ["id", "password"]}),
            says: vec!["partition directory ****** would lead out"],
            ..transform(json!({}), "")
        },
        assert_sink(
            json!({"field_name": "note", "field_value": [{"rule_type": "MAX_LENGTH", "rule_value": 1}]}),
            vec![r#"fields=[1, ******, n1, {"a":1,"password":"******"}, ******, {"api_key":"******"}]"#, "fieldName=note"],
        ),
        assert_sink(
            json!({"field_name": "password", "field_value": [{"rule_type": "MAX_LENGTH", "rule_value": 1}]}),
            vec![r#"fields=[2, ******, n2, {"a":1,"password":"******"}, ******, {"api_key":"******"}]"#, "fieldName=password"],
        ),
        file("csv", format!("1,1\n2,{CANARY}\n"), csv.clone(), "line 2, column \"password\": ****** is no value"),
        file("csv", format!("1,1\n2,\"{CANARY}\" x\n"), csv.clone(), "broken quotes: text follows a closing quote in cell 2"),
        file("csv", format!("\"1,1\n2,{CANARY}\n"), csv.clone(), "broken quotes: a quote is opened and never closed in cell 1"),
        file("text", format!("1\u{1}1\n2\u{1}{CANARY}\n"), csv.clone(), "line 2, column \"password\": ******"),
        file("json", format!("{{\"id\": 1}}\n{{\"password\": \"{CANARY}\"}}\n"), csv.clone(), "line 2, column \"password\": ******"),
        file("json", format!("{{\"id\": 1}}\n{{\"password\": {CANARY}}}\n"), csv, "line 2: not JSON: 'c' at position 14"),
        file("json", format!("{{\"login\": {{\"password\": \"{CANARY}\"}}}}\n"), ints, "column \"login\": field \"password\": ******"),
        file("json", format!("{{\"m\": {{\"token\": \"{CANARY}\"}}}}\n"), json!({"m": "map<string, int>"}), "value of key \"token\": ******"),
    ]
}

impl Case {
    fn is_said_in(&self, text: &str) -> bool {
        self.says.iter().all(|part| text.contains(part))
    }

    /// The first row fails already.
    fn first_row(mut self) -> Self {
        self.says[0] = "row 1 of table";
        self.says[1] = "(id = 1, note = \"n1\")";
        self
    }

    fn job(&self, number: usize, dir: &Path) -> Value {
        let path = dir.join(format!("in{number}.{}", self.format));
        fs::write(&path, &self.file).unwrap();
        let (mut transforms, mut sink) = (self.transform.clone(), self.sink.clone());
        for block in transforms.as_array_mut().unwrap() {
            block["plugin_input"] = json!("t");
            block["plugin_output"] = json!("out");
        }
        sink["plugin_input"] = json!(if transforms.as_array().unwrap().is_empty() { "t" } else { "out" });
        json!({
            "env": {"job.mode": "BATCH", "job.retry.times": 0},
            "source": [{"plugin_name": "LocalFile", "plugin_output": "t", "path": path, "file_format_type": self.format,
                "schema": {"fields": self.fields}}],
            "transform": transforms,
            "sink": [sink]
        })
    }
}

fn no_canary(what: &str, text: &str) {
    let lower = text.to_lowercase();
    if let Some(at) = lower.find("canary7") {
        let from = lower[..at].char_indices().rev().nth(300).map_or(0, |(from, _)| from);
        panic!("{what} tells a secret: {}", &lower[from..at + 9]);
    }
}

/// The files below a directory.
fn all_files(dir: &Path, each: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all_files(&path, each) } else { each(&path) }
    }
}

/// Services that repeat what they are asked: one as its answer, one as the reason why it gives none.
fn parrots() -> (Model, Model) {
    let echo = Model::start(|asked| {
        let said = asked["messages"][1]["content"].as_str().unwrap_or_default().to_owned();
        Some((
            200,
            json!({"choices": [{"message": {"content": said}}], "data": [{"embedding": asked["input"]}]}),
        ))
    });
    let refusal = Model::start(|asked| Some((400, json!({"error": {"message": format!("bad: {asked}")}}))));
    (echo, refusal)
}

#[test]
fn a_secret_of_a_row_that_fails_is_told_nowhere() {
    let (echo, refusal) = parrots();
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path());
    let cases = cases(&echo, &refusal, &files.path().join("out"));
    let jobs: Vec<Value> =
        cases.iter().enumerate().map(|(number, case)| case.job(number, files.path())).collect();
    let ids: Vec<String> = jobs.iter().map(|job| server.submit(job)).collect();
    let mut wrong = Vec::new();
    for ((case, job), id) in cases.iter().zip(&jobs).zip(&ids) {
        let ended = server.ended(id);
        let error = ended["errorMsg"].as_str().unwrap_or_default();
        if ended["jobStatus"] != "FAILED" || !case.is_said_in(error) {
            wrong.push(format!("{:?} is not in: {error}\n{job}", case.says));
        }
        no_canary("job-info", &ended.to_string());
        no_canary("the job's log", &server.get(&format!("/logs/{id}")).text);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    for path in ["/finished-jobs", "/finished-jobs/FAILED", "/health", "/overview", "/logs", "/metrics"] {
        no_canary(path, &server.get(path).text);
    }
    no_canary("what the server prints", &server.printed());
    assert_eq!(server.terminate(), Some(0));
    let mut seen = 0;
    all_files(data.path(), &mut |path| {
        seen += 1;
        no_canary(&path.display().to_string(), &String::from_utf8_lossy(&fs::read(path).unwrap()));
    });
    assert!(seen > 0, "the history is in files");
}

#[test]
fn run_prints_no_secret_of_a_row_that_fails() {
    let (echo, refusal) = parrots();
    let files = tempfile::tempdir().unwrap();
    for (number, case) in cases(&echo, &refusal, &files.path().join("out")).iter().enumerate() {
        let path = files.path().join(format!("job{number}.json"));
        fs::write(&path, case.job(number, files.path()).to_string()).unwrap();
        let ran = Command::new(program()).arg("run").arg(&path).current_dir(files.path()).output().unwrap();
        let printed =
            format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(!ran.status.success() && case.is_said_in(&printed), "{:?} is not in: {printed}", case.says);
        no_canary("run", &printed);
    }
}

/// The job's own text holds the canary here, so only what is said about it is looked at.
#[test]
fn rows_and_literals_in_the_job_are_not_repeated() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let job = |source: Value, sink: Value| {
        let mut source = source;
        source["plugin_name"] = json!("FakeSource");
        json!({"env": {"job.mode": "BATCH", "job.retry.times": 0}, "source": [source], "sink": [sink]})
    };
    let console = json!({"plugin_name": "Console", "log.print.data": false});
    let schema = json!({"fields": {"id": "int", "password": "int"}});
    let text = json!({"fields": {"id": "int", "password": "string"}});
    let row = |fields: Value| json!([{"kind": "INSERT", "fields": fields}]);
    for (source, sink, says) in [
        (
            json!({"schema": schema, "rows": row(json!([1, CANARY]))}),
            console.clone(),
            "column \"password\": ******",
        ),
        (
            json!({"schema": schema, "rows": row(json!({"password": CANARY}))}),
            console.clone(),
            "column \"password\": ******",
        ),
        (json!({"schema": schema, "rows": row(json!(CANARY))}), console.clone(), "rows[0].fields"),
        (json!({"schema": schema, "rows": [CANARY]}), console.clone(), "rows[0]"),
        (
            json!({"schema": {"columns": [{"name": "password", "type": "int", "defaultValue": CANARY}]}}),
            console,
            "column \"password\": ******",
        ),
        (
            json!({"schema": text, "rows": row(json!([1, "x"]))}),
            json!({"plugin_name": "Assert", "rules": {"field_rules": [
                {"field_name": "password", "field_type": "string", "field_value": [{"equals_to": CANARY}]}]}}),
            "equalTo=******",
        ),
    ] {
        let submitted = server.post("/submit-job", job(source, sink).to_string());
        let said = match submitted.status {
            200 => {
                let id = submitted.json()["jobId"].to_string();
                server.ended(id.trim_matches('"'))["errorMsg"].to_string()
            }
            status => submitted.fail(status),
        };
        assert!(said.replace('\\', "").contains(says), "{said}");
        no_canary("the error", &said);
    }
    no_canary("what the server prints", &server.printed());
}
