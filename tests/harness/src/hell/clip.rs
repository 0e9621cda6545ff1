//! Base clips: made once by FFmpeg, kept in a cache, taken apart into access units that loop for ever.

use crate::ts::{self, Elementary, PACKET, Packet, Video};
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

const HZ: i64 = 90_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoCodec {
    H264,
    Hevc,
    Mpeg2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioCodec {
    Aac,
    Mp2,
    Ac3,
}

/// The picture of a clip.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VideoSpec {
    pub codec: VideoCodec,
    pub width: u32,
    pub height: u32,
    pub fps: u32,
    /// Seconds between keyframes.
    pub gop: u32,
    /// B-frames between references.
    pub b_frames: u32,
    /// Pictures before a keyframe in time may follow it in the stream and refer to what came before.
    pub open_gop: bool,
    /// Constant bit rate, kbit/s, filled up; 0: whatever the picture needs.
    pub kbits: u32,
}

impl Default for VideoSpec {
    fn default() -> Self {
        let codec = VideoCodec::H264;
        Self { codec, width: 640, height: 360, fps: 25, gop: 2, b_frames: 0, open_gop: false, kbits: 0 }
    }
}

/// What a clip shows and sounds like. Equal values are the same file in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClipSpec {
    /// Burnt into the picture, with a frame counter.
    pub name: String,
    /// FFmpeg's name of the background colour.
    pub colour: String,
    /// Hz; each further track sounds a fifth higher.
    pub tone: u32,
    pub video: Option<VideoSpec>,
    pub audio: Vec<AudioCodec>,
}

impl Default for ClipSpec {
    fn default() -> Self {
        Self {
            name: "HELL".into(),
            colour: "navy".into(),
            tone: 440,
            video: Some(VideoSpec::default()),
            audio: vec![AudioCodec::Aac],
        }
    }
}

impl ClipSpec {
    pub fn named(name: &str, colour: &str) -> Self {
        Self { name: name.into(), colour: colour.into(), ..Self::default() }
    }
    /// The same with another picture.
    pub fn video(mut self, change: impl FnOnce(&mut VideoSpec)) -> Self {
        let mut video = self.video.take().unwrap_or_default();
        change(&mut video);
        self.video = Some(video);
        self
    }
    pub fn gop(self, seconds: u32) -> Self {
        self.video(|v| v.gop = seconds)
    }
    pub fn audio(mut self, tracks: &[AudioCodec]) -> Self {
        self.audio = tracks.to_vec();
        self
    }
    pub fn hevc(self) -> Self {
        self.video(|v| v.codec = VideoCodec::Hevc)
    }
    pub fn mpeg2_mp2(self) -> Self {
        self.video(|v| (v.codec, v.b_frames) = (VideoCodec::Mpeg2, 2)).audio(&[AudioCodec::Mp2])
    }
    pub fn open_gop(self) -> Self {
        self.video(|v| (v.open_gop, v.b_frames) = (true, 2))
    }
    pub fn radio(mut self) -> Self {
        self.video = None;
        self
    }
    /// Constant bit rate; 1080p from 3 Mbit/s on.
    pub fn kbits(self, kbits: u32) -> Self {
        self.video(|v| {
            v.kbits = kbits;
            if kbits >= 3000 {
                (v.width, v.height) = (1920, 1080);
            }
        })
    }

    /// Seconds of one turn: a whole number of GOPs and of audio frames of every codec used (AAC: 8 s, AC-3: 4 s,
    /// MP2: 3 s at 48 kHz).
    pub fn seconds(&self) -> u32 {
        let step = self.audio.iter().fold(self.video.as_ref().map_or(1, |v| v.gop.max(1)), |n, codec| {
            lcm(
                n,
                match codec {
                    AudioCodec::Aac => 8,
                    AudioCodec::Ac3 => 4,
                    AudioCodec::Mp2 => 3,
                },
            )
        });
        step * 16u32.div_ceil(step)
    }
}

fn lcm(a: u32, b: u32) -> u32 {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}

/// One access unit. Times are ticks of 90 kHz since the first picture is shown.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Index into `Clip::streams`.
    pub stream: usize,
    pub dts: i64,
    pub pts: i64,
    pub key: bool,
    pub data: Bytes,
}

/// A stream of the clip: its PMT entry with the PID yet to be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    pub stream_type: u8,
    pub stream_id: u8,
    pub descriptors: Vec<u8>,
    pub video: Option<Video>,
}

/// Access units in the order of their decode times; after `duration` the first comes again.
#[derive(Debug)]
pub struct Clip {
    pub spec: ClipSpec,
    pub path: PathBuf,
    pub streams: Vec<Stream>,
    pub units: Vec<Unit>,
    /// Ticks of one turn.
    pub duration: i64,
}

impl Clip {
    /// The unit with that number on the endless time line, its times shifted to it.
    pub fn at(&self, position: i64) -> Unit {
        let count = self.units.len() as i64;
        let mut unit = self.units[position.rem_euclid(count) as usize].clone();
        let shift = position.div_euclid(count) * self.duration;
        unit.dts += shift;
        unit.pts += shift;
        unit
    }

    /// The number of the first unit whose decode time is not before `time`.
    pub fn position(&self, time: i64) -> i64 {
        let first = self.units.first().map_or(0, |u| u.dts);
        let turn = (time - first).div_euclid(self.duration);
        let within = time - turn * self.duration;
        turn * self.units.len() as i64 + self.units.partition_point(|u| u.dts < within) as i64
    }

    /// Whether it has a picture.
    pub fn has_video(&self) -> bool {
        self.streams.iter().any(|s| s.video.is_some())
    }
}

/// Where clips are kept: `HARNESS_CACHE`, or `harness-cache` in the target directory.
pub fn cache_dir() -> PathBuf {
    if let Some(dir) = std::env::var_os("HARNESS_CACHE") {
        return dir.into();
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")).join("harness-cache")
}

/// The clip: from memory, from the cache, or made now. Blocking; seconds the first time.
pub fn load(spec: &ClipSpec) -> Result<Arc<Clip>> {
    static LOADED: OnceLock<Mutex<HashMap<ClipSpec, Arc<Clip>>>> = OnceLock::new();
    let mut loaded =
        LOADED.get_or_init(Mutex::default).lock().map_err(|_| anyhow::anyhow!("a clip failed before"))?;
    if let Some(clip) = loaded.get(spec) {
        return Ok(clip.clone());
    }
    let clip = Arc::new(parse(spec.clone(), file(spec)?)?);
    loaded.insert(spec.clone(), clip.clone());
    Ok(clip)
}

/// Makes the file unless the cache has it.
fn file(spec: &ClipSpec) -> Result<PathBuf> {
    let dir = cache_dir();
    std::fs::create_dir_all(&dir)?;
    let arguments = arguments(spec);
    let key = fnv(arguments.join("\0").as_bytes());
    let label: String = spec.name.chars().filter(char::is_ascii_alphanumeric).collect();
    let path = dir.join(format!("{label}-{key:016x}.ts"));
    if path.exists() {
        return Ok(path);
    }
    let unfinished = tempfile::Builder::new().suffix(".ts").tempfile_in(&dir)?;
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-loglevel", "error", "-y"])
        .args(&arguments)
        .arg(unfinished.path())
        .stdin(Stdio::null())
        .output()
        .context("ffmpeg (needed for the clips)")?;
    ensure!(output.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&output.stderr));
    unfinished.persist(&path)?;
    Ok(path)
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

fn arguments(spec: &ClipSpec) -> Vec<String> {
    // One second more than a turn, so that the last audio frames of the turn are there in full.
    let length = spec.seconds() + 1;
    let mut inputs = Vec::new();
    let mut codecs = Vec::new();
    let mut maps = Vec::new();
    let push = |list: &mut Vec<String>, words: &[&str]| list.extend(words.iter().map(|w| (*w).to_owned()));
    if let Some(video) = &spec.video {
        let (width, height, fps) = (video.width, video.height, video.fps);
        let background = if video.kbits >= 3000 {
            format!("testsrc2=s={width}x{height}:r={fps}")
        } else {
            format!("color=c={}:s={width}x{height}:r={fps}", spec.colour)
        };
        let size = height / 8;
        let text = format!(
            "{background},drawtext=text='{} %{{n}}':fontcolor=white:fontsize={size}:box=1:boxcolor=black:x=(w-tw)/2:y=h*0.7",
            spec.name
        );
        push(&mut inputs, &["-f", "lavfi", "-t", &length.to_string(), "-i", &text]);
        push(&mut maps, &["-map", "0:v"]);
        let gop = (video.gop * fps).to_string();
        push(&mut codecs, &["-pix_fmt", "yuv420p", "-g", &gop, "-keyint_min", &gop, "-sc_threshold", "0"]);
        push(&mut codecs, &["-bf", &video.b_frames.to_string(), "-threads", "1"]);
        match video.codec {
            VideoCodec::H264 => {
                let mut parameters = format!("open-gop={}:force-cfr=1", u8::from(video.open_gop));
                if video.kbits > 0 {
                    parameters.push_str(":nal-hrd=cbr");
                }
                push(&mut codecs, &["-c:v", "libx264", "-preset", "veryfast", "-x264-params", &parameters]);
            }
            VideoCodec::Hevc => {
                let parameters = format!(
                    "keyint={gop}:min-keyint={gop}:scenecut=0:repeat-headers=1:bframes={}:open-gop=0:log-level=error",
                    video.b_frames
                );
                push(&mut codecs, &["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", &parameters]);
            }
            VideoCodec::Mpeg2 => push(&mut codecs, &["-c:v", "mpeg2video", "-q:v", "4"]),
        }
        if video.kbits > 0 {
            let (rate, buffer) = (format!("{}k", video.kbits), format!("{}k", video.kbits / 2));
            push(&mut codecs, &["-b:v", &rate, "-minrate", &rate, "-maxrate", &rate, "-bufsize", &buffer]);
        }
    }
    for (index, codec) in spec.audio.iter().enumerate() {
        let tone = f64::from(spec.tone) * 1.5f64.powi(index as i32);
        // A little noise makes every frame of sound one of a kind, so that it can be told which one it is.
        let sound = format!(
            "aevalsrc='0.2*sin(2*PI*{tone}*t)+0.02*(random(0)-0.5)|0.2*sin(2*PI*{tone}*t)+0.02*(random(1)-0.5)':s=48000:d={length}"
        );
        push(&mut inputs, &["-f", "lavfi", "-i", &sound]);
        let input = index + usize::from(spec.video.is_some());
        push(&mut maps, &["-map", &format!("{input}:a")]);
        let (encoder, rate) = match codec {
            AudioCodec::Aac => ("aac", "96k"),
            AudioCodec::Mp2 => ("mp2", "192k"),
            AudioCodec::Ac3 => ("ac3", "192k"),
        };
        push(&mut codecs, &[&format!("-c:a:{index}"), encoder, &format!("-b:a:{index}"), rate]);
        let language = ["fra", "eng", "deu", "spa"][index % 4];
        push(&mut codecs, &[&format!("-metadata:s:a:{index}"), &format!("language={language}")]);
    }
    let mut all = inputs;
    all.extend(maps);
    all.extend(codecs);
    push(&mut all, &["-f", "mpegts", "-muxdelay", "0", "-muxpreload", "0", "-pes_payload_size", "0"]);
    push(&mut all, &["-flush_packets", "0"]);
    all
}

/// Takes the file apart and keeps exactly one turn.
fn parse(spec: ClipSpec, path: PathBuf) -> Result<Clip> {
    let bytes = std::fs::read(&path)?;
    let mut streams: Vec<Elementary> = Vec::new();
    let mut pmt_pid = None;
    let mut open: HashMap<u16, Vec<u8>> = HashMap::new();
    let mut packets: Vec<(u16, Vec<u8>)> = Vec::new();
    for packet in bytes.chunks_exact(PACKET).map(Packet) {
        ensure!(packet.in_sync(), "{}: out of sync", path.display());
        let pid = packet.pid();
        if pid == 0 {
            let pat = ts::section(packet.payload()).and_then(ts::read_pat).context("clip: PAT")?;
            pmt_pid = pat.first().map(|p| p.1);
        } else if Some(pid) == pmt_pid {
            if streams.is_empty() {
                streams = ts::section(packet.payload()).and_then(ts::read_pmt).context("clip: PMT")?.streams;
            }
        } else if streams.iter().any(|s| s.pid == pid) {
            if packet.starts()
                && let Some(whole) = open.remove(&pid)
            {
                packets.push((pid, whole));
            }
            open.entry(pid).or_default().extend_from_slice(packet.payload());
        }
    }
    packets.extend(open);
    let duration = i64::from(spec.seconds()) * HZ;
    let mut clip = Clip { spec, path, streams: Vec::new(), units: Vec::new(), duration };
    let mut origin: Option<i64> = None;
    // Video first: its first picture is the origin of time.
    streams.sort_by_key(|s| !s.is_video());
    for (index, stream) in streams.iter().enumerate() {
        let video = Video::of(stream.stream_type);
        let mut units = Vec::new();
        let mut stream_id = 0xC0;
        for (_, pes) in packets.iter().filter(|(pid, _)| *pid == stream.pid) {
            let Some(header) = ts::pes_header(pes) else { bail!("clip: a PES packet without header") };
            let (Some(pts), Some(dts)) = (header.pts, header.dts) else {
                bail!("clip: a PES packet without time")
            };
            stream_id = header.stream_id;
            let data = Bytes::copy_from_slice(&pes[header.header..]);
            let key = video.is_none_or(|v| v.is_keyframe(&data));
            units.push(Unit { stream: index, dts, pts, key, data });
        }
        units.sort_by_key(|u| u.dts);
        let base = *origin.get_or_insert(units.first().map_or(0, |u| u.pts));
        let wanted = match video {
            Some(_) => clip.spec.seconds() * clip.spec.video.as_ref().map_or(25, |v| v.fps),
            None => {
                let samples = match clip.spec.audio[index - usize::from(clip.spec.video.is_some())] {
                    AudioCodec::Aac => 1024,
                    AudioCodec::Mp2 => 1152,
                    AudioCodec::Ac3 => 1536,
                };
                clip.spec.seconds() * 48_000 / samples
            }
        };
        let first = units.iter().position(|u| u.pts >= base).context("clip: empty stream")?;
        let first = if video.is_some() { 0 } else { first };
        let turn: Vec<Unit> = units.into_iter().skip(first).take(wanted as usize).collect();
        ensure!(turn.len() == wanted as usize, "clip: {} units of {wanted}", turn.len());
        clip.units.extend(turn.into_iter().map(|u| Unit { dts: u.dts - base, pts: u.pts - base, ..u }));
        let descriptors = stream.descriptors.clone();
        clip.streams.push(Stream { stream_type: stream.stream_type, stream_id, descriptors, video });
    }
    clip.units.sort_by_key(|u| (u.dts, u.stream));
    Ok(clip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_holds_whole_frames_of_everything() {
        let all = [AudioCodec::Aac, AudioCodec::Ac3];
        assert_eq!(ClipSpec::default().seconds(), 16);
        assert_eq!(ClipSpec::default().audio(&all).gop(10).seconds(), 40);
        assert_eq!(ClipSpec::default().mpeg2_mp2().seconds(), 18);
    }

    #[test]
    fn the_loop_has_no_seam() {
        for spec in [ClipSpec::default(), ClipSpec::default().open_gop(), ClipSpec::default().mpeg2_mp2()] {
            let clip = load(&spec).unwrap();
            let mut last: Vec<Option<(i64, i64)>> = vec![None; clip.streams.len()];
            for position in -10..clip.units.len() as i64 * 2 + 10 {
                let unit = clip.at(position);
                if let Some((dts, step)) = last[unit.stream] {
                    let now = unit.dts - dts;
                    assert!(step == 0 || (now - step).abs() <= 2, "{} then {now} at {position}", step);
                }
                let before = last[unit.stream].map(|l| l.0);
                last[unit.stream] = Some((unit.dts, before.map_or(0, |b| unit.dts - b)));
            }
            assert!(clip.units.iter().find(|u| u.stream == 0).unwrap().key);
            for time in [0, 90_000 * 5, 90_000 * 1000 + 7] {
                let position = clip.position(time);
                assert!(clip.at(position).dts >= time && clip.at(position - 1).dts < time);
            }
        }
    }
}
