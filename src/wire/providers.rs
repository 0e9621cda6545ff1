//! Providers' lists and answers around [`super::catalogue`]'s views, and `POST /login`.

use super::Secret;
use super::catalogue::{ProviderKind, ProviderView};
use serde::{Deserialize, Serialize};

/// `POST /api/providers`. Instead of `kind`, `url`, `username` and `password`, an `access` object as in
/// [`super::catalogue::NewProvider`] is taken too.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderRequest {
    /// What to call it; unique, 1 to 64 characters.
    pub name: String,
    /// What it speaks.
    pub kind: ProviderKind,
    /// Xtream: the host with its scheme. M3U: the list's address, or its absolute path on the server.
    pub url: Secret,
    /// Xtream only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Secret>,
    /// Xtream only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// Sent as `User-Agent` with its lists and streams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Further request headers, name and value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// Whether certificates are checked; true unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_tls: Option<bool>,
    /// Connections at a time, where what the provider says is wrong; 0: not limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<u32>,
    /// Seconds between refreshes; 0: only by hand; null: the configured interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_interval: Option<u64>,
    /// Whether its channels are shown and played; true unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// `GET /api/providers`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderCreated {
    /// Always `created`.
    pub status: String,
    /// What was made.
    pub provider: ProviderView,
}

/// `POST /login`: Xtream credentials, for this process only.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProviderLogin {
    /// The host with its scheme; it may hold credentials.
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
