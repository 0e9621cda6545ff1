//! Taking over a guide: staged under a generation of its own, in small transactions, then swapped in by one. Until
//! then, and if it never comes to that, the old guide is what there is.

use super::programmes::{MOST_CHANNELS, Programme, flags, slot};
use crate::store::StoreError;
use crate::store::sequences;
use crate::store::unsigned::U64;
use rusqlite::{Connection, OptionalExtension, params};

/// An import under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Import {
    /// Whose guide.
    pub source: i64,
    /// What its channels are staged under.
    pub generation: i64,
    /// The generation that counts meanwhile; 0: none.
    pub current: i64,
    /// How many programmes that came with.
    pub current_count: u64,
    /// When the last of them ends.
    pub until: Option<i64>,
}

/// A channel of the new guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedChannel {
    /// One of [`reserve`]'s.
    pub number: i64,
    /// What the guide calls it.
    pub xmltv_id: String,
    /// What people call it; may come later than the first of its programmes.
    pub names: Vec<String>,
    /// A picture's address.
    pub icon: Option<String>,
}

/// What is known of an import once it is complete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Channels in it.
    pub channels: u64,
    /// Programmes in it.
    pub programmes: u64,
    /// How many of those each channel has, by its number.
    pub counts: Vec<(i64, u64)>,
    /// Programmes that were left out.
    pub odd: u64,
    /// When the last of them ends.
    pub until: Option<i64>,
    /// `ETag`, line feed, `Last-Modified`.
    pub validators: String,
    /// What is wrong with it although it is taken over.
    pub complaint: Option<String>,
}

/// Begins an import; `None` where the source is gone.
pub fn begin(db: &Connection, source: i64) -> Result<Option<Import>, StoreError> {
    let sql = "SELECT generation, programme_count, until FROM guide_sources WHERE id = ?1";
    let found: Option<(i64, U64, Option<i64>)> =
        db.query_row(sql, [source], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let Some((current, U64(current_count), until)) = found else { return Ok(None) };
    let (number, _) = sequences::reserve(db, "guide imports", 1)?;
    let generation = i64::try_from(number).unwrap_or(i64::MAX).saturating_add(1);
    Ok(Some(Import { source, generation, current, current_count, until }))
}

/// So many numbers for channels, from the one that is returned on; never given again.
pub fn reserve(db: &Connection, count: u32) -> Result<i64, StoreError> {
    let (first, _) = sequences::reserve(db, "guide channels", u64::from(count))?;
    let first = i64::try_from(first).unwrap_or(i64::MAX).saturating_add(1);
    if first > MOST_CHANNELS - i64::from(count) {
        return Err(StoreError::Malformed { what: "guide", why: "its channel numbers are used up".into() });
    }
    Ok(first)
}

/// Stages channels, which may be staged already, and then programmes of those; returns how many programmes said
/// the same again (began on the same channel at the same second) and were left out. `None`: the source is gone, or
/// another import was faster, and nothing is staged.
pub fn stage(
    db: &Connection,
    import: &Import,
    channels: &[StagedChannel],
    programmes: &[Programme],
) -> Result<Option<u64>, StoreError> {
    let mut wanted = db.prepare_cached("SELECT 1 FROM guide_sources WHERE id = ?1 AND generation = ?2")?;
    if !wanted.exists([import.source, import.current])? {
        return Ok(None);
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO guide_channels (number, source, generation, xmltv_id, names, icon) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET names = excluded.names, icon = excluded.icon",
    )?;
    for channel in channels {
        let names = channel.names.join("\n");
        insert.execute(params![
            channel.number,
            import.source,
            import.generation,
            channel.xmltv_id,
            names,
            channel.icon
        ])?;
    }
    let mut insert = db.prepare_cached(
        "INSERT OR IGNORE INTO guide_programmes (slot, stop, title, sub_title, description, categories, icon, season,
           episode, part, episode_text, rating, date, flags)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?;
    let mut repeated = 0;
    for Programme { channel, start, stop, about } in programmes {
        let categories = (!about.categories.is_empty()).then(|| about.categories.join("\n"));
        let inserted = insert.execute(params![
            slot(*channel, *start),
            stop,
            about.title,
            about.sub_title,
            about.description,
            categories,
            about.icon,
            about.season,
            about.episode,
            about.part,
            about.episode_text,
            about.rating,
            about.date,
            flags(about),
        ])?;
        repeated += u64::from(inserted == 0);
    }
    Ok(Some(repeated))
}

/// The swap: from here on the staged guide is the source's. Nothing happens (false) where the source was removed or
/// another import was faster.
pub fn adopt(db: &Connection, import: &Import, outcome: &Outcome, now: i64) -> Result<bool, StoreError> {
    let done = db.execute(
        "UPDATE guide_sources SET generation = ?3, channel_count = ?4, programme_count = ?5, odd_count = ?6, until = ?7,
           validators = ?8, last_attempt = ?9, last_refresh = ?9, last_error = ?10, failures = 0
         WHERE id = ?1 AND generation = ?2",
        params![
            import.source,
            import.current,
            import.generation,
            U64(outcome.channels),
            U64(outcome.programmes),
            U64(outcome.odd),
            outcome.until,
            outcome.validators,
            now,
            outcome.complaint,
        ],
    )?;
    if done == 1 {
        let mut update = db.prepare_cached("UPDATE guide_channels SET programmes = ?2 WHERE number = ?1")?;
        for (number, count) in &outcome.counts {
            update.execute(params![number, U64(*count)])?;
        }
    }
    Ok(done == 1)
}

/// Deletes up to `limit` rows that count for nobody (old guides, imports that were cut short, removed sources),
/// sparing imports under way; returns how many. 0: all is clean.
pub fn sweep(db: &Connection, under_way: &[Import], limit: u32) -> Result<usize, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT c.number, c.source, c.generation FROM guide_channels c
         LEFT JOIN guide_sources s ON s.id = c.source AND s.generation = c.generation
         WHERE s.id IS NULL",
    )?;
    let (mut dead, limit) = (Vec::new(), limit as usize);
    let mut rows = query.query([])?;
    while dead.len() < limit
        && let Some(row) = rows.next()?
    {
        let (source, generation): (i64, i64) = (row.get(1)?, row.get(2)?);
        if !under_way.iter().any(|i| (i.source, i.generation) == (source, generation)) {
            dead.push(row.get::<_, i64>(0)?);
        }
    }
    let mut swept = 0;
    let mut forget = db.prepare_cached("DELETE FROM guide_channels WHERE number = ?1")?;
    for number in dead {
        let left = limit - swept;
        let deleted = delete(db, slot(number, i64::MIN), slot(number, i64::MAX), left)?;
        swept += deleted;
        if deleted == left {
            break;
        }
        swept += forget.execute([number])?;
        if swept >= limit {
            break;
        }
    }
    Ok(swept)
}

/// Deletes up to `limit` programmes of the channels from `after` on that began before `before`, their channel's last
/// of those excepted (it may still run); returns the channel to go on with. `None`: that was all.
pub fn prune(db: &Connection, after: i64, before: i64, limit: u32) -> Result<Option<i64>, StoreError> {
    let mut next =
        db.prepare_cached("SELECT number FROM guide_channels WHERE number > ?1 ORDER BY number LIMIT 1")?;
    let mut last = db.prepare_cached(
        "SELECT slot FROM guide_programmes WHERE slot BETWEEN ?1 AND ?2 ORDER BY slot DESC LIMIT 1",
    )?;
    let (mut at, mut left, mut channels) = (after, limit as usize, 0);
    while let Some(number) = next.query_row([at], |row| row.get::<_, i64>(0)).optional()? {
        let first = slot(number, i64::MIN);
        let running = last.query_row([first, slot(number, before)], |row| row.get::<_, i64>(0)).optional()?;
        if let Some(running) = running {
            let deleted = delete(db, first, running - 1, left)?;
            left -= deleted;
            if left == 0 {
                return Ok(Some(at));
            }
        }
        at = number;
        channels += 1;
        if channels >= limit {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Deletes at most `limit` programmes from one key to another.
fn delete(db: &Connection, from: i64, to: i64, limit: usize) -> Result<usize, StoreError> {
    let sql = "DELETE FROM guide_programmes WHERE slot IN
                 (SELECT slot FROM guide_programmes WHERE slot BETWEEN ?1 AND ?2 ORDER BY slot LIMIT ?3)";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(db.prepare_cached(sql)?.execute([from, to, limit])?)
}
