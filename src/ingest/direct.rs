//! HTTP: opened, looked at, and read by relais; what is not TS goes through FFmpeg's stdin, so that the address
//! never reaches a command line.

use super::sink::Sink;
use super::sniff::{ENOUGH, Sniffed, sniff};
use super::through::{self, Piped};
use super::{Ended, Ingest, Kind, Outcome, Source, ended, hls};
use crate::ffmpeg::args::{Audio, Format};
use crate::net::{FetchError, Fetched};
use crate::wire::Reason;
use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;

/// The longest playlist that is read.
const PLAYLIST_LIMIT: usize = 4 << 20;

pub(super) async fn run(ingest: &Ingest, name: &str, source: &Source, sink: &mut Sink) -> Outcome {
    let mut audio = Audio::Copy;
    loop {
        let mut fetched = ingest.0.outbound.get(&ingest.request(source, &source.url)).await?;
        let (what, head) = look(&mut fetched).await?;
        match what {
            Sniffed::Ts => {
                sink.opened(Kind::HttpTs, None).await?;
                sink.data(head).await?;
                while let Some(piece) = fetched.chunk().await? {
                    sink.data(piece).await?;
                }
                return Ok(());
            }
            Sniffed::Hls => {
                let url = fetched.url.clone();
                let rest = fetched.bytes(PLAYLIST_LIMIT).await?;
                return hls::run(ingest, name, source, url, &[&head[..], &rest[..]].concat(), sink).await;
            }
            Sniffed::Other(format) => match piped(ingest, name, format, audio, head, fetched, sink).await? {
                Piped::Done => return Ok(()),
                // The body can't be rewound: it is fetched once more.
                Piped::SoundNeedsAac => audio = Audio::Aac,
            },
            Sniffed::NotMedia(what) => {
                let host =
                    url::Url::parse(&fetched.url).ok().and_then(|url| url.host_str().map(str::to_owned));
                let detail = format!("{} sends {what}", host.unwrap_or_default());
                return Err(ended(Reason::NotMedia, detail));
            }
            Sniffed::More => {
                return Err(ended(
                    Reason::Ended,
                    "the source closed the connection without sending anything",
                ));
            }
        }
    }
}

/// Reads until it is clear what comes. An empty body is [`Sniffed::More`]: at their limit, some providers
/// close at once.
async fn look(fetched: &mut Fetched) -> Result<(Sniffed, Bytes), FetchError> {
    let mut head = BytesMut::new();
    loop {
        let piece = fetched.chunk().await?;
        let whole = piece.is_none();
        if let Some(piece) = piece {
            head.extend_from_slice(&piece);
        } else if head.is_empty() {
            return Ok((Sniffed::More, Bytes::new()));
        }
        match sniff(fetched.content_type(), &head, whole || head.len() >= 4 * ENOUGH) {
            Sniffed::More => {}
            known => return Ok((known, head.freeze())),
        }
    }
}

async fn piped(
    ingest: &Ingest,
    name: &str,
    format: Format,
    audio: Audio,
    head: Bytes,
    fetched: Fetched,
    sink: &mut Sink,
) -> Result<Piped, Ended> {
    let feed = |mut stdin: ChildStdin| async move {
        let (mut fetched, mut piece) = (fetched, Some(head));
        while let Some(bytes) = piece {
            if stdin.write_all(&bytes).await.is_err() {
                // FFmpeg has ended; its own words say why.
                return Ok(());
            }
            piece = fetched.chunk().await?;
        }
        Ok(())
    };
    through::pipe(ingest, name, (format, audio), feed, (Kind::Ffmpeg, None), sink).await
}
