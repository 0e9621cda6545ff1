//! The channels that count: those of each enabled provider's current generation.

use super::StoreError;
use super::unsigned::U64;
use crate::wire::ChannelId;
use crate::wire::catalogue::{Category, Channel, Group, Stats};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use std::fmt::Write as _;

/// Which channels; all conditions hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Folded words; each is somewhere in the name.
    pub words: Vec<String>,
    /// The folded name as a whole.
    pub folded: Option<String>,
    /// The kind.
    pub category: Option<Category>,
    /// Any of these groups. `Some` and empty: nothing.
    pub groups: Option<Vec<i64>>,
}

/// What is needed to open a channel.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Its provider.
    pub provider: i64,
    /// What the provider calls it.
    pub source_key: String,
    /// Address and headers, sealed; `None`: built from the provider.
    pub sealed: Option<Vec<u8>>,
}

const COLUMNS: &str =
    "c.channel_id, c.name, g.name, c.kind, c.logo_url, c.number, c.tvg_id, c.is_active, p.name";
const CURRENT: &str = "c.provider = p.id AND c.generation = p.generation AND p.enabled = 1";

/// The words of a stored id as an id.
pub(super) fn id(text: &str) -> Result<ChannelId, StoreError> {
    text.parse().map_err(|_| StoreError::Malformed { what: "channel id", why: format!("{text:?} is none") })
}

/// The channels from `offset` on, at most `limit`, in the providers' order.
pub fn list(db: &Connection, filter: &Filter, limit: u32, offset: u64) -> Result<Vec<Channel>, StoreError> {
    let (from, mut values) = tables(filter);
    values.push(Value::from(limit));
    values.push(Value::from(i64::try_from(offset).unwrap_or(i64::MAX)));
    let sql = format!(
        "SELECT {COLUMNS} {from} ORDER BY c.provider, c.position LIMIT ?{} OFFSET ?{}",
        values.len() - 1,
        values.len()
    );
    let mut query = db.prepare_cached(&sql)?;
    let mut rows = query.query(params_from_iter(values))?;
    let mut channels = Vec::new();
    while let Some(row) = rows.next()? {
        channels.push(channel(row)?);
    }
    Ok(channels)
}

/// How many channels there are.
pub fn count(db: &Connection, filter: &Filter) -> Result<u64, StoreError> {
    if *filter == Filter::default() {
        let sql =
            "SELECT coalesce(sum(channel_count), 0) FROM providers WHERE enabled = 1 AND generation > 0";
        return Ok(db.query_row(sql, [], |row| row.get::<_, U64>(0))?.0);
    }
    let (from, values) = tables(filter);
    let mut query = db.prepare_cached(&format!("SELECT count(*) {from}"))?;
    Ok(query.query_row(params_from_iter(values), |row| row.get::<_, U64>(0))?.0)
}

/// The channel of that id.
pub fn by_id(db: &Connection, id: &ChannelId) -> Result<Option<Channel>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM channels c JOIN providers p ON {CURRENT} LEFT JOIN groups g ON g.id = c.group_id
         WHERE c.channel_id = ?1"
    );
    db.prepare_cached(&sql)?.query_row([id.as_str()], |row| Ok(channel(row))).optional()?.transpose()
}

/// What is needed to open the channel of that id; nothing where it is not active.
pub fn source(db: &Connection, id: &ChannelId) -> Result<Option<Source>, StoreError> {
    let sql = format!(
        "SELECT c.name, c.provider, c.source_key, c.source_sealed FROM channels c JOIN providers p ON {CURRENT}
         WHERE c.channel_id = ?1 AND c.is_active = 1"
    );
    let read = |row: &Row<'_>| {
        Ok(Source { name: row.get(0)?, provider: row.get(1)?, source_key: row.get(2)?, sealed: row.get(3)? })
    };
    Ok(db.prepare_cached(&sql)?.query_row([id.as_str()], read).optional()?)
}

/// A channel that runs by a schedule, and what guides may know it by.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheduled {
    /// Its place: what comes after it is asked for by this.
    pub row: i64,
    /// Its id.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
    /// Its name in guides.
    pub tvg_id: Option<String>,
    /// The provider's group.
    pub group: Option<String>,
    /// Its provider.
    pub provider: i64,
    /// The provider's number.
    pub number: Option<f64>,
    /// A picture of it.
    pub logo_url: Option<String>,
}

/// Active channels that are neither films nor series, from after that place on, at most `limit`.
pub fn scheduled(db: &Connection, after: i64, limit: u32) -> Result<Vec<Scheduled>, StoreError> {
    let sql = format!(
        "SELECT c.row, c.channel_id, c.name, c.tvg_id, g.name, p.id, c.number, c.logo_url FROM channels c JOIN providers p ON {CURRENT}
         LEFT JOIN groups g ON g.id = c.group_id
         WHERE c.row > ?1 AND c.channel_id IS NOT NULL AND c.is_active = 1 AND c.kind IN ('tv', 'other')
         ORDER BY c.row LIMIT ?2"
    );
    let mut query = db.prepare_cached(&sql)?;
    let mut rows = query.query(params![after, limit])?;
    let mut channels = Vec::new();
    while let Some(row) = rows.next()? {
        channels.push(Scheduled {
            row: row.get(0)?,
            id: id(&row.get::<_, String>(1)?)?,
            name: row.get(2)?,
            tvg_id: row.get(3)?,
            group: row.get(4)?,
            provider: row.get(5)?,
            number: row.get(6)?,
            logo_url: row.get(7)?,
        });
    }
    Ok(channels)
}

/// Groups that have channels, by name.
pub fn groups(db: &Connection) -> Result<Vec<Group>, StoreError> {
    let sql = format!(
        "SELECT g.id, g.name, n.count FROM
           (SELECT c.group_id, count(*) AS count FROM channels c JOIN providers p ON {CURRENT} GROUP BY 1) n
         JOIN groups g ON g.id = n.group_id ORDER BY g.folded, g.name"
    );
    let mut query = db.prepare_cached(&sql)?;
    let rows = query.query_map([], |row| {
        Ok(Group { id: row.get(0)?, name: row.get(1)?, count: row.get::<_, U64>(2)?.0 })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The groups that `text` means: that number, or that name (exact first, then folded).
pub fn group_ids(db: &Connection, text: &str, folded: &str) -> Result<Vec<i64>, StoreError> {
    let ids = |sql: &str, value: &str| -> Result<Vec<i64>, StoreError> {
        let mut query = db.prepare_cached(sql)?;
        let rows = query.query_map([value], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    let exact = ids("SELECT id FROM groups WHERE name = ?1", text)?;
    if !exact.is_empty() {
        return Ok(exact);
    }
    let alike = ids("SELECT id FROM groups WHERE folded = ?1", folded)?;
    match text.parse::<i64>() {
        Ok(number) if alike.is_empty() => Ok(vec![number]),
        _ => Ok(alike),
    }
}

/// Channels by kind.
pub fn stats(db: &Connection) -> Result<Stats, StoreError> {
    let sql = format!("SELECT c.kind, count(*) FROM channels c JOIN providers p ON {CURRENT} GROUP BY 1");
    let mut query = db.prepare_cached(&sql)?;
    let mut rows = query.query([])?;
    let mut stats = Stats::default();
    while let Some(row) = rows.next()? {
        let count = row.get::<_, U64>(1)?.0;
        match category(&row.get::<_, String>(0)?)? {
            Category::Tv => stats.tv = count,
            Category::Movies => stats.movies = count,
            Category::Series => stats.series = count,
            Category::Other => stats.other = count,
        }
        stats.total += count;
    }
    Ok(stats)
}

/// Enables or disables a channel; whether there is one. A refresh keeps it so.
pub fn set_active(db: &Connection, id: &ChannelId, active: bool) -> Result<bool, StoreError> {
    let sql = "UPDATE channels SET is_active = ?2 WHERE channel_id = ?1";
    Ok(db.execute(sql, params![id.as_str(), active])? > 0)
}

/// `FROM … WHERE …` of a filter, and its values. Words of three letters and more go through the trigram index
/// (which may say yes too often, and ignores shorter words); `instr` then decides.
fn tables(filter: &Filter) -> (String, Vec<Value>) {
    let mut values = Vec::new();
    let mut value = |v: Value| -> usize {
        values.push(v);
        values.len()
    };
    let trigrams = trigram_query(filter.words.iter().chain(&filter.folded));
    let mut sql = String::from("FROM ");
    if trigrams.is_some() {
        // CROSS JOIN: begin with the few hits, not with all channels.
        sql.push_str("channel_search s CROSS JOIN channels c ON c.row = s.rowid JOIN ");
    } else {
        sql.push_str("channels c JOIN ");
    }
    let _ = write!(
        sql,
        "providers p ON {CURRENT} LEFT JOIN groups g ON g.id = c.group_id WHERE c.channel_id IS NOT NULL"
    );
    if let Some(trigrams) = trigrams {
        let _ = write!(sql, " AND channel_search MATCH ?{}", value(trigrams.into()));
    }
    for word in &filter.words {
        let _ = write!(sql, " AND instr(c.folded, ?{}) > 0", value(word.clone().into()));
    }
    if let Some(folded) = &filter.folded {
        let _ = write!(sql, " AND c.folded = ?{}", value(folded.clone().into()));
    }
    if let Some(category) = filter.category {
        let _ = write!(sql, " AND c.kind = ?{}", value(category.as_str().to_owned().into()));
    }
    if let Some(groups) = &filter.groups {
        let places: Vec<String> = groups.iter().map(|id| format!("?{}", value((*id).into()))).collect();
        let _ = write!(sql, " AND c.group_id IN ({})", places.join(", "));
    }
    (sql, values)
}

/// Every trigram of every word, all required; `None` where no word has three letters.
fn trigram_query<'a>(words: impl Iterator<Item = &'a String>) -> Option<String> {
    let mut query = String::new();
    for word in words {
        let letters: Vec<char> = word.chars().collect();
        for three in letters.windows(3) {
            let text: String = three.iter().collect();
            let and = if query.is_empty() { "" } else { " AND " };
            let _ = write!(query, "{and}\"{}\"", text.replace('"', "\"\""));
        }
    }
    (!query.is_empty()).then_some(query)
}

fn category(text: &str) -> Result<Category, StoreError> {
    text.parse().map_err(|_| StoreError::Malformed { what: "channel kind", why: format!("{text:?} is none") })
}

fn channel(row: &Row<'_>) -> Result<Channel, StoreError> {
    Ok(Channel {
        channel_id: id(&row.get::<_, String>(0)?)?,
        name: row.get(1)?,
        group: row.get(2)?,
        category: category(&row.get::<_, String>(3)?)?,
        logo_url: row.get(4)?,
        number: row.get(5)?,
        tvg_id: row.get(6)?,
        is_active: row.get(7)?,
        provider: row.get(8)?,
    })
}
