//! One channel's life: state machine, actor, registry, ring of parts, leases, source fail-over.

pub mod budget;
pub mod part;
pub mod ring;
pub mod state;

pub use part::{AudioInfo, Origin, Part, Shape, VideoInfo};
