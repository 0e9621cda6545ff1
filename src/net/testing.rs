//! A small HTTP server for tests: the handler writes what it likes to the socket.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
pub(crate) struct Request {
    /// Path and query.
    pub(crate) path: String,
    /// The whole head.
    pub(crate) head: String,
}

impl Request {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// Serves each connection's first request with `handler`; the connection closes when it returns.
pub(crate) async fn serve<F, R>(handler: F) -> SocketAddr
where
    F: Fn(Request, TcpStream) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener.local_addr().expect("address");
    let handler = Arc::new(handler);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let handler = Arc::clone(&handler);
            tokio::spawn(async move {
                let mut head = Vec::new();
                let mut piece = [0; 2048];
                while !head.ends_with(b"\r\n\r\n") {
                    match socket.read(&mut piece).await {
                        Ok(length) if length > 0 => head.extend_from_slice(&piece[..length]),
                        _ => return,
                    }
                }
                let head = String::from_utf8(head).expect("utf-8");
                let path = head.split(' ').nth(1).expect("path").to_owned();
                handler(Request { path, head }, socket).await;
            });
        }
    });
    address
}

/// Writes a whole answer with its length.
pub(crate) async fn answer(socket: &mut TcpStream, status: &str, headers: &str, body: &[u8]) {
    let head =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = socket.write_all(&[head.as_bytes(), body].concat()).await;
    let _ = socket.shutdown().await;
}
