//! Lists as they come: packed or not, over HTTP or from a file, in lines.

use super::error::ImportError;
use super::fetch::FetchFailed;
use super::json_items::NotAList;
use crate::net;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use std::io;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio_util::io::StreamReader;

/// Lines beyond this are dropped (logos come as base64 in lists).
const LONGEST_LINE: usize = 16 << 20;
/// Lists unpacked; the largest seen had half a gigabyte.
const LARGEST: u64 = 4 << 30;
const BUFFER: usize = 64 << 10;

/// A list's bytes, unpacked where they are gzip or xz by their first bytes, whatever their name says.
pub(super) type Reader = net::Unpacked;

/// Reads a body.
pub(super) async fn unpacked(
    bytes: BoxStream<'static, Result<Bytes, FetchFailed>>,
) -> Result<Reader, ImportError> {
    unpack(StreamReader::new(bytes.map_err(io::Error::other))).await
}

/// The same of any reader.
pub(super) async fn unpack(
    reader: impl AsyncBufRead + Send + Unpin + 'static,
) -> Result<Reader, ImportError> {
    net::unpack(reader, LARGEST).await.map_err(failed)
}

/// The next line without its line feed; a longer one than allowed comes as an empty line. `false`: the end.
pub(super) async fn line(reader: &mut Reader, line: &mut Vec<u8>) -> Result<bool, ImportError> {
    line.clear();
    let (mut any, mut too_long) = (false, false);
    loop {
        let buffer = reader.fill_buf().await.map_err(failed)?;
        if buffer.is_empty() {
            break;
        }
        any = true;
        let end = memchr::memchr(b'\n', buffer);
        let part = &buffer[..end.unwrap_or(buffer.len())];
        too_long |= line.len() + part.len() > LONGEST_LINE;
        if too_long {
            line.clear();
        } else {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            break;
        }
    }
    // A line of 16 MiB is rare: don't keep its memory for the rest of the list.
    line.shrink_to(LONGEST_LINE.min(line.len().max(BUFFER)));
    Ok(any)
}

/// A small body whole.
pub(super) async fn whole(
    mut bytes: BoxStream<'static, Result<Bytes, FetchFailed>>,
    limit: usize,
) -> Result<Vec<u8>, ImportError> {
    let mut body = Vec::new();
    while let Some(part) = bytes.next().await {
        body.extend_from_slice(&part?);
        if body.len() > limit {
            return Err(ImportError::NotAList("far more than a login document"));
        }
    }
    Ok(body)
}

/// A failed read is the fetch that failed, or a packed list that is damaged or cut.
pub(super) fn failed(error: io::Error) -> ImportError {
    match error.downcast::<FetchFailed>() {
        Ok(failed) => ImportError::Fetch(failed),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => ImportError::TooLarge(LARGEST),
        Err(error) if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) => {
            NotAList("a damaged or cut archive").into()
        }
        Err(error) => ImportError::File(error),
    }
}

impl From<NotAList> for ImportError {
    fn from(NotAList(what): NotAList) -> Self {
        Self::NotAList(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_compression::tokio::write::{GzipEncoder, XzEncoder};
    use tokio::io::AsyncWriteExt;

    async fn lines(packed: Vec<u8>) -> Result<Vec<String>, ImportError> {
        let parts: Vec<_> = packed.chunks(3).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
        let mut reader = unpacked(futures_util::stream::iter(parts).boxed()).await?;
        let (mut all, mut next) = (Vec::new(), Vec::new());
        while line(&mut reader, &mut next).await? {
            all.push(String::from_utf8_lossy(&next).into_owned());
        }
        Ok(all)
    }

    #[tokio::test]
    async fn plain_gzip_and_xz_are_told_apart_by_their_bytes() {
        let text = b"one\r\ntwo\n\nlast";
        let mut gzip = GzipEncoder::new(Vec::new());
        gzip.write_all(text).await.expect("gzip");
        gzip.shutdown().await.expect("gzip");
        let mut xz = XzEncoder::new(Vec::new());
        xz.write_all(text).await.expect("xz");
        xz.shutdown().await.expect("xz");
        let gzip = gzip.into_inner();
        for packed in [text.to_vec(), gzip.clone(), xz.into_inner()] {
            assert_eq!(lines(packed).await.expect("lines"), ["one\r", "two", "", "last"]);
        }
        let cut = lines(gzip[..gzip.len() - 5].to_vec()).await;
        assert!(matches!(cut, Err(ImportError::NotAList(_))));
        assert_eq!(lines(Vec::new()).await.expect("nothing"), [] as [&str; 0]);
        assert_eq!(lines(b"a".to_vec()).await.expect("short"), ["a"]);
    }

    #[tokio::test]
    async fn a_line_without_end_costs_no_more_than_the_limit() {
        let mut text = vec![b'x'; LONGEST_LINE + 10];
        text.extend(b"\nnext");
        let mut reader = unpack(io::Cursor::new(text)).await.expect("reader");
        let mut next = Vec::new();
        assert!(line(&mut reader, &mut next).await.expect("line"));
        assert!(next.is_empty());
        assert!(line(&mut reader, &mut next).await.expect("line"));
        assert_eq!(next, b"next");
        assert!(next.capacity() <= 2 * BUFFER);
    }
}
