//! One connection to a channel: an FFmpeg, and a task that carries its output to the client.

use super::channels::Channel;
use super::{Shared, pattern};
use crate::ffmpeg::{Process, Spawn, SpawnError};
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Pieces on their way to a client that does not read; FFmpeg waits beyond.
const AHEAD: usize = 16;

/// Starts the channel's FFmpeg; it ends when the body is dropped or the demo stops.
pub(super) fn open(shared: &Arc<Shared>, channel: &'static Channel) -> Result<Body, SpawnError> {
    let args = pattern::args(channel, shared.lettering);
    let spawn = Spawn { name: channel.name.to_owned(), args, ..Spawn::default() };
    let process = Process::spawn(&shared.tool, spawn)?;
    let (pieces, receiver) = mpsc::channel(AHEAD);
    let stop = shared.stop.clone();
    shared.tracker.spawn(async move {
        let mut process = process;
        tokio::select! {
            () = stop.cancelled() => {}
            () = carry(&mut process, &pieces) => {}
        }
        drop(pieces);
        process.stop().await;
    });
    Ok(Body::from_stream(stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (Ok::<_, Infallible>(piece), receiver))
    })))
}

/// Until FFmpeg ends or the client is gone.
async fn carry(process: &mut Process, pieces: &mpsc::Sender<Bytes>) {
    loop {
        let piece = tokio::select! {
            piece = process.next() => piece,
            () = pieces.closed() => None,
        };
        let Some(piece) = piece else { return };
        if pieces.send(piece).await.is_err() {
            return;
        }
    }
}
