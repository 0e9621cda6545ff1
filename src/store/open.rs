//! Opening the file: its mode, pragmas and migrations.

use super::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{Error as MigrationError, M, Migrations};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// The database's file name in the data directory.
pub const FILE: &str = "relais.db";

/// Forward only: a released file is never edited, a change is a new file at the end.
const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("migrations/001_first.sql")),
    M::up(include_str!("migrations/002_catalogue.sql")),
    M::up(include_str!("migrations/003_guide.sql")),
];

/// How long a connection waits for a lock that another process holds (a backup, the `sqlite3` shell).
const BUSY: Duration = Duration::from_secs(5);

/// The writing connection, with the schema brought up to date.
pub(super) fn writer(path: &Path) -> Result<Connection, StoreError> {
    // SQLite would create it with the umask's mode; the WAL inherits the mode of the file.
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| StoreError::Unwritable { path: path.into(), why: e.to_string() })?;
    let failed = |e| StoreError::at_open(path, e);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    let mode: String = prepare(&connection)
        .and_then(|()| connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)))
        .map_err(failed)?;
    if mode != "wal" {
        let why = "this file system can't hold a write-ahead log".to_owned();
        return Err(StoreError::Unwritable { path: path.into(), why });
    }
    let tune = "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 67108864;";
    connection.execute_batch(tune).map_err(failed)?;
    migrate(&mut connection, path)?;
    connection.execute_batch("PRAGMA foreign_keys = ON").map_err(failed)?;
    Ok(connection)
}

/// A connection that refuses to write.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
        .and_then(|connection| {
            prepare(&connection)?;
            connection.execute_batch("PRAGMA query_only = ON")?;
            Ok(connection)
        })
        .map_err(|e| StoreError::at_open(path, e))
}

/// What every connection has. `load_extension` is off by SQLite's default (and our feature set has no way to
/// turn it on); `DEFENSIVE` keeps SQL from corrupting the file, an untrusted schema from running functions.
fn prepare(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|e| StoreError::at_open(path, e))?;
    if usize::try_from(found).is_ok_and(|found| found > MIGRATIONS.len()) {
        return Err(StoreError::Newer { path: path.into(), found, known: MIGRATIONS.len() });
    }
    Migrations::from_slice(MIGRATIONS).to_latest(connection).map_err(|error| match error {
        MigrationError::RusqliteError { err, .. }
            if !matches!(err.sqlite_error_code(), None | Some(rusqlite::ErrorCode::Unknown)) =>
        {
            StoreError::at_open(path, err)
        }
        other => StoreError::Migration { path: path.into(), why: other.to_string() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_sound() {
        Migrations::from_slice(MIGRATIONS).validate().expect("migrations");
    }
}
