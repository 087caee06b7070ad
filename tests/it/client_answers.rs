//! The commands to a server whose answers are fixed: what the server under test doesn't say by itself (a token is
//! wanted, a log grows, somebody else answers), in the clear and over TLS.

use crate::client::{printed, seikan};
use crate::server::checkout;
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// A request's first line and headers, in lower case.
type Seen = Arc<Mutex<Vec<String>>>;

/// Status, headers, body.
type Answer = (u16, String, Vec<u8>);

/// A server that answers each request as it is told, one after the other.
struct Fixed {
    url: String,
    seen: Seen,
}

impl Fixed {
    fn start(answer: impl Fn(&str) -> Answer + Send + 'static) -> Self {
        Self::start_over("http", answer, |stream| Some(Box::new(stream)))
    }

    fn over_tls(answer: impl Fn(&str) -> Answer + Send + 'static) -> Self {
        use rustls::pki_types::pem::PemObject;
        use rustls::pki_types::{CertificateDer, PrivateKeyDer};
        let certificate = CertificateDer::from_pem_file(pem("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(pem("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let config = Arc::new(config);
        Self::start_over("https", answer, move |stream| {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).ok()?;
            Some(Box::new(rustls::StreamOwned::new(connection, stream)))
        })
    }

    fn start_over(
        scheme: &str,
        answer: impl Fn(&str) -> Answer + Send + 'static,
        open: impl Fn(std::net::TcpStream) -> Option<Box<dyn Stream>> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let seen = Seen::default();
        let noted = Arc::clone(&seen);
        let serve = move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // A client that hangs up, as one does that trusts no such certificate, ends its own connection only.
                let _served = open(stream).map(|stream| serve(stream, &noted, &answer));
            }
        };
        std::thread::Builder::new().spawn(serve).unwrap();
        Self { url, seen }
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

fn serve(stream: Box<dyn Stream>, seen: &Seen, answer: &dyn Fn(&str) -> Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink())?;
    seen.lock().unwrap().push(head.clone());
    let (status, headers, body) = answer(&head);
    let stream = reader.get_mut();
    let length = body.len();
    write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n")?;
    stream.write_all(&body)?;
    stream.flush()
}

fn said(status: u16, body: impl ToString) -> Answer {
    (status, String::new(), body.to_string().into_bytes())
}

fn pem(name: &str) -> PathBuf {
    checkout().join("tests/it/tls").join(name)
}

fn overview() -> Answer {
    said(200, json!({"works": "1"}))
}

#[test]
fn who_asks_goes_along_in_a_header() {
    let server = Fixed::start(|head| match head.to_ascii_lowercase().contains("authorization: ") {
        true => overview(),
        false => said(401, json!({"status": "fail", "message": "no token"})),
    });
    let (_, err) = printed(&server.url, &["overview"], 2);
    assert!(err.contains("(no token)") && err.contains("--token (or SEIKAN_TOKEN)"), "{err}");
    printed(&server.url, &["overview", "--token", "abc"], 0);
    printed(&server.url.replace("http://", "http://me:a%3Ab@"), &["overview"], 0);
    printed(&server.url, &["overview", "--user", "you:c"], 0);
    let output = seikan(&server.url, &["overview"]).env("SEIKAN_TOKEN", "def").output().unwrap();
    assert!(output.status.success());
    let sent: Vec<String> = (server.seen().iter())
        .filter_map(|head| {
            let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("authorization:"))?;
            Some(line.split_once(": ")?.1.to_owned())
        })
        .collect();
    assert_eq!(sent, ["Bearer abc", "Basic bWU6YTpi", "Basic eW91OmM=", "Bearer def"]);
}

#[test]
fn certificates_are_checked() {
    let server = Fixed::over_tls(|_| overview());
    let (_, err) = printed(&server.url, &["overview"], 3);
    assert!(err.contains("--ca FILE names the certificates to trust"), "{err}");
    let trusted = pem("ca.pem").display().to_string();
    let (out, _) = printed(&server.url, &["overview", "--ca", &trusted], 0);
    assert_eq!(out, "works\t1\n");
    // A file that holds no certificate, one that is not there, and a name that the certificate doesn't have.
    let key = pem("server.key").display().to_string();
    let (_, err) = printed(&server.url, &["overview", "--ca", &key], 2);
    assert!(err.contains("it holds no certificate"), "{err}");
    printed(&server.url, &["overview", "--ca", "nosuch.pem"], 2);
    let other = server.url.replace("127.0.0.1", "127.0.0.2");
    printed(&other, &["overview", "--ca", &trusted], 3);
}

#[test]
fn answers_of_somebody_else_are_no_results() {
    for (status, body, code, why) in [
        (200, "<html>", 1, "not as a Seikan server does"),
        (302, "", 1, "answered 302"),
        (404, "<html>", 1, "not as a Seikan server does"),
        (500, r#"{"status":"fail","message":"broken"}"#, 1, "broken"),
        (503, r#"{"status":"fail","message":"starting"}"#, 1, "starting"),
        (409, r#"{"status":"fail","message":"twice"}"#, 1, "twice"),
        (429, r#"{"status":"fail","message":"full"}"#, 1, "full"),
        (403, r#"{"status":"fail","message":"not you"}"#, 2, "not you"),
        (401, "", 2, "give --token (or SEIKAN_TOKEN) or --user"),
        (200, "{\"works\":", 1, "not as a Seikan server does"),
    ] {
        let server = Fixed::start(move |_| said(status, body));
        let (out, err) = printed(&server.url, &["overview", "--token", "geheim"], code);
        assert!(!err.contains("geheim"), "{err}");
        assert!(out.is_empty() && err.contains(why), "{status}: {out}{err}");
    }
    let server = Fixed::start(|_| overview());
    let (_, err) = printed(&server.url, &["tags"], 1);
    assert!(err.contains("doesn't tell its tags"), "{err}");
}

#[test]
fn a_job_runs_again() {
    let server = Fixed::start(|head| match head.starts_with("POST /jobs/5/rerun ") {
        true => said(200, json!({"jobId": 6, "jobName": "again"})),
        false => said(200, json!({"jobId": "6", "jobName": "again", "jobStatus": "FINISHED"})),
    });
    assert_eq!(printed(&server.url, &["rerun", "5"], 0).0, "6\n");
    let (out, _) = printed(&server.url, &["rerun", "5", "--json"], 0);
    assert_eq!(out, "{\"jobId\":6,\"jobName\":\"again\"}\n");
    let (out, err) = printed(&server.url, &["rerun", "5", "--wait"], 0);
    assert!(out == "6\n" && err.contains("job 6 (again) FINISHED"), "{out}{err}");
    let unknown = Fixed::start(|_| said(404, json!({"status": "fail", "message": "there is no job 5"})));
    assert_eq!(printed(&unknown.url, &["rerun", "5"], 2).1, "error: there is no job 5\n");
    let older = Fixed::start(|_| {
        said(404, json!({"status": "fail", "message": "there is nothing at /jobs/5/rerun"}))
    });
    assert!(printed(&older.url, &["rerun", "5"], 2).1.contains("can't run a job again"));
    let odd = Fixed::start(|_| said(200, json!({})));
    assert!(printed(&odd.url, &["rerun", "5"], 1).1.contains("no job id"));
}

/// The log as it stands after each look at the job.
const STEPS: [&str; 4] = ["one\n", "one\ntwo\n", "3\n", "3\nfour\n"];

/// A server whose job logs more with each question, then begins its log anew, and ends; with ranges or without.
fn logging(ranges: bool) -> Fixed {
    let step = Mutex::new(0);
    Fixed::start(move |head| {
        let mut step = step.lock().unwrap();
        if head.starts_with("GET /job-info/5 ") {
            *step += 1;
            let state = if *step == STEPS.len() { "FINISHED" } else { "RUNNING" };
            return said(200, json!({"jobId": "5", "jobStatus": state}));
        }
        let log = match head {
            head if head.starts_with("GET /log/job-5.log ") => STEPS[*step - 1],
            head if head.starts_with("GET /log/job-5.log.1 ") => "one\ntwo\nlast\n",
            other => panic!("{other}"),
        };
        let from = head
            .to_ascii_lowercase()
            .split_once("range: bytes=")
            .and_then(|(_, rest)| rest.split_once('-').map(|(from, _)| from.parse::<usize>().unwrap()));
        match from.filter(|_| ranges) {
            None => said(200, log),
            Some(from) if from < log.len() => said(206, &log[from..]),
            Some(_) => (416, format!("content-range: bytes */{}\r\n", log.len()), Vec::new()),
        }
    })
}

#[test]
fn a_log_is_followed_to_its_end_without_a_line_twice() {
    for ranges in [true, false] {
        let server = logging(ranges);
        assert_eq!(printed(&server.url, &["logs", "5"], 0).0, "one\n");
        let server = logging(ranges);
        let (out, _) = printed(&server.url, &["logs", "5", "--follow"], 0);
        assert_eq!(out, "one\ntwo\nlast\n3\nfour\n", "with ranges: {ranges}");
    }
}

#[test]
fn a_server_without_logs_and_a_job_without_one_are_told_apart() {
    let answering = |log: Answer| {
        Fixed::start(move |head| match head {
            head if head.starts_with("GET /job-info/5 ") => {
                said(200, json!({"jobId": "5", "jobStatus": "FAILED"}))
            }
            head if head.starts_with("GET /job-info/") => said(200, json!({"jobId": "6"})),
            _ => log.clone(),
        })
    };
    let nothing = said(404, json!({"status": "fail", "message": "there is nothing at /log/job-5.log"}));
    let (_, err) = printed(&answering(nothing).url, &["logs", "5"], 2);
    assert!(err.contains("doesn't serve logs"), "{err}");
    let gone = answering(said(404, json!({"status": "fail", "message": "there is no log job-5.log"})));
    assert_eq!(printed(&gone.url, &["logs", "5"], 2).1, "error: there is no log job-5.log\n");
    assert!(printed(&gone.url, &["logs", "6"], 2).1.contains("there is no job 6 at "));
}
