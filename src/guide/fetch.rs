//! Opens a guide's document: over HTTP or from a file, packed or not.

use super::error::ImportError;
use super::lineup::Address;
use crate::net::{self, FetchError, Get, Outbound, Unpacked};
use futures_util::stream;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio_util::io::StreamReader;

/// Guides unpacked; the largest known have some hundred megabytes.
const LARGEST: u64 = 2 << 30;
/// Panels that make the guide anew for each request take their time.
const PATIENCE: Duration = Duration::from_secs(120);
const SILENCE: Duration = Duration::from_secs(60);
/// Longer validators are not kept.
const LONGEST_VALIDATOR: usize = 500;

/// What came of a request.
pub(super) enum Opened {
    /// A document.
    Body {
        /// It, unpacked.
        reader: Unpacked,
        /// `ETag`, line feed, `Last-Modified`; empty: none was sent.
        validators: String,
    },
    /// The document is still the one that the validators are of.
    Unchanged,
}

/// Asks for a document; `validators`: of the one that is known, or empty.
pub(super) async fn url(
    outbound: &Outbound,
    address: &Address,
    verify_tls: bool,
    validators: &str,
) -> Result<Opened, ImportError> {
    let mut headers = address.headers.clone();
    let (etag, modified) = validators.split_once('\n').unwrap_or((validators, ""));
    for (name, value) in [("If-None-Match", etag), ("If-Modified-Since", modified)] {
        if !value.is_empty() {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    let get = Get {
        user_agent: address.user_agent.clone(),
        headers,
        verify_tls: address.verify_tls && verify_tls,
        public_only: address.public_only,
        header_timeout: PATIENCE,
        idle_timeout: SILENCE,
        ..Get::new(address.url.clone())
    };
    let fetched = outbound.get(&get).await?;
    if fetched.status == 304 {
        return Ok(Opened::Unchanged);
    }
    let header = |name: &str| {
        let value = fetched.headers.get(name).and_then(|value| value.to_str().ok());
        value.filter(|value| value.len() <= LONGEST_VALIDATOR).unwrap_or("").to_owned()
    };
    let (etag, modified) = (header("etag"), header("last-modified"));
    let validators =
        if etag.is_empty() && modified.is_empty() { String::new() } else { format!("{etag}\n{modified}") };
    let bytes = stream::unfold(Some(fetched), |fetched| async move {
        let mut fetched = fetched?;
        match fetched.chunk().await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(fetched))),
            Ok(None) => None,
            Err(error) => Some((Err(io::Error::other(error)), None)),
        }
    });
    let reader = StreamReader::new(Box::pin(bytes));
    Ok(Opened::Body { reader: net::unpack(reader, LARGEST).await.map_err(failed)?, validators })
}

/// Opens a file.
pub(super) async fn file(path: &Path) -> Result<Opened, ImportError> {
    // Opening a pipe would wait for its other end, maybe for ever.
    if !tokio::fs::metadata(path).await.map_err(ImportError::File)?.is_file() {
        return Err(ImportError::File(io::Error::other("it is not a regular file")));
    }
    let file = tokio::fs::File::open(path).await.map_err(ImportError::File)?;
    let file = tokio::io::BufReader::with_capacity(64 << 10, file);
    let reader = net::unpack(file, LARGEST).await.map_err(failed)?;
    Ok(Opened::Body { reader, validators: String::new() })
}

/// A failed read is the fetch that failed, or a packed document that is damaged or cut.
pub(super) fn failed(error: io::Error) -> ImportError {
    match error.downcast::<FetchError>() {
        Ok(failed) => ImportError::Fetch(failed),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => ImportError::TooLarge(LARGEST),
        Err(error) if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) => {
            ImportError::Archive
        }
        Err(error) => ImportError::File(error),
    }
}
