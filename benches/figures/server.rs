//! The real server, on a fresh data directory.

use crate::client::Client;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Server {
    child: Child,
    address: String,
    _data: Option<tempfile::TempDir>,
}

impl Server {
    pub fn start() -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let mut server = Self::on(data.path(), &[]);
        server._data = Some(data);
        server
    }

    /// On a data directory that is there.
    pub fn on(data: &Path, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_seikan"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .env("SEIKAN_LOG", "warn")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the server starts");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        let greeting =
            stdout.lines().map_while(Result::ok).find(|l| l.contains("http://")).expect("its greeting");
        let address = greeting.split("http://").nth(1).and_then(|r| r.split('/').next()).expect("an address");
        Self { child, address: address.to_owned(), _data: None }
    }

    /// Ends it as a service manager does.
    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        Command::new("kill").arg(pid).status().expect("kill runs");
        self.child.wait().expect("its end");
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("its end");
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn get(&self, path: &str) -> String {
        Client::connect(&self.address).get(path)
    }

    pub fn submit(&self, job: &str) -> String {
        let answer = Client::connect(&self.address).post("/submit-job", job);
        let id = answer.split("\"jobId\":").nth(1).and_then(|r| r.split(',').next());
        id.unwrap_or_else(|| panic!("refused: {answer}")).to_owned()
    }

    /// Waits until a job is FINISHED.
    pub fn finished(&self, id: &str) {
        let started = Instant::now();
        let mut client = Client::connect(&self.address);
        loop {
            let job = client.get(&format!("/job-info/{id}"));
            if job.contains("\"jobStatus\":\"FINISHED\"") {
                return;
            }
            let going = job.contains("RUNNING") || job.contains("PENDING") || job.contains("SCHEDULED");
            assert!(going && started.elapsed() < Duration::from_secs(600), "{job}");
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Processor time that the server took so far, on all its threads.
    pub fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("its times");
        let fields = stat.rsplit_once(") ").expect("a name in brackets").1.split(' ');
        // the 14th and 15th field of the line, in hundredths of a second
        let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().expect("a number")).sum();
        Duration::from_millis(ticks * 10)
    }

    /// A line of the process's status, in MB.
    pub fn memory(&self, name: &str) -> f64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("its status");
        let line = status.lines().find_map(|l| l.strip_prefix(name)).expect("a line");
        line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).expect("a number") / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
    }
}
