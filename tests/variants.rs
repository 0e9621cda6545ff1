//! Sound that browsers don't know, on air: the variant is made, changes with the channel, and where it fails the
//! picture goes on.

use anyhow::{Context, Result, bail, ensure};
use harness::hell::{AudioCodec, ChannelSpec, ClipSpec, Hell, HellOptions, Over};
use harness::judge::hls::{Rules, Validator};
use harness::judge::tools;
use harness::relais::{Relais, RelaisOptions};
use std::time::Duration;

fn with_sound(id: &str, colour: &str, sound: AudioCodec) -> ChannelSpec {
    let mut spec = ChannelSpec::plain(id, colour);
    spec.behaviour.clip = spec.behaviour.clip.clone().audio(&[sound]);
    spec
}

async fn relais(hell: &Hell) -> Result<Relais> {
    let relais = Relais::start(RelaisOptions::of(env!("CARGO_BIN_EXE_relais"))).await?;
    relais.add_xtream(hell).await?;
    Ok(relais)
}

async fn variant_is(relais: &Relais, state: &str, patience: Duration) -> Result<()> {
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        let feeds = relais.feeds().await?;
        if feeds.iter().any(|feed| feed["engine"] == "web" && feed["state"] == state) {
            return Ok(());
        }
        ensure!(tokio::time::Instant::now() < deadline, "no variant is {state}: {feeds:?}\n{}", relais.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_variant_gives_up_the_providers_only_connection_to_a_switch() -> Result<()> {
    let specs = [with_sound("1", "navy", AudioCodec::Mp2), with_sound("2", "maroon", AudioCodec::Mp2)];
    let hell = Hell::start(HellOptions::channels(specs).limit(1, Over::Status(458), 0.0)).await?;
    let relais = relais(&hell).await?;
    relais.start_stream(&hell, "1").await?;
    variant_is(&relais, "live", Duration::from_secs(15)).await?;
    let mut validator = Validator::start(&relais.live_url(), Rules::default())?;
    if let Err(error) = validator.segments(2, Duration::from_secs(20)).await {
        bail!("{error}: {}\n{}", validator.stop().await?.violations.join("; "), relais.log());
    }
    validator.expect_another_clock();
    relais.start_stream(&hell, "2").await?;
    relais.wait_state(&hell, "2", "live", Duration::from_secs(8)).await?;
    ensure!(hell.counts().peak <= 1, "the limit was exceeded");
    let fetched = validator.fetched();
    validator.segments(fetched + 4, Duration::from_secs(30)).await?;
    validator.stop().await?.clean()
}

#[tokio::test]
async fn a_change_of_the_sounds_codec_leaves_it_playable() -> Result<()> {
    let hell = Hell::start(HellOptions::channels([with_sound("1", "navy", AudioCodec::Mp2)])).await?;
    let other = ClipSpec::named("CH 1", "navy").audio(&[AudioCodec::Ac3]);
    let relais = relais(&hell).await?;
    relais.start_stream(&hell, "1").await?;
    variant_is(&relais, "live", Duration::from_secs(15)).await?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    hell.channel("1").set(|b| b.clip = other).await?;
    tokio::time::sleep(Duration::from_secs(22)).await;
    let probe = tools::probe(&relais.live_url(), Duration::from_secs(20)).await?;
    ensure!(tools::codecs(&probe, "audio") == ["aac"], "audio: {probe}");
    let decoded = tools::decode(&relais.live_url(), 6.0, Duration::from_secs(30)).await?;
    ensure!(decoded.complaints.is_empty(), "ffmpeg complains: {:#?}\n{}", decoded.complaints, relais.log());
    Ok(())
}

/// An FFmpeg that says what it can do and never does it.
fn broken_ffmpeg(folder: &std::path::Path) -> Result<std::path::PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("ffmpeg");
    std::fs::write(&path, "#!/bin/sh\ncase \"$*\" in *pipe:0*) exit 1;; esac\nexec ffmpeg \"$@\"\n")?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

#[tokio::test]
async fn where_no_variant_can_be_made_the_picture_goes_on_and_nothing_is_shown_twice() -> Result<()> {
    let hell = Hell::start(HellOptions::channels([with_sound("1", "navy", AudioCodec::Mp2)])).await?;
    let folder = tempfile::tempdir()?;
    let config = format!("[ffmpeg]\npath = {:?}\n", broken_ffmpeg(folder.path())?);
    let options = RelaisOptions::of(env!("CARGO_BIN_EXE_relais")).config(&config);
    let relais = Relais::start(options).await?;
    relais.add_xtream(&hell).await?;
    relais.start_stream(&hell, "1").await?;
    relais.wait_state(&hell, "1", "live", Duration::from_secs(15)).await?;
    tokio::time::sleep(Duration::from_secs(11)).await;
    let mut validator = Validator::start(&relais.live_url(), Rules::default())?;
    validator.segments(12, Duration::from_secs(50)).await.context("no picture")?;
    let report = validator.stop().await?;
    ensure!(report.discontinuities <= 1, "shown anew and anew: {}\n{}", report.summary(), relais.log());
    report.clean()
}
