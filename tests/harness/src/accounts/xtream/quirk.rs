//! What panels do to the items of their lists, and how often.

/// One item has one of these, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quirk {
    Plain,
    /// Every number is text.
    NumbersAsText,
    /// Numbers are text with blanks around them.
    Spaced,
    /// `"num": ""`
    BlankNumber,
    NullNumber,
    /// `"category_id": 5`
    WholeCategory,
    /// `"category_id": null`, `"category_ids": [5]`
    NullCategory,
    /// `"category_id": ""`, `"category_ids": ["5"]`
    CategoriesAsText,
    /// `"category_ids": {"0": 5}`, and no `category_id`
    CategoriesAsObject,
    /// Neither.
    NoCategory,
    /// A category that the panel does not list.
    UnknownCategory,
    /// The `stream_id` of an earlier channel, in another category.
    SameIdAgain,
    NullIcon,
    BlankIcon,
    NullName,
    NoId,
    /// `null`, `[]`, `"text"`, `7` instead of an object.
    NoObject,
    /// The address is in `direct_source`.
    DirectSource,
    Radio,
    /// `"stream_type": "created_live"`
    CreatedLive,
    Emoji,
    RightToLeft,
    Superscript,
    /// `The "Big" Show \ 2`
    QuotesInName,
    /// `"epg_channel_id": null` or `""`
    NoGuideId,
    /// `tv_archive` and its days, as numbers or text.
    Archive,
    /// Some kilobytes of plot with everything that JSON escapes.
    LongText,
    /// Objects and lists where nobody expects them.
    Nested,
    /// `added` blank, `is_adult` "None", `custom_sid` null.
    OddRest,
}

/// Items of which each run has every quirk so often as [`RATES`] says.
pub const RUN: usize = 512;

/// Of [`RUN`] items. The rest is plain.
pub const RATES: [(Quirk, usize); 28] = [
    (Quirk::NumbersAsText, 24),
    (Quirk::Spaced, 6),
    (Quirk::BlankNumber, 4),
    (Quirk::NullNumber, 4),
    (Quirk::WholeCategory, 12),
    (Quirk::NullCategory, 6),
    (Quirk::CategoriesAsText, 4),
    (Quirk::CategoriesAsObject, 4),
    (Quirk::NoCategory, 4),
    (Quirk::UnknownCategory, 4),
    (Quirk::SameIdAgain, 6),
    (Quirk::NullIcon, 6),
    (Quirk::BlankIcon, 6),
    (Quirk::NullName, 3),
    (Quirk::NoId, 3),
    (Quirk::NoObject, 3),
    (Quirk::DirectSource, 4),
    (Quirk::Radio, 4),
    (Quirk::CreatedLive, 4),
    (Quirk::Emoji, 4),
    (Quirk::RightToLeft, 4),
    (Quirk::Superscript, 4),
    (Quirk::QuotesInName, 4),
    (Quirk::NoGuideId, 4),
    (Quirk::Archive, 8),
    (Quirk::LongText, 3),
    (Quirk::Nested, 3),
    (Quirk::OddRest, 6),
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

    /// Only live streams have it.
    pub fn is_live(self) -> bool {
        matches!(
            self,
            Self::SameIdAgain
                | Self::DirectSource
                | Self::Radio
                | Self::CreatedLive
                | Self::NoGuideId
                | Self::Archive
        )
    }
}
