//! Providers' lists and answers around [`super::catalogue`]'s views, and `POST /login`.

use super::Secret;
use super::catalogue::ProviderView;
use serde::{Deserialize, Serialize};

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
