//! Who asks, once that is known.

use crate::store::users;
use serde::Serialize;

/// What someone may do (contract, section 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// All.
    Administrator,
    /// Reads all, starts and stops streams, kicks viewers; no users, secrets or settings.
    Moderator,
    /// Reads the catalogue, own profile, own links.
    User,
    /// Users and channels, as a panel keeps them.
    Panel,
}

impl From<users::Role> for Role {
    fn from(role: users::Role) -> Self {
        match role {
            users::Role::Administrator => Self::Administrator,
            users::Role::Moderator => Self::Moderator,
            users::Role::User => Self::User,
        }
    }
}

/// How that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// The admin socket.
    Local,
    /// A JWT of this server.
    SignIn,
    /// An API key.
    ApiKey,
    /// The panel token.
    Panel,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Identity {
    /// How that was shown.
    pub kind: IdentityKind,
    /// The user's number; of an API key: who made it.
    pub user_id: Option<i64>,
    /// The API key's number.
    pub key_id: Option<i64>,
    /// The user's or key's name, for logs.
    pub name: String,
    /// What may be done.
    pub role: Role,
}

impl Identity {
    /// Whoever may open the admin socket.
    pub fn local() -> Self {
        let name = "local administrator".to_owned();
        Self { kind: IdentityKind::Local, user_id: None, key_id: None, name, role: Role::Administrator }
    }

    /// A panel.
    pub fn panel() -> Self {
        Self {
            kind: IdentityKind::Panel,
            user_id: None,
            key_id: None,
            name: "panel".into(),
            role: Role::Panel,
        }
    }
}
