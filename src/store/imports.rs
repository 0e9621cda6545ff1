//! Taking over a provider's list: staged beside the old one under a generation of its own, in small
//! transactions, then swapped in by one. Until then, and if it never comes to that, the old list is what there is.

use super::StoreError;
use super::providers::REMOVED;
use super::sequences;
use super::unsigned::U64;
use crate::wire::catalogue::Category;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use std::borrow::Cow;
use std::collections::HashMap;

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
#[derive(Clone)]
pub struct Staged {
    /// Order in the list.
    pub position: u64,
    /// What the provider calls it.
    pub source_key: String,
    /// How many rows of that key are kept, with `~2`, `~3` … appended to it; further ones are dropped.
    pub alike: u32,
    /// The id it would like.
    pub wanted: String,
    /// The id it gets where that is taken, with a number appended if that is taken too.
    pub fallback: String,
    /// As the provider writes it.
    pub name: String,
    /// The name without case and diacritics.
    pub folded: String,
    /// The provider's group and its folded name.
    pub group: Option<(String, String)>,
    /// The normalised kind.
    pub kind: Category,
    /// A picture of it.
    pub logo_url: Option<String>,
    /// The provider's number.
    pub number: Option<f64>,
    /// Its name in guides.
    pub tvg_id: Option<String>,
    /// Address and headers, sealed.
    pub source_sealed: Option<Vec<u8>>,
}

/// What came of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Batch {
    /// Rows staged.
    pub staged: u64,
    /// Rows dropped: their key was there already.
    pub repeated: u64,
}

/// Begins an import; `None` where the provider is gone. Its generation is never used again, so that a late write of
/// an import that was cut short can't reach the next one.
pub fn begin(db: &Connection, provider: i64) -> Result<Option<Import>, StoreError> {
    let sql = "SELECT generation, channel_count FROM providers WHERE id = ?1 AND generation >= 0";
    let found: Option<(i64, U64)> =
        db.query_row(sql, [provider], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((current, U64(current_count))) = found else { return Ok(None) };
    let (number, _) = sequences::reserve(db, "imports", 1)?;
    let generation = i64::try_from(number).unwrap_or(i64::MAX).saturating_add(1);
    Ok(Some(Import { provider, generation, current, current_count }))
}

/// Stages some rows. A channel that the current list has keeps its id and its being active or not.
pub fn stage(db: &Connection, import: &Import, rows: &[Staged]) -> Result<Batch, StoreError> {
    let mut before = db.prepare_cached(
        "SELECT channel_id, is_active FROM channels WHERE provider = ?1 AND generation = ?2 AND source_key = ?3",
    )?;
    let mut holders = holders(db)?;
    let mut insert = db.prepare_cached(
        "INSERT INTO channels (provider, generation, position, source_key, channel_id, name, folded,
           group_id, kind, logo_url, number, tvg_id, is_active, source_sealed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?;
    let mut index = db.prepare_cached("INSERT INTO channel_search (rowid, folded) VALUES (?1, ?2)")?;
    let mut groups = HashMap::new();
    let mut batch = Batch::default();
    for row in rows {
        let Some(key) = unused_key(&mut before, import, row)? else {
            batch.repeated += 1;
            continue;
        };
        let known: Option<(Option<String>, bool)> = match import.current {
            0 => None,
            current => before
                .query_row(params![import.provider, current, key], |r| Ok((r.get(0)?, r.get(1)?)))
                .optional()?,
        };
        let active = known.as_ref().is_none_or(|(_, active)| *active);
        let id = match known.and_then(|(id, _)| id) {
            Some(id) => Some(id),
            None => free(&mut holders, import, row)?,
        };
        let group = match &row.group {
            None => None,
            Some((name, folded)) => Some(group(db, &mut groups, name, folded)?),
        };
        insert.execute(params![
            import.provider,
            import.generation,
            U64(row.position),
            key,
            id,
            row.name,
            row.folded,
            group,
            row.kind.as_str(),
            row.logo_url,
            row.number,
            row.tvg_id,
            active,
            row.source_sealed,
        ])?;
        index.execute(params![db.last_insert_rowid(), row.folded])?;
        batch.staged += 1;
    }
    Ok(batch)
}

/// The row's key where the import does not have it yet, or a numbered form of it.
fn unused_key<'a>(
    query: &mut CachedStatement<'_>,
    import: &Import,
    row: &'a Staged,
) -> Result<Option<Cow<'a, str>>, StoreError> {
    let mut key = Cow::Borrowed(row.source_key.as_str());
    for number in 2..row.alike.saturating_add(2) {
        if !query.exists(params![import.provider, import.generation, key])? {
            return Ok(Some(key));
        }
        key = Cow::Owned(format!("{}~{number}", row.source_key));
    }
    Ok(None)
}

/// A row whose wanted id the current list holds for another channel, which may come later and keep it.
#[derive(Clone)]
pub struct Unsettled {
    row: i64,
    /// What the provider calls it.
    pub source_key: String,
    /// Its name.
    pub name: String,
    /// Its name in guides.
    pub tvg_id: Option<String>,
}

/// Up to `limit` rows that wait for an id, in list order.
pub fn unsettled(db: &Connection, import: &Import, limit: u32) -> Result<Vec<Unsettled>, StoreError> {
    let sql = "SELECT row, source_key, name, tvg_id FROM channels
               WHERE channel_id IS NULL AND provider = ?1 AND generation = ?2 ORDER BY position LIMIT ?3";
    let mut query = db.prepare_cached(sql)?;
    let rows = query.query_map(params![import.provider, import.generation, limit], |row| {
        Ok(Unsettled { row: row.get(0)?, source_key: row.get(1)?, name: row.get(2)?, tvg_id: row.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Settles such rows once all of the list is staged. `ids` gives the wanted and the fall-back id of a row.
pub fn settle(
    db: &Connection,
    import: &Import,
    rows: &[Unsettled],
    ids: impl Fn(&Unsettled) -> (String, String),
) -> Result<(), StoreError> {
    let mut holders = holders(db)?;
    let mut update = db.prepare_cached("UPDATE channels SET channel_id = ?2 WHERE row = ?1")?;
    for row in rows {
        let (wanted, fallback) = ids(row);
        let id =
            first_free(&wanted, &fallback, |id| Ok(!matches!(held(&mut holders, import, id)?, Held::Taken)))?;
        update.execute(params![row.row, id])?;
    }
    Ok(())
}

/// The swap: from here on the staged list is the provider's list. Nothing happens (false) where the provider was
/// removed or another import was faster.
pub fn adopt(db: &Connection, import: &Import, count: u64, now: i64) -> Result<bool, StoreError> {
    let sql =
        "UPDATE providers SET generation = ?3, channel_count = ?4, last_attempt = ?5, last_refresh = ?5,
                 last_error = NULL WHERE id = ?1 AND generation = ?2";
    let done =
        db.execute(sql, params![import.provider, import.current, import.generation, U64(count), now])?;
    Ok(done == 1)
}

/// Deletes up to `limit` rows that count for nobody (old lists, imports that were cut short, removed providers),
/// sparing imports under way; returns how many. 0: all is clean, and removed providers are gone.
pub fn sweep(db: &Connection, under_way: &[Import], limit: u32) -> Result<usize, StoreError> {
    let Some((provider, generation)) = dead(db, under_way)? else {
        db.execute(
            "DELETE FROM providers WHERE generation = ?1
             AND NOT EXISTS (SELECT 1 FROM channels WHERE provider = providers.id)",
            [REMOVED],
        )?;
        return Ok(0);
    };
    let rows: Vec<i64> = db
        .prepare_cached("SELECT row FROM channels WHERE provider = ?1 AND generation = ?2 LIMIT ?3")?
        .query_map(params![provider, generation, limit], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut unindex = db.prepare_cached("DELETE FROM channel_search WHERE rowid = ?1")?;
    let mut delete = db.prepare_cached("DELETE FROM channels WHERE row = ?1")?;
    for row in &rows {
        unindex.execute([row])?;
        delete.execute([row])?;
    }
    Ok(rows.len())
}

/// A generation whose rows count for nobody. Walks the index from one generation to the next: no scan.
fn dead(db: &Connection, under_way: &[Import]) -> Result<Option<(i64, i64)>, StoreError> {
    let providers: Vec<(i64, i64)> = db
        .prepare_cached("SELECT id, generation FROM providers")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut after = db.prepare_cached(
        "SELECT generation FROM channels WHERE provider = ?1 AND generation > ?2 ORDER BY generation LIMIT 1",
    )?;
    for (provider, current) in providers {
        let mut last = i64::MIN;
        while let Some(generation) = after.query_row([provider, last], |row| row.get(0)).optional()? {
            let spared = under_way.iter().any(|i| (i.provider, i.generation) == (provider, generation));
            if generation != current && !spared {
                return Ok(Some((provider, generation)));
            }
            last = generation;
        }
    }
    Ok(None)
}

/// Who holds an id.
enum Held {
    Free,
    /// Only the provider's own current list, which is about to go: its channel may come again and keep it.
    Before,
    Taken,
}

fn holders(db: &Connection) -> Result<CachedStatement<'_>, StoreError> {
    Ok(db.prepare_cached("SELECT provider, generation FROM channels WHERE channel_id = ?1")?)
}

fn held(holders: &mut CachedStatement<'_>, import: &Import, id: &str) -> Result<Held, StoreError> {
    let mut rows = holders.query([id])?;
    let mut held = Held::Free;
    while let Some(row) = rows.next()? {
        let (provider, generation): (i64, i64) = (row.get(0)?, row.get(1)?);
        if provider != import.provider || generation == import.generation {
            return Ok(Held::Taken);
        }
        if generation == import.current {
            held = Held::Before;
        }
    }
    Ok(held)
}

/// The id of a channel that the current list does not have; `None` where that must wait.
fn free(
    holders: &mut CachedStatement<'_>,
    import: &Import,
    row: &Staged,
) -> Result<Option<String>, StoreError> {
    match held(holders, import, &row.wanted)? {
        Held::Free => Ok(Some(row.wanted.clone())),
        Held::Before => Ok(None),
        Held::Taken => {
            let free = |id: &str| Ok(matches!(held(holders, import, id)?, Held::Free));
            first_free(&row.wanted, &row.fallback, free).map(Some)
        }
    }
}

fn first_free(
    wanted: &str,
    fallback: &str,
    mut is_free: impl FnMut(&str) -> Result<bool, StoreError>,
) -> Result<String, StoreError> {
    for id in [wanted, fallback] {
        if is_free(id)? {
            return Ok(id.to_owned());
        }
    }
    for number in 2.. {
        let id = format!("{fallback}-{number}");
        if is_free(&id)? {
            return Ok(id);
        }
    }
    Err(StoreError::Malformed { what: "channel id", why: format!("no free form of {fallback:?}") })
}

fn group(
    db: &Connection,
    seen: &mut HashMap<String, i64>,
    name: &str,
    folded: &str,
) -> Result<i64, StoreError> {
    if let Some(id) = seen.get(name) {
        return Ok(*id);
    }
    let found: Option<i64> = db
        .prepare_cached("SELECT id FROM groups WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    let id = match found {
        Some(id) => id,
        None => {
            db.prepare_cached("INSERT INTO groups (name, folded) VALUES (?1, ?2)")?
                .execute([name, folded])?;
            db.last_insert_rowid()
        }
    };
    seen.insert(name.to_owned(), id);
    Ok(id)
}
