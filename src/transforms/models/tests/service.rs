//! A real HTTP server, one thread per connection, that counts who is there at once.

use crate::runtime::thread;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    /// Names in lower case.
    pub(super) headers: HashMap<String, String>,
    pub(super) body: Value,
    /// The how-many-th it is, from 0.
    pub(super) number: usize,
}

impl Asked {
    /// The rows that a chat asks for.
    pub(super) fn rows(&self) -> Value {
        serde_json::from_str(self.body["messages"][1]["content"].as_str().unwrap()).unwrap()
    }

    /// The texts that an embedding asks for.
    pub(super) fn inputs(&self) -> Vec<String> {
        match &self.body["input"] {
            Value::Array(inputs) => inputs.iter().map(|input| input.as_str().unwrap().to_owned()).collect(),
            input => vec![input.as_str().unwrap().to_owned()],
        }
    }
}

/// What is answered.
pub(super) enum Reply {
    Json(Value),
    Text(&'static str),
    Status(u16, &'static str, Value),
    /// More than anybody wants.
    Huge,
    /// Nothing, until the other side hangs up.
    Hang,
    /// Half of what was promised.
    Cut,
}

/// A chat's answer with this content.
pub(super) fn chat(content: impl Into<Value>) -> Reply {
    Reply::Json(json!({"choices": [{"message": {"role": "assistant", "content": content.into()}}]}))
}

/// Vectors, each of a text: its length, and 0.5.
pub(super) fn vectors(asked: &Asked) -> Reply {
    let inputs = asked.inputs();
    let items = inputs.iter().enumerate();
    let items = items.map(|(at, text)| json!({"index": at, "embedding": [text.len(), 0.5]}));
    // The order of an answer is not the one of the inputs.
    Reply::Json(json!({"data": items.rev().collect::<Vec<_>>()}))
}

/// The server.
pub(super) struct Service {
    pub(super) url: String,
    seen: Arc<Seen>,
}

/// What the server has seen.
#[derive(Default)]
pub(super) struct Seen {
    asked: Mutex<Vec<Asked>>,
    /// Now, and at most.
    here: Mutex<(usize, usize)>,
    changed: Condvar,
    closed: AtomicBool,
}

impl Seen {
    /// Waits, bounded, until so many have asked.
    pub(super) fn wait_for_requests(&self, count: usize) {
        let asked = self.asked.lock().unwrap();
        let waited = self.changed.wait_timeout_while(asked, BOUND, |asked| asked.len() < count).unwrap();
        assert!(!waited.1.timed_out(), "{count} requests did not come");
    }
}

const BOUND: Duration = Duration::from_secs(20);

impl Service {
    pub(super) fn start(answer: impl Fn(&Asked, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (seen, answer) = (Arc::new(Seen::default()), Arc::new(answer));
        let shared = Arc::clone(&seen);
        let accept = move || {
            for stream in listener.incoming() {
                if shared.closed.load(Ordering::Relaxed) {
                    return;
                }
                let (shared, answer) = (Arc::clone(&shared), Arc::clone(&answer));
                let serve = move || while_open(stream.unwrap(), &shared, answer.as_ref());
                drop(thread("model-service", serve).unwrap());
            }
        };
        drop(thread("model-services", accept).unwrap());
        Self { url, seen }
    }

    /// What it was asked, in the order of arrival.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.seen.asked.lock().unwrap().clone()
    }

    /// How many requests were there at once, at most.
    pub(super) fn most(&self) -> usize {
        self.seen.here.lock().unwrap().1
    }

    /// What it has seen.
    pub(super) fn seen(&self) -> Arc<Seen> {
        Arc::clone(&self.seen)
    }

    /// Waits, bounded, until no request is there.
    pub(super) fn wait_for_nobody(&self) {
        let here = self.seen.here.lock().unwrap();
        let waited = self.seen.changed.wait_timeout_while(here, BOUND, |here| here.0 > 0).unwrap();
        assert!(!waited.1.timed_out(), "somebody stayed");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.seen.closed.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.url.trim_start_matches("http://")));
    }
}

fn while_open(stream: TcpStream, seen: &Seen, answer: &(impl Fn(&Asked, &Seen) -> Reply + ?Sized)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(mut asked) = read(&mut reader) {
        {
            let mut all = seen.asked.lock().unwrap();
            asked.number = all.len();
            all.push(asked.clone());
        }
        {
            let mut here = seen.here.lock().unwrap();
            here.0 += 1;
            here.1 = here.1.max(here.0);
        }
        seen.changed.notify_all();
        let reply = answer(&asked, seen);
        if matches!(reply, Reply::Hang) {
            let _end = reader.read(&mut [0]);
        }
        seen.here.lock().unwrap().0 -= 1;
        seen.changed.notify_all();
        if !write(&stream, &reply) {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Some(Asked { method, path, headers, body, number: 0 })
}

/// Whether the connection stays open.
fn write(mut stream: &TcpStream, reply: &Reply) -> bool {
    let (status, header, body) = match reply {
        Reply::Json(body) => (200, "", body.to_string()),
        Reply::Text(body) => (200, "", (*body).to_owned()),
        Reply::Status(status, header, body) => (*status, *header, body.to_string()),
        Reply::Huge => (200, "", format!("\"{}\"", "x".repeat(20 << 20))),
        Reply::Hang => return false,
        Reply::Cut => {
            let _written = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
            return false;
        }
    };
    let end = if header.is_empty() { "" } else { "\r\n" };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Some\r\nContent-Length: {length}\r\n{header}{end}\r\n");
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).is_ok()
}
