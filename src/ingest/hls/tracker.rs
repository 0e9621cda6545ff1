//! Which segments of a live playlist are new. Pure.
//!
//! Followed by media sequence; the addresses of what was taken lately tell a playlist that is merely old (another
//! server behind the same name) from one whose numbering began anew.

use m3u8_rs::{Key, KeyMethod, Map, MediaPlaylist};
use std::collections::VecDeque;

/// A live stream is begun this many segments from the edge (RFC 8216, 6.3.3).
const FROM_EDGE: usize = 3;
/// Remembered addresses.
const REMEMBERED: usize = 64;

/// A segment to fetch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planned {
    pub(super) sequence: u64,
    pub(super) uri: String,
    pub(super) seconds: f32,
    /// First byte and length within the resource.
    pub(super) range: Option<(u64, u64)>,
    pub(super) key: Option<Key>,
    pub(super) map: Option<Map>,
    /// What follows does not continue what came before: marked so, lost in between, or numbered anew.
    pub(super) boundary: bool,
    /// Listed, but said to be missing.
    pub(super) gap: bool,
}

/// Remembers what was taken.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    next: Option<u64>,
    taken: VecDeque<(u64, String)>,
}

impl Tracker {
    /// The segments of a freshly loaded playlist that were not taken yet; they count as taken now.
    pub(super) fn take(&mut self, playlist: &MediaPlaylist) -> Vec<Planned> {
        let planned = plan(playlist);
        let count = planned.len();
        let first = first_sequence(playlist);
        let end = first + count as u64;
        let (skip, lost) = match self.next {
            None if playlist.end_list => (0, false),
            None => (count.saturating_sub(FROM_EDGE), false),
            Some(next) if next < first => (0, true),
            Some(next) if next <= end && self.agrees(&planned) => ((next - first) as usize, false),
            // The edge of another server, which is behind.
            Some(_) if self.agrees(&planned) => (count, false),
            Some(_) => match self.last_known(&planned) {
                Some(position) => (position + 1, false),
                None => (count.saturating_sub(FROM_EDGE), true),
            },
        };
        let begun = self.next.is_some();
        if skip < count || self.next.is_none() {
            self.next = Some(end);
        }
        let mut fresh: Vec<Planned> = planned.into_iter().skip(skip).collect();
        if let Some(first) = fresh.first_mut() {
            first.boundary = begun && (first.boundary || lost);
        }
        for segment in &fresh {
            if self.taken.len() == REMEMBERED {
                self.taken.pop_front();
            }
            self.taken.push_back((segment.sequence, path(&segment.uri).to_owned()));
        }
        fresh
    }

    /// No segment that both know has another address.
    fn agrees(&self, planned: &[Planned]) -> bool {
        let mut common = planned.iter().filter_map(|segment| {
            let (_, known) = self.taken.iter().rev().find(|(sequence, _)| *sequence == segment.sequence)?;
            Some(known == path(&segment.uri))
        });
        match common.next() {
            // Nothing in common: fine for what lies ahead, not for what lies behind.
            None => planned.last().is_none_or(|last| self.next.is_some_and(|next| last.sequence + 1 >= next)),
            Some(first) => first && common.all(|same| same),
        }
    }

    /// Where the last segment that was taken stands in a renumbered playlist.
    fn last_known(&self, planned: &[Planned]) -> Option<usize> {
        let (_, last) = self.taken.back()?;
        planned.iter().rposition(|segment| path(&segment.uri) == last)
    }
}

/// Numbers beyond any that a stream can reach are a fault of the server, and leave no room to count on.
fn first_sequence(playlist: &MediaPlaylist) -> u64 {
    playlist.media_sequence.min(u64::MAX >> 1)
}

/// The address without its query: tokens change from load to load.
fn path(uri: &str) -> &str {
    uri.split('?').next().unwrap_or(uri)
}

/// Numbers the segments; keys and maps count until the next one (RFC 8216, 4.3.2.4 and 4.3.2.5).
fn plan(playlist: &MediaPlaylist) -> Vec<Planned> {
    let (mut key, mut map): (Option<Key>, Option<Map>) = (None, None);
    let mut range_end: (String, u64) = (String::new(), 0);
    let mut planned = Vec::with_capacity(playlist.segments.len());
    for (index, segment) in playlist.segments.iter().enumerate() {
        if let Some(new) = &segment.key {
            key = (new.method != KeyMethod::None).then(|| new.clone());
        }
        if segment.map.is_some() {
            map.clone_from(&segment.map);
        }
        let range = segment.byte_range.as_ref().map(|range| {
            let follows = if range_end.0 == segment.uri { range_end.1 } else { 0 };
            (range.offset.unwrap_or(follows), range.length)
        });
        if let Some((start, length)) = range {
            range_end = (segment.uri.clone(), start.saturating_add(length));
        }
        planned.push(Planned {
            sequence: first_sequence(playlist) + index as u64,
            uri: segment.uri.clone(),
            seconds: if segment.duration.is_finite() { segment.duration } else { 0.0 },
            range,
            key: key.clone(),
            map: map.clone(),
            boundary: segment.discontinuity,
            gap: segment.unknown_tags.iter().any(|tag| tag.tag == "X-GAP"),
        });
    }
    planned
}

#[cfg(test)]
mod tests {
    use super::super::playlist::parse_media;
    use super::{Planned, Tracker};

    fn load(tracker: &mut Tracker, sequence: u64, lines: &str) -> Vec<Planned> {
        let mut text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:{sequence}\n");
        for word in lines.split_whitespace() {
            match word {
                "!" => text.push_str("#EXT-X-DISCONTINUITY\n"),
                "." => text.push_str("#EXT-X-ENDLIST\n"),
                tag if tag.starts_with('#') => text.push_str(&format!("{tag}\n")),
                uri => text.push_str(&format!("#EXTINF:2,\n{uri}\n")),
            }
        }
        tracker.take(&parse_media(text.as_bytes()).expect("playlist"))
    }

    /// Addresses, with `|` before what does not continue.
    fn names(planned: &[Planned]) -> String {
        planned
            .iter()
            .map(|p| format!("{}{}", if p.boundary { "|" } else { "" }, p.uri))
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn run(loads: &[(u64, &str, &str)]) {
        let mut tracker = Tracker::default();
        for (sequence, lines, expected) in loads {
            assert_eq!(names(&load(&mut tracker, *sequence, lines)), *expected, "{sequence}: {lines}");
        }
    }

    #[test]
    fn begins_three_from_the_edge_and_follows() {
        run(&[
            (10, "a b c d e", "c d e"),
            (10, "a b c d e", ""),
            (12, "c d e f g", "f g"),
            (13, "d e f g h", "h"),
        ]);
    }

    #[test]
    fn a_recording_is_played_from_its_beginning() {
        run(&[(0, "a b c d e .", "a b c d e"), (0, "a b c d e .", "")]);
    }

    #[test]
    fn marks_and_losses_are_boundaries() {
        run(&[(1, "a b c", "a b c"), (2, "b c ! d e", "|d e"), (9, "x y", "|x y")]);
        // A mark before the first segment of all separates nothing.
        run(&[(1, "! a b", "a b"), (2, "b ! c", "|c")]);
    }

    #[test]
    fn numbers_beyond_all_reason_are_borne() {
        let mut tracker = Tracker::default();
        assert_eq!(names(&load(&mut tracker, u64::MAX, "a b c d")), "b c d");
        assert_eq!(names(&load(&mut tracker, u64::MAX, "a b c d e")), "e");
    }

    #[test]
    fn an_old_playlist_brings_nothing_and_a_renumbered_one_goes_on() {
        run(&[(5, "a b c d", "b c d"), (4, "z a b c", ""), (6, "b c d e", "e")]);
        run(&[(5, "a b c d", "b c d"), (0, "c d e", "e"), (1, "d e f", "f")]);
        run(&[(500, "a b c d", "b c d"), (0, "p q r s", "|q r s"), (1, "q r s t", "t")]);
        run(&[(5, "a b c d", "b c d"), (6, "p q r s", "|q r s")]);
    }

    #[test]
    fn tokens_in_queries_do_not_make_segments_new() {
        run(&[(5, "a?t=1 b?t=1 c?t=1", "a?t=1 b?t=1 c?t=1"), (6, "b?t=2 c?t=2 d?t=2", "d?t=2")]);
    }

    #[test]
    fn keys_maps_ranges_and_gaps() {
        let mut tracker = Tracker::default();
        let planned = load(
            &mut tracker,
            1,
            "#EXT-X-MAP:URI=\"i.mp4\" #EXT-X-KEY:METHOD=AES-128,URI=\"k\" #EXT-X-BYTERANGE:10@5 a #EXT-X-BYTERANGE:7 a \
             #EXT-X-KEY:METHOD=NONE #EXT-X-GAP b",
        );
        assert_eq!(
            (planned[0].range, planned[1].range, planned[2].range),
            (Some((5, 10)), Some((15, 7)), None)
        );
        assert!(planned[1].key.is_some() && planned[2].key.is_none());
        assert!(planned.iter().all(|p| p.map.as_ref().is_some_and(|map| map.uri == "i.mp4")));
        assert_eq!(planned.iter().map(|p| p.gap).collect::<Vec<_>>(), [false, false, true]);
    }
}
