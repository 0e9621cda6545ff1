//! The service itself: health, version, the administrator's password.

use super::Secret;
use serde::{Deserialize, Serialize};

/// `GET /health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Health {
    /// `healthy`.
    pub status: String,
}

/// `GET /api/system/version`: what the command line compares itself with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Version {
    /// Always `relais`.
    pub name: String,
    /// The package's version.
    pub version: String,
    /// Seconds since the start.
    pub uptime: u64,
    /// The service's process.
    pub pid: u32,
}

/// `POST /api/admin/password`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AdminPasswordRequest {
    /// The new one; null or missing: one is made.
    #[serde(default)]
    pub password: Option<Secret>,
}

/// The answer to `POST /api/admin/password`.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AdminPasswordAnswer {
    /// Always `success`.
    pub status: String,
    /// Whose it is.
    pub username: String,
    /// The one that was made, shown this once; null where it was given.
    pub password: Option<Secret>,
}

/// The answer to calls that end or delete one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Done {
    /// `deleted`, `ended` or `success`.
    pub status: String,
}

impl Done {
    /// `{"status": "deleted"}`.
    pub fn deleted() -> Self {
        Self { status: "deleted".into() }
    }

    /// `{"status": "success"}`.
    pub fn success() -> Self {
        Self { status: "success".into() }
    }
}
