//! Providers: where channels come from.

use super::{Secret, time};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// Xtream codes: a host, a name, a password.
    Xtream,
    /// An M3U list behind a URL.
    M3u,
}

/// `POST /api/providers`.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderRequest {
    /// What to call it; unique.
    pub name: String,
    /// What it speaks.
    pub kind: ProviderKind,
    /// Xtream: the host with its scheme. M3U: the list's address.
    pub url: Secret,
    /// Xtream only.
    #[serde(default)]
    pub username: Option<Secret>,
    /// Xtream only.
    #[serde(default)]
    pub password: Option<Secret>,
    /// Whether the credentials are kept, encrypted, over a restart.
    #[serde(default = "yes")]
    pub remember: bool,
    /// Sent as `User-Agent`.
    #[serde(default)]
    pub user_agent: Option<String>,
    /// Whether its certificate is checked.
    #[serde(default = "yes")]
    pub verify_tls: bool,
    /// Connections at once; null: what the provider says, else 1; 0: unlimited.
    #[serde(default)]
    pub max_connections: Option<u32>,
}

const fn yes() -> bool {
    true
}

/// A provider, without credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderView {
    /// Its number.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// What it speaks.
    pub kind: ProviderKind,
    /// Scheme and host only.
    pub host: String,
    /// Whether its credentials are kept.
    pub remembered: bool,
    /// Whether it is usable now: its credentials are at hand.
    pub ready: bool,
    /// Connections at once; 0: unlimited.
    pub max_connections: u32,
    /// Connections relais has open to it now.
    pub open_connections: u32,
    /// Channels it brought.
    pub channel_count: u64,
    /// Whether it is being read now.
    pub refreshing: bool,
    /// When it was last read with success.
    #[serde(with = "time::zoned")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_refresh: Option<Timestamp>,
    /// Why the last reading failed, where it did.
    pub error: Option<String>,
}

/// `GET /api/providers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderList {
    /// This page's providers.
    pub providers: Vec<ProviderView>,
    /// Providers in all.
    pub total: u64,
    /// From 1.
    pub page: u64,
    /// Providers on a page.
    pub per_page: u64,
}

/// The answer to `POST /api/providers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderCreated {
    /// Always `created`.
    pub status: String,
    /// What was made.
    pub provider: ProviderView,
}

/// `POST /login`: Xtream credentials, for this process only.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderLogin {
    /// The host with its scheme.
    pub host: Secret,
    /// The account's name.
    pub username: Secret,
    /// The account's password.
    pub password: Secret,
}

/// The answer to `POST /login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderLoginAnswer {
    /// Always `success`.
    pub status: String,
    /// For people.
    pub message: String,
    /// False: taken as they are, for the provider can't be reached now.
    pub verified: bool,
}
