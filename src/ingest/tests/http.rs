use super::{clip, codecs, ingest, outbound, probe, see, source};
use crate::ingest::{Event, Ingest, IngestOptions, Kind};
use crate::net::testing::{Request, answer, serve};
use crate::wire::Reason;
use bytes::Bytes;
use futures_util::StreamExt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Serves one body at every path.
async fn body(content_type: &'static str, body: Vec<u8>) -> SocketAddr {
    let body = Bytes::from(body);
    serve(move |_: Request, mut socket: TcpStream| {
        let body = body.clone();
        async move { answer(&mut socket, "200 OK", &format!("Content-Type: {content_type}\r\n"), &body).await }
    })
    .await
}

fn packets(count: usize) -> Vec<u8> {
    (0..count * 188).map(|at| if at % 188 == 0 { 0x47 } else { (at / 188) as u8 }).collect()
}

#[tokio::test]
async fn ts_is_passed_on_byte_for_byte() {
    let ts = [&packets(3000)[..], &[0x47, 1, 2]].concat();
    let address = body("text/plain", ts.clone()).await;
    let seen =
        see(&ingest().await, source(format!("http://{address}/live/user/SECRET/1.ts")), usize::MAX).await;
    assert_eq!((seen.story, seen.kind), (vec!["opened", "data"], Some(Kind::HttpTs)));
    assert!(seen.bytes == ts);
    assert_eq!(seen.end.reason, Reason::Ended);
}

#[tokio::test]
async fn small_chunks_do_not_slow_a_burst_down() {
    let address = serve(|_, mut socket| async move {
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        let chunk = [&b"524\r\n"[..], &packets(7), b"\r\n"].concat();
        for _ in 0..3000 {
            let _ = socket.write_all(&chunk).await;
        }
        let _ = socket.write_all(b"0\r\n\r\n").await;
    })
    .await;
    let begun = Instant::now();
    let seen = see(&ingest().await, source(format!("http://{address}/")), usize::MAX).await;
    assert_eq!(seen.bytes.len(), 3000 * 7 * 188);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?} in {} pieces", begun.elapsed(), seen.pieces);
}

#[tokio::test]
async fn what_is_no_media_is_said_without_secrets() {
    let address = body("text/html", b"<html><title>Blocked for http://h/u/SECRET</title>".to_vec()).await;
    let seen = see(&ingest().await, source(format!("http://{address}/u/SECRET/1.ts")), usize::MAX).await;
    assert_eq!((seen.story.len(), seen.end.reason), (0, Reason::NotMedia));
    assert_eq!(seen.end.detail, "127.0.0.1 sends a web page: \"Blocked for http://h/…\"");

    let empty = body("video/mp2t", Vec::new()).await;
    let seen = see(&ingest().await, source(format!("http://{empty}/")), usize::MAX).await;
    assert_eq!((seen.story.len(), seen.end.reason), (0, Reason::Ended));
    assert!(seen.end.detail.contains("without sending anything"));
}

#[tokio::test]
async fn statuses_headers_and_fresh_tokens() {
    let address = serve(|request, mut socket| async move {
        let known = request.header("user-agent") == Some("VLC/3") && request.header("x-key") == Some("k");
        match request.path.as_str() {
            "/limit" => answer(&mut socket, "458 Limit", "Retry-After: 4\r\n", b"").await,
            "/live" if known => {
                // Each opening gets a token of its own.
                static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);
                let token = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                answer(&mut socket, "302 Found", &format!("Location: /token/{token}\r\n"), b"").await;
            }
            path if path.starts_with("/token/") => {
                let count = path[7..].parse::<usize>().expect("token");
                answer(&mut socket, "200 OK", "", &packets(count * 10)).await;
            }
            _ => answer(&mut socket, "403 Forbidden", "", b"").await,
        }
    })
    .await;
    let ingest = ingest().await;
    let seen = see(&ingest, source(format!("http://{address}/limit")), usize::MAX).await;
    assert_eq!((seen.end.reason, seen.end.retry_after), (Reason::Limit, Some(Duration::from_secs(4))));
    let mut live = source(format!("http://{address}/live"));
    assert_eq!(see(&ingest, live.clone(), usize::MAX).await.end.reason, Reason::Auth);
    live.user_agent = Some("VLC/3".to_owned());
    live.headers.push(("X-Key".to_owned(), "k".to_owned()));
    assert_eq!(see(&ingest, live.clone(), usize::MAX).await.bytes.len(), 10 * 188);
    assert_eq!(see(&ingest, live, usize::MAX).await.bytes.len(), 20 * 188);
}

#[tokio::test]
async fn a_silent_source_is_stalled_and_cancelling_ends_at_once() {
    let address = serve(|_, mut socket| async move {
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let _ = socket.write_all(&packets(20)).await;
        std::future::pending::<()>().await;
    })
    .await;
    let options = IngestOptions { idle_timeout: Duration::from_secs(1), ..IngestOptions::default() };
    let impatient = Ingest::new(outbound(), None, options);
    let seen = see(&impatient, source(format!("http://{address}/")), usize::MAX).await;
    assert_eq!((seen.bytes.len(), seen.end.reason), (20 * 188, Reason::Stalled));
    let begun = Instant::now();
    // The usual patience is 20 s.
    let seen = see(
        &Ingest::new(outbound(), None, IngestOptions::default()),
        source(format!("http://{address}/")),
        188,
    )
    .await;
    assert!(seen.end.detail == "stopped" && begun.elapsed() < Duration::from_secs(5), "{:?}", seen.end);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_containers_go_through_ffmpeg() {
    let dir = tempfile::tempdir().expect("dir");
    let ingest = ingest().await;
    for output in ["-f flv a.flv", "-movflags +frag_keyframe+empty_moov a.mp4", "a.mkv"] {
        let address = body("application/octet-stream", clip(dir.path(), "aac", output)).await;
        let seen = see(&ingest, source(format!("http://{address}/u/SECRET")), usize::MAX).await;
        assert_eq!(
            (seen.end.reason, seen.kind),
            (Reason::Ended, Some(Kind::Ffmpeg)),
            "{output}: {:?}",
            seen.end
        );
        assert_eq!(seen.bytes.len() % 188, 0);
        assert_eq!(codecs(&seen.bytes), ["h264", "aac"], "{output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_that_ts_can_not_carry_becomes_aac_and_a_picture_is_refused() {
    let dir = tempfile::tempdir().expect("dir");
    let ingest = ingest().await;
    let address = body("", clip(dir.path(), "pcm_s16le", "sound.mkv")).await;
    let seen = see(&ingest, source(format!("http://{address}/")), usize::MAX).await;
    assert_eq!(seen.end.reason, Reason::Ended, "{:?}", seen.end);
    assert!(codecs(&seen.bytes).contains(&"aac".to_owned()), "{:?}", codecs(&seen.bytes));
    super::ffmpeg("-f lavfi -i testsrc=size=64x64:rate=5 -t 2 -c:v libvpx picture.mkv", dir.path());
    let address = body("", std::fs::read(dir.path().join("picture.mkv")).expect("file")).await;
    let seen = see(&ingest, source(format!("http://{address}/")), usize::MAX).await;
    assert_eq!(seen.end.reason, Reason::Codec, "{:?}", seen.end);
}

#[tokio::test]
async fn without_ffmpeg_it_is_said() {
    let ingest = Ingest::new(outbound(), None, IngestOptions::default());
    let address = body("", b"FLV\x01\x05\0\0\0\x09".to_vec()).await;
    for url in [format!("http://{address}/"), "rtmp://127.0.0.1:9/a/b".to_owned()] {
        let end = see(&ingest, source(url), usize::MAX).await.end;
        assert_eq!(end.reason, Reason::Internal);
        assert!(end.detail.contains("needs FFmpeg"), "{}", end.detail);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_web_variant_keeps_pictures_and_sync_and_makes_one_aac_track() {
    let dir = tempfile::tempdir().expect("dir");
    super::ffmpeg(
        "-f lavfi -i testsrc=size=160x120:rate=25 -f lavfi -i sine=440:sample_rate=48000 -f lavfi -i sine=880:sample_rate=48000 \
         -t 4 -map 0 -map 1 -map 2 -c:v libx264 -preset ultrafast -bf 0 -g 25 -c:a:0 mp2 -c:a:1 ac3 -metadata:s:a:0 language=eng \
         -metadata:s:a:1 language=fra -muxdelay 0.1 -output_ts_offset 100 in.ts",
        dir.path(),
    );
    let ts = Bytes::from(std::fs::read(dir.path().join("in.ts")).expect("file"));
    let before = probe(&ts);
    assert_eq!(before.len(), 3, "{before:?}");
    let input = futures_util::stream::iter((0..ts.len()).step_by(18_800).map({
        let ts = ts.clone();
        move |at| ts.slice(at..(at + 18_800).min(ts.len()))
    }))
    .boxed();
    let (events, mut received) = mpsc::channel(4);
    let ingest = ingest().await;
    let run = ingest.variant("test", Some("fre"), input, events, CancellationToken::new());
    let collect = async {
        let mut out = Vec::new();
        while let Some(event) = received.recv().await {
            if let Event::Data(piece) = event {
                out.extend_from_slice(&piece);
            }
        }
        out
    };
    let (end, out) = tokio::join!(run, collect);
    assert_eq!(end.reason, Reason::Ended, "{end:?}");
    let after = probe(&out);
    assert_eq!(after.iter().map(|(codec, _)| codec.as_str()).collect::<Vec<_>>(), ["h264", "aac"]);
    // Against the picture, the sound begins where it began, but for the encoder's frame of priming.
    let shift = (after[1].1 - after[0].1) - (before[2].1 - before[0].1);
    assert!((-0.035..0.012).contains(&shift), "{before:?} {after:?}");
}
