//! Where segments are fetched from: by name, while they are listed and for a while after.

use super::segment::{Name, Segment};
use parking_lot::{Mutex, RwLock};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

const SHARDS: usize = 16;

/// All segments of all programmes. Bounded by the memory budget that the segments' parts are counted in.
#[derive(Debug, Default)]
pub struct Shelf {
    shards: [RwLock<HashMap<Name, Arc<Segment>>>; SHARDS],
    leaving: Mutex<VecDeque<(Instant, Name)>>,
}

impl Shelf {
    /// Puts a segment up.
    pub fn put(&self, segment: Arc<Segment>) {
        self.shard(segment.name).write().insert(segment.name, segment);
    }

    /// The segment of that name.
    pub fn get(&self, name: Name) -> Option<Arc<Segment>> {
        self.shard(name).read().get(&name).cloned()
    }

    /// It left a playlist that was `listed` long: it stays for its own duration plus that (RFC 8216, 6.2.2).
    pub fn retire(&self, segment: &Segment, listed: Duration) {
        let until = Instant::now() + segment.duration.to_duration() + listed;
        let mut leaving = self.leaving.lock();
        let place = leaving.partition_point(|(at, _)| *at <= until);
        leaving.insert(place, (until, segment.name));
    }

    /// Takes away what nobody may ask for any more; called once a second.
    pub fn sweep(&self, now: Instant) {
        loop {
            let mut leaving = self.leaving.lock();
            let Some((_, name)) = leaving.pop_front_if(|(until, _)| *until <= now) else { return };
            drop(leaving);
            let gone = self.shard(name).write().remove(&name);
            // Freed outside the lock.
            drop(gone);
        }
    }

    /// How many segments are up.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().len()).sum()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, name: Name) -> &RwLock<HashMap<Name, Arc<Segment>>> {
        &self.shards[(name.0 % SHARDS as u128) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ts::MediaTime;
    use std::time::SystemTime;

    #[test]
    fn a_removed_segment_stays_for_its_duration_plus_the_playlists() {
        let shelf = Shelf::default();
        let segment = Arc::new(Segment {
            name: Name::random(),
            parts: Box::default(),
            len: 0,
            duration: MediaTime::from_millis(2_000),
            start: MediaTime::ZERO,
            discontinuity: false,
            program_date_time: SystemTime::UNIX_EPOCH,
        });
        shelf.put(Arc::clone(&segment));
        shelf.retire(&segment, Duration::from_secs(12));
        let now = Instant::now();
        shelf.sweep(now + Duration::from_millis(13_900));
        assert!(shelf.get(segment.name).is_some());
        shelf.sweep(now + Duration::from_millis(14_100));
        assert!(shelf.get(segment.name).is_none() && shelf.is_empty());
    }
}
