//! Groups a feed's parts into segments.

use super::segment::{Name, Segment};
use crate::feed::Held;
use crate::ts::MediaTime;
use bytes::BytesMut;
use std::sync::Arc;
use std::time::SystemTime;

/// Collects one segment at a time. The feed decides where segments begin; the packager only obeys.
#[derive(Debug, Default)]
pub(super) struct Packager {
    open: Vec<Arc<Held>>,
    epoch: Option<u32>,
    discontinuity: bool,
    /// A wall time and the media time that came then.
    anchor: Option<(SystemTime, MediaTime)>,
}

impl Packager {
    /// What follows belongs to another feed: a discontinuity. `anchor`: the newest media's end and the time now.
    pub(super) fn follow(&mut self, now: SystemTime, newest: MediaTime) -> Option<Segment> {
        let last = self.cut();
        self.epoch = None;
        self.discontinuity = true;
        self.anchor = Some((now, newest));
        last
    }

    /// Takes the next part; gives the segment that it completes.
    pub(super) fn push(&mut self, part: Arc<Held>, now: SystemTime) -> Option<Segment> {
        let new_epoch = self.epoch != Some(part.epoch);
        let complete = match part.segment {
            // What was lost between the two belongs to the first: durations and dates go on without a hole.
            true if !new_epoch => self.cut_until(Some(part.start)),
            true => self.cut(),
            false if new_epoch => self.cut(),
            false => None,
        };
        if new_epoch {
            // An epoch that begins in the middle of what was kept is not new in time: only where the feed
            // was followed before does the wall clock anchor it anew.
            if self.epoch.is_some() || self.anchor.is_none() {
                self.anchor = Some((now, part.end));
            }
            self.discontinuity = true;
            self.epoch = Some(part.epoch);
        }
        if !self.open.is_empty() || part.segment {
            self.open.push(part);
        }
        complete
    }

    /// Closes what is open: the media pauses, or another feed follows.
    pub(super) fn cut(&mut self) -> Option<Segment> {
        self.cut_until(None)
    }

    fn cut_until(&mut self, next: Option<MediaTime>) -> Option<Segment> {
        let first = self.open.first()?;
        let last = self.open.last()?;
        let start = first.start;
        let duration = next.map_or(last.end, |next| next.max(last.end)) - start;
        let program_date_time = self.wall(start);
        let parts = joined(std::mem::take(&mut self.open));
        Some(Segment {
            name: Name::random(),
            len: parts.iter().map(|part| part.bytes.len() as u64).sum(),
            parts: parts.into_boxed_slice(),
            duration,
            start,
            discontinuity: std::mem::take(&mut self.discontinuity),
            program_date_time,
        })
    }

    fn wall(&self, media: MediaTime) -> SystemTime {
        let Some((wall, anchor)) = self.anchor else { return SystemTime::UNIX_EPOCH };
        if media >= anchor {
            wall + (media - anchor).to_duration()
        } else {
            wall - (anchor - media).to_duration()
        }
    }
}

/// Parts smaller than this, on average, are joined.
const SMALL: usize = 16 * 1024;

/// Of a thin stream, one part: handing out dozens of small ones costs more, with each request, than copying them
/// once. Others stay as they are, shared.
fn joined(parts: Vec<Arc<Held>>) -> Vec<Arc<Held>> {
    let length: usize = parts.iter().map(|part| part.bytes.len()).sum();
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return parts };
    if parts.len() < 2 || length / parts.len() >= SMALL {
        return parts;
    }
    let mut bytes = BytesMut::with_capacity(length);
    for part in &parts {
        bytes.extend_from_slice(&part.bytes);
    }
    vec![first.joined(bytes.freeze(), last.end)]
}

#[cfg(test)]
mod tests {
    use super::super::segment::tests::part;
    use super::*;
    use std::time::Duration;

    #[test]
    fn segments_begin_where_the_feed_says_and_at_epochs() {
        let (mut packager, now) = (Packager::default(), SystemTime::UNIX_EPOCH + Duration::from_secs(1000));
        packager.follow(now, MediaTime::from_millis(10_000));
        // Joined in the middle: nothing to begin with yet.
        assert!(packager.push(part(9_000, 500, false, 7, 0), now).is_none());
        assert!(packager.push(part(10_000, 500, true, 7, 0), now).is_none());
        assert!(packager.push(part(10_500, 1500, false, 7, 0), now).is_none());
        let first = packager.push(part(12_000, 500, true, 7, 0), now).expect("complete");
        assert_eq!(
            (first.start, first.duration),
            (MediaTime::from_millis(10_000), MediaTime::from_millis(2000))
        );
        assert!(first.discontinuity);
        assert_eq!(first.program_date_time, now);
        let later = now + Duration::from_secs(100);
        let second = packager.push(part(50_000, 500, true, 8, 0), later).expect("complete");
        assert!(!second.discontinuity);
        assert_eq!(second.program_date_time, now + Duration::from_secs(2));
        let third = packager.cut().expect("open");
        assert!(third.discontinuity);
        assert_eq!(third.program_date_time, later - Duration::from_millis(500));
        assert!(packager.cut().is_none());
    }

    #[test]
    fn what_was_lost_at_a_border_belongs_to_the_segment_before() {
        let (mut packager, now) = (Packager::default(), SystemTime::UNIX_EPOCH + Duration::from_secs(1000));
        packager.follow(now, MediaTime::from_millis(10_000));
        assert!(packager.push(part(10_000, 1_920, true, 7, 0), now).is_none());
        let first = packager.push(part(12_000, 500, true, 7, 0), now).expect("complete");
        assert_eq!(first.duration, MediaTime::from_millis(2_000));
        // Another epoch's clock says nothing of it.
        let second = packager.push(part(13_000, 500, true, 8, 0), now).expect("complete");
        assert_eq!(second.duration, MediaTime::from_millis(500));
    }

    #[test]
    fn a_thin_stream_is_joined_and_a_thick_one_is_shared() {
        let thin = joined(vec![part(0, 100, true, 0, 1), part(100, 100, false, 0, 2)]);
        assert_eq!(thin.len(), 1);
        assert_eq!((thin[0].bytes.len(), thin[0].bytes[0], thin[0].bytes[188]), (376, 1, 2));
        assert_eq!((thin[0].start, thin[0].end), (MediaTime::ZERO, MediaTime::from_millis(200)));
        let big = |fill| {
            let small = part(0, 100, true, 0, fill);
            small.joined(vec![fill; SMALL].into(), MediaTime::from_millis(100))
        };
        assert_eq!(joined(vec![big(1), big(2)]).len(), 2);
    }
}
