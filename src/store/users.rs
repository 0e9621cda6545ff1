//! Users: administrators, moderators, and those who only watch.

use super::StoreError;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::fmt;
use std::str::FromStr;

/// What a stored user or key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// All.
    Administrator,
    /// Reads all, starts and stops streams, kicks viewers.
    Moderator,
    /// Reads the catalogue, has a profile and links of its own.
    User,
}

/// A user as it is stored. Shows no hashes.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Its number; never used again after a deletion.
    pub id: i64,
    /// Its name, unique, case and all.
    pub username: String,
    /// For people.
    pub email: Option<String>,
    /// What it may do.
    pub role: Role,
    /// argon2id or bcrypt; `None`: no sign-in.
    pub password_hash: Option<String>,
    /// SHA-256 of the viewer token.
    pub token_hash: Option<[u8; 32]>,
    /// The token's first characters.
    pub token_prefix: Option<String>,
    /// The token, sealed.
    pub token_sealed: Option<Vec<u8>>,
    /// Viewers at a time; 0: unlimited.
    pub max_connections: u32,
    /// Disabled users may neither sign in nor watch.
    pub is_active: bool,
    /// Seconds since the epoch; `None`: never.
    pub expires_at: Option<i64>,
    /// Seconds since the epoch.
    pub created_at: i64,
    /// Seconds since the epoch.
    pub last_login: Option<i64>,
    /// Rises with each change of password: older sign-ins end.
    pub sign_in_version: i64,
}

impl User {
    /// An active user of that name and role, without password, token or end, with one connection.
    pub fn new(username: impl Into<String>, role: Role) -> Self {
        Self {
            id: 0,
            username: username.into(),
            email: None,
            role,
            password_hash: None,
            token_hash: None,
            token_prefix: None,
            token_sealed: None,
            max_connections: 1,
            is_active: true,
            expires_at: None,
            created_at: super::now(),
            last_login: None,
            sign_in_version: 1,
        }
    }
}

const COLUMNS: &str = "id, username, email, role, password_hash, token_hash, token_prefix, token_sealed,
  max_connections, is_active, expires_at, created_at, last_login, sign_in_version";

/// Stores a new user (its `id` is not read) and returns its number.
pub fn insert(db: &Connection, user: &User) -> Result<i64, StoreError> {
    let sql =
        "INSERT INTO users (username, email, role, password_hash, token_hash, token_prefix, token_sealed,
                 max_connections, is_active, expires_at, created_at, last_login, sign_in_version)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    let done = db.execute(
        sql,
        params![
            user.username,
            user.email,
            user.role.as_str(),
            user.password_hash,
            user.token_hash,
            user.token_prefix,
            user.token_sealed,
            user.max_connections,
            user.is_active,
            user.expires_at,
            user.created_at,
            user.last_login,
            user.sign_in_version,
        ],
    );
    done.map_err(|e| StoreError::from(e).or_exists(|| format!("user {}", user.username)))?;
    Ok(db.last_insert_rowid())
}

/// Writes all of a user's fields but its number and time of creation; whether there is such a user.
pub fn update(db: &Connection, user: &User) -> Result<bool, StoreError> {
    let sql = "UPDATE users SET username = ?2, email = ?3, role = ?4, password_hash = ?5, token_hash = ?6,
                 token_prefix = ?7, token_sealed = ?8, max_connections = ?9, is_active = ?10, expires_at = ?11,
                 last_login = ?12, sign_in_version = ?13 WHERE id = ?1";
    let done = db.execute(
        sql,
        params![
            user.id,
            user.username,
            user.email,
            user.role.as_str(),
            user.password_hash,
            user.token_hash,
            user.token_prefix,
            user.token_sealed,
            user.max_connections,
            user.is_active,
            user.expires_at,
            user.last_login,
            user.sign_in_version,
        ],
    );
    Ok(done.map_err(|e| StoreError::from(e).or_exists(|| format!("user {}", user.username)))? == 1)
}

/// Sets a password's hash (`None`: no sign-in) and ends older sign-ins; whether there is such a user.
pub fn set_password(db: &Connection, id: i64, hash: Option<&str>) -> Result<bool, StoreError> {
    let sql = "UPDATE users SET password_hash = ?2, sign_in_version = sign_in_version + 1 WHERE id = ?1";
    Ok(db.execute(sql, params![id, hash])? == 1)
}

/// Sets a user's mail address (`None` clears it); whether there is such a user.
pub fn set_email(db: &Connection, id: i64, email: Option<&str>) -> Result<bool, StoreError> {
    Ok(db.execute("UPDATE users SET email = ?2 WHERE id = ?1", params![id, email])? == 1)
}

/// Notes a sign-in.
pub fn signed_in(db: &Connection, id: i64, at: i64) -> Result<(), StoreError> {
    db.execute("UPDATE users SET last_login = ?2 WHERE id = ?1", params![id, at])?;
    Ok(())
}

/// The user of that exact name.
pub fn by_name(db: &Connection, username: &str) -> Result<Option<User>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE username = ?1");
    db.query_row(&sql, [username], |row| Ok(user(row))).optional()?.transpose()
}

/// The user of that number.
pub fn by_id(db: &Connection, id: i64) -> Result<Option<User>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE id = ?1");
    db.query_row(&sql, [id], |row| Ok(user(row))).optional()?.transpose()
}

/// The user whose viewer token has this SHA-256.
pub fn by_token(db: &Connection, hash: &[u8; 32]) -> Result<Option<User>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE token_hash = ?1");
    db.query_row(&sql, [hash], |row| Ok(user(row))).optional()?.transpose()
}

/// Every user, the oldest first.
pub fn all(db: &Connection) -> Result<Vec<User>, StoreError> {
    let mut query = db.prepare_cached(&format!("SELECT {COLUMNS} FROM users ORDER BY id"))?;
    let mut rows = query.query([])?;
    let mut users = Vec::new();
    while let Some(row) = rows.next()? {
        users.push(user(row)?);
    }
    Ok(users)
}

/// Deletes a user; whether there was one.
pub fn remove(db: &Connection, id: i64) -> Result<bool, StoreError> {
    Ok(db.execute("DELETE FROM users WHERE id = ?1", [id])? == 1)
}

fn user(row: &Row<'_>) -> Result<User, StoreError> {
    Ok(User {
        id: row.get(0)?,
        username: row.get(1)?,
        email: row.get(2)?,
        role: row.get::<_, String>(3)?.parse()?,
        password_hash: row.get(4)?,
        token_hash: row.get(5)?,
        token_prefix: row.get(6)?,
        token_sealed: row.get(7)?,
        max_connections: row.get(8)?,
        is_active: row.get(9)?,
        expires_at: row.get(10)?,
        created_at: row.get(11)?,
        last_login: row.get(12)?,
        sign_in_version: row.get(13)?,
    })
}

impl Role {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Moderator => "moderator",
            Self::User => "user",
        }
    }
}

impl FromStr for Role {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "administrator" => Ok(Self::Administrator),
            "moderator" => Ok(Self::Moderator),
            "user" => Ok(Self::User),
            other => Err(StoreError::Malformed { what: "role", why: format!("{other:?} is none") }),
        }
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User({} {:?} {})", self.id, self.username, self.role.as_str())
    }
}
