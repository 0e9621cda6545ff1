//! The error body and its closed list of codes (contract, section 1).

use serde::{Deserialize, Serialize};
use std::fmt;

/// The `code` of an error body; each stands for one status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// No credentials, or wrong ones.
    Unauthorized,
    /// Known, but not allowed.
    Forbidden,
    /// No such thing, or no such route.
    NotFound,
    /// Malformed JSON or form, a missing field, a bad value; `details` names each bad field and why.
    ValidationError,
    /// Too many requests; with `Retry-After`.
    RateLimited,
    /// The route exists, the method does not; with `Allow`.
    MethodNotAllowed,
    /// It existed and is over: an expired link.
    Gone,
    /// No such stream.
    StreamNotFound,
    /// The stream runs already.
    StreamAlreadyRunning,
    /// The RTMP server failed.
    RtmpServerError,
    /// An encoder failed.
    EncodingError,
    /// The name or id is taken.
    AlreadyExists,
    /// The body is larger than the route takes.
    PayloadTooLarge,
    /// A provider or another server answered badly or not at all.
    UpstreamError,
    /// Not now; with `Retry-After`.
    Unavailable,
    /// The user watches on as many devices as allowed; with `Retry-After`.
    ConnectionLimit,
    /// A fault of this server; `details` has the request id that the log has too, and nothing else.
    Internal,
}

impl ErrorCode {
    /// Every code, for tables and tests.
    pub const ALL: [Self; 17] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::ValidationError,
        Self::RateLimited,
        Self::MethodNotAllowed,
        Self::Gone,
        Self::StreamNotFound,
        Self::StreamAlreadyRunning,
        Self::RtmpServerError,
        Self::EncodingError,
        Self::AlreadyExists,
        Self::PayloadTooLarge,
        Self::UpstreamError,
        Self::Unavailable,
        Self::ConnectionLimit,
        Self::Internal,
    ];

    /// Its HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound | Self::StreamNotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::StreamAlreadyRunning | Self::AlreadyExists => 409,
            Self::Gone => 410,
            Self::PayloadTooLarge => 413,
            Self::ValidationError => 422,
            Self::RateLimited | Self::ConnectionLimit => 429,
            Self::RtmpServerError | Self::EncodingError | Self::Internal => 500,
            Self::UpstreamError => 502,
            Self::Unavailable => 503,
        }
    }

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::ValidationError => "VALIDATION_ERROR",
            Self::RateLimited => "RATE_LIMITED",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::Gone => "GONE",
            Self::StreamNotFound => "STREAM_NOT_FOUND",
            Self::StreamAlreadyRunning => "STREAM_ALREADY_RUNNING",
            Self::RtmpServerError => "RTMP_SERVER_ERROR",
            Self::EncodingError => "ENCODING_ERROR",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::UpstreamError => "UPSTREAM_ERROR",
            Self::Unavailable => "UNAVAILABLE",
            Self::ConnectionLimit => "CONNECTION_LIMIT",
            Self::Internal => "INTERNAL",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The body of every answer with a status of 400 or more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorInfo,
}

/// What went wrong, for programs and for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorInfo {
    /// For programs.
    pub code: ErrorCode,
    /// For people; never a secret.
    pub message: String,
    /// Facts of the case; for `VALIDATION_ERROR`, each bad field and why.
    #[schema(value_type = Object)]
    pub details: serde_json::Map<String, serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_serde_writes() {
        for code in ErrorCode::ALL {
            let json = serde_json::to_string(&code).expect("json");
            assert_eq!(json, format!("\"{}\"", code.name()));
            assert!((400..600).contains(&code.status()));
        }
    }
}
