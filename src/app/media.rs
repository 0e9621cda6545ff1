//! Builds the media side: ingest, feeds, programmes, what is on air.

use super::book::{Catalogue, Channels};
use super::gate::Doors;
use super::sequences::Kept;
use super::state::State;
use crate::access::{Limits, Watching};
use crate::config::Config;
use crate::feed::{self, Budget, Feeds, MediaThread};
use crate::ffmpeg::Tool;
use crate::hls::{self, OnAir, Programmes};
use crate::http::media;
use crate::ingest::{Ingest, IngestOptions};
use crate::net::Outbound;
use crate::ops::machine::Memory;
use crate::ts::MediaTime;
use anyhow::Context;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub(super) struct MediaSide {
    pub(super) feeds: Feeds,
    pub(super) programmes: Programmes,
    pub(super) on_air: OnAir,
    pub(super) watching: Arc<Watching>,
    pub(super) service: media::Shared,
}

pub(super) fn build(
    config: &Config,
    state: &State,
    catalogue: &Catalogue,
    outbound: Outbound,
    tool: Option<Tool>,
    stop: &CancellationToken,
) -> anyhow::Result<MediaSide> {
    let header_timeout = config.provider.header_timeout;
    let ingest = Ingest::new(outbound, tool, IngestOptions { header_timeout, ..IngestOptions::default() });
    let budget = Budget::new(memory_budget(config));
    let feeds = Feeds::new(
        Arc::new(Channels { catalogue: catalogue.clone(), verify_tls: config.provider.verify_tls }),
        ingest,
        budget,
        MediaThread::start().context("the thread that carries media can't be started")?,
        feed_options(config),
    );
    let target = Duration::from_secs(u64::from(config.hls.target_duration));
    let lapse = 3 * target;
    let hls_options =
        hls::Options { target: config.hls.target_duration, window: config.hls.window.into(), lapse };
    let kept = Arc::new(Kept(state.store.clone()));
    let programmes = Programmes::new(feeds.clone(), kept.clone(), hls_options);
    let limits = Limits { per_address: config.limits.sessions_per_address as usize, ..Limits::default() };
    let watching = Watching::with_limits(lapse, limits);
    let on_air = OnAir::new(
        feeds.clone(),
        &programmes,
        kept,
        watching.clone(),
        config.on_air.slate,
        stop.child_token(),
    );
    let service = media::Shared::new(media::Media {
        feeds: feeds.clone(),
        programmes: programmes.clone(),
        on_air: on_air.clone(),
        watching: watching.clone(),
        signer: state.signer.clone(),
        gate: Arc::new(Doors(state.access.clone())),
        options: media::Options {
            hold: config.feed.hold,
            page_delay: config.player.delay,
            trusted_proxies: config.proxy.trusted.clone(),
            public_url: config.public_url.clone(),
        },
        held: Semaphore::new(config.limits.held_requests as usize),
    });
    Ok(MediaSide { feeds, programmes, on_air, watching, service })
}

/// As configured, or half of this machine's memory.
fn memory_budget(config: &Config) -> usize {
    let half = || Memory::read().map_or(1 << 30, |memory| memory.total / 2);
    usize::try_from(config.feed.memory_budget.unwrap_or_else(half)).unwrap_or(usize::MAX)
}

fn feed_options(config: &Config) -> feed::Options {
    let target = MediaTime(i64::from(config.hls.target_duration) * MediaTime::HZ);
    feed::Options {
        idle_timeout: config.feed.idle_timeout,
        keep: config.feed.ring_seconds.into(),
        keep_bytes: usize::try_from(config.feed.ring_bytes).unwrap_or(usize::MAX),
        stall: config.feed.stall,
        shape: feed::shape::Options {
            segment_min: config.hls.segment_min.into(),
            segment_target: target,
            max_access_unit: usize::try_from(config.feed.max_access_unit).unwrap_or(usize::MAX),
            max_before_keyframe: usize::try_from(config.feed.max_without_keyframe).unwrap_or(usize::MAX),
            ..feed::shape::Options::default()
        },
        language: config.web.audio_languages.first().cloned(),
    }
}
