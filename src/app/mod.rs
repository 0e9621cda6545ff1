//! the composition root: builds the services from the configuration, runs them, stops them.
//!
//! Order matters: what can fail for a reason that a person must mend (directories, another instance, ports,
//! database) comes first, with one clear line; then the feeds; then what is on air; then systemd is told.

mod book;
mod doctor;
mod gate;
mod lineup;
mod listeners;
mod media;
mod sequences;
mod services;
mod state;

pub use doctor::probes;

use crate::config::Config;
use crate::demo::Demo;
use crate::net::{Outbound, OutboundOptions};
use crate::ops;
use crate::ops::first_run::Greeting;
use crate::ops::lock::InstanceLock;
use crate::ops::logs::LogOptions;
use crate::{access, ffmpeg, guide};
use anyhow::Context as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// What `relais serve` runs with.
pub struct Settings {
    /// The configuration.
    pub config: Config,
    /// Run the embedded demo provider and put one of its channels on air.
    pub demo: bool,
}

/// Viewers are told within 5 s that the service ends; the listeners drain in 3 of them.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Runs the service until it is told to stop.
pub async fn run(settings: Settings) -> anyhow::Result<()> {
    let Settings { config, demo } = settings;
    ops::directories::prepare(&config.data_dir, "data_dir")?;
    ops::directories::prepare(&config.run_dir, "run_dir")?;
    if config.log.files > 0 {
        ops::directories::prepare(&config.log.dir, "log.dir")?;
    }
    let _lock = InstanceLock::take(&config.data_dir)?;
    let _logs = ops::logs::init(&LogOptions::from_config(&config.log))?;
    for warning in &config.warnings {
        warn!("{warning}");
    }
    ops::machine::raise_open_files();
    let inherited = ops::systemd::Inherited::take()?;
    let bound = listeners::bind(&config, inherited)?;

    let stop = CancellationToken::new();
    let state = state::State::open(&config).await?;
    let ledger = config.run_dir.join("ffmpeg.children");
    match ffmpeg::orphans::reap(&ledger) {
        Ok(0) => {}
        Ok(reaped) => warn!(reaped, "FFmpeg processes of an earlier run were ended"),
        Err(error) => warn!(%error, "FFmpeg processes of an earlier run can't be looked for"),
    }
    let tool = find_ffmpeg(&config, ledger).await;
    let demo = match (demo, &tool) {
        (false, _) => None,
        (true, None) => anyhow::bail!("the demo needs FFmpeg (Debian: apt install ffmpeg)"),
        (true, Some(tool)) => Some(Demo::start(tool.clone()).await?),
    };
    let outbound = Outbound::new(OutboundOptions {
        connect_timeout: config.provider.connect_timeout,
        user_agent: user_agent(&config),
    })?;
    let catalogue = book::open_catalogue(&config, &state, &outbound).await?;
    let refreshing = tokio::spawn(catalogue.share().run(stop.clone()));
    let lineup = Arc::new(lineup::Channels::new(catalogue.clone()));
    let guide = open_guide(&config, &state, &outbound, &lineup);
    let guiding = tokio::spawn(guide.clone().run(stop.clone()));
    let following = tokio::spawn({
        let stop = stop.clone();
        async move { lineup.follow(stop).await }
    });
    let media = media::build(&config, &state, &catalogue, outbound, tool, &stop)?;
    let greeting = Greeting {
        public_url: config.public_url.as_deref(),
        public: bound.public_address(),
        api: bound.api_address(),
        administrator: state.first_password.as_deref().map(|password| (access::ADMINISTRATOR, password)),
    };
    bound.announce(&config)?;
    let http = listeners::serve(&config, bound, &state, &catalogue, &guide, &media, &stop);

    greeting.print()?;
    ops::systemd::ready();
    info!(version = env!("CARGO_PKG_VERSION"), "relais runs");
    let housekeeping = tokio::spawn(housekeeping(state.clone(), media.watching.clone(), stop.clone()));
    media.on_air.resume().await;
    if let Some(demo) = &demo {
        show_demo(&media.on_air, &catalogue, demo).await?;
    }

    wait_for_signal().await?;
    info!("stopping");
    ops::systemd::stopping();
    stop.cancel();
    let graceful = async {
        tokio::join!(http, media.feeds.stop(), media.programmes.stop());
        if let Some(demo) = demo {
            demo.shutdown().await;
        }
    };
    if tokio::time::timeout(STOP_WITHIN, graceful).await.is_err() {
        error!("not everything ended in time");
    }
    for task in [housekeeping, refreshing, guiding, following] {
        // They end with `stop`, and have nothing to say.
        task.await.ok();
    }
    info!("stopped");
    Ok(())
}

fn user_agent(config: &Config) -> String {
    match config.provider.user_agent.as_str() {
        "" => concat!("relais/", env!("CARGO_PKG_VERSION")).to_owned(),
        configured => configured.to_owned(),
    }
}

fn open_guide(
    config: &Config,
    state: &state::State,
    outbound: &Outbound,
    lineup: &Arc<lineup::Channels>,
) -> Arc<guide::Guide> {
    let options = guide::Options {
        days_back: config.guide.days_back,
        days_ahead: config.guide.days_ahead,
        refresh_interval: config.guide.refresh,
        language: Some(config.guide.language.clone()).filter(|language| !language.is_empty()),
        verify_tls: config.provider.verify_tls,
    };
    let vault = (*state.vault).clone();
    guide::Guide::open(state.store.clone(), vault, outbound.clone(), lineup.clone(), lineup.clone(), options)
}

async fn find_ffmpeg(config: &Config, ledger: std::path::PathBuf) -> Option<ffmpeg::Tool> {
    let path = Some(config.ffmpeg.path.clone()).filter(|path| !path.as_os_str().is_empty());
    match ffmpeg::Tool::find(ffmpeg::ToolOptions { path, ledger: Some(ledger) }).await {
        Ok(tool) => Some(tool),
        Err(error) => {
            error!(%error, "channels that need FFmpeg will not play");
            None
        }
    }
}

/// Takes over the demo's channels; where nothing is on air, its first.
async fn show_demo(
    on_air: &crate::hls::OnAir,
    catalogue: &book::Catalogue,
    demo: &Demo,
) -> anyhow::Result<()> {
    let first = catalogue.add_demo(demo).await?;
    if !on_air.status().active {
        on_air.start(&first).await?;
    }
    Ok(())
}

/// Once a second: sessions that lapsed; systemd's watchdog; now and then what access has to forget.
async fn housekeeping(state: state::State, watching: Arc<access::Watching>, stop: CancellationToken) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    let mut seconds: u64 = 0;
    let watchdog = ops::systemd::watchdog_interval();
    loop {
        tokio::select! {
            _ = second.tick() => {}
            () = stop.cancelled() => return,
        }
        seconds += 1;
        watching.sweep();
        watching.end_links(|link| matches!(state.access.resolve_link(link), access::Resolved::Ok(_)));
        if watchdog.is_some() {
            ops::systemd::alive();
        }
        if seconds.is_multiple_of(60)
            && let Err(error) = state.access.maintain().await
        {
            warn!(%error, "old tokens and links could not be cleared away");
        }
    }
}

async fn wait_for_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be awaited")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT can't be awaited")?;
    let mut hang_up = signal(SignalKind::hangup()).context("SIGHUP can't be awaited")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}
