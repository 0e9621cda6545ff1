//! When complete segments are listed: at once, or one after the other where a source sends in bursts.
//!
//! RFC 8216, 6.2.2: a new version of a playlist is due every 1.5 target durations. A source that sends 10 s at once
//! would have none for 10 s.

use super::segment::Segment;
use crate::ts::MediaTime;
use std::collections::VecDeque;
use std::time::Instant;

/// More than this is not held back: sources burst up to 10 s.
const MOST_HELD: MediaTime = MediaTime::from_millis(12_000);
/// Listed at once at the beginning: players wait for them.
const FIRST: usize = 2;

/// Segments that wait to be listed. Pure.
#[derive(Debug, Default)]
pub(super) struct Pace {
    waiting: VecDeque<Segment>,
    held: MediaTime,
    /// From when on the next one may be listed.
    due: Option<Instant>,
    /// What lies before this has been shown by the wall clock.
    past: MediaTime,
}

impl Pace {
    /// Another feed follows, whose media is over up to `past`; gives what still waits.
    pub(super) fn restart(&mut self, past: MediaTime) -> Vec<Segment> {
        (self.due, self.past, self.held) = (None, past, MediaTime::ZERO);
        self.waiting.drain(..).collect()
    }

    /// A segment is complete.
    pub(super) fn push(&mut self, segment: Segment) {
        self.held = self.held + segment.duration;
        self.waiting.push_back(segment);
    }

    /// The next segment to list, where one is due; `listed` are in the playlist already.
    pub(super) fn next(&mut self, now: Instant, listed: usize) -> Option<Segment> {
        let front = self.waiting.front()?;
        let is_over = front.start + front.duration <= self.past;
        if listed >= FIRST && !is_over && self.held <= MOST_HELD && self.due.is_some_and(|due| now < due) {
            return None;
        }
        let segment = self.waiting.pop_front()?;
        self.held = self.held - segment.duration;
        // A little faster than they play, so that what was held back once does not stay behind for ever.
        self.due = Some(now + segment.duration.to_duration().mul_f64(0.75));
        Some(segment)
    }

    /// When to ask again; `None` while nothing waits.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| !self.waiting.is_empty())
    }

    /// Media that waits.
    #[cfg(test)]
    fn held(&self) -> MediaTime {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::super::segment::Name;
    use super::*;
    use std::time::{Duration, SystemTime};

    fn segment(start_ms: i64) -> Segment {
        Segment {
            name: Name::random(),
            parts: Box::default(),
            len: 0,
            duration: MediaTime::from_millis(2_000),
            start: MediaTime::from_millis(start_ms),
            discontinuity: false,
            program_date_time: SystemTime::UNIX_EPOCH,
        }
    }

    /// When, in milliseconds, each segment is listed that is complete at those times.
    fn listed(pace: &mut Pace, complete: &[u64]) -> Vec<u64> {
        let (begin, mut times, mut rest) = (Instant::now(), vec![], complete.iter().enumerate().peekable());
        for now in (0..60_000).step_by(100) {
            while let Some((n, _)) = rest.next_if(|(_, at)| **at <= now) {
                pace.push(segment(10_000 + 2_000 * n as i64));
            }
            while pace.next(begin + Duration::from_millis(now), times.len()).is_some() {
                times.push(now);
            }
        }
        assert_eq!((times.len(), pace.held(), pace.due()), (complete.len(), MediaTime::ZERO, None));
        times
    }

    #[test]
    fn a_paced_source_is_listed_at_once() {
        let complete = [2_000, 4_000, 6_100, 7_900, 10_000, 12_300, 14_000];
        assert_eq!(listed(&mut Pace::default(), &complete), complete);
    }

    #[test]
    fn a_burst_is_listed_bit_by_bit_and_in_time() {
        let complete: Vec<u64> = (0..20).map(|n| n / 5 * 10_000).collect();
        let times = listed(&mut Pace::default(), &complete);
        assert_eq!(times[..6], [0, 0, 1_500, 3_000, 4_500, 10_000]);
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= 6_000), "{times:?}");
    }

    #[test]
    fn what_is_over_and_what_is_too_much_does_not_wait() {
        let mut pace = Pace::default();
        assert!(pace.restart(MediaTime::from_millis(18_000)).is_empty());
        assert_eq!(listed(&mut pace, &[0; 6]), [0, 0, 0, 0, 1_500, 3_000]);
        assert_eq!(listed(&mut Pace::default(), &[0; 10])[..5], [0, 0, 0, 0, 1_500]);
    }

    #[test]
    fn a_switch_waits_for_nothing() {
        let mut pace = Pace::default();
        for n in 0..4 {
            pace.push(segment(n * 2_000));
        }
        let now = Instant::now();
        assert!(pace.next(now, 5).is_some() && pace.next(now, 6).is_none());
        assert_eq!(pace.restart(MediaTime::ZERO).len(), 3);
        pace.push(segment(0));
        assert!(pace.next(now, 9).is_some());
    }
}
