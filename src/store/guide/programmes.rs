//! Programmes by channel and time.
//!
//! Invariant: a row's key is made of its channel's number and its beginning ([`slot`]), so whatever is asked is one
//! range of the table, already in order.

use super::lines;
use crate::store::StoreError;
use crate::wire::programme::About;
use rusqlite::{CachedStatement, Connection, Row};

/// 2020-01-01T00:00:00Z: nothing earlier is stored.
pub const EPOCH: i64 = 1_577_836_800;
const BITS: u32 = 31;
/// Channel numbers end here.
pub const MOST_CHANNELS: i64 = u32::MAX as i64;

const NEW: i64 = 1;
const PREVIOUSLY_SHOWN: i64 = 2;

/// A programme as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programme {
    /// Its channel's number.
    pub channel: i64,
    /// Seconds since the epoch.
    pub start: i64,
    /// As the guide says it; may be missing, or nonsense.
    pub stop: Option<i64>,
    /// What it is.
    pub about: About,
}

/// The key of a channel's programme that begins then, or of the nearest time that has one.
pub fn slot(channel: i64, start: i64) -> i64 {
    (channel << BITS) | start.saturating_sub(EPOCH).clamp(0, (1 << BITS) - 1)
}

pub(super) fn flags(about: &About) -> i64 {
    let flag = |set: bool, flag: i64| if set { flag } else { 0 };
    flag(about.new, NEW) | flag(about.previously_shown, PREVIOUSLY_SHOWN)
}

const COLUMNS: &str = "slot, stop, title, sub_title, description, categories, icon, season, episode, part,
  episode_text, rating, date, flags";

/// A channel's programmes from the one that began last before `from` to the first that begins at `to` or later (with
/// its neighbours it is known when each really ends), at most `limit`.
pub fn between(
    db: &Connection,
    channel: i64,
    from: i64,
    to: i64,
    limit: usize,
) -> Result<Vec<Programme>, StoreError> {
    Around::new(db)?.take(channel, from, to, limit)
}

/// Asks for many channels with statements that are prepared once.
pub struct Around<'c> {
    before: CachedStatement<'c>,
    from: CachedStatement<'c>,
}

impl<'c> Around<'c> {
    /// Prepares.
    pub fn new(db: &'c Connection) -> Result<Self, StoreError> {
        let before =
            "SELECT slot FROM guide_programmes WHERE slot BETWEEN ?1 AND ?2 ORDER BY slot DESC LIMIT 1";
        let from = format!(
            "SELECT {COLUMNS} FROM guide_programmes WHERE slot BETWEEN ?1 AND ?2 ORDER BY slot LIMIT ?3"
        );
        Ok(Self { before: db.prepare_cached(before)?, from: db.prepare_cached(&from)? })
    }

    /// See [`between`].
    pub fn take(
        &mut self,
        channel: i64,
        from: i64,
        to: i64,
        limit: usize,
    ) -> Result<Vec<Programme>, StoreError> {
        let (first, last) = (slot(channel, EPOCH), slot(channel, i64::MAX));
        let begin = match self.before.query([first, slot(channel, from)])?.next()? {
            Some(row) => row.get(0)?,
            None => slot(channel, from),
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = self.from.query([begin, last, limit])?;
        let mut programmes = Vec::new();
        while let Some(row) = rows.next()? {
            let programme = programme(row)?;
            let is_last = programme.start >= to;
            programmes.push(programme);
            if is_last {
                break;
            }
        }
        Ok(programmes)
    }
}

/// Looks at titles and sub-titles of a channel's programmes that begin from `from` to before `to`; where `is_it` says
/// yes, `found` is told the beginning.
pub fn search(
    db: &Connection,
    channel: i64,
    (from, to): (i64, i64),
    is_it: &mut dyn FnMut(&str, Option<&str>) -> bool,
    mut found: impl FnMut(i64),
) -> Result<(), StoreError> {
    let sql = "SELECT slot, title, sub_title FROM guide_programmes WHERE slot BETWEEN ?1 AND ?2";
    let mut query = db.prepare_cached(sql)?;
    let mut rows = query.query([slot(channel, from), slot(channel, to.saturating_sub(1))])?;
    while let Some(row) = rows.next()? {
        let title = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let sub_title = row.get_ref(2)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        if is_it(title, sub_title) {
            found(start(row.get(0)?));
        }
    }
    Ok(())
}

fn start(slot: i64) -> i64 {
    (slot & ((1 << BITS) - 1)) + EPOCH
}

fn programme(row: &Row<'_>) -> Result<Programme, StoreError> {
    let slot: i64 = row.get(0)?;
    let flags: i64 = row.get(13)?;
    let categories = row.get_ref(5)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    let about = About {
        title: row.get(2)?,
        sub_title: row.get(3)?,
        description: row.get(4)?,
        categories: lines(categories),
        icon: row.get(6)?,
        season: row.get(7)?,
        episode: row.get(8)?,
        part: row.get(9)?,
        episode_text: row.get(10)?,
        rating: row.get(11)?,
        date: row.get(12)?,
        new: flags & NEW != 0,
        previously_shown: flags & PREVIOUSLY_SHOWN != 0,
    };
    Ok(Programme { channel: slot >> BITS, start: start(slot), stop: row.get(1)?, about })
}
