//! The player page in a real browser, over the real service and a provider from hell: with each engine it
//! plays without a stall, follows a switch, and comes back by itself.
//!
//! Short spans by default, the full ones with `RELAIS_LONG=1` (and what is ignored otherwise). One browser at a time: two on a small machine
//! would measure each other.

mod buffering_proxy;
mod viewer;

use anyhow::{Result, ensure};
use buffering_proxy::BufferingProxy;
use harness::hell::{
    Answer, AudioCodec, Behaviour, ChannelSpec, Hell, HellOptions, Join, VideoCodec, VideoSpec,
};
use harness::relais::{Relais, RelaisOptions};
use harness::viewers::watch_ts;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use viewer::{Engine, Viewer};

static TURN: Mutex<()> = Mutex::const_new(());

const CUT: Duration = Duration::from_secs(15);

/// A service with two channels on air to be, green `1` and red `2`.
struct House {
    hell: Hell,
    relais: Relais,
    _turn: MutexGuard<'static, ()>,
}

impl House {
    async fn new(conduct: impl Fn(&mut Behaviour)) -> Result<Self> {
        let turn = TURN.lock().await;
        let channels = [("1", "green"), ("2", "red")].map(|(id, colour)| {
            let mut channel = ChannelSpec::plain(id, colour);
            conduct(&mut channel.behaviour);
            channel
        });
        let hell = Hell::start(HellOptions::channels(channels)).await?;
        let relais = Relais::start(RelaisOptions::of(env!("CARGO_BIN_EXE_relais"))).await?;
        relais.add_xtream(&hell).await?;
        relais.start_stream(&hell, "1").await?;
        Ok(Self { hell, relais, _turn: turn })
    }

    async fn watch(&self, engine: Engine) -> Result<Viewer> {
        Viewer::open(&self.relais.public_url(), engine).await
    }
}

fn paced(_: &mut Behaviour) {}

fn bursts(seconds: f64) -> impl Fn(&mut Behaviour) {
    move |behaviour| (behaviour.grid, behaviour.join) = (seconds, Join::Keyframe)
}

/// 60 s in the long form.
fn span() -> Duration {
    let long = std::env::var_os("RELAIS_LONG").is_some_and(|it| it == "1");
    Duration::from_secs(if long { 60 } else { 12 })
}

async fn plays(conduct: impl Fn(&mut Behaviour), engine: Engine) -> Result<()> {
    plays_after(conduct, engine, Duration::from_secs(13)).await
}

/// `patience`: how long the picture may stand still at first.
async fn plays_after(conduct: impl Fn(&mut Behaviour), engine: Engine, patience: Duration) -> Result<()> {
    let house = House::new(conduct).await?;
    let viewer = house.watch(engine).await?;
    viewer.shows("green", Duration::from_secs(15)).await?;
    viewer.runs(patience).await?;
    viewer.plays_on(span()).await?;
    viewer.keeps_its_secrets().await
}

#[tokio::test(flavor = "multi_thread")]
async fn ts_plays_a_paced_source() -> Result<()> {
    plays(paced, Engine::Ts).await
}

#[tokio::test(flavor = "multi_thread")]
async fn ts_plays_a_source_that_bursts() -> Result<()> {
    plays(bursts(4.0), Engine::Ts).await
}

#[tokio::test(flavor = "multi_thread")]
async fn hls_plays_a_paced_source() -> Result<()> {
    plays(paced, Engine::Hls).await
}

#[tokio::test(flavor = "multi_thread")]
async fn hls_plays_a_source_that_bursts() -> Result<()> {
    plays(bursts(4.0), Engine::Hls).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long form"]
async fn ts_plays_a_source_with_10_s_bursts() -> Result<()> {
    plays_after(bursts(10.0), Engine::Ts, Duration::from_secs(25)).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long form"]
async fn hls_plays_a_source_with_10_s_bursts() -> Result<()> {
    plays_after(bursts(10.0), Engine::Hls, Duration::from_secs(25)).await
}

/// Sound that browsers don't know is there, decoded; so is one that begins after the picture.
async fn sounds(conduct: impl Fn(&mut Behaviour), engine: Engine) -> Result<()> {
    let house = House::new(conduct).await?;
    let viewer = house.watch(engine).await?;
    viewer.shows("green", Duration::from_secs(20)).await?;
    viewer.sounds(Duration::from_secs(15)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn mp2_sounds_by_ts() -> Result<()> {
    sounds(|behaviour| behaviour.clip.audio = vec![AudioCodec::Mp2], Engine::Ts).await
}

#[tokio::test(flavor = "multi_thread")]
async fn ac3_sounds_by_hls() -> Result<()> {
    sounds(|behaviour| behaviour.clip.audio = vec![AudioCodec::Ac3], Engine::Hls).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_that_comes_late_sounds() -> Result<()> {
    sounds(|behaviour| behaviour.audio_late = 4.0, Engine::Ts).await
}

/// Debian's Chromium has no HEVC.
#[tokio::test(flavor = "multi_thread")]
async fn says_what_it_cannot_play() -> Result<()> {
    let hevc = |behaviour: &mut Behaviour| {
        behaviour.clip.video = Some(VideoSpec { codec: VideoCodec::Hevc, ..VideoSpec::default() });
    };
    let house = House::new(hevc).await?;
    for engine in [Engine::Auto, Engine::Hls] {
        let viewer = house.watch(engine).await?;
        viewer
            .says_within("#card-title", "Your browser can’t play this channel.", Duration::from_secs(20))
            .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_takes_ts_first() -> Result<()> {
    let house = House::new(paced).await?;
    let viewer = house.watch(Engine::Auto).await?;
    viewer.shows("green", Duration::from_secs(15)).await?;
    ensure!(viewer.engine().await? == "ts");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn falls_back_to_hls_where_a_proxy_holds_ts_up() -> Result<()> {
    let house = House::new(paced).await?;
    let proxy = BufferingProxy::start(&house.relais.public_url()).await?;
    let viewer = Viewer::open(&proxy.url(), Engine::Auto).await?;
    viewer.shows("green", Duration::from_secs(30)).await?;
    viewer.runs(Duration::from_secs(5)).await?;
    ensure!(viewer.engine().await? == "hls", "what plays is {}", viewer.engine().await?);
    ensure!(proxy.held() > 0, "TS was not tried");
    viewer.plays_on(span()).await
}

/// Between two live channels: the other one is being watched elsewhere meanwhile.
async fn follows_a_switch(engine: Engine, within: Duration) -> Result<()> {
    let house = House::new(paced).await?;
    let viewer = house.watch(engine).await?;
    viewer.shows("green", Duration::from_secs(15)).await?;
    let other = house.relais.link(&house.hell, "2").await?.ts;
    let watching = tokio::spawn(async move { watch_ts(&other, Duration::from_secs(300), false).await });
    house.hell.channel("2").connected(1, Duration::from_secs(10)).await?;
    viewer.runs(Duration::from_secs(5)).await?;
    viewer.plays_on(Duration::from_secs(6)).await?;
    for (id, colour) in [("2", "red"), ("1", "green")] {
        viewer.mark().await?;
        house.relais.start_stream(&house.hell, id).await?;
        let took = viewer.shows(colour, Duration::from_secs(15)).await?;
        println!("{engine:?}: switch to {colour} in {took:?}");
        ensure!(took <= within, "the switch to {colour} took {took:?}");
        ensure!(viewer.same_page().await?, "the page was loaded anew");
        viewer.plays_on(Duration::from_secs(8)).await?;
    }
    watching.abort();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ts_follows_a_switch() -> Result<()> {
    follows_a_switch(Engine::Ts, Duration::from_secs(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn hls_follows_a_switch() -> Result<()> {
    follows_a_switch(Engine::Hls, Duration::from_secs(4)).await
}

async fn survives_a_cut(engine: Engine) -> Result<()> {
    let house = House::new(paced).await?;
    let viewer = house.watch(engine).await?;
    viewer.shows("green", Duration::from_secs(15)).await?;
    viewer.runs(Duration::from_secs(5)).await?;
    viewer.plays_on(Duration::from_secs(5)).await?;
    let channel = house.hell.channel("1");
    channel.set(|behaviour| behaviour.answer = Answer::Status(503)).await?;
    channel.cut();
    tokio::time::sleep(CUT).await;
    channel.set(|behaviour| behaviour.answer = Answer::Media).await?;
    channel.connected(1, Duration::from_secs(40)).await?;
    viewer.moves_again("green", Duration::from_secs(20)).await?;
    viewer.plays_on(span()).await?;
    ensure!(viewer.same_page().await?, "the page was loaded anew");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ts_resumes_after_the_source_was_cut() -> Result<()> {
    survives_a_cut(Engine::Ts).await
}

#[tokio::test(flavor = "multi_thread")]
async fn hls_resumes_after_the_source_was_cut() -> Result<()> {
    survives_a_cut(Engine::Hls).await
}

async fn survives_a_restart(engine: Engine) -> Result<()> {
    let mut house = House::new(paced).await?;
    let viewer = house.watch(engine).await?;
    viewer.shows("green", Duration::from_secs(15)).await?;
    viewer.runs(Duration::from_secs(5)).await?;
    viewer.plays_on(Duration::from_secs(5)).await?;
    house.relais.kill9()?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    house.relais.restart().await?;
    viewer.moves_again("green", Duration::from_secs(25)).await?;
    viewer.plays_on(span()).await?;
    ensure!(viewer.same_page().await?, "the page was loaded anew");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ts_resumes_after_the_service_was_restarted() -> Result<()> {
    survives_a_restart(Engine::Ts).await
}

#[tokio::test(flavor = "multi_thread")]
async fn hls_resumes_after_the_service_was_restarted() -> Result<()> {
    survives_a_restart(Engine::Hls).await
}

#[tokio::test(flavor = "multi_thread")]
async fn says_when_nothing_is_on_air_and_plays_by_itself_when_something_is() -> Result<()> {
    let house = House::new(paced).await?;
    house.relais.stop_stream().await?;
    for (language, words) in [("fr-FR", "Aucun stream actif"), ("en-GB", "Nothing on air")] {
        let viewer = Viewer::open_in(&house.relais.public_url(), Engine::Auto, language).await?;
        viewer.says("#card-title", words).await?;
        house.relais.start_stream(&house.hell, "2").await?;
        viewer.shows("red", Duration::from_secs(15)).await?;
        viewer.says("#name", "Hell 2").await?;
        house.relais.stop_stream().await?;
        viewer.says("#card-title", words).await?;
    }
    Ok(())
}
