//! Looks into access units: keyframes, parameter sets, the facts of picture and sound.

use crate::feed::part::{AudioInfo, VideoInfo};
use crate::ts::{Codec, ac3, adts, h264, hevc, mpa, mpeg2};

/// Parameter sets of one kind that are kept.
const MAX_SETS: usize = 32;
/// The longest that is kept.
const MAX_SET: usize = 4096;

/// How leading pictures behind a keyframe, that the keyframe's epoch begins with, are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Leading {
    #[default]
    /// There are none that need anything from before.
    None,
    /// Those shown before the keyframe.
    ByTime,
    /// Those that say so themselves (HEVC).
    Marked,
}

/// What a video unit is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Picture {
    /// Decoding can start here: the parameter sets are in it, or in `Pictures::missing`.
    pub(super) keyframe: bool,
    pub(super) leading: Leading,
    /// HEVC: a leading picture that can't be decoded after a start at its keyframe.
    pub(super) skipped_leading: bool,
    /// It begins an access unit, rather than going on with one.
    pub(super) begins: bool,
    /// Where in the payload `Pictures::missing` is to be inserted.
    pub(super) insert: Option<usize>,
}

/// One video stream's parameter sets and facts.
pub(super) struct Pictures {
    codec: Codec,
    /// Kind, id, bytes without start code.
    sets: Vec<(u8, u32, Vec<u8>)>,
    /// MPEG-2: sequence header and extensions, with start codes.
    sequence: Vec<u8>,
    /// With start codes: what the last unit lacked.
    pub(super) missing: Vec<u8>,
    pub(super) info: VideoInfo,
}

impl Pictures {
    pub(super) fn new(codec: Codec) -> Self {
        let info = VideoInfo { codec: codec.name(), ..VideoInfo::default() };
        Self { codec, sets: Vec::new(), sequence: Vec::new(), missing: Vec::new(), info }
    }

    /// Looks at a unit; `random_access` is the source's own mark, believed for codecs that are not looked into.
    pub(super) fn inspect(&mut self, payload: &[u8], random_access: bool) -> Picture {
        self.missing.clear();
        match self.codec {
            Codec::H264 => self.h264(payload),
            Codec::Hevc => self.hevc(payload),
            Codec::Mpeg2 | Codec::Mpeg1 => self.mpeg2(payload),
            _ => Picture {
                keyframe: random_access,
                leading: Leading::ByTime,
                skipped_leading: false,
                begins: true,
                insert: None,
            },
        }
    }

    fn h264(&mut self, payload: &[u8]) -> Picture {
        let mut seen = Vec::new();
        let access = h264::inspect(payload, |kind, set| {
            seen.push(kind);
            self.keep(kind, set);
        });
        let complete = access.keyframe && self.complete(&[h264::nal::SPS, h264::nal::PPS], &seen);
        Picture {
            keyframe: complete,
            leading: if access.idr { Leading::None } else { Leading::ByTime },
            skipped_leading: false,
            begins: access.begins && access.has_picture,
            insert: (complete && !self.missing.is_empty()).then(|| h264::insertion_point(payload)),
        }
    }

    fn hevc(&mut self, payload: &[u8]) -> Picture {
        let mut seen = Vec::new();
        let access = hevc::inspect(payload, |kind, set| {
            seen.push(kind);
            self.keep(kind, set);
        });
        let kinds = [hevc::nal::VPS, hevc::nal::SPS, hevc::nal::PPS];
        let complete = access.keyframe && self.complete(&kinds, &seen);
        Picture {
            keyframe: complete,
            leading: Leading::Marked,
            skipped_leading: access.skipped_leading,
            begins: access.begins && access.has_picture,
            insert: (complete && !self.missing.is_empty()).then(|| hevc::insertion_point(payload)),
        }
    }

    fn mpeg2(&mut self, payload: &[u8]) -> Picture {
        let access = mpeg2::inspect(payload);
        if let (Some(sequence), Some((from, to))) = (access.sequence, access.header) {
            if let Some(header) = payload.get(from..to).filter(|header| header.len() <= MAX_SET) {
                self.sequence.clear();
                self.sequence.extend_from_slice(header);
            }
            self.info.codec = if sequence.is_mpeg2 { "mpeg2" } else { "mpeg1" };
            (self.info.width, self.info.height) = (sequence.width, sequence.height);
            self.info.interlaced = sequence.is_mpeg2 && sequence.interlaced;
        } else if access.intra {
            self.missing.extend_from_slice(&self.sequence);
        }
        let keyframe = access.intra && !self.sequence.is_empty();
        Picture {
            keyframe,
            leading: if access.closed { Leading::None } else { Leading::ByTime },
            skipped_leading: false,
            begins: access.begins,
            insert: (keyframe && !self.missing.is_empty()).then_some(0),
        }
    }

    /// Keeps a parameter set, and reads it where it is new.
    fn keep(&mut self, kind: u8, set: &[u8]) {
        if set.len() > MAX_SET {
            return;
        }
        let is_hevc = self.codec == Codec::Hevc;
        let id = match kind {
            h264::nal::PPS if !is_hevc => h264::pps_id(set),
            h264::nal::SPS if !is_hevc => h264::Sps::parse(set).map(|sps| sps.id),
            hevc::nal::PPS if is_hevc => hevc::pps_id(set),
            // HEVC streams on the air have one of each of these; one with another id replaces it.
            _ => Some(0),
        };
        let Some(id) = id else { return };
        let has_room = self.sets.len() < MAX_SETS;
        match self.sets.iter_mut().find(|(k, i, _)| (*k, *i) == (kind, id)) {
            Some((_, _, known)) if known == set => return,
            Some((_, _, known)) => *known = set.to_vec(),
            None if has_room => self.sets.push((kind, id, set.to_vec())),
            None => return,
        }
        if is_hevc && kind == hevc::nal::SPS {
            if let Some(sps) = hevc::Sps::parse(set) {
                (self.info.width, self.info.height) = (sps.width, sps.height);
                (self.info.interlaced, self.info.rfc6381) = (sps.interlaced, Some(sps.rfc6381));
            }
        } else if !is_hevc
            && kind == h264::nal::SPS
            && let Some(sps) = h264::Sps::parse(set)
        {
            (self.info.width, self.info.height) = (sps.width, sps.height);
            (self.info.interlaced, self.info.rfc6381) = (sps.interlaced, Some(sps.rfc6381()));
        }
    }

    /// Whether all kinds are at hand; collects those that the unit itself lacks.
    fn complete(&mut self, kinds: &[u8], seen: &[u8]) -> bool {
        for kind in kinds {
            if seen.contains(kind) {
                continue;
            }
            let mut found = false;
            for (_, _, set) in self.sets.iter().filter(|(known, _, _)| known == kind) {
                self.missing.extend_from_slice(&[0, 0, 0, 1]);
                self.missing.extend_from_slice(set);
                found = true;
            }
            if !found {
                return false;
            }
        }
        true
    }
}

/// Reads the first frame header of an audio unit into `info`; true where that changed it.
pub(super) fn sound(codec: Codec, payload: &[u8], info: &mut AudioInfo) -> bool {
    let (name, sample_rate, channels) = match codec {
        Codec::Aac => match adts::parse(payload) {
            Some(frame) => ("aac", frame.sample_rate, frame.channels),
            None if adts::is_loas(payload) => ("aac_latm", info.sample_rate, info.channels),
            None => return false,
        },
        Codec::Mpa => match mpa::parse(payload) {
            Some(frame) => (if frame.layer == 3 { "mp3" } else { "mp2" }, frame.sample_rate, frame.channels),
            None => return false,
        },
        Codec::Ac3 | Codec::Eac3 => match ac3::parse(payload) {
            Some(frame) => (if frame.is_eac3 { "eac3" } else { "ac3" }, frame.sample_rate, frame.channels),
            None => return false,
        },
        _ => return false,
    };
    let changed = (info.codec, info.sample_rate, info.channels) != (name, sample_rate, channels);
    (info.codec, info.sample_rate, info.channels) = (name, sample_rate, channels);
    changed
}
