//! The options that both transforms take, and the service that they describe.

use super::client::{Limits, Service};
use super::custom::Custom;
use super::provider::Provider;
use crate::options::{Kind, OptionDef, Options};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use std::time::Duration;

pub(super) const MODEL: OptionDef =
    OptionDef::new("model", Kind::Text, "name of the model, as the service knows it").required();
pub(super) const API_KEY: OptionDef = OptionDef::new(
    "api_key",
    Kind::Text,
    "key of the service, sent as bearer token; CUSTOM doesn't send it, its headers are its own",
);
pub(super) const API_PATH: OptionDef = OptionDef::new(
    "api_path",
    Kind::Text,
    "http or https URL of the service; needed with MICROSOFT (where ${model} stands for the model) and CUSTOM. \
     https trusts what the system trusts, or the certificates in the file that SSL_CERT_FILE names",
)
.fallbacks(&["openai.api_path"]);
pub(super) const BATCH_SIZE: OptionDef =
    OptionDef::new("process_batch_size", Kind::Int, "rows that are worked on together")
        .fallbacks(&["inference_batch_size"])
        .default("100");
pub(super) const CONCURRENT: OptionDef = OptionDef::new(
    "model_max_concurrent_requests",
    Kind::Int,
    "requests under way at once, over all parallel instances of the transform",
)
.default("8");
pub(super) const TRIES: OptionDef = OptionDef::new(
    "model_retry_max_attempts",
    Kind::Int,
    "how often a request is made at most that finds the service busy (429), broken (5xx) or not there",
)
.default("4");
pub(super) const BACKOFF: OptionDef = OptionDef::new(
    "model_retry_backoff_ms",
    Kind::Long,
    "pause before the second try; it doubles with each, and a service's Retry-After goes before it",
)
.default("1000");
pub(super) const MAX_BACKOFF: OptionDef = OptionDef::new(
    "model_retry_max_backoff_ms",
    Kind::Long,
    "longest pause between two tries, also where Retry-After asks for more",
)
.default("60000");
pub(super) const TIMEOUT: OptionDef =
    OptionDef::new("model_request_timeout_ms", Kind::Long, "how long one answer may take").default("60000");

/// What both transforms say of themselves.
pub(super) const NOTE: &str = "It asks the service for each row that comes, which may cost money and shows the service the rows: also when a \
     job is only tried, by `check --sample` or `dryRun=sample` (the first ten rows of each table).";

/// What a key is changed for a token with, and where.
pub(super) struct KeyPair {
    pub(super) secret: String,
    pub(super) path: Url,
}

/// What the options say of the service.
pub(super) struct Settings {
    pub(super) provider: Provider,
    pub(super) model: String,
    pub(super) url: Url,
    pub(super) service: Service,
    pub(super) rows_at_once: usize,
    pub(super) at_once: usize,
    pub(super) custom: Option<Custom>,
}

impl Settings {
    /// Reads them; `path` is where the provider answers when the job doesn't say. With `keys` the key is not sent: it
    /// is changed for a token. Notes every problem.
    pub(super) fn read(
        options: &Options<'_>,
        provider: Provider,
        path: Option<&str>,
        keys: Option<&KeyPair>,
    ) -> Option<Self> {
        let model = options.text(&MODEL);
        let key = key(options, provider);
        let url = api_path(options, provider, path, model.as_deref().unwrap_or_default());
        let rows = at_least_one(options, &BATCH_SIZE);
        let at_once = at_least_one(options, &CONCURRENT);
        let limits = limits(options);
        let custom = if provider == Provider::Custom { Some(Custom::read(options)?) } else { None };
        let (key, limits, at_once) = (key?, limits?, at_once? as usize);
        let (key, header) = key;
        let (headers, secrets) = match (&custom, keys) {
            (Some(custom), _) => (custom.headers.clone(), custom.secrets()),
            (None, Some(keys)) => (HeaderMap::new(), vec![key, keys.secret.clone()]),
            (None, None) => (HeaderMap::from_iter([(AUTHORIZATION, header)]), vec![key]),
        };
        let url = url?;
        let has_tls = [Some(&url), keys.map(|keys| &keys.path)]
            .into_iter()
            .flatten()
            .any(|url| url.scheme() == "https");
        Some(Self {
            provider,
            model: model?,
            url,
            service: Service::new(headers, secrets, limits, at_once, has_tls),
            rows_at_once: rows? as usize,
            at_once,
            custom,
        })
    }
}

/// The key, and the header that it is sent in; both empty with CUSTOM.
fn key(options: &Options<'_>, provider: Provider) -> Option<(String, HeaderValue)> {
    if provider == Provider::Custom {
        return Some((String::new(), HeaderValue::from_static("")));
    }
    let key = required(options, &API_KEY, provider)?;
    match HeaderValue::from_str(&format!("Bearer {key}")) {
        Ok(mut header) => {
            header.set_sensitive(true);
            Some((key, header))
        }
        Err(_) => {
            options.error(API_KEY.key, "has a character that can't be sent in a header");
            None
        }
    }
}

/// A text that this provider can't do without.
pub(super) fn required(options: &Options<'_>, option: &OptionDef, provider: Provider) -> Option<String> {
    let text = options.text(option).filter(|text| !text.trim().is_empty());
    if text.is_none() {
        options.error(option.key, format!("is required with {} ({})", provider.name(), option.about));
    }
    text
}

fn api_path(options: &Options<'_>, provider: Provider, path: Option<&str>, model: &str) -> Option<Url> {
    let given = options.text(&API_PATH).filter(|text| !text.trim().is_empty());
    let text = match (given, path) {
        (Some(given), _) => given,
        (None, Some(path)) => path.to_owned(),
        (None, None) => required(options, &API_PATH, provider)?,
    };
    let text = if provider == Provider::Microsoft { text.replace("${model}", model) } else { text };
    url(options, &API_PATH, &text)
}

/// The URL in an option; one that can't be called is noted.
pub(super) fn url(options: &Options<'_>, option: &OptionDef, text: &str) -> Option<Url> {
    let problem = match Url::parse(text.trim()) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) => return Some(url),
        Ok(url) => format!("its scheme is {}", url.scheme()),
        Err(error) => error.to_string(),
    };
    // A query or a user may hold a secret.
    let plain = text.split(['?', '#']).next().unwrap_or_default();
    let plain = plain.rsplit_once('@').map_or(plain, |(_, host)| host);
    options.error(
        option.key,
        format!("{plain:?} can't be called ({problem}); allowed: an http:// or https:// URL"),
    );
    None
}

/// A number that must be 1 or more.
pub(super) fn at_least_one(options: &Options<'_>, option: &OptionDef) -> Option<u32> {
    let number = options.int(option)?;
    let positive = u32::try_from(number).ok().filter(|number| *number > 0);
    if positive.is_none() {
        options.error(option.key, format!("{number} is too small; allowed: 1 and more"));
    }
    positive
}

fn limits(options: &Options<'_>) -> Option<Limits> {
    let millis = |option: &OptionDef, least: u64| {
        let number = options.long(option)?;
        let millis = u64::try_from(number).ok().filter(|millis| *millis >= least);
        if millis.is_none() {
            options.error(option.key, format!("{number} is too small; allowed: {least} and more"));
        }
        millis.map(Duration::from_millis)
    };
    let (tries, timeout) = (at_least_one(options, &TRIES), millis(&TIMEOUT, 1));
    let (pause, longest) = (millis(&BACKOFF, 0), millis(&MAX_BACKOFF, 0));
    Some(Limits { tries: tries?, pause: pause?, longest_pause: longest?, timeout: timeout? })
}
