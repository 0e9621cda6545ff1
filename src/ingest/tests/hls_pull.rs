use super::{codecs, ffmpeg, ingest, see, source};
use crate::ingest::Kind;
use crate::net::testing::{Request, answer, serve};
use crate::wire::Reason;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockEncryptMut, KeyIvInit};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// A segment of 40 packets that carry their number.
fn segment(number: u64) -> Vec<u8> {
    (0..40 * 188).map(|at| if at % 188 == 0 { 0x47 } else { number as u8 }).collect()
}

/// The numbers of the segments, in the order of their bytes.
fn numbers(bytes: &[u8]) -> Vec<u8> {
    assert_eq!(bytes.len() % (40 * 188), 0);
    bytes.chunks(40 * 188).map(|segment| segment[1]).collect()
}

fn playlist(first: u64, last: u64, mark: Option<u64>) -> String {
    let mut text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:{first}\n");
    for number in first..=last {
        if mark == Some(number) {
            text.push_str("#EXT-X-DISCONTINUITY\n");
        }
        text.push_str(&format!("#EXTINF:1.0,\nseg/{number}.webp\n"));
    }
    text
}

async fn server<F>(respond: F) -> SocketAddr
where
    F: Fn(&Request) -> (&'static str, String, Vec<u8>) + Send + Sync + 'static,
{
    serve(move |request: Request, mut socket: TcpStream| {
        let (status, headers, body) = respond(&request);
        async move { answer(&mut socket, status, &headers, &body).await }
    })
    .await
}

fn ok(body: impl Into<Vec<u8>>) -> (&'static str, String, Vec<u8>) {
    ("200 OK", String::new(), body.into())
}

fn number_in(path: &str) -> u64 {
    path.trim_start_matches("/seg/").trim_end_matches(".webp").parse().expect("number")
}

#[tokio::test]
async fn a_live_playlist_is_followed_from_three_before_its_edge() {
    let polls = AtomicU64::new(0);
    let address = server(move |request| match request.path.as_str() {
        "/live.m3u8" => {
            let last = 12 + polls.fetch_add(1, Ordering::Relaxed);
            ok(playlist(last - 4, last, Some(14)))
        }
        // Missing for good: skipped.
        "/seg/13.webp" => ("404 Not Found", String::new(), Vec::new()),
        path => ok(segment(number_in(path))),
    })
    .await;
    let begun = Instant::now();
    let seen = see(&ingest().await, source(format!("http://{address}/live.m3u8")), 6 * 40 * 188).await;
    assert_eq!((seen.kind, seen.target), (Some(Kind::Hls), Some(Duration::from_secs(1))));
    assert_eq!(numbers(&seen.bytes), [10, 11, 12, 14, 15, 16]);
    assert_eq!(seen.story, ["opened", "data", "boundary", "data"]);
    assert!(begun.elapsed() > Duration::from_millis(2500), "polled once a second: {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_recording_plays_out_and_a_stale_playlist_stalls() {
    let address = server(|request| match request.path.as_str() {
        "/vod" => ok(format!("{}#EXT-X-ENDLIST\n", playlist(0, 5, None))),
        "/stale" => ok(playlist(0, 5, None)),
        path => ok(segment(number_in(path))),
    })
    .await;
    let ingest = ingest().await;
    let seen = see(&ingest, source(format!("http://{address}/vod")), usize::MAX).await;
    assert_eq!((numbers(&seen.bytes), seen.end.reason), (vec![0, 1, 2, 3, 4, 5], Reason::Ended));
    let seen = see(&ingest, source(format!("http://{address}/stale")), usize::MAX).await;
    assert_eq!((numbers(&seen.bytes), seen.end.reason), (vec![3, 4, 5], Reason::Stalled));
}

#[tokio::test]
async fn encrypted_segments_are_opened_with_keys_fetched_once() {
    let key_fetches = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&key_fetches);
    let address = server(move |request| match request.path.as_str() {
        "/enc" => {
            let list = playlist(7, 9, None).replace(
                "#EXTINF:1.0,\nseg/7",
                "#EXT-X-KEY:METHOD=AES-128,URI=\"/key?SECRET\"\n#EXTINF:1.0,\nseg/7",
            );
            ok(format!("{list}#EXT-X-ENDLIST\n"))
        }
        "/key?SECRET" => {
            counted.fetch_add(1, Ordering::Relaxed);
            ok([5u8; 16])
        }
        path => {
            let number = number_in(path);
            let vector = u128::from(number).to_be_bytes();
            let cipher = cbc::Encryptor::<aes::Aes128>::new(&[5; 16].into(), &vector.into());
            ok(cipher.encrypt_padded_vec_mut::<Pkcs7>(&segment(number)))
        }
    })
    .await;
    let seen = see(&ingest().await, source(format!("http://{address}/enc")), usize::MAX).await;
    assert_eq!(numbers(&seen.bytes), [7, 8, 9], "{:?}", seen.end);
    assert_eq!(key_fetches.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_token_that_runs_out_is_renewed_at_the_original_address() {
    let tokens = AtomicU64::new(0);
    let polls = AtomicU64::new(0);
    let address = server(move |request| {
        let path = request.path.as_str();
        if path == "/live" {
            let token = tokens.fetch_add(1, Ordering::Relaxed);
            return ("302 Found", format!("Location: /t/{token}/list\r\n"), Vec::new());
        }
        if let Some(token) = path.strip_prefix("/t/").and_then(|rest| rest.strip_suffix("/list")) {
            let poll = polls.fetch_add(1, Ordering::Relaxed);
            // Each token is good for two polls.
            if poll / 2 > token.parse::<u64>().expect("token") {
                return ("403 Forbidden", String::new(), Vec::new());
            }
            return ok(playlist(poll, poll + 3, None));
        }
        ok(segment(number_in(&path[path.find("/seg/").expect("segment")..])))
    })
    .await;
    let seen = see(&ingest().await, source(format!("http://{address}/live")), 6 * 40 * 188).await;
    let numbers = numbers(&seen.bytes);
    assert!(
        numbers.len() >= 6 && numbers.windows(2).all(|pair| pair[1] > pair[0]),
        "{numbers:?} {:?}",
        seen.end
    );
    assert_eq!(seen.end.detail, "stopped");
}

#[tokio::test]
async fn a_refused_playlist_and_pages_in_place_of_segments_end_with_their_reason() {
    let address = server(|request| match request.path.as_str() {
        "/master" => ok("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\ngone\n"),
        "/pages" => ok(playlist(0, 5, None)),
        "/seg/3.webp" | "/seg/4.webp" | "/seg/5.webp" => ok("<html><title>No</title></html>"),
        _ => ("403 Forbidden", String::new(), Vec::new()),
    })
    .await;
    let ingest = ingest().await;
    let seen = see(&ingest, source(format!("http://{address}/master")), usize::MAX).await;
    assert_eq!(seen.end.reason, Reason::Auth, "{:?}", seen.end);
    let seen = see(&ingest, source(format!("http://{address}/pages")), usize::MAX).await;
    assert_eq!((seen.end.reason, seen.story.len()), (Reason::NotMedia, 0), "{:?}", seen.end);
}

/// Serves a directory of real HLS.
async fn files(dir: PathBuf) -> SocketAddr {
    server(move |request| {
        let path = request.path.trim_start_matches('/').split('?').next().unwrap_or("").to_owned();
        match std::fs::read(dir.join(path)) {
            Ok(bytes) => ok(bytes),
            Err(_) => ("404 Not Found", String::new(), Vec::new()),
        }
    })
    .await
}

const SOURCE: &str = "-f lavfi -i testsrc=size=160x120:rate=25 -f lavfi -i sine=440:sample_rate=48000 -t 6 -c:v libx264 \
                      -preset ultrafast -bf 0 -g 25 -c:a aac";

#[tokio::test(flavor = "multi_thread")]
async fn the_best_variant_of_a_real_list_is_pulled() {
    let dir = tempfile::tempdir().expect("dir");
    ffmpeg(
        &format!("{SOURCE} -f hls -hls_time 1 -hls_playlist_type vod -master_pl_name master.m3u8 media.m3u8"),
        dir.path(),
    );
    let address = files(dir.path().to_owned()).await;
    let seen =
        see(&ingest().await, source(format!("http://{address}/master.m3u8?u=SECRET")), usize::MAX).await;
    assert_eq!((seen.end.reason, seen.kind), (Reason::Ended, Some(Kind::Hls)), "{:?}", seen.end);
    assert_eq!(codecs(&seen.bytes), ["h264", "aac"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fragmented_mp4_is_remuxed() {
    let dir = tempfile::tempdir().expect("dir");
    ffmpeg(
        &format!("{SOURCE} -f hls -hls_time 1 -hls_playlist_type vod -hls_segment_type fmp4 media.m3u8"),
        dir.path(),
    );
    let address = files(dir.path().to_owned()).await;
    let seen = see(&ingest().await, source(format!("http://{address}/media.m3u8")), usize::MAX).await;
    assert_eq!((seen.end.reason, seen.kind), (Reason::Ended, Some(Kind::Hls)), "{:?}", seen.end);
    assert_eq!(codecs(&seen.bytes), ["h264", "aac"]);
    assert!(frames(&seen.bytes) >= 149, "{}", frames(&seen.bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_in_a_playlist_of_its_own_is_joined() {
    for kind in ["mpegts", "fmp4"] {
        let dir = tempfile::tempdir().expect("dir");
        ffmpeg(
            &format!(
                "{SOURCE} -f hls -hls_time 1 -hls_playlist_type vod -hls_segment_type {kind} -master_pl_name master.m3u8 \
                 -var_stream_map v:0,agroup:a|a:0,agroup:a,default:yes v%v.m3u8"
            )
            .replace('|', "\u{a0}"),
            dir.path(),
        );
        let address = files(dir.path().to_owned()).await;
        let seen = see(&ingest().await, source(format!("http://{address}/master.m3u8")), usize::MAX).await;
        assert_eq!(seen.end.reason, Reason::Ended, "{kind}: {:?}", seen.end);
        assert_eq!(codecs(&seen.bytes), ["h264", "aac"], "{kind}");
        assert!(frames(&seen.bytes) >= 149, "{kind}: {}", frames(&seen.bytes));
    }
}

/// Pictures in TS, as FFprobe counts them.
fn frames(ts: &[u8]) -> usize {
    let dir = tempfile::tempdir().expect("dir");
    let file = dir.path().join("out.ts");
    std::fs::write(&file, ts).expect("write");
    let output = std::process::Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-select_streams",
            "v:0",
            "-count_packets",
            "-show_entries",
            "stream=nb_read_packets",
            "-of",
            "csv=p=0",
        ])
        .arg(&file)
        .output()
        .expect("ffprobe");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next().and_then(|line| line.trim_end_matches(',').parse().ok()).unwrap_or(0)
}
