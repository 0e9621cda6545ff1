//! Taking over a provider's list: staged beside the old one under a generation of its own, in small
//! transactions, then swapped in by one. Until then, and if it never comes to that, the old list is what there is.
//!
//! A row's number is `generation * 2^24 + position`: a list lies in one piece, in its order, and needs no index.

use super::StoreError;
use super::providers::REMOVED;
use super::sequences;
use super::unsigned::U64;
use crate::wire::catalogue::Category;
use rusqlite::{Connection, OptionalExtension, params};
use std::ops::Range;

/// Positions that a list can have.
pub const POSITIONS: i64 = 1 << 24;

/// An import under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Import {
    /// Whose list.
    pub provider: i64,
    /// What its rows are staged under.
    pub generation: i64,
    /// The generation that counts meanwhile; 0: none.
    pub current: i64,
    /// The length of the list that counts meanwhile.
    pub current_count: u64,
}

/// A channel of the new list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Staged {
    /// Order in the list.
    pub position: u32,
    /// Its id.
    pub channel_id: String,
    /// What the provider calls it.
    pub source_key: String,
    /// As the provider writes it.
    pub name: String,
    /// The number of its group.
    pub group: Option<i64>,
    /// The normalised kind.
    pub kind: u8,
    /// A picture of it.
    pub logo_url: Option<String>,
    /// The provider's number, or the one it has had.
    pub number: Option<f64>,
    /// Its name in guides.
    pub tvg_id: Option<String>,
    /// Catch-up attributes, as JSON.
    pub catch_up: Option<String>,
    /// Address and headers, sealed.
    pub source_sealed: Option<Vec<u8>>,
    /// A hash of what names it over refreshes.
    pub identity: u64,
    /// A hash of all that the list says of it.
    pub digest: u64,
}

/// What an import needs to know of a channel of the current list.
#[derive(Debug, Clone, PartialEq)]
pub struct Former {
    /// Its position.
    pub position: u32,
    /// Its id.
    pub channel_id: String,
    /// Its name.
    pub name: String,
    /// Its group.
    pub group: Option<i64>,
    /// Its name in guides.
    pub tvg_id: Option<String>,
    /// Its number.
    pub number: Option<f64>,
    /// A hash of what names it.
    pub identity: u64,
    /// A hash of all that the list said of it.
    pub digest: u64,
}

/// What is noted of a list that is taken over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Channels in it.
    pub count: u64,
    /// Entries that made no sense.
    pub odd: u64,
    /// Entries that said the same again.
    pub repeated: u64,
    /// ETag and Last-Modified that it came with.
    pub validators: Option<String>,
    /// Seconds since the epoch.
    pub at: i64,
}

/// The kind as it is stored.
pub fn kind_number(kind: Category) -> u8 {
    match kind {
        Category::Tv => 0,
        Category::Movies => 1,
        Category::Series => 2,
        Category::Other => 3,
    }
}

/// The kind of a stored number.
pub fn kind_of(number: u8) -> Category {
    match number {
        0 => Category::Tv,
        1 => Category::Movies,
        2 => Category::Series,
        _ => Category::Other,
    }
}

/// The rows of a list.
pub fn rows(generation: i64) -> Range<i64> {
    generation * POSITIONS..(generation + 1) * POSITIONS
}

/// Begins an import; `None` where the provider is gone. Its generation is never used again, so that a late write of
/// an import that was cut short can't reach the next one.
pub fn begin(db: &Connection, provider: i64) -> Result<Option<Import>, StoreError> {
    let sql = "SELECT generation, channel_count FROM providers WHERE id = ?1 AND generation >= 0";
    let found: Option<(i64, U64)> =
        db.query_row(sql, [provider], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((current, U64(current_count))) = found else { return Ok(None) };
    let (number, _) = sequences::reserve(db, "imports", 1)?;
    let generation = i64::try_from(number).unwrap_or(i64::MAX / POSITIONS - 2).saturating_add(1);
    Ok(Some(Import { provider, generation, current, current_count }))
}

/// Stages some rows.
pub fn stage(db: &Connection, import: &Import, rows: &[Staged]) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO channels (row, channel_id, source_key, name, group_id, kind, logo_url, number, tvg_id, catch_up,
           source_sealed, identity, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    let first = self::rows(import.generation).start;
    for row in rows {
        insert.execute(params![
            first + i64::from(row.position),
            row.channel_id,
            row.source_key,
            row.name,
            row.group,
            row.kind,
            row.logo_url,
            row.number,
            row.tvg_id,
            row.catch_up,
            row.source_sealed,
            row.identity.cast_signed(),
            row.digest.cast_signed(),
        ])?;
    }
    Ok(())
}

/// Stages rows of the current list as they are: those at `positions`.
pub fn keep(db: &Connection, import: &Import, positions: Range<u32>) -> Result<(), StoreError> {
    let (from, to) = (rows(import.current).start, rows(import.generation).start);
    db.prepare_cached(
        "INSERT INTO channels (row, channel_id, source_key, name, group_id, kind, logo_url, number, tvg_id, catch_up,
           source_sealed, identity, digest)
         SELECT row - ?1 + ?2, channel_id, source_key, name, group_id, kind, logo_url, number, tvg_id, catch_up,
           source_sealed, identity, digest FROM channels WHERE row >= ?1 + ?3 AND row < ?1 + ?4",
    )?
    .execute(params![from, to, positions.start, positions.end])?;
    Ok(())
}

/// Hands out the channels of the current list at `positions`, in their order.
pub fn former(
    db: &Connection,
    import: &Import,
    positions: Range<u32>,
    mut each: impl FnMut(Former),
) -> Result<(), StoreError> {
    let first = rows(import.current).start;
    let mut query = db.prepare_cached(
        "SELECT row - ?1, channel_id, name, group_id, tvg_id, number, identity, digest FROM channels
         WHERE row >= ?1 + ?2 AND row < ?1 + ?3 ORDER BY row",
    )?;
    let mut found = query.query(params![first, positions.start, positions.end])?;
    while let Some(row) = found.next()? {
        each(Former {
            position: row.get(0)?,
            channel_id: row.get(1)?,
            name: row.get(2)?,
            group: row.get(3)?,
            tvg_id: row.get(4)?,
            number: row.get(5)?,
            identity: row.get::<_, i64>(6)?.cast_unsigned(),
            digest: row.get::<_, i64>(7)?.cast_unsigned(),
        });
    }
    Ok(())
}

/// The digests of the current list, in its order.
pub fn digests(db: &Connection, import: &Import) -> Result<Vec<u64>, StoreError> {
    let rows = rows(import.current);
    let mut query =
        db.prepare_cached("SELECT digest FROM channels WHERE row >= ?1 AND row < ?2 ORDER BY row")?;
    let digests = query.query_map([rows.start, rows.end], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))?;
    Ok(digests.collect::<Result<_, _>>()?)
}

/// What ids are made of, of a staged row: its source key, name and identity.
pub fn staged(
    db: &Connection,
    import: &Import,
    position: u32,
) -> Result<Option<(String, String, u64)>, StoreError> {
    let row = rows(import.generation).start + i64::from(position);
    let found = db
        .prepare_cached("SELECT source_key, name, identity FROM channels WHERE row = ?1")?
        .query_row([row], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.cast_unsigned())))
        .optional()?;
    Ok(found)
}

/// Gives a staged row another id, and no number: those that it has are another channel's.
pub fn rename(db: &Connection, import: &Import, position: u32, channel_id: &str) -> Result<(), StoreError> {
    let row = rows(import.generation).start + i64::from(position);
    db.prepare_cached("UPDATE channels SET channel_id = ?2, number = NULL WHERE row = ?1")?
        .execute(params![row, channel_id])?;
    Ok(())
}

/// The numbers of groups, which are made where there are none of that name.
pub fn groups(db: &Connection, wanted: &[(String, String)]) -> Result<Vec<i64>, StoreError> {
    let mut find = db.prepare_cached("SELECT id FROM groups WHERE name = ?1")?;
    let mut make = db.prepare_cached("INSERT INTO groups (name, folded) VALUES (?1, ?2)")?;
    wanted
        .iter()
        .map(|(name, folded)| match find.query_row([name], |row| row.get(0)).optional()? {
            Some(id) => Ok(id),
            None => {
                make.execute([name, folded])?;
                Ok(db.last_insert_rowid())
            }
        })
        .collect()
}

/// The swap: from here on the staged list is the provider's list. Nothing happens (false) where the provider was
/// removed or another import was faster.
pub fn adopt(db: &Connection, import: &Import, list: &Adopted) -> Result<bool, StoreError> {
    let sql =
        "UPDATE providers SET generation = ?3, channel_count = ?4, last_attempt = ?5, last_refresh = ?5,
                 last_error = NULL, alert = NULL, odd = ?6, repeated = ?7, validators = ?8
               WHERE id = ?1 AND generation = ?2";
    let done = db.execute(
        sql,
        params![
            import.provider,
            import.current,
            import.generation,
            U64(list.count),
            list.at,
            U64(list.odd),
            U64(list.repeated),
            list.validators,
        ],
    )?;
    Ok(done == 1)
}

/// The list came again, and is what there is already.
pub fn unchanged(
    db: &Connection,
    import: &Import,
    validators: Option<&str>,
    at: i64,
) -> Result<bool, StoreError> {
    let sql = "UPDATE providers SET last_attempt = ?3, last_refresh = ?3, last_error = NULL, alert = NULL,
                 validators = coalesce(?4, validators) WHERE id = ?1 AND generation = ?2";
    Ok(db.execute(sql, params![import.provider, import.current, at, validators])? == 1)
}

/// Deletes up to `limit` rows that count for nobody (old lists, imports that were cut short, removed providers),
/// sparing imports under way; returns how many. 0: all is clean, and removed providers are gone.
pub fn sweep(db: &Connection, under_way: &[Import], limit: u32) -> Result<usize, StoreError> {
    let Some(generation) = dead(db, under_way)? else {
        db.execute("DELETE FROM providers WHERE generation = ?1", [REMOVED])?;
        return Ok(0);
    };
    let rows = rows(generation);
    let last: Option<i64> = db
        .prepare_cached(
            "SELECT row FROM channels WHERE row >= ?1 AND row < ?2 ORDER BY row LIMIT 1 OFFSET ?3",
        )?
        .query_row(params![rows.start, rows.end, limit], |row| row.get(0))
        .optional()?;
    let mut delete = db.prepare_cached("DELETE FROM channels WHERE row >= ?1 AND row < ?2")?;
    Ok(delete.execute(params![rows.start, last.unwrap_or(rows.end)])?)
}

/// A generation whose rows count for nobody. Walks from one generation to the next: no scan.
fn dead(db: &Connection, under_way: &[Import]) -> Result<Option<i64>, StoreError> {
    let current: Vec<i64> = db
        .prepare_cached("SELECT generation FROM providers")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut after = db.prepare_cached("SELECT row FROM channels WHERE row >= ?1 ORDER BY row LIMIT 1")?;
    let mut from = 0;
    while let Some(row) = after.query_row([from], |row| row.get::<_, i64>(0)).optional()? {
        let generation = row / POSITIONS;
        let spared = under_way.iter().any(|import| import.generation == generation);
        if !current.contains(&generation) && !spared {
            return Ok(Some(generation));
        }
        from = rows(generation).end;
    }
    Ok(None)
}
