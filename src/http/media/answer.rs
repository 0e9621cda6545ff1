//! Answers that media requests share.

use crate::access::Refusal;
use crate::feed::LeaseError;
use axum::body::Body;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderName, StatusCode};

/// What a media request is answered with.
pub(super) type Response = http::Response<Body>;

pub(super) const HLS: HeaderValue = HeaderValue::from_static("application/vnd.apple.mpegurl");
pub(super) const TS: HeaderValue = HeaderValue::from_static("video/mp2t");
const ANY: HeaderValue = HeaderValue::from_static("*");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
const EXPOSED: HeaderValue = HeaderValue::from_static("Content-Length, Content-Range, ETag, Retry-After");
const NO_SNIFF: (HeaderName, HeaderValue) =
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));

/// With what every media answer has: CORS for any page.
pub(super) fn with(status: StatusCode, content_type: HeaderValue, body: Body) -> Response {
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.insert(NO_SNIFF.0, NO_SNIFF.1);
    response
}

/// A playlist: never stored by anyone.
pub(super) fn playlist(text: impl Into<Bytes>) -> Response {
    let text: Bytes = text.into();
    let length = text.len();
    let mut response = playlist_head(Body::from(text));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// What `HEAD` is told of a playlist, which nobody has written yet: no length (RFC 9110, 8.6 lets it be left out).
pub(super) fn playlist_exists() -> Response {
    playlist_head(Body::empty())
}

fn playlist_head(body: Body) -> Response {
    let mut response = with(StatusCode::OK, HLS, body);
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    response
}

pub(super) fn refuse(status: StatusCode, words: impl Into<String>) -> Response {
    let mut text: String = words.into();
    text.push('\n');
    let mut response = with(status, TEXT, Body::from(text));
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    response
}

/// A refusal with a status and a short text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused(pub(super) StatusCode, pub(super) &'static str);

impl From<Refused> for Response {
    fn from(Refused(status, words): Refused) -> Self {
        refuse(status, words)
    }
}

/// There is nothing to show now: come again.
pub(super) fn unavailable(words: impl Into<String>, retry_after: u32) -> Response {
    let mut response = refuse(StatusCode::SERVICE_UNAVAILABLE, words);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
    response
}

/// Held requests are bounded.
pub(super) fn too_many_wait() -> Response {
    unavailable("too many requests are waiting for channels to start", 5)
}

/// A channel that can't be opened.
pub(super) fn lease_error(error: &LeaseError) -> Response {
    match error {
        LeaseError::NoSuchChannel(_) => refuse(StatusCode::NOT_FOUND, error.to_string()),
        LeaseError::NotReady(_) => unavailable(error.to_string(), 3),
        LeaseError::Book(_) | LeaseError::NoMemory { .. } | LeaseError::Stopping => {
            unavailable(error.to_string(), 10)
        }
    }
}

/// No place for this viewer.
pub(super) fn no_place(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::Ended => refuse(StatusCode::FORBIDDEN, refusal.to_string()),
        Refusal::Full(_) | Refusal::Address(_) => {
            let mut response = refuse(StatusCode::TOO_MANY_REQUESTS, refusal.to_string());
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(10));
            response
        }
    }
}

pub(super) fn not_found() -> Response {
    refuse(StatusCode::NOT_FOUND, "not found")
}

pub(super) fn method_not_allowed() -> Response {
    let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, "GET and HEAD only");
    response.headers_mut().insert(header::ALLOW, METHODS);
    response
}

pub(super) fn preflight() -> Response {
    let mut response = with(StatusCode::NO_CONTENT, TEXT, Body::empty());
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Range, If-None-Match"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}
