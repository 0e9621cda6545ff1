//! How a source delivers: bit by bit, or seconds at a time with silence in between.

use std::time::{Duration, Instant};

/// Sources that send in bursts do it at least this often: every 10 s, and a little late. So a rhythm is known once it was
/// watched this long, and until then the next burst may be so far away.
pub(super) const BURSTS: Duration = Duration::from_millis(12_500);
/// A silence below this is none: the source flows.
pub(super) const FLOWS: Duration = Duration::from_secs(1);
/// The longest silence of this long ago is forgotten, at twice that at the latest.
const REMEMBERED: Duration = Duration::from_secs(60);

/// The longest silence between two deliveries. Outages don't count: see [`Rhythm::paused`].
#[derive(Debug, Default)]
pub(super) struct Rhythm {
    began: Option<Instant>,
    last: Option<Instant>,
    /// When `recent` began.
    turned: Option<Instant>,
    recent: Duration,
    before: Duration,
}

impl Rhythm {
    /// Something was delivered.
    pub(super) fn came(&mut self, now: Instant) {
        self.began.get_or_insert(now);
        let turned = self.turned.get_or_insert(now);
        if now.saturating_duration_since(*turned) >= REMEMBERED {
            *turned = now;
            self.before = std::mem::take(&mut self.recent);
        }
        if let Some(last) = self.last.replace(now) {
            self.recent = self.recent.max(now.saturating_duration_since(last));
        }
    }

    /// What was delivered has run out: the silence that has begun says nothing of the rhythm.
    pub(super) fn paused(&mut self) {
        self.last = None;
    }

    /// The longest silence lately, however short it was watched.
    pub(super) fn longest(&self) -> Duration {
        self.recent.max(self.before)
    }

    /// The longest silence lately; `None`: not known yet.
    pub(super) fn silence(&self, now: Instant) -> Option<Duration> {
        let watched = now.saturating_duration_since(self.began?);
        (watched >= BURSTS).then(|| self.longest())
    }

    /// It has come bit by bit for a while.
    pub(super) fn flows(&self) -> bool {
        let watched = self.began.zip(self.last).map(|(began, last)| last - began);
        self.longest() < FLOWS && watched > Some(3 * FLOWS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn bursts_are_known_after_a_while_and_forgotten_after_a_longer_one() {
        let (mut rhythm, start) = (Rhythm::default(), Instant::now());
        assert_eq!(rhythm.silence(start), None);
        rhythm.came(start);
        rhythm.came(start + 4 * S);
        assert_eq!(rhythm.silence(start + 5 * S), None);
        rhythm.came(start + 8 * S);
        assert_eq!((rhythm.longest(), rhythm.silence(start + 12 * S)), (4 * S, None));
        assert_eq!(rhythm.silence(start + BURSTS), Some(4 * S));
        let mut smooth = |from: u32, to: u32| {
            (from * 10..to * 10).for_each(|tenth| rhythm.came(start + tenth * S / 10));
            rhythm.silence(start + to * S)
        };
        assert_eq!(smooth(9, 100), Some(4 * S));
        assert_eq!(smooth(100, 130), Some(S / 10));
    }

    #[test]
    fn what_comes_bit_by_bit_flows_before_its_rhythm_is_known() {
        let (mut rhythm, start) = (Rhythm::default(), Instant::now());
        (0..=30).for_each(|tenth| rhythm.came(start + tenth * S / 10));
        assert!(!rhythm.flows());
        rhythm.came(start + 31 * S / 10);
        assert!(rhythm.flows() && rhythm.silence(start + 4 * S).is_none());
        rhythm.came(start + 5 * S);
        assert!(!rhythm.flows());
    }

    #[test]
    fn an_outage_is_no_rhythm() {
        let (mut rhythm, start) = (Rhythm::default(), Instant::now());
        rhythm.came(start);
        rhythm.came(start + S);
        rhythm.paused();
        rhythm.came(start + 20 * S);
        assert_eq!(rhythm.silence(start + 20 * S), Some(S));
    }
}
