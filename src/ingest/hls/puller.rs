//! Follows one media playlist and delivers its segments' bytes in order.
//!
//! Tokens: the address that a redirect led to is polled as long as it answers; once it refuses, the original is asked
//! again, and then the list of variants. A segment that can't be had is skipped, with a boundary after it.

use super::super::sink::Sink;
use super::super::sniff::{Sniffed, sniff};
use super::super::{Ended, Ingest, Kind, Outcome, Source, ended};
use super::cipher;
use super::playlist::{choose, parse, parse_media};
use super::tracker::{Planned, Tracker};
use crate::ffmpeg::args::Format;
use crate::net::{FetchError, Fetched, Get, Outbound};
use crate::wire::Reason;
use bytes::Bytes;
use m3u8_rs::{Key, Map, MediaPlaylist, Playlist};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

const PLAYLIST_LIMIT: usize = 4 << 20;
/// Before the second, third and fourth try of a segment.
const RETRIES: [Duration; 3] =
    [Duration::from_millis(200), Duration::from_millis(500), Duration::from_secs(1)];
/// A segment that is said not to exist may come a moment later.
const MISSING_TRIES: usize = 2;
/// So many segments lost in a row are an end.
const LOST_IN_A_ROW: u32 = 3;
const KEYS_KEPT: usize = 16;

/// Which playlist of a list of variants is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rendition {
    /// The source's address itself is the media playlist.
    Only,
    /// The best variant.
    Variant,
    /// That variant's separate sound.
    Sound,
}

/// Follows one media playlist.
pub(super) struct Puller {
    ingest: Ingest,
    source: Source,
    rendition: Rendition,
    /// As it was named, and where it led last.
    original: String,
    current: String,
    tracker: Tracker,
    playlist: Option<MediaPlaylist>,
    target: Duration,
    keys: HashMap<String, [u8; 16]>,
    map: Option<Map>,
    begun: bool,
    boundary: bool,
    lost: u32,
}

/// Why a segment did not come.
enum Failed {
    Fetch(Ended),
    /// The listener is gone.
    Sink(Ended),
}

impl From<FetchError> for Failed {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error.into())
    }
}

impl Puller {
    /// For a media playlist that was loaded already: `original` is how it was asked for, `current` where it was.
    pub(super) fn new(
        ingest: &Ingest,
        source: &Source,
        rendition: Rendition,
        original: String,
        current: String,
        playlist: MediaPlaylist,
    ) -> Self {
        let mut puller = Self {
            ingest: ingest.clone(),
            source: source.clone(),
            rendition,
            original,
            current,
            tracker: Tracker::default(),
            playlist: None,
            target: Duration::from_secs(6),
            keys: HashMap::new(),
            map: None,
            begun: false,
            boundary: false,
            lost: 0,
        };
        puller.target = target(&playlist);
        puller.playlist = Some(playlist);
        puller
    }

    /// Loads a rendition's media playlist.
    pub(super) async fn open(
        ingest: &Ingest,
        source: &Source,
        rendition: Rendition,
        url: String,
    ) -> Result<Self, Ended> {
        let get = ingest.request(source, &url);
        let (current, playlist) = load(&ingest.0.outbound, &get).await?;
        Ok(Self::new(ingest, source, rendition, url, current, playlist))
    }

    /// The target duration, as far as known.
    pub(super) fn target(&self) -> Duration {
        self.target
    }

    /// What the segments are; `None`: TS.
    pub(super) fn format(&self) -> Option<Format> {
        let segment = self.playlist.as_ref()?.segments.last()?;
        let mapped = self.playlist.as_ref()?.segments.iter().any(|segment| segment.map.is_some());
        let path = segment.uri.split('?').next().unwrap_or("").to_ascii_lowercase();
        match path.rsplit('.').next() {
            _ if mapped => Some(Format::Mp4),
            Some("aac") => Some(Format::Adts),
            Some("mp3") => Some(Format::Mp3),
            Some("m4s" | "mp4" | "m4v" | "m4a") => Some(Format::Mp4),
            _ => None,
        }
    }

    /// Follows the playlist to its end. `kind` is what is told at the first bytes.
    pub(super) async fn run(&mut self, kind: Kind, sink: &mut Sink) -> Outcome {
        let mut changed = Instant::now();
        let mut failures = 0u32;
        loop {
            let asked = Instant::now();
            let loaded = match self.playlist.take() {
                Some(first) => Ok(first),
                None => self.reload().await,
            };
            let (wait, trouble) = match loaded {
                Ok(playlist) => {
                    failures = 0;
                    self.target = target(&playlist);
                    let fresh = self.tracker.take(&playlist);
                    let newest =
                        fresh.last().map(|segment| Duration::from_secs_f32(segment.seconds.clamp(0.5, 60.0)));
                    for segment in fresh {
                        self.deliver(&segment, kind, sink).await?;
                        changed = Instant::now();
                    }
                    if playlist.end_list {
                        return Ok(());
                    }
                    (newest.map_or(self.target / 2, |newest| newest.min(self.target)), None)
                }
                Err(end) => {
                    failures += 1;
                    let lasting = matches!(end.reason, Reason::NotFound | Reason::NotMedia) && failures >= 3;
                    if lasting
                        || !matches!(
                            end.reason,
                            Reason::NotFound | Reason::NotMedia | Reason::Network | Reason::Stalled
                        )
                    {
                        return Err(end);
                    }
                    ((Duration::from_millis(250) * (1 << failures.min(4))).min(self.target), Some(end))
                }
            };
            if changed.elapsed() > (3 * self.target).max(Duration::from_secs(6)) {
                let stale = || {
                    ended(
                        Reason::Stalled,
                        format!("the playlist has brought nothing new for {} s", changed.elapsed().as_secs()),
                    )
                };
                return Err(trouble.unwrap_or_else(stale));
            }
            tokio::time::sleep_until(asked + wait.mul_f32(0.9 + 0.2 * rand::random::<f32>())).await;
        }
    }

    async fn reload(&mut self) -> Result<MediaPlaylist, Ended> {
        let refused = |end: &Ended| matches!(end.reason, Reason::Auth | Reason::NotFound);
        let mut result = load(&self.ingest.0.outbound, &self.request(&self.current)).await;
        if result.as_ref().is_err_and(refused) && self.current != self.original {
            result = load(&self.ingest.0.outbound, &self.request(&self.original)).await;
        }
        if result.as_ref().is_err_and(refused) && self.rendition != Rendition::Only {
            self.original = self.named_anew().await?;
            result = load(&self.ingest.0.outbound, &self.request(&self.original)).await;
        }
        let (current, playlist) = result?;
        self.current = current;
        Ok(playlist)
    }

    /// The rendition's address as the list of variants names it now.
    async fn named_anew(&self) -> Result<String, Ended> {
        let fetched = self.ingest.0.outbound.get(&self.request(&self.source.url)).await?;
        let url = fetched.url.clone();
        let Playlist::MasterPlaylist(master) = parse(&fetched.bytes(PLAYLIST_LIMIT).await?)? else {
            return Err(ended(Reason::NotMedia, "the list of variants has become something else"));
        };
        let choice = choose(&master)?;
        let uri = if self.rendition == Rendition::Sound { choice.audio } else { Some(choice.uri) };
        join(&url, &uri.unwrap_or_default())
    }

    fn request(&self, url: &str) -> Get {
        self.ingest.request(&self.source, url)
    }

    async fn deliver(&mut self, segment: &Planned, kind: Kind, sink: &mut Sink) -> Outcome {
        self.boundary |= segment.boundary;
        if segment.gap {
            self.boundary = true;
            return Ok(());
        }
        let mut sent = 0;
        let mut tries = 0;
        let failure = loop {
            let end = match self.segment(segment, kind, sink, &mut sent).await {
                Ok(()) => {
                    self.lost = 0;
                    return Ok(());
                }
                Err(Failed::Sink(end)) => return Err(end),
                Err(Failed::Fetch(end)) => end,
            };
            let most = match end.reason {
                Reason::NotFound => MISSING_TRIES,
                Reason::Network | Reason::Stalled => RETRIES.len(),
                Reason::Auth | Reason::NotMedia => 0,
                _ => return Err(end),
            };
            if tries >= most {
                break end;
            }
            tokio::time::sleep(RETRIES[tries]).await;
            tries += 1;
        };
        tracing::debug!(sequence = segment.sequence, detail = %failure.detail, "HLS segment skipped");
        self.boundary = true;
        self.lost += 1;
        if self.lost >= LOST_IN_A_ROW { Err(failure) } else { Ok(()) }
    }

    /// Fetches a segment and passes it on, without the `sent` bytes that an earlier try has passed on.
    async fn segment(
        &mut self,
        segment: &Planned,
        kind: Kind,
        sink: &mut Sink,
        sent: &mut usize,
    ) -> Result<(), Failed> {
        if *sent == 0 {
            self.introduce(segment, kind, sink).await?;
        }
        let mut fetched = self.fetch(&segment.uri, segment.range).await?;
        if let Some(key) = &segment.key {
            let sealed = fetched.bytes(self.ingest.0.options.max_segment).await?;
            let plain = self.unseal(key, segment.sequence, &sealed).await.map_err(Failed::Fetch)?;
            self.pass(plain, kind, sink).await.map_err(Failed::Sink)?;
            return Ok(());
        }
        let mut whole = 0;
        while let Some(piece) = fetched.chunk().await? {
            if whole == 0 {
                check(fetched.content_type(), &piece).map_err(Failed::Fetch)?;
            }
            let known = sent.saturating_sub(whole).min(piece.len());
            whole += piece.len();
            if whole > self.ingest.0.options.max_segment {
                return Err(Failed::Fetch(ended(Reason::NotMedia, "a segment is too long")));
            }
            self.pass(piece.slice(known..), kind, sink).await.map_err(Failed::Sink)?;
            *sent = whole.max(*sent);
        }
        Ok(())
    }

    /// What goes before a segment: a boundary where it does not continue, and its initialisation where that is new.
    async fn introduce(&mut self, segment: &Planned, kind: Kind, sink: &mut Sink) -> Result<(), Failed> {
        let initialised = segment.map == self.map;
        if self.begun && (self.boundary || !initialised) {
            sink.boundary().await.map_err(Failed::Sink)?;
            self.map = None;
        }
        self.boundary = false;
        if let Some(map) = segment.map.as_ref().filter(|map| self.map.as_ref() != Some(*map)) {
            let range = map.byte_range.as_ref().map(|range| (range.offset.unwrap_or(0), range.length));
            let bytes = self.fetch(&map.uri, range).await?.bytes(self.ingest.0.options.max_segment).await?;
            let plain = match segment.key.as_ref().filter(|key| key.iv.is_some()) {
                Some(key) => self.unseal(key, segment.sequence, &bytes).await.map_err(Failed::Fetch)?,
                None => bytes,
            };
            self.pass(plain, kind, sink).await.map_err(Failed::Sink)?;
            self.map = Some(map.clone());
        }
        Ok(())
    }

    async fn pass(&mut self, bytes: Bytes, kind: Kind, sink: &mut Sink) -> Outcome {
        self.begun = true;
        sink.opened(kind, Some(self.target)).await?;
        sink.data(bytes).await
    }

    async fn fetch(&self, uri: &str, range: Option<(u64, u64)>) -> Result<Fetched, Failed> {
        let url = join(&self.current, uri).map_err(Failed::Fetch)?;
        let mut get = self.request(&url);
        if let Some((start, length)) = range {
            let last = start.saturating_add(length).saturating_sub(1);
            get.headers.push(("Range".to_owned(), format!("bytes={start}-{last}")));
        }
        let fetched = self.ingest.0.outbound.get(&get).await?;
        if range.is_some() && fetched.status != 206 {
            return Err(Failed::Fetch(ended(
                Reason::Unsupported,
                "the server does not give byte ranges, which the playlist asks for",
            )));
        }
        Ok(fetched)
    }

    async fn unseal(&mut self, key: &Key, sequence: u64, sealed: &[u8]) -> Result<Bytes, Ended> {
        let url = join(&self.current, cipher::key_uri(key)?)?;
        let secret = match self.keys.get(&url) {
            Some(secret) => *secret,
            None => {
                let bytes = self.ingest.0.outbound.get(&self.request(&url)).await?.bytes(1024).await?;
                let secret = <[u8; 16]>::try_from(&bytes[..]).map_err(|_| {
                    ended(Reason::Scrambled, "what came instead of the segments' key is none")
                })?;
                if self.keys.len() >= KEYS_KEPT {
                    self.keys.clear();
                }
                self.keys.insert(url, secret);
                secret
            }
        };
        cipher::decrypt(sealed, secret, cipher::vector(key, sequence)?)
    }
}

async fn load(outbound: &Outbound, get: &Get) -> Result<(String, MediaPlaylist), Ended> {
    let fetched = outbound.get(get).await?;
    let url = fetched.url.clone();
    let playlist = parse_media(&fetched.bytes(PLAYLIST_LIMIT).await?)?;
    Ok((url, playlist))
}

pub(super) fn join(base: &str, uri: &str) -> Result<String, Ended> {
    let joined = Url::parse(base).and_then(|base| base.join(uri));
    joined
        .map(String::from)
        .map_err(|_| ended(Reason::NotMedia, "the playlist names an address that can't be read"))
}

/// As the playlist says; where it says nothing, its longest segment.
fn target(playlist: &MediaPlaylist) -> Duration {
    let longest = playlist.segments.iter().map(|segment| segment.duration).fold(0.0, f32::max);
    let seconds = if playlist.target_duration > 0 { playlist.target_duration as f32 } else { longest.ceil() };
    Duration::from_secs_f32(seconds.clamp(1.0, 60.0))
}

/// Refuses pages and pictures in a segment's place.
fn check(content_type: &str, first: &[u8]) -> Outcome {
    match sniff(content_type, first, true) {
        Sniffed::NotMedia(what) if first.len() >= 188 || !first.starts_with(&[0x47]) => {
            Err(ended(Reason::NotMedia, format!("a segment is {what}")))
        }
        _ => Ok(()),
    }
}
