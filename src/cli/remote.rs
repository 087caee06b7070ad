//! Asks a running server, over its REST API.

use serde_json::Value;
use std::time::Duration;

/// Time to reach the server. Its answer may take as long as the work does.
const CONNECT: Duration = Duration::from_secs(10);

/// A server by its URL, with the context path.
pub(super) struct Remote {
    url: String,
    agent: ureq::Agent,
}

impl Remote {
    /// Names a server; nothing is sent yet.
    ///
    /// # Errors
    /// The URL is none that can be reached.
    pub(super) fn new(url: &str) -> Result<Self, String> {
        if !url.starts_with("http://") {
            return Err(format!(
                "--server: {url:?} can't be used; allowed: a URL such as http://127.0.0.1:8080"
            ));
        }
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_connect(Some(CONNECT));
        Ok(Self { url: url.trim_end_matches('/').to_owned(), agent: config.build().into() })
    }

    /// GET.
    ///
    /// # Errors
    /// There is no answer, or it says that it failed.
    pub(super) fn get(&self, path: &str) -> Result<Value, String> {
        let url = format!("{}{path}", self.url);
        answer(&url, self.agent.get(&url).call())
    }

    /// POST without a body.
    ///
    /// # Errors
    /// There is no answer, or it says that it failed.
    pub(super) fn post(&self, path: &str) -> Result<Value, String> {
        let url = format!("{}{path}", self.url);
        answer(&url, self.agent.post(&url).send_empty())
    }
}

fn answer(url: &str, sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, String> {
    let mut response = sent.map_err(|error| format!("{url}: {error}"))?;
    let status = response.status();
    let body = response.body_mut().read_to_string().map_err(|error| format!("{url}: {error}"))?;
    let value: Option<Value> = serde_json::from_str(&body).ok();
    match value {
        Some(value) if status.is_success() => Ok(value),
        Some(value) if value["message"].is_string() => {
            Err(format!("{url}: {}", value["message"].as_str().unwrap_or_default()))
        }
        Some(_) | None => Err(format!("{url}: answered {status}, and not as a Seikan server does")),
    }
}
