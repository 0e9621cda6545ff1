//! How lists are fetched: what the catalogue needs of an HTTP client.

use crate::wire::Reason;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use std::time::Duration;

/// A GET. Holds credentials, so it has no `Debug`.
#[derive(Clone)]
pub struct Ask {
    /// `http` or `https`.
    pub url: String,
    /// `None`: the client's own.
    pub user_agent: Option<String>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Whether certificates are checked.
    pub verify_tls: bool,
    /// Panels of a million entries were seen to take 37 s to their first byte.
    pub header_timeout: Duration,
    /// Silence that ends it.
    pub idle_timeout: Duration,
}

/// What came: a 2xx answer.
pub struct Body {
    /// `Content-Type`, or empty.
    pub content_type: String,
    /// The body as it comes.
    pub bytes: BoxStream<'static, Result<Bytes, FetchFailed>>,
}

/// A GET that failed, at its beginning or midway. `detail` is masked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct FetchFailed {
    /// Why.
    pub reason: Reason,
    /// The words of it, without credentials.
    pub detail: String,
}

/// An HTTP client.
pub trait Fetch: Send + Sync + 'static {
    /// Fetches; the body is not read ahead.
    fn get(&self, ask: Ask) -> BoxFuture<'_, Result<Body, FetchFailed>>;
}
