//! Providers and the state of their lists.

use super::StoreError;
use super::unsigned::U64;
use crate::wire::catalogue::{ProviderKind, ProviderOrigin};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// The `generation` of a provider that is being removed: it exists for nobody.
pub(super) const REMOVED: i64 = -1;

/// A provider as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its number.
    pub id: i64,
    /// Its name, unique.
    pub name: String,
    /// What it speaks.
    pub kind: ProviderKind,
    /// Where its credentials are.
    pub origin: ProviderOrigin,
    /// Its address without credentials.
    pub shown: String,
    /// Address, credentials and headers, sealed; `None`: in memory only.
    pub secret_sealed: Option<Vec<u8>>,
    /// Sent as `User-Agent`.
    pub user_agent: Option<String>,
    /// Whether certificates are checked.
    pub verify_tls: bool,
    /// Connections at a time, set by an administrator; 0: not limited.
    pub max_connections: Option<u32>,
    /// Connections at a time, as the provider said.
    pub said_connections: Option<u32>,
    /// `allowed_output_formats`, comma separated; empty: not said.
    pub formats: String,
    /// Seconds; 0: only by hand.
    pub refresh_interval: u64,
    /// Whether its channels are shown and played.
    pub enabled: bool,
    /// Of its channels that count; 0: it never had any.
    pub generation: i64,
    /// How many those are.
    pub channel_count: u64,
    /// Seconds since the epoch.
    pub last_attempt: Option<i64>,
    /// Seconds since the epoch; of the last that succeeded.
    pub last_refresh: Option<i64>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// Seconds since the epoch.
    pub created_at: i64,
    /// Entries of its list that made no sense.
    pub odd: u64,
    /// Entries of its list that said the same again.
    pub repeated: u64,
    /// What its list is recognised by, as JSON.
    pub validators: Option<String>,
    /// A list that was refused and can be accepted, as JSON.
    pub alert: Option<String>,
}

const COLUMNS: &str = "id, name, kind, origin, shown, secret_sealed, user_agent, verify_tls, max_connections,
  said_connections, formats, refresh_interval, enabled, generation, channel_count, last_attempt, last_refresh,
  last_error, created_at, odd, repeated, validators, alert";

/// Stores a new provider (of its state only the intent is read) and returns its number.
pub fn insert(db: &Connection, provider: &Provider) -> Result<i64, StoreError> {
    let done = db.execute(
        "INSERT INTO providers (name, kind, origin, shown, secret_sealed, user_agent, verify_tls, max_connections,
           refresh_interval, enabled, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            provider.name,
            kind_text(provider.kind),
            origin_text(provider.origin),
            provider.shown,
            provider.secret_sealed,
            provider.user_agent,
            provider.verify_tls,
            provider.max_connections,
            U64(provider.refresh_interval),
            provider.enabled,
            provider.created_at,
        ],
    );
    done.map_err(|e| StoreError::from(e).or_exists(|| format!("provider {:?}", provider.name)))?;
    Ok(db.last_insert_rowid())
}

/// Writes the intent of a provider (name, address, secret, options); whether there is one of that number.
pub fn update(db: &Connection, provider: &Provider) -> Result<bool, StoreError> {
    let done = db.execute(
        "UPDATE providers SET name = ?2, origin = ?3, shown = ?4, secret_sealed = ?5, user_agent = ?6,
           verify_tls = ?7, max_connections = ?8, refresh_interval = ?9, enabled = ?10
         WHERE id = ?1 AND generation >= 0",
        params![
            provider.id,
            provider.name,
            origin_text(provider.origin),
            provider.shown,
            provider.secret_sealed,
            provider.user_agent,
            provider.verify_tls,
            provider.max_connections,
            U64(provider.refresh_interval),
            provider.enabled,
        ],
    );
    Ok(done.map_err(|e| StoreError::from(e).or_exists(|| format!("provider {:?}", provider.name)))? == 1)
}

/// What a login said: connections at a time and output formats.
pub fn said(db: &Connection, id: i64, connections: Option<u32>, formats: &str) -> Result<(), StoreError> {
    let sql = "UPDATE providers SET said_connections = ?2, formats = ?3 WHERE id = ?1";
    db.execute(sql, params![id, connections, formats])?;
    Ok(())
}

/// Notes an attempt that failed; `alert`: its list can be accepted all the same.
pub fn failed(db: &Connection, id: i64, at: i64, error: &str, alert: Option<&str>) -> Result<(), StoreError> {
    let sql = "UPDATE providers SET last_attempt = ?2, last_error = ?3, alert = ?4 WHERE id = ?1";
    db.execute(sql, params![id, at, error, alert])?;
    Ok(())
}

/// Every provider, the oldest first.
pub fn all(db: &Connection) -> Result<Vec<Provider>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM providers WHERE generation >= 0 ORDER BY id");
    let mut query = db.prepare_cached(&sql)?;
    let mut rows = query.query([])?;
    let mut providers = Vec::new();
    while let Some(row) = rows.next()? {
        providers.push(provider(row)?);
    }
    Ok(providers)
}

/// The provider of that number.
pub fn by_id(db: &Connection, id: i64) -> Result<Option<Provider>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM providers WHERE id = ?1 AND generation >= 0");
    db.query_row(&sql, [id], |row| Ok(provider(row))).optional()?.transpose()
}

/// The provider of that exact name.
pub fn by_name(db: &Connection, name: &str) -> Result<Option<Provider>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM providers WHERE name = ?1 AND generation >= 0");
    db.query_row(&sql, [name], |row| Ok(provider(row))).optional()?.transpose()
}

/// Hides a provider and its channels at once and frees its name; `imports::sweep` then deletes the rows.
pub fn hide(db: &Connection, id: i64) -> Result<bool, StoreError> {
    let sql = "UPDATE providers SET generation = ?2, enabled = 0, secret_sealed = NULL, shown = '',
                 name = 'removed ' || id || ' ' || hex(randomblob(8)) WHERE id = ?1 AND generation >= 0";
    Ok(db.execute(sql, params![id, REMOVED])? == 1)
}

fn kind_text(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::Xtream => "xtream",
        ProviderKind::M3u => "m3u",
    }
}

fn origin_text(origin: ProviderOrigin) -> &'static str {
    match origin {
        ProviderOrigin::Stored => "stored",
        ProviderOrigin::Environment => "environment",
        ProviderOrigin::Memory => "memory",
    }
}

fn provider(row: &Row<'_>) -> Result<Provider, StoreError> {
    Ok(Provider {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: match row.get::<_, String>(2)?.as_str() {
            "xtream" => ProviderKind::Xtream,
            "m3u" => ProviderKind::M3u,
            other => return Err(StoreError::Malformed { what: "provider kind", why: other.to_owned() }),
        },
        origin: match row.get::<_, String>(3)?.as_str() {
            "stored" => ProviderOrigin::Stored,
            "environment" => ProviderOrigin::Environment,
            "memory" => ProviderOrigin::Memory,
            other => return Err(StoreError::Malformed { what: "provider origin", why: other.to_owned() }),
        },
        shown: row.get(4)?,
        secret_sealed: row.get(5)?,
        user_agent: row.get(6)?,
        verify_tls: row.get(7)?,
        max_connections: row.get(8)?,
        said_connections: row.get(9)?,
        formats: row.get(10)?,
        refresh_interval: row.get::<_, U64>(11)?.0,
        enabled: row.get(12)?,
        generation: row.get(13)?,
        channel_count: row.get::<_, U64>(14)?.0,
        last_attempt: row.get(15)?,
        last_refresh: row.get(16)?,
        last_error: row.get(17)?,
        created_at: row.get(18)?,
        odd: row.get::<_, U64>(19)?.0,
        repeated: row.get::<_, U64>(20)?.0,
        validators: row.get(21)?,
        alert: row.get(22)?,
    })
}
