//! `LLM` and `Embedding` in jobs of a real server, against a service on this machine.

use crate::server::{Server, program};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

/// A model behind HTTP; its threads end with the test.
pub struct Model {
    pub url: String,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    asked: AtomicUsize,
    here: AtomicUsize,
    most: AtomicUsize,
}

impl Model {
    /// Answers each body with a status and a body; `None`: says nothing until the other side hangs up.
    pub fn start(answer: impl Fn(&Value) -> Option<(u16, Value)> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (seen, answer) = (Arc::new(Seen::default()), Arc::new(answer));
        let shared = Arc::clone(&seen);
        let accept = move || {
            for stream in listener.incoming() {
                let (seen, answer) = (Arc::clone(&shared), Arc::clone(&answer));
                let serve = move || serve(stream.unwrap(), &seen, answer.as_ref());
                drop(std::thread::Builder::new().spawn(serve).unwrap());
            }
        };
        drop(std::thread::Builder::new().spawn(accept).unwrap());
        Self { url, seen }
    }

    fn asked(&self) -> usize {
        self.seen.asked.load(Ordering::SeqCst)
    }
}

fn serve(mut stream: TcpStream, seen: &Seen, answer: &(impl Fn(&Value) -> Option<(u16, Value)> + ?Sized)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if line == "\r\n" => break,
                Ok(_) => {}
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        seen.asked.fetch_add(1, Ordering::SeqCst);
        let here = seen.here.fetch_add(1, Ordering::SeqCst) + 1;
        seen.most.fetch_max(here, Ordering::SeqCst);
        let answer = answer(&serde_json::from_slice(&body).unwrap());
        if answer.is_none() {
            let _end = reader.read(&mut [0]);
        }
        seen.here.fetch_sub(1, Ordering::SeqCst);
        let Some((status, answer)) = answer else {
            return;
        };
        let answer = answer.to_string();
        let whole = format!("HTTP/1.1 {status} Some\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
        if stream.write_all(whole.as_bytes()).is_err() {
            return;
        }
    }
}

/// Says the name of the row that was asked for.
fn name_of(body: &Value) -> (u16, Value) {
    let rows: Value = serde_json::from_str(body["messages"][1]["content"].as_str().unwrap()).unwrap();
    let content = json!([rows[0]["name"]]).to_string();
    (200, json!({"choices": [{"message": {"content": content}}]}))
}

/// `FakeSource` → one transform → the sinks.
fn job(rows: usize, transform: Value, sinks: Value) -> Value {
    let rows: Vec<Value> =
        (0..rows).map(|n| json!({"kind": "INSERT", "fields": [n, format!("name {n}")]})).collect();
    json!({
        "env": {"job.mode": "BATCH", "job.retry.times": 0},
        "source": [{"plugin_name": "FakeSource", "plugin_output": "in", "rows": rows,
            "schema": {"fields": {"id": "int", "name": "string"}}}],
        "transform": [transform],
        "sink": sinks
    })
}

fn llm(model: &Model, more: Value) -> Value {
    let mut block = json!({"plugin_name": "LLM", "plugin_input": "in", "plugin_output": "out",
        "model_provider": "OPENAI", "model": "m", "api_key": "sk-hidden", "api_path": model.url, "prompt": "Say it."});
    block.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    block
}

/// The lines of the files in a directory.
fn lines(directory: &Path) -> Vec<String> {
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let texts = files.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap());
    texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn many_rows_are_asked_for_at_once_and_stay_in_order() {
    let (dir, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // A request is answered only when four are there.
    let barrier = Barrier::new(4);
    let model = Model::start(move |body| {
        barrier.wait();
        Some(name_of(body))
    });
    let target = files.path().join("out");
    let sinks = json!([
        {"plugin_name": "Assert", "plugin_input": "out", "rules": {
            "row_rules": [{"rule_type": "MIN_ROW", "rule_value": 60}, {"rule_type": "MAX_ROW", "rule_value": 60}],
            "field_rules": [{"field_name": "said", "field_type": "string", "field_value": [{"rule_type": "NOT_NULL"}]}]}},
        {"plugin_name": "LocalFile", "plugin_input": "out", "path": target, "file_format_type": "json"}
    ]);
    let options = json!({"model_max_concurrent_requests": 4, "output_column_name": "said"});
    let server = Server::start(dir.path());
    let id = server.submit(&job(60, llm(&model, options), sinks));
    let ended = server.ended(&id);
    assert_eq!(ended["jobStatus"], "FINISHED", "{ended:#}");
    assert!(!ended.to_string().contains("sk-hidden"), "{ended:#}");
    let wanted: Vec<String> =
        (0..60).map(|n| format!(r#"{{"id":{n},"name":"name {n}","said":"name {n}"}}"#)).collect();
    assert_eq!(lines(&target), wanted);
    assert_eq!((model.seen.most.load(Ordering::SeqCst), model.asked()), (4, 60));
}

#[test]
fn a_job_in_hocon_describes_its_own_service() {
    let dir = tempfile::tempdir().unwrap();
    let model = Model::start(|body| {
        let good =
            body["model"] == "m-7" && body["text"].as_str().is_some_and(|text| text.contains("\"a\":5"));
        Some((if good { 200 } else { 400 }, json!({"out": {"score": 7}})))
    });
    let text = format!(
        r#"env {{ job.mode = BATCH, job.retry.times = 0 }}
        source {{ FakeSource {{ plugin_output = in, rows = [{{ kind = INSERT, fields = [5] }}], schema {{ fields {{ a = int }} }} }} }}
        transform {{ LLM {{
          plugin_input = in, plugin_output = out, model_provider = CUSTOM, model = "m-7", prompt = "Rate it."
          openai.api_path = "{}", output_data_type = int
          custom_config = {{
            custom_response_parse = "$.out.score"
            custom_request_headers = {{ Authorization = "Bearer own-secret" }}
            custom_request_body = {{ model = "${{model}}", text = "${{input}}" }}
          }}
        }} }}
        sink {{ Assert {{ plugin_input = out, rules {{ field_rules = [
          {{ field_name = llm_output, field_type = int, field_value = [{{ rule_type = MIN, rule_value = 7 }}, {{ rule_type = MAX, rule_value = 7 }}] }}
        ] }} }} }}"#,
        model.url
    );
    let server = Server::start(dir.path());
    let answer = server.post("/submit-job?format=hocon", text).ok();
    let ended = server.ended(&answer["jobId"].to_string());
    assert_eq!(ended["jobStatus"], "FINISHED", "{ended:#}");
    assert!(!ended.to_string().contains("own-secret"), "{ended:#}");
    assert_eq!(model.asked(), 1);
}

#[test]
fn vectors_reach_every_sink_that_takes_them() {
    let (dir, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let model = Model::start(|body| {
        let inputs = body["input"].as_array().unwrap().iter();
        let vectors = inputs.map(|input| json!({"embedding": [input.as_str().unwrap().len(), -0.5, 1]}));
        Some((200, json!({"data": vectors.collect::<Vec<_>>()})))
    });
    let server = Server::start(dir.path());
    for (run, dimension) in [Value::Null, json!(3)].into_iter().enumerate() {
        let (parquet, text) =
            (files.path().join(format!("parquet-{run}")), files.path().join(format!("json-{run}")));
        let transform = json!({"plugin_name": "Embedding", "plugin_input": "in", "plugin_output": "out",
            "model_provider": "DOUBAO", "model": "m", "api_key": "k-hidden", "api_path": model.url,
            "single_vectorized_input_number": 2, "dimension": dimension, "vectorization_fields": {"v": "name"}});
        let sinks = json!([
            {"plugin_name": "Console", "plugin_input": "out"},
            {"plugin_name": "Assert", "plugin_input": "out", "rules": {"field_rules": [
                {"field_name": "v", "field_type": "float_vector", "field_value": [{"rule_type": "NOT_NULL"}]}]}},
            {"plugin_name": "LocalFile", "plugin_input": "out", "path": parquet, "file_format_type": "parquet"}
        ]);
        let id = server.submit(&job(5, transform.clone(), sinks));
        let ended = server.ended(&id);
        assert_eq!(ended["jobStatus"], "FINISHED", "{ended:#}");
        let log = fs::read_to_string(dir.path().join(format!("logs/job-{id}.log"))).unwrap();
        assert!(log.contains("v<FLOAT_VECTOR>") && log.contains("[6.0, -0.5, 1.0]"), "{log}");
        assert!(!log.contains("k-hidden"), "{log}");
        let back = server.submit(&json!({
            "env": {"job.mode": "BATCH"},
            "source": [{"plugin_name": "LocalFile", "path": parquet, "file_format_type": "parquet"}],
            "sink": [{"plugin_name": "LocalFile", "path": text, "file_format_type": "json"}]
        }));
        let ended = server.ended(&back);
        assert_eq!(ended["jobStatus"], "FINISHED", "{ended:#}");
        let rows = lines(&text);
        assert_eq!((rows.len(), rows[4].as_str()), (5, r#"{"id":4,"name":"name 4","v":[6.0,-0.5,1.0]}"#));
        let sink = json!([{"plugin_name": "LocalFile", "plugin_input": "out", "path": text, "file_format_type": "json"}]);
        let refused = server.post("/submit-job", job(1, transform, sink).to_string()).fail(400);
        assert!(refused.contains("FLOAT_VECTOR can't be written as JSON"), "{refused}");
    }
    assert_eq!(model.asked(), 6, "five rows, two in a request");
}

#[test]
fn a_trial_asks_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let model = Model::start(|body| Some(name_of(body)));
    let server = Server::start(dir.path());
    let job = job(12, llm(&model, json!({})), json!([{"plugin_name": "Console", "plugin_input": "out"}]));
    let found = server.post("/submit-job?dryRun=static", job.to_string()).ok();
    assert_eq!((model.asked(), found.get("askedServices")), (0, None));
    let found = server.post("/submit-job?dryRun=sample", job.to_string()).ok();
    assert_eq!((model.asked(), &found["askedServices"]), (10, &json!(["Transform[0]-LLM"])));
    let path = dir.path().join("job.json");
    fs::write(&path, job.to_string()).unwrap();
    let checked = Command::new(program()).args(["check", "--sample"]).arg(&path).output().unwrap();
    let printed = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(printed.ends_with("Transform[0]-LLM asked its service for these rows\n"), "{printed}");
    assert_eq!(model.asked(), 20);
}

#[test]
fn a_refused_key_fails_the_job_at_its_vertex_and_is_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    let model = Model::start(|_| Some((401, json!({"error": {"message": "sk-hidden is not known"}}))));
    let server = Server::start(dir.path());
    let sink = json!([{"plugin_name": "Console", "plugin_input": "out"}]);
    let mut job = job(3, llm(&model, json!({})), sink);
    job["env"]["job.retry.times"] = json!(2);
    let id = server.submit(&job);
    let ended = server.ended(&id);
    let message = ended["errorMsg"].as_str().unwrap();
    assert!(
        message.contains("Transform[0]-LLM: row ")
            && message.contains("): column \"llm_output\", model m of OPENAI: "),
        "{message}"
    );
    assert!(
        message.contains("refuses the credentials of the job (401 Unauthorized): ****** is not known"),
        "{message}"
    );
    assert_eq!(ended["run"]["attempt"], 1, "a new attempt can't help: {ended:#}");
    let log = fs::read_to_string(dir.path().join(format!("logs/job-{id}.log"))).unwrap();
    assert!(!ended.to_string().contains("sk-hidden") && !log.contains("sk-hidden"), "{log}");
}

#[test]
fn a_stop_does_not_wait_for_a_model_that_says_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let model = Model::start(|_| None);
    let server = Server::start(dir.path());
    let id = server.submit(&job(
        9,
        llm(&model, json!({})),
        json!([{"plugin_name": "Console", "plugin_input": "out"}]),
    ));
    crate::wait::until("the model is asked", || (model.asked() == 8).then_some(()));
    server.stop_job(&id, false);
    assert_eq!(server.ended(&id)["jobStatus"], "CANCELED");
    crate::wait::until("the connections are closed", || {
        (model.seen.here.load(Ordering::SeqCst) == 0).then_some(())
    });
    assert_eq!(model.asked(), 8);
}
