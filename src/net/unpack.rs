//! Bodies that may be packed, as what is in them.

use async_compression::tokio::bufread::{GzipDecoder, XzDecoder};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, BufReader, ReadBuf};

/// The dictionary of an .xz file decides its memory: a hostile one could ask for 4 GiB.
const XZ_MEMORY: u64 = 128 << 20;
const BUFFER: usize = 64 << 10;

/// The bytes themselves.
pub type Unpacked = Box<dyn AsyncBufRead + Send + Unpin>;

/// Unpacks what is gzip or xz by its first six bytes, whatever its name says. Reading more than `largest` bytes
/// fails with [`io::ErrorKind::FileTooLarge`]: a few kilobytes can be packed so that they never end.
pub async fn unpack(
    mut reader: impl AsyncBufRead + Send + Unpin + 'static,
    largest: u64,
) -> io::Result<Unpacked> {
    let mut first = Vec::with_capacity(6);
    (&mut reader).take(6).read_to_end(&mut first).await?;
    let gzip = first.starts_with(&[0x1f, 0x8b]);
    let xz = first.starts_with(&[0xfd, b'7', b'z', b'X', b'Z', 0]);
    let whole = io::Cursor::new(first).chain(reader);
    let inner: Unpacked = if gzip {
        let mut decoder = GzipDecoder::new(whole);
        decoder.multiple_members(true);
        Box::new(BufReader::with_capacity(BUFFER, decoder))
    } else if xz {
        Box::new(BufReader::with_capacity(BUFFER, XzDecoder::with_mem_limit(whole, XZ_MEMORY)))
    } else {
        Box::new(whole)
    };
    Ok(Box::new(Bounded { inner, left: largest }))
}

/// Fails where there is more than `left`.
struct Bounded {
    inner: Unpacked,
    left: u64,
}

impl AsyncBufRead for Bounded {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        Pin::new(&mut this.inner).poll_fill_buf(cx)
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        self.left = self.left.saturating_sub(amount as u64);
        Pin::new(&mut self.inner).consume(amount);
    }
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let available = ready!(self.as_mut().poll_fill_buf(cx))?;
        let amount = available.len().min(buf.remaining());
        buf.put_slice(&available[..amount]);
        self.consume(amount);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_compression::tokio::write::{GzipEncoder, XzEncoder};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn whole(packed: Vec<u8>, largest: u64) -> io::Result<Vec<u8>> {
        let mut reader = unpack(io::Cursor::new(packed), largest).await?;
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    #[tokio::test]
    async fn plain_gzip_and_xz_are_told_apart_by_their_bytes() {
        let text = b"some text that is long enough";
        let mut gzip = GzipEncoder::new(Vec::new());
        gzip.write_all(text).await.expect("gzip");
        gzip.shutdown().await.expect("gzip");
        let mut xz = XzEncoder::new(Vec::new());
        xz.write_all(text).await.expect("xz");
        xz.shutdown().await.expect("xz");
        let gzip = gzip.into_inner();
        for packed in [text.to_vec(), gzip.clone(), xz.into_inner()] {
            assert_eq!(whole(packed, 1000).await.expect("unpacked"), text);
        }
        let cut = whole(gzip[..gzip.len() - 9].to_vec(), 1000).await.expect_err("cut");
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(whole(b"ab".to_vec(), 1000).await.expect("short"), b"ab");
        assert_eq!(whole(Vec::new(), 1000).await.expect("nothing"), b"");
    }

    #[tokio::test]
    async fn what_never_ends_is_ended() {
        let reader = BufReader::with_capacity(64, tokio::io::repeat(b'\n'));
        let mut endless = unpack(reader, 1000).await.expect("reader");
        let mut bytes = Vec::new();
        let why = endless.read_to_end(&mut bytes).await.expect_err("it has no end");
        assert_eq!(why.kind(), io::ErrorKind::FileTooLarge);
        assert!((1000..1064).contains(&bytes.len()), "a buffer more at most");
    }
}
