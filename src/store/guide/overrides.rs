//! What administrators say about the guide of a channel.

use crate::store::StoreError;
use crate::store::channels::id;
use crate::wire::ChannelId;
use rusqlite::{Connection, params};

/// A channel's guide, said by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The channel.
    pub channel_id: ChannelId,
    /// The guide's source; `None`: any.
    pub source: Option<i64>,
    /// The channel's id there; `None`: it has no guide.
    pub xmltv_id: Option<String>,
    /// Minutes by which the channel is later.
    pub shift: i32,
}

/// All of them.
pub fn all(db: &Connection) -> Result<Vec<Override>, StoreError> {
    let mut query = db.prepare_cached("SELECT channel_id, source, xmltv_id, shift FROM guide_overrides")?;
    let mut rows = query.query([])?;
    let mut overrides = Vec::new();
    while let Some(row) = rows.next()? {
        overrides.push(Override {
            channel_id: id(&row.get::<_, String>(0)?)?,
            source: row.get(1)?,
            xmltv_id: row.get(2)?,
            shift: row.get(3)?,
        });
    }
    Ok(overrides)
}

/// Sets one, in place of what was said before. A source that does not exist is a broken foreign key.
pub fn set(db: &Connection, new: &Override) -> Result<(), StoreError> {
    let sql = "INSERT INTO guide_overrides (channel_id, source, xmltv_id, shift) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO UPDATE SET source = excluded.source, xmltv_id = excluded.xmltv_id, shift = excluded.shift";
    db.execute(sql, params![new.channel_id.as_str(), new.source, new.xmltv_id, new.shift])?;
    Ok(())
}

/// Forgets one; whether there was one.
pub fn remove(db: &Connection, channel: &ChannelId) -> Result<bool, StoreError> {
    Ok(db.execute("DELETE FROM guide_overrides WHERE channel_id = ?1", [channel.as_str()])? == 1)
}
