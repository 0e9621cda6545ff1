//! Judges: what comes out of relais, held against the standards and against what went in.

pub mod hls;
pub mod lists;
pub mod playlist;
mod report;
pub mod sync;
pub mod tools;
pub mod ts;
