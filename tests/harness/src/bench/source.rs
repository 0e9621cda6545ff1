//! The source that feeds both sides of a comparison: constant-rate TS over HTTP, cheap enough that fifty channels
//! of 4 Mbit/s cost a few per cent of a core. A process of its own (`bench source`), so that its time is nobody's.
//!
//! `GET /ts/{kbits}/{conduct}/{n}.ts` is channel `n` of that bit rate, `GET /list.m3u?{kbits}:{conduct}:{count},…`
//! lists channels.

use super::tape::Tape;
use anyhow::{Context, Result, ensure};
use harness::process::Guard;
use std::collections::HashMap;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::str::FromStr;
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

/// How media arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conduct {
    /// As it is made, from wherever it is.
    Paced,
    /// So many seconds of the past at once, then as it is made.
    Burst(u32),
    /// Every so many seconds so many seconds, from a keyframe to a keyframe; the last such piece at once. What
    /// providers send that make TS of somebody's HLS.
    Every(u32),
}

impl fmt::Display for Conduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paced => f.write_str("paced"),
            Self::Burst(seconds) => write!(f, "burst{seconds}"),
            Self::Every(seconds) => write!(f, "every{seconds}"),
        }
    }
}

impl FromStr for Conduct {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(seconds) = text.strip_prefix("burst") {
            return Ok(Self::Burst(seconds.parse()?));
        }
        if let Some(seconds) = text.strip_prefix("every") {
            return Ok(Self::Every(seconds.parse()?));
        }
        ensure!(text == "paced", "no such conduct: {text}");
        Ok(Self::Paced)
    }
}

/// Time on a channel's tape: it began to run at some past moment, the same for all who look at the same clock.
fn tape_time(channel: u64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Within an hour of the turn's beginning, so that the arithmetic stays small.
    Duration::from_micros(now.as_micros() as u64 % 3_600_000_000) + APART * channel as u32
}

/// How long until the channel's tape stands at this share of `period`, a number of GOPs that is a power of two.
pub fn until_phase(channel: u64, period: Duration, share: f64) -> Duration {
    let period = period.as_micros() as u64;
    let now = tape_time(channel).as_micros() as u64 % period;
    Duration::from_micros(((period as f64 * share) as u64 + period - now) % period)
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
    pub fn url(&self, kbits: u32, conduct: Conduct, channel: u64) -> String {
        format!("http://{}/ts/{kbits}/{conduct}/{channel}.ts", self.address)
    }

    /// The list of so many channels of each kind, named as [`name`] says.
    pub fn list(&self, kinds: &[(u32, Conduct, u64)]) -> String {
        let kinds: Vec<String> = kinds.iter().map(|(k, c, n)| format!("{k}:{c}:{n}")).collect();
        format!("http://{}/list.m3u?{}", self.address, kinds.join(","))
    }
}

/// A channel's name in the list.
pub fn name(kbits: u32, conduct: Conduct, channel: u64) -> String {
    format!("Bench {kbits} {conduct} number {channel}")
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
    let ["ts", kbits, conduct, file] = parts[..] else {
        return Ok(socket.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await?);
    };
    let tape = tapes.get(&kbits.parse()?).context("no such rate")?;
    let channel = file.trim_end_matches(".ts").parse()?;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nConnection: close\r\n\r\n";
    socket.write_all(head.as_bytes()).await?;
    play(socket, tape, channel, conduct.parse()?).await
}

async fn play(mut socket: TcpStream, tape: &Tape, channel: u64, conduct: Conduct) -> Result<()> {
    // An hour on top: the past of the first minutes is no negative number.
    let begin = tape_time(channel) + Duration::from_secs(3600);
    let position = |at: Duration| match conduct {
        Conduct::Every(seconds) => {
            let pieces = at.as_secs() / u64::from(seconds);
            tape.keyframe(pieces * u64::from(seconds) / GOP.as_secs())
        }
        _ => tape.packet_at(at.as_micros() as u64),
    };
    let past = match conduct {
        Conduct::Paced => 0,
        Conduct::Burst(seconds) | Conduct::Every(seconds) => seconds,
    };
    let started = tokio::time::Instant::now();
    let mut sent = position(begin - Duration::from_secs(u64::from(past)));
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
        let [kbits, conduct, count] = kind.split(':').collect::<Vec<_>>()[..] else {
            anyhow::bail!("not kbits:conduct:count: {kind}")
        };
        let conduct: Conduct = conduct.parse()?;
        for n in 0..count.parse()? {
            let name = name(kbits.parse()?, conduct, n);
            list.push_str(&format!(
                "#EXTINF:-1 tvg-id=\"{kbits}-{conduct}-{n}\" tvg-name=\"{name}\" group-title=\"Bench\",{name}\nhttp://{host}/ts/{kbits}/{conduct}/{n}.ts\n"
            ));
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conducts_are_read_as_they_are_written() {
        for conduct in [Conduct::Paced, Conduct::Burst(4), Conduct::Every(10)] {
            assert_eq!(conduct.to_string().parse::<Conduct>().unwrap(), conduct);
        }
        assert!("slow".parse::<Conduct>().is_err());
    }
}
