use super::{codecs, ingest, outbound, see, source, tool};
use crate::ingest::{Ingest, IngestOptions, Kind};
use crate::wire::Reason;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// An FFmpeg that sends a test picture in real time; ended when dropped.
struct Sender(Child);

impl Sender {
    fn start(codecs: &str, output: &str) -> Self {
        let line = format!(
            "-nostdin -hide_banner -loglevel error -re -f lavfi -i testsrc=size=160x120:rate=25 -re -f lavfi -i \
             sine=440:sample_rate=48000 -t 60 -c:v libx264 -preset ultrafast -tune zerolatency -g 25 {codecs} {output}"
        );
        let child = Command::new("ffmpeg").args(line.split_whitespace()).stdin(Stdio::null()).spawn();
        Self(child.expect("ffmpeg"))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port(udp: bool) -> u16 {
    if udp {
        std::net::UdpSocket::bind("127.0.0.1:0").expect("bind").local_addr().expect("address").port()
    } else {
        std::net::TcpListener::bind("127.0.0.1:0").expect("bind").local_addr().expect("address").port()
    }
}

/// Tries until the sender listens, then until 60 kB have come.
async fn watch(url: String) -> Vec<u8> {
    let ingest = ingest().await;
    let begun = Instant::now();
    loop {
        let seen = see(&ingest, source(url.clone()), 60_000).await;
        if seen.bytes.is_empty() && begun.elapsed() < Duration::from_secs(20) {
            assert_eq!(seen.end.reason, Reason::Network, "{:?}", seen.end);
            assert!(!seen.end.detail.contains("SECRET"), "{:?}", seen.end);
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        }
        assert_eq!((seen.story, seen.kind), (vec!["opened", "data"], Some(Kind::Ffmpeg)), "{:?}", seen.end);
        assert_eq!(seen.end.detail, "stopped");
        return seen.bytes;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rtmp() {
    let url = format!("rtmp://127.0.0.1:{}/live/SECRET-key", free_port(false));
    let _sender = Sender::start("-c:a aac", &format!("-f flv -listen 1 {url}"));
    let bytes = watch(url).await;
    assert_eq!(codecs(&bytes), ["h264", "aac"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn srt() {
    let port = free_port(true);
    let _sender = Sender::start("-c:a mp2", &format!("-f mpegts srt://127.0.0.1:{port}?mode=listener"));
    let bytes = watch(format!("srt://127.0.0.1:{port}?streamid=SECRET")).await;
    assert_eq!(codecs(&bytes), ["h264", "mp2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn udp() {
    let port = free_port(true);
    let _sender = Sender::start("-c:a mp2", &format!("-f mpegts udp://127.0.0.1:{port}?pkt_size=1316"));
    let bytes = watch(format!("udp://127.0.0.1:{port}")).await;
    assert_eq!(codecs(&bytes), ["h264", "mp2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rtp() {
    let port = free_port(true);
    let _sender = Sender::start("-c:a mp2", &format!("-f rtp_mpegts rtp://127.0.0.1:{port}"));
    let bytes = watch(format!("rtp://127.0.0.1:{port}")).await;
    assert_eq!(codecs(&bytes), ["h264", "mp2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_a_network_fault_without_secrets() {
    let ingest = ingest().await;
    for url in [
        "rtmp://127.0.0.1:9/live/SECRET",
        "rtsp://u:SECRET@127.0.0.1:9/SECRET",
        "srt://127.0.0.1:9?passphrase=SECRETSECRET",
    ] {
        let seen = see(&ingest, source(url), usize::MAX).await;
        assert_eq!(seen.end.reason, Reason::Network, "{url}: {:?}", seen.end);
        assert!(!seen.end.detail.contains("SECRET"), "{:?}", seen.end);
        assert!(seen.story.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_from_the_beginning_ends() {
    let options =
        IngestOptions { ffmpeg_open_timeout: Duration::from_millis(1500), ..IngestOptions::default() };
    let ingest = Ingest::new(outbound(), Some(tool().await), options);
    let seen = see(&ingest, source(format!("udp://127.0.0.1:{}", free_port(true))), usize::MAX).await;
    assert_eq!(seen.end.reason, Reason::Network, "{:?}", seen.end);
}

#[tokio::test]
async fn what_is_not_a_source_is_refused() {
    let ingest = Ingest::new(outbound(), None, IngestOptions::default());
    for url in [
        "file:///etc/passwd",
        "concat:/etc/passwd|/x",
        "data:text/plain,x",
        "pipe:0",
        "subfile,,:x",
        "ftp://h/x",
        "",
        "h/x",
    ] {
        let seen = see(&ingest, source(url), usize::MAX).await;
        assert_eq!(seen.end.reason, Reason::Unsupported, "{url}");
        assert!(seen.story.is_empty());
    }
}

#[tokio::test]
async fn lists_of_strangers_do_not_reach_into_this_network() {
    let ingest = Ingest::new(outbound(), Some(tool().await), IngestOptions::default());
    for url in [
        "http://127.0.0.1:9/",
        "rtmp://127.0.0.1:9/a/b",
        "rtsp://localhost/x",
        "srt://192.168.1.1:9",
        "udp://127.0.0.1:9",
        "udp://@:9",
    ] {
        let mut hidden = source(url);
        hidden.public_only = true;
        let seen = see(&ingest, hidden, usize::MAX).await;
        assert!(matches!(seen.end.reason, Reason::Unsupported | Reason::Network), "{url}: {:?}", seen.end);
        assert!(seen.end.detail.contains("not allowed") || url == "udp://@:9", "{url}: {:?}", seen.end);
    }
}
