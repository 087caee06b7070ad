//! Requests a second against a bare warp server that says hello, and what many idle connections cost.
//!
//! Both servers are processes of their own, and are asked in turns by the same clients over connections that stay open.

use crate::Figure;
use crate::client::Client;
use crate::server::Server;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use warp::Filter;

/// The argument that makes this program the bare server.
pub const HELLO: &str = "hello-server";
/// Clients at once.
const CLIENTS: usize = 16;
/// How long a path is asked for in one turn.
const TURN: Duration = Duration::from_secs(2);
const TURNS: usize = 3;
const IDLE: usize = 10_000;

/// Serves hello for ever; prints the address.
pub fn hello() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("an address"));
        std::io::stdout().flush().expect("the address is out");
        warp::serve(warp::path("hello").map(|| "Hello, world!")).incoming(listener).run().await;
    });
}

struct Hello {
    child: Child,
    address: String,
}

impl Hello {
    fn start() -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program).arg(HELLO).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut address = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        stdout.read_line(&mut address).expect("its address");
        Self { child, address: address.trim().to_owned() }
    }
}

impl Drop for Hello {
    fn drop(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
    }
}

/// Requests a second of one turn.
fn turn(address: &str, path: &str) -> f64 {
    let stop = AtomicBool::new(false);
    let started = Instant::now();
    let count: u64 = std::thread::scope(|scope| {
        let ask = || {
            let mut client = Client::connect(address);
            let mut count = 0;
            while !stop.load(Ordering::Relaxed) {
                assert!(!client.get(path).is_empty());
                count += 1;
            }
            count
        };
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(ask)).collect();
        std::thread::park_timeout(TURN);
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().expect("a client ends")).sum()
    });
    count as f64 / started.elapsed().as_secs_f64()
}

/// `job-info` of an ended job, and `overview`, in turns with the bare server; the best turn of each counts.
pub fn requests() -> Vec<Figure> {
    let (hello, server) = (Hello::start(), Server::start());
    let id = server.submit(
        r#"{"source": [{"plugin_name": "FakeSource", "row.num": 5, "schema": {"fields": {"id": "bigint"}}}],
            "sink": [{"plugin_name": "Console"}]}"#,
    );
    server.finished(&id);
    let paths = [format!("/job-info/{id}"), "/overview".to_owned()];
    let (mut bare, mut best) = (0.0_f64, [0.0_f64; 2]);
    for _ in 0..TURNS {
        bare = bare.max(turn(&hello.address, "/hello"));
        for (best, path) in best.iter_mut().zip(&paths) {
            *best = best.max(turn(server.address(), path));
        }
    }
    let names = ["`/job-info/:id`", "`/overview`"];
    let figure = |(what, best): (&str, f64)| Figure {
        what: format!("{what}, {CLIENTS} connections, against a bare warp server (best of {TURNS})"),
        measured: format!("{best:.0}/s, bare {bare:.0}/s: {:.0} %", 100.0 * best / bare),
        wanted: "≥ 70 %",
    };
    names.into_iter().zip(best).map(figure).collect()
}

/// Resident memory with many connections that have asked once and then do nothing.
pub fn connections() -> Vec<Figure> {
    let server = Server::start();
    server.get("/overview");
    let mut open = Vec::with_capacity(IDLE);
    for _ in 0..IDLE {
        let mut stream = BufReader::new(TcpStream::connect(server.address()).expect("a connection"));
        stream
            .get_mut()
            .write_all(b"GET /overview HTTP/1.1\r\nHost: x\r\n\r\n")
            .expect("the request is sent");
        let mut line = String::new();
        stream.read_line(&mut line).expect("an answer");
        assert!(line.contains("200"), "{line}");
        // The rest of the answer may stay where it is; a buffer a connection would be this program's memory.
        open.push(stream.into_inner());
    }
    let started = Instant::now();
    server.get("/overview");
    let answer = started.elapsed();
    vec![Figure {
        what: format!("resident memory with {} idle connections", open.len()),
        measured: format!(
            "{:.0} MB, the next one is answered in {} µs",
            server.memory("VmRSS:"),
            answer.as_micros()
        ),
        wanted: "≤ 200 MB",
    }]
}
