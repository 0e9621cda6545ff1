//! The rooms that are fuzzed, under the paths that they have in relais.

#[path = "../../../src/ts/mod.rs"]
pub mod ts;

pub mod catalogue;
pub mod feed;
pub mod wire;
