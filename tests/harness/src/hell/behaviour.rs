//! How a channel misbehaves: plain data that can be changed while it runs, from Rust or as JSON.

use super::clip::ClipSpec;
use serde::{Deserialize, Serialize};

/// What a request for the channel is answered with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The stream.
    #[default]
    Media,
    /// 200 with a web page.
    Html,
    /// 200, `video/mp2t`, random bytes in real time.
    Noise,
    /// 200 and a clean end at once.
    Empty,
    /// An HTTP status with a short text.
    Status(u16),
    /// 302 to an address that is good for so many seconds, once.
    Token(f64),
    /// 302 to itself.
    Loop,
    /// 302 from address to address without end.
    Chain,
    /// 302 to the same stream on the other host.
    OtherHost,
    /// 302 to this URL.
    Elsewhere(String),
    /// The connection is accepted and never answered.
    Silence,
}

/// Where in the broadcast a connection begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// Wherever it is, in the middle of a GOP and of a packet's PES.
    #[default]
    Live,
    /// At the newest keyframe.
    Keyframe,
    /// The clip begins when the connection does.
    ClipStart,
}

/// What a reconnect is given again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// Seconds of the past.
    pub seconds: f64,
    /// With fresh timestamps, unlike those they had the first time.
    pub restamped: bool,
}

/// One channel's conduct. Spans are seconds; `1 in n` counters are off at 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// What is on. A change while connected goes on at the next keyframe of the new clip, with a new PMT version.
    pub clip: ClipSpec,
    /// A second programme in the same stream.
    pub second: Option<ClipSpec>,
    pub answer: Answer,
    pub join: Join,
    /// Delivered at once at the start, then real time.
    pub burst: f64,
    /// Delivery only every so often, all that is due.
    pub grid: f64,
    pub replay: Option<Replay>,
    /// A clean end so long after the connection began.
    pub ends_after: f64,
    /// Silence with the socket open, in the middle of a packet, for as long as it is set.
    pub stall: bool,
    /// The same, so long after the connection began.
    pub stall_after: f64,
    /// Bits per second of the socket; 0: no limit.
    pub rate: u64,
    /// Transfer-Encoding: chunked.
    pub chunked: bool,
    /// One byte per write.
    pub one_byte: bool,
    /// Bytes that are not TS after 1 in n packets.
    pub garbage: u32,
    /// 1 in n packets is lost.
    pub loss: u32,
    /// 1 in n packets has the transport error indicator and a spoilt payload.
    pub errors: u32,
    /// A null packet after 1 in n.
    pub nulls: u32,
    /// Scrambling bits, and payloads that can't be read.
    pub scrambled: bool,
    /// Whether keyframes have the random-access flag.
    pub random_access: bool,
    /// Parameter sets stand at the first keyframe of a connection only.
    pub parameter_sets_once: bool,
    /// Audio comes so long after video.
    pub audio_late: f64,
    pub no_audio: bool,
    /// No picture to start from: keyframes are missing so long from the start of a connection.
    pub no_keyframes: f64,
    /// No PAT and PMT so long from the start of a connection.
    pub no_psi: f64,
    /// Added to all timestamps; a change while connected is a jump.
    pub jump: f64,
    /// The 33-bit clock wraps so long after this was set.
    pub wrap_in: f64,
    /// First PID of the elementary streams; a change is a new PMT.
    pub pids: u16,
    /// Seconds per segment of the HLS form.
    pub hls_segment: f64,
    /// Segments listed.
    pub hls_window: usize,
    /// 1 in n segments is listed and answered 404.
    pub hls_missing: u32,
    /// A change restarts the media sequence at 0.
    pub hls_resets: u32,
    /// `EXT-X-DISCONTINUITY` before 1 in n segments, with timestamps that jump there.
    pub hls_discontinuities: u32,
    /// AES-128.
    pub hls_encrypted: bool,
    /// The playlist stands still while set.
    pub hls_frozen: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            clip: ClipSpec::default(),
            second: None,
            answer: Answer::Media,
            join: Join::Live,
            burst: 0.0,
            grid: 0.0,
            replay: None,
            ends_after: 0.0,
            stall: false,
            stall_after: 0.0,
            rate: 0,
            chunked: false,
            one_byte: false,
            garbage: 0,
            loss: 0,
            errors: 0,
            nulls: 0,
            scrambled: false,
            random_access: true,
            parameter_sets_once: false,
            audio_late: 0.0,
            no_audio: false,
            no_keyframes: 0.0,
            no_psi: 0.0,
            jump: 0.0,
            wrap_in: 0.0,
            pids: 0x100,
            hls_segment: 4.0,
            hls_window: 6,
            hls_missing: 0,
            hls_resets: 0,
            hls_discontinuities: 0,
            hls_encrypted: false,
            hls_frozen: false,
        }
    }
}

impl Behaviour {
    /// A well-behaved channel showing this clip.
    pub fn showing(clip: ClipSpec) -> Self {
        Self { clip, ..Self::default() }
    }

    /// Over-writes the fields that a JSON object has.
    pub fn patched(&self, patch: &serde_json::Value) -> anyhow::Result<Self> {
        let mut value = serde_json::to_value(self)?;
        merge(&mut value, patch);
        Ok(serde_json::from_value(value)?)
    }
}

fn merge(into: &mut serde_json::Value, patch: &serde_json::Value) {
    match (into, patch) {
        (serde_json::Value::Object(into), serde_json::Value::Object(patch)) => {
            for (key, value) in patch {
                match into.get_mut(key) {
                    Some(slot) if slot.is_object() && value.is_object() && key != "answer" => {
                        merge(slot, value)
                    }
                    _ => drop(into.insert(key.clone(), value.clone())),
                }
            }
        }
        (into, patch) => *into = patch.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patches_change_only_what_they_name() {
        let before = Behaviour::default();
        let patch = json!({"answer": {"status": 458}, "burst": 4, "clip": {"video": {"gop": 10}}});
        let after = before.patched(&patch).unwrap();
        assert_eq!(after.answer, Answer::Status(458));
        assert_eq!(after.clip.video.as_ref().unwrap().gop, 10);
        assert_eq!(
            Behaviour { answer: Answer::Media, burst: 0.0, clip: before.clip.clone(), ..after },
            before
        );
        assert!(before.patched(&json!({"brust": 4})).is_err());
    }
}
