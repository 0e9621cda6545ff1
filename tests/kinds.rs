//! Sources that are no TS by HTTP, each from a real sender (FFmpeg, VLC, nginx) through the whole service: as endless
//! TS and as HLS, and back by themselves after the sender was away.

use anyhow::{Context, Result, ensure};
use harness::judge::hls::{Rules, Validator};
use harness::judge::tools;
use harness::process::Guard;
use harness::relais::{Relais, RelaisOptions};
use harness::viewers::watch_ts;
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

/// A test picture and a tone, in real time.
const PICTURE: &str = "-nostdin -hide_banner -loglevel error -re -f lavfi -i testsrc=size=160x120:rate=25 -re -f lavfi \
                       -i sine=440:sample_rate=48000 -c:v libx264 -preset ultrafast -tune zerolatency -g 25 -c:a aac";

fn free_tcp() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn free_udp() -> Result<u16> {
    Ok(std::net::UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn ffmpeg(output: &str) -> Result<Guard> {
    let words = PICTURE.split_whitespace().chain(output.split_whitespace());
    Guard::spawn(Command::new("ffmpeg").args(words).stdout(Stdio::null()))
}

/// One channel with that address, of a list that is a file.
async fn service(folder: &Path, url: &str) -> Result<(Relais, String)> {
    let list = folder.join("list.m3u");
    std::fs::write(&list, format!("#EXTM3U\n#EXTINF:-1,The channel\n{url}\n"))?;
    let relais = Relais::start(RelaisOptions::of(env!("CARGO_BIN_EXE_relais"))).await?;
    relais.cli(&["provider", "add", "m3u", "list", list.to_str().context("a path")?]).await?;
    let deadline = Instant::now() + PATIENCE;
    let channel = loop {
        let page = relais.api("GET", "/channels", None).await?;
        let id = &page["items"][0]["channel_id"];
        if !id.is_null() {
            break id.clone();
        }
        ensure!(Instant::now() < deadline, "no channel: {page}\n{}", relais.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let link = relais.api("POST", "/generate_link", Some(json!({ "channel_id": channel }))).await?;
    let path = link["restream_url"].as_str().context("no restream_url")?;
    let name = path.strip_suffix(".ts").context("restream_url ends in .ts")?;
    let base = format!("{}{name}", relais.public_url());
    Ok((relais, base))
}

async fn is_live(relais: &Relais, patience: Duration) -> Result<()> {
    let deadline = Instant::now() + patience;
    loop {
        let feeds = relais.feeds().await?;
        if feeds.iter().any(|feed| feed["state"] == "live") {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "not live: {feeds:?}\n{}", relais.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// It plays both ways without a fault, over an absence of the sender (where it can be brought back).
async fn plays(url: &str, secret: &str, mut sender: Guard, again: impl Fn() -> Result<Guard>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (relais, base) = service(folder.path(), url).await?;
    let mut validator =
        Validator::start(&format!("{base}.m3u8"), Rules { warm_up: PATIENCE, ..Rules::default() })?;
    let first = validator.segments(2, PATIENCE).await;
    first.with_context(|| relais.log())?;
    let seen = watch_ts(&format!("{base}.ts"), Duration::from_secs(3), false).await?.analyser;
    ensure!(seen.violations.is_empty(), "{:?}", seen.violations);
    // FFmpeg packs several frames of sound into one PES packet.
    let (pictures, sounds) = (seen.video().count(), seen.audio().count());
    ensure!(pictures >= 50 && sounds >= 8, "{pictures} pictures, {sounds} sounds");
    let probe = tools::probe(&format!("{base}.ts"), PATIENCE).await?;
    ensure!(
        tools::codecs(&probe, "video") == ["h264"] && !tools::codecs(&probe, "audio").is_empty(),
        "{probe}"
    );

    sender.kill()?;
    let fetched = validator.fetched();
    let _sender = again()?;
    is_live(&relais, PATIENCE).await?;
    validator.segments(fetched + 5, PATIENCE).await.with_context(|| relais.log())?;
    validator.stop().await?.clean()?;
    ensure!(relais.ffmpegs().len() <= 1, "{:?}", relais.ffmpegs());
    ensure!(!relais.log().contains(secret), "the log tells the secret {secret}");
    Ok(())
}

#[tokio::test]
async fn rtmp_plays() -> Result<()> {
    let url = format!("rtmp://127.0.0.1:{}/live/SECRET-key", free_tcp()?);
    let sender = || ffmpeg(&format!("-f flv -listen 1 {url}"));
    plays(&url, "SECRET-key", sender()?, sender).await
}

#[tokio::test]
async fn srt_plays() -> Result<()> {
    let port = free_udp()?;
    let sender = || ffmpeg(&format!("-f mpegts srt://127.0.0.1:{port}?mode=listener"));
    plays(&format!("srt://127.0.0.1:{port}?streamid=SECRET-id"), "SECRET-id", sender()?, sender).await
}

#[tokio::test]
async fn udp_plays() -> Result<()> {
    let port = free_udp()?;
    let url = format!("udp://127.0.0.1:{port}");
    let sender = || ffmpeg(&format!("-f mpegts {url}?pkt_size=1316"));
    plays(&url, "SECRET", sender()?, sender).await
}

/// VLC as an RTSP server, over a file.
#[tokio::test]
async fn rtsp_plays() -> Result<()> {
    let folder = tempfile::tempdir()?;
    open_to_all(&folder)?;
    let clip = folder.path().join("clip.ts");
    let made = Command::new("ffmpeg")
        .args(PICTURE.replace("-re ", "").split_whitespace())
        .args(["-t", "60", "-f", "mpegts"])
        .arg(&clip)
        .status()?;
    ensure!(made.success(), "no clip");
    let port = free_tcp()?;
    let sender = || {
        let mut words: Vec<String> = Vec::new();
        if tools::is_root() {
            // VLC refuses to be root.
            words.extend(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"].map(str::to_owned));
        }
        words.extend(
            ["cvlc", "-q", "-I", "dummy", "--no-metadata-network-access", "--loop"].map(str::to_owned),
        );
        words.push(clip.display().to_string());
        words.push(format!("--sout=#rtp{{sdp=rtsp://127.0.0.1:{port}/SECRET-path}}"));
        let mut command = Command::new(&words[0]);
        Guard::spawn(
            command.args(&words[1..]).env("HOME", folder.path()).stdout(Stdio::null()).stderr(Stdio::null()),
        )
    };
    plays(&format!("rtsp://127.0.0.1:{port}/SECRET-path"), "SECRET-path", sender()?, sender).await
}

/// FFmpeg's own HLS muxer with fragmented MP4, served by nginx.
#[tokio::test]
async fn hls_with_fragmented_mp4_plays() -> Result<()> {
    let folder = tempfile::tempdir()?;
    open_to_all(&folder)?;
    let (root, port) = (folder.path().display().to_string(), free_tcp()?);
    let configuration = folder.path().join("nginx.conf");
    std::fs::write(
        &configuration,
        format!(
            "daemon off; master_process off; pid {root}/nginx.pid; error_log {root}/error.log;\n\
             events {{}}\nhttp {{ access_log off; client_body_temp_path {root}/body; proxy_temp_path {root}/proxy;\n\
             fastcgi_temp_path {root}/f; uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;\n\
             types {{ application/vnd.apple.mpegurl m3u8; video/mp4 mp4 m4s; }}\n\
             server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n"
        ),
    )?;
    let _nginx = Guard::spawn(Command::new("nginx").arg("-c").arg(&configuration).args(["-e", "stderr"]))?;
    let sender = || {
        ffmpeg(&format!(
            "-f hls -hls_time 2 -hls_segment_type fmp4 -hls_flags delete_segments+append_list+omit_endlist {root}/live.m3u8"
        ))
    };
    let url = format!("http://127.0.0.1:{port}/live.m3u8?token=SECRET-token");
    plays(&url, "SECRET-token", sender()?, sender).await
}

fn open_to_all(folder: &TempDir) -> Result<()> {
    Ok(std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777))?)
}
