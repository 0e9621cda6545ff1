//! Lists segments no faster than they play.
//!
//! Some sources deliver ten seconds in one burst and then nothing for ten. Listed as they come, the playlist would
//! not change for longer than RFC 8216 (6.2.2) allows, and players would take the source for dead; a replay would
//! push out of the window what nobody has fetched. So a burst is listed at the pace of its media.

use super::segment::Segment;
use crate::ts::MediaTime;
use std::collections::VecDeque;
use std::time::Instant;

/// A little faster than they play: the sender's clock may be, and nothing should pile up.
const PACE: f64 = 0.9;
/// More than this does not wait.
const MOST: MediaTime = MediaTime::from_millis(14_000);

/// Segments that wait for their turn.
#[derive(Debug, Default)]
pub(super) struct Pace {
    waiting: VecDeque<Segment>,
    total: MediaTime,
    next: Option<Instant>,
    history: MediaTime,
}

impl Pace {
    /// Another feed is followed, whose media up to `history` is of the past. What waited is of no interest any more.
    pub(super) fn follow(&mut self, history: MediaTime) {
        *self = Self { history, ..Self::default() };
    }

    pub(super) fn push(&mut self, segment: Segment) {
        self.total = self.total + segment.duration;
        self.waiting.push_back(segment);
    }

    /// The segment whose turn it is. `primed`: players have enough to begin with.
    pub(super) fn due(&mut self, now: Instant, primed: bool) -> Option<Segment> {
        let first = self.waiting.front()?;
        let may_wait = primed && first.start >= self.history && self.total <= MOST;
        if may_wait && self.next.is_some_and(|next| now < next) {
            return None;
        }
        let segment = self.waiting.pop_front()?;
        self.total = self.total - segment.duration;
        self.next = Some(now + segment.duration.to_duration().mul_f64(PACE));
        Some(segment)
    }

    /// When to look again.
    pub(super) fn wake(&self) -> Option<Instant> {
        self.waiting.front().map(|_| self.next.unwrap_or_else(Instant::now))
    }

    #[cfg(test)]
    fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::segment::Name;
    use super::*;
    use std::time::{Duration, SystemTime};

    fn segment(start: i64, ms: i64) -> Segment {
        Segment {
            name: Name::random(),
            parts: Box::default(),
            len: 0,
            duration: MediaTime::from_millis(ms),
            start: MediaTime::from_millis(start),
            discontinuity: false,
            program_date_time: SystemTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_burst_is_listed_over_its_own_length() {
        let (mut pace, t) = (Pace::default(), Instant::now());
        (0..5).for_each(|n| pace.push(segment(20_000 + n * 2_000, 2_000)));
        let mut listed = vec![];
        for ms in 0..10_000 {
            let now = t + Duration::from_millis(ms);
            // Two are enough to begin with.
            if pace.due(now, listed.len() >= 2).is_some() {
                listed.push(ms);
            }
        }
        assert_eq!(listed, [0, 1, 1801, 3601, 5401]);
        assert!(pace.is_empty() && pace.wake().is_none());
    }

    #[test]
    fn a_paced_source_waits_for_nothing_and_history_is_there_at_once() {
        let (mut pace, t) = (Pace::default(), Instant::now());
        pace.follow(MediaTime::from_millis(14_000));
        (0..3).for_each(|n| pace.push(segment(10_000 + n * 2_000, 2_000)));
        assert!(pace.due(t, true).is_some() && pace.due(t, true).is_some() && pace.due(t, true).is_none());
        let later = t + Duration::from_millis(1_900);
        assert!(pace.due(later, true).is_some());
        pace.push(segment(16_000, 2_000));
        assert!(pace.due(later + Duration::from_millis(1_950), true).is_some());
    }

    #[test]
    fn a_flood_does_not_pile_up() {
        let (mut pace, t) = (Pace::default(), Instant::now());
        (0..20).for_each(|n| pace.push(segment(20_000 + n * 2_000, 2_000)));
        let at_once = (0..20).filter(|_| pace.due(t, true).is_some()).count();
        assert_eq!(at_once, 13);
    }
}
