//! What a shaper has seen, and what is wrong with it.

use crate::ts::MediaTime;
use crate::wire::Reason;

/// Bytes without a packet after which a source is not MPEG-TS.
const NOT_MEDIA: u64 = 64 * 1024;
/// Bytes of packets without a programme map after which a source is no television.
const NO_PROGRAMME: u64 = 8 * 1024 * 1024;
/// Scrambled packets, with next to no clear ones, that make a programme scrambled.
const SCRAMBLED: u32 = 500;

/// Counters of one shaper. All but those under *this connection* run on over reconnects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Transport packets.
    pub packets: u64,
    /// Packets that the continuity counters of the programme's streams say are missing (gaps, not packets).
    pub continuity_errors: u64,
    /// Packets sent twice.
    pub duplicate_packets: u64,
    /// Packets marked as damaged by a demodulator.
    pub transport_errors: u64,
    /// Packets of the programme that are scrambled.
    pub scrambled_packets: u64,
    /// Bytes between packets.
    pub bytes_skipped: u64,
    /// Access units (PES packets) that were damaged, late, or off the timeline, and so not sent.
    pub dropped_units: u64,
    /// Access units that a reconnect brought a second time.
    pub replayed_units: u64,
    /// Epochs begun.
    pub epochs: u32,
    /// This connection: programme numbers of the PAT.
    pub programmes: Vec<u16>,
    /// From the last keyframe but one to the last.
    pub gop: Option<MediaTime>,
    /// This connection: bytes of the programme since a keyframe.
    pub bytes_since_keyframe: u64,
    /// This connection: media time since a keyframe.
    pub time_since_keyframe: MediaTime,
    /// This connection: the programme's picture carries data.
    pub has_video: bool,
    /// This connection: a sound of the programme carries data.
    pub has_audio: bool,
    pub(super) connection: Connection,
}

/// What `trouble` looks at; begins anew with each connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Connection {
    pub(super) skipped_in_a_row: u64,
    pub(super) packets: u64,
    pub(super) has_programme: bool,
    pub(super) scrambled: u32,
    pub(super) clear: u32,
    pub(super) keyframe_cap: u64,
}

/// Media time without a keyframe that is trouble.
const NO_KEYFRAME: MediaTime = MediaTime(20 * MediaTime::HZ);

impl Stats {
    /// Why nothing comes of this connection, if so.
    pub fn trouble(&self) -> Option<Reason> {
        let now = &self.connection;
        if now.skipped_in_a_row >= NOT_MEDIA || (!now.has_programme && now.packets * 188 >= NO_PROGRAMME) {
            return Some(Reason::NotMedia);
        }
        if now.scrambled >= SCRAMBLED && now.clear < now.scrambled / 20 {
            return Some(Reason::Scrambled);
        }
        let capped = now.keyframe_cap > 0 && self.bytes_since_keyframe >= now.keyframe_cap;
        (capped || self.time_since_keyframe >= NO_KEYFRAME).then_some(Reason::NoKeyframe)
    }

    pub(super) fn begin(&mut self, keyframe_cap: usize) {
        self.connection = Connection { keyframe_cap: keyframe_cap as u64, ..Connection::default() };
        self.programmes.clear();
        self.keyframe_seen();
        (self.has_video, self.has_audio) = (false, false);
    }

    pub(super) fn keyframe_seen(&mut self) {
        self.bytes_since_keyframe = 0;
        self.time_since_keyframe = MediaTime::ZERO;
    }

    pub(super) fn scrambled(&mut self) {
        self.scrambled_packets += 1;
        self.connection.scrambled += 1;
        self.age();
    }

    pub(super) fn clear(&mut self) {
        self.connection.clear += 1;
        self.age();
    }

    /// Halves both, so that the recent past counts.
    fn age(&mut self) {
        if self.connection.scrambled + self.connection.clear >= 4 * SCRAMBLED {
            self.connection.scrambled /= 2;
            self.connection.clear /= 2;
        }
    }
}
