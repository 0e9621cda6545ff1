//! All of the guide as one XMLTV document, made while it is read: memory is a few channels' programmes, whoever asks.

use super::matches::Found;
use super::timeline::{Airing, airings};
use super::write::{Channel, Writer};
use super::{Guide, GuideError};
use crate::store::guide::programmes::Around;
use crate::wire::ChannelId;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Bytes that are sent at a time.
const PIECE: usize = 64 << 10;
/// Pieces that wait for a slow reader.
const WAITING: usize = 2;
/// Channels whose programmes are read at a time.
const CHANNELS: usize = 8;
/// Programmes of one channel.
const MOST: usize = 5000;

/// A document.
pub struct Document {
    /// The same as long as its bytes are; never used again after a restart.
    pub version: String,
    /// Its bytes. Whoever has enough drops it.
    pub body: BoxStream<'static, io::Result<Bytes>>,
}

impl Guide {
    /// Every channel that has a guide, in the lineup's order, then what is kept of each.
    pub fn document(self: &Arc<Self>) -> Document {
        let from = self.kept_from();
        let version = format!("{:x}-{from:x}", self.version());
        let guide = self.clone();
        // Nothing is read before somebody wants it: most ask only whether it has changed.
        let body = stream::once(std::future::ready(())).flat_map(move |()| pieces(guide.clone(), from));
        Document { version, body: Box::pin(body) }
    }

    async fn write(&self, sink: &mut Sink, from: i64) -> Result<(), GuideError> {
        let matches = self.matches.load_full();
        let mut matched: Vec<(ChannelId, Found)> = Vec::new();
        sink.writer.begin();
        let mut next = Some(0);
        while let Some(at) = next {
            let batch = self.lineup.batch(at).await?;
            next = batch.next.filter(|after| *after > at);
            for channel in batch.channels {
                let Some(found) = matches.get(&channel.id) else { continue };
                matched.push((channel.id.clone(), found));
                sink.writer.channel(&Channel {
                    id: channel.id,
                    name: channel.name,
                    number: channel.number,
                    logo_url: channel.logo_url,
                });
                if !sink.flush(PIECE).await {
                    return Ok(());
                }
            }
        }
        drop(matches);
        for channels in matched.chunks(CHANNELS) {
            let channels = channels.to_vec();
            let mut writer = std::mem::take(&mut sink.writer);
            let written = self.store.read(move |db| {
                let mut around = Around::new(db)?;
                for (channel, found) in channels {
                    let programmes = around.take(found.number, from - found.shift, i64::MAX, MOST)?;
                    let within = airings(programmes, found.shift).filter(|a| a.is_within(from, i64::MAX));
                    for programme in within.filter_map(Airing::view) {
                        writer.programme(&channel, programme.start, programme.stop, &programme.about);
                    }
                }
                Ok(writer)
            });
            sink.writer = written.await?;
            if !sink.flush(PIECE).await {
                return Ok(());
            }
        }
        sink.writer.end();
        sink.flush(0).await;
        Ok(())
    }
}

fn pieces(guide: Arc<Guide>, from: i64) -> impl Stream<Item = io::Result<Bytes>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut sink = Sink { sender, writer: Writer::default() };
        if let Err(error) = guide.write(&mut sink, from).await {
            tracing::warn!(%error, "a guide could not be written to its end");
            // The reader must not take it for whole.
            let _ = sink.sender.send(Err(io::Error::other("the guide ends here"))).await;
        }
    });
    stream::unfold(
        receiver,
        |mut receiver| async move { receiver.recv().await.map(|piece| (piece, receiver)) },
    )
}

struct Sink {
    sender: mpsc::Sender<io::Result<Bytes>>,
    writer: Writer,
}

impl Sink {
    /// Sends what there is where that is more than `least`; `false`: nobody reads any more.
    async fn flush(&mut self, least: usize) -> bool {
        if self.writer.len() <= least {
            return true;
        }
        let mut bytes = Bytes::from(self.writer.take());
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(PIECE));
            if self.sender.send(Ok(piece)).await.is_err() {
                return false;
            }
        }
        true
    }
}
