//! Sources of guides, and the state of each.

use crate::store::StoreError;
use crate::store::unsigned::U64;
use crate::wire::guide::SourceKind;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// A source as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    /// Its number.
    pub id: i64,
    /// Its name, unique.
    pub name: String,
    /// Where it comes from.
    pub kind: SourceKind,
    /// Of [`SourceKind::Provider`]: whose.
    pub provider: Option<i64>,
    /// Its address without credentials.
    pub shown: String,
    /// Its address, sealed; `None`: asked of the provider.
    pub address_sealed: Option<Vec<u8>>,
    /// Sent as `User-Agent`.
    pub user_agent: Option<String>,
    /// Whether certificates are checked.
    pub verify_tls: bool,
    /// Minutes added to its times.
    pub shift: i32,
    /// Of times without one, by its IANA name; `None`: UTC.
    pub zone: Option<String>,
    /// The language to take where there are several.
    pub language: Option<String>,
    /// Seconds; 0: only by hand.
    pub refresh_interval: u64,
    /// Whether it is read and used.
    pub enabled: bool,
    /// Of its channels that count; 0: it never had any.
    pub generation: i64,
    /// How many those are.
    pub channel_count: u64,
    /// How many programmes they came with.
    pub programme_count: u64,
    /// How many were left out.
    pub odd_count: u64,
    /// When its last programme ends, in seconds since the epoch.
    pub until: Option<i64>,
    /// `ETag`, line feed, `Last-Modified`; empty: it sends none.
    pub validators: String,
    /// Seconds since the epoch.
    pub last_attempt: Option<i64>,
    /// Seconds since the epoch; of the last that succeeded.
    pub last_refresh: Option<i64>,
    /// What was wrong with the last attempt.
    pub last_error: Option<String>,
    /// Attempts that failed since the last that succeeded.
    pub failures: u32,
    /// Seconds since the epoch.
    pub created_at: i64,
}

const COLUMNS: &str = "id, name, kind, provider, shown, address_sealed, user_agent, verify_tls, shift, zone, language,
  refresh_interval, enabled, generation, channel_count, programme_count, odd_count, until, validators, last_attempt,
  last_refresh, last_error, failures, created_at";

/// Stores a new source (of its state nothing is read) and returns its number.
pub fn insert(db: &Connection, source: &Source) -> Result<i64, StoreError> {
    let done = db.execute(
        "INSERT INTO guide_sources (name, kind, provider, shown, address_sealed, user_agent, verify_tls, shift, zone,
           language, refresh_interval, enabled, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            source.name,
            kind_text(source.kind),
            source.provider,
            source.shown,
            source.address_sealed,
            source.user_agent,
            source.verify_tls,
            source.shift,
            source.zone,
            source.language,
            U64(source.refresh_interval),
            source.enabled,
            source.created_at,
        ],
    );
    done.map_err(|e| StoreError::from(e).or_exists(|| format!("guide source {:?}", source.name)))?;
    Ok(db.last_insert_rowid())
}

/// Writes what is intended of a source, and what validates its document; whether there is one of that number.
pub fn update(db: &Connection, source: &Source) -> Result<bool, StoreError> {
    let done = db.execute(
        "UPDATE guide_sources SET name = ?2, shown = ?3, address_sealed = ?4, user_agent = ?5, verify_tls = ?6,
           shift = ?7, zone = ?8, language = ?9, refresh_interval = ?10, enabled = ?11, validators = ?12
         WHERE id = ?1",
        params![
            source.id,
            source.name,
            source.shown,
            source.address_sealed,
            source.user_agent,
            source.verify_tls,
            source.shift,
            source.zone,
            source.language,
            U64(source.refresh_interval),
            source.enabled,
            source.validators,
        ],
    );
    Ok(done.map_err(|e| StoreError::from(e).or_exists(|| format!("guide source {:?}", source.name)))? == 1)
}

/// Removes a source; [`super::import::sweep`] then deletes its channels and programmes.
pub fn delete(db: &Connection, id: i64) -> Result<bool, StoreError> {
    Ok(db.execute("DELETE FROM guide_sources WHERE id = ?1", [id])? == 1)
}

/// Notes an attempt that failed.
pub fn failed(db: &Connection, id: i64, at: i64, error: &str) -> Result<(), StoreError> {
    let sql =
        "UPDATE guide_sources SET last_attempt = ?2, last_error = ?3, failures = failures + 1 WHERE id = ?1";
    db.execute(sql, params![id, at, error])?;
    Ok(())
}

/// Notes that the guide is still the same.
pub fn unchanged(db: &Connection, id: i64, at: i64) -> Result<(), StoreError> {
    let sql = "UPDATE guide_sources SET last_attempt = ?2, last_refresh = ?2, last_error = NULL, failures = 0
               WHERE id = ?1";
    db.execute(sql, params![id, at])?;
    Ok(())
}

/// Every source, the oldest first.
pub fn all(db: &Connection) -> Result<Vec<Source>, StoreError> {
    let mut query = db.prepare_cached(&format!("SELECT {COLUMNS} FROM guide_sources ORDER BY id"))?;
    let mut rows = query.query([])?;
    let mut sources = Vec::new();
    while let Some(row) = rows.next()? {
        sources.push(source(row)?);
    }
    Ok(sources)
}

/// The source of that exact name, else of that number.
pub fn find(db: &Connection, text: &str) -> Result<Option<Source>, StoreError> {
    let one = |condition: &str, value: &dyn rusqlite::ToSql| {
        let sql = format!("SELECT {COLUMNS} FROM guide_sources WHERE {condition} = ?1");
        db.query_row(&sql, [value], |row| Ok(source(row))).optional()?.transpose()
    };
    match (one("name", &text)?, text.parse::<i64>()) {
        (None, Ok(id)) => one("id", &id),
        (found, _) => Ok(found),
    }
}

fn kind_text(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::Provider => "provider",
        SourceKind::Url => "url",
        SourceKind::File => "file",
    }
}

fn source(row: &Row<'_>) -> Result<Source, StoreError> {
    Ok(Source {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: match row.get::<_, String>(2)?.as_str() {
            "provider" => SourceKind::Provider,
            "url" => SourceKind::Url,
            "file" => SourceKind::File,
            other => return Err(StoreError::Malformed { what: "guide source", why: other.to_owned() }),
        },
        provider: row.get(3)?,
        shown: row.get(4)?,
        address_sealed: row.get(5)?,
        user_agent: row.get(6)?,
        verify_tls: row.get(7)?,
        shift: row.get(8)?,
        zone: row.get(9)?,
        language: row.get(10)?,
        refresh_interval: row.get::<_, U64>(11)?.0,
        enabled: row.get(12)?,
        generation: row.get(13)?,
        channel_count: row.get::<_, U64>(14)?.0,
        programme_count: row.get::<_, U64>(15)?.0,
        odd_count: row.get::<_, U64>(16)?.0,
        until: row.get(17)?,
        validators: row.get(18)?,
        last_attempt: row.get(19)?,
        last_refresh: row.get(20)?,
        last_error: row.get(21)?,
        failures: row.get(22)?,
        created_at: row.get(23)?,
    })
}
