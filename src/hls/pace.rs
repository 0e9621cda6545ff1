//! When complete segments are listed: at once, or one after the other where a source sends in bursts.
//!
//! RFC 8216, 6.2.2: a new version of a playlist is due every 1.5 target durations. A source that sends 10 s at once
//! would have none for 10 s.

use super::segment::Segment;
use crate::ts::MediaTime;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// More than this is not held back: sources burst up to 10 s.
const MOST_HELD: MediaTime = MediaTime::from_millis(12_000);
/// Complete so soon after one another, segments came in one burst.
const TOGETHER: Duration = Duration::from_millis(500);
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
    /// The last that were complete at the same time: when, and how many.
    batch: Option<(Instant, usize)>,
}

impl Pace {
    /// Another feed follows, whose media is over up to `past`; gives what still waits.
    pub(super) fn restart(&mut self, past: MediaTime) -> Vec<Segment> {
        (self.due, self.past, self.held) = (None, past, MediaTime::ZERO);
        self.waiting.drain(..).collect()
    }

    /// A segment is complete.
    pub(super) fn push(&mut self, segment: Segment, now: Instant) {
        self.batch = Some(match self.batch {
            Some((since, count)) if now.saturating_duration_since(since) < TOGETHER => (since, count + 1),
            _ => (now, 1),
        });
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
        self.due = Some(now + segment.duration.to_duration().mul_f64(self.stretch()));
        Some(segment)
    }

    /// How long after a segment the next one is listed, in its durations.
    fn stretch(&self) -> f64 {
        let bursts = self.batch.is_some_and(|(_, count)| count > 1);
        match self.waiting.len() {
            // What is left of a burst has to last until the next one comes.
            1 if bursts => 1.25,
            2..=4 if bursts => 1.0,
            // A little faster than they play, so that what was held back once does not stay behind for ever.
            _ => 0.75,
        }
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
    use std::time::SystemTime;

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
                pace.push(segment(10_000 + 2_000 * n as i64), begin + Duration::from_millis(now));
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
        assert_eq!(times[..7], [0, 0, 2_000, 4_000, 6_500, 10_000, 12_000]);
        // The first burst may end within a segment.
        let complete: Vec<u64> = (1..20).map(|n| n / 5 * 10_000).collect();
        for times in [times, listed(&mut Pace::default(), &complete)] {
            assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= 5_500), "{times:?}");
        }
    }

    #[test]
    fn what_a_first_burst_held_back_is_caught_up_with() {
        let complete: Vec<u64> = (0..20).map(|n: u64| n.saturating_sub(4) * 2_000).collect();
        let times = listed(&mut Pace::default(), &complete);
        assert_eq!(times[19], complete[19], "{times:?}");
    }

    #[test]
    fn what_is_over_and_what_is_too_much_does_not_wait() {
        let mut pace = Pace::default();
        assert!(pace.restart(MediaTime::from_millis(18_000)).is_empty());
        assert_eq!(listed(&mut pace, &[0; 6]), [0, 0, 0, 0, 2_000, 4_500]);
        assert_eq!(listed(&mut Pace::default(), &[0; 10])[..5], [0, 0, 0, 0, 1_500]);
    }

    #[test]
    fn a_switch_waits_for_nothing() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        for n in 0..4 {
            pace.push(segment(n * 2_000), now);
        }
        assert!(pace.next(now, 5).is_some() && pace.next(now, 6).is_none());
        assert_eq!(pace.restart(MediaTime::ZERO).len(), 3);
        pace.push(segment(0), now);
        assert!(pace.next(now, 9).is_some());
    }
}
