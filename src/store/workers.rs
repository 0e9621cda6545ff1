//! The database's threads: one that writes, a few that read.

use super::StoreError;
use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use tokio::sync::mpsc;

/// How many readers: enough that one long search does not hold up a look-up.
pub(super) const READERS: usize = 3;

/// Something to do with a connection. It answers for itself; where it panics, its answer is never sent.
pub(super) type Job = Box<dyn FnOnce(&mut Connection) + Send>;

pub(super) fn start_writer(mut connection: Connection) -> Result<mpsc::Sender<Job>, StoreError> {
    let (sender, mut jobs) = mpsc::channel::<Job>(super::QUEUE);
    let run = move || {
        while let Some(job) = jobs.blocking_recv() {
            contained(job, &mut connection);
        }
        // Lets the query planner keep what it learned; only advice, so a failure does not matter.
        let _ = connection.execute_batch("PRAGMA optimize");
    };
    thread::Builder::new().name("store-write".into()).spawn(run).map_err(StoreError::Thread)?;
    Ok(sender)
}

pub(super) fn start_readers(connections: Vec<Connection>) -> Result<mpsc::Sender<Job>, StoreError> {
    let (sender, jobs) = mpsc::channel::<Job>(super::QUEUE);
    let jobs = Arc::new(Mutex::new(jobs));
    for mut connection in connections {
        let jobs = jobs.clone();
        let run = move || {
            loop {
                // The lock is held while waiting, not while working: idle readers queue up behind it.
                let next = jobs.lock().blocking_recv();
                match next {
                    Some(job) => contained(job, &mut connection),
                    None => break,
                }
            }
        };
        thread::Builder::new().name("store-read".into()).spawn(run).map_err(StoreError::Thread)?;
    }
    Ok(sender)
}

/// A panic ends the job, not the thread. The transaction was rolled back while unwinding.
fn contained(job: Job, connection: &mut Connection) {
    if catch_unwind(AssertUnwindSafe(|| job(connection))).is_err() {
        tracing::error!("a database task panicked; its transaction was rolled back");
    }
}

pub(super) fn in_transaction<T>(
    connection: &mut Connection,
    f: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = f(&transaction)?;
    transaction.commit()?;
    Ok(value)
}
