//! How lists are fetched: what the catalogue needs of an HTTP client.

use crate::wire::Reason;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};
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
    /// Of what is there already: nothing is sent where it is still the same.
    pub validators: Option<Validators>,
}

/// What an answer is recognised by (RFC 9110, 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`
    pub etag: Option<String>,
    /// `Last-Modified`
    pub last_modified: Option<String>,
}

impl Validators {
    /// From what was stored.
    pub(super) fn of(stored: Option<&str>) -> Option<Self> {
        serde_json::from_str(stored?).ok()
    }

    /// As they are stored; `None`: there are none.
    pub(super) fn stored(&self) -> Option<String> {
        let short = |text: &Option<String>| text.as_ref().is_none_or(|text| text.len() <= 200);
        let any = self.etag.is_some() || self.last_modified.is_some();
        (any && short(&self.etag) && short(&self.last_modified)).then(|| serde_json::to_string(self).ok())?
    }
}

/// What came: a 2xx answer, or 304.
pub struct Body {
    /// 304: it is what it was; there are no bytes.
    pub unchanged: bool,
    /// Of this answer.
    pub validators: Option<Validators>,
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
