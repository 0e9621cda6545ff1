//! A live media playlist (RFC 8216, section 6.2.2): a window that moves over segments.

use super::segment::Segment;
use crate::ts::MediaTime;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;
use std::time::SystemTime;

/// Pure: segments in, text out.
#[derive(Debug)]
pub(super) struct Playlist {
    /// `EXT-X-TARGETDURATION`, seconds; constant for the programme's life.
    target: u32,
    /// At least this much is listed once there is so much.
    window: MediaTime,
    segments: VecDeque<Arc<Segment>>,
    media_sequence: u64,
    discontinuity_sequence: u64,
    listed: MediaTime,
}

impl Playlist {
    pub(super) fn new(
        target: u32,
        window: MediaTime,
        media_sequence: u64,
        discontinuity_sequence: u64,
    ) -> Self {
        // RFC 8216, 6.2.2: no segment is removed while less than three target durations would remain.
        let least = MediaTime(3 * i64::from(target) * MediaTime::HZ);
        Self {
            target,
            window: window.max(least),
            segments: VecDeque::new(),
            media_sequence,
            discontinuity_sequence,
            listed: MediaTime::ZERO,
        }
    }

    /// Appends a segment; gives those that leave.
    pub(super) fn push(&mut self, segment: Arc<Segment>) -> Vec<Arc<Segment>> {
        self.listed = self.listed + segment.duration;
        self.segments.push_back(segment);
        let mut removed = Vec::new();
        while let Some(oldest) =
            self.segments.pop_front_if(|oldest| self.listed - oldest.duration >= self.window)
        {
            self.listed = self.listed - oldest.duration;
            self.media_sequence += 1;
            self.discontinuity_sequence += u64::from(oldest.discontinuity);
            removed.push(oldest);
        }
        removed
    }

    /// Takes all segments away; the numbers go on behind them.
    pub(super) fn clear(&mut self) -> Vec<Arc<Segment>> {
        self.discontinuity_sequence = self.next_discontinuity();
        self.media_sequence = self.next_sequence();
        self.listed = MediaTime::ZERO;
        self.segments.drain(..).collect()
    }

    /// Number of the next segment.
    pub(super) fn next_sequence(&self) -> u64 {
        self.media_sequence + self.segments.len() as u64
    }

    /// Number that the next discontinuity would reach.
    pub(super) fn next_discontinuity(&self) -> u64 {
        let listed = self.segments.iter().filter(|segment| segment.discontinuity).count();
        self.discontinuity_sequence + listed as u64
    }

    pub(super) fn len(&self) -> usize {
        self.segments.len()
    }

    pub(super) fn listed(&self) -> MediaTime {
        self.listed
    }

    pub(super) fn segments(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.segments.iter()
    }

    /// The largest bit rate of a listed segment, bit/s.
    pub(super) fn peak_bandwidth(&self) -> u64 {
        let rate = |segment: &Arc<Segment>| {
            let seconds = segment.duration.as_secs_f64().max(0.1);
            (segment.len as f64 * 8.0 / seconds) as u64
        };
        self.segments.iter().map(rate).max().unwrap_or(0)
    }

    /// The text, for `/live/~{session}/main.m3u8`: names are relative to it.
    pub(super) fn render(&self) -> String {
        let mut text = String::with_capacity(160 + 110 * self.segments.len());
        let Self { target, media_sequence, discontinuity_sequence, .. } = self;
        // Writing to a String can't fail.
        let _ = write!(
            text,
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:{target}\n\
             #EXT-X-MEDIA-SEQUENCE:{media_sequence}\n#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuity_sequence}\n"
        );
        for segment in &self.segments {
            if segment.discontinuity {
                text.push_str("#EXT-X-DISCONTINUITY\n");
            }
            let _ = write!(
                text,
                "#EXT-X-PROGRAM-DATE-TIME:{}\n#EXTINF:{:.5},\n../~/{}.ts\n",
                date_time(segment.program_date_time),
                segment.duration.as_secs_f64(),
                segment.name
            );
        }
        text
    }
}

/// ISO 8601 with milliseconds, UTC.
fn date_time(at: SystemTime) -> String {
    match Timestamp::try_from(at) {
        Ok(at) => format!("{at:.3}"),
        Err(_) => String::from("1970-01-01T00:00:00.000Z"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::segment::Name;
    use super::*;
    use std::time::Duration;

    fn segment(ms: i64, discontinuity: bool) -> Arc<Segment> {
        Arc::new(Segment {
            name: Name::random(),
            parts: Box::default(),
            len: 1000,
            duration: MediaTime::from_millis(ms),
            start: MediaTime::ZERO,
            discontinuity,
            program_date_time: SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_225_600_040),
        })
    }

    fn parse(playlist: &Playlist) -> m3u8_rs::MediaPlaylist {
        let text = playlist.render();
        m3u8_rs::parse_media_playlist_res(text.as_bytes()).expect("m3u8-rs reads it")
    }

    #[test]
    fn the_window_moves_and_sequences_count_what_left() {
        let mut playlist = Playlist::new(4, MediaTime::from_millis(12_000), 5000, 70);
        for n in 0..6 {
            assert!(playlist.push(segment(2000, n == 0 || n == 2)).is_empty());
        }
        assert_eq!(playlist.next_discontinuity(), 72);
        assert_eq!(playlist.push(segment(2000, false)).len(), 1);
        let text = parse(&playlist);
        assert_eq!((text.target_duration, text.media_sequence, text.segments.len()), (4, 5001, 6));
        assert_eq!(text.discontinuity_sequence, 71);
        assert_eq!(playlist.next_sequence(), 5007);
        // One long segment does not push out what three target durations need.
        assert!(playlist.push(segment(500, false)).is_empty());
        assert_eq!(playlist.push(segment(4400, false)).len(), 2);
        assert!(playlist.listed() >= MediaTime::from_millis(12_000));
    }

    #[test]
    fn the_text_is_what_players_read() {
        let mut playlist = Playlist::new(4, MediaTime::from_millis(12_000), 0, 0);
        playlist.push(segment(2002, true));
        let text = playlist.render();
        assert!(text.contains("\n#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.040Z\n#EXTINF:2.00200,\n../~/"), "{text}");
        assert!(!text.contains("ENDLIST"));
    }

    proptest::proptest! {
        #[test]
        fn three_target_durations_stay_and_numbers_only_rise(
            durations in proptest::collection::vec((100i64..4400, proptest::bool::ANY), 1..200),
        ) {
            let mut playlist = Playlist::new(4, MediaTime::ZERO, 0, 0);
            let (mut media, mut discontinuity, mut total, mut removed) = (0, 0, 0, 0);
            for (ms, tagged) in durations {
                total += ms;
                removed += playlist.push(segment(ms, tagged)).len() as u64;
                let text = parse(&playlist);
                proptest::prop_assert!(text.media_sequence >= media && text.discontinuity_sequence >= discontinuity);
                proptest::prop_assert_eq!(text.media_sequence, removed);
                let listed: f32 = text.segments.iter().map(|segment| segment.duration).sum();
                proptest::prop_assert!(f64::from(listed) + 0.01 >= (total as f64 / 1000.0).min(12.0));
                (media, discontinuity) = (text.media_sequence, text.discontinuity_sequence);
            }
        }
    }
}
