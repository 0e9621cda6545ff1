//! One channel's life: state machine, actor, registry, ring of parts, leases, source fail-over.
//!
//! ```text
//! Feeds (registry) ── lease ──► Actor ── Link ──► ingest
//!                                 │ bytes ▼
//!                               Shaper ── parts ──► Ring ──► Readers (HLS, endless TS, web variant)
//! ```

mod actor;
pub mod book;
pub mod budget;
mod clock;
mod link;
mod media_thread;
mod no_signal;
pub mod part;
mod registry;
mod rhythm;
pub mod ring;
pub mod shape;
mod shared;
mod slots;
pub mod state;

pub use book::{Book, BookError, Channel, Provider};
pub use budget::{Budget, Held};
pub use media_thread::MediaThread;
pub use no_signal::NoSignal;
pub use part::{AudioInfo, Origin, Part, Shape, VideoInfo};
pub use registry::{Feeds, LeaseError, Options, Purpose};
pub use ring::{Item, Join, Reader, Ring};
pub use shared::{FeedKey, Lease, NotReady, Status};
pub use state::Phase;
