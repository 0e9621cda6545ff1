//! relais: a television headend for one small box.
//!
//! One transport stream in, many out. ARCHITECTURE.md is the map of these rooms, and says which
//! room may use which; `tests/architecture.rs` holds the code to it.

pub mod access;
pub mod app;
pub mod bus;
pub mod catalogue;
pub mod cli;
pub mod client;
pub mod config;
pub mod demo;
pub mod feed;
pub mod ffmpeg;
pub mod fold;
pub mod guide;
pub mod hls;
pub mod http;
pub mod ingest;
pub mod net;
pub mod ops;
pub mod output;
pub mod store;
pub mod ts;
pub mod wire;
