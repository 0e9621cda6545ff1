//! SQLite: what is intended. One writer, a few readers, one file of queries per aggregate.
//!
//! Invariants: a write is one `BEGIN IMMEDIATE` transaction that happens whole or not at all, also when its
//! closure fails or panics; readers can't write; the schema only goes forward; what is happening *now*
//! (sessions, processes, bitrates) is never stored here. Times are whole seconds since the epoch, UTC.

mod error;
mod open;
mod unsigned;
mod vault;
mod workers;

pub mod channels;
pub mod edits;
pub mod guide;
pub mod imports;
pub mod keys;
pub mod links;
pub mod on_air;
pub mod providers;
pub mod revocations;
pub mod sequences;
pub mod settings;
pub mod users;

pub use error::StoreError;
pub use open::FILE;
pub use vault::{Unsealable, Vault};

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, oneshot};
use workers::Job;

/// Jobs that may wait for the writer, and for the readers; whoever comes then waits for room.
const QUEUE: usize = 64;

/// The database. Cheap to clone; its threads end with its last clone.
#[derive(Clone)]
pub struct Store {
    writer: mpsc::Sender<Job>,
    readers: mpsc::Sender<Job>,
}

impl Store {
    /// Opens `relais.db` in `dir`, creating it (mode 0600) where there is none, and brings its schema up to date.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(FILE);
        let writer = open::writer(&path)?;
        let readers = (0..workers::READERS).map(|_| open::reader(&path)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { writer: workers::start_writer(writer)?, readers: workers::start_readers(readers)? })
    }

    /// Runs `f` in a transaction on the writer thread and commits it; on an error or a panic of `f` nothing
    /// of it remains. Once queued it runs to its end, also when the returned future is dropped.
    pub async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let _ = answer.send(workers::in_transaction(connection, f));
        });
        self.writer.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Panicked)?
    }

    /// Runs `f` on a reader thread, over a snapshot of what was last committed when its first query began.
    pub async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&rusqlite::Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let _ = answer.send(f(connection));
        });
        self.readers.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Panicked)?
    }
}

/// Now, in seconds since the epoch.
pub fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0))
}

#[cfg(test)]
pub(crate) mod tests;
