//! The one table of errors that a client can see.

use super::answer;
use super::views;
use crate::model::Problem;
use crate::plan::Rejection;
use crate::scheduler::{SchedulerError, SubmitError};
use crate::store::{BackupError, StoreError};
use serde_json::{Map, Value, json};
use warp::http::StatusCode;
use warp::http::header::{ALLOW, HeaderValue, RETRY_AFTER};
use warp::reply::Response;

/// Kind of an error; picks the status, nothing else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request or the job in it is wrong.
    BadRequest,
    /// Nobody knows who asks.
    Unauthorized,
    /// The one who asks may not do that.
    Forbidden,
    /// No such path.
    NotFound,
    /// The path exists, not with this method.
    MethodNotAllowed,
    /// The same is being done already.
    Conflict,
    /// The body did not come in time.
    Timeout,
    /// The key of the request belongs to another request.
    Unprocessable,
    /// The body is over the limit.
    TooLarge,
    /// Too much at once: slots, running jobs.
    TooManyRequests,
    /// Our fault.
    Internal,
    /// Not now: starting, going down, no space, or the store has failed.
    Unavailable,
}

impl ErrorCode {
    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            ErrorCode::BadRequest => StatusCode::BAD_REQUEST,
            ErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,
            ErrorCode::Forbidden => StatusCode::FORBIDDEN,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            ErrorCode::Conflict => StatusCode::CONFLICT,
            ErrorCode::Timeout => StatusCode::REQUEST_TIMEOUT,
            ErrorCode::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// An error as the client gets it: `{"status":"fail","message":…}`, with every problem of a refused job beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Kind.
    pub code: ErrorCode,
    /// One text, never empty.
    pub message: String,
    /// What is wrong with the job, each with its path.
    pub problems: Vec<Problem>,
    /// Methods that the path has, for 405.
    pub allow: Option<String>,
    /// Seconds after which to try again, for 503.
    pub retry_after: u64,
}

impl ApiError {
    /// An error of that kind.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), problems: Vec::new(), allow: None, retry_after: 1 }
    }

    /// The caller's fault.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, message)
    }

    /// Not now, but soon.
    pub fn not_yet(message: impl Into<String>, retry_after: u64) -> Self {
        Self { retry_after, ..Self::new(ErrorCode::Unavailable, message) }
    }

    /// A job with these problems.
    #[must_use]
    pub fn problems(problems: Vec<Problem>) -> Self {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let message = match lines.as_slice() {
            [] => "the job is refused".to_owned(),
            [one] => one.clone(),
            many => format!("{} problems:\n{}", many.len(), many.join("\n")),
        };
        Self { problems, ..Self::bad(message) }
    }

    /// The same with line and column, where `locate` finds them.
    #[must_use]
    pub fn located(self, locate: impl FnOnce(&mut [Problem])) -> Self {
        if self.problems.is_empty() {
            return self;
        }
        let mut problems = self.problems;
        locate(&mut problems);
        Self { code: self.code, ..Self::problems(problems) }
    }

    /// The JSON object of the body.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("status".into(), json!("fail"));
        body.insert("message".into(), json!(self.message));
        if !self.problems.is_empty() {
            body.insert("problems".into(), json!(self.problems));
        }
        body
    }

    /// The response.
    #[must_use]
    pub fn into_response(self) -> Response {
        let mut response = answer::json_with(self.code.status(), &Value::Object(self.to_json()));
        if let Some(allow) = self.allow.as_deref().and_then(|methods| HeaderValue::from_str(methods).ok()) {
            response.headers_mut().insert(ALLOW, allow);
        }
        if self.code == ErrorCode::Unavailable {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(self.retry_after));
        }
        response
    }
}

impl From<Rejection> for ApiError {
    fn from(rejection: Rejection) -> Self {
        Self::problems(rejection.errors)
    }
}

impl From<Vec<Problem>> for ApiError {
    fn from(problems: Vec<Problem>) -> Self {
        Self::problems(problems)
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        let code = match &error {
            SubmitError::AlreadySubmitted { .. }
            | SubmitError::NoCheckpoint { .. }
            | SubmitError::NoSlots { .. }
            | SubmitError::OtherTags { .. } => ErrorCode::BadRequest,
            SubmitError::Full(_) => ErrorCode::BadRequest,
            SubmitError::OtherRequest { .. } => ErrorCode::Unprocessable,
            SubmitError::Loading { loading, .. } => {
                return Self::not_yet(error.to_string(), views::retry_after(loading));
            }
            SubmitError::Closing | SubmitError::NoSpace(_) | SubmitError::Store(_) => ErrorCode::Unavailable,
        };
        Self::new(code, error.to_string())
    }
}

impl From<SchedulerError> for ApiError {
    fn from(error: SchedulerError) -> Self {
        let code = match &error {
            SchedulerError::Lives(_) | SchedulerError::IsBeingDeleted(_) => ErrorCode::Conflict,
            SchedulerError::Closing | SchedulerError::Store(_) => ErrorCode::Unavailable,
        };
        Self::new(code, error.to_string())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Loading(loading) => Self::not_yet(error.to_string(), views::retry_after(loading)),
            _ => Self::new(ErrorCode::Unavailable, error.to_string()),
        }
    }
}

impl From<BackupError> for ApiError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Unusable(message) => Self::bad(message),
            BackupError::Store(error) => Self::new(ErrorCode::Internal, error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::JobId;
    use crate::store::Loading;

    #[test]
    fn what_is_not_there_yet_says_when_to_ask_again() {
        let loading = Loading { step: "reading the archive", done: 1, total: 4, unit: "bytes" };
        let errors = [
            ApiError::from(StoreError::Loading(loading)),
            ApiError::from(SubmitError::Loading { id: JobId(7), loading }),
        ];
        for error in errors {
            assert!(error.message.contains("reading the archive: 1 of 4 bytes"), "{}", error.message);
            let response = error.into_response();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[RETRY_AFTER], "4");
        }
        let closed = ApiError::from(StoreError::Closed).into_response();
        assert_eq!((closed.status().as_u16(), closed.headers()[RETRY_AFTER].as_bytes()), (503, &b"1"[..]));
    }
}
