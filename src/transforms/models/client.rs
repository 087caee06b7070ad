//! The HTTP side: one request, its tries, its bounded answer.
//!
//! The client is made when the first instance starts and is shared by all. Its sockets are polled by the runtime that
//! the pool of jobs has entered; dropping a request closes its connection.

use super::failure::{Failure, Secrets};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, Url, redirect};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use serde_json::Value;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;

/// An answer may have this many bytes.
pub(super) const MAX_ANSWER: usize = 16 << 20;

/// Stands for an answer that is not shown.
const NOT_SHOWN: &str = "(not shown, as the request held a secret column)";

/// How patient a request is.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) tries: u32,
    /// Before the second try; doubles with each.
    pub(super) pause: Duration,
    pub(super) longest_pause: Duration,
    pub(super) timeout: Duration,
}

impl Limits {
    /// The pause after that many tries; what the service asks for goes before ours.
    fn pause(&self, tries: u32, asked: Option<Duration>) -> Duration {
        let own = self.pause.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)));
        asked.unwrap_or(own).min(self.longest_pause)
    }
}

/// One request: POST with a body, else GET.
pub(super) struct Request<'a> {
    pub(super) url: Url,
    pub(super) body: Option<Bytes>,
    /// A secret that the URL holds.
    pub(super) token: Option<&'a str>,
    /// Whether the body holds values that must not be shown: then nothing is shown of an answer, which may repeat them.
    pub(super) is_secret: bool,
}

impl Request<'_> {
    /// POST of a body.
    pub(super) fn post(url: &Url, body: &Value, is_secret: bool) -> Self {
        Self { url: url.clone(), body: Some(body.to_string().into()), token: None, is_secret }
    }

    /// Where it goes, as texts show it: without user, query and fragment.
    pub(super) fn place(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        // Neither fails: the scheme is http or https.
        let _bare = url.set_username("").and_then(|()| url.set_password(None));
        url.into()
    }
}

/// A service that answers JSON.
pub(super) struct Service {
    headers: HeaderMap,
    secrets: Secrets,
    limits: Limits,
    permits: Semaphore,
    has_tls: bool,
    client: OnceLock<Client>,
}

impl Service {
    /// A service asked with these headers; `secrets` are never shown, at most `at_once` requests are under way,
    /// `has_tls` says whether any is to an https URL.
    pub(super) fn new(
        mut headers: HeaderMap,
        secrets: Vec<String>,
        limits: Limits,
        at_once: usize,
        has_tls: bool,
    ) -> Self {
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        let permits = Semaphore::new(at_once.min(Semaphore::MAX_PERMITS));
        Self { headers, secrets: Secrets::new(secrets), limits, permits, has_tls, client: OnceLock::new() }
    }

    /// Makes the client, unless it is there.
    ///
    /// # Errors
    /// The certificates that the system trusts can't be read.
    pub(super) fn open(&self) -> Result<&Client, Failure> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let failed =
            |e: &dyn std::fmt::Display| Failure::internal(format!("no HTTP client can be made: {e}"));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| failed(&e))?;
        // Plain HTTP works on a system that trusts nobody.
        let tls = if self.has_tls {
            tls.with_platform_verifier().map_err(|e| {
                Failure::answer(format!("the certificates that this system trusts can't be read: {e}"))
            })?
        } else {
            tls.with_root_certificates(RootCertStore::empty())
        };
        let mut tls = tls.with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // A redirect could carry the key, or the rows, to somebody else.
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("seikan/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| failed(&e.without_url()))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// The answer to a request; tried again while the failure may pass.
    ///
    /// # Errors
    /// The last try's.
    pub(super) async fn ask(&self, request: &Request<'_>) -> Result<Value, Failure> {
        let client = self.open()?;
        let permit = self.permits.acquire().await;
        let _permit = permit.map_err(|_| Failure::internal("the limit of requests is closed"))?;
        let mut tries = 1;
        loop {
            let failure = match self.once(client, request).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if tries >= self.limits.tries || !failure.passes {
                return Err(failure.after(tries));
            }
            tokio::time::sleep(self.limits.pause(tries, failure.wait)).await;
            tries += 1;
        }
    }

    /// What a text shows of an answer.
    pub(super) fn excerpt(&self, answer: &Value, request: &Request<'_>) -> String {
        self.excerpt_of(&answer.to_string(), request)
    }

    fn excerpt_of(&self, answer: &str, request: &Request<'_>) -> String {
        if request.is_secret { NOT_SHOWN.into() } else { self.secrets.excerpt(answer, request.token) }
    }

    async fn once(&self, client: &Client, request: &Request<'_>) -> Result<Value, Failure> {
        let place = request.place();
        let asked = match &request.body {
            Some(body) => client.post(request.url.clone()).headers(self.headers.clone()).body(body.clone()),
            None => client.get(request.url.clone()),
        };
        let timeout = self.limits.timeout;
        let broken = |error| Failure::transport(&place, timeout, error);
        let response = asked.timeout(timeout).send().await.map_err(broken)?;
        let (status, wait) = (response.status(), retry_after(response.headers()));
        let Some(answer) = whole(response).await.map_err(broken)? else {
            let limit = MAX_ANSWER >> 20;
            return Err(Failure::answer(format!("{place} answered more than {limit} MiB")));
        };
        let excerpt = |text: &str| self.excerpt_of(text, request);
        if !status.is_success() {
            let text = excerpt(&message_of(&answer));
            return Err(Failure::status(&place, status, &text, wait));
        }
        serde_json::from_slice(&answer).map_err(|_| {
            let text = excerpt(&String::from_utf8_lossy(&answer));
            Failure::answer(format!("{place} answered something that is not JSON: {text}"))
        })
    }
}

/// The whole body; `None` when it is too large.
async fn whole(mut response: Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// The sentence in the body of a failure, else the body.
fn message_of(body: &[u8]) -> String {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let sentence = parsed.pointer("/error/message").and_then(Value::as_str);
    sentence.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned)
}

/// Seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?;
    Some((until.with_timezone(&Utc) - Utc::now()).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_are_bounded() {
        let seconds = Duration::from_secs;
        let limits = Limits { tries: 9, pause: seconds(1), longest_pause: seconds(5), timeout: seconds(1) };
        for (tries, asked, wanted) in
            [(1, None, 1), (3, None, 4), (4, None, 5), (90, None, 5), (3, Some(2), 2), (1, Some(9), 5)]
        {
            assert_eq!(limits.pause(tries, asked.map(seconds)), seconds(wanted), "{tries} {asked:?}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_str(text).unwrap())]);
            retry_after(&headers)
        };
        assert_eq!(read(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(read("Thu, 01 Jan 2015 00:00:00 GMT"), Some(Duration::ZERO));
        let later = (Utc::now() + Duration::from_secs(100)).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        assert!(read(&later).unwrap() > Duration::from_secs(90), "{later}");
        assert_eq!(read("soon"), None);
    }
}
