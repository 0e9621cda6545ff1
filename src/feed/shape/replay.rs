//! Remembers what was sent, so that a reconnect that replays the last seconds sends nothing twice.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hasher};

/// Keyframes remembered: with one each second, more than four minutes.
const KEYFRAMES: usize = 256;
/// Frames of radio remembered: at 24 ms, about 50 s.
const FRAMES: usize = 2048;

/// Something that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    hash: u64,
    /// The source's own decode time stamp.
    pub(super) stamp: u64,
    /// Decode time on our clock.
    pub(super) out: i64,
    pub(super) epoch: u32,
}

/// What of the channel was sent last.
#[derive(Debug, Default)]
pub(super) struct Memory {
    sent: VecDeque<Sent>,
    /// Decode time on our clock of the last unit of the channel's main stream.
    pub(super) last_out: i64,
    /// The source's own decode time stamp of that unit.
    pub(super) last_stamp: u64,
    /// The epoch it belonged to.
    pub(super) epoch: u32,
}

/// A payload's fingerprint.
pub(super) fn fingerprint(payload: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write_usize(payload.len());
    hasher.write(payload);
    hasher.finish()
}

impl Memory {
    /// Keeps a keyframe, or a frame of radio, of the epoch `self.epoch`.
    pub(super) fn keep(&mut self, hash: u64, stamp: u64, out: i64, is_radio: bool) {
        let limit = if is_radio { FRAMES } else { KEYFRAMES };
        while self.sent.len() >= limit {
            self.sent.pop_front();
        }
        self.sent.push_back(Sent { hash, stamp, out, epoch: self.epoch });
    }

    /// Forgets all: another picture or sound.
    pub(super) fn clear(&mut self) {
        self.sent.clear();
    }

    /// Where this payload was sent. A still picture looks the same over and over: the same time stamp decides,
    /// else the latest, which drops the least.
    pub(super) fn find(&self, hash: u64, stamp: u64) -> Option<Sent> {
        let same = || self.sent.iter().rev().filter(|sent| sent.hash == hash);
        same().find(|sent| sent.stamp == stamp).or_else(|| same().next()).copied()
    }

    /// The oldest that is remembered.
    pub(super) fn oldest(&self) -> Option<Sent> {
        self.sent.front().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_pictures_are_told_apart_by_their_stamps() {
        let mut memory = Memory::default();
        let still = fingerprint(b"still");
        for n in 0..300 {
            memory.keep(still, n * 100, n as i64, false);
        }
        assert_eq!(memory.find(still, 20_000).map(|sent| sent.out), Some(200));
        assert_eq!(memory.find(still, 7).map(|sent| sent.out), Some(299));
        assert_eq!(memory.find(fingerprint(b"other"), 100), None);
        assert_eq!(memory.oldest().map(|sent| sent.out), Some(44));
    }
}
