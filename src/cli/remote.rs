//! Asks a running server, over its REST API.
//!
//! Who asks (a token, or the user in the URL) goes along in a header, and never into a message.

use super::client_arguments::Access;
use crate::model::Problem;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value, json};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use ureq::http::{Response, StatusCode};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

/// Time to reach the server.
const CONNECT: Duration = Duration::from_secs(10);
/// Time to the first byte of what only has to be looked up. Other answers may take as long as the work does.
const LOOK_UP: Duration = Duration::from_secs(60);
/// An answer is never longer; the jobs of a long history are asked for in pages.
const LONGEST: u64 = 1 << 30;

/// A server by its URL, with the context path.
#[derive(Clone)]
pub(super) struct Remote {
    url: String,
    agent: Agent,
    authorization: Option<String>,
}

/// Why there is no answer of use.
#[derive(Clone, Debug)]
pub(super) enum RemoteError {
    /// Nobody answers.
    Unreachable(String),
    /// The server says no.
    Refused(Refusal),
    /// Somebody answers, and it is no such server.
    Odd(String),
}

/// What a server says when it says no.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    /// What was asked: the URL without its parameters.
    pub(super) place: String,
    pub(super) status: u16,
    pub(super) message: String,
    /// What is wrong with a job, each with its path.
    pub(super) problems: Vec<Problem>,
}

impl Refusal {
    /// Whether the server doesn't know the path at all.
    pub(super) fn is_unknown_path(&self) -> bool {
        self.status == 404 && self.message.starts_with("there is nothing at ")
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RemoteError::Unreachable(message) | RemoteError::Odd(message) => f.write_str(message),
            RemoteError::Refused(refusal) => write!(f, "{}: {}", refusal.place, refusal.message),
        }
    }
}

impl RemoteError {
    /// As a server's own answer would say it.
    pub(super) fn to_json(&self) -> Value {
        let mut body = Map::from_iter([("status".to_owned(), json!("fail"))]);
        match self {
            RemoteError::Refused(Refusal { message, problems, .. }) => {
                body.insert("message".to_owned(), json!(message));
                if !problems.is_empty() {
                    body.insert("problems".to_owned(), json!(problems));
                }
            }
            RemoteError::Unreachable(message) | RemoteError::Odd(message) => {
                body.insert("message".to_owned(), json!(message));
            }
        }
        Value::Object(body)
    }
}

impl Remote {
    /// Names a server; nothing is sent yet.
    ///
    /// # Errors
    /// The URL, the token or the certificates can't be used.
    pub(super) fn new(url: &str, access: &Access) -> Result<Self, String> {
        let wrong = || {
            let shown = url.rsplit_once('@').map_or(url, |(_, behind)| behind);
            format!("--server: {shown:?} can't be used; allowed: a URL such as http://127.0.0.1:8080")
        };
        let (scheme, rest) = url.trim().split_once("://").ok_or_else(wrong)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        // An `@` behind the host is a password's, with a slash that is not encoded.
        let is_plain = |text: &str| !text.contains(|c: char| "?#\\@".contains(c) || c.is_whitespace());
        if !["http", "https"].contains(&scheme) || host.is_empty() || !is_plain(host) || !is_plain(path) {
            return Err(wrong());
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT));
        match (scheme, &access.ca) {
            ("https", ca) => config = config.tls_config(tls(ca.as_deref())?),
            (_, Some(_)) => return Err("--ca: is for an https:// URL only".to_owned()),
            (_, None) => {}
        }
        let authorization = authorization(access, user)?;
        let url = format!("{scheme}://{host}{}", path.trim_end_matches('/'));
        Ok(Self { url, agent: config.build().into(), authorization })
    }

    /// The server's URL, without a user.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// GET.
    ///
    /// # Errors
    /// There is no answer, or it says that it failed.
    pub(super) fn get(&self, path: &str) -> Result<Value, RemoteError> {
        self.value(path, self.look_up(path, None))
    }

    /// GET of a text from a byte on; answers the first byte that it holds, and the text, or `None` when there is nothing
    /// from there on. A server that knows no ranges sends it whole.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(super) fn get_from(&self, path: &str, from: u64) -> Result<Option<(u64, Vec<u8>)>, RemoteError> {
        let sent = self.look_up(path, (from > 0).then_some(from));
        let mut response = sent.map_err(|error| self.unreachable(path, &error))?;
        let start = match response.status() {
            StatusCode::RANGE_NOT_SATISFIABLE => {
                let range = response.headers().get("content-range").and_then(|range| range.to_str().ok());
                let length = range.and_then(|range| range.strip_prefix("bytes */")?.parse::<u64>().ok());
                // What is shorter than that was begun anew.
                return match length {
                    Some(length) if length < from => self.get_from(path, 0),
                    _ => Ok(None),
                };
            }
            StatusCode::PARTIAL_CONTENT => from,
            status if status.is_success() => 0,
            _ => return self.value(path, Ok(response)).map(|_| None),
        };
        let bytes = response.body_mut().with_config().limit(LONGEST).read_to_vec();
        bytes.map(|bytes| Some((start, bytes))).map_err(|error| self.unreachable(path, &error))
    }

    /// POST without a body.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(super) fn post(&self, path: &str) -> Result<Value, RemoteError> {
        self.send(path, &[])
    }

    /// POST of a body.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub(super) fn send(&self, path: &str, body: &[u8]) -> Result<Value, RemoteError> {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        self.value(path, if body.is_empty() { request.send_empty() } else { request.send(body) })
    }

    fn look_up(&self, path: &str, from: Option<u64>) -> Result<Response<Body>, ureq::Error> {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        if let Some(from) = from {
            request = request.header("range", format!("bytes={from}-"));
        }
        request.config().timeout_recv_response(Some(LOOK_UP)).build().call()
    }

    /// The server's URL with a path, without its parameters.
    fn place(&self, path: &str) -> String {
        format!("{}{}", self.url, path.split('?').next().unwrap_or(path))
    }

    fn unreachable(&self, path: &str, error: &ureq::Error) -> RemoteError {
        let why = error.to_string();
        let hint = match why.contains("certificate") {
            true => " (--ca FILE names the certificates to trust)",
            false => "",
        };
        RemoteError::Unreachable(format!("{}: {why}{hint}", self.place(path)))
    }

    fn value(&self, path: &str, sent: Result<Response<Body>, ureq::Error>) -> Result<Value, RemoteError> {
        let mut response = sent.map_err(|error| self.unreachable(path, &error))?;
        let status = response.status();
        let body = response.body_mut().with_config().limit(LONGEST).read_to_string();
        let body = body.map_err(|error| self.unreachable(path, &error))?;
        let value: Option<Value> = serde_json::from_str(&body).ok();
        if let (true, Some(value)) = (status.is_success(), &value) {
            return Ok(value.clone());
        }
        let value = value.unwrap_or_default();
        let message = match (value["message"].as_str(), status) {
            (said, StatusCode::UNAUTHORIZED) => format!(
                "the server wants to know who asks{}; give --token (or SEIKAN_TOKEN) or --user NAME:PASSWORD",
                said.map(|said| format!(" ({said})")).unwrap_or_default()
            ),
            (Some(said), _) if !status.is_success() => said.to_owned(),
            _ => {
                let place = self.place(path);
                return Err(RemoteError::Odd(format!(
                    "{place}: answered {status}, and not as a Seikan server does"
                )));
            }
        };
        let problems = serde_json::from_value(value["problems"].clone()).unwrap_or_default();
        let refusal = Refusal { place: self.place(path), status: status.as_u16(), message, problems };
        Err(RemoteError::Refused(refusal))
    }
}

/// The header that tells who asks: the user of a flag, else the token, else the user of the URL.
fn authorization(access: &Access, in_url: Option<&str>) -> Result<Option<String>, String> {
    let basic = |user: &str| format!("Basic {}", STANDARD.encode(user));
    match (&access.user, &access.token, in_url) {
        (Some(user), ..) if user.contains(':') => Ok(Some(basic(user))),
        (Some(_), ..) => Err("--user: NAME:PASSWORD is wanted".to_owned()),
        (None, Some(token), _) if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) => {
            Err("--token: it is empty, or holds blanks or other signs that no token has".to_owned())
        }
        (None, Some(token), _) => Ok(Some(format!("Bearer {token}"))),
        (None, None, Some(user)) => {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            Ok(Some(basic(&format!("{}:{}", plain(name), plain(password)))))
        }
        (None, None, None) => Ok(None),
    }
}

/// The certificates that the system trusts, or those of a file alone.
fn tls(ca: Option<&Path>) -> Result<TlsConfig, String> {
    let roots = match ca {
        None => RootCerts::PlatformVerifier,
        Some(path) => {
            let wrong = |why: String| format!("--ca: {} can't be used: {why}", path.display());
            let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
            let mut found: Vec<Certificate<'static>> = Vec::new();
            for item in parse_pem(&bytes) {
                if let PemItem::Certificate(certificate) = item.map_err(|error| wrong(error.to_string()))? {
                    found.push(certificate);
                }
            }
            if found.is_empty() {
                return Err(wrong("it holds no certificate (PEM)".to_owned()));
            }
            RootCerts::Specific(Arc::new(found))
        }
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(provider).build())
}

/// A text as a part of a URL.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(token: Option<&str>, user: Option<&str>) -> Access {
        Access { token: token.map(str::to_owned), user: user.map(str::to_owned), ca: None }
    }

    #[test]
    fn a_url_names_server_and_user() {
        for (url, token, user, shown, authorization) in [
            ("http://a:1", None, None, "http://a:1", None),
            (" https://a/x/y// ", None, None, "https://a/x/y", None),
            ("http://[::1]:8080/", None, None, "http://[::1]:8080", None),
            ("http://me:p%40ss@a/x", None, None, "http://a/x", Some("Basic bWU6cEBzcw==")),
            ("http://me@a", None, None, "http://a", Some("Basic bWU6")),
            ("http://a", Some("t0k"), None, "http://a", Some("Bearer t0k")),
            ("http://me@a", Some("t0k"), None, "http://a", Some("Bearer t0k")),
            ("http://x@a", Some("t0k"), Some("me:p@ss"), "http://a", Some("Basic bWU6cEBzcw==")),
        ] {
            let remote = Remote::new(url, &access(token, user)).unwrap();
            assert_eq!((remote.url(), remote.authorization.as_deref()), (shown, authorization), "{url}");
        }
    }

    #[test]
    fn what_names_no_server_is_refused_without_secrets() {
        for url in [
            "",
            "localhost:8080",
            "ftp://a",
            "http://",
            "http:///x",
            "http://a b",
            "http://u:geheim@",
            "http://u:geheim/x@a",
            "http://a?x",
        ] {
            let why = Remote::new(url, &access(None, None)).err().unwrap();
            assert!(why.contains("allowed: a URL such as") && !why.contains("geheim"), "{url}: {why}");
        }
        for (token, user, part) in [
            (Some("geheim x"), None, "--token: "),
            (Some(""), None, "--token: "),
            (None, Some("geheim"), "--user: NAME:PASSWORD is wanted"),
        ] {
            let why = Remote::new("http://a", &access(token, user)).err().unwrap();
            assert!(why.contains(part) && !why.contains("geheim"), "{why}");
        }
        let missing = Access { ca: Some("no/such.pem".into()), ..access(None, None) };
        assert!(Remote::new("https://a", &missing).err().unwrap().contains("no/such.pem can't be used"));
        assert!(Remote::new("http://a", &missing).err().unwrap().contains("https"));
    }
}
