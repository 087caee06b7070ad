//! The access token that QIANFAN gives for the two keys of a job.

use super::chat::missing;
use super::client::{Request, Service};
use super::failure::Failure;
use super::options::KeyPair;
use reqwest::Url;
use serde_json::Value;
use tokio::sync::Mutex;

/// Where tokens are given, and the one that was given last.
pub(super) struct Token {
    url: Url,
    last: Mutex<Option<String>>,
}

impl Token {
    /// Tokens for a key.
    pub(super) fn new(keys: KeyPair, key: &str) -> Self {
        let KeyPair { secret, mut path } = keys;
        path.query_pairs_mut()
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", key)
            .append_pair("client_secret", &secret);
        Self { url: path, last: Mutex::default() }
    }

    /// A token other than `expired`; asked for once, however many want it.
    pub(super) async fn get(&self, service: &Service, expired: Option<&str>) -> Result<String, Failure> {
        let mut last = self.last.lock().await;
        if let Some(token) = last.as_ref().filter(|token| expired != Some(token.as_str())) {
            return Ok(token.clone());
        }
        let request = Request { url: self.url.clone(), body: None, token: None, is_secret: false };
        let answer = service.ask(&request).await?;
        let token = answer.get("access_token").and_then(Value::as_str);
        let token = token.ok_or_else(|| missing(service, &request, &answer, "access_token"))?;
        Ok(last.insert(token.to_owned()).clone())
    }
}
