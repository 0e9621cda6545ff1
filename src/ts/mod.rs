//! MPEG-TS (ISO 13818-1): packets, PSI, PES timestamps, keyframes, continuity. Pure: bytes in, values out.

mod time;

pub use time::MediaTime;
