//! What runs now: one view per open channel.

use super::{ChannelId, Reason, time};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a feed is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedState {
    /// Nobody wants it.
    Idle,
    /// Opened, no picture yet.
    Starting,
    /// Playing.
    Live,
    /// Nobody watches; it is kept open a little.
    Lingering,
    /// The source is gone and is being tried again.
    Reconnecting,
    /// Given up for now.
    Failed,
}

/// A running feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FeedView {
    /// The channel.
    pub channel_id: ChannelId,
    /// Its name.
    pub name: String,
    /// Where it is in its life.
    pub state: FeedState,
    /// Why it is not live, where it is not.
    pub reason: Option<Reason>,
    /// The words of it, without credentials.
    pub detail: Option<String>,
    /// Since when it is in this state.
    #[serde(with = "time::zoned")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Who watches now.
    pub viewers: u64,
    /// kbit/s, measured; null: not known yet.
    pub bitrate: Option<u64>,
    /// What reads the source: `http`, `hls`, `ffmpeg`, `web`; null: nothing open.
    pub engine: Option<String>,
    /// Which of the channel's addresses is open, from 0.
    pub source: Option<u32>,
    /// The picture; null: radio, or not known yet.
    pub video: Option<VideoView>,
    /// Sounds, in order.
    pub audio: Vec<AudioView>,
    /// What happened since it was opened.
    pub counters: FeedCounters,
}

/// The picture's facts; 0 and null: not known yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct VideoView {
    /// `h264`, `hevc`, `mpeg2` and so on.
    pub codec: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Frames a second.
    pub frame_rate: Option<f64>,
    /// Coded as fields.
    pub interlaced: bool,
}

/// A sound's facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AudioView {
    /// `aac`, `mp2`, `ac3` and so on.
    pub codec: String,
    /// ISO 639.
    pub language: Option<String>,
    /// Hz; 0: not known yet.
    pub sample_rate: u32,
    /// 0: not known yet.
    pub channels: u8,
}

/// What happened to a feed since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FeedCounters {
    /// Bytes read from the source.
    pub bytes_in: u64,
    /// Bytes published.
    pub bytes_out: u64,
    /// Times the source was opened anew.
    pub reconnects: u64,
    /// Packets the source lost, by its continuity counters.
    pub packets_lost: u64,
    /// Breaks of timeline, codec or origin.
    pub epochs: u64,
    /// Access units dropped because they were broken.
    pub units_dropped: u64,
}

/// `GET /api/feeds`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FeedList {
    /// This page's feeds, by channel.
    pub feeds: Vec<FeedView>,
    /// Feeds in all.
    pub total: u64,
    /// From 1.
    pub page: u64,
    /// Feeds on a page.
    pub per_page: u64,
}
