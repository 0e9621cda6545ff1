//! Real clips made by FFmpeg: what comes out decodes to the very frames that went in.

use super::checker::{Seen, bytes, check};
use crate::feed::part::{Origin, Part};
use crate::feed::shape::{Options, START, Shaper};
use std::path::Path;
use std::process::Command;

/// Runs FFmpeg; its absence or failure is a failure. Returns its standard output.
fn ffmpeg(dir: &Path, arguments: &str) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-v", "error", "-y"])
        .args(arguments.split_whitespace())
        .current_dir(dir)
        .output()
        .expect("ffmpeg runs");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ffmpeg {arguments}: {words}");
    output.stdout
}

const VIDEO: &str = "-f lavfi -i testsrc2=s=320x180:r=25:d=6";
const AUDIO: &str = "-f lavfi -i sine=f=440:r=48000:d=6";

fn clip(dir: &Path, arguments: &str) -> Vec<u8> {
    ffmpeg(dir, &format!("{arguments} -f mpegts clip.ts"));
    std::fs::read(dir.join("clip.ts")).expect("the clip")
}

/// Pushes in slices of pseudo-random sizes, with a flush now and then.
pub(super) fn shape(data: &[u8], options: Options, seed: u64) -> (Vec<Part>, Shaper) {
    let mut shaper = Shaper::new(options);
    let mut parts = Vec::new();
    shaper.begin(Origin::Source, START);
    let (mut rest, mut state) = (data, seed | 1);
    while !rest.is_empty() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let size = ((state >> 40) as usize % 9000 + 1).min(rest.len());
        shaper.push(&rest[..size], &mut parts);
        if state >> 61 == 0 {
            shaper.flush(&mut parts);
        }
        rest = &rest[size..];
    }
    shaper.finish(&mut parts);
    (parts, shaper)
}

/// Decoded frames of one stream, as hashes without times, errors being failures.
fn frames(dir: &Path, data: &[u8], map: &str) -> Vec<String> {
    std::fs::write(dir.join("frames.ts"), data).expect("written");
    let run = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-v", "error", "-i", "frames.ts", "-map", map])
        .args(["-fps_mode", "passthrough", "-f", "framemd5", "-"])
        .current_dir(dir)
        .output()
        .expect("ffmpeg runs");
    let words = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && words.trim().is_empty(), "decoding {map}: {words}");
    let text = String::from_utf8(run.stdout).expect("text");
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit(',').next().map(|hash| hash.trim().to_owned()))
        .collect()
}

/// Sent whole, decoded equal, and (groups being `closed`) every suffix from a keyframe decodes alone.
fn exact(name: &str, arguments: &str, maps: &[&str], closed: bool) -> (Vec<Part>, Seen) {
    let dir = tempfile::tempdir().expect("a directory");
    let data = clip(dir.path(), arguments);
    let (parts, shaper) = shape(&data, Options::default(), data.len() as u64);
    let seen = check(&parts);
    assert_eq!(shaper.stats().dropped_units, 0, "{name}: {:?}", shaper.stats());
    assert_eq!(shaper.stats().trouble(), None);
    assert_eq!(seen.late, 0, "{name}: PCRs are in time");
    let out = bytes(&parts);
    for map in maps {
        let (before, after) = (frames(dir.path(), &data, map), frames(dir.path(), &out, map));
        assert!(before.len() > 20, "{name} {map}");
        // Sound that was to be heard before the first picture is not sent.
        let first = before.len() - after.len().min(before.len());
        let allowed = if map.contains(":v") { 0 } else { 12 };
        assert!(first <= allowed, "{name} {map}: {first} frames are missing");
        // A decoder that starts in the middle of AAC needs a frame to warm up.
        let warm = if first > 0 { 2 } else { 0 };
        assert!(before[first + warm..] == after[warm..], "{name} {map}: other frames");
    }
    let keyframes: Vec<usize> = (0..parts.len()).filter(|n| parts[*n].keyframe).collect();
    assert!(keyframes.len() > 2, "{name}");
    for from in keyframes.iter().step_by(2) {
        if closed {
            assert!(!frames(dir.path(), &bytes(&parts[*from..]), maps[0]).is_empty());
        }
    }
    let total: usize = seen.units.iter().map(|unit| unit.payload.len()).sum();
    assert!(out.len() <= data.len() + data.len() / 20 + 20_000, "{name}: {} of {total}", out.len());
    (parts, seen)
}

#[test]
fn h264_with_b_frames_and_aac() {
    let arguments = format!("{VIDEO} {AUDIO} -c:v libx264 -preset veryfast -g 25 -bf 3 -c:a aac -b:a 64k");
    let (parts, seen) = exact("h264", &arguments, &["0:v:0", "0:a:0"], true);
    let shape = &parts.last().expect("parts").shape;
    let video = shape.video.as_ref().expect("a picture");
    assert_eq!((video.codec, video.width, video.height, video.millihertz), ("h264", 320, 180, 25_000));
    assert!(video.rfc6381.as_deref().is_some_and(|name| name.starts_with("avc1.64")));
    assert_eq!(
        (shape.audio[0].codec, shape.audio[0].sample_rate, shape.audio[0].channels),
        ("aac", 48_000, 1)
    );
    assert_eq!(seen.discontinuities, 0);
    assert!(seen.pcrs.windows(2).all(|pair| pair[1] - pair[0] <= 9_000), "a PCR every 100 ms");
    let segments: Vec<_> = parts.iter().filter(|part| part.segment).map(|part| part.start).collect();
    assert_eq!(segments.len(), 3, "{segments:?}");
}

#[test]
fn open_groups_keep_their_leading_pictures() {
    let arguments = format!(
        "{VIDEO} {AUDIO} -c:v libx264 -preset veryfast -g 25 -bf 2 -x264-params open-gop=1:b-adapt=0 -c:a mp2"
    );
    exact("open gop", &arguments, &["0:v:0", "0:a:0"], false);
}

#[test]
fn mpeg2_with_mp2() {
    let arguments = format!(
        "{VIDEO} {AUDIO} -c:v mpeg2video -flags +cgop -sc_threshold 1000000000 -b:v 2M -g 12 -bf 2 -c:a mp2 -b:a 128k"
    );
    let (parts, _) = exact("mpeg2", &arguments, &["0:v:0", "0:a:0"], true);
    let shape = &parts.last().expect("parts").shape;
    assert_eq!(shape.video.as_ref().map(|v| (v.codec, v.width)), Some(("mpeg2", 320)));
    assert_eq!(shape.audio[0].codec, "mp2");
}

#[test]
fn hevc_with_ac3() {
    let arguments = format!(
        "{VIDEO} {AUDIO} -c:v libx265 -preset ultrafast -x265-params keyint=25:log-level=error -c:a ac3"
    );
    let (parts, _) = exact("hevc", &arguments, &["0:v:0", "0:a:0"], true);
    let shape = &parts.last().expect("parts").shape;
    let video = shape.video.as_ref().expect("a picture");
    assert_eq!((video.codec, video.width, video.height), ("hevc", 320, 180));
    assert!(video.rfc6381.as_deref().is_some_and(|name| name.starts_with("hvc1.1.6.L")), "{video:?}");
    assert_eq!(shape.audio[0].codec, "ac3");
}

#[test]
fn a_constant_rate_with_stuffing_shrinks() {
    let arguments = format!(
        "{VIDEO} {AUDIO} -c:v libx264 -preset veryfast -g 25 -bf 2 -c:a mp2 -muxrate 4000k -pcr_period 40 \
         -muxdelay 0.6"
    );
    let (parts, seen) = exact("constant rate", &arguments, &["0:v:0", "0:a:0"], true);
    assert!(bytes(&parts).len() < 1_500_000, "null packets go");
    assert!(seen.pcrs.windows(2).all(|pair| pair[1] - pair[0] <= 9_000), "a PCR every 100 ms");
}

#[test]
fn radio_beats_by_its_sound() {
    let (parts, _) = exact("radio", &format!("{AUDIO} -c:a aac -b:a 96k"), &["0:a:0"], true);
    assert!(parts.iter().all(|part| part.shape.video.is_none()));
    assert!(parts.iter().filter(|part| part.keyframe).count() >= 5);
}

#[test]
fn the_programme_with_a_picture_is_taken_or_the_one_asked_for() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = clip(
        dir.path(),
        &format!(
            "{VIDEO} {AUDIO} -f lavfi -i sine=f=880:r=48000:d=6 -map 2:a -map 0:v -map 1:a -c:v libx264 -preset \
             veryfast -g 25 -c:a aac -program program_num=7:st=0 -program program_num=9:st=1:st=2"
        ),
    );
    let (parts, shaper) = shape(&data, Options::default(), 5);
    check(&parts);
    assert_eq!(shaper.stats().programmes, [7, 9]);
    assert_eq!(frames(dir.path(), &bytes(&parts), "0:v:0").len(), 150);
    let (parts, _) = shape(&data, Options { programme: Some(7), ..Options::default() }, 5);
    check(&parts);
    assert!(parts.iter().all(|part| part.shape.video.is_none() && part.shape.audio.len() == 1));
}
