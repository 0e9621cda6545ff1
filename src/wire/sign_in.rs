//! Signing in, one's own profile, API keys (contract, section 2).

use super::{Secret, time};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an identity may do; each may do what those before it may.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads the catalogue, its own profile, its own links.
    User,
    /// Reads all; starts and stops streams; kicks viewers.
    Moderator,
    /// All.
    #[serde(alias = "administrator")]
    Admin,
}

impl Role {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "user" => Some(Self::User),
            "moderator" => Some(Self::Moderator),
            "admin" | "administrator" => Some(Self::Admin),
            _ => None,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `POST /api/auth/login`, as JSON or as an OAuth2 password form.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LoginRequest {
    /// The user's name.
    pub username: String,
    /// The user's password.
    pub password: Secret,
}

/// The answer to a sign-in.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LoginAnswer {
    /// A JWT, for `Authorization: Bearer`.
    pub access_token: Secret,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds.
    pub expires_in: u64,
}

/// `GET /api/me`: who is signed in.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Me {
    /// The user's number; null for an API key or the admin socket, which are no users.
    pub id: Option<i64>,
    /// The user's name, or the key's.
    pub username: String,
    /// Where to write to.
    pub email: Option<String>,
    /// What it may do.
    pub role: Role,
    /// Whether it may sign in and watch.
    pub is_active: bool,
    /// Devices at once; 0: unlimited; null where it is no user.
    pub max_connections: Option<u32>,
    /// When it lapses; null: never.
    #[serde(with = "time::zoned")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// The user's own viewer token; null where there is none.
    pub token: Option<Secret>,
    /// The user's own playlist, where there is a token.
    pub playlist_url: Option<String>,
    /// The user's own guide, where there is a token.
    pub epg_url: Option<String>,
}

/// `PUT /api/me`: only the fields it has are changed; a null `email` clears it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MeChange {
    /// `None`: leave it; `Some(None)`: clear it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub email: Option<Option<String>>,
    /// A new password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// `POST /api/keys`.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyRequest {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it lapses; null: never.
    #[serde(default, with = "time::zoned")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// An API key, without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyView {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    #[serde(with = "time::zoned")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_at: Option<Timestamp>,
    /// When it lapses; null: never.
    #[serde(with = "time::zoned")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When it was last shown; null: never, or not known.
    #[serde(with = "time::zoned")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used: Option<Timestamp>,
}

/// The answer that shows a new key, the only time.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyCreated {
    /// The key itself.
    pub key: Secret,
    /// What is known of it.
    #[serde(flatten)]
    pub view: KeyView,
}

/// `GET /api/keys`.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyList {
    /// This page's keys, oldest first.
    pub keys: Vec<KeyView>,
    /// Keys in all.
    pub total: u64,
    /// From 1.
    pub page: u64,
    /// Keys on a page.
    pub per_page: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_and_named_alike() {
        assert!(Role::User < Role::Moderator && Role::Moderator < Role::Admin);
        for role in [Role::User, Role::Moderator, Role::Admin] {
            assert_eq!(serde_json::to_string(&role).expect("json"), format!("\"{role}\""));
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
    }
}
