//! The source that feeds both sides of a comparison: constant-rate TS over HTTP, cheap enough that fifty channels
//! of 4 Mbit/s cost a few per cent of a core. A process of its own (`bench source`), so that its time is nobody's.
//!
//! `GET /ts/{kbits}/{burst}/{n}.ts` is channel `n` of that bit rate, which sends `burst` seconds of its past at
//! once; `GET /list.m3u?{kbits}:{burst}:{count},…` lists channels.

use super::tape::Tape;
use anyhow::{Context, Result, ensure};
use harness::process::Guard;
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What is due is written this often.
const GRID: Duration = Duration::from_millis(20);
/// Keyframes of all clips are so far apart.
pub const GOP: Duration = Duration::from_secs(2);
/// A channel's clock is so far ahead of its predecessor's: keyframes of many channels do not coincide.
const APART: Duration = Duration::from_millis(370);

/// Time on a channel's tape: it began to run at some past moment, the same for all who look at the same clock.
fn tape_time(channel: u64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Within an hour of the turn's beginning, so that the arithmetic stays small.
    Duration::from_micros(now.as_micros() as u64 % 3_600_000_000) + APART * channel as u32
}

/// How long until the channel's tape stands at `phase` of a GOP.
pub fn until_phase(channel: u64, phase: Duration) -> Duration {
    let gop = GOP.as_micros() as u64;
    let now = tape_time(channel).as_micros() as u64 % gop;
    Duration::from_micros((phase.as_micros() as u64 + gop - now) % gop)
}

/// The source as a child process.
#[derive(Debug)]
pub struct Source {
    process: Guard,
    address: SocketAddr,
}

impl Source {
    /// Starts it with clips of these bit rates.
    pub fn start(rates: &[u32]) -> Result<Self> {
        let log = tempfile::NamedTempFile::new()?;
        let rates: Vec<String> = rates.iter().map(u32::to_string).collect();
        let mut process = Guard::spawn(
            Command::new(std::env::current_exe()?)
                .args(["source", "--rates", &rates.join(",")])
                .stdout(log.reopen()?)
                .stderr(Stdio::inherit()),
        )?;
        // Clips may have to be made first.
        for _ in 0..60_000 {
            let mut line = String::new();
            BufReader::new(log.reopen()?).read_line(&mut line)?;
            if let Some(address) = line.strip_suffix('\n') {
                return Ok(Self { process, address: address.parse()? });
            }
            ensure!(process.ended()?.is_none(), "the source ended");
            std::thread::sleep(Duration::from_millis(10));
        }
        anyhow::bail!("the source does not listen")
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// A channel's address.
    pub fn url(&self, kbits: u32, burst: u32, channel: u64) -> String {
        format!("http://{}/ts/{kbits}/{burst}/{channel}.ts", self.address)
    }

    /// The list of so many channels of these `(kbit/s, burst)`, named as [`name`] says.
    pub fn list(&self, channels: &[(u32, u32, u64)]) -> String {
        let kinds: Vec<String> = channels.iter().map(|(k, b, n)| format!("{k}:{b}:{n}")).collect();
        format!("http://{}/list.m3u?{}", self.address, kinds.join(","))
    }
}

/// A channel's name in the list.
pub fn name(kbits: u32, burst: u32, channel: u64) -> String {
    format!("Bench {kbits} burst {burst} number {channel}")
}

/// What the process does: prints its address and serves until it is killed.
pub async fn serve(rates: &[u32]) -> Result<()> {
    let mut tapes = HashMap::new();
    for rate in rates {
        tapes.insert(*rate, Arc::new(Tape::load(*rate)?));
    }
    let tapes = Arc::new(tapes);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept().await?;
        let tapes = Arc::clone(&tapes);
        tokio::spawn(async move {
            // A client that goes away is no event here.
            answer(socket, &tapes).await.ok();
        });
    }
}

async fn answer(mut socket: TcpStream, tapes: &HashMap<u32, Arc<Tape>>) -> Result<()> {
    let host = socket.local_addr()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        ensure!(socket.read_buf(&mut head).await? > 0 && head.len() < 16 << 10, "no request");
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1).context("no path")?;
    if let Some((_, kinds)) = path.split_once("/list.m3u?") {
        let list = playlist(host, kinds)?;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: audio/x-mpegurl\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            list.len()
        );
        socket.write_all(head.as_bytes()).await?;
        return Ok(socket.write_all(list.as_bytes()).await?);
    }
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let ["ts", kbits, burst, file] = parts[..] else {
        return Ok(socket.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await?);
    };
    let tape = tapes.get(&kbits.parse()?).context("no such rate")?;
    let channel = file.trim_end_matches(".ts").parse()?;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nConnection: close\r\n\r\n";
    socket.write_all(head.as_bytes()).await?;
    play(socket, tape, channel, Duration::from_secs(burst.parse()?)).await
}

async fn play(mut socket: TcpStream, tape: &Tape, channel: u64, burst: Duration) -> Result<()> {
    let position = |at: Duration| tape.packet_at(at.as_micros() as u64);
    // An hour on top: the past of the first minutes is no negative number.
    let begin = tape_time(channel) + Duration::from_secs(3600);
    let started = tokio::time::Instant::now();
    let mut sent = position(begin - burst);
    let mut grid = tokio::time::interval(GRID);
    grid.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut buffer = Vec::new();
    loop {
        grid.tick().await;
        let due = position(begin + started.elapsed());
        buffer.clear();
        tape.read(sent, due, &mut buffer);
        sent = due;
        socket.write_all(&buffer).await?;
    }
}

fn playlist(host: SocketAddr, kinds: &str) -> Result<String> {
    let mut list = String::from("#EXTM3U\n");
    for kind in kinds.split(',') {
        let numbers: Vec<u64> = kind.split(':').map(str::parse).collect::<Result<_, _>>()?;
        let [kbits, burst, count] = numbers[..] else { anyhow::bail!("not kbits:burst:count: {kind}") };
        for n in 0..count {
            let name = name(kbits as u32, burst as u32, n);
            list.push_str(&format!(
                "#EXTINF:-1 tvg-id=\"b{kbits}-{burst}-{n}\" tvg-name=\"{name}\" group-title=\"Bench\",{name}\nhttp://{host}/ts/{kbits}/{burst}/{n}.ts\n"
            ));
        }
    }
    Ok(list)
}
