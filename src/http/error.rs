//! The error every handler and service answers with, and its one rendering.

use crate::wire::error::{ErrorBody, ErrorCode, ErrorInfo};
use crate::wire::time;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value};
use std::fmt;

/// A refusal or a fault, ready to be told. Its message never holds a secret; what only the log may know is kept
/// apart and written there when the answer is made.
#[derive(Debug, Clone, thiserror::Error)]
pub struct ApiError(Box<Words>);

#[derive(Debug, Clone)]
struct Words {
    code: ErrorCode,
    message: String,
    details: Map<String, Value>,
    retry_after: Option<u64>,
    allow: Option<HeaderValue>,
    for_the_log: Option<String>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.0.for_the_log.as_ref().unwrap_or(&self.0.message);
        write!(f, "{}: {words}", self.0.code)
    }
}

impl ApiError {
    /// Any code with its message.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Words {
            code,
            message: message.into(),
            details: Map::new(),
            retry_after: None,
            allow: None,
            for_the_log: None,
        }))
    }

    /// 401: no credentials, or wrong ones.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unauthorized, message)
    }

    /// 403: known, but not allowed.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, message)
    }

    /// 404.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }

    /// 404 for a channel id that names none.
    pub fn no_such_channel(id: &crate::wire::ChannelId) -> Self {
        Self::not_found(format!("Channel {id} not found")).with("channel_id", serde_json::json!(id))
    }

    /// 409: the name is taken.
    pub fn already_exists(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::AlreadyExists, message)
    }

    /// 422: each bad field and why. A value is never repeated: it may be a secret.
    pub fn invalid<F: Into<String>, W: Into<String>>(fields: impl IntoIterator<Item = (F, W)>) -> Self {
        let mut error = Self::new(ErrorCode::ValidationError, String::new());
        let mut words = Vec::new();
        for (field, why) in fields {
            let (field, why) = (field.into(), why.into());
            words.push(format!("{field} {why}"));
            error.0.details.insert(field, Value::String(why));
        }
        error.0.message = words.join("; ");
        error
    }

    /// 429 for too many requests; `retry_after` in seconds.
    pub fn rate_limited(message: impl Into<String>, retry_after: u64) -> Self {
        Self::new(ErrorCode::RateLimited, message).again_after(retry_after)
    }

    /// 429 for too many connections.
    pub fn connection_limit(message: impl Into<String>, retry_after: u64) -> Self {
        Self::new(ErrorCode::ConnectionLimit, message).again_after(retry_after)
    }

    /// 503: not now; `retry_after` in seconds.
    pub fn unavailable(message: impl Into<String>, retry_after: u64) -> Self {
        Self::new(ErrorCode::Unavailable, message).again_after(retry_after)
    }

    /// 502: a provider failed. The message must be masked.
    pub fn upstream(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::UpstreamError, message)
    }

    /// 500: the words go to the log under a request id; the answer has the id alone.
    pub fn internal(for_the_log: impl Into<String>) -> Self {
        let id = format!("{:016x}", rand::random::<u64>());
        let mut error =
            Self::new(ErrorCode::Internal, "Something went wrong in this server; its log says what");
        error.0.details.insert("request_id".into(), Value::String(id));
        error.0.for_the_log = Some(for_the_log.into());
        error
    }

    pub(super) fn method_not_allowed(allow: Option<HeaderValue>) -> Self {
        let mut error = Self::new(ErrorCode::MethodNotAllowed, "This path does not take that method");
        error.0.allow = allow;
        error
    }

    pub(super) fn no_such_route() -> Self {
        Self::not_found("There is nothing at this path")
    }

    /// The same with `Retry-After`, in seconds.
    pub fn again_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// One more fact of the case.
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.0.details.insert(key.to_owned(), value);
        self
    }

    /// Its code.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The words for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Its JSON.
    pub(super) fn body(&self) -> Vec<u8> {
        let mut details = self.0.details.clone();
        if self.0.code != ErrorCode::Internal {
            details.insert("requested_at".into(), Value::String(time::with_zone(time::now())));
        }
        let info = ErrorInfo { code: self.0.code, message: self.0.message.clone(), details };
        serde_json::to_vec(&ErrorBody { error: info }).unwrap_or_default()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Some(words) = &self.0.for_the_log {
            let id = self.0.details.get("request_id").and_then(Value::as_str).unwrap_or_default();
            tracing::error!(request_id = id, "{words}");
        }
        let mut response = Response::new(Body::from(self.body()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if let Some(allow) = self.0.allow {
            headers.insert(ALLOW, allow);
        }
        if self.0.code == ErrorCode::Unauthorized {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(error: &ApiError) -> Value {
        serde_json::from_slice(&error.body()).expect("json")
    }

    #[test]
    fn a_fault_tells_its_id_and_nothing_else() {
        let error = ApiError::internal("database at /secret/path is broken");
        let body = json(&error);
        assert_eq!(error.status(), 500);
        assert!(!body.to_string().contains("secret"));
        let details = body["error"]["details"].as_object().expect("details");
        assert_eq!(details.keys().collect::<Vec<_>>(), ["request_id"]);
    }

    #[test]
    fn bad_fields_are_named() {
        let error = ApiError::invalid([("username", "is missing"), ("password", "is missing")]);
        let body = json(&error);
        assert_eq!(body["error"]["code"], "VALIDATION_ERROR");
        assert_eq!(body["error"]["details"]["password"], "is missing");
        assert_eq!(body["error"]["message"], "username is missing; password is missing");
    }

    #[test]
    fn headers_belong_to_their_codes() {
        let response = ApiError::unavailable("later", 7).into_response();
        assert_eq!(response.headers()[RETRY_AFTER], "7");
        assert!(ApiError::unauthorized("who?").into_response().headers().contains_key(WWW_AUTHENTICATE));
    }
}
