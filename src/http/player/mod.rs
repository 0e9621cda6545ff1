//! The player page: its document, its files, its events.

pub(super) mod assets;
pub(super) mod events;
pub(super) mod page;
