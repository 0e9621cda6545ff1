//! One request out and what came of it.

use crate::net::mask;
use crate::wire::Reason;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use std::fmt;
use std::time::Duration;

/// A GET request.
#[derive(Clone)]
pub struct Get {
    /// `http` or `https`; user information in it becomes a `Basic` authorization.
    pub url: String,
    /// Instead of the client's own `User-Agent`.
    pub user_agent: Option<String>,
    /// Further request headers; those that carry credentials are not shown to other origins on a redirect.
    pub headers: Vec<(String, String)>,
    /// Whether the certificate is checked.
    pub verify_tls: bool,
    /// Refuse targets that are not the public internet's, names that resolve to such included.
    pub public_only: bool,
    /// From the request to the head of the answer, for each hop.
    pub header_timeout: Duration,
    /// Between two pieces of the body.
    pub idle_timeout: Duration,
    /// Redirects followed at most.
    pub max_redirects: usize,
}

impl Get {
    /// A request with the usual time-outs: 10 s for the head, 15 s between pieces; five redirects;
    /// certificates checked.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            user_agent: None,
            headers: Vec::new(),
            verify_tls: true,
            public_only: false,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(15),
            max_redirects: 5,
        }
    }
}

impl fmt::Debug for Get {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Get({})", mask::url(&self.url))
    }
}

/// Why nothing usable came. `detail` is for people and masked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct FetchError {
    /// The class of the failure.
    pub reason: Reason,
    /// "HTTP 403 from provider.example".
    pub detail: String,
    /// `Retry-After`, at most an hour.
    pub retry_after: Option<Duration>,
}

impl FetchError {
    pub(super) fn new(reason: Reason, detail: impl AsRef<str>) -> Self {
        Self { reason, detail: mask::text(detail.as_ref()), retry_after: None }
    }

    /// From a status that is not a success.
    pub(super) fn status(status: u16, host: &str, headers: &HeaderMap) -> Self {
        let retry_after =
            headers.get(http::header::RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?));
        Self { reason: reason_of(status), detail: format!("HTTP {status} from {host}"), retry_after }
    }
}

/// Panels invent statuses: 458 and 459 for the connection limit, 454 and 509 likewise, 884 for a block.
fn reason_of(status: u16) -> Reason {
    match status {
        401 | 403 => Reason::Auth,
        404 | 410 => Reason::NotFound,
        429 | 454 | 458 | 459 | 509 => Reason::Limit,
        _ => Reason::Network,
    }
}

/// Seconds or an HTTP date (RFC 9110, 10.2.3).
fn retry_after(value: &str) -> Option<Duration> {
    let value = value.trim();
    let seconds = match value.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let then = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
            u64::try_from(then.as_second() - jiff::Timestamp::now().as_second()).unwrap_or(0)
        }
    };
    Some(Duration::from_secs(seconds.min(3600)))
}

/// An answer with a 2xx status, or 304 where the request was conditional; its body is read piece by piece. Dropping it closes the connection.
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// Where it came from, after redirects. May hold credentials: relative addresses resolve against it.
    pub url: String,
    /// The head.
    pub headers: HeaderMap,
    pub(super) response: reqwest::Response,
    pub(super) idle_timeout: Duration,
}

impl Fetched {
    /// `Content-Type`, or nothing.
    pub fn content_type(&self) -> &str {
        self.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The next piece of the body; `None` at its end. A body cut short is an error, silence for
    /// `idle_timeout` is [`Reason::Stalled`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        match tokio::time::timeout(self.idle_timeout, self.response.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(error)) => {
                let host = self.host();
                Err(FetchError::new(Reason::Network, format!("{host} broke off: {}", causes(&error))))
            }
            Err(_) => {
                let detail = format!("{} sent nothing for {} s", self.host(), self.idle_timeout.as_secs());
                Err(FetchError::new(Reason::Stalled, detail))
            }
        }
    }

    /// The whole body, refused where it is longer than `limit` bytes.
    pub async fn bytes(mut self, limit: usize) -> Result<Bytes, FetchError> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.chunk().await? {
            if whole.len() + piece.len() > limit {
                let detail = format!("the answer of {} is longer than {limit} bytes", self.host());
                return Err(FetchError::new(Reason::NotMedia, detail));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    fn host(&self) -> String {
        self.response.url().host_str().unwrap_or("").to_owned()
    }
}

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fetched({} {})", self.status, mask::url(&self.url))
    }
}

/// The innermost words of an error: the outer ones only say that a request failed, and name its URL.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    mask::text(&innermost.to_string())
}

#[cfg(test)]
mod tests {
    use super::{FetchError, reason_of, retry_after};
    use crate::wire::Reason;
    use http::{HeaderMap, HeaderValue};
    use std::time::Duration;

    #[test]
    fn statuses_have_reasons() {
        let table = [
            (401, Reason::Auth),
            (403, Reason::Auth),
            (404, Reason::NotFound),
            (410, Reason::NotFound),
            (429, Reason::Limit),
            (454, Reason::Limit),
            (458, Reason::Limit),
            (459, Reason::Limit),
            (509, Reason::Limit),
            (400, Reason::Network),
            (500, Reason::Network),
            (503, Reason::Network),
            (884, Reason::Network),
        ];
        for (status, reason) in table {
            assert_eq!(reason_of(status), reason, "{status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(retry_after("7"), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("999999"), Some(Duration::from_secs(3600)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(retry_after("soon"), None);
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static("3"));
        let error = FetchError::status(458, "tv.example", &headers);
        assert_eq!(
            (error.to_string(), error.retry_after),
            ("HTTP 458 from tv.example".to_owned(), Some(Duration::from_secs(3)))
        );
    }
}
