//! A bad line between a browser and the service: `tests/bench/line.py` carries its IP packets, with delay and loss.
//!
//! The service stays where it is. In the namespace behind the line a forwarder accepts the browser's connections
//! and passes them on over a Unix socket, so that all TCP over the line is the kernels' own.

use anyhow::{Context, Result, ensure};
use harness::process::{self, Guard};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

const THERE: &str = "10.77.0.2:8080";

/// A line at work; goes with the value.
#[derive(Debug)]
pub struct Line {
    // Ended first, and politely: it removes the namespace.
    carrier: Guard,
    _forwarder: Guard,
    _folder: tempfile::TempDir,
    task: tokio::task::JoinHandle<()>,
    /// The congestion control of the side that sends to the browser.
    pub control: String,
}

impl Line {
    /// To the service at `to`; milliseconds, milliseconds, per cent.
    pub async fn start(to: SocketAddr, delay: u32, jitter: u32, loss: u32) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let name = format!("relais-{}", std::process::id());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bench/line.py");
        let said = folder.path().join("said");
        let mut carrier = Guard::spawn(
            Command::new("python3")
                .arg(script)
                .args([&name, &delay.to_string(), &jitter.to_string(), &loss.to_string()])
                .stdout(std::fs::File::create(&said)?)
                .stderr(Stdio::inherit()),
        )
        .context("python3 carries the line's packets")?;
        let deadline = Instant::now() + Duration::from_secs(10);
        let control = loop {
            let mut line = String::new();
            BufReader::new(std::fs::File::open(&said)?).read_line(&mut line)?;
            if let Some(control) = line.strip_prefix("ready ").and_then(|l| l.strip_suffix('\n')) {
                break control.to_owned();
            }
            ensure!(
                carrier.ended()?.is_none(),
                "the line can't be laid (needs root, iproute2, /dev/net/tun)"
            );
            ensure!(Instant::now() < deadline, "the line is not ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let socket = folder.path().join("forward");
        let listener = UnixListener::bind(&socket)?;
        let forwarder = Guard::spawn(
            Command::new("ip")
                .args(["netns", "exec", &name])
                .arg(std::env::current_exe()?)
                .args(["forward", THERE])
                .arg(&socket),
        )?;
        let task = tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                tokio::spawn(async move { join(from, TcpStream::connect(to).await?).await });
            }
        });
        let line = Self { carrier, _forwarder: forwarder, _folder: folder, task, control };
        while TcpStream::connect(THERE).await.is_err() {
            ensure!(Instant::now() < deadline, "nobody listens behind the line");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(line)
    }

    /// The service as it is seen over the line.
    pub fn url(&self) -> String {
        format!("http://{THERE}")
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
        process::signal(self.carrier.pid(), "TERM").ok();
        let deadline = Instant::now() + Duration::from_secs(3);
        while matches!(self.carrier.ended(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

async fn join<A, B>(mut a: A, mut b: B) -> std::io::Result<()>
where
    A: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    B: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    tokio::io::copy_bidirectional(&mut a, &mut b).await.map(drop)
}

/// What `bench forward` does.
pub async fn forward(listen: SocketAddr, to: PathBuf) -> Result<()> {
    let listener = TcpListener::bind(listen).await?;
    loop {
        let (from, _) = listener.accept().await?;
        from.set_nodelay(true)?;
        let to = to.clone();
        tokio::spawn(async move { join(from, UnixStream::connect(to).await?).await });
    }
}
