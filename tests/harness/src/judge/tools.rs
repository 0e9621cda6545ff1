//! ffmpeg, ffprobe and VLC as players: run with a time-out, what they say taken apart.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Runs a program; killed when it takes longer.
pub async fn run(program: &str, arguments: &[&str], patience: Duration) -> Result<Output> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(patience, command.output());
    output
        .await
        .with_context(|| format!("{program} {arguments:?} still runs after {patience:?}"))?
        .with_context(|| program.to_owned())
}

/// What `ffprobe` finds: `streams`, `format`, `programs`.
pub async fn probe(url: &str, patience: Duration) -> Result<Value> {
    let arguments = [
        "-v",
        "error",
        "-of",
        "json",
        "-show_streams",
        "-show_format",
        "-show_programs",
        "-rw_timeout",
        "10000000",
        url,
    ];
    let output = run("ffprobe", &arguments, patience).await?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "ffprobe {url}: {} {errors}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Codec names that a probe found, `video` or `audio`.
pub fn codecs(probe: &Value, kind: &str) -> Vec<String> {
    let streams = probe["streams"].as_array().into_iter().flatten();
    streams
        .filter(|s| s["codec_type"] == kind)
        .filter_map(|s| s["codec_name"].as_str().map(str::to_owned))
        .collect()
}

/// What decoding gave.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    pub frames: u64,
    /// Seconds of wall time.
    pub took: f64,
    /// Warnings and errors of demuxer and decoders.
    pub complaints: Vec<String>,
}

/// Decodes so many seconds with FFmpeg, as fast as they come.
pub async fn decode(url: &str, seconds: f64, patience: Duration) -> Result<Decoded> {
    let start = std::time::Instant::now();
    let length = seconds.to_string();
    let arguments = [
        "-hide_banner",
        "-nostdin",
        "-loglevel",
        "warning",
        "-progress",
        "pipe:1",
        "-rw_timeout",
        "10000000",
        "-i",
        url,
        "-t",
        &length,
        "-f",
        "null",
        "-",
    ];
    let output = run("ffmpeg", &arguments, patience).await?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "ffmpeg {url}: {} {errors}", output.status);
    let progress = String::from_utf8_lossy(&output.stdout).into_owned();
    let frames =
        progress.lines().rev().find_map(|l| l.strip_prefix("frame=")?.trim().parse().ok()).unwrap_or(0);
    let complaints = errors.lines().map(str::to_owned).collect();
    Ok(Decoded { frames, took: start.elapsed().as_secs_f64(), complaints })
}

/// Plays for so long with VLC, without picture and sound devices; its own statistics.
pub async fn vlc(url: &str, seconds: f64) -> Result<Vlc> {
    let mut words = Vec::new();
    if is_root() {
        // VLC refuses to be root.
        words.extend(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    words.extend([
        "cvlc",
        "-I",
        "oldrc",
        "--rc-fake-tty",
        "-q",
        "--no-video-title-show",
        "--no-metadata-network-access",
    ]);
    words.extend(["--vout", "dummy", "--aout", "dummy", url]);
    let home = tempfile::tempdir()?;
    std::fs::set_permissions(home.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777))?;
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env("HOME", home.path()).kill_on_drop(true);
    let mut player =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().context("cvlc")?;
    let mut remote = player.stdin.take().context("VLC's remote control")?;
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    remote.write_all(b"stats\nis_playing\n").await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    remote.write_all(b"quit\n").await?;
    let output = tokio::time::timeout(Duration::from_secs(20), player.wait_with_output());
    let text = String::from_utf8_lossy(&output.await.context("VLC does not quit")??.stdout).into_owned();
    let number = |name: &str| -> u64 {
        let line = text.lines().find(|l| l.contains(name));
        line.and_then(|l| l.split(':').nth(1)?.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    Ok(Vlc {
        frames_displayed: number("frames displayed"),
        frames_lost: number("frames lost"),
        sounds_played: number("buffers played"),
        sounds_lost: number("buffers lost"),
        corrupted: number("demux corrupted"),
        discontinuities: number("discontinuities"),
        log: text,
    })
}

/// What VLC counted.
#[derive(Debug, Clone, Default)]
pub struct Vlc {
    pub frames_displayed: u64,
    pub frames_lost: u64,
    pub sounds_played: u64,
    pub sounds_lost: u64,
    pub corrupted: u64,
    pub discontinuities: u64,
    /// Its remote control's answers.
    pub log: String,
}

/// Whether this process is root, as VLC sees it.
pub fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|s| s.lines().any(|l| l.starts_with("Uid:\t0\t")))
}

/// MD5 of each decoded frame of a file or URL, one list per stream, with FFmpeg's arguments in front of `-i`.
pub async fn frame_md5(input: &[&str], map: &str, patience: Duration) -> Result<Vec<String>> {
    let mut arguments = vec!["-hide_banner", "-nostdin", "-loglevel", "error"];
    arguments.extend_from_slice(input);
    arguments.extend_from_slice(&["-map", map, "-fps_mode", "passthrough", "-f", "framemd5", "-"]);
    let output = run("ffmpeg", &arguments, patience).await?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "ffmpeg {input:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(text
        .lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.rsplit(',').next().map(|md5| md5.trim().to_owned()))
        .collect())
}

/// Whether `part` is a run of `whole` taken as a loop; where it begins.
pub fn run_of_loop(whole: &[String], part: &[String]) -> Option<usize> {
    if whole.is_empty() || part.is_empty() {
        return None;
    }
    (0..whole.len())
        .find(|start| part.iter().enumerate().all(|(n, md5)| whole[(start + n) % whole.len()] == *md5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hell::{ChannelSpec, Hell, HellOptions};

    #[tokio::test]
    async fn players_play_hell() {
        let hell = Hell::start(HellOptions::channels([ChannelSpec::plain("1", "navy")])).await.unwrap();
        let url = hell.media_url("1", "ts");
        let probe = probe(&url, Duration::from_secs(20)).await.unwrap();
        assert_eq!(
            (codecs(&probe, "video"), codecs(&probe, "audio")),
            (vec!["h264".into()], vec!["aac".into()])
        );
        let decoded = decode(&url, 3.0, Duration::from_secs(20)).await.unwrap();
        // Joined in the middle of a GOP: what comes before the first keyframe can't be decoded.
        assert!(decoded.frames >= 25, "{decoded:?}");
        let vlc = vlc(&url, 6.0).await.unwrap();
        assert!(vlc.frames_displayed > 50 && vlc.sounds_played > 100, "{vlc:?}");
    }
}
