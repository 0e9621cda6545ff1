//! HLS (RFC 8216) of our own: segments, playlists, the shelf they are fetched from, the programmes.
//!
//! A *programme* is a playlist with a life of its own: one per channel that is watched, and the one that is on
//! air. It reads the ring of the feed it follows, groups parts into segments without copying, and numbers
//! them with sequences that only ever rise, across reconnects, switches and restarts.

pub mod multivariant;
pub mod on_air;
mod pace;
mod packager;
mod playlist;
pub mod programme;
mod programmes;
pub mod segment;
mod sequence;
pub mod shelf;

pub use on_air::{OnAir, OnAirError};
pub use programme::{Options, Programme, Snapshot};
pub use programmes::Programmes;
pub use segment::Segment;
pub use sequence::{Reserve, Reserved};
pub use shelf::Shelf;
