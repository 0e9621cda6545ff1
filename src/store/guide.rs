//! The programme guide: its sources, their channels and programmes, and what administrators say about matches.

pub mod import;
pub mod overrides;
pub mod programmes;
pub mod sources;

use super::StoreError;
use super::unsigned::U64;
use rusqlite::{Connection, OptionalExtension, params};

/// A channel of a guide that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuideChannel {
    /// What its programmes are stored under.
    pub number: i64,
    /// Its source.
    pub source: i64,
    /// What the guide calls it.
    pub xmltv_id: String,
    /// What people call it.
    pub names: Vec<String>,
    /// A picture's address.
    pub icon: Option<String>,
    /// How many programmes it came with.
    pub programmes: u64,
}

/// The channels of all enabled sources, the oldest source first.
pub fn channels(db: &Connection) -> Result<Vec<GuideChannel>, StoreError> {
    let sql = "SELECT c.number, c.source, c.xmltv_id, c.names, c.icon, c.programmes
               FROM guide_sources s JOIN guide_channels c ON c.source = s.id AND c.generation = s.generation
               WHERE s.enabled = 1 ORDER BY s.id, c.number";
    let mut query = db.prepare_cached(sql)?;
    let rows = query.query_map([], |row| {
        Ok(GuideChannel {
            number: row.get(0)?,
            source: row.get(1)?,
            xmltv_id: row.get(2)?,
            names: lines(Some(row.get_ref(3)?.as_str()?)),
            icon: row.get(4)?,
            programmes: row.get::<_, U64>(5)?.0,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The addresses of guides that a provider's list names, sealed.
pub fn addresses(db: &Connection, provider: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT addresses_sealed FROM provider_guides WHERE provider = ?1";
    Ok(db.query_row(sql, [provider], |row| row.get(0)).optional()?)
}

/// Sets those; `None`: its list names none.
pub fn set_addresses(db: &Connection, provider: i64, sealed: Option<&[u8]>) -> Result<(), StoreError> {
    match sealed {
        None => db.execute("DELETE FROM provider_guides WHERE provider = ?1", [provider])?,
        Some(sealed) => {
            let sql = "INSERT INTO provider_guides (provider, addresses_sealed) VALUES (?1, ?2)
                       ON CONFLICT DO UPDATE SET addresses_sealed = excluded.addresses_sealed";
            db.execute(sql, params![provider, sealed])?
        }
    };
    Ok(())
}

fn lines(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().lines().map(str::to_owned).collect()
}
