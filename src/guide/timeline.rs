//! When programmes really run, whatever the guide says of their ends. Pure.
//!
//! Invariants: what comes out is in order and without overlaps. A programme ends at the next one's beginning at the
//! latest; where its own end is missing or makes no sense, exactly then. What begins is on, for guides that put a
//! short programme into a long one mean that.

use crate::store::guide::programmes::Programme;
use crate::wire::guide::ProgrammeView;
use jiff::Timestamp;

/// A programme without an end is not on for longer than this, in seconds.
const LONGEST_GUESS: i64 = 6 * 3600;
/// An end that is further away makes no sense.
const LONGEST: i64 = 48 * 3600;

/// A programme and when it runs, in seconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Airing {
    pub(super) start: i64,
    /// `None`: it is the last, and the guide does not say.
    pub(super) stop: Option<i64>,
    pub(super) programme: Programme,
}

/// A channel's programmes, which are in order, with their ends. `shift`: seconds by which all of it is later.
pub(super) fn airings(programmes: Vec<Programme>, shift: i64) -> impl Iterator<Item = Airing> {
    let mut all = programmes.into_iter().peekable();
    std::iter::from_fn(move || {
        let programme = all.next()?;
        let stop = end(programme.start, programme.stop, all.peek().map(|next| next.start));
        Some(Airing { start: programme.start + shift, stop: stop.map(|stop| stop + shift), programme })
    })
}

fn end(start: i64, said: Option<i64>, next: Option<i64>) -> Option<i64> {
    let said = said.filter(|stop| (1..=LONGEST).contains(&(stop - start)));
    match (said, next) {
        (Some(said), Some(next)) => Some(said.min(next)),
        (Some(said), None) => Some(said),
        (None, Some(next)) => Some(next.min(start + LONGEST_GUESS)),
        (None, None) => None,
    }
}

impl Airing {
    /// Whether any of it is in that time.
    pub(super) fn is_within(&self, from: i64, to: i64) -> bool {
        self.start < to && self.stop.unwrap_or(self.start + LONGEST_GUESS) > from
    }

    pub(super) fn is_on(&self, at: i64) -> bool {
        self.start <= at && self.is_within(at, i64::MAX)
    }

    pub(super) fn view(self) -> Option<ProgrammeView> {
        let time = |at| Timestamp::from_second(at).ok();
        Some(ProgrammeView {
            start: time(self.start)?,
            stop: self.stop.and_then(time),
            about: self.programme.about,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ends(programmes: &[(i64, Option<i64>)]) -> Vec<Option<i64>> {
        let programmes = programmes.iter().map(|(start, stop)| Programme {
            channel: 1,
            start: *start,
            stop: *stop,
            about: Default::default(),
        });
        airings(programmes.collect(), 0).map(|airing| airing.stop).collect()
    }

    #[test]
    fn ends_that_are_missing_wrong_or_too_late() {
        const H: i64 = 3600;
        assert_eq!(ends(&[(0, Some(H)), (H, Some(2 * H))]), [Some(H), Some(2 * H)]);
        assert_eq!(ends(&[(0, None), (H, None)]), [Some(H), None]);
        assert_eq!(ends(&[(0, Some(2 * H)), (H, Some(3 * H))]), [Some(H), Some(3 * H)], "overlap");
        assert_eq!(ends(&[(H, Some(0)), (2 * H, Some(2 * H))]), [Some(2 * H), None], "stop before start");
        assert_eq!(
            ends(&[(0, Some(H)), (3 * H, Some(100 * H))]),
            [Some(H), None],
            "a gap stays, days do not"
        );
        assert_eq!(ends(&[(0, None), (100 * H, None)]), [Some(6 * H), None], "nothing runs for days");
        assert_eq!(ends(&[]), []);
    }

    #[test]
    fn what_is_on() {
        let airing = |start, stop| Airing {
            start,
            stop,
            programme: Programme { channel: 1, start, stop, about: Default::default() },
        };
        let an_hour = airing(1000, Some(4600));
        assert!(an_hour.is_on(1000) && an_hour.is_on(4599) && !an_hour.is_on(4600) && !an_hour.is_on(999));
        assert!(airing(1000, None).is_on(2000) && !airing(1000, None).is_on(1000 + LONGEST_GUESS));
        assert!(an_hour.is_within(0, 1001) && !an_hour.is_within(0, 1000) && !an_hour.is_within(4600, 9000));
    }

    proptest! {
        #[test]
        fn in_order_and_without_overlaps(
            mut programmes in proptest::collection::vec((0i64..200_000, proptest::option::of(-10i64..400_000)), 0..40),
            shift in -90_000i64..90_000,
        ) {
            programmes.sort_unstable();
            programmes.dedup_by_key(|(start, _)| *start);
            let all: Vec<_> = programmes.iter().map(|(start, stop)| Programme {
                channel: 1, start: *start, stop: *stop, about: Default::default(),
            }).collect();
            let airings: Vec<_> = airings(all, shift).collect();
            prop_assert_eq!(airings.len(), programmes.len());
            for pair in airings.windows(2) {
                let end = pair[0].stop.expect("another one follows");
                prop_assert!(pair[0].start < end && end <= pair[1].start);
            }
            if let Some(last) = airings.last() {
                prop_assert!(last.stop.is_none_or(|stop| stop > last.start));
            }
        }
    }
}
