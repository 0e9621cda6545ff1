//! Temporary links (contract, section 6).

use super::{ChannelId, time};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `POST /generate_link`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LinkRequest {
    /// Number or text.
    pub channel_id: ChannelId,
    /// Hours; 24 unless told, at most a year.
    #[serde(default = "LinkRequest::day")]
    pub ttl_hours: u32,
}

impl LinkRequest {
    /// The longest life of a link: a year.
    pub const MOST_HOURS: u32 = 24 * 365;

    const fn day() -> u32 {
        24
    }
}

/// The answer to `POST /generate_link`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LinkCreated {
    /// `/restream/{id}.ts`.
    pub restream_url: String,
    /// The same, absolute.
    pub url: String,
    /// The same channel as HLS, absolute.
    pub hls_url: String,
    /// When it lapses.
    #[serde(with = "time::zoned")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// What `DELETE /api/links/{id}` takes.
    pub id: String,
}

/// A link in the list. Its id opens the channel, so only its owner and administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LinkView {
    /// Its id, as in `/restream/{id}`.
    pub id: String,
    /// What it plays.
    pub channel_id: ChannelId,
    /// Its name, where the channel still exists.
    pub channel_name: Option<String>,
    /// Who made it.
    pub created_by: Option<String>,
    /// When it was made.
    #[serde(with = "time::zoned")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub created_at: Option<Timestamp>,
    /// When it lapses.
    #[serde(with = "time::zoned")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
}

/// `GET /api/links`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LinkList {
    /// This page's links, newest first.
    pub links: Vec<LinkView>,
    /// Links in all.
    pub total: u64,
    /// From 1.
    pub page: u64,
    /// Links on a page.
    pub per_page: u64,
}
