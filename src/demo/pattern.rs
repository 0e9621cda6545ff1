//! The test pattern's command line: a colour, a moving bar, the channel's name, a clock, a tone.
//!
//! Text is drawn by `drawtext` with the font that fontconfig finds; Debian's FFmpeg brings both with its own
//! dependencies. Where a build has no text, `testsrc2` shows its counter in letters of its own.

use super::channels::Channel;
use crate::ffmpeg::{Process, Spawn, Tool};
use std::time::Duration;

const SIZE: (u32, u32) = (1280, 720);
const FRAMES_PER_SECOND: u32 = 25;
/// Keyframe distance, seconds.
const GOP: u32 = 2;
/// kbit/s; the encoder fills up to it, so that the demo weighs what television does.
const VIDEO_RATE: u32 = 1500;
const PROBE_WITHIN: Duration = Duration::from_secs(10);

/// How this FFmpeg can write into a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lettering {
    /// `drawtext` works and finds a font.
    Fonts,
    /// It does not: only FFmpeg's own counter.
    Counter,
}

impl Lettering {
    /// Draws one letter to find out.
    pub(super) async fn probe(tool: &Tool) -> Self {
        let args = "-nostdin -hide_banner -loglevel error -f lavfi -i color=s=64x64:r=1 \
                    -vf drawtext=text=x -frames:v 1 -f rawvideo pipe:1";
        let args = args.split_whitespace().map(str::to_owned).collect();
        let spawn = Spawn { name: "demo lettering".to_owned(), args, ..Spawn::default() };
        let Ok(mut process) = Process::spawn(tool, spawn) else { return Self::Counter };
        let first = tokio::time::timeout(PROBE_WITHIN, process.next()).await;
        if matches!(first, Ok(Some(_))) { Self::Fonts } else { Self::Counter }
    }
}

/// The command line that makes `channel` in real time, as TS on stdout.
pub(super) fn args(channel: &Channel, lettering: Lettering) -> Vec<String> {
    let (width, height) = SIZE;
    let rate = format!("{VIDEO_RATE}k");
    let gop = (GOP * FRAMES_PER_SECOND).to_string();
    let tone = format!("sine=frequency={}:sample_rate=48000,volume=0.12", channel.tone);
    let head =
        "-nostdin -hide_banner -loglevel level+warning -progress pipe:2 -stats_period 1 -filter_threads 1";
    let mut args: Vec<String> = head.split(' ').map(str::to_owned).collect();
    let mut push = |text: &[&str]| args.extend(text.iter().map(|&it| it.to_owned()));
    push(&["-re", "-f", "lavfi", "-i", &picture(channel, lettering, width, height)]);
    push(&["-re", "-f", "lavfi", "-i", &tone]);
    push(&["-map", "0:v:0", "-map", "1:a:0"]);
    push(&["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-threads", "1"]);
    push(&["-pix_fmt", "yuv420p", "-profile:v", "main"]);
    push(&["-g", &gop, "-keyint_min", &gop, "-sc_threshold", "0", "-bf", "0"]);
    push(&["-b:v", &rate, "-minrate", &rate, "-maxrate", &rate, "-bufsize", &rate]);
    push(&["-x264-params", "nal-hrd=cbr:force-cfr=1"]);
    push(&["-c:a", "aac", "-b:a", "96k", "-ac", "2", "-ar", "48000"]);
    push(&[
        "-metadata",
        &format!("service_name={}", channel.name),
        "-metadata",
        "service_provider=relais demo",
    ]);
    push(&["-muxdelay", "0", "-muxpreload", "0", "-flush_packets", "1", "-f", "mpegts", "pipe:1"]);
    args
}

/// A filter graph: the background, a bar that crosses it every 8 s, and what is written on them.
fn picture(channel: &Channel, lettering: Lettering, width: u32, height: u32) -> String {
    let (background, bar) = channel.colours;
    if lettering == Lettering::Counter {
        return format!(
            "testsrc2=s={width}x{height}:r={FRAMES_PER_SECOND},drawbox=c=0x{background}@0.6:t=fill"
        );
    }
    let speed = width / 8;
    let text = |text: &str, size: u32, y: &str| {
        format!("drawtext=text='{text}':expansion=normal:fontsize={size}:fontcolor=white:x=(w-tw)/2:y={y}")
    };
    format!(
        "color=c=0x{background}:s={width}x{height}:r={FRAMES_PER_SECOND}[back];\
         color=c=0x{bar}:s=12x{height}:r={FRAMES_PER_SECOND}[bar];\
         [back][bar]overlay=x='mod(t*{speed},{width})':eval=frame:shortest=1,{},{}",
        text(channel.name, height / 10, &format!("{}", height * 32 / 100)),
        text("%{localtime\\:%H\\\\\\:%M\\\\\\:%S}", height / 6, &format!("{}", height * 50 / 100)),
    )
}

#[cfg(test)]
mod tests {
    use super::super::channels::CHANNELS;
    use super::*;

    #[test]
    fn every_channel_has_its_own_colours_and_tone() {
        let all: Vec<_> = CHANNELS.iter().map(|channel| args(channel, Lettering::Fonts)).collect();
        for (n, one) in all.iter().enumerate() {
            assert!(one.iter().any(|it| it.contains(CHANNELS[n].name)));
            assert!(all.iter().skip(n + 1).all(|other| other != one));
        }
    }

    #[test]
    fn a_closed_gop_of_two_seconds_without_b_frames() {
        let line = args(&CHANNELS[0], Lettering::Fonts).join(" ");
        assert!(line.contains("-g 50 -keyint_min 50 -sc_threshold 0 -bf 0"), "{line}");
    }
}
