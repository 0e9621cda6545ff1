//! Endless TS: pacing, and what goes wrong on the way of bytes.

use super::account::Grant;
use super::behaviour::Behaviour;
use super::broadcast::{Broadcast, HZ};
use super::{Answer, Channel};
use anyhow::Result;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// Steps that are due together are written together, up to this.
const BATCH: usize = 64 << 10;

/// Writes bytes in the manner that the channel's behaviour asks for.
struct Pipe<'a> {
    socket: OwnedWriteHalf,
    channel: &'a Channel,
    chunked: bool,
}

impl Pipe<'_> {
    async fn head(&mut self, content_type: &str) -> Result<()> {
        let encoding = if self.chunked { "Transfer-Encoding: chunked\r\n" } else { "" };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n{encoding}Cache-Control: no-cache\r\nConnection: close\r\n\r\n"
        );
        Ok(self.socket.write_all(head.as_bytes()).await?)
    }

    async fn write(&mut self, bytes: &[u8], behaviour: (u64, bool)) -> Result<()> {
        let (rate, one_byte) = behaviour;
        // A twentieth of a second at a time where the line is slow.
        let piece = if one_byte {
            1
        } else if rate > 0 {
            (rate / 160).max(1) as usize
        } else {
            bytes.len().max(1)
        };
        for piece in bytes.chunks(piece) {
            if self.chunked {
                let mut framed = format!("{:x}\r\n", piece.len()).into_bytes();
                framed.extend_from_slice(piece);
                framed.extend_from_slice(b"\r\n");
                self.socket.write_all(&framed).await?;
            } else {
                self.socket.write_all(piece).await?;
            }
            self.channel.counts.bytes(piece.len());
            if rate > 0 {
                tokio::time::sleep(Duration::from_secs_f64(piece.len() as f64 * 8.0 / rate as f64)).await;
            }
        }
        Ok(())
    }

    async fn end(&mut self) -> Result<()> {
        if self.chunked {
            self.socket.write_all(b"0\r\n\r\n").await?;
        }
        Ok(self.socket.shutdown().await?)
    }
}

/// Ends when the client is gone.
async fn gone(reader: &mut OwnedReadHalf) {
    let mut buffer = [0; 512];
    while matches!(reader.read(&mut buffer).await, Ok(n) if n > 0) {}
}

/// Serves the channel until the client goes, is displaced, or the behaviour ends it.
pub(super) async fn stream(
    reader: &mut OwnedReadHalf,
    socket: OwnedWriteHalf,
    channel: &Channel,
    grant: Option<Grant>,
) -> Result<()> {
    let _counted = channel.counts.enter();
    let mut cuts = channel.cuts.subscribe();
    let mut pipe = Pipe { socket, channel, chunked: channel.behaviour().chunked };
    let displaced = async {
        match &grant {
            Some(grant) => grant.displaced.notified().await,
            None => std::future::pending().await,
        }
    };
    let result = tokio::select! {
        result = run(&mut pipe, channel) => result,
        () = gone(reader) => Ok(()),
        () = displaced => Ok(()),
        _ = cuts.changed() => {
            // A reset rather than an end.
            pipe.socket.as_ref().set_zero_linger().ok();
            Ok(())
        }
    };
    drop(pipe);
    result
}

async fn run(pipe: &mut Pipe<'_>, channel: &Channel) -> Result<()> {
    let mut behaviour = channel.behaviour.subscribe();
    let start = channel.now();
    let again = channel.seen.swap(true, Ordering::Relaxed);
    let mut broadcast = Broadcast::join(&channel.behaviour(), start, again)?;
    pipe.head("video/mp2t").await?;
    let mut batch = Vec::new();
    let mut ending = false;
    loop {
        let (due, manner, stall, fresh) = {
            let now = behaviour.borrow_and_update();
            let step = broadcast.next(&now, channel.clock())?;
            let elapsed = (channel.now() - start) as f64 / HZ as f64;
            ending |= now.ends_after > 0.0 && elapsed >= now.ends_after;
            let stalls = now.stall || (now.stall_after > 0.0 && elapsed >= now.stall_after);
            batch.extend_from_slice(&step.bytes);
            (due(step.time, &now), (now.rate, now.one_byte), stalls, step.bytes.len())
        };
        let early = due - channel.now();
        if ending {
            pipe.write(&batch, manner).await?;
            return pipe.end().await;
        }
        if stall {
            // Up to the middle of a packet, and then nothing.
            let half = batch.len().min(94);
            pipe.write(&batch[..half], manner).await?;
            batch.drain(..half);
            while {
                let now = behaviour.borrow_and_update();
                now.stall || now.stall_after > 0.0
            } {
                behaviour.changed().await?;
            }
        }
        if early > 0 {
            // What was due before must not wait for this step.
            let older = batch.len().saturating_sub(fresh);
            if older > 0 {
                pipe.write(&batch[..older], manner).await?;
                batch.drain(..older);
            }
            tokio::time::sleep(Duration::from_micros((early * 100 / 9) as u64)).await;
        } else if batch.len() >= BATCH {
            pipe.write(&batch, manner).await?;
            batch.clear();
        }
    }
}

fn due(time: i64, behaviour: &Behaviour) -> i64 {
    if behaviour.grid <= 0.0 {
        return time;
    }
    let grid = (behaviour.grid * HZ as f64) as i64;
    // As who sends finished segments: what begins at the border belongs to the next burst, or the last picture of
    // each burst would be a lone keyframe.
    (time.div_euclid(grid) + 1) * grid
}

/// 1 Mbit/s of bytes that are nothing.
pub(super) async fn noise(
    reader: &mut OwnedReadHalf,
    socket: OwnedWriteHalf,
    channel: &Channel,
    grant: Option<Grant>,
) -> Result<()> {
    let _grant = grant;
    let _counted = channel.counts.enter();
    let mut pipe = Pipe { socket, channel, chunked: false };
    let mut behaviour = channel.behaviour.subscribe();
    let sending = async {
        pipe.head("video/mp2t").await?;
        let mut seed = 0x1234_5678_9ABC_DEFFu64;
        while behaviour.borrow_and_update().answer == Answer::Noise {
            let bytes: Vec<u8> = (0..12_500)
                .map(|_| {
                    seed ^= seed << 13;
                    seed ^= seed >> 7;
                    seed ^= seed << 17;
                    (seed >> 32) as u8
                })
                .collect();
            pipe.write(&bytes, (0, false)).await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        result = sending => result,
        () = gone(reader) => Ok(()),
    }
}
