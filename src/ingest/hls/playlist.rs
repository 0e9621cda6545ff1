//! Playlists: read with m3u8-rs after tidying, and the choice among variants. Pure.

use super::super::{Ended, ended};
use crate::wire::Reason;
use m3u8_rs::{AlternativeMediaType, MasterPlaylist, MediaPlaylist, Playlist, VariantStream};

/// What a media playlist is called where people see it.
const BAD: &str = "the playlist can't be read";

/// Reads a playlist of either kind.
pub(super) fn parse(bytes: &[u8]) -> Result<Playlist, Ended> {
    let text = tidy(&String::from_utf8_lossy(bytes));
    if !text.starts_with("#EXTM3U") {
        return Err(ended(Reason::NotMedia, "what came instead of a playlist is none"));
    }
    m3u8_rs::parse_playlist_res(text.as_bytes()).map_err(|_| ended(Reason::NotMedia, BAD))
}

/// Reads a media playlist; a master playlist in its place is an error.
pub(super) fn parse_media(bytes: &[u8]) -> Result<MediaPlaylist, Ended> {
    match parse(bytes)? {
        Playlist::MediaPlaylist(media) => Ok(media),
        Playlist::MasterPlaylist(_) => {
            Err(ended(Reason::NotMedia, "a variant leads to another list of variants"))
        }
    }
}

/// Drops what is not needed and what the parser is strict about (dates without a colon, comments), rounds fractional
/// target durations up, and ends the last line.
fn tidy(text: &str) -> String {
    const DROPPED: [&str; 5] = [
        "#EXT-X-PROGRAM-DATE-TIME",
        "#EXT-X-DATERANGE",
        "#EXT-X-SESSION-",
        "#EXT-X-START",
        "#EXT-X-PLAYLIST-TYPE",
    ];
    let mut out = String::with_capacity(text.len() + 1);
    for line in text.trim_start_matches('\u{feff}').lines().map(str::trim) {
        let comment = line.starts_with('#') && !line.starts_with("#EXT");
        if line.is_empty() || comment || DROPPED.iter().any(|tag| line.starts_with(tag)) {
            continue;
        }
        // The parser wants an IV where there is nothing to decrypt.
        let line =
            if line.starts_with("#EXT-X-KEY:METHOD=NONE") { "#EXT-X-KEY:METHOD=NONE,IV=0x0" } else { line };
        match line.strip_prefix("#EXT-X-TARGETDURATION:").and_then(|value| value.trim().parse::<f64>().ok()) {
            Some(seconds) => {
                out.push_str(&format!("#EXT-X-TARGETDURATION:{}", seconds.ceil().clamp(0.0, 3600.0) as u64))
            }
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

/// The variant that is pulled, and its sound where that is a playlist of its own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) uri: String,
    pub(super) audio: Option<String>,
}

/// The variant with the highest bandwidth whose codecs TS can carry; at the same bandwidth, one with its sound inside.
pub(super) fn choose(master: &MasterPlaylist) -> Result<Choice, Ended> {
    let listed = || master.variants.iter().filter(|variant| !variant.is_i_frame && !variant.uri.is_empty());
    let carried: Vec<&VariantStream> = listed().filter(|variant| is_carried(variant)).collect();
    let with_picture = carried.iter().any(|variant| !is_sound_only(variant));
    let fitting = carried.into_iter().filter(|variant| !with_picture || !is_sound_only(variant));
    let best = fitting.max_by_key(|variant| (variant.bandwidth, separate_sound(master, variant).is_none()));
    match best {
        Some(best) => Ok(Choice { uri: best.uri.clone(), audio: separate_sound(master, best) }),
        None if listed().next().is_some() => {
            Err(ended(Reason::Codec, "MPEG-TS can't carry the codecs of any variant"))
        }
        None => Err(ended(Reason::NotMedia, "the list of variants is empty")),
    }
}

fn is_carried(variant: &VariantStream) -> bool {
    const NOT_CARRIED: [&str; 6] = ["av01", "vp08", "vp09", "vp8", "vp9", "ac-4"];
    let codecs = variant.codecs.as_deref().unwrap_or("");
    !codecs.split(',').any(|codec| NOT_CARRIED.iter().any(|bad| codec.trim().starts_with(bad)))
}

fn is_sound_only(variant: &VariantStream) -> bool {
    const SOUNDS: [&str; 6] = ["mp4a", "ac-3", "ec-3", "opus", "mp3", "fLaC"];
    let sound = |codec: &str| SOUNDS.iter().any(|sound| codec.trim().starts_with(sound));
    variant.resolution.is_none()
        && variant.codecs.as_deref().is_some_and(|codecs| codecs.split(',').all(sound))
}

/// The default (else the first) rendition of the variant's group of sounds; `None` where one is in the variant itself.
fn separate_sound(master: &MasterPlaylist, variant: &VariantStream) -> Option<String> {
    let group = variant.audio.as_deref()?;
    let mut sounds: Vec<_> = master
        .alternatives
        .iter()
        .filter(|media| media.media_type == AlternativeMediaType::Audio && media.group_id == group)
        .collect();
    sounds.sort_by_key(|media| !media.default);
    if sounds.iter().any(|media| media.uri.is_none()) {
        return None;
    }
    sounds.first().and_then(|media| media.uri.clone()).filter(|uri| *uri != variant.uri)
}

#[cfg(test)]
mod tests {
    use super::{Choice, choose, parse, parse_media};
    use m3u8_rs::Playlist;
    use proptest::prelude::*;

    fn pick(text: &str) -> Result<Choice, String> {
        match parse(text.as_bytes()).expect("playlist") {
            Playlist::MasterPlaylist(master) => choose(&master).map_err(|end| end.detail),
            Playlist::MediaPlaylist(_) => panic!("not a master playlist"),
        }
    }

    fn only(uri: &str) -> Result<Choice, String> {
        Ok(Choice { uri: uri.to_owned(), audio: None })
    }

    #[test]
    fn the_best_variant_that_ts_can_carry() {
        let text = "#EXTM3U\n\
            #EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=9000000,URI=\"i.m3u8\"\n\
            #EXT-X-STREAM-INF:BANDWIDTH=100,CODECS=\"mp4a.40.2\"\nradio.m3u8\n\
            #EXT-X-STREAM-INF:BANDWIDTH=3000,CODECS=\"av01.0,mp4a.40.2\",RESOLUTION=1x1\nav1.m3u8\n\
            #EXT-X-STREAM-INF:BANDWIDTH=1000,RESOLUTION=640x360\nlow.m3u8\n\
            #EXT-X-STREAM-INF:BANDWIDTH=2000,CODECS=\"avc1.4d401f,mp4a.40.2\",RESOLUTION=1280x720\nhigh.m3u8?t=1\n";
        assert_eq!(pick(text), only("high.m3u8?t=1"));
        assert_eq!(
            pick("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"mp4a.40.2\"\nradio.m3u8"),
            only("radio.m3u8")
        );
        let none = pick("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"vp09.0\"\nx.m3u8\n");
        assert_eq!(none, Err("MPEG-TS can't carry the codecs of any variant".to_owned()));
    }

    #[test]
    fn separate_sound_is_seen() {
        let master =
            |media: &str| format!("#EXTM3U\n{media}#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nv.m3u8\n");
        let inside = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"fr\",DEFAULT=YES\n";
        let outside = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",URI=\"en.m3u8\"\n\
                       #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"de\",DEFAULT=YES,URI=\"de.m3u8\"\n";
        assert_eq!(pick(&master(inside)), only("v.m3u8"));
        assert_eq!(pick(&master(&format!("{inside}{outside}"))), only("v.m3u8"));
        assert_eq!(pick(&master(outside)).map(|choice| choice.audio), Ok(Some("de.m3u8".to_owned())));
    }

    #[test]
    fn odd_playlists_are_read() {
        let text = "\u{feff}#EXTM3U\r\n# comment\r\n#EXT-X-VERSION:3\r\n#EXT-X-TARGETDURATION:9.6\r\n\r\n#EXT-X-MEDIA-SEQUENCE:7\r\n\
            #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00+0000\r\n#EXTINF:9.6\r\na.ts\r\n#EXTINF:10,\r\n#EXT-X-DISCONTINUITY\r\nb.webp?x=1";
        let media = parse_media(text.as_bytes()).expect("media");
        assert_eq!((media.target_duration, media.media_sequence, media.segments.len()), (10, 7, 2));
        assert_eq!((media.segments[0].uri.as_str(), media.segments[0].duration), ("a.ts", 9.6));
        assert!(media.segments[1].discontinuity && media.segments[1].uri == "b.webp?x=1");
        assert!(parse(b"<html>").is_err());
        assert!(parse_media(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in "(#EXTM3U\n)?(#EXT[-A-Z]{0,20}:?[0-9a-zA-Z\",=.@-]{0,30}\n|[a-z/.]{0,9}\n){0,12}") {
            let _ = parse(text.as_bytes());
        }
    }
}
