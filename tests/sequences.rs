//! Media and discontinuity sequences only go up, over everything that can happen to a stream; a validator reads
//! the playlists all the while.

use anyhow::{Context, Result, ensure};
use harness::hell::{Answer, ChannelSpec, Hell, HellOptions};
use harness::judge::hls::{Report, Rules, Validator};
use harness::judge::sync;
use harness::process;
use harness::relais::{Relais, RelaisOptions};
use std::time::Duration;

async fn seconds(count: u64) {
    tokio::time::sleep(Duration::from_secs(count)).await;
}

fn rises(report: &Report) -> Result<()> {
    let (first, last) = report.sequences.context("no sequence")?;
    ensure!(last > first, "media sequence {first} to {last}");
    let (first, last) = report.discontinuity_sequences.context("no sequence")?;
    ensure!(last > first, "discontinuity sequence {first} to {last}");
    Ok(())
}

#[tokio::test]
async fn two_minutes_of_cut_switch_and_sudden_death() -> Result<()> {
    let hell = Hell::start(HellOptions::channels([
        ChannelSpec::plain("1", "navy"),
        ChannelSpec::plain("2", "maroon"),
    ]))
    .await?;
    let mut relais = Relais::start(RelaisOptions::of(env!("CARGO_BIN_EXE_relais"))).await?;
    relais.add_xtream(&hell).await?;
    relais.start_stream(&hell, "1").await?;
    let mut validator = Validator::start(&relais.live_url(), Rules::default())?;
    validator.segments(4, Duration::from_secs(30)).await?;
    seconds(12).await;

    // The source is gone for 15 s.
    hell.channel("1").set(|b| b.answer = Answer::Status(503)).await?;
    hell.channel("1").cut();
    seconds(15).await;
    hell.channel("1").set(|b| b.answer = Answer::Media).await?;
    relais.wait_state(&hell, "1", "live", Duration::from_secs(35)).await?;
    seconds(8).await;

    // Another channel, and back.
    validator.expect_another_clock();
    relais.start_stream(&hell, "2").await?;
    seconds(12).await;
    validator.expect_another_clock();
    relais.start_stream(&hell, "1").await?;
    seconds(12).await;

    // SIGKILL: what is on air comes back by itself, numbers go on.
    let before = validator.last_sequence().context("no sequence")?;
    let children = relais.children();
    validator.expect_outage(true);
    relais.kill9()?;
    relais.restart().await?;
    let fetched = validator.fetched();
    validator.segments(fetched + 2, Duration::from_secs(30)).await?;
    validator.expect_outage(false);
    let orphans: Vec<_> = children.into_iter().filter(process::alive).collect();
    ensure!(orphans.is_empty(), "left over: {orphans:?}");
    let after = validator.last_sequence().context("no sequence")?;
    ensure!(after > before, "media sequence {before} before, {after} after the restart");
    seconds(20).await;

    let report = validator.stop().await?;
    eprintln!("{}", report.summary());
    report.clean()?;
    rises(&report)?;
    // Slate, source, channel 2, channel 1, restart.
    ensure!(report.discontinuities >= 5, "{}", report.summary());
    ensure!(report.outages.iter().all(|(from, to)| to - from < 10.0), "{:?}", report.outages);
    for stretch in &report.stretches {
        for id in ["1", "2"] {
            let clip = harness::hell::clip::load(&hell.channel(id).behaviour().clip)?;
            if let Some(found) = sync::measure(stretch, &clip) {
                ensure!(found.worst <= 0.04, "sound and picture of channel {id}: {found:?}");
            }
        }
    }
    ensure!(hell.channel("1").counts().peak == 1, "{:?}", hell.channel("1").counts());
    Ok(())
}

#[tokio::test]
async fn numbers_survive_a_polite_restart_and_off_air() -> Result<()> {
    let hell = Hell::start(HellOptions::channels([ChannelSpec::plain("1", "navy")])).await?;
    let mut relais = Relais::start(RelaisOptions::of(env!("CARGO_BIN_EXE_relais"))).await?;
    relais.add_xtream(&hell).await?;
    let mut last = 0;
    for turn in 0..3 {
        relais.start_stream(&hell, "1").await?;
        let mut validator = Validator::start(&relais.live_url(), Rules::default())?;
        validator.segments(3, Duration::from_secs(30)).await?;
        let report = validator.stop().await?;
        report.clean()?;
        let (first, end) = report.sequences.context("no sequence")?;
        ensure!(first > last || turn == 0, "turn {turn}: media sequence {first} after {last}");
        last = end;
        if turn == 0 {
            relais.stop_stream().await?;
        } else {
            let (took, status) = relais.stop(Duration::from_secs(10)).await?;
            ensure!(took < Duration::from_secs(5) && status.success(), "stopped in {took:?}: {status}");
            relais.restart().await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_untroubled_stream_has_no_fault_and_no_discontinuity() -> Result<()> {
    let hell = Hell::start(HellOptions::channels([ChannelSpec::plain("1", "navy")])).await?;
    let relais = Relais::start(RelaisOptions::of(env!("CARGO_BIN_EXE_relais"))).await?;
    relais.add_xtream(&hell).await?;
    relais.start_stream(&hell, "1").await?;
    let report =
        harness::judge::hls::watch_for(&relais.live_url(), Duration::from_secs(45), Rules::default()).await?;
    eprintln!("{}", report.summary());
    report.clean()?;
    ensure!(report.discontinuities == 0, "{}", report.summary());
    ensure!(report.media_seconds > 40.0, "{}", report.summary());
    Ok(())
}
