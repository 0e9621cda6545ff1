//! What runs now.

use crate::access::{Target, Watching};
use crate::feed::{self, FeedKey, Phase, Status};
use crate::http::services::Feeds;
use crate::ingest::Kind;
use crate::wire::feeds::{AudioView, FeedCounters, FeedState, FeedView, VideoView};
use jiff::Timestamp;
use std::sync::Arc;

pub(super) struct Running {
    pub(super) feeds: feed::Feeds,
    pub(super) watching: Arc<Watching>,
}

impl Feeds for Running {
    fn list(&self) -> Vec<FeedView> {
        self.feeds.statuses().iter().map(|(key, status)| self.view(key, status)).collect()
    }
}

impl Running {
    fn view(&self, key: &FeedKey, status: &Status) -> FeedView {
        let viewers = self.watching.count(
            |target| matches!(target, Target::Channel { id, web } if *id == key.channel && *web == key.web),
        );
        FeedView {
            channel_id: key.channel.clone(),
            name: status.name.clone(),
            state: match status.phase {
                Phase::Idle => FeedState::Idle,
                Phase::Starting => FeedState::Starting,
                Phase::Live if status.leases == 0 => FeedState::Lingering,
                Phase::Live => FeedState::Live,
                Phase::Reconnecting => FeedState::Reconnecting,
                Phase::Failed => FeedState::Failed,
            },
            reason: status.reason,
            detail: status.detail.clone(),
            since: Timestamp::try_from(status.since).ok(),
            viewers: viewers as u64,
            bitrate: Some(status.bitrate / 1000).filter(|rate| *rate > 0),
            engine: status.kind.map(|kind| engine(kind, key.web).to_owned()),
            source: Some(status.source_index),
            video: status.shape.video.as_ref().map(|video| VideoView {
                codec: video.codec.to_owned(),
                width: video.width,
                height: video.height,
                frame_rate: Some(f64::from(video.millihertz) / 1000.0).filter(|rate| *rate > 0.0),
                interlaced: video.interlaced,
            }),
            audio: (status.shape.audio.iter())
                .map(|audio| AudioView {
                    codec: audio.codec.to_owned(),
                    language: audio.language.clone(),
                    sample_rate: audio.sample_rate,
                    channels: audio.channels,
                })
                .collect(),
            counters: FeedCounters {
                bytes_in: status.bytes_in,
                bytes_out: status.bytes_out,
                reconnects: status.reconnects,
                packets_lost: status.continuity_errors,
                epochs: u64::from(status.epochs),
                units_dropped: status.dropped_units,
            },
        }
    }
}

fn engine(kind: Kind, web: bool) -> &'static str {
    match kind {
        _ if web => "web",
        Kind::HttpTs => "http",
        Kind::Hls => "hls",
        Kind::Ffmpeg => "ffmpeg",
    }
}
