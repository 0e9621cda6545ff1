//! Channels of the lists that count, by their row. What finds rows is the catalogue's index, in memory.

use super::StoreError;
use super::imports::{self, POSITIONS, kind_of};
use crate::wire::ChannelId;
use crate::wire::catalogue::Category;
use rusqlite::{Connection, OptionalExtension, params};

/// A channel as its provider has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Its row.
    pub row: i64,
    /// Its id.
    pub channel_id: String,
    /// As the provider writes it.
    pub name: String,
    /// The number of its group.
    pub group: Option<i64>,
    /// The normalised kind.
    pub kind: Category,
    /// A picture of it.
    pub logo_url: Option<String>,
    /// Its number.
    pub number: Option<f64>,
    /// Its name in guides.
    pub tvg_id: Option<String>,
    /// Catch-up attributes, as JSON.
    pub catch_up: Option<String>,
}

/// What is needed to open a channel.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// What the provider calls it.
    pub source_key: String,
    /// Address and headers, sealed; `None`: built from the provider.
    pub sealed: Option<Vec<u8>>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its number.
    pub id: i64,
    /// As the provider writes it.
    pub name: String,
    /// Without case and diacritics.
    pub folded: String,
}

const LISTED: &str = "row, channel_id, name, group_id, kind, logo_url, number, tvg_id, catch_up";

/// The words of a stored id as an id.
pub fn id(text: &str) -> Result<ChannelId, StoreError> {
    text.parse().map_err(|_| StoreError::Malformed { what: "channel id", why: format!("{text:?} is none") })
}

/// The channels of some rows, in that order; rows that are gone are left out.
pub fn at(db: &Connection, rows: &[i64]) -> Result<Vec<Listed>, StoreError> {
    let mut query = db.prepare_cached(&format!("SELECT {LISTED} FROM channels WHERE row = ?1"))?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        found.extend(query.query_row([row], listed).optional()?);
    }
    Ok(found)
}

/// Hands out a list in its order, from a position on, at most `limit`; how many those were.
pub fn walk(
    db: &Connection,
    generation: i64,
    from: u32,
    limit: u32,
    mut each: impl FnMut(Listed),
) -> Result<u32, StoreError> {
    let rows = imports::rows(generation);
    let sql = format!("SELECT {LISTED} FROM channels WHERE row >= ?1 AND row < ?2 ORDER BY row LIMIT ?3");
    let mut query = db.prepare_cached(&sql)?;
    let mut found = query.query(params![rows.start + i64::from(from), rows.end, limit])?;
    let mut count = 0;
    while let Some(row) = found.next()? {
        each(listed(row)?);
        count += 1;
    }
    Ok(count)
}

/// What is needed to open the channel of a row.
pub fn source(db: &Connection, row: i64) -> Result<Option<Source>, StoreError> {
    let sql = "SELECT name, source_key, source_sealed FROM channels WHERE row = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Source { name: row.get(0)?, source_key: row.get(1)?, sealed: row.get(2)? })
    };
    Ok(db.prepare_cached(sql)?.query_row([row], read).optional()?)
}

/// Every group that ever was.
pub fn groups(db: &Connection) -> Result<Vec<Group>, StoreError> {
    let mut query = db.prepare_cached("SELECT id, name, folded FROM groups")?;
    let rows =
        query.query_map([], |row| Ok(Group { id: row.get(0)?, name: row.get(1)?, folded: row.get(2)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn listed(row: &rusqlite::Row<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed {
        row: row.get(0)?,
        channel_id: row.get(1)?,
        name: row.get(2)?,
        group: row.get(3)?,
        kind: kind_of(row.get(4)?),
        logo_url: row.get(5)?,
        number: row.get(6)?,
        tvg_id: row.get(7)?,
        catch_up: row.get(8)?,
    })
}

impl Listed {
    /// Its position in its list.
    pub fn position(&self) -> u32 {
        u32::try_from(self.row % POSITIONS).unwrap_or(0)
    }
}
