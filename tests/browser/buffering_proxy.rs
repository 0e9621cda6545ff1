//! A proxy before the service that lets everything through but endless TS, whose bytes it keeps: as a proxy
//! does that wants a whole answer before it passes it on.

use anyhow::Result;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct BufferingProxy {
    address: SocketAddr,
    held: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl BufferingProxy {
    pub(crate) async fn start(to: &str) -> Result<Self> {
        let to: SocketAddr = to.trim_start_matches("http://").parse()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let held = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&held);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, to, Arc::clone(&counter)));
            }
        });
        Ok(Self { address, held, task })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests for TS so far.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

impl Drop for BufferingProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(client: TcpStream, to: SocketAddr, held: Arc<AtomicUsize>) -> Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = TcpStream::connect(to).await?.into_split();
    let answers = tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    // A browser writes each request's head at once, and pipelines none.
    let mut piece = vec![0; 16 * 1024];
    loop {
        let read = from_client.read(&mut piece).await?;
        if read == 0 {
            answers.abort();
            return Ok(());
        }
        if piece[..read].starts_with(b"GET /internal_stream.ts") {
            held.fetch_add(1, Ordering::Relaxed);
            // Nothing comes until the browser gives up.
            while from_client.read(&mut piece).await? > 0 {}
            answers.abort();
            return Ok(());
        }
        to_server.write_all(&piece[..read]).await?;
    }
}
