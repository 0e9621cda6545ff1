//! XMLTV as it comes: bytes in pieces, channels and programmes out. Pure.
//!
//! Invariants: no document makes it panic or hang, or hold more than an element of it; one bad element is counted and
//! nothing else; a document with entities of its own is refused; one that ends in the middle is told from a whole one.

mod element;
mod encoding;
mod frame;
mod text;
mod time;

pub use time::Moment;

use crate::wire::programme::About;
use element::Rules;
use encoding::Transcoder;
use frame::{Frame, Framer, Kind};
use jiff::tz::TimeZone;
use time::Zones;

/// A channel of a guide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Channel {
    /// What programmes call it.
    pub id: String,
    /// What people call it.
    pub names: Vec<String>,
    /// A picture's address.
    pub icon: Option<String>,
}

/// A programme of a guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programme {
    /// Its channel's id.
    pub channel: String,
    /// When it begins.
    pub start: Moment,
    /// When it ends, where the guide says so; it may say nonsense.
    pub stop: Option<Moment>,
    /// What it is.
    pub about: About,
}

/// What a document has.
#[allow(clippy::large_enum_variant)] // nearly all are the large one
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A channel.
    Channel(Channel),
    /// A programme.
    Programme(Programme),
    /// An element that made no sense.
    Odd,
}

/// The document is something else; what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} comes where a guide should be")]
pub struct NotXmltv(pub &'static str);

/// How a document is read.
#[derive(Debug, Clone)]
pub struct Options {
    /// The zone of times that have none.
    pub zone: TimeZone,
    /// The language to take where there are several; else the first.
    pub language: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { zone: TimeZone::UTC, language: None }
    }
}

/// Reads one document.
pub struct Document {
    transcoder: Transcoder,
    framer: Framer,
    rules: Rules,
}

impl Document {
    /// A document that is about to come.
    pub fn new(options: Options) -> Self {
        let rules = Rules { zones: Zones::new(options.zone), language: options.language };
        Self { transcoder: Transcoder::new(), framer: Framer::new(), rules }
    }

    /// Takes the next piece and gives what it completes.
    pub fn push(&mut self, piece: &[u8], take: impl FnMut(Item)) -> Result<(), NotXmltv> {
        self.read(piece, false, take)
    }

    /// Ends it; `false`: the document was cut.
    pub fn finish(mut self, take: impl FnMut(Item)) -> Result<bool, NotXmltv> {
        self.read(&[], true, take)?;
        let end = self.framer.finish();
        if end.any { Ok(end.whole) } else { Err(NotXmltv("nothing, or something that is not XML,")) }
    }

    fn read(&mut self, piece: &[u8], last: bool, mut take: impl FnMut(Item)) -> Result<(), NotXmltv> {
        let Self { transcoder, framer, rules } = self;
        framer.push(transcoder.push(piece, last), |frame| {
            take(match frame {
                Frame::Whole(Kind::Channel, xml) => element::channel(xml).map_or(Item::Odd, Item::Channel),
                Frame::Whole(Kind::Programme, xml) => {
                    element::programme(xml, rules).map_or(Item::Odd, Item::Programme)
                }
                Frame::Broken(_) => Item::Odd,
            });
        })
    }
}

#[cfg(test)]
mod tests;
