//! What one client may take: slow, silent, greedy and half-closed ones are cut off, and nobody else waits for them.

use crate::server::{Options, Server};
use crate::wait::until;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

fn limited(keys: &[(&str, &str)]) -> Options {
    keys.iter().fold(Options::default(), |options, (key, value)| {
        options.env(&format!("SEIKAN_ENGINE__HTTP__{key}"), value)
    })
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.url().trim_start_matches("http://")).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
    stream
}

/// Everything up to the end of the connection.
fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) => {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "it is not closed: {error}")
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn others_are_served_while_slow_clients_hang_and_the_slow_ones_are_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let limits = [
        ("HEADER_TIMEOUT", "2000"),
        ("BODY_TIMEOUT", "2000"),
        ("IDLE_TIMEOUT", "2000"),
        ("MAX_CONNECTIONS", "300"),
    ];
    let server = Server::start_with(dir.path(), limited(&limits));
    let body = b"POST /submit-job HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{";
    let starts: [(&[u8], &str); 7] = [
        (b"", ""),
        (b"G", ""),
        (b"GET /overview HTTP/1.1\r\nhost: x\r\nx-slow: ", ""),
        (body, "HTTP/1.1 408"),
        (b"PRI * HTTP/2.0\r\n", ""),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", ""),
        (b"GET /overview HTTP/1.1\r\nhost: x\r\n\r\n", "HTTP/1.1 200"),
    ];
    let began = Instant::now();
    let mut slow = Vec::new();
    for (start, answer) in starts.iter().cycle().take(245) {
        let mut stream = connect(&server);
        stream.write_all(start).unwrap();
        slow.push((stream, *answer));
    }
    // A few say that they are done, and still wait.
    for (stream, _) in slow.iter().take(12) {
        stream.shutdown(Shutdown::Write).unwrap();
    }
    for _ in 0..20 {
        assert_eq!(server.get("/overview").status, 200);
    }
    // A byte now and then helps none of them.
    until("every slow client is cut off", || {
        for (stream, answer) in &mut slow {
            if answer.is_empty() || answer.ends_with("408") {
                let _cut_off = stream.write(b"a");
            }
        }
        assert_eq!(server.get("/overview").status, 200);
        let health = server.get("/health").ok();
        (health["connections"].as_u64()? <= 2).then_some(())
    });
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    for (number, (stream, answer)) in slow.into_iter().enumerate() {
        let got = rest(stream);
        assert!(number < 12 || got.starts_with(answer), "{number}: wanted {answer:?}, got {got:?}");
    }
}

#[test]
fn a_client_that_takes_nothing_of_its_answer_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), limited(&[("SEND_TIMEOUT", "500")]));
    let mut stream = connect(&server);
    // More answers than the buffers between the two hold.
    let ask = "GET /option-rules HTTP/1.1\r\nhost: x\r\n\r\n".repeat(2000);
    let _whole = stream.write(ask.as_bytes()).unwrap();
    until("the connection is gone", || (server.get("/health").ok()["connections"] == json!(1)).then_some(()));
}

#[test]
fn who_works_is_not_idle() {
    let dir = tempfile::tempdir().unwrap();
    let server =
        Server::start_with(dir.path(), limited(&[("IDLE_TIMEOUT", "300"), ("HEADER_TIMEOUT", "300")]));
    let job = r#"{"env": {"job.mode": "BATCH"},
        "source": [{"plugin_name": "FakeSource", "row.num": 5, "split.num": 5, "split.read-interval": 300,
                    "schema": {"fields": {"a": "int"}}}],
        "sink": [{"plugin_name": "Console"}]}"#;
    let began = Instant::now();
    let answer = server.post("/submit-job?dryRun=sample", job);
    assert_eq!(answer.status, 200, "{} after {:?}", answer.text, began.elapsed());
    assert!(began.elapsed() > Duration::from_millis(600), "the work is too short to show anything");
}

#[test]
fn who_is_idle_is_cut_off_sooner_than_the_header_time_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let limits = [("IDLE_TIMEOUT", "500"), ("HEADER_TIMEOUT", "600000")];
    let server = Server::start_with(dir.path(), limited(&limits));
    // The second comes over HTTP/2: a preface, no settings, and the header of GET /.
    let second = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x06\x01\x05\0\0\0\x01\x82\x84\x86\x41\x01x";
    for request in [&b"GET /overview HTTP/1.1\r\nhost: x\r\n\r\n"[..], &second[..]] {
        let mut stream = connect(&server);
        stream.write_all(request).unwrap();
        let answer = rest(stream);
        assert!(!answer.is_empty());
    }
}

#[test]
fn one_connection_too_many_is_told_so_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), limited(&[("MAX_CONNECTIONS", "3")]));
    let answer = until("there are three connections", || {
        let mut held: Vec<TcpStream> = (0..3).map(|_| connect(&server)).collect();
        let mut one_more = connect(&server);
        let _sent = one_more.write(b"GET /overview HTTP/1.1\r\nhost: x\r\n\r\n");
        let answer = rest(one_more);
        held.clear();
        answer.starts_with("HTTP/1.1 503").then_some(answer)
    });
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {}", body.len())), "{answer}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["status"], "fail");
    until("there is room again", || server.try_get("/overview").filter(|answer| answer.status == 200));
}

#[test]
fn headers_and_rates_have_limits() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), limited(&[("MAX_HEADER_BYTES", "8192")]));
    let mut stream = connect(&server);
    let _sent = stream.write(format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(20_000)).as_bytes());
    let answer = rest(stream);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");

    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), limited(&[("REQUESTS_PER_SECOND", "1")]));
    let refused =
        until("a request is too many", || Some(server.get("/overview")).filter(|a| a.status != 200));
    assert!(refused.header("retry-after").is_some());
    assert!(refused.fail(429).contains("http.requests-per-second"));
    until("there is a turn again", || (server.get("/overview").status == 200).then_some(()));
}
