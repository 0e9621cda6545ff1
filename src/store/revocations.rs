//! Sign-in tokens that were logged out before their time.

use super::StoreError;
use rusqlite::{Connection, params};

/// Revokes the token `jti` until its own end.
pub fn add(db: &Connection, jti: &str, expires_at: i64) -> Result<(), StoreError> {
    db.execute(
        "INSERT OR REPLACE INTO revoked_tokens (jti, expires_at) VALUES (?1, ?2)",
        params![jti, expires_at],
    )?;
    Ok(())
}

/// All that still matter: `(jti, expires_at)`.
pub fn all(db: &Connection, now: i64) -> Result<Vec<(String, i64)>, StoreError> {
    let mut query = db.prepare_cached("SELECT jti, expires_at FROM revoked_tokens WHERE expires_at > ?1")?;
    let rows = query.query_map([now], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Drops those whose token has ended by itself.
pub fn prune(db: &Connection, now: i64) -> Result<usize, StoreError> {
    Ok(db.execute("DELETE FROM revoked_tokens WHERE expires_at <= ?1", [now])?)
}
