//! Viewers in numbers: paced HLS viewers, endless-TS viewers, and a plain hammer for delivery benches.

pub mod hammer;
pub mod hls;
pub mod latency;
pub mod ts;

pub use hammer::{Hammer, HammerReport};
pub use hls::{HlsReport, HlsViewers};
pub use latency::Latencies;
pub use ts::{TsReport, watch_ts};
