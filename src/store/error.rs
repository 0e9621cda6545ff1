//! What can go wrong with the database, in words for people.

use rusqlite::ErrorCode;
use std::path::PathBuf;

/// A failed database call. Holds no values of queries, so no secrets.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file or its directory can't be written.
    #[error("the database {} can't be written ({why}): check the directory's owner, mode and free space", path.display())]
    Unwritable {
        /// The database file.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// Not a database, or a damaged one.
    #[error("the database {} is damaged ({why}): move it away and restore a backup", path.display())]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// SQLite's words.
        why: String,
    },
    /// Its schema is of a later relais.
    #[error("the database {} was written by a newer relais (schema {found}, this one knows {known}): update relais", path.display())]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The last version this build has.
        known: usize,
    },
    /// A migration failed; the file is as it was.
    #[error("the database {} can't be brought up to date: {why}", path.display())]
    Migration {
        /// The database file.
        path: PathBuf,
        /// SQLite's words.
        why: String,
    },
    /// A database thread could not be started.
    #[error("no thread for the database: {0}")]
    Thread(std::io::Error),
    /// relais is stopping.
    #[error("the database is closed")]
    Closed,
    /// A fault in relais; the transaction was rolled back.
    #[error("a database task failed inside relais; nothing of it was written")]
    Panicked,
    /// A row with this name or id is there already.
    #[error("{0} already exists")]
    Exists(String),
    /// A stored value is not what this build writes.
    #[error("the stored {what} can't be read: {why}")]
    Malformed {
        /// Which value.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// SQLite's refusal of a statement.
    #[error("database: {0}")]
    Sql(#[from] rusqlite::Error),
}

impl StoreError {
    /// Whether a `UNIQUE` or `PRIMARY KEY` rule was broken.
    pub fn is_duplicate(&self) -> bool {
        use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
        match self {
            Self::Exists(_) => true,
            Self::Sql(rusqlite::Error::SqliteFailure(e, _)) => {
                matches!(e.extended_code, SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY)
            }
            _ => false,
        }
    }

    /// The same error with a broken uniqueness rule told as "`what` already exists".
    #[must_use]
    pub fn or_exists(self, what: impl FnOnce() -> String) -> Self {
        if self.is_duplicate() { Self::Exists(what()) } else { self }
    }

    /// Sorts SQLite's refusals at opening into those a person can act upon.
    pub(super) fn at_open(path: &std::path::Path, error: rusqlite::Error) -> Self {
        let (path, why) = (path.to_owned(), error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, why },
            _ => Self::Unwritable { path, why },
        }
    }
}
