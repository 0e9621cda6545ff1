//! What a feed publishes, and the shaper.

#[path = "../../../src/feed/part.rs"]
pub mod part;
#[path = "../../../src/feed/shape/mod.rs"]
pub mod shape;
