//! A small HTTP client that costs next to nothing: one connection, kept open.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("no delay");
        Self { stream: BufReader::new(stream) }
    }

    pub fn get(&mut self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
    }

    pub fn post(&mut self, path: &str, body: &str) -> String {
        self.ask(&format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    }

    /// GET of something large: its bytes are counted, and not kept.
    pub fn count(&mut self, path: &str) -> u64 {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        self.stream.get_mut().write_all(request.as_bytes()).expect("the request is sent");
        std::io::copy(&mut self.stream, &mut std::io::sink()).expect("the answer")
    }

    fn ask(&mut self, request: &str) -> String {
        self.stream.get_mut().write_all(request.as_bytes()).expect("the request is sent");
        let mut length = None;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).expect("a header");
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = Vec::new();
        match length {
            Some(length) => {
                body.resize(length, 0);
                self.stream.read_exact(&mut body).expect("the body");
            }
            None => self.chunks(&mut body),
        }
        String::from_utf8(body).expect("text")
    }

    fn chunks(&mut self, body: &mut Vec<u8>) {
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).expect("a chunk");
            let size = usize::from_str_radix(line.trim(), 16).expect("a chunk's size");
            let start = body.len();
            body.resize(start + size, 0);
            self.stream.read_exact(&mut body[start..]).expect("the chunk");
            self.stream.read_line(&mut line).expect("the chunk's end");
            if size == 0 {
                return;
            }
        }
    }
}
