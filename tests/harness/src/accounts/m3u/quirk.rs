//! What real lists do beside what they should, and how often.

/// One entry has one of these, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quirk {
    Plain,
    /// `The "Big" Show, Live` as a name.
    NameQuotes,
    NameCommas,
    /// Bytes that are not UTF-8.
    Latin1,
    Emoji,
    RightToLeft,
    /// `ᴴᴰ`
    Superscript,
    LongName,
    /// This entry's lines end in CRLF.
    Crlf,
    SingleQuotes,
    /// An apostrophe in a value that stands in double quotes.
    Apostrophe,
    /// `tvg-name="The "Nova" Show"`
    InnerQuotes,
    Unquoted,
    /// `#EXTGRP` after `#EXTINF`, and no `group-title`.
    OwnExtGrp,
    VlcOptions,
    /// `#EXTVLCOPT--http-user-agent=…`
    VlcDash,
    KodiProperty,
    /// `URL|User-Agent=…&Referer=…`
    PipeHeaders,
    /// A picture of some kilobytes in the line itself.
    DataLogo,
    /// An earlier entry again, as it was.
    Repeat,
    /// An earlier entry's name, group and guide id, at another address: a second feed.
    SameName,
    /// An earlier entry's guide id.
    SameGuideId,
    /// `http//host/…`
    Slip,
    NoAddress,
    /// `plugin://…`, `file:///…`, words.
    BadAddress,
    /// `tvg-id="" tvg-logo= tvg-chno=""`
    EmptyAttributes,
    /// `tvg-chno="5.1"`
    FractionalNumber,
    /// `ch-number`, `channel-number`
    OtherNumber,
    /// `tvg-chno="n/a"`
    NoNumber,
    CatchUp,
    /// The name stands in `tvg-name` only.
    NameInAttribute,
    NoName,
    /// Blank lines and comments inside the entry.
    Comments,
    Padded,
    Radio,
    /// A group whose name says the kind: `FR| CINÉMA`.
    TellingGroup,
    /// `group-title="A;B"`
    Semicolon,
    UnknownAttributes,
    /// `tvg-ID`
    UpperCase,
    /// `#EXTINF:0`, `#EXTINF: -1`, `#EXTINF:-1.000`
    OddDuration,
    /// `rtsp://`, `rtmp://`, `udp://`, `https://`
    OtherScheme,
    /// `#EXTM3U` in the middle: two lists in one file.
    HeaderAgain,
    /// `#EXT-X-PLAYLIST-TYPE:VOD`
    PlaylistType,
}

/// Entries of which each run has every quirk so often as [`RATES`] says.
pub const RUN: usize = 1024;

/// Of [`RUN`] entries. The rest is plain.
pub const RATES: [(Quirk, usize); 42] = [
    (Quirk::NameQuotes, 5),
    (Quirk::NameCommas, 8),
    (Quirk::Latin1, 8),
    (Quirk::Emoji, 6),
    (Quirk::RightToLeft, 8),
    (Quirk::Superscript, 8),
    (Quirk::LongName, 5),
    (Quirk::Crlf, 8),
    (Quirk::SingleQuotes, 8),
    (Quirk::Apostrophe, 5),
    (Quirk::InnerQuotes, 5),
    (Quirk::Unquoted, 5),
    (Quirk::OwnExtGrp, 6),
    (Quirk::VlcOptions, 6),
    (Quirk::VlcDash, 5),
    (Quirk::KodiProperty, 5),
    (Quirk::PipeHeaders, 6),
    (Quirk::DataLogo, 5),
    (Quirk::Repeat, 5),
    (Quirk::SameName, 5),
    (Quirk::SameGuideId, 5),
    (Quirk::Slip, 5),
    (Quirk::NoAddress, 5),
    (Quirk::BadAddress, 5),
    (Quirk::EmptyAttributes, 6),
    (Quirk::FractionalNumber, 5),
    (Quirk::OtherNumber, 5),
    (Quirk::NoNumber, 5),
    (Quirk::CatchUp, 10),
    (Quirk::NameInAttribute, 5),
    (Quirk::NoName, 5),
    (Quirk::Comments, 5),
    (Quirk::Padded, 5),
    (Quirk::Radio, 5),
    (Quirk::TellingGroup, 5),
    (Quirk::Semicolon, 5),
    (Quirk::UnknownAttributes, 6),
    (Quirk::UpperCase, 5),
    (Quirk::OddDuration, 5),
    (Quirk::OtherScheme, 5),
    (Quirk::HeaderAgain, 5),
    (Quirk::PlaylistType, 5),
];

const TABLE: [Quirk; RUN] = table();

const fn table() -> [Quirk; RUN] {
    let mut table = [Quirk::Plain; RUN];
    let (mut rate, mut at) = (0, 0);
    while rate < RATES.len() {
        let end = at + RATES[rate].1;
        while at < end {
            table[at] = RATES[rate].0;
            at += 1;
        }
        rate += 1;
    }
    table
}

impl Quirk {
    pub fn in_slot(slot: usize) -> Self {
        TABLE[slot]
    }

    /// Only live channels have it.
    pub fn is_live(self) -> bool {
        matches!(
            self,
            Self::Apostrophe
                | Self::CatchUp
                | Self::Radio
                | Self::TellingGroup
                | Self::Semicolon
                | Self::OtherScheme
                | Self::FractionalNumber
                | Self::OtherNumber
                | Self::NoNumber
        )
    }

    /// It is about the group, so it can't be where a sticky `#EXTGRP` gives that.
    pub fn has_group(self) -> bool {
        self.is_live() || matches!(self, Self::OwnExtGrp | Self::Repeat | Self::SameName | Self::SameGuideId)
    }
}
