//! Real players play what relais serves, and what they decode is what went in, frame for frame.

use anyhow::{Context, Result, ensure};
use harness::hell::{ChannelSpec, Hell, HellOptions, clip};
use harness::judge::{sync, tools};
use harness::relais::{Relais, RelaisOptions};
use harness::viewers::watch_ts;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(40);

async fn on_air(spec: ChannelSpec) -> Result<(Hell, Relais)> {
    let id = spec.id.clone();
    let hell = Hell::start(HellOptions::channels([spec])).await?;
    let relais = Relais::start(RelaisOptions::of(env!("CARGO_BIN_EXE_relais"))).await?;
    relais.add_xtream(&hell).await?;
    relais.start_stream(&hell, &id).await?;
    relais.wait_state(&hell, &id, "live", Duration::from_secs(15)).await?;
    Ok((hell, relais))
}

async fn plays(url: &str) -> Result<()> {
    let probe = tools::probe(url, PATIENCE).await?;
    ensure!(tools::codecs(&probe, "video") == ["h264"], "video: {probe}");
    ensure!(tools::codecs(&probe, "audio") == ["aac"], "audio: {probe}");
    let decoded = tools::decode(url, 8.0, PATIENCE).await?;
    ensure!(
        decoded.frames >= 195,
        "ffmpeg decoded {} frames of 8 s: {:?}",
        decoded.frames,
        decoded.complaints
    );
    ensure!(decoded.complaints.is_empty(), "ffmpeg complains: {:#?}", decoded.complaints);
    let vlc = tools::vlc(url, 10.0).await?;
    ensure!(
        vlc.frames_displayed >= 100,
        "VLC displayed {} frames in 10 s:\n{}",
        vlc.frames_displayed,
        vlc.log
    );
    ensure!(vlc.sounds_played >= 150, "VLC played {} sounds in 10 s:\n{}", vlc.sounds_played, vlc.log);
    ensure!(vlc.corrupted == 0 && vlc.discontinuities == 0, "VLC found faults:\n{}", vlc.log);
    Ok(())
}

#[tokio::test]
async fn players_play_the_on_air_stream() -> Result<()> {
    let (_hell, relais) = on_air(ChannelSpec::plain("1", "navy")).await?;
    plays(&relais.live_url()).await
}

#[tokio::test]
async fn players_play_a_channel_as_endless_ts() -> Result<()> {
    let (hell, relais) = on_air(ChannelSpec::plain("1", "darkgreen")).await?;
    plays(&relais.link(&hell, "1").await?.live_ts).await?;
    ensure!(hell.channel("1").counts().peak == 1, "several connections: {:?}", hell.channel("1").counts());
    Ok(())
}

#[tokio::test]
async fn players_play_a_channel_as_hls() -> Result<()> {
    let (hell, relais) = on_air(ChannelSpec::plain("1", "maroon")).await?;
    plays(&relais.link(&hell, "1").await?.live_hls).await
}

/// Frames of the clip, decoded from the file that the provider plays; one turn of its loop.
async fn clip_frames(spec: &ChannelSpec) -> Result<Vec<String>> {
    let clip_spec = spec.behaviour.clip.clone();
    let clip = tokio::task::spawn_blocking(move || clip::load(&clip_spec)).await??;
    let path = clip.path.display().to_string();
    let mut frames = tools::frame_md5(&["-i", &path], "0:v:0", PATIENCE).await?;
    frames.truncate(clip.spec.seconds() as usize * 25);
    Ok(frames)
}

fn is_run_of(clip: &[String], received: &[String], at_least: usize) -> Result<()> {
    ensure!(received.len() >= at_least, "only {} frames", received.len());
    let Some(start) = tools::run_of_loop(clip, received) else {
        let (first, rest) = (received.first(), received.len());
        let begin = clip.iter().position(|f| Some(f) == first);
        let right =
            begin.map(|b| (0..rest).take_while(|n| clip[(b + n) % clip.len()] == received[*n]).count());
        anyhow::bail!("not the clip's frames: {rest} received, beginning at {begin:?}, {right:?} right");
    };
    eprintln!("{} frames equal the clip's from frame {start} on", received.len());
    Ok(())
}

#[tokio::test]
async fn frames_are_exact_over_the_whole_clip_and_segment_borders() -> Result<()> {
    let spec = ChannelSpec::plain("1", "purple");
    let frames = clip_frames(&spec).await?;
    let (hell, relais) = on_air(spec).await?;
    let link = relais.link(&hell, "1").await?;

    // HLS, as FFmpeg reads it: more than a turn of the clip, several segments.
    let url = relais.live_url();
    let hls = tools::frame_md5(&["-i", &url, "-t", "20"], "0:v:0", PATIENCE).await?;
    is_run_of(&frames, &hls, 480)?;

    // Endless TS, as bytes.
    let received = watch_ts(&link.live_ts, Duration::from_secs(20), true).await?;
    ensure!(received.analyser.violations.is_empty(), "{:#?}", received.analyser.violations);
    ensure!(received.analyser.begins_with_tables(), "begins with PIDs {:x?}", received.analyser.first_pids);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("received.ts");
    std::fs::write(&file, &received.bytes)?;
    let mut ts = tools::frame_md5(&["-i", &file.display().to_string()], "0:v:0", PATIENCE).await?;
    // The last picture may have been cut off.
    ts.pop();
    is_run_of(&frames, &ts, 450)
}

#[tokio::test]
async fn sound_and_picture_stay_together() -> Result<()> {
    let (hell, relais) = on_air(ChannelSpec::plain("1", "teal")).await?;
    let link = relais.link(&hell, "1").await?;
    let received = watch_ts(&link.live_ts, Duration::from_secs(10), false).await?;
    let clip = clip::load(&hell.channel("1").behaviour().clip)?;
    let found = sync::measure(&received.analyser, &clip).context("the clip was not recognised")?;
    ensure!(found.worst <= 0.001, "{found:?}");
    let first = received.first_key.context("no keyframe came")?;
    ensure!(
        first < Duration::from_millis(300),
        "the first keyframe took {first:?} though the channel was live"
    );
    Ok(())
}
