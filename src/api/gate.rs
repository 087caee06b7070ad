//! What every request passes before the tree, and every answer after it.
//!
//! A request: its address has a turn left; a page of another origin may not change anything unless it is listed; who
//! asks is known. An answer: headers that keep a browser from guessing, storing and framing it. Without authentication,
//! and without an `Origin`, a request passes with a look at one header.

use super::answer;
use super::error::{ApiError, ErrorCode};
use crate::access::{Access, Buckets, Role, Verdict};
use crate::config::HttpConfig;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use warp::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use warp::http::{Method, Request, StatusCode, Uri};
use warp::reply::Response;

/// Addresses whose requests are told apart.
const RATE_SLOTS: usize = 1 << 16;
/// Time that the answer to a wrong login takes.
const WRONG_LOGIN: Duration = Duration::from_millis(500);

/// What every answer has, unless it says otherwise itself.
static HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];
/// What a page has: it may load what comes from here, and nothing else.
static PAGE: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// How a client that has not shown who it is learns how to.
#[derive(Clone, Debug, Default)]
pub(super) struct Challenge(Arc<[HeaderValue]>);

impl Challenge {
    fn of(access: Option<&Access>) -> Self {
        let mut ways = Vec::new();
        if access.is_some_and(Access::takes_passwords) {
            ways.push(HeaderValue::from_static("Basic realm=\"SeaTunnel Web UI\""));
        }
        if access.is_some_and(Access::takes_tokens) {
            ways.push(HeaderValue::from_static("Bearer realm=\"Seikan\""));
        }
        Self(ways.into())
    }

    /// 401.
    pub(super) fn response(&self, message: &str) -> Response {
        let mut response = ApiError::new(ErrorCode::Unauthorized, message).into_response();
        for way in self.0.iter() {
            response.headers_mut().append(header::WWW_AUTHENTICATE, way.clone());
        }
        response
    }
}

/// The gate of a server.
#[derive(Debug)]
pub struct Gate {
    access: Option<Arc<Access>>,
    challenge: Challenge,
    rate: Option<Buckets>,
    origins: Vec<String>,
}

impl Gate {
    /// As configured; without `access` everybody may do everything.
    #[must_use]
    pub fn new(config: &HttpConfig, access: Option<Arc<Access>>) -> Self {
        let rate = config.limits.requests_per_second.map(|rate| {
            Buckets::new(RATE_SLOTS, rate.saturating_mul(2), Duration::from_secs(1) / rate.max(1))
        });
        let challenge = Challenge::of(access.as_deref());
        Self { access, challenge, rate, origins: config.access.cors_origins.clone() }
    }

    pub(super) fn challenge(&self) -> &Challenge {
        &self.challenge
    }

    /// What the one who asks may do, `None`: they have not said who they are; or the answer that they get.
    pub(super) async fn admit<B>(
        &self,
        from: IpAddr,
        request: &Request<B>,
    ) -> Result<Option<Role>, Box<Response>> {
        if let Some(rate) = &self.rate
            && let Err(wait) = rate.take(from, Instant::now())
        {
            return Err(too_many(
                "more requests from this address than http.requests-per-second allows",
                wait,
            ));
        }
        if let Some(origin) = request.headers().get(header::ORIGIN) {
            self.of_page(request, origin)?;
        }
        let Some(access) = &self.access else {
            return Ok(Some(Role::Admin));
        };
        let shown = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
        match access.judge(shown, from, Instant::now()) {
            Verdict::Nothing => Ok(None),
            Verdict::Known(role) => Ok(Some(role)),
            Verdict::Wrong => {
                tracing::warn!(%from, "a login that is not right");
                tokio::time::sleep(WRONG_LOGIN).await;
                Err(Box::new(self.challenge.response("this user, password or token is not known")))
            }
            Verdict::Wait(wait) => Err(too_many("too many wrong logins from this address", wait)),
        }
    }

    /// A request that a page sends: a browser would let any page send it, so that it must be one of ours or a listed one
    /// if it is to change something. The question whether it may is answered here.
    fn of_page<B>(&self, request: &Request<B>, origin: &HeaderValue) -> Result<(), Box<Response>> {
        let method = request.method();
        if self.lists(origin) {
            let asks = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
            if *method == Method::OPTIONS && asks {
                return Err(Box::new(preflight()));
            }
        } else if !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
            && !is_own(origin, request.headers(), request.uri())
        {
            let message =
                "a web page of another origin may change nothing here unless http.cors-origins lists it";
            return Err(Box::new(ApiError::new(ErrorCode::Forbidden, message).into_response()));
        }
        Ok(())
    }

    fn lists(&self, origin: &HeaderValue) -> bool {
        self.origins.iter().any(|listed| origin.as_bytes().eq_ignore_ascii_case(listed.as_bytes()))
    }

    /// Puts on an answer what every answer has; `origin`: that of the page that asked.
    pub(super) fn dress<B>(&self, response: &mut warp::http::Response<B>, origin: Option<HeaderValue>) {
        let headers = response.headers_mut();
        for (name, value) in &HEADERS {
            headers.entry(name).or_insert_with(|| value.clone());
        }
        let kind = headers.get(header::CONTENT_TYPE);
        if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
            headers.entry(header::CONTENT_SECURITY_POLICY).or_insert_with(|| PAGE.clone());
        }
        if self.origins.is_empty() {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin.filter(|origin| self.lists(origin)) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
    }
}

fn too_many(message: &str, wait: Duration) -> Box<Response> {
    let seconds = wait.as_secs() + 1;
    let message = format!("{message}; try again in {seconds} s");
    let mut response = ApiError::new(ErrorCode::TooManyRequests, message).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    Box::new(response)
}

fn preflight() -> Response {
    let mut response = answer::raw(StatusCode::NO_CONTENT, Vec::new());
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, PATCH, DELETE"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, Range"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether a page came from where it asks.
fn is_own(origin: &HeaderValue, headers: &HeaderMap, uri: &Uri) -> bool {
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    let host = host.or_else(|| uri.authority().map(|host| host.as_str().as_bytes()));
    let origin = origin.as_bytes();
    let of_page = origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"));
    match (of_page, host) {
        (Some(of_page), Some(host)) => of_page.eq_ignore_ascii_case(host),
        _ => false,
    }
}
