//! Accounts as real providers have them, of any size, made of a seed: M3U lists, Xtream panels and XMLTV guides with
//! every quirk of the field at known rates, and the truth of what a correct import holds, item for item.
//!
//! Everything is a function of [`Spec`] and an index: lists are written while they are read, in constant memory, and
//! the truth is told the same way. [`Server`] serves an account as a panel does, and misbehaves on request.

/// `write!` to a vector of bytes, which can't fail.
macro_rules! put {
    ($to:expr, $($argument:tt)*) => {{
        let _ = write!($to, $($argument)*);
    }};
}

pub mod dice;
pub mod guide;
pub mod item;
pub mod m3u;
mod naming;
pub mod pieces;
mod server;
mod words;
pub mod xtream;

pub use item::{Item, Kind, Logo, Truth};
pub use pieces::{Pack, Pieces};
pub use server::{Conduct, Fault, Framing, Part, Progress, Seen, Server};

use dice::mix;

/// A provider's list.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    pub seed: u64,
    /// Entries; quirks may make fewer channels of them.
    pub size: u64,
    /// `http://host:port`, the beginning of every address in it.
    pub address: String,
    pub username: String,
    pub password: String,
    /// Without: every entry is as it should be.
    pub quirks: bool,
    /// Characters of one logo in the middle of an M3U list; 0: none.
    pub giant: usize,
    /// M3U: the file begins with a byte-order mark.
    pub bom: bool,
    /// M3U: all lines end in CRLF.
    pub crlf: bool,
    /// M3U: `#EXTM3U` is there.
    pub header: bool,
    pub revision: Revision,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            seed: 1,
            size: 1000,
            address: "http://tv.example.org:8080".into(),
            username: "generated-user".into(),
            password: "generated-password".into(),
            quirks: true,
            giant: 0,
            bom: false,
            crlf: false,
            header: true,
            revision: Revision::default(),
        }
    }
}

impl Spec {
    pub fn of(size: u64) -> Self {
        Self { size, ..Self::default() }
    }

    /// Every entry as it should be.
    pub fn plain(mut self) -> Self {
        self.quirks = false;
        self
    }

    /// What stands in addresses now.
    fn credentials(&self) -> (String, String) {
        let password = match self.revision.tokens {
            true => format!("{}-{}", self.password, self.revision.number),
            false => self.password.clone(),
        };
        (self.username.clone(), password)
    }

    /// A token of an address.
    fn token(&self, index: u64) -> u64 {
        mix(self.seed ^ 0x70_6B ^ if self.revision.tokens { self.revision.number } else { 0 }, index)
    }

    /// Whether the revision still has that entry.
    fn keeps(&self, index: u64) -> bool {
        index >= self.size || mix(self.seed ^ 0xD0, index) % 1000 < self.revision.keep
    }
}

/// How a list differs from what it was before. Shares are in thousandths of the entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Changes of different numbers are different; 0: the first list.
    pub number: u64,
    pub rename: u64,
    /// To another group.
    pub regroup: u64,
    /// The provider counts its channels anew.
    pub renumber: bool,
    /// Credentials and tokens in addresses are others.
    pub tokens: bool,
    /// The list is in another order.
    pub shuffle: bool,
    /// Entries that are still there.
    pub keep: u64,
    /// Entries that are new.
    pub add: u64,
}

impl Default for Revision {
    fn default() -> Self {
        Self {
            number: 0,
            rename: 0,
            regroup: 0,
            renumber: false,
            tokens: false,
            shuffle: false,
            keep: 1000,
            add: 0,
        }
    }
}

impl Revision {
    pub fn number(number: u64) -> Self {
        Self { number, ..Self::default() }
    }

    /// Whether that entry has another name.
    pub fn renames(&self, seed: u64, index: u64) -> bool {
        mix(seed ^ 0xA1 ^ self.number << 8, index) % 1000 < self.rename
    }

    /// Whether that entry is in another group.
    pub fn moves(&self, seed: u64, index: u64) -> bool {
        mix(seed ^ 0xB2 ^ self.number << 8, index) % 1000 < self.regroup
    }

    /// A provider's number after its counting anew.
    fn renumbered(&self, number: f64) -> f64 {
        if self.renumber { number + 1000.0 * self.number as f64 } else { number }
    }
}
