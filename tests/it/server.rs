//! A real server process on a free port.

use crate::wait::until;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How to start it.
#[derive(Default)]
pub struct Options {
    /// More arguments of `serve`.
    pub arguments: Vec<String>,
    /// More environment.
    pub environment: Vec<(String, String)>,
    /// Working directory; by default the data directory, or where it is to be made: never the checkout, which a job
    /// with a relative path would write to.
    pub working_dir: Option<PathBuf>,
    /// Whether the arguments say where to listen.
    pub without_listen: bool,
}

impl Options {
    /// Sets one variable of the environment.
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds one argument.
    pub fn arg(mut self, argument: impl ToString) -> Self {
        self.arguments.push(argument.to_string());
        self
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    url: String,
    agent: ureq::Agent,
    printed: Arc<Mutex<String>>,
}

/// An answer: status and body.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub text: String,
    pub headers: Vec<(String, String)>,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|e| panic!("no JSON ({e}): {} {}", self.status, self.text))
    }

    /// The body of a 200.
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// The message of a failure with this status.
    pub fn fail(self, status: u16) -> String {
        let body = self.json();
        assert_eq!((self.status, body["status"].as_str()), (status, Some("fail")), "{}", self.text);
        let message = body["message"].as_str().unwrap_or_default().to_owned();
        assert!(!message.is_empty(), "a failure must say why: {}", self.text);
        message
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// The program under test.
pub fn program() -> &'static str {
    env!("CARGO_BIN_EXE_seikan")
}

/// The top of the checkout.
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Server {
    /// Starts a server on a data directory and waits until it is ready.
    pub fn start(data_dir: &Path) -> Self {
        Self::start_with(data_dir, Options::default())
    }

    /// [`start`](Self::start) with options.
    pub fn start_with(data_dir: &Path, options: Options) -> Self {
        Self::try_start(data_dir, options)
            .unwrap_or_else(|printed| panic!("the server did not start:\n{printed}"))
    }

    /// Starts a server and waits until its history is there; when it ends before it is ready, answers what it printed.
    pub fn try_start(data_dir: &Path, options: Options) -> Result<Self, String> {
        let server = Self::start_loading(data_dir, options)?;
        // A server that dies soon is the caller's to find.
        until("the history is there", || match server.try_get("/health") {
            Some(health) => health.json()["loading"].is_null().then_some(()),
            None => Some(()),
        });
        Ok(server)
    }

    /// [`try_start`](Self::try_start) of a server that takes jobs, and may still be loading its history.
    pub fn start_loading(data_dir: &Path, options: Options) -> Result<Self, String> {
        Self::launch(data_dir, options, |printed| {
            let rest = &printed[printed.find(" is ready after ")?..];
            Some(rest.split_once("http://")?.1.split_once("/overview")?.0.to_owned())
        })
    }

    /// Starts a server whose start is long, and doesn't wait for its end.
    pub fn start_slowly(data_dir: &Path, options: Options) -> Self {
        Self::launch(data_dir, options, |printed| {
            let rest = &printed[printed.find("listening on ")?..];
            Some(rest.split_once("http://")?.1.split_once(", starting")?.0.to_owned())
        })
        .unwrap_or_else(|printed| panic!("the server did not start:\n{printed}"))
    }

    /// Starts the process, and waits until `address` is found in what it prints.
    fn launch(
        data_dir: &Path,
        options: Options,
        address: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let mut child = Self::command(data_dir, &options)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let printed = Arc::new(Mutex::new(String::new()));
        let readers = [
            collect(child.stdout.take().unwrap(), &printed),
            collect(child.stderr.take().unwrap(), &printed),
        ];
        let url = until("the server is ready, or ended", || {
            if let Some(address) = address(&printed.lock().unwrap()) {
                return Some(Some(format!("http://{address}")));
            }
            child.try_wait().expect("the process can be asked").map(|_| None)
        });
        let Some(url) = url else {
            readers.into_iter().for_each(|reader| reader.join().expect("a reader ends"));
            return Err(printed.lock().unwrap().clone());
        };
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Ok(Self { child, url, agent: config.into(), printed })
    }

    /// Starts a server and does not wait for it; what it prints is lost.
    pub fn spawn(data_dir: &Path, options: &Options) -> Child {
        let mut command = Self::command(data_dir, options);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
    }

    fn command(data_dir: &Path, options: &Options) -> Command {
        let mut command = Command::new(program());
        let elsewhere = data_dir.ancestors().find(|dir| dir.is_dir()).expect("a directory");
        command
            .args(["serve", "--data-dir"])
            .arg(data_dir)
            .args(if options.without_listen { &[][..] } else { &["--listen", "127.0.0.1:0"] })
            .args(&options.arguments)
            .envs(options.environment.iter().map(|(k, v)| (k, v)))
            .env("TZ", "UTC")
            .current_dir(options.working_dir.as_deref().unwrap_or(elsewhere))
            .stdin(Stdio::null());
        command
    }

    /// Where it serves.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything that it has printed.
    pub fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        self.try_get(path).expect("an answer")
    }

    /// GET; `None` when there is no server any more.
    pub fn try_get(&self, path: &str) -> Option<Answer> {
        answer(self.agent.get(format!("{}{path}", self.url)).call())
    }

    /// POST of a text.
    pub fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.try_post(path, body).expect("an answer")
    }

    /// POST; `None` when there is no server any more.
    pub fn try_post(&self, path: &str, body: impl AsRef<[u8]>) -> Option<Answer> {
        answer(self.agent.post(format!("{}{path}", self.url)).send(body.as_ref()))
    }

    /// Any method.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(self.agent.run(request.body(body.to_vec()).expect("a request"))).expect("an answer")
    }

    /// Submits a job; answers its id.
    pub fn submit(&self, job: &Value) -> String {
        self.submit_as("", job)
    }

    /// Submits a job with query parameters (`?jobId=1`).
    pub fn submit_as(&self, query: &str, job: &Value) -> String {
        let answer = self.post(&format!("/submit-job{query}"), job.to_string()).ok();
        answer["jobId"].as_i64().map(|id| id.to_string()).unwrap_or_else(|| panic!("{answer}"))
    }

    /// A job's details.
    pub fn job(&self, id: &str) -> Value {
        self.get(&format!("/job-info/{id}")).ok()
    }

    /// Waits until a job has ended; answers its details.
    pub fn ended(&self, id: &str) -> Value {
        until(&format!("job {id} ends"), || {
            let job = self.job(id);
            ["FINISHED", "FAILED", "CANCELED", "SAVEPOINT_DONE", "UNKNOWABLE"]
                .contains(&job["jobStatus"].as_str()?)
                .then_some(job)
        })
    }

    /// Waits until a job is in a state.
    pub fn wait_for(&self, id: &str, state: &str) -> Value {
        until(&format!("job {id} is {state}"), || {
            let job = self.job(id);
            (job["jobStatus"] == state).then_some(job)
        })
    }

    /// Stops a job.
    pub fn stop_job(&self, id: &str, savepoint: bool) {
        let body = json!({"jobId": id, "isStopWithSavePoint": savepoint});
        self.post("/stop-job", body.to_string()).ok();
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("it is gone");
    }

    /// SIGTERM; waits for the end, answers its exit code.
    pub fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        assert!(sent.success());
        until("the server ends", || self.child.try_wait().expect("it can be asked")).code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            self.child.wait().expect("it is gone");
        }
        if std::thread::panicking() {
            eprintln!("--- printed by the server:\n{}", self.printed());
        }
    }
}

fn answer(result: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Option<Answer> {
    let mut response = result.ok()?;
    let headers = response.headers().iter();
    let headers =
        headers.map(|(n, v)| (n.to_string(), String::from_utf8_lossy(v.as_bytes()).into_owned())).collect();
    let status = response.status().as_u16();
    let text = response.body_mut().with_config().limit(1 << 30).read_to_string().ok()?;
    Some(Answer { status, text, headers })
}

fn collect(stream: impl Read + Send + 'static, into: &Arc<Mutex<String>>) -> std::thread::JoinHandle<()> {
    let into = Arc::clone(into);
    std::thread::Builder::new()
        .spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let mut text = into.lock().unwrap();
                text.push_str(&line);
                text.push('\n');
            }
        })
        .expect("a thread")
}
