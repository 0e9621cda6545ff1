//! Sources: direct HTTP TS, HLS read by relais, everything else through FFmpeg, and the slate.

pub mod source;

pub use source::{Ended, Event, Kind, Source};
