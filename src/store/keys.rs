//! API keys: only their hashes are kept.

use super::StoreError;
use super::users::Role;
use rusqlite::{Connection, Row, params};

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its number.
    pub id: i64,
    /// SHA-256 of the whole key.
    pub hash: [u8; 32],
    /// Its first characters, for recognising it in a list.
    pub prefix: String,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The user who made it; `None`: made over the admin socket.
    pub created_by: Option<i64>,
    /// Seconds since the epoch.
    pub created_at: i64,
    /// Seconds since the epoch; `None`: never.
    pub expires_at: Option<i64>,
    /// Seconds since the epoch, to the minute or so; `None`: never used.
    pub last_used: Option<i64>,
}

const COLUMNS: &str = "id, hash, prefix, name, role, created_by, created_at, expires_at, last_used";

/// Stores a new key (its `id` is not read) and returns its number.
pub fn insert(db: &Connection, key: &Key) -> Result<i64, StoreError> {
    db.execute(
        "INSERT INTO api_keys (hash, prefix, name, role, created_by, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            key.hash,
            key.prefix,
            key.name,
            key.role.as_str(),
            key.created_by,
            key.created_at,
            key.expires_at
        ],
    )?;
    Ok(db.last_insert_rowid())
}

/// Every key, the oldest first.
pub fn all(db: &Connection) -> Result<Vec<Key>, StoreError> {
    let mut query = db.prepare_cached(&format!("SELECT {COLUMNS} FROM api_keys ORDER BY id"))?;
    let mut rows = query.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(key(row)?);
    }
    Ok(keys)
}

/// Deletes a key; whether there was one.
pub fn remove(db: &Connection, id: i64) -> Result<bool, StoreError> {
    Ok(db.execute("DELETE FROM api_keys WHERE id = ?1", [id])? == 1)
}

/// Notes when keys were last used: `(id, time)`.
pub fn touch(db: &Connection, used: &[(i64, i64)]) -> Result<(), StoreError> {
    let mut update = db.prepare_cached("UPDATE api_keys SET last_used = ?2 WHERE id = ?1")?;
    for (id, at) in used {
        update.execute(params![id, at])?;
    }
    Ok(())
}

fn key(row: &Row<'_>) -> Result<Key, StoreError> {
    Ok(Key {
        id: row.get(0)?,
        hash: row.get(1)?,
        prefix: row.get(2)?,
        name: row.get(3)?,
        role: row.get::<_, String>(4)?.parse()?,
        created_by: row.get(5)?,
        created_at: row.get(6)?,
        expires_at: row.get(7)?,
        last_used: row.get(8)?,
    })
}
