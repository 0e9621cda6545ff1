//! HLS, read by relais: the playlists, the segments, their keys. Segments that are TS are passed on as they are;
//! others, and pictures and sound in separate playlists, go through FFmpeg, which sees neither address nor key.

mod cipher;
mod playlist;
mod puller;
mod tracker;

use super::sink::Sink;
use super::through::{self, Piped, Pumped};
use super::{Ended, Event, Ingest, Kind, Outcome, Source, ended, stopped};
use crate::ffmpeg::args::{self, Audio, Format};
use crate::net::mask::Secrets;
use crate::wire::Reason;
use m3u8_rs::Playlist;
use puller::{Puller, Rendition};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::ChildStdin;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// FFmpeg connects to us within this, or something else is wrong.
const CONNECT: Duration = Duration::from_secs(20);

/// Follows the playlist that was found at `url` (after redirects) to its end.
pub(super) async fn run(
    ingest: &Ingest,
    name: &str,
    source: &Source,
    url: String,
    text: &[u8],
    sink: &mut Sink,
) -> Outcome {
    let (mut pictures, sound) = match playlist::parse(text)? {
        Playlist::MediaPlaylist(media) => {
            (Puller::new(ingest, source, Rendition::Only, source.url.clone(), url, media), None)
        }
        Playlist::MasterPlaylist(master) => {
            let choice = playlist::choose(&master)?;
            let pictures =
                Puller::open(ingest, source, Rendition::Variant, puller::join(&url, &choice.uri)?).await?;
            let sound = match choice.audio {
                Some(uri) => {
                    Some(Puller::open(ingest, source, Rendition::Sound, puller::join(&url, &uri)?).await?)
                }
                None => None,
            };
            (pictures, sound)
        }
    };
    match (sound, pictures.format()) {
        (Some(sound), _) => joined(ingest, name, pictures, sound, sink).await,
        (None, Some(format)) => remuxed(ingest, name, format, pictures, sink).await,
        (None, None) => pictures.run(Kind::Hls, sink).await,
    }
}

/// Segments that are not TS: one FFmpeg for each stretch between boundaries.
async fn remuxed(
    ingest: &Ingest,
    name: &str,
    format: Format,
    mut puller: Puller,
    sink: &mut Sink,
) -> Outcome {
    let target = puller.target();
    let (pieces, mut received) = mpsc::channel(8);
    let pulling = async move { puller.run(Kind::Hls, &mut Sink::new(pieces)).await };
    let muxing = async move {
        loop {
            let mut more = false;
            let (source, goes_on) = (&mut received, &mut more);
            let piped = through::pipe(
                ingest,
                name,
                (format, Audio::Copy),
                move |stdin| feed(stdin, source, goes_on),
                (Kind::Hls, Some(target)),
                sink,
            );
            match piped.await? {
                Piped::Done if more => sink.boundary().await?,
                Piped::Done => return Ok(()),
                Piped::SoundNeedsAac => {
                    return Err(ended(Reason::Codec, "MPEG-TS can't carry the sound's codec"));
                }
            }
        }
    };
    let (pulled, muxed) = tokio::join!(pulling, muxing);
    // FFmpeg's end makes the puller's listener vanish, which is not what people want to read.
    muxed.and(pulled)
}

/// Writes what comes until a boundary, which sets `more`, or the end.
async fn feed(mut stdin: ChildStdin, received: &mut mpsc::Receiver<Event>, more: &mut bool) -> Outcome {
    while let Some(event) = received.recv().await {
        match event {
            Event::Opened { .. } => {}
            Event::Data(bytes) => {
                if stdin.write_all(&bytes).await.is_err() {
                    return Ok(());
                }
            }
            Event::Boundary => {
                *more = true;
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Pictures and sound from separate playlists, brought together by FFmpeg from two loopback sockets. A boundary ends
/// the source: both sides would have to begin anew together, which is what a new run does.
async fn joined(
    ingest: &Ingest,
    name: &str,
    mut pictures: Puller,
    mut sound: Puller,
    sink: &mut Sink,
) -> Outcome {
    let format = |puller: &Puller| match puller.format() {
        None => Ok(Format::TransportStream),
        Some(Format::Mp4) => Ok(Format::Mp4),
        // Packed audio has its time in ID3 tags, which FFmpeg does not read from a pipe.
        Some(_) => {
            Err(ended(Reason::Codec, "HLS with its sound in a playlist of packed audio is not supported"))
        }
    };
    let (picture_format, sound_format) = (format(&pictures)?, format(&sound)?);
    let (picture_socket, picture_port) = listen().await?;
    let (sound_socket, sound_port) = listen().await?;
    let line = args::join((picture_format, picture_port), (sound_format, sound_port));
    let process = ingest.spawn(name, line, false, Secrets::default())?;
    let (target, never) = (pictures.target(), CancellationToken::new());
    let pumping = through::pump(ingest, process, (Kind::Hls, Some(target)), sink, &never);
    let feeding = async {
        let picture_side = serve(picture_socket, &mut pictures);
        let sound_side = serve(sound_socket, &mut sound);
        tokio::try_join!(picture_side, sound_side).map(|_| ())
    };
    tokio::pin!(pumping, feeding);
    let mut fed = None;
    let pumped = loop {
        tokio::select! {
            pumped = &mut pumping => break pumped?,
            outcome = &mut feeding, if fed.is_none() => match outcome {
                Ok(()) => fed = Some(()),
                Err(end) => return Err(end),
            },
        }
    };
    match pumped {
        Pumped::Exit(exit) if exit.reason == Reason::Ended => Ok(()),
        Pumped::Exit(exit) => Err(ended(exit.reason, exit.detail)),
        Pumped::Trouble(_) => {
            Err(ended(Reason::Codec, "MPEG-TS can't carry this stream, or its clock went back"))
        }
    }
}

async fn listen() -> Result<(TcpListener, u16), Ended> {
    let failed =
        |error: std::io::Error| ended(Reason::Internal, format!("no loopback socket for FFmpeg: {error}"));
    let socket = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let port = socket.local_addr().map_err(failed)?.port();
    Ok((socket, port))
}

/// Gives one rendition to the first that connects.
async fn serve(socket: TcpListener, puller: &mut Puller) -> Outcome {
    let accepted = tokio::time::timeout(CONNECT, socket.accept()).await;
    let Ok(Ok((mut stream, _))) = accepted else {
        return Err(ended(Reason::Internal, "FFmpeg did not connect to its input"));
    };
    drop(socket);
    let (pieces, mut received) = mpsc::channel(8);
    let pulling = async move { puller.run(Kind::Hls, &mut Sink::new(pieces)).await };
    let writing = async move {
        while let Some(event) = received.recv().await {
            match event {
                Event::Opened { .. } => {}
                Event::Data(bytes) => stream.write_all(&bytes).await.map_err(|_| stopped())?,
                Event::Boundary => return Err(ended(Reason::Ended, "the source begins another timeline")),
            }
        }
        Ok(())
    };
    let (pulled, written) = tokio::join!(pulling, writing);
    written.and(pulled)
}
