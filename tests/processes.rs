//! FFmpeg as a child: replaced when it dies or hangs; no zombie, no orphan, whatever becomes of relais.

use anyhow::{Context, Result, ensure};
use harness::hell::{ChannelSpec, ClipSpec, Hell, HellOptions, clip};
use harness::judge::hls::{Rules, Validator};
use harness::process::{self, Guard, Stat};
use harness::relais::{Relais, RelaisOptions};
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A UDP broadcast on the loopback: a source that only FFmpeg reads.
struct Broadcast {
    address: String,
    _sender: Guard,
}

fn broadcast() -> Result<Broadcast> {
    let clip = clip::load(&ClipSpec::named("UDP", "olive"))?;
    // Bound for a moment, to learn a free port.
    let port = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostdin", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i"]);
    command.arg(&clip.path).args([
        "-c",
        "copy",
        "-f",
        "mpegts",
        &format!("udp://127.0.0.1:{port}?pkt_size=1316"),
    ]);
    let sender = Guard::spawn(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
    Ok(Broadcast { address: format!("udp://127.0.0.1:{port}"), _sender: sender })
}

async fn udp_on_air() -> Result<(Broadcast, Hell, Relais)> {
    let source = broadcast()?;
    let hell = Hell::start(HellOptions::channels([ChannelSpec::elsewhere("1", &source.address)])).await?;
    let relais = Relais::start(RelaisOptions::of(env!("CARGO_BIN_EXE_relais"))).await?;
    relais.add_m3u(&hell, "ts").await?;
    relais.start_stream(&hell, "1").await?;
    relais.wait_state(&hell, "1", "live", Duration::from_secs(25)).await?;
    Ok((source, hell, relais))
}

fn reader(relais: &Relais) -> Option<Stat> {
    let reads = |p: &Stat| process::command_line(p.pid).iter().any(|word| word.contains("udp://"));
    relais.ffmpegs().into_iter().find(|p| reads(p) && p.state != 'Z')
}

async fn another(relais: &Relais, old: &Stat, patience: Duration) -> Result<Duration> {
    let start = Instant::now();
    while start.elapsed() < patience {
        if reader(relais).is_some_and(|new| new.pid != old.pid) {
            return Ok(start.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("FFmpeg was not replaced within {patience:?}: {:?}", relais.children())
}

fn no_zombie(relais: &Relais) -> Result<()> {
    let zombies: Vec<Stat> = relais.children().into_iter().filter(|p| p.state == 'Z').collect();
    ensure!(zombies.is_empty(), "zombies: {zombies:?}");
    Ok(())
}

#[tokio::test]
async fn ffmpeg_that_dies_is_replaced_in_two_seconds() -> Result<()> {
    let (_source, hell, relais) = udp_on_air().await?;
    let mut validator = Validator::start(&relais.live_url(), Rules::default())?;
    validator.segments(3, Duration::from_secs(30)).await?;
    let old = reader(&relais).context("no FFmpeg reads the source")?;
    process::signal(old.pid, "KILL")?;
    let took = another(&relais, &old, Duration::from_secs(5)).await?;
    eprintln!("replaced after {took:?}");
    ensure!(took <= Duration::from_secs(2), "replaced after {took:?}");
    relais.wait_state(&hell, "1", "live", Duration::from_secs(20)).await?;
    let fetched = validator.fetched();
    validator.segments(fetched + 3, Duration::from_secs(30)).await?;
    validator.stop().await?.clean()?;
    no_zombie(&relais)
}

#[tokio::test]
async fn ffmpeg_that_hangs_is_replaced_after_the_stall() -> Result<()> {
    let (_source, hell, relais) = udp_on_air().await?;
    let mut validator = Validator::start(&relais.live_url(), Rules::default())?;
    validator.segments(3, Duration::from_secs(30)).await?;
    let old = reader(&relais).context("no FFmpeg reads the source")?;
    process::signal(old.pid, "STOP")?;
    // A stall is silence of 8 s; then two seconds for the new one.
    let took = another(&relais, &old, Duration::from_secs(25)).await?;
    eprintln!("replaced after {took:?}");
    ensure!(took <= Duration::from_secs(12), "replaced after {took:?}");
    relais.wait_state(&hell, "1", "live", Duration::from_secs(20)).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    ensure!(!process::alive(&old), "the one that hung is still there");
    validator.stop().await?.clean()?;
    no_zombie(&relais)
}

#[tokio::test]
async fn sudden_death_leaves_no_orphan_after_the_next_start() -> Result<()> {
    let (_source, hell, mut relais) = udp_on_air().await?;
    let old = reader(&relais).context("no FFmpeg reads the source")?;
    relais.kill9()?;
    relais.restart().await?;
    let deadline = Instant::now() + Duration::from_secs(5);
    while process::alive(&old) {
        ensure!(Instant::now() < deadline, "an orphan: {old:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // And the channel is on air again, by itself.
    relais.wait_state(&hell, "1", "live", Duration::from_secs(25)).await?;
    ensure!(reader(&relais).is_some(), "no FFmpeg after the restart");
    Ok(())
}

#[tokio::test]
async fn a_polite_end_takes_the_children_along() -> Result<()> {
    let (_source, _hell, mut relais) = udp_on_air().await?;
    let children = relais.children();
    ensure!(!children.is_empty(), "no child");
    // A viewer is attached, and does not delay the end.
    let (_, mut viewer) = relais.open("/live.m3u8").await?;
    viewer.body().await?;
    let (took, status) = relais.stop(Duration::from_secs(10)).await?;
    ensure!(took <= Duration::from_secs(5) && status.success(), "{took:?}, {status}");
    let left: Vec<Stat> = children.into_iter().filter(process::alive).collect();
    ensure!(left.is_empty(), "left over: {left:?}");
    Ok(())
}

#[tokio::test]
async fn a_channel_that_nobody_watches_costs_nothing() -> Result<()> {
    let source = broadcast()?;
    let channels = [ChannelSpec::elsewhere("1", &source.address), ChannelSpec::plain("2", "navy")];
    let hell = Hell::start(HellOptions::channels(channels)).await?;
    let options = RelaisOptions::of(env!("CARGO_BIN_EXE_relais")).config("[feed]\nidle_timeout = 2");
    let relais = Relais::start(options).await?;
    relais.add_m3u(&hell, "ts").await?;
    ensure!(relais.children().is_empty() && hell.counts().total == 0, "something runs before anyone watches");
    for id in ["1", "2"] {
        let link = relais.link(&hell, id).await?;
        let report = harness::viewers::watch_ts(&link.live_ts, Duration::from_secs(6), false).await?;
        ensure!(report.media > 2.0, "channel {id}: {} s of media", report.media);
    }
    let deadline = Instant::now() + Duration::from_secs(8);
    while !relais.children().is_empty() || hell.counts().now > 0 {
        ensure!(Instant::now() < deadline, "still there: {:?} {:?}", relais.children(), hell.counts());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
