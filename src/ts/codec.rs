//! What a stream of a PMT is: its codec by `stream_type` and descriptors (ISO 13818-1 table 2-34, ETSI EN 300 468,
//! ATSC A/53, SMPTE registration).

use super::pmt::Entry;

/// The codecs that can lie in a transport stream, as far as relais treats them differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the codecs' own")]
pub enum Codec {
    H264,
    Hevc,
    Mpeg2,
    Mpeg1,
    Mpeg4,
    Vc1,
    Avs,
    UnknownVideo,
    Aac,
    AacLatm,
    Mpa,
    Ac3,
    Eac3,
    Dts,
    Opus,
    UnknownAudio,
    /// PES packets that are neither picture nor sound: subtitles, teletext, ID3.
    Data,
    /// SCTE-35 splice information: sections, with a clock of their own inside.
    Splice,
    /// Object carousels, application tables and other sections: of no use outside the broadcast.
    Sections,
}

impl Codec {
    /// What this entry declares.
    pub fn of(entry: &Entry) -> Self {
        let registration = entry.descriptor(0x05).and_then(|body| body.get(..4)).unwrap_or(&[]);
        match entry.kind {
            0x01 => Self::Mpeg1,
            0x02 => Self::Mpeg2,
            0x03 | 0x04 => Self::Mpa,
            0x0F | 0x1C => Self::Aac,
            0x11 => Self::AacLatm,
            0x10 => Self::Mpeg4,
            0x1B | 0x1F | 0x20 => Self::H264,
            0x24 | 0x25 => Self::Hevc,
            0x42 | 0xD2 | 0xD4 => Self::Avs,
            0x33 => Self::UnknownVideo,
            0xEA => Self::Vc1,
            0x80 if registration == b"HDMV" => Self::UnknownAudio,
            0x80 => Self::Mpeg2, // DigiCipher
            0x81 | 0xC1 => Self::Ac3,
            0x84 | 0x87 | 0xC2 => Self::Eac3,
            0x82 | 0x85 | 0x88 | 0x8A => Self::Dts,
            0x86 if registration == b"HDMV" => Self::Dts,
            0x86 => Self::Splice,
            0x06 => Self::private(entry, registration),
            0x15 => Self::Data,
            0x05 | 0x08..=0x0E | 0x12..=0x14 | 0x16..=0x1A => Self::Sections,
            _ => match registration {
                b"AC-3" => Self::Ac3,
                b"EAC3" => Self::Eac3,
                b"VC-1" => Self::Vc1,
                _ => Self::Data,
            },
        }
    }

    fn private(entry: &Entry, registration: &[u8]) -> Self {
        match registration {
            b"HEVC" => return Self::Hevc,
            b"AC-3" => return Self::Ac3,
            b"EAC3" => return Self::Eac3,
            b"DTS1" | b"DTS2" | b"DTS3" => return Self::Dts,
            b"Opus" => return Self::Opus,
            b"AC-4" | b"BSSD" | b"AV01" | b"VVC " => {
                return if registration == b"AV01" || registration == b"VVC " {
                    Self::UnknownVideo
                } else {
                    Self::UnknownAudio
                };
            }
            _ => {}
        }
        for (tag, found) in [(0x6A, Self::Ac3), (0x7A, Self::Eac3), (0x7B, Self::Dts), (0x7C, Self::Aac)] {
            if entry.descriptor(tag).is_some() {
                return found;
            }
        }
        Self::Data
    }

    /// A picture.
    pub fn is_video(self) -> bool {
        matches!(
            self,
            Self::H264
                | Self::Hevc
                | Self::Mpeg2
                | Self::Mpeg1
                | Self::Mpeg4
                | Self::Vc1
                | Self::Avs
                | Self::UnknownVideo
        )
    }

    /// A sound.
    pub fn is_audio(self) -> bool {
        matches!(
            self,
            Self::Aac
                | Self::AacLatm
                | Self::Mpa
                | Self::Ac3
                | Self::Eac3
                | Self::Dts
                | Self::Opus
                | Self::UnknownAudio
        )
    }

    /// The name that the API and the page use; for MPEG audio the layer decides, and `mp2` is the guess.
    pub fn name(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::Hevc => "hevc",
            Self::Mpeg2 => "mpeg2",
            Self::Mpeg1 => "mpeg1",
            Self::Mpeg4 => "mpeg4",
            Self::Vc1 => "vc1",
            Self::Avs => "avs",
            Self::Aac => "aac",
            Self::AacLatm => "aac_latm",
            Self::Mpa => "mp2",
            Self::Ac3 => "ac3",
            Self::Eac3 => "eac3",
            Self::Dts => "dts",
            Self::Opus => "opus",
            Self::UnknownVideo | Self::UnknownAudio | Self::Data | Self::Splice | Self::Sections => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_decide_about_private_streams() {
        let private =
            |descriptors: &[u8]| Codec::of(&Entry { kind: 6, pid: 1, descriptors: descriptors.to_vec() });
        assert_eq!(private(&[0x6A, 1, 0]), Codec::Ac3);
        assert_eq!(private(&[5, 4, b'O', b'p', b'u', b's']), Codec::Opus);
        assert_eq!(private(&[0x56, 5, b'f', b'r', b'a', 0, 0]), Codec::Data);
        assert_eq!(private(&[]), Codec::Data);
    }

    #[test]
    fn the_type_decides_about_the_others() {
        let of = |kind| Codec::of(&Entry { kind, pid: 1, descriptors: vec![] });
        assert_eq!(
            [of(0x1B), of(0x24), of(2), of(0x0F)],
            [Codec::H264, Codec::Hevc, Codec::Mpeg2, Codec::Aac]
        );
        assert!(
            of(0x86) == Codec::Splice
                && of(0x0B) == Codec::Sections
                && of(0x81).is_audio()
                && of(0x1B).is_video()
        );
    }
}
