//! The published media held against the wall clock.

use super::rhythm::BURSTS;
use crate::ts::MediaTime;
use std::time::Instant;

/// Where a viewer who began with the first part would be now, and how much it has in hand.
///
/// A source that falls behind (its clock is slow, or it stalled) moves the viewer back with it; one that is
/// ahead by more than any burst (its clock is fast) moves it forward. Who met a source between two of its bursts had
/// less than a burst at first, waited for the next, and goes on with that in hand.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clock {
    anchor: Option<(Instant, MediaTime)>,
    began: Option<Instant>,
}

/// Sources burst up to 10 s; replays of 30 s are cut before they get here.
const MOST_IN_HAND: MediaTime = MediaTime::from_millis(15_000);

impl Clock {
    /// Media up to `end` was published at `now`; the first time it began at `start`.
    pub(super) fn published(&mut self, now: Instant, start: MediaTime, end: MediaTime) {
        let began = *self.began.get_or_insert(now);
        let Some(mut position) = self.position(now) else {
            self.anchor = Some((now, start));
            return;
        };
        // The first whole burst has come within this time.
        if position > start && now.saturating_duration_since(began) < BURSTS {
            (self.anchor, position) = (Some((now, start)), start);
        }
        let in_hand = end - position;
        if in_hand < MediaTime::ZERO {
            self.anchor = Some((now, end));
        } else if in_hand > MOST_IN_HAND {
            self.anchor = Some((now, end - MOST_IN_HAND));
        }
    }

    /// The viewer's position; `None` before anything was published.
    pub(super) fn position(&self, now: Instant) -> Option<MediaTime> {
        let (wall, media) = self.anchor?;
        Some(media + MediaTime::from(now.saturating_duration_since(wall)))
    }

    /// The moment at which media that ends at `end` has run out.
    pub(super) fn runs_out(&self, end: MediaTime) -> Option<Instant> {
        let (wall, media) = self.anchor?;
        Some(wall + (end - media).to_duration())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const fn s(seconds: i64) -> MediaTime {
        MediaTime(seconds * MediaTime::HZ)
    }

    #[test]
    fn a_burst_is_in_hand_until_the_wall_catches_up() {
        let (mut clock, t) = (Clock::default(), Instant::now());
        clock.published(t, s(10), s(20));
        assert_eq!(clock.runs_out(s(20)), Some(t + Duration::from_secs(10)));
        assert_eq!(clock.position(t + Duration::from_secs(4)), Some(s(14)));
    }

    #[test]
    fn a_slow_source_takes_the_viewer_back_with_it() {
        let (mut clock, t) = (Clock::default(), Instant::now());
        clock.published(t, s(10), s(11));
        let later = t + Duration::from_secs(30);
        clock.published(later, s(11), s(12));
        assert_eq!(clock.position(later), Some(s(12)));
    }

    #[test]
    fn who_began_with_less_than_a_burst_waits_for_the_next() {
        let (mut clock, t) = (Clock::default(), Instant::now());
        clock.published(t, s(10), s(12));
        let second = t + Duration::from_secs(4);
        clock.published(second, s(12), s(14));
        clock.published(second, s(14), s(16));
        assert_eq!(clock.runs_out(s(16)), Some(second + Duration::from_secs(4)));
        // Later on, being late is the source's fault.
        let late = second + Duration::from_secs(12);
        clock.published(late, s(16), s(20));
        assert_eq!(clock.position(late), Some(s(20)));
    }

    #[test]
    fn a_fast_source_is_bounded() {
        let (mut clock, t) = (Clock::default(), Instant::now());
        clock.published(t, s(10), s(11));
        clock.published(t, s(11), s(100));
        assert_eq!(clock.position(t), Some(s(85)));
    }
}
