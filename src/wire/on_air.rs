//! The on-air stream (contract, section 6) and the player page's events.

use super::{ChannelId, Secret, time};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `POST /start_stream`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StartStream {
    /// Number or text.
    pub channel_id: ChannelId,
}

/// The answer to `POST /start_stream`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Started {
    /// Always `success`.
    pub status: String,
    /// For people.
    pub message: String,
    /// The channel's name.
    pub channel_name: String,
    /// Always `/live.m3u8`.
    pub m3u8_url: String,
    /// Always `/watch/`.
    pub watch_url: String,
}

impl Started {
    /// The answer for a channel of that name.
    pub fn new(channel_name: impl Into<String>) -> Self {
        let channel_name = channel_name.into();
        Self {
            status: "success".into(),
            message: format!("{channel_name} is on air"),
            channel_name,
            m3u8_url: "/live.m3u8".into(),
            watch_url: "/watch/".into(),
        }
    }
}

/// The answer to `POST /stop_stream`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Stopped {
    /// Always `success`.
    pub status: String,
    /// For people.
    pub message: String,
}

/// How the on-air stream does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnAirState {
    /// Nothing is on air.
    #[default]
    Idle,
    /// On air, no picture yet.
    Starting,
    /// Playing.
    Live,
    /// The source is gone and is being tried again.
    Reconnecting,
    /// Given up for now.
    Failed,
}

/// `GET /stream_status`: public, without source URLs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StreamStatus {
    /// Whether a channel is on air.
    pub active: bool,
    /// Which one.
    pub channel_id: Option<ChannelId>,
    /// Its name.
    pub channel_name: Option<String>,
    /// Since when it is on air; UTC, without a zone.
    #[serde(with = "time::bare")]
    #[schema(value_type = Option<String>, example = "2025-12-24T10:30:00")]
    pub started_at: Option<Timestamp>,
    /// How it does.
    pub state: OnAirState,
    /// Who watches it now, by any protocol.
    pub viewers: u64,
    /// Rises at each start, switch and stop.
    pub generation: u64,
}

/// Data of the `state` event of `GET /watch/events`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PageState {
    /// What is on air.
    #[serde(flatten)]
    pub status: StreamStatus,
    /// Opens the page's internal media; short-lived, replaced by each event.
    pub session: Secret,
    /// `auto`, `ts` or `hls`.
    pub engine: Engine,
    /// Seconds the page holds in hand before it plays on at full speed.
    pub delay: f64,
}

/// Which engine the page plays with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// Endless TS first, HLS where that does not work.
    #[default]
    Auto,
    /// Endless TS only.
    Ts,
    /// HLS only: where a cache carries the viewers.
    Hls,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_has_the_fixed_shape() {
        let status = StreamStatus {
            active: true,
            channel_id: Some(123_456.into()),
            channel_name: Some("TF1 HD".into()),
            started_at: time::parse("2025-12-24T10:30:00Z"),
            state: OnAirState::Live,
            viewers: 3,
            generation: 7,
        };
        let expected = serde_json::json!({"active": true, "channel_id": 123456, "channel_name": "TF1 HD",
            "started_at": "2025-12-24T10:30:00", "state": "live", "viewers": 3, "generation": 7});
        assert_eq!(serde_json::to_value(&status).expect("json"), expected);
        let nothing = serde_json::json!({"active": false, "channel_id": null, "channel_name": null,
            "started_at": null, "state": "idle", "viewers": 0, "generation": 0});
        assert_eq!(serde_json::to_value(StreamStatus::default()).expect("json"), nothing);
    }
}
