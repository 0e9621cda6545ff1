//! An HTTP/1.1 client that costs as little as one can: ten thousand of them share one read buffer per thread, and
//! bodies are counted, not kept, unless asked for.

use anyhow::{Context, Result, ensure};
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Large enough that reading is not what is measured; small enough for the cache of a core.
const SCRATCH: usize = 256 << 10;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH]);
}

/// One connection, kept alive.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
}

/// What came.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// Bytes of the body.
    pub length: u64,
    /// The body, where it was to be kept.
    pub body: Vec<u8>,
    /// From the request's first byte to the body's last.
    pub whole: Duration,
}

/// A GET as it goes over the line.
pub fn request(host: SocketAddr, target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\n\r\n").into_bytes()
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream })
    }

    /// Sends a whole request and reads the whole answer, which must say its length.
    pub async fn send(&mut self, request: &[u8], keep: bool) -> Result<Reply> {
        let start = Instant::now();
        self.stream.write_all(request).await?;
        let mut head = Vec::new();
        let mut end = None;
        while end.is_none() {
            let n = self
                .read(|bytes| head.extend_from_slice(&bytes[..bytes.len().min(16 << 10)]), 16 << 10)
                .await?;
            ensure!(n > 0, "the server closed the connection");
            ensure!(head.len() < 64 << 10, "a head without end");
            end = head.windows(4).position(|w| w == b"\r\n\r\n");
        }
        let end = end.context("no head")? + 4;
        let (status, length) = parse(&head[..end])?;
        let mut body = head.split_off(end);
        let mut left = length.checked_sub(body.len() as u64).context("more than the announced length")?;
        if !keep {
            body.clear();
        }
        while left > 0 {
            let n = self
                .read(
                    |bytes| {
                        if keep {
                            body.extend_from_slice(bytes)
                        }
                    },
                    left as usize,
                )
                .await?;
            ensure!(n > 0, "the body ended {left} bytes early");
            left -= n as u64;
        }
        Ok(Reply { status, length, body, whole: start.elapsed() })
    }

    /// Reads once, up to `most` bytes.
    async fn read(&self, mut take: impl FnMut(&[u8]), most: usize) -> io::Result<usize> {
        loop {
            let came = BUFFER.with_borrow_mut(|buffer| {
                let n = self.stream.try_read(&mut buffer[..most.min(SCRATCH)])?;
                take(&buffer[..n]);
                Ok(n)
            });
            match came {
                Err(error) if io::Error::kind(&error) == io::ErrorKind::WouldBlock => {
                    self.stream.readable().await?
                }
                came => return came,
            }
        }
    }
}

fn parse(head: &[u8]) -> Result<(u16, u64)> {
    let text = std::str::from_utf8(head).context("a head that is not text")?;
    let status = text.split(' ').nth(1).and_then(|s| s.parse().ok()).context("no status")?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    Ok((status, length.context("an answer without Content-Length")?))
}

/// One request on a connection of its own, its body kept.
pub async fn get(url: &str) -> Result<Reply> {
    let url = harness::http1::Url::parse(url)?;
    Client::connect(url.peer).await?.send(&request(url.peer, &url.target), true).await
}
