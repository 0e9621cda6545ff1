//! MPEG-TS (ISO 13818-1): packets, PSI, PES timestamps, keyframes, continuity. Pure: bytes in, values out.
//!
//! Invariant: no input, however broken, panics or makes anything grow without bound.

pub mod ac3;
pub mod adts;
pub mod annexb;
mod bits;
pub mod clock;
pub mod codec;
pub mod framer;
pub mod h264;
pub mod hevc;
pub mod mpa;
pub mod mpeg2;
pub mod packet;
pub mod pat;
pub mod pes;
pub mod pmt;
pub mod psi;
mod time;

pub use codec::Codec;
pub use framer::Framer;
pub use packet::{PACKET, Packet};
pub use time::MediaTime;
