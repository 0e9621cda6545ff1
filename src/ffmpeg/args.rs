//! Command lines: pure, tested by value.
//!
//! Timestamps are carried over as they are (`-copyts`, no muxer delay on top): the feed has one clock of its own
//! and wants to see gaps and jumps. Input flag `nobuffer` is not used: it throws away what was read while
//! probing, mostly the first keyframe. `max_interleave_delta` bounds how long the muxer waits for a stream
//! that has gone silent (10 s otherwise).

use std::fmt;
use std::time::Duration;
use url::Url;

/// What comes in through a network protocol of FFmpeg's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// RTMP, also over TLS.
    Rtmp,
    /// RTSP, also over TLS; TCP first.
    Rtsp,
    /// SRT, carrying TS.
    Srt,
    /// UDP, carrying TS, unicast or multicast.
    Udp,
    /// RTP, carrying TS.
    Rtp,
}

/// What becomes of the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audio {
    /// Carried over.
    Copy,
    /// Turned into AAC, for codecs that TS can't carry (G.711, PCM, Speex).
    Aac,
}

/// The format of a piped source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// MP4, whole or in fragments.
    Mp4,
    /// FLV.
    Flv,
    /// Matroska, WebM.
    Matroska,
    /// MP3 frames.
    Mp3,
    /// AAC in ADTS frames.
    Adts,
    /// Ogg.
    Ogg,
    /// MPEG programme stream.
    ProgramStream,
    /// MPEG-TS, also in packets of 192 or 204 bytes.
    TransportStream,
}

impl Scheme {
    /// Of an address; `None`: FFmpeg is not asked for it.
    pub fn of(url: &Url) -> Option<Self> {
        Some(match url.scheme() {
            "rtmp" | "rtmps" => Self::Rtmp,
            "rtsp" | "rtsps" => Self::Rtsp,
            "srt" => Self::Srt,
            "udp" => Self::Udp,
            "rtp" => Self::Rtp,
            _ => return None,
        })
    }
}

impl Format {
    fn demuxer(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Flv => "flv",
            Self::Matroska => "matroska",
            Self::Mp3 => "mp3",
            Self::Adts => "aac",
            Self::Ogg => "ogg",
            Self::ProgramStream => "mpeg",
            Self::TransportStream => "mpegts",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.demuxer())
    }
}

/// The beginning of every command line.
fn common() -> Vec<String> {
    list(&[
        "-nostdin",
        "-hide_banner",
        "-loglevel",
        "level+warning",
        "-progress",
        "pipe:2",
        "-stats_period",
        "1",
    ])
}

/// A network source to TS on stdout.
///
/// SRT and UDP carry TS already: it is passed on byte for byte, so nothing is probed and no stream is lost.
pub fn ingest(
    url: &str,
    scheme: Scheme,
    user_agent: Option<&str>,
    timeout: Duration,
    audio: Audio,
) -> Vec<String> {
    let micros = timeout.as_micros().to_string();
    let tls = url.starts_with("rtmps:") || url.starts_with("rtsps:");
    let mut line = common();
    match scheme {
        Scheme::Rtmp => {
            line.extend(list(&["-protocol_whitelist", if tls { "rtmps,rtmp,tls,tcp" } else { "rtmp,tcp" }]));
            line.extend(list(&["-rw_timeout", &micros, "-rtmp_live", "live"]));
            line.extend(probe("1000000", "1500000"));
        }
        Scheme::Rtsp => {
            let whitelist = if tls { "rtsps,rtsp,rtp,srtp,udp,tls,tcp" } else { "rtsp,rtp,udp,tcp" };
            line.extend(list(&[
                "-protocol_whitelist",
                whitelist,
                "-rtsp_flags",
                "prefer_tcp",
                "-timeout",
                &micros,
            ]));
            if let Some(agent) = user_agent {
                line.extend(list(&["-user_agent", agent]));
            }
            line.extend(probe("1000000", "1500000"));
        }
        Scheme::Srt => {
            let connect = timeout.as_millis().min(5_000).to_string();
            line.extend(list(&[
                "-protocol_whitelist",
                "srt",
                "-rw_timeout",
                &micros,
                "-connect_timeout",
                &connect,
            ]));
        }
        Scheme::Udp => {
            let whitelist = ["-protocol_whitelist", "udp", "-timeout", &micros];
            line.extend(list(&whitelist));
            line.extend(list(&["-overrun_nonfatal", "1", "-fifo_size", "56000", "-buffer_size", "2097152"]));
        }
        Scheme::Rtp => {
            line.extend(list(&["-protocol_whitelist", "rtp,udp", "-buffer_size", "2097152"]));
            line.extend(probe("1000000", "1500000"));
        }
    }
    if matches!(scheme, Scheme::Srt | Scheme::Udp) {
        line.extend(list(&[
            "-f",
            "data",
            "-i",
            url,
            "-map",
            "0",
            "-c",
            "copy",
            "-flush_packets",
            "1",
            "-f",
            "data",
        ]));
        line.push("pipe:1".to_owned());
        return line;
    }
    line.extend(list(&[
        "-fflags",
        "+genpts+discardcorrupt",
        "-copyts",
        "-i",
        url,
        "-map",
        "0:V?",
        "-map",
        "0:a?",
    ]));
    if matches!(scheme, Scheme::Rtp | Scheme::Rtsp) {
        line.extend(list(&["-map", "0:s?"]));
    }
    line.extend(codecs(audio));
    line.extend(to_ts("1000000"));
    line
}

/// A piped source to TS on stdout.
pub fn remux(format: Format, audio: Audio) -> Vec<String> {
    let mut line = common();
    line.extend(list(&["-protocol_whitelist", "pipe"]));
    line.extend(probe("2000000", "2000000"));
    line.extend(list(&[
        "-fflags",
        "+genpts+discardcorrupt",
        "-copyts",
        "-f",
        format.demuxer(),
        "-i",
        "pipe:0",
    ]));
    line.extend(list(&["-map", "0:V?", "-map", "0:a?"]));
    line.extend(codecs(audio));
    // Fragments hold a second or more of one stream before the other's: wait for it.
    line.extend(to_ts("10000000"));
    line
}

/// Two loopback sockets, pictures from one and sound from the other, to TS on stdout: HLS with separate
/// audio renditions.
pub fn join(video: (Format, u16), audio: (Format, u16)) -> Vec<String> {
    let mut line = common();
    for (format, port) in [video, audio] {
        line.extend(list(&["-protocol_whitelist", "tcp", "-rw_timeout", "60000000"]));
        line.extend(probe("2000000", "2000000"));
        line.extend(list(&["-fflags", "+genpts+discardcorrupt", "-thread_queue_size", "4096"]));
        line.extend(list(&["-f", format.demuxer(), "-i", &format!("tcp://127.0.0.1:{port}")]));
    }
    line.extend(list(&["-copyts", "-map", "0:V?", "-map", "1:a?"]));
    line.extend(codecs(Audio::Copy));
    line.extend(to_ts("10000000"));
    line
}

/// TS on stdin to TS on stdout with the same pictures and one AAC track: what browsers play.
///
/// `audio` counts the input's audio tracks from 0. `aresample=async=1` fills gaps and trims overlaps so that sound
/// stays where its timestamps say; it does not move the start.
pub fn variant(audio: usize) -> Vec<String> {
    let mut line = common();
    line.extend(list(&["-protocol_whitelist", "pipe"]));
    line.extend(probe("1500000", "1500000"));
    line.extend(list(&["-fflags", "+genpts+discardcorrupt", "-copyts", "-f", "mpegts", "-i", "pipe:0"]));
    line.extend(list(&["-map", "0:V:0?", "-map", &format!("0:a:{audio}?"), "-c:v", "copy"]));
    line.extend(list(&[
        "-c:a",
        "aac",
        "-b:a",
        "160k",
        "-ac",
        "2",
        "-ar",
        "48000",
        "-af",
        "aresample=async=1",
    ]));
    line.extend(to_ts("1000000"));
    line
}

fn probe(bytes: &str, micros: &str) -> Vec<String> {
    list(&["-probesize", bytes, "-analyzeduration", micros, "-fpsprobesize", "0"])
}

fn codecs(audio: Audio) -> Vec<String> {
    match audio {
        Audio::Copy => list(&["-c", "copy"]),
        Audio::Aac => list(&["-c", "copy", "-c:a", "aac", "-b:a", "128k", "-af", "aresample=async=1"]),
    }
}

fn to_ts(interleave: &str) -> Vec<String> {
    let mut line = list(&["-max_interleave_delta", interleave, "-muxdelay", "0.1", "-muxpreload", "0"]);
    line.extend(list(&["-mpegts_flags", "+resend_headers", "-flush_packets", "1", "-f", "mpegts", "pipe:1"]));
    line
}

fn list(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Audio, Format, Scheme, ingest, join, remux, variant};
    use std::time::Duration;
    use url::Url;

    const COMMON: &str = "-nostdin -hide_banner -loglevel level+warning -progress pipe:2 -stats_period 1 ";
    const OUT: &str =
        "-muxdelay 0.1 -muxpreload 0 -mpegts_flags +resend_headers -flush_packets 1 -f mpegts pipe:1";
    const TEN: Duration = Duration::from_secs(10);

    fn check(line: Vec<String>, expected: &str) {
        assert_eq!(line.join(" "), format!("{COMMON}{expected}"));
    }

    #[test]
    fn rtmp() {
        check(
            ingest("rtmp://h/a/k", Scheme::Rtmp, None, TEN, Audio::Copy),
            &format!(
                "-protocol_whitelist rtmp,tcp -rw_timeout 10000000 -rtmp_live live -probesize 1000000 -analyzeduration 1500000 -fpsprobesize 0 -fflags +genpts+discardcorrupt -copyts -i rtmp://h/a/k -map 0:V? -map 0:a? -c copy -max_interleave_delta 1000000 {OUT}"
            ),
        );
        let tls = ingest("rtmps://h/a/k", Scheme::Rtmp, None, TEN, Audio::Aac).join(" ");
        assert!(tls.contains("-protocol_whitelist rtmps,rtmp,tls,tcp "), "{tls}");
        assert!(tls.contains("-c copy -c:a aac -b:a 128k -af aresample=async=1 "), "{tls}");
    }

    #[test]
    fn rtsp() {
        check(
            ingest("rtsp://h/s", Scheme::Rtsp, Some("VLC/3"), TEN, Audio::Copy),
            &format!(
                "-protocol_whitelist rtsp,rtp,udp,tcp -rtsp_flags prefer_tcp -timeout 10000000 -user_agent VLC/3 -probesize 1000000 -analyzeduration 1500000 -fpsprobesize 0 -fflags +genpts+discardcorrupt -copyts -i rtsp://h/s -map 0:V? -map 0:a? -map 0:s? -c copy -max_interleave_delta 1000000 {OUT}"
            ),
        );
    }

    #[test]
    fn ts_carriers_are_passed_on_byte_for_byte() {
        check(
            ingest("srt://h:9?mode=caller", Scheme::Srt, None, TEN, Audio::Copy),
            "-protocol_whitelist srt -rw_timeout 10000000 -connect_timeout 5000 -f data -i srt://h:9?mode=caller -map 0 -c copy -flush_packets 1 -f data pipe:1",
        );
        check(
            ingest("udp://239.1.1.1:5000", Scheme::Udp, None, TEN, Audio::Copy),
            "-protocol_whitelist udp -timeout 10000000 -overrun_nonfatal 1 -fifo_size 56000 -buffer_size 2097152 -f data -i udp://239.1.1.1:5000 -map 0 -c copy -flush_packets 1 -f data pipe:1",
        );
    }

    #[test]
    fn rtp() {
        check(
            ingest("rtp://239.1.1.1:5000", Scheme::Rtp, None, TEN, Audio::Copy),
            &format!(
                "-protocol_whitelist rtp,udp -buffer_size 2097152 -probesize 1000000 -analyzeduration 1500000 -fpsprobesize 0 -fflags +genpts+discardcorrupt -copyts -i rtp://239.1.1.1:5000 -map 0:V? -map 0:a? -map 0:s? -c copy -max_interleave_delta 1000000 {OUT}"
            ),
        );
    }

    #[test]
    fn pipes() {
        check(
            remux(Format::Mp4, Audio::Copy),
            &format!(
                "-protocol_whitelist pipe -probesize 2000000 -analyzeduration 2000000 -fpsprobesize 0 -fflags +genpts+discardcorrupt -copyts -f mp4 -i pipe:0 -map 0:V? -map 0:a? -c copy -max_interleave_delta 10000000 {OUT}"
            ),
        );
        check(
            variant(1),
            &format!(
                "-protocol_whitelist pipe -probesize 1500000 -analyzeduration 1500000 -fpsprobesize 0 -fflags +genpts+discardcorrupt -copyts -f mpegts -i pipe:0 -map 0:V:0? -map 0:a:1? -c:v copy -c:a aac -b:a 160k -ac 2 -ar 48000 -af aresample=async=1 -max_interleave_delta 1000000 {OUT}"
            ),
        );
        let joined = join((Format::TransportStream, 1), (Format::Adts, 2)).join(" ");
        assert!(joined.contains("-f mpegts -i tcp://127.0.0.1:1 -protocol_whitelist tcp"), "{joined}");
        assert!(
            joined.contains("-f aac -i tcp://127.0.0.1:2 -copyts -map 0:V? -map 1:a? -c copy"),
            "{joined}"
        );
    }

    #[test]
    fn only_known_schemes_reach_ffmpeg() {
        let of = |text: &str| Scheme::of(&Url::parse(text).expect("url"));
        for (text, scheme) in [
            ("rtmps://h/a", Scheme::Rtmp),
            ("rtsp://h", Scheme::Rtsp),
            ("srt://h:1", Scheme::Srt),
            ("udp://h:1", Scheme::Udp),
            ("rtp://h:1", Scheme::Rtp),
        ] {
            assert_eq!(of(text), Some(scheme));
        }
        for text in ["file:///x", "concat:a|b", "data:x", "pipe:0", "http://h/", "subfile://x", "ftp://h/"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
