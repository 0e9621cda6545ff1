//! A small HTTP/1.1 client: one persistent connection, TCP or Unix socket, addresses in digits only.
//!
//! It is not the client that relais uses, it shows every status and header as it came, and one of it costs
//! little enough that ten thousand viewers fit in a process.

use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// Longest wait of the convenience calls for a whole answer.
pub const PATIENCE: Duration = Duration::from_secs(20);
const MAX_HEAD: usize = 64 << 10;

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Peer {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// `http://address:port/path?query`, taken apart.
#[derive(Debug, Clone)]
pub struct Url {
    pub peer: SocketAddr,
    pub target: String,
}

impl Url {
    /// Only `http`, only addresses in digits (and `localhost`): tests never leave the machine.
    pub fn parse(text: &str) -> Result<Self> {
        let rest = text.strip_prefix("http://").with_context(|| format!("not an http URL: {text}"))?;
        let (host, target) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let host = host.rsplit('@').next().unwrap_or(host).replace("localhost", "127.0.0.1");
        let host = if host.contains(':') { host } else { format!("{host}:80") };
        let peer = host.parse().with_context(|| format!("not an address in digits: {host}"))?;
        Ok(Self { peer, target: target.to_owned() })
    }

    /// What a reference in a playlist or a `Location` means, seen from here.
    pub fn join(&self, reference: &str) -> Result<Self> {
        if reference.starts_with("http://") {
            return Self::parse(reference);
        }
        ensure!(!reference.contains("://"), "another scheme: {reference}");
        let target = if reference.starts_with('/') {
            reference.to_owned()
        } else {
            let path = self.target.split('?').next().unwrap_or("/");
            let folder = &path[..path.rfind('/').map_or(0, |at| at + 1)];
            format!("{folder}{reference}")
        };
        Ok(Self { peer: self.peer, target: without_dots(&target) })
    }
}

/// RFC 3986, 5.2.4: `.` and `..` are resolved.
fn without_dots(target: &str) -> String {
    let (path, query) = target.find('?').map_or((target, ""), |at| target.split_at(at));
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}{query}", parts.join("/"))
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "http://{}{}", self.peer, self.target)
    }
}

/// Status line and headers.
#[derive(Debug, Clone)]
pub struct Head {
    pub status: u16,
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// The first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub head: Head,
    pub body: Bytes,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.status
    }
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {:.300}", self.text()))
    }
    /// This answer, or an error that shows it, unless the status is 2xx.
    pub fn ok(self) -> Result<Self> {
        ensure!((200..300).contains(&self.status()), "status {}: {:.300}", self.status(), self.text());
        Ok(self)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    Bytes(u64),
    Chunked { in_chunk: u64, first: bool },
    UntilEnd,
}

/// One connection, kept open between requests.
pub struct Connection {
    io: Box<dyn Io>,
    buffer: BytesMut,
    left: Left,
    host: String,
    closing: bool,
}

impl Connection {
    pub async fn open(peer: &Peer) -> Result<Self> {
        let (io, host): (Box<dyn Io>, String) = match peer {
            Peer::Tcp(address) => {
                let stream =
                    TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
                stream.set_nodelay(true)?;
                (Box::new(stream), address.to_string())
            }
            Peer::Unix(path) => {
                let stream = UnixStream::connect(path)
                    .await
                    .with_context(|| format!("connecting to {}", path.display()))?;
                (Box::new(stream), "localhost".to_owned())
            }
        };
        Ok(Self { io, buffer: BytesMut::with_capacity(4096), left: Left::Nothing, host, closing: false })
    }

    /// Whether a further request may be sent on it.
    pub fn reusable(&self) -> bool {
        !self.closing && self.left == Left::Nothing
    }

    /// Sends a request and reads the answer's head. `headers` are whole lines without their end.
    pub async fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: &[&str],
        body: &[u8],
    ) -> Result<Head> {
        ensure!(self.left == Left::Nothing, "the last answer was not read to its end");
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.host);
        for line in headers {
            request.push_str(line);
            request.push_str("\r\n");
        }
        if !body.is_empty() || method == "POST" || method == "PUT" {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        let mut bytes = request.into_bytes();
        bytes.extend_from_slice(body);
        self.io.write_all(&bytes).await?;
        loop {
            let head = self.head().await?;
            if head.status / 100 == 1 {
                continue;
            }
            let length = head.header("content-length").and_then(|v| v.trim().parse().ok());
            let chunked =
                head.header("transfer-encoding").is_some_and(|v| v.to_ascii_lowercase().contains("chunked"));
            self.closing = head.header("connection").is_some_and(|v| v.eq_ignore_ascii_case("close"));
            self.left = if method == "HEAD" || matches!(head.status, 204 | 304) {
                Left::Nothing
            } else if chunked {
                Left::Chunked { in_chunk: 0, first: true }
            } else if let Some(length) = length {
                if length == 0 { Left::Nothing } else { Left::Bytes(length) }
            } else {
                self.closing = true;
                Left::UntilEnd
            };
            return Ok(head);
        }
    }

    async fn fill(&mut self) -> Result<usize> {
        self.buffer.reserve(32 << 10);
        Ok(self.io.read_buf(&mut self.buffer).await?)
    }

    async fn line(&mut self) -> Result<String> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.buffer[searched..].iter().position(|&b| b == b'\n') {
                let line = self.buffer.split_to(searched + at + 1);
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            searched = self.buffer.len();
            ensure!(searched < MAX_HEAD, "a header line without end");
            ensure!(self.fill().await? > 0, "the server closed the connection");
        }
    }

    async fn head(&mut self) -> Result<Head> {
        let first = self.line().await?;
        let mut words = first.split_whitespace();
        ensure!(words.next().is_some_and(|w| w.starts_with("HTTP/1.")), "not HTTP: {first:?}");
        let status =
            words.next().and_then(|w| w.parse().ok()).with_context(|| format!("no status: {first:?}"))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Ok(Head { status, headers });
            }
            let (name, value) = line.split_once(':').with_context(|| format!("not a header: {line:?}"))?;
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }

    /// The next piece of the body; `None` at its end. An early end of a body whose length is known is an error.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        if let Left::Chunked { in_chunk: 0, first } = self.left {
            if !first {
                self.line().await?;
            }
            let line = self.line().await?;
            let size = u64::from_str_radix(line.split(';').next().unwrap_or("").trim(), 16)
                .with_context(|| format!("not a chunk size: {line:?}"))?;
            if size == 0 {
                while !self.line().await?.is_empty() {}
                self.left = Left::Nothing;
                return Ok(None);
            }
            self.left = Left::Chunked { in_chunk: size, first: false };
        }
        let limit = match self.left {
            Left::Nothing => return Ok(None),
            Left::Bytes(n) | Left::Chunked { in_chunk: n, .. } => n,
            Left::UntilEnd => u64::MAX,
        };
        if self.buffer.is_empty() && self.fill().await? == 0 {
            if self.left == Left::UntilEnd {
                self.left = Left::Nothing;
                return Ok(None);
            }
            self.closing = true;
            self.left = Left::Nothing;
            bail!("the body ended {limit} bytes early");
        }
        let take = self.buffer.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
        let bytes = self.buffer.split_to(take).freeze();
        self.left = match self.left {
            Left::Bytes(n) if n == take as u64 => Left::Nothing,
            Left::Bytes(n) => Left::Bytes(n - take as u64),
            Left::Chunked { in_chunk, first } => Left::Chunked { in_chunk: in_chunk - take as u64, first },
            other => other,
        };
        Ok(Some(bytes))
    }

    /// The rest of the body.
    pub async fn body(&mut self) -> Result<Bytes> {
        let Some(first) = self.chunk().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.chunk().await? else { return Ok(first) };
        let mut whole = BytesMut::from(first.as_ref());
        whole.extend_from_slice(&second);
        while let Some(piece) = self.chunk().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    /// Reads the rest of the body without keeping it; how many bytes it was.
    pub async fn skip_body(&mut self) -> Result<u64> {
        let mut count = 0;
        while let Some(piece) = self.chunk().await? {
            count += piece.len() as u64;
        }
        Ok(count)
    }
}

/// One request on a fresh connection; redirects are shown, not followed.
pub async fn call(peer: &Peer, method: &str, target: &str, headers: &[&str], body: &[u8]) -> Result<Answer> {
    let exchange = async {
        let mut connection = Connection::open(peer).await?;
        let mut lines = vec!["Connection: close"];
        lines.extend_from_slice(headers);
        let head = connection.request(method, target, &lines, body).await?;
        let body = connection.body().await?;
        Ok(Answer { head, body })
    };
    timeout(PATIENCE, exchange)
        .await
        .with_context(|| format!("{method} {target}: no answer in {PATIENCE:?}"))?
}

/// GET with up to five redirects. Gives the URL it ended at, too.
pub async fn get_from(url: &Url, headers: &[&str]) -> Result<(Url, Answer)> {
    let mut url = url.clone();
    for _ in 0..6 {
        let answer = call(&Peer::Tcp(url.peer), "GET", &url.target, headers, b"").await?;
        match answer.header("location") {
            Some(to) if (300..400).contains(&answer.status()) => url = url.join(to)?,
            _ => return Ok((url, answer)),
        }
    }
    bail!("more than five redirects")
}

/// GET with up to five redirects.
pub async fn get(url: &str) -> Result<Answer> {
    Ok(get_from(&Url::parse(url)?, &[]).await?.1)
}

/// GET of an endless body: the connection stands behind the head, redirects followed.
pub async fn open(url: &str, headers: &[&str]) -> Result<(Head, Connection)> {
    let mut url = Url::parse(url)?;
    for _ in 0..6 {
        let mut connection = Connection::open(&Peer::Tcp(url.peer)).await?;
        let head = connection.request("GET", &url.target, headers, b"").await?;
        match head.header("location") {
            Some(to) if (300..400).contains(&head.status) => url = url.join(to)?,
            _ => return Ok((head, connection)),
        }
    }
    bail!("more than five redirects")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    async fn serve(answers: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            for answer in answers {
                let _ = socket.read(&mut buffer).await.unwrap();
                for byte in answer.as_bytes().chunks(3) {
                    socket.write_all(byte).await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
        });
        address
    }

    #[tokio::test]
    async fn reads_lengths_chunks_and_ends_on_one_connection() {
        let peer = Peer::Tcp(
            serve(&[
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
                "HTTP/1.1 404 No\r\n\r\nuntil the end",
            ])
            .await,
        );
        let mut connection = Connection::open(&peer).await.unwrap();
        for (status, body) in [(200, "hello"), (200, "abc0123456789"), (404, "until the end")] {
            assert!(connection.reusable());
            assert_eq!(connection.request("GET", "/", &[], b"").await.unwrap().status, status);
            assert_eq!(connection.body().await.unwrap(), body);
        }
        assert!(!connection.reusable());
    }

    #[tokio::test]
    async fn a_short_body_is_an_error() {
        let peer = Peer::Tcp(serve(&["HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"]).await);
        let mut connection = Connection::open(&peer).await.unwrap();
        connection.request("GET", "/", &[], b"").await.unwrap();
        assert!(connection.body().await.is_err());
    }

    #[test]
    fn references_are_joined() {
        let base = Url::parse("http://127.0.0.1:80/live/~s/main.m3u8?x=/y").unwrap();
        for (reference, target) in [
            ("a.ts", "/live/~s/a.ts"),
            ("/b.ts", "/b.ts"),
            ("http://127.0.0.1:1/c", "/c"),
            ("../~/d.ts?x=../y", "/live/~/d.ts?x=../y"),
            ("./e.ts", "/live/~s/e.ts"),
        ] {
            assert_eq!(base.join(reference).unwrap().target, target);
        }
    }
}
