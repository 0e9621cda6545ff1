//! Single values that belong to no table of their own.

use super::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

/// The value of `key`.
pub fn get(db: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    Ok(db.query_row("SELECT value FROM settings WHERE key = ?1", [key], |row| row.get(0)).optional()?)
}

/// Sets `key`.
pub fn set(db: &Connection, key: &str, value: &str) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";
    db.execute(sql, params![key, value])?;
    Ok(())
}

/// Forgets `key`.
pub fn remove(db: &Connection, key: &str) -> Result<(), StoreError> {
    db.execute("DELETE FROM settings WHERE key = ?1", [key])?;
    Ok(())
}
