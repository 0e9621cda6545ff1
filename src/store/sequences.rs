//! Numbers of a programme that only ever go up, across restarts and SIGKILL: blocks are reserved before use.

use super::StoreError;
use super::unsigned::U64;
use rusqlite::{Connection, params};

/// Reserves `count` media and `count` discontinuity sequence numbers of `programme` and returns the first of
/// each. A block is never handed out twice; what its owner did not use stays unused. Both start at 0.
pub fn reserve(db: &Connection, programme: &str, count: u64) -> Result<(u64, u64), StoreError> {
    let sql =
        "INSERT INTO sequences (programme, media, discontinuity) VALUES (?1, ?2, ?2) ON CONFLICT DO UPDATE
               SET media = media + ?2, discontinuity = discontinuity + ?2
               RETURNING media - ?2, discontinuity - ?2";
    Ok(db.query_row(sql, params![programme, U64(count)], |row| {
        Ok((row.get::<_, U64>(0)?.0, row.get::<_, U64>(1)?.0))
    })?)
}
