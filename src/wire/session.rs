//! Who is watching, as the API shows it (contract, section 7).

use super::ChannelId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa::ToSchema;

/// How a session is fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HLS: lives from poll to poll.
    Hls,
    /// Endless MPEG-TS: lives as long as its connection.
    Ts,
}

/// An item of `GET /api/sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionView {
    /// Names the session for `DELETE /api/sessions/{id}`; not what its URLs hold.
    pub id: String,
    /// The viewer's user number; `None`: nobody in particular (links, the on-air stream).
    pub user_id: Option<i64>,
    /// The viewer's name, where it is a user.
    pub username: Option<String>,
    /// What is watched; `None`: whatever is on air.
    #[schema(value_type = Option<String>)]
    pub channel_id: Option<ChannelId>,
    /// That channel's name.
    pub channel_name: Option<String>,
    /// Whether it follows what is on air rather than one channel.
    pub on_air: bool,
    /// How it is fed.
    pub protocol: Protocol,
    /// The viewer's address.
    #[schema(value_type = String)]
    pub client_ip: IpAddr,
    /// Two letters, where known.
    pub country: Option<String>,
    /// As the player named itself.
    pub user_agent: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it last asked for something.
    #[schema(value_type = String, format = DateTime)]
    pub last_seen: Timestamp,
    /// Bytes sent to it.
    pub bytes_sent: u64,
    /// HLS: an estimate (segments are shared and may come from a cache); TS: exact.
    pub bytes_estimated: bool,
}
