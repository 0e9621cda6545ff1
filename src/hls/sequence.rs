//! Numbers that only ever go up, even over SIGKILL: blocks are reserved in the store before they are used.

use futures_util::future::BoxFuture;

/// How many numbers are reserved at a time.
pub(super) const BLOCK: u64 = 1000;

/// The first numbers of a reserved block: [`BLOCK`] of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    /// First media sequence number.
    pub media: u64,
    /// First discontinuity sequence number.
    pub discontinuity: u64,
}

/// Who keeps the blocks.
pub trait Reserve: Send + Sync + 'static {
    /// Reserves the next `count` numbers of `programme` durably; what was ever reserved is never given again.
    /// The error is the store's words.
    fn reserve<'a>(&'a self, programme: &'a str, count: u64) -> BoxFuture<'a, Result<Reserved, String>>;
}

/// How far a programme may count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    media_end: u64,
    discontinuity_end: u64,
}

impl Allowance {
    pub(super) fn new(reserved: Reserved) -> Self {
        Self { media_end: reserved.media + BLOCK, discontinuity_end: reserved.discontinuity + BLOCK }
    }

    /// Whether more should be asked for before these numbers are reached.
    pub(super) fn is_low(&self, media: u64, discontinuity: u64) -> bool {
        media + BLOCK / 4 >= self.media_end || discontinuity + BLOCK / 4 >= self.discontinuity_end
    }

    /// Whether these numbers may be used.
    pub(super) fn covers(&self, media: u64, discontinuity: u64) -> bool {
        media < self.media_end && discontinuity < self.discontinuity_end
    }

    /// The block after this one was reserved. Blocks of one running programme follow each other without a gap,
    /// because it alone reserves under its name.
    pub(super) fn extend(&mut self, reserved: Reserved) {
        self.media_end = reserved.media + BLOCK;
        self.discontinuity_end = reserved.discontinuity + BLOCK;
    }
}
