//! What a feed publishes: pieces of one regular transport stream.

use crate::ts::MediaTime;
use bytes::Bytes;
use std::sync::Arc;

/// Where a part's media came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The channel itself.
    Source,
    /// The "no signal" loop that stands in for it.
    Slate,
}

/// A run of whole 188-byte packets, about 100 ms of media: the unit of sharing. A *chunk* is the run of
/// parts from one `keyframe` part up to the next. Bytes are shared, never copied.
#[derive(Debug, Clone)]
pub struct Part {
    /// Whole packets of our own numbering: our PIDs, continuity counters, PAT and PMT.
    pub bytes: Bytes,
    /// Decode time of the first access unit, on the feed's clock: where the part before ended, but where a segment begins
    /// after pictures that were lost.
    pub start: MediaTime,
    /// Decode time at which the media of this part runs out (last decode time + its duration).
    pub end: MediaTime,
    /// Counts the source epochs: a change means a break of codec, timeline or origin.
    pub epoch: u32,
    /// The channel or the slate.
    pub origin: Origin,
    /// Begins with PAT, PMT and then a keyframe (audio only: any frame, once a second). A viewer may join here.
    pub keyframe: bool,
    /// A segment begins here; begins with PAT and PMT, mostly also with a keyframe.
    pub segment: bool,
    /// What the stream carries, as far as it is known; the same `Arc` until it changes.
    pub shape: Arc<Shape>,
}

/// What the programme carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// The picture; `None`: radio.
    pub video: Option<VideoInfo>,
    /// Sounds in PMT order.
    pub audio: Vec<AudioInfo>,
    /// Other elementary streams carried along: subtitles, teletext, SCTE-35.
    pub others: usize,
}

/// The picture's facts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VideoInfo {
    /// `h264`, `hevc`, `mpeg2`, `mpeg1`, `mpeg4`, `vc1`, `avs`, `unknown`.
    pub codec: &'static str,
    /// Pixels, 0 where not known yet.
    pub width: u32,
    /// Pixels, 0 where not known yet.
    pub height: u32,
    /// RFC 6381 name for H.264 and HEVC (`avc1.64001f`, `hvc1.1.6.L120.90`), where known.
    pub rfc6381: Option<String>,
    /// Frames per 1,000 s, measured over decode times; 0 where not known yet.
    pub millihertz: u32,
    /// Coded as fields, as far as the sequence header says.
    pub interlaced: bool,
}

/// A sound's facts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AudioInfo {
    /// `aac`, `aac_latm`, `mp2`, `mp3`, `ac3`, `eac3`, `dts`, `opus`, `unknown`.
    pub codec: &'static str,
    /// ISO 639 of the PMT's descriptor.
    pub language: Option<String>,
    /// Hz, 0 where not known yet.
    pub sample_rate: u32,
    /// Channels, 0 where not known yet.
    pub channels: u8,
}

impl Shape {
    /// Whether a browser plays this as it is: H.264 (or HEVC where the browser can: video is never a reason
    /// to transcode here) with AAC or MP3, or no sound at all.
    pub fn audio_is_web(&self) -> bool {
        match self.audio.first() {
            None => true,
            Some(first) => matches!(first.codec, "aac" | "mp3"),
        }
    }
}
