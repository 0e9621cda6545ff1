//! Watches a live HLS stream as a strict client would, and writes down every breach of RFC 8216.
//!
//! It polls the media playlist every 200 ms, fetches every segment once, and comes back for removed ones at the
//! last moment at which they must still be there.

use super::playlist::{self, Media, Playlist, Segment};
pub use super::report::{Report, Rules};
use super::ts::Analyser;
use crate::http1::{Answer, Connection, Peer, Url, get_from};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A frame at 25 a second, and rounding.
const FRAME: f64 = 0.045;

/// A validator at work in the background.
pub struct Validator {
    task: JoinHandle<Report>,
    stop: watch::Sender<bool>,
    outage: Arc<AtomicBool>,
    clocks: Arc<AtomicUsize>,
    progress: watch::Receiver<(usize, Option<u64>)>,
    last_words: Arc<Mutex<String>>,
}

impl Validator {
    /// Begins to watch; `url` may be a multivariant playlist (the first variant is taken).
    pub fn start(url: &str, rules: Rules) -> Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let outage = Arc::new(AtomicBool::new(false));
        let (told, progress) = watch::channel((0, None));
        let mut watcher = Watcher::new(Url::parse(url)?, rules, outage.clone(), told);
        let (last_words, clocks) = (watcher.last_words.clone(), watcher.clocks.clone());
        let task = tokio::spawn(async move {
            watcher.run(stopped).await;
            watcher.finish()
        });
        Ok(Self { task, stop, outage, clocks, progress, last_words })
    }

    /// While set, the playlist may be unreachable (the test has killed the server).
    pub fn expect_outage(&self, expected: bool) {
        self.outage.store(expected, Ordering::Relaxed);
    }

    /// Another channel follows, once: its clock may be behind.
    pub fn expect_another_clock(&self) {
        self.clocks.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until so many segments were fetched in all.
    pub async fn segments(&mut self, wanted: usize, patience: Duration) -> Result<()> {
        let reached = self.progress.wait_for(|(n, _)| *n >= wanted);
        let seen = tokio::time::timeout(patience, reached).await.map(|r| r.map(drop));
        match seen {
            Ok(Ok(())) => Ok(()),
            _ => {
                let last = self.last_words.lock().unwrap_or_else(PoisonError::into_inner).clone();
                bail!("{} segments of {wanted} after {patience:?}; {last}", self.progress.borrow().0)
            }
        }
    }

    /// Segments fetched so far.
    pub fn fetched(&self) -> usize {
        self.progress.borrow().0
    }

    /// The last media sequence number seen.
    pub fn last_sequence(&self) -> Option<u64> {
        self.progress.borrow().1
    }

    /// Ends it.
    pub async fn stop(self) -> Result<Report> {
        self.stop.send(true).ok();
        self.task.await.context("the validator failed")
    }
}

/// Watches for so long.
pub async fn watch_for(url: &str, span: Duration, rules: Rules) -> Result<Report> {
    let validator = Validator::start(url, rules)?;
    tokio::time::sleep(span).await;
    validator.stop().await
}

struct Removed {
    due: Instant,
    url: Url,
    what: String,
}

struct Watcher {
    entry: Url,
    media: Option<Url>,
    connection: Option<Connection>,
    rules: Rules,
    outage: Arc<AtomicBool>,
    told: watch::Sender<(usize, Option<u64>)>,
    began: Instant,
    report: Report,
    known: BTreeMap<u64, (Segment, Instant)>,
    last: Option<Media>,
    last_change: Option<Instant>,
    late_told: bool,
    warm: bool,
    removed: Vec<Removed>,
    longest_playlist: f64,
    stretch: Option<Analyser>,
    /// The last fetched segment: its number, first decode time, EXTINF, whether it has a picture.
    previous: Option<(Segment, i64, bool)>,
    /// The latest decode times so far: of pictures, of sound.
    latest: [Option<i64>; 2],
    /// So many times another channel's clock may come.
    clocks: Arc<AtomicUsize>,
    out_since: Option<Instant>,
    was_out: bool,
    /// The last violation or refusal, for whoever waits in vain.
    last_words: Arc<Mutex<String>>,
}

impl Watcher {
    fn new(
        entry: Url,
        rules: Rules,
        outage: Arc<AtomicBool>,
        told: watch::Sender<(usize, Option<u64>)>,
    ) -> Self {
        Self {
            entry,
            media: None,
            connection: None,
            rules,
            outage,
            told,
            began: Instant::now(),
            report: Report::default(),
            known: BTreeMap::new(),
            last: None,
            last_change: None,
            late_told: false,
            warm: false,
            removed: Vec::new(),
            longest_playlist: 0.0,
            stretch: None,
            previous: None,
            latest: [None; 2],
            clocks: Arc::default(),
            out_since: None,
            was_out: false,
            last_words: Arc::default(),
        }
    }

    fn say(&self, what: &str) {
        what.clone_into(&mut self.last_words.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn wrong(&mut self, what: impl AsRef<str>) {
        self.say(what.as_ref());
        if self.report.violations.len() < 200 {
            let at = self.began.elapsed().as_secs_f64();
            self.report.violations.push(format!("{at:7.2} s: {}", what.as_ref()));
        }
    }

    fn note(&mut self, what: impl AsRef<str>) {
        if self.report.notes.len() < 200 {
            let at = self.began.elapsed().as_secs_f64();
            self.report.notes.push(format!("{at:7.2} s: {}", what.as_ref()));
        }
    }

    async fn run(&mut self, mut stopped: watch::Receiver<bool>) {
        let mut next = Instant::now();
        while !*stopped.borrow() {
            self.poll().await;
            self.revisit().await;
            next += self.rules.every;
            let now = Instant::now();
            if next < now {
                next = now;
            }
            tokio::select! {
                () = tokio::time::sleep_until(next.into()) => {}
                _ = stopped.changed() => {}
            }
        }
    }

    async fn get(&mut self, url: &Url) -> Result<Answer> {
        // One connection is kept, as players do; a fresh one when it broke.
        for attempt in 0..2 {
            let mut connection = match self.connection.take() {
                Some(connection) if attempt == 0 && connection.reusable() => connection,
                _ => Connection::open(&Peer::Tcp(url.peer)).await?,
            };
            let agent = format!("User-Agent: {}", self.rules.user_agent);
            let exchange = async {
                let head = connection.request("GET", &url.target, &[&agent], b"").await?;
                let body = connection.body().await?;
                anyhow::Ok(Answer { head, body })
            };
            match tokio::time::timeout(Duration::from_secs(12), exchange).await {
                Ok(Ok(answer)) => {
                    self.connection = Some(connection);
                    return Ok(answer);
                }
                Ok(Err(error)) if attempt == 1 => return Err(error),
                Ok(Err(_)) => {}
                Err(_) => bail!("no answer in 12 s"),
            }
        }
        bail!("unreachable")
    }

    /// The media playlist's text.
    async fn fetch(&mut self) -> Result<String> {
        if let Some(url) = self.media.clone() {
            return Ok(self.get(&url).await?.ok()?.text());
        }
        let agent = format!("User-Agent: {}", self.rules.user_agent);
        let (url, answer) = get_from(&self.entry.clone(), &[&agent]).await?;
        let text = answer.ok()?.text();
        if let Playlist::Multivariant(uris) = playlist::parse(&text)? {
            let url = url.join(&uris[0])?;
            let text = self.get(&url).await?.ok()?.text();
            self.media = Some(url);
            return Ok(text);
        }
        self.media = Some(url);
        Ok(text)
    }

    async fn poll(&mut self) {
        self.report.polls += 1;
        let asked = Instant::now();
        let media = match self.fetch().await {
            Ok(text) => match playlist::parse(&text) {
                Ok(Playlist::Media(media)) => media,
                Ok(Playlist::Multivariant(_)) => {
                    return self.wrong("a multivariant playlist names another one");
                }
                Err(error) => return self.wrong(format!("playlist: {error:#}")),
            },
            Err(error) => return self.unreachable(&error),
        };
        if asked.elapsed() > Duration::from_secs(1) && self.last.is_some() {
            self.note(format!("the playlist took {:.2} s", asked.elapsed().as_secs_f64()));
        }
        if let Some(since) = self.out_since.take() {
            let began = since.duration_since(self.began).as_secs_f64();
            self.report.outages.push((began, self.began.elapsed().as_secs_f64()));
            self.was_out = true;
            self.latest = [None; 2];
            self.last_change = Some(Instant::now());
            self.removed.clear();
        }
        if self.outage.load(Ordering::Relaxed) {
            // It may have died and come back between two polls.
            self.was_out = true;
            self.latest = [None; 2];
            self.removed.clear();
        }
        self.timeliness(&media);
        if self.last.as_ref().is_none_or(|last| last.segments != media.segments) {
            self.version(&media).await;
        }
        if self.last.as_ref() != Some(&media) {
            self.last = Some(media);
        }
    }

    fn unreachable(&mut self, error: &anyhow::Error) {
        self.say(&format!("{error:#}"));
        let warming = self.last.is_none() && self.began.elapsed() < self.rules.warm_up;
        if warming {
            return;
        }
        self.out_since.get_or_insert_with(Instant::now);
        if !self.outage.load(Ordering::Relaxed) {
            self.wrong(format!("no playlist: {error:#}"));
        }
    }

    /// A new version in time.
    fn timeliness(&mut self, media: &Media) {
        let changed = self.last.as_ref().is_none_or(|last| last.segments != media.segments);
        let Some(since) = self.last_change else {
            self.last_change = Some(Instant::now());
            return;
        };
        let waited = since.elapsed().as_secs_f64();
        let allowed = 1.5 * media.target as f64 + self.rules.every.as_secs_f64() + 0.1;
        if waited > allowed && !self.late_told {
            self.late_told = true;
            self.wrong(format!("no new version for {waited:.2} s, target duration {}", media.target));
        }
        if changed {
            self.report.longest_wait = self.report.longest_wait.max(waited);
            self.last_change = Some(Instant::now());
            self.late_told = false;
        }
    }

    async fn version(&mut self, media: &Media) {
        self.report.versions += 1;
        let target = media.target;
        if self.report.target == 0 {
            self.report.target = target;
        } else if self.report.target != target {
            self.wrong(format!("target duration changed from {} to {target}", self.report.target));
            self.report.target = target;
        }
        if media.ended {
            self.wrong("EXT-X-ENDLIST in a live playlist");
        }
        for segment in &media.segments {
            if segment.duration.round() as u64 > target {
                self.wrong(format!(
                    "segment {}: {:.3} s, target {target}",
                    segment.sequence, segment.duration
                ));
            }
            if self.rules.dates && segment.date.is_none() {
                self.wrong(format!("segment {} has no date", segment.sequence));
            }
        }
        if let Some(last) = &self.last {
            if media.sequence < last.sequence {
                let what = format!("media sequence goes back from {} to {}", last.sequence, media.sequence);
                self.wrong(what);
            } else if media.discontinuity_sequence < last.discontinuity_sequence {
                let what = format!(
                    "discontinuity sequence goes back from {} to {}",
                    last.discontinuity_sequence, media.discontinuity_sequence
                );
                self.wrong(what);
            }
        }
        self.warmth(media);
        self.longest_playlist = self.longest_playlist.max(media.listed());
        self.removals(media);
        for segment in &media.segments {
            match self.known.get(&segment.sequence).map(|(known, _)| known.clone()) {
                Some(known) => self.same(&known, segment),
                None => self.fresh(media, segment).await,
            }
        }
        self.was_out = false;
        let ends = (media.sequence, media.sequence + (media.segments.len() as u64).saturating_sub(1));
        let first = self.report.sequences.map_or(ends.0, |s| s.0);
        self.report.sequences = Some((first, ends.1));
        let first = self.report.discontinuity_sequences.map_or(media.discontinuity_sequence, |s| s.0);
        self.report.discontinuity_sequences = Some((first, media.discontinuity_sequence));
        self.told.send((self.report.segments, Some(ends.1))).ok();
    }

    fn warmth(&mut self, media: &Media) {
        let enough = media.listed() >= 3.0 * media.target as f64 - 0.01;
        if enough {
            self.warm = true;
        } else if self.was_out {
            // A fresh process begins with what it has.
            self.warm = false;
        } else if self.warm {
            self.wrong(format!("only {:.2} s listed, target duration {}", media.listed(), media.target));
        }
        if self.report.first_playlist.is_none() && !media.segments.is_empty() {
            self.report.first_playlist = Some(self.began.elapsed().as_secs_f64());
        }
    }

    fn same(&mut self, known: &Segment, now: &Segment) {
        if known.uri != now.uri || known.duration != now.duration {
            self.wrong(format!("segment {} changed: {known:?} to {now:?}", now.sequence));
        }
        if known.discontinuity_sequence != now.discontinuity_sequence {
            self.wrong(format!(
                "segment {}: discontinuity sequence {} became {}",
                now.sequence, known.discontinuity_sequence, now.discontinuity_sequence
            ));
        }
        if let (Some(a), Some(b)) = (known.date, now.date)
            && (a - b).abs() > 0.001
        {
            self.wrong(format!("segment {}: its date changed by {:.3} s", now.sequence, b - a));
        }
        let renewed = (now.clone(), Instant::now());
        self.known.insert(now.sequence, renewed);
    }

    /// Segments that the list no longer has must stay for their duration plus the longest playlist's.
    fn removals(&mut self, media: &Media) {
        let Some(last) = &self.last else { return };
        let gone: Vec<Segment> =
            last.segments.iter().filter(|s| s.sequence < media.sequence).cloned().collect();
        if self.was_out || !self.rules.removed {
            return;
        }
        for segment in gone {
            let stays = segment.duration + self.longest_playlist;
            let Some(Ok(url)) = self.media.as_ref().map(|m| m.join(&segment.uri)) else { continue };
            let due = Instant::now() + Duration::from_secs_f64((stays - 0.5).max(0.0));
            let what = format!("segment {} vanished within {stays:.1} s of its removal", segment.sequence);
            self.removed.push(Removed { due, url, what });
        }
    }

    async fn revisit(&mut self) {
        let now = Instant::now();
        let (due, rest) = std::mem::take(&mut self.removed).into_iter().partition(|r| r.due <= now);
        self.removed = rest;
        let due: Vec<Removed> = due;
        for removed in due {
            match self.get(&removed.url).await {
                Ok(answer) if answer.status() == 200 => {}
                // A new process knows nothing of it.
                _ if self.outage.load(Ordering::Relaxed) => {}
                Ok(answer) => self.wrong(format!("{}: {}", removed.what, answer.status())),
                Err(error) => self.wrong(format!("{}: {error:#}", removed.what)),
            }
        }
    }

    async fn fresh(&mut self, media: &Media, segment: &Segment) {
        let newest = self.known.last_key_value().map(|(n, (s, _))| (*n, s.discontinuity_sequence));
        if let Some((newest, discontinuities)) = newest {
            if segment.sequence < newest {
                self.wrong(format!("segment {} appears after {newest}", segment.sequence));
            } else if segment.sequence > newest + 1 {
                if !self.was_out && !self.rules.skips {
                    self.wrong(format!(
                        "segments {} to {} were never listed",
                        newest + 1,
                        segment.sequence - 1
                    ));
                }
                if segment.discontinuity_sequence <= discontinuities && !self.rules.skips {
                    self.wrong(format!("segment {}: a gap before it and no discontinuity", segment.sequence));
                }
            }
        }
        self.known.insert(segment.sequence, (segment.clone(), Instant::now()));
        while self.known.len() > 2000 {
            self.known.pop_first();
        }
        let Some(base) = &self.media else { return };
        let url = match base.join(&segment.uri) {
            Ok(url) => url,
            Err(error) => return self.wrong(format!("segment {}: {error:#}", segment.sequence)),
        };
        match self.get(&url).await {
            Ok(answer) if answer.status() == 200 => self.content(media, segment, &answer),
            _ if self.outage.load(Ordering::Relaxed) => {}
            Ok(answer) => self.wrong(format!("segment {}: status {}", segment.sequence, answer.status())),
            Err(error) => self.wrong(format!("segment {}: {error:#}", segment.sequence)),
        }
    }

    fn content(&mut self, media: &Media, segment: &Segment, answer: &Answer) {
        let number = segment.sequence;
        self.report.segments += 1;
        self.report.media_seconds += segment.duration;
        let alone = Analyser::of(&answer.body);
        if !alone.begins_with_tables() {
            self.wrong(format!(
                "segment {number} does not begin with PAT and PMT: PIDs {:x?}",
                alone.first_pids
            ));
        }
        for what in alone.violations.iter().filter(|v| v.contains("at the end")) {
            self.wrong(format!("segment {number}: {what}"));
        }
        let continues = self.previous.as_ref().is_some_and(|(before, ..)| {
            before.sequence + 1 == number && before.discontinuity_sequence == segment.discontinuity_sequence
        });
        if !continues {
            self.report.discontinuities += usize::from(self.previous.is_some());
            self.end_stretch();
        }
        let stretch = self.stretch.get_or_insert_with(Analyser::new);
        stretch.push(&answer.body);
        let found = std::mem::take(&mut stretch.violations);
        for what in found {
            self.wrong(format!("segment {number}: {what}"));
        }
        let picture = alone.video().next().is_some();
        if media.independent && picture && !alone.video().next().is_some_and(|u| u.key) {
            self.wrong(format!(
                "segment {number} does not begin with a keyframe, yet EXT-X-INDEPENDENT-SEGMENTS"
            ));
        }
        let Some(first) = (if picture { alone.video().next() } else { alone.audio().next() }) else {
            return self.wrong(format!("segment {number} has no media"));
        };
        let start = first.dts;
        if self.rules.one_clock {
            self.clock(number, &alone);
        }
        if let Some((before, began, had_picture)) = self.previous.take().filter(|_| continues) {
            let real = crate::ts::difference(start, began) as f64 / 90_000.0;
            if had_picture == picture && (real - before.duration).abs() > FRAME {
                self.wrong(format!(
                    "segment {}: says {:.3} s, is {real:.3} s",
                    before.sequence, before.duration
                ));
            }
            if let (Some(a), Some(b)) = (before.date, segment.date)
                && (b - a - before.duration).abs() > FRAME
            {
                self.wrong(format!(
                    "segment {number}: its date is {:.3} s on, the media {:.3} s",
                    b - a,
                    before.duration
                ));
            }
        }
        self.previous = Some((segment.clone(), start, picture));
    }

    /// Decode times go on over discontinuities, but where another channel's follow.
    fn clock(&mut self, number: u64, alone: &Analyser) {
        let kinds = [("picture", true), ("sound", false)];
        let mut went_back = None;
        for ((name, video), latest) in kinds.into_iter().zip(&mut self.latest) {
            let mut times = alone.units.iter().filter(|unit| unit.video == video).map(|unit| unit.dts);
            let Some(first) = times.next() else { continue };
            let back = latest.map_or(0, |latest| crate::ts::difference(latest, first));
            if latest.is_some() && back >= 0 && went_back.is_none() {
                went_back = Some((name, back));
            }
            *latest =
                Some(times.fold(
                    first,
                    |latest, dts| {
                        if crate::ts::difference(dts, latest) > 0 { dts } else { latest }
                    },
                ));
        }
        let Some((name, back)) = went_back else { return };
        let take = |n: usize| n.checked_sub(1);
        if self.clocks.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
            let back = back as f64 / 90_000.0;
            self.wrong(format!("segment {number}: the {name}'s decode time goes back by {back:.3} s"));
        }
    }

    fn end_stretch(&mut self) {
        if let Some(mut stretch) = self.stretch.take() {
            stretch.finish();
            self.report.stretches.push(stretch);
        }
    }

    fn finish(&mut self) -> Report {
        self.end_stretch();
        if self.report.segments == 0 {
            self.wrong("no segment was ever listed");
        }
        std::mem::take(&mut self.report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hell::{Answer, Behaviour, ChannelSpec, Hell, HellOptions};

    async fn watch(change: impl FnOnce(&mut Behaviour), seconds: u64) -> Report {
        let mut spec = ChannelSpec::default();
        spec.behaviour.hls_segment = 2.0;
        let mut rules = Rules { dates: false, ..Rules::default() };
        rules.warm_up = Duration::ZERO;
        let hell = Hell::start(HellOptions::channels([spec])).await.unwrap();
        let validator = Validator::start(&hell.media_url("1", "m3u8"), rules).unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        hell.channel("1").set(change).await.unwrap();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        validator.stop().await.unwrap()
    }

    #[tokio::test]
    async fn a_good_stream_is_good() {
        let report = watch(|_| {}, 9).await;
        // Hell keeps removed segments for 12 s, the rule wants 14 s; nine seconds are too short to see that.
        report.clean().unwrap();
        assert!(report.segments >= 9 && report.versions >= 5, "{}", report.summary());
    }

    type Fault = (fn(&mut Behaviour), &'static str);

    #[tokio::test]
    async fn faults_are_found() {
        let faults: [Fault; 7] = [
            (|b| b.hls_resets = 1, "goes back"),
            (|b| b.loss = 50, "continuity"),
            (|b| b.hls_frozen = true, "no new version"),
            (|b| b.hls_missing = 2, "status 404"),
            (|b| b.hls_segment = 6.0, "target"),
            (|b| b.hls_window = 2, "only"),
            (|b| b.answer = Answer::Status(503), "no playlist"),
        ];
        let tasks = faults.map(|(change, word)| tokio::spawn(async move { (watch(change, 7).await, word) }));
        for task in tasks {
            let (report, word) = task.await.unwrap();
            assert!(report.violations.iter().any(|v| v.contains(word)), "{word}: {:?}", report.violations);
        }
    }
}
