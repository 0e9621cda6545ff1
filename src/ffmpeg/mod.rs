//! FFmpeg: command lines (pure), the probe, processes and their end.
//!
//! Invariants: credentials of HTTP sources never stand in a command line (relais fetches HTTP itself and
//! FFmpeg reads a pipe); every process has its own group, is always awaited, and is written down so that the
//! next start can end those that outlived a killed relais.

pub mod args;
mod exit;
mod log;
pub mod orphans;
mod process;
mod progress;
mod tool;

pub use exit::Exit;
pub use log::Line;
pub use process::{Process, Spawn, SpawnError, Trouble};
pub use progress::Progress;
pub use tool::{Abilities, Tool, ToolError, ToolOptions};
