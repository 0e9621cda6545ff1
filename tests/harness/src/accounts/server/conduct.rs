//! How a panel answers, well or badly, per kind of request.

use std::time::Duration;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    Login,
    Categories,
    Live,
    Vod,
    Series,
    /// One film, one show, one channel's programmes.
    Details,
    /// The M3U list.
    List,
    /// XMLTV.
    Guide,
    /// A stream, or what looks like one.
    Media,
}

/// How a body's end is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Framing {
    /// `Content-Length`
    #[default]
    Length,
    Chunked,
    /// The connection is closed.
    UntilClose,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Fault {
    #[default]
    None,
    /// A status and nothing to read.
    Status(u16),
    /// Status 200 and something else.
    Instead(&'static str, Vec<u8>),
    /// After this share of the body the connection ends, whatever was announced. Where its end would tell nothing
    /// (M3U, [`Framing::UntilClose`]) that is inside an `#EXTINF` line.
    Cut(f64),
    /// After this share nothing more comes.
    Stall(f64),
    /// So many bytes at a time, and a pause after each.
    Trickle(usize, Duration),
}

impl Fault {
    /// A page where a list is expected, with status 200.
    pub fn page() -> Self {
        let page =
            "<!DOCTYPE html>\n<html><head><title>Blocked</title></head><body>#EXTM3U? No.</body></html>\n";
        Self::Instead("text/html; charset=utf-8", page.into())
    }

    /// Words where a list is expected.
    pub fn words() -> Self {
        Self::Instead("text/plain", b"Forbidden: your address is blocked".to_vec())
    }

    /// That, as JSON.
    pub fn json(text: &str) -> Self {
        Self::Instead("application/json", text.into())
    }
}

/// How one kind of request is answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conduct {
    pub fault: Fault,
    pub framing: Framing,
    /// `Content-Encoding: gzip`, where the client takes it.
    pub gzip: bool,
    /// How long the first byte takes.
    pub first_byte: Duration,
    /// `ETag` and `Last-Modified`, and 304 to who has it.
    pub validators: bool,
}
