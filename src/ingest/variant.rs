//! The web variant: one feed's stream through FFmpeg, which leaves the pictures and makes one AAC track.

use super::sink::Sink;
use super::through::{Pumped, pump};
use super::{Ingest, Kind, Outcome, ended, psi, stopped};
use crate::ffmpeg::args;
use crate::net::mask::Secrets;
use crate::wire::Reason;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

pub(super) async fn run(
    ingest: &Ingest,
    name: &str,
    language: Option<&str>,
    mut input: impl Stream<Item = Bytes> + Send + Unpin,
    sink: &mut Sink,
    cancel: &CancellationToken,
) -> Outcome {
    ingest.tool()?;
    let first = tokio::select! {
        biased;
        () = cancel.cancelled() => return Err(stopped()),
        first = input.next() => first,
    };
    let Some(first) = first else { return Ok(()) };
    let audio = language.map_or(0, |language| psi::sound_with_language(&first, language));
    let mut process = ingest.spawn(name, args::variant(audio), true, Secrets::default())?;
    let mut stdin = process.take_stdin().ok_or_else(|| ended(Reason::Internal, "FFmpeg has no stdin"))?;
    let feeding = async move {
        let mut piece = Some(first);
        while let Some(bytes) = piece {
            if stdin.write_all(&bytes).await.is_err() {
                return;
            }
            piece = input.next().await;
        }
    };
    let pumping = pump(ingest, process, (Kind::Ffmpeg, None), sink, cancel);
    tokio::pin!(feeding, pumping);
    let mut fed = false;
    let pumped = loop {
        tokio::select! {
            pumped = &mut pumping => break pumped?,
            () = &mut feeding, if !fed => fed = true,
        }
    };
    match pumped {
        Pumped::Exit(exit) if exit.reason == Reason::Ended => Ok(()),
        Pumped::Exit(exit) => Err(ended(exit.reason, exit.detail)),
        Pumped::Trouble(_) => Err(ended(Reason::Codec, "the variant can't carry this stream")),
    }
}
