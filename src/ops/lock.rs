//! One relais per data directory: an advisory lock (flock) on a file in it.
//!
//! The kernel drops the lock with the process, however it dies, so a stale file never keeps anyone out.
//! Child processes don't inherit it: the file is opened close-on-exec.

use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

const NAME: &str = "relais.lock";

/// Why the data directory can't be had for oneself.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("another relais{} runs on {}. Stop it first, or set RELAIS_DATA_DIR to another place", pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default(), dir.display())]
    Taken {
        /// The data directory.
        dir: PathBuf,
        /// Its process id, where it could be read.
        pid: Option<u32>,
    },
    /// The lock file can't be opened, locked or written.
    #[error("can't lock {}: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The data directory is ours until this is dropped.
#[derive(Debug)]
pub struct InstanceLock {
    file: File,
}

impl InstanceLock {
    /// Takes the lock of `data_dir`, which must exist, and writes our process id into it.
    pub fn take(data_dir: &Path) -> Result<Self, LockError> {
        let path = data_dir.join(NAME);
        let io = |source: io::Error| LockError::Io { path: path.clone(), source };
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(io)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(LockError::Taken { dir: data_dir.to_owned(), pid: read_pid(&mut file) });
            }
            Err(error) => return Err(io(error.into())),
        }
        file.set_len(0).map_err(io)?;
        file.rewind().map_err(io)?;
        writeln!(file, "{}", std::process::id()).map_err(io)?;
        Ok(Self { file })
    }
}

impl Drop for InstanceLock {
    fn drop(&mut self) {
        // Closing alone would leave the lock to a child that was forked and has not reached its exec yet.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

/// The process that holds the lock of `data_dir`; `None` where nobody does. Leaves nothing behind.
pub fn holder(data_dir: &Path) -> Option<u32> {
    let mut file = File::open(data_dir.join(NAME)).ok()?;
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Err(rustix::io::Errno::WOULDBLOCK) => read_pid(&mut file),
        _ => None,
    }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_was_first_and_the_first_leaves_nothing_behind() {
        let dir = tempfile::tempdir().expect("directory");
        assert_eq!(holder(dir.path()), None);
        let first = InstanceLock::take(dir.path()).expect("free");
        assert_eq!(holder(dir.path()), Some(std::process::id()));
        let error = InstanceLock::take(dir.path()).expect_err("taken").to_string();
        let expected =
            format!("another relais (pid {}) runs on {}", std::process::id(), dir.path().display());
        assert!(error.starts_with(&expected), "{error}");
        drop(first);
        assert_eq!(holder(dir.path()), None);
        InstanceLock::take(dir.path()).expect("free again");
    }
}
