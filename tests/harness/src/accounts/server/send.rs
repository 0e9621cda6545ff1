//! An answer on its way: framed, packed, cut, stalled or dripping.

use super::super::pieces::{Pack, Pieces};
use super::answer::{Answer, Maker};
use super::world::{World, length_of, lock};
use super::{Conduct, Fault, Framing};
use crate::hell::request::Request;
use anyhow::Result;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// Nobody waits longer.
const FOR_EVER: Duration = Duration::from_secs(900);
/// So far into a line a cut is made.
const INTO_THE_LINE: usize = 20;

/// Sends it; whether the connection may go on.
pub(super) async fn answer(
    reader: &mut OwnedReadHalf,
    writer: &mut OwnedWriteHalf,
    request: &Request,
    answer: Answer,
    conduct: &Conduct,
    world: &World,
) -> Result<bool> {
    tokio::time::sleep(conduct.first_byte).await;
    let part = answer.part;
    match &conduct.fault {
        Fault::Status(status) => {
            let head = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n");
            writer.write_all(head.as_bytes()).await?;
            return Ok(request.keep_alive());
        }
        Fault::Instead(content_type, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
            );
            writer.write_all(&[head.as_bytes(), body].concat()).await?;
            return Ok(request.keep_alive());
        }
        _ => {}
    }
    let version = version(&answer.key);
    if conduct.validators && has_it(request, &version) {
        let head = format!("HTTP/1.1 304 Not Modified\r\n{}\r\n", validators(&version));
        writer.write_all(head.as_bytes()).await?;
        world.progress.send_modify(|progress| *progress.unchanged.entry(part).or_default() += 1);
        return Ok(request.keep_alive());
    }
    let gzip = conduct.gzip && request.header("accept-encoding").is_some_and(|takes| takes.contains("gzip"));
    let (key, maker) = if gzip { packed(&answer) } else { (answer.key.clone(), answer.body.clone()) };
    let needs_length =
        conduct.framing == Framing::Length || matches!(conduct.fault, Fault::Cut(_) | Fault::Stall(_));
    let length = if needs_length { Some(length_of(world, &key, maker.clone()).await?) } else { None };

    let mut head = format!("HTTP/1.1 {} OK\r\nContent-Type: {}\r\n", answer.status, answer.content_type);
    if gzip {
        head.push_str("Content-Encoding: gzip\r\n");
    }
    if conduct.validators {
        head.push_str(&validators(&version));
    }
    match (conduct.framing, length) {
        (Framing::Length, Some(length)) => head.push_str(&format!("Content-Length: {length}\r\n")),
        (Framing::Chunked, _) => head.push_str("Transfer-Encoding: chunked\r\n"),
        _ => head.push_str("Connection: close\r\n"),
    }
    writer.write_all(format!("{head}\r\n").as_bytes()).await?;

    let mut source = Source::new(&key, &maker, world);
    let last = match conduct.fault {
        Fault::Cut(share) | Fault::Stall(share) => Some((length.unwrap_or(0) as f64 * share) as u64),
        _ => None,
    };
    let mut sent = 0;
    while let Some(mut piece) = source.next() {
        let end = last.map(|last| usize::try_from(last - sent).unwrap_or(usize::MAX));
        if let Some(end) = end.filter(|end| *end <= piece.len()) {
            let blind = matches!((&conduct.fault, conduct.framing), (Fault::Cut(_), Framing::UntilClose));
            piece.truncate(if blind { inside_a_line(&piece, end) } else { end });
            framed(writer, conduct, &piece).await?;
            if let Fault::Stall(_) = conduct.fault {
                hold(reader, world).await;
            }
            writer.shutdown().await?;
            return Ok(false);
        }
        sent += piece.len() as u64;
        framed(writer, conduct, &piece).await?;
    }
    if conduct.framing == Framing::Chunked {
        writer.write_all(b"0\r\n\r\n").await?;
    }
    world.progress.send_modify(|progress| *progress.whole.entry(part).or_default() += 1);
    Ok(conduct.framing != Framing::UntilClose && request.keep_alive())
}

/// Pieces of a body, made now or beforehand.
enum Source {
    Made(Box<dyn Pieces>, bool),
    Stored(Arc<Vec<Bytes>>, usize),
}

impl Source {
    fn new(key: &str, maker: &Maker, world: &World) -> Self {
        match lock(&world.stored).get(key) {
            Some(parts) => Self::Stored(parts.clone(), 0),
            None => Self::Made(maker(), true),
        }
    }

    fn next(&mut self) -> Option<Bytes> {
        match self {
            Self::Made(_, false) => None,
            Self::Made(body, more) => {
                let mut piece = Vec::new();
                *more = body.more(&mut piece);
                Some(piece.into())
            }
            Self::Stored(parts, at) => {
                *at += 1;
                parts.get(*at - 1).cloned()
            }
        }
    }
}

async fn framed(writer: &mut OwnedWriteHalf, conduct: &Conduct, piece: &[u8]) -> Result<()> {
    let (size, pause) = match conduct.fault {
        Fault::Trickle(size, pause) => (size.max(1), pause),
        _ => (usize::MAX, Duration::ZERO),
    };
    for part in piece.chunks(size.min(piece.len().max(1))) {
        if conduct.framing == Framing::Chunked {
            writer.write_all(format!("{:x}\r\n", part.len()).as_bytes()).await?;
        }
        writer.write_all(part).await?;
        if conduct.framing == Framing::Chunked {
            writer.write_all(b"\r\n").await?;
        }
        tokio::time::sleep(pause).await;
    }
    Ok(())
}

/// Says nothing more until the client has gone.
async fn hold(reader: &mut OwnedReadHalf, world: &World) {
    world.progress.send_modify(|progress| progress.held += 1);
    let _ = tokio::time::timeout(FOR_EVER, reader.read_u8()).await;
    world.progress.send_modify(|progress| progress.held -= 1);
}

/// A place near `end` that is inside an `#EXTINF` line; `end` itself where there is none.
fn inside_a_line(piece: &[u8], end: usize) -> usize {
    let find = |part: &[u8]| part.windows(7).position(|w| w == b"#EXTINF");
    let last = |part: &[u8]| part.windows(7).rposition(|w| w == b"#EXTINF");
    let line = find(&piece[end..]).map(|at| at + end).or_else(|| last(&piece[..end]));
    line.map_or(end, |at| (at + INTO_THE_LINE).min(piece.len()))
}

fn packed(answer: &Answer) -> (String, Maker) {
    let body = answer.body.clone();
    (format!("gzip {}", answer.key), Arc::new(move || Pack::Gzip.wrap(body())))
}

fn version(key: &str) -> u64 {
    key.bytes().fold(1, |sum, byte| super::super::mix(sum, u64::from(byte)))
}

/// The date is made of the version, too: other lists have other dates.
fn date(version: u64) -> String {
    format!("Thu, 01 Jan 2026 {:02}:{:02}:{:02} GMT", version % 24, version / 24 % 60, version / 1440 % 60)
}

fn validators(version: &u64) -> String {
    format!("ETag: \"{version:016x}\"\r\nLast-Modified: {}\r\n", date(*version))
}

fn has_it(request: &Request, version: &u64) -> bool {
    match (request.header("if-none-match"), request.header("if-modified-since")) {
        (Some(tag), _) => tag.contains(&format!("{version:016x}")),
        (None, Some(since)) => since == date(*version),
        (None, None) => false,
    }
}
