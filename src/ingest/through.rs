//! Sources that FFmpeg reads, or that are piped into it.

use super::sink::Sink;
use super::{Ended, Ingest, Kind, Outcome, Source, ended, stopped};
use crate::ffmpeg::args::{self, Audio, Format, Scheme};
use crate::ffmpeg::{Exit, Process, Trouble};
use crate::net::mask::Secrets;
use crate::wire::Reason;
use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;
use tokio::process::ChildStdin;
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

/// How a piped run ended without a failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piped {
    /// Input and output are at their end.
    Done,
    /// TS can't carry the sound's codec: once more, with AAC.
    SoundNeedsAac,
}

/// Reads a network source. A jump back of its timestamps, and a sound that TS can't carry, are answered by a new
/// FFmpeg after a boundary.
pub(super) async fn network(
    ingest: &Ingest,
    name: &str,
    source: &Source,
    url: &Url,
    scheme: Scheme,
    sink: &mut Sink,
    cancel: &CancellationToken,
) -> Outcome {
    check_target(ingest, source, url, scheme).await?;
    let secrets = Secrets::of_url(&source.url);
    let agent = source.user_agent.as_deref();
    let mut audio = Audio::Copy;
    loop {
        let line = args::ingest(url.as_str(), scheme, agent, ingest.0.options.ffmpeg_open_timeout, audio);
        let process = ingest.spawn(name, line, false, secrets.clone())?;
        match pump(ingest, process, (Kind::Ffmpeg, None), sink, cancel).await? {
            Pumped::Exit(exit) => return outcome(exit),
            Pumped::Trouble(Trouble::Uncarried { codec, video: true }) => return Err(uncarried(&codec)),
            Pumped::Trouble(Trouble::Uncarried { codec, video: false }) => {
                tracing::info!(feed = name, codec, "TS can't carry the sound: it is turned into AAC");
                audio = Audio::Aac;
            }
            Pumped::Trouble(Trouble::TimeJump) => {
                tracing::info!(feed = name, "the source's clock went back: FFmpeg begins anew")
            }
        }
        sink.boundary().await?;
    }
}

/// Pipes into FFmpeg what `feed` writes, and passes on what comes out.
///
/// `told` is what [`Sink::opened`] says at the first bytes.
pub(super) async fn pipe<F, R>(
    ingest: &Ingest,
    name: &str,
    (format, audio): (Format, Audio),
    feed: F,
    told: (Kind, Option<Duration>),
    sink: &mut Sink,
) -> Result<Piped, Ended>
where
    F: FnOnce(ChildStdin) -> R,
    R: Future<Output = Outcome>,
{
    let mut process = ingest.spawn(name, args::remux(format, audio), true, Secrets::default())?;
    let stdin = process.take_stdin().ok_or_else(|| ended(Reason::Internal, "FFmpeg has no stdin"))?;
    let never = CancellationToken::new();
    let feeding = feed(stdin);
    let pumping = pump(ingest, process, told, sink, &never);
    // FFmpeg's end ends the feeding, not the other way round: what is inside it still has to come out.
    tokio::pin!(feeding, pumping);
    let mut fed = None;
    let pumped = loop {
        tokio::select! {
            pumped = &mut pumping => break pumped,
            outcome = &mut feeding, if fed.is_none() => fed = Some(outcome),
        }
    };
    // What the source said comes before what FFmpeg makes of a broken pipe.
    if let Some(Err(end)) = fed {
        return Err(end);
    }
    match pumped? {
        Pumped::Exit(exit) => outcome(exit).map(|()| Piped::Done),
        Pumped::Trouble(Trouble::Uncarried { video: false, .. }) if audio == Audio::Copy => {
            Ok(Piped::SoundNeedsAac)
        }
        Pumped::Trouble(Trouble::Uncarried { codec, .. }) => Err(uncarried(&codec)),
        Pumped::Trouble(Trouble::TimeJump) => Err(ended(Reason::Network, "the source's clock went back")),
    }
}

/// How a process's output ended.
pub(super) enum Pumped {
    Exit(Exit),
    Trouble(Trouble),
}

/// Passes on a process's output until its end; the process is gone when this returns.
pub(super) async fn pump(
    ingest: &Ingest,
    mut process: Process,
    (kind, target_duration): (Kind, Option<Duration>),
    sink: &mut Sink,
    cancel: &CancellationToken,
) -> Result<Pumped, Ended> {
    let options = &ingest.0.options;
    let mut patience = options.ffmpeg_open_timeout;
    loop {
        let step = tokio::select! {
            biased;
            () = cancel.cancelled() => Step::Cancelled,
            trouble = process.trouble() => Step::Trouble(trouble),
            piece = tokio::time::timeout(patience, process.next()) => match piece {
                Ok(Some(piece)) => Step::Piece(piece),
                Ok(None) => Step::End,
                Err(_) => Step::Silence,
            },
        };
        match step {
            Step::Piece(piece) => {
                patience = options.idle_timeout;
                let passed = async {
                    sink.opened(kind, target_duration).await?;
                    sink.data(piece).await
                };
                let passed = tokio::select! {
                    biased;
                    () = cancel.cancelled() => Err(stopped()),
                    passed = passed => passed,
                };
                if let Err(end) = passed {
                    process.stop().await;
                    return Err(end);
                }
            }
            Step::End => {
                // Its output is closed: it ends, or is made to.
                let ended = tokio::time::timeout(Duration::from_secs(2), process.wait()).await;
                let exit = match ended {
                    Ok(exit) => exit,
                    Err(_) => process.stop().await,
                };
                return Ok(Pumped::Exit(exit));
            }
            Step::Trouble(trouble) => {
                process.stop().await;
                return Ok(Pumped::Trouble(trouble));
            }
            Step::Cancelled => {
                process.stop().await;
                return Err(stopped());
            }
            Step::Silence => {
                let exit = process.stop().await;
                let last = exit.log.iter().rev().find(|line| line.error).map(|line| line.text.clone());
                let detail = last.unwrap_or_else(|| format!("nothing came for {} s", patience.as_secs()));
                let reason = if patience == options.idle_timeout { Reason::Stalled } else { Reason::Network };
                return Err(ended(reason, detail));
            }
        }
    }
}

enum Step {
    Piece(bytes::Bytes),
    End,
    Trouble(Trouble),
    Cancelled,
    Silence,
}

fn outcome(exit: Exit) -> Outcome {
    if exit.reason == Reason::Ended { Ok(()) } else { Err(ended(exit.reason, exit.detail)) }
}

fn uncarried(codec: &str) -> Ended {
    ended(Reason::Codec, format!("MPEG-TS can't carry the codec {codec}"))
}

/// FFmpeg resolves names itself, so here they can only be looked at beforehand. Multicast groups are allowed: to
/// join one reaches no private service.
async fn check_target(ingest: &Ingest, source: &Source, url: &Url, scheme: Scheme) -> Outcome {
    if !source.public_only {
        return Ok(());
    }
    let host = url.host_str().unwrap_or("").trim_start_matches('@');
    let literal = match url.host() {
        Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
        _ => host.parse().ok(),
    };
    if matches!(scheme, Scheme::Udp | Scheme::Rtp) && literal.is_some_and(|ip| ip.is_multicast()) {
        return Ok(());
    }
    let resolved = ingest.0.outbound.resolver().resolve(host, true).await;
    resolved.map(|_| ()).map_err(|error| match error {
        crate::net::DnsError::Forbidden(_) => ended(Reason::Unsupported, error.to_string()),
        _ => ended(Reason::Network, error.to_string()),
    })
}
