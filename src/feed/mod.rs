//! One channel's life: state machine, actor, registry, ring of parts, leases, source fail-over.

pub mod part;
pub mod shape;

pub use part::{AudioInfo, Origin, Part, Shape, VideoInfo};
