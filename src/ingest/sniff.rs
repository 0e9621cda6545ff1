//! What a body is, from its first bytes and its content type. Pure.

use crate::ffmpeg::args::Format;
use crate::net::mask;
use memchr::memmem;

/// A TS packet.
const PACKET: usize = 188;
/// Enough to tell anything.
pub(super) const ENOUGH: usize = 4096;

/// What a body is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sniffed {
    /// MPEG-TS in packets of 188 bytes.
    Ts,
    /// An HLS playlist.
    Hls,
    /// Something that FFmpeg can turn into TS.
    Other(Format),
    /// Not media; what it is instead, masked.
    NotMedia(String),
    /// Too little to tell.
    More,
}

/// Judges the first bytes. `whole`: no more will come.
pub(super) fn sniff(content_type: &str, bytes: &[u8], whole: bool) -> Sniffed {
    let text = trimmed(bytes);
    if text.starts_with(b"#EXTM3U") {
        return Sniffed::Hls;
    }
    if let Some(other) = magic(bytes) {
        return other;
    }
    if sync(bytes, PACKET) {
        return Sniffed::Ts;
    }
    if sync(bytes, 192) || sync(bytes, 204) {
        return Sniffed::Other(Format::TransportStream);
    }
    let kind = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    if let Some(what) = page(text, &kind) {
        // A page's title may come later than its first bytes.
        return if whole || bytes.len() >= ENOUGH { Sniffed::NotMedia(what) } else { Sniffed::More };
    }
    if !whole && bytes.len() < ENOUGH {
        return Sniffed::More;
    }
    // Garbage before the first packet is common; what says it is TS is read as TS and judged by the feed.
    let says_ts =
        matches!(kind.as_str(), "video/mp2t" | "video/mpeg" | "video/mp2p" | "application/octet-stream");
    if says_ts && !text.is_empty() && !text.is_ascii() {
        return Sniffed::Ts;
    }
    let kind = if kind.is_empty() { "no content type".to_owned() } else { kind };
    Sniffed::NotMedia(format!("not a stream ({kind})"))
}

/// Three sync bytes in a row somewhere in the first packets (ISO 13818-1, 2.4.3.2).
fn sync(bytes: &[u8], size: usize) -> bool {
    let starts = bytes.len().saturating_sub(2 * size).min(ENOUGH);
    (0..starts).any(|at| bytes[at] == 0x47 && bytes[at + size] == 0x47 && bytes[at + 2 * size] == 0x47)
}

fn magic(bytes: &[u8]) -> Option<Sniffed> {
    let other = |format| Some(Sniffed::Other(format));
    let bad = |what: &str| Some(Sniffed::NotMedia(what.to_owned()));
    match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', ..]
        | [_, _, _, _, b's', b't', b'y', b'p', ..]
        | [_, _, _, _, b'm', b'o', b'o', b'f' | b'v', ..]
        | [_, _, _, _, b's', b'i', b'd', b'x', ..] => other(Format::Mp4),
        [b'F', b'L', b'V', 1, ..] => other(Format::Flv),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => other(Format::Matroska),
        [b'O', b'g', b'g', b'S', ..] => other(Format::Ogg),
        [0, 0, 1, 0xba, ..] => other(Format::ProgramStream),
        [b'I', b'D', b'3', ..] => other(Format::Mp3),
        [0x89, b'P', b'N', b'G', ..] => bad("a PNG picture"),
        [0xff, 0xd8, 0xff, ..] => bad("a JPEG picture"),
        [b'G', b'I', b'F', b'8', ..] => bad("a GIF picture"),
        // ADTS: 12 sync bits, layer 0; MP3: 11 sync bits, layer not 0.
        [0xff, second, ..] if second & 0xf6 == 0xf0 => other(Format::Adts),
        [0xff, second, third, ..] if second & 0xe0 == 0xe0 && second & 0x06 != 0 && third >> 4 != 0xf => {
            other(Format::Mp3)
        }
        _ => None,
    }
}

/// HTML, XML, JSON or plain words, with the title or the first words.
fn page(text: &[u8], kind: &str) -> Option<String> {
    let marked = matches!(text.first(), Some(b'<' | b'{' | b'['));
    let said =
        kind.starts_with("text/") || kind.contains("json") || kind.contains("html") || kind.contains("xml");
    let readable = !text.is_empty() && std::str::from_utf8(&text[..text.len().min(64)]).is_ok();
    if !(marked || (said && readable)) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    if memmem::find(&lower, b"<mpd").is_some() {
        return Some("a DASH manifest, which is not read".to_owned());
    }
    let what = match text.first() {
        Some(b'<') => "a web page",
        Some(b'{' | b'[') => "JSON",
        _ => "text",
    };
    let words = match memmem::find(&lower, b"<title") {
        Some(at) => {
            let title = &text[at..];
            let start = memchr::memchr(b'>', title).map_or(title.len(), |end| end + 1);
            let title = &title[start..];
            &title[..memchr::memchr(b'<', title).unwrap_or(title.len())]
        }
        None if what == "a web page" => b"",
        None => text,
    };
    let words: String = String::from_utf8_lossy(words).split_whitespace().collect::<Vec<_>>().join(" ");
    let words: String = mask::text(&words).chars().take(60).collect();
    Some(if words.is_empty() { what.to_owned() } else { format!("{what}: \"{words}\"") })
}

/// Without byte order mark and white space in front.
fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start()
}

#[cfg(test)]
mod tests {
    use super::{Sniffed, sniff};
    use crate::ffmpeg::args::Format;
    use proptest::prelude::*;

    fn ts(packets: usize, size: usize) -> Vec<u8> {
        (0..packets * size).map(|at| if at % size == 0 { 0x47 } else { 0xaa }).collect()
    }

    #[test]
    fn streams_are_known_by_their_bytes_whatever_the_type_says() {
        assert_eq!(sniff("text/html", &ts(7, 188), false), Sniffed::Ts);
        let garbage = [&[0x13; 100][..], &ts(7, 188)].concat();
        assert_eq!(sniff("", &garbage, false), Sniffed::Ts);
        assert_eq!(sniff("video/mp2t", &ts(7, 204), false), Sniffed::Other(Format::TransportStream));
        assert_eq!(sniff("image/webp", b"\xef\xbb\xbf\r\n#EXTM3U\n", false), Sniffed::Hls);
        for (bytes, format) in [
            (&b"\0\0\0\x20ftypisom"[..], Format::Mp4),
            (b"\0\0\0\x20moof....", Format::Mp4),
            (b"FLV\x01\x05", Format::Flv),
            (b"\x1a\x45\xdf\xa3....", Format::Matroska),
            (b"ID3\x04....", Format::Mp3),
            (b"\xff\xfb\x90\x64", Format::Mp3),
            (b"\xff\xf1\x50\x80", Format::Adts),
            (b"OggS....", Format::Ogg),
            (b"\0\0\x01\xba....", Format::ProgramStream),
        ] {
            assert_eq!(sniff("", bytes, false), Sniffed::Other(format));
        }
    }

    #[test]
    fn pages_are_told_with_their_title_and_without_secrets() {
        let page = b"<html><head><TITLE>\n Account  blocked http://h/user/PASS </TITLE></head>";
        let expected = Sniffed::NotMedia("a web page: \"Account blocked http://h/…\"".to_owned());
        assert_eq!(sniff("video/mp2t", page, true), expected);
        assert_eq!(sniff("video/mp2t", page, false), Sniffed::More);
        let json = sniff("application/json", br#"{"error": "x", "password": "PASS"}"#, true);
        assert_eq!(json, Sniffed::NotMedia("JSON: \"{\"error\": \"x\", \"password\": \"…\"}\"".to_owned()));
        assert_eq!(sniff("text/plain", b"blocked", true), Sniffed::NotMedia("text: \"blocked\"".to_owned()));
        assert_eq!(sniff("", b"\x89PNG\r\n", false), Sniffed::NotMedia("a PNG picture".to_owned()));
        assert_eq!(
            sniff("", b"<?xml?><MPD x>", true),
            Sniffed::NotMedia("a DASH manifest, which is not read".to_owned())
        );
        assert_eq!(sniff("", b"", true), Sniffed::NotMedia("not a stream (no content type)".to_owned()));
    }

    #[test]
    fn little_is_waited_for_and_long_garbage_that_says_ts_is_left_to_the_feed() {
        assert_eq!(sniff("video/mp2t", &ts(2, 188), false), Sniffed::More);
        assert_eq!(sniff("video/mp2t", &[0xf7; 5000], false), Sniffed::Ts);
        assert_eq!(
            sniff("audio/x", &[0x13; 5000], false),
            Sniffed::NotMedia("not a stream (audio/x)".to_owned())
        );
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1200), whole: bool) {
            let _ = sniff("text/plain", &bytes, whole);
        }
    }
}
