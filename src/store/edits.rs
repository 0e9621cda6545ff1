//! What administrators changed about channels: edits of one, rules for many.

use super::StoreError;
use rusqlite::{Connection, params};

/// An edit of one channel; what is `None` is as the provider (or a rule) has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Edit {
    /// Another name.
    pub name: Option<String>,
    /// Another group's name.
    pub group: Option<String>,
    /// Another number.
    pub number: Option<f64>,
    /// Not listed; `Some(false)`: listed though a rule hides it.
    pub hidden: Option<bool>,
    /// A favourite.
    pub favourite: bool,
    /// Whether viewers may have it.
    pub is_active: bool,
}

/// A rule as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its number.
    pub id: i64,
    /// `name` or `group`: what the pattern is held against.
    pub field: String,
    /// A regular expression.
    pub pattern: String,
    /// Only channels of that kind.
    pub kind: Option<String>,
    /// `hide`, `show`, `rename`, `regroup`, `renumber`, `favourite`.
    pub action: String,
    /// A replacement, or the first number.
    pub value: Option<String>,
    /// Whether it is applied.
    pub enabled: bool,
}

/// Every edit, by channel id.
pub fn all(db: &Connection) -> Result<Vec<(String, Edit)>, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT channel_id, name, group_name, number, hidden, favourite, is_active FROM channel_edits",
    )?;
    let rows = query.query_map([], |row| {
        let edit = Edit {
            name: row.get(1)?,
            group: row.get(2)?,
            number: row.get(3)?,
            hidden: row.get(4)?,
            favourite: row.get(5)?,
            is_active: row.get(6)?,
        };
        Ok((row.get(0)?, edit))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Stores what is to be different about a channel, in place of what was.
pub fn put(db: &Connection, channel_id: &str, edit: &Edit) -> Result<(), StoreError> {
    db.prepare_cached(
        "INSERT INTO channel_edits (channel_id, name, group_name, number, hidden, favourite, is_active)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (channel_id) DO UPDATE SET name = ?2, group_name = ?3, number = ?4, hidden = ?5, favourite = ?6,
           is_active = ?7",
    )?
    .execute(params![
        channel_id,
        edit.name,
        edit.group,
        edit.number,
        edit.hidden,
        edit.favourite,
        edit.is_active
    ])?;
    Ok(())
}

/// Forgets the edit of a channel; whether there was one.
pub fn remove(db: &Connection, channel_id: &str) -> Result<bool, StoreError> {
    Ok(db.execute("DELETE FROM channel_edits WHERE channel_id = ?1", [channel_id])? == 1)
}

/// The rules in their order.
pub fn rules(db: &Connection) -> Result<Vec<Rule>, StoreError> {
    let mut query = db.prepare_cached(
        "SELECT id, field, pattern, kind, action, value, enabled FROM channel_rules ORDER BY position, id",
    )?;
    let rows = query.query_map([], |row| {
        Ok(Rule {
            id: row.get(0)?,
            field: row.get(1)?,
            pattern: row.get(2)?,
            kind: row.get(3)?,
            action: row.get(4)?,
            value: row.get(5)?,
            enabled: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Stores a rule behind all others; its number.
pub fn add_rule(db: &Connection, rule: &Rule) -> Result<i64, StoreError> {
    db.execute(
        "INSERT INTO channel_rules (position, field, pattern, kind, action, value, enabled)
         VALUES ((SELECT coalesce(max(position), 0) + 1 FROM channel_rules), ?1, ?2, ?3, ?4, ?5, ?6)",
        params![rule.field, rule.pattern, rule.kind, rule.action, rule.value, rule.enabled],
    )?;
    Ok(db.last_insert_rowid())
}

/// Replaces a rule in its place; whether there is one of that number.
pub fn change_rule(db: &Connection, rule: &Rule) -> Result<bool, StoreError> {
    let sql =
        "UPDATE channel_rules SET field = ?2, pattern = ?3, kind = ?4, action = ?5, value = ?6, enabled = ?7
               WHERE id = ?1";
    let values = params![rule.id, rule.field, rule.pattern, rule.kind, rule.action, rule.value, rule.enabled];
    Ok(db.execute(sql, values)? == 1)
}

/// Removes a rule; whether there was one.
pub fn remove_rule(db: &Connection, id: i64) -> Result<bool, StoreError> {
    Ok(db.execute("DELETE FROM channel_rules WHERE id = ?1", [id])? == 1)
}
