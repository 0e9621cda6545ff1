//! Temporary links to a channel.

use super::StoreError;
use crate::wire::ChannelId;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// A link as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// base64url of 128 random bits; who knows it may watch.
    pub id: String,
    /// What it shows.
    pub channel: ChannelId,
    /// The user who made it; `None` for the admin socket, or where that user is gone.
    pub created_by: Option<i64>,
    /// Seconds since the epoch.
    pub created_at: i64,
    /// Seconds since the epoch.
    pub expires_at: i64,
    /// Ended by hand.
    pub revoked: bool,
}

/// Stores a new link.
pub fn insert(db: &Connection, link: &Link) -> Result<(), StoreError> {
    db.execute(
        "INSERT INTO links (id, channel_id, created_by, created_at, expires_at, revoked) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![link.id, link.channel.as_str(), link.created_by, link.created_at, link.expires_at, link.revoked],
    )?;
    Ok(())
}

/// Every link that was not pruned, the newest first.
pub fn all(db: &Connection) -> Result<Vec<Link>, StoreError> {
    let sql = "SELECT id, channel_id, created_by, created_at, expires_at, revoked FROM links ORDER BY created_at DESC, id";
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query([])?;
    let mut links = Vec::new();
    while let Some(row) = rows.next()? {
        links.push(link(row)?);
    }
    Ok(links)
}

/// One link.
pub fn get(db: &Connection, id: &str) -> Result<Option<Link>, StoreError> {
    let sql = "SELECT id, channel_id, created_by, created_at, expires_at, revoked FROM links WHERE id = ?1";
    db.query_row(sql, [id], |row| Ok(link(row))).optional()?.transpose()
}

/// Ends a link by hand; whether there was one.
pub fn revoke(db: &Connection, id: &str) -> Result<bool, StoreError> {
    Ok(db.execute("UPDATE links SET revoked = 1 WHERE id = ?1", [id])? == 1)
}

/// Forgets links that ended before `before`: until then they are known to have expired.
pub fn prune(db: &Connection, before: i64) -> Result<usize, StoreError> {
    Ok(db.execute("DELETE FROM links WHERE expires_at < ?1", [before])?)
}

fn link(row: &Row<'_>) -> Result<Link, StoreError> {
    Ok(Link {
        id: row.get(0)?,
        channel: super::channels::id(&row.get::<_, String>(1)?)?,
        created_by: row.get(2)?,
        created_at: row.get(3)?,
        expires_at: row.get(4)?,
        revoked: row.get(5)?,
    })
}
