//! What is on air; it survives a restart.

use super::StoreError;
use crate::wire::ChannelId;
use rusqlite::{Connection, OptionalExtension, params};

/// The channel on air.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnAir {
    /// The channel.
    pub channel: ChannelId,
    /// Since when, seconds since the epoch.
    pub started_at: i64,
}

/// What is on air, if anything.
pub fn get(db: &Connection) -> Result<Option<OnAir>, StoreError> {
    let row: Option<(String, i64)> = db
        .query_row("SELECT channel_id, started_at FROM on_air", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    row.map(|(id, started_at)| Ok(OnAir { channel: super::channels::id(&id)?, started_at })).transpose()
}

/// Puts a channel on air, or nothing.
pub fn set(db: &Connection, on_air: Option<&OnAir>) -> Result<(), StoreError> {
    match on_air {
        None => db.execute("DELETE FROM on_air", [])?,
        Some(now) => db.execute(
            "INSERT OR REPLACE INTO on_air (only, channel_id, started_at) VALUES (1, ?1, ?2)",
            params![now.channel.as_str(), now.started_at],
        )?,
    };
    Ok(())
}
