//! Bad input and bad luck: the state and reason say what it is, playlists go on (slate), viewers resume.

use anyhow::{Context, Result, ensure};
use harness::hell::{
    Answer, AudioCodec, Behaviour, ChannelSpec, ClipSpec, Hell, HellOptions, Join, Over, Replay, clip,
};
use harness::judge::hls::{Rules, Validator};
use harness::judge::sync;
use harness::relais::{Relais, RelaisOptions};
use std::sync::Arc;
use std::time::{Duration, Instant};

type Change = fn(&mut Behaviour);

async fn relais() -> Result<Relais> {
    Relais::start(RelaisOptions::of(env!("CARGO_BIN_EXE_relais"))).await
}

/// A fault that ends the stream, the reasons that say so, and how soon it may come back once the source is well.
struct Fault {
    name: &'static str,
    change: Change,
    reasons: &'static [&'static str],
    back_in: u64,
}

const fn fault(name: &'static str, change: Change, reasons: &'static [&'static str], back_in: u64) -> Fault {
    Fault { name, change, reasons, back_in }
}

// What is not hammered may take its time: up to 30 s of back-off, and the start.
const FAULTS: &[Fault] = &[
    fault("web page", |b| b.answer = Answer::Html, &["not_media"], 40),
    fault("random bytes", |b| b.answer = Answer::Noise, &["not_media"], 40),
    fault("refused", |b| b.answer = Answer::Status(403), &["auth"], 75),
    fault("signed out", |b| b.answer = Answer::Status(401), &["auth"], 75),
    fault("at the limit", |b| b.answer = Answer::Status(458), &["limit"], 75),
    fault("not there", |b| b.answer = Answer::Status(404), &["not_found"], 75),
    fault("broken server", |b| b.answer = Answer::Status(502), &["network"], 40),
    fault("redirect to itself", |b| b.answer = Answer::Loop, &["redirect"], 40),
    fault("endless redirects", |b| b.answer = Answer::Chain, &["redirect"], 40),
    fault("empty answers", |b| b.answer = Answer::Empty, &["ended", "limit", "not_media"], 75),
    fault("no answer", |b| b.answer = Answer::Silence, &["network", "stalled"], 40),
    fault("stall in a packet", |b| b.stall = true, &["stalled"], 40),
    fault("scrambled", |b| b.scrambled = true, &["scrambled"], 40),
    fault("no keyframes", |b| b.no_keyframes = 600.0, &["no_keyframe", "stalled"], 40),
];

/// One channel through one fault, watched by a validator. Gives what went wrong.
async fn endure(hell: &Hell, relais: &Relais, id: &str, fault: &Fault) -> Result<()> {
    let link = relais.link(hell, id).await?;
    let mut validator = Validator::start(&link.live_hls, Rules::default())?;
    validator.segments(3, Duration::from_secs(40)).await.context("never began")?;
    let channel = hell.channel(id);

    channel.set(fault.change).await?;
    // A stream that is playing may do without further keyframes; one that begins may not.
    let now = channel.behaviour();
    if now.answer != Answer::Media || now.no_keyframes > 0.0 {
        channel.cut();
    }
    let said = |feed: &serde_json::Value| {
        let reason = feed["reason"].as_str().unwrap_or_default();
        fault.reasons.contains(&reason) && feed["state"] != "live"
    };
    let what = format!("{:?}", fault.reasons);
    relais.wait_feed(hell, id, Duration::from_secs(30), &what, said).await.context("wrong reason")?;
    let before = channel.counts();
    let fetched = validator.fetched();
    validator.segments(fetched + 3, Duration::from_secs(30)).await.context("no slate")?;
    tokio::time::sleep(Duration::from_secs(8)).await;
    let tries = channel.counts().others - before.others;
    if matches!(fault.reasons[0], "auth" | "limit" | "not_found") {
        ensure!(tries <= 5, "asked {tries} times though it was refused");
    }

    let well = Instant::now();
    channel
        .set(|b| (b.answer, b.stall, b.scrambled, b.no_keyframes) = (Answer::Media, false, false, 0.0))
        .await?;
    if channel.counts().now > 0 {
        channel.cut();
    }
    relais
        .wait_state(hell, id, "live", Duration::from_secs(fault.back_in))
        .await
        .context("did not come back")?;
    let back = well.elapsed();
    let fetched = validator.fetched();
    validator.segments(fetched + 3, Duration::from_secs(30)).await.context("no media after it came back")?;
    let report = validator.stop().await?;
    eprintln!("{}: back after {:.1} s; {}", fault.name, back.as_secs_f64(), report.summary());
    report.clean()?;
    ensure!(report.discontinuities >= 2, "no discontinuity to the slate and back: {}", report.summary());
    ensure!(channel.counts().peak <= 1, "two connections at once: {:?}", channel.counts());
    in_sync(&report.stretches, &channel.behaviour().clip)
}

fn in_sync(stretches: &[harness::judge::ts::Analyser], spec: &ClipSpec) -> Result<()> {
    let clip = clip::load(spec)?;
    for found in stretches.iter().filter_map(|s| sync::measure(s, &clip)) {
        ensure!(found.worst <= 0.04, "sound and picture apart: {found:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_has_its_reason_a_slate_and_an_end() -> Result<()> {
    let ids: Vec<String> = (1..=FAULTS.len()).map(|n| n.to_string()).collect();
    let hell = Arc::new(Hell::start(HellOptions::channels(ids.iter().map(|id| same_clip(id)))).await?);
    let relais = Arc::new(relais().await?);
    relais.add_xtream(&hell).await?;
    let tasks: Vec<_> = FAULTS
        .iter()
        .zip(ids)
        .map(|(fault, id)| {
            let (hell, relais) = (hell.clone(), relais.clone());
            tokio::spawn(async move { endure(&hell, &relais, &id, fault).await.with_context(|| fault.name) })
        })
        .collect();
    all(tasks).await?;
    let status = relais.api("GET", "/api/feeds", None).await?.to_string();
    let secret = hell.account().password;
    ensure!(
        !status.contains(&secret) && !relais.log().contains(&secret),
        "a password in the status or the log"
    );
    Ok(())
}

/// All channels show the same clip: one file to make.
fn same_clip(id: &str) -> ChannelSpec {
    ChannelSpec::new(id, Behaviour::showing(ClipSpec::named("BAD", "navy")))
}

async fn all(tasks: Vec<tokio::task::JoinHandle<Result<()>>>) -> Result<()> {
    let mut wrong = Vec::new();
    for task in tasks {
        if let Err(error) = task.await? {
            wrong.push(format!("{error:#}"));
        }
    }
    ensure!(wrong.is_empty(), "{} went wrong:\n\n{}", wrong.len(), wrong.join("\n\n"));
    Ok(())
}

/// A stream that is odd and must play nevertheless: its conduct from the start, and what changes midway.
struct Odd {
    name: &'static str,
    start: Change,
    midway: Change,
    /// Its address in the list is a playlist.
    hls: bool,
}

const fn odd(name: &'static str, start: Change) -> Odd {
    Odd { name, start, midway: |_| {}, hls: false }
}

const fn turning(name: &'static str, midway: Change) -> Odd {
    Odd { name, start: |_| {}, midway, hls: false }
}

const fn hls(name: &'static str, start: Change, midway: Change) -> Odd {
    Odd { name, start, midway, hls: true }
}

const ODDITIES: &[Odd] = &[
    odd("burst of 10 s", |b| b.burst = 10.0),
    odd("delivered every 4 s", |b| b.grid = 4.0),
    odd("delivered every 10 s", |b| b.grid = 10.0),
    odd("chunked", |b| b.chunked = true),
    odd("one byte at a time", |b| b.one_byte = true),
    odd("garbage between packets", |b| b.garbage = 60),
    odd("null packets", |b| b.nulls = 3),
    odd("lost packets", |b| b.loss = 300),
    odd("spoilt packets", |b| b.errors = 300),
    odd("no random-access flag", |b| b.random_access = false),
    odd("parameter sets once", |b| b.parameter_sets_once = true),
    odd("late audio", |b| b.audio_late = 4.0),
    odd("declared audio that never comes", |b| b.no_audio = true),
    odd("no PSI for 4 s", |b| b.no_psi = 4.0),
    odd("no keyframe for 6 s", |b| b.no_keyframes = 6.0),
    odd("two programmes", |b| b.second = Some(ClipSpec::named("OTHER", "maroon"))),
    odd("open GOP", |b| b.clip = b.clip.clone().open_gop()),
    odd("10 s GOP", |b| b.clip = b.clip.clone().gop(10)),
    odd("1 s GOP", |b| b.clip = b.clip.clone().gop(1)),
    odd("HEVC", |b| b.clip = b.clip.clone().hevc()),
    odd("two audio tracks", |b| b.clip = b.clip.clone().audio(&[AudioCodec::Aac, AudioCodec::Aac])),
    odd("radio", |b| b.clip = b.clip.clone().radio()),
    odd("redirect to a token", |b| b.answer = Answer::Token(5.0)),
    odd("redirect to another host", |b| b.answer = Answer::OtherHost),
    odd("wrap after 12 s", |b| b.wrap_in = 12.0),
    odd("ends every 9 s", |b| b.ends_after = 9.0),
    turning("jump ahead", |b| b.jump = 1000.0),
    turning("jump back", |b| b.jump = -500.0),
    turning("other PIDs", |b| b.pids = 0x321),
    turning("H.264 turns into HEVC", |b| b.clip = b.clip.clone().hevc()),
    turning("another resolution", |b| b.clip = b.clip.clone().video(|v| (v.width, v.height) = (320, 180))),
    hls("HLS", |_| {}, |_| {}),
    hls("HLS with gaps", |b| (b.hls_segment, b.hls_missing) = (2.0, 5), |_| {}),
    hls("HLS with discontinuities", |b| b.hls_discontinuities = 3, |_| {}),
    hls("HLS with AES-128", |b| b.hls_encrypted = true, |_| {}),
    hls("HLS behind tokens", |b| b.answer = Answer::Token(5.0), |_| {}),
    hls("HLS whose sequence starts again", |_| {}, |b| b.hls_resets = 1),
];

async fn bear(hell: &Hell, relais: &Relais, id: &str, odd: &Odd) -> Result<()> {
    let channel = hell.channel(id);
    let link = relais.link(hell, id).await?;
    // Held requests end after 8 s: slow starters are asked again, as players do.
    let rules = Rules { warm_up: Duration::from_secs(30), ..Rules::default() };
    let mut validator = Validator::start(&link.live_hls, rules)?;
    validator.segments(4, Duration::from_secs(50)).await.context("never began")?;
    channel.set(odd.midway).await?;
    tokio::time::sleep(Duration::from_secs(20)).await;
    let report = validator.stop().await?;
    eprintln!("{}: {}", odd.name, report.summary());
    report.clean()?;
    ensure!(report.media_seconds >= 20.0, "little came: {}", report.summary());
    ensure!(channel.counts().peak <= 1, "two connections at once: {:?}", channel.counts());
    in_sync(&report.stretches, &channel.behaviour().clip)
}

async fn bear_all(chosen: impl Fn(&Odd) -> bool, form: &str) -> Result<()> {
    let odds: Vec<&'static Odd> = ODDITIES.iter().filter(|o| chosen(o)).collect();
    let specs = odds.iter().enumerate().map(|(n, odd)| {
        let mut spec = same_clip(&(n + 1).to_string());
        (odd.start)(&mut spec.behaviour);
        spec
    });
    let hell = Arc::new(Hell::start(HellOptions::channels(specs)).await?);
    for channel in hell.all_channels() {
        let wrap = channel.behaviour().wrap_in;
        if wrap > 0.0 {
            // Counted from now on.
            channel.set(|b| b.wrap_in = 0.0).await?;
            channel.set(|b| b.wrap_in = wrap).await?;
        }
    }
    let relais = Arc::new(relais().await?);
    relais.add_m3u(&hell, form).await?;
    let tasks = odds
        .into_iter()
        .enumerate()
        .map(|(n, odd)| {
            let (hell, relais, id) = (hell.clone(), relais.clone(), (n + 1).to_string());
            tokio::spawn(async move { bear(&hell, &relais, &id, odd).await.with_context(|| odd.name) })
        })
        .collect();
    all(tasks).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_ts_plays() -> Result<()> {
    bear_all(|o| !o.hls, "ts").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_hls_plays() -> Result<()> {
    bear_all(|o| o.hls, "m3u8").await
}

#[tokio::test]
async fn what_a_reconnect_replays_is_not_sent_twice() -> Result<()> {
    let ways = [false, true].map(|restamped| {
        tokio::spawn(async move {
            replay_is_not_sent_twice(restamped).await.with_context(|| format!("restamped: {restamped}"))
        })
    });
    all(ways.into()).await
}

async fn replay_is_not_sent_twice(restamped: bool) -> Result<()> {
    let mut spec = same_clip("1");
    spec.behaviour.replay = Some(Replay { seconds: 30.0, restamped });
    let hell = Hell::start(HellOptions::channels([spec])).await?;
    let relais = relais().await?;
    relais.add_xtream(&hell).await?;
    let link = relais.link(&hell, "1").await?;
    // Thirty seconds with fresh timestamps can't be told from new media: they come at once.
    let rules = Rules { skips: restamped, ..Rules::default() };
    let mut validator = Validator::start(&link.live_hls, rules)?;
    validator.segments(4, Duration::from_secs(30)).await?;
    let began = Instant::now();
    let fetched = validator.fetched();
    hell.channel("1").cut();
    tokio::time::sleep(Duration::from_secs(20)).await;
    let new = validator.fetched() - fetched;
    let report = validator.stop().await?;
    report.clean()?;
    if !restamped {
        // Thirty seconds again would be eight segments more than time has passed.
        let passed = began.elapsed().as_secs() as usize;
        ensure!(new <= passed / 2 + 2, "{new} segments in {passed} s; {}", report.summary());
    }
    ensure!(hell.channel("1").counts().peak == 1, "{:?}", hell.channel("1").counts());
    Ok(())
}

/// A provider with one connection whose counter lags: zapping is break-before-make, and never more than one.
#[tokio::test]
async fn one_slot_is_enough_to_zap() -> Result<()> {
    let zaps = [Over::CleanEnd, Over::Status(458), Over::Status(403)].map(|over| {
        tokio::spawn(async move { zap_within_one_slot(over).await.with_context(|| format!("{over:?}")) })
    });
    all(zaps.into()).await
}

async fn zap_within_one_slot(over: Over) -> Result<()> {
    let channels = ["1", "2"].map(same_clip);
    let hell = Hell::start(HellOptions::channels(channels).limit(1, over, 3.0)).await?;
    let relais = relais().await?;
    relais.add_xtream(&hell).await?;
    relais.start_stream(&hell, "1").await?;
    let mut validator = Validator::start(&relais.live_url(), Rules::default())?;
    validator.segments(3, Duration::from_secs(30)).await?;
    for id in ["2", "1"] {
        validator.expect_another_clock();
        relais.start_stream(&hell, id).await?;
        relais.wait_state(&hell, id, "live", Duration::from_secs(45)).await?;
        let fetched = validator.fetched();
        validator.segments(fetched + 2, Duration::from_secs(20)).await?;
    }
    validator.stop().await?.clean()?;
    ensure!(hell.counts().peak == 1, "{:?}", hell.counts());
    Ok(())
}

/// The on-air stream itself, with the source stopping after 3 s again and again.
#[tokio::test]
async fn a_source_that_ends_after_three_seconds_does_not_end_the_programme() -> Result<()> {
    let mut spec = same_clip("1");
    (spec.behaviour.ends_after, spec.behaviour.join) = (3.0, Join::Keyframe);
    let hell = Hell::start(HellOptions::channels([spec])).await?;
    let relais = relais().await?;
    relais.add_xtream(&hell).await?;
    relais.start_stream(&hell, "1").await?;
    let report =
        harness::judge::hls::watch_for(&relais.live_url(), Duration::from_secs(40), Rules::default()).await?;
    eprintln!("{}", report.summary());
    report.clean()?;
    ensure!(hell.channel("1").counts().peak == 1, "{:?}", hell.channel("1").counts());
    Ok(())
}

/// MP2 and AC-3 are no sound for browsers: `/live.m3u8` has AAC, the channel's endless TS has what the source has.
#[tokio::test]
async fn sound_for_browsers_and_sound_as_it_is() -> Result<()> {
    use harness::judge::tools::{codecs, probe};
    let patience = Duration::from_secs(40);
    for (clip, video, audio) in [
        (ClipSpec::named("MP2", "teal").audio(&[AudioCodec::Mp2]), "h264", "mp2"),
        (ClipSpec::named("AC3", "teal").audio(&[AudioCodec::Ac3]), "h264", "ac3"),
        (ClipSpec::named("OLD", "teal").mpeg2_mp2(), "mpeg2video", "mp2"),
    ] {
        let hell =
            Hell::start(HellOptions::channels([ChannelSpec::new("1", Behaviour::showing(clip))])).await?;
        let relais = relais().await?;
        relais.add_xtream(&hell).await?;
        relais.start_stream(&hell, "1").await?;
        let link = relais.link(&hell, "1").await?;
        let on_air = probe(&relais.live_url(), patience).await?;
        ensure!(
            codecs(&on_air, "audio") == ["aac"] && codecs(&on_air, "video") == [video],
            "{audio}: {on_air}"
        );
        let own = probe(&link.live_ts, patience).await?;
        ensure!(codecs(&own, "audio") == [audio] && codecs(&own, "video") == [video], "{audio}: {own}");
        ensure!(hell.channel("1").counts().peak == 1, "{:?}", hell.channel("1").counts());
    }
    Ok(())
}

/// Every 5 s all that is due, and keyframes every 2 s: who comes half a second before has 1 s at first, and then
/// nothing for 5. That is how it sends, not an outage: its stream goes on as one, without the slate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_was_met_just_before_a_burst_shows_no_slate() -> Result<()> {
    let mut spec = ChannelSpec::plain("1", "green");
    (spec.behaviour.grid, spec.behaviour.join) = (5.0, Join::Keyframe);
    let hell = Hell::start(HellOptions::channels([spec])).await?;
    let relais = relais().await?;
    relais.add_xtream(&hell).await?;
    let clock = hell.channel("1").now() as f64 / 90_000.0;
    tokio::time::sleep(Duration::from_secs_f64((4.5 - clock).rem_euclid(10.0))).await;
    relais.start_stream(&hell, "1").await?;
    // The hell sends the first access unit of a burst at its time, and the rest with the next.
    relais.wait_state(&hell, "1", "live", Duration::from_secs(8)).await?;
    let epochs = || async {
        let feed = relais.feed(&hell, "1").await?.context("no feed")?;
        feed["counters"]["epochs"].as_u64().context("no count")
    };
    let before = epochs().await?;
    tokio::time::sleep(Duration::from_secs(13)).await;
    ensure!(epochs().await? == before, "{}", relais.log());
    Ok(())
}
