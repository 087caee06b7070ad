//! What can go wrong with one request, in words, without secrets.

use crate::model::{Blame, Fault};
use reqwest::StatusCode;
use std::error::Error;
use std::io;
use std::iter::successors;
use std::time::Duration;

/// Characters of an answer that a text shows.
const SHOWN: usize = 200;

/// Texts that must not be shown.
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub(super) fn new(mut secrets: Vec<String>) -> Self {
        secrets.retain(|secret| !secret.is_empty());
        // The longest first: one may be a part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// What a text shows of an answer: one line, cut, secrets masked; `token` is one that came later.
    pub(super) fn excerpt(&self, answer: &str, token: Option<&str>) -> String {
        let mut text = answer.split_whitespace().collect::<Vec<_>>().join(" ").replace(char::is_control, "�");
        for secret in self.0.iter().map(String::as_str).chain(token) {
            text = text.replace(secret, "******");
        }
        match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }
}

/// The next deeper cause. The source of an I/O error skips what it was made of.
fn below<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// A request that gave no usable answer.
#[derive(Debug)]
pub(super) struct Failure {
    blame: Blame,
    message: String,
    /// Whether it may pass soon: the request is then made again.
    pub(super) passes: bool,
    /// How long the service asks to wait.
    pub(super) wait: Option<Duration>,
}

impl Failure {
    /// Answered, but not as it should.
    pub(super) fn answer(message: impl Into<String>) -> Self {
        Self { blame: Blame::External, message: message.into(), passes: false, wait: None }
    }

    /// We are wrong.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self { blame: Blame::Internal, ..Self::answer(message) }
    }

    /// Answered with a status that is no success.
    pub(super) fn status(place: &str, status: StatusCode, excerpt: &str, wait: Option<Duration>) -> Self {
        let code = status.as_u16();
        let what = match code {
            401 | 403 => format!("refuses the credentials of the job ({status})"),
            429 => format!("takes no more requests now ({status})"),
            300..=399 => format!("is elsewhere ({status}); redirects are not followed"),
            _ => format!("answered {status}"),
        };
        let colon = if excerpt.is_empty() { "" } else { ": " };
        let passes = matches!(code, 408 | 429) || status.is_server_error();
        let blame = if passes { Blame::External } else { Blame::User };
        Self { blame, message: format!("{place} {what}{colon}{excerpt}"), passes, wait }
    }

    /// Nothing came, or not all.
    pub(super) fn transport(place: &str, timeout: Duration, error: reqwest::Error) -> Self {
        // The error's own text has the whole URL.
        let error = error.without_url();
        let causes = || successors(Some(&error as &(dyn Error + 'static)), |cause| below(*cause));
        let reason = causes().last().map(ToString::to_string).unwrap_or_default();
        let tls = causes().find_map(|cause| cause.downcast_ref::<rustls::Error>());
        let (message, passes) = if let Some(tls) = tls {
            (format!("{place} can't be trusted or speaks no TLS: {tls}"), false)
        } else if error.is_timeout() {
            let limit = timeout.as_millis();
            (format!("{place} gave no answer within {limit} ms (model_request_timeout_ms)"), false)
        } else if error.is_connect() {
            (format!("{place} can't be reached: {reason}"), true)
        } else {
            (format!("the connection to {place} broke off: {reason}"), true)
        };
        Self { blame: Blame::External, message, passes, wait: None }
    }

    /// Says how often it was tried.
    pub(super) fn after(mut self, tries: u32) -> Self {
        if tries > 1 {
            self.message.push_str(&format!(" (tried {tries} times)"));
        }
        self
    }

    /// The job's failure; `asked` is the column and the value that were asked for.
    pub(super) fn fault(self, asked: &str) -> Fault {
        let message = format!("{asked}: {}", self.message);
        match self.blame {
            Blame::User => Fault::user(message).final_one(),
            Blame::External => Fault::external(message),
            Blame::Internal => Fault::internal(message),
        }
    }
}
