//! Just enough PSI to choose among a stream's sounds by language. Pure.

/// The position, among the PMT's sounds, of the first with that language; the first of all otherwise.
///
/// `packets`: whole TS packets from the beginning of a chunk, which begins with PAT and PMT.
pub(super) fn sound_with_language(packets: &[u8], language: &str) -> usize {
    let wanted = canonical(language);
    let languages = sounds(packets);
    languages.iter().position(|spoken| canonical(spoken) == wanted).unwrap_or(0)
}

/// The languages (may be empty) of all sounds of the first programme, in PMT order.
fn sounds(packets: &[u8]) -> Vec<String> {
    let Some(pmt_pid) = section(packets, 0).and_then(|pat| first_programme(&pat)) else { return Vec::new() };
    section(packets, pmt_pid).map(|pmt| languages(&pmt)).unwrap_or_default()
}

/// The first section of a PID, put together from its packets (ISO 13818-1, 2.4.4).
fn section(packets: &[u8], pid: u16) -> Option<Vec<u8>> {
    let mut section: Vec<u8> = Vec::new();
    for packet in packets.chunks_exact(188) {
        let this = u16::from(packet[1] & 0x1f) << 8 | u16::from(packet[2]);
        if packet[0] != 0x47 || this != pid {
            continue;
        }
        let skip = if packet[3] & 0x20 == 0 { 4 } else { 5 + usize::from(packet[4]) };
        let payload = packet.get(skip..).filter(|_| packet[3] & 0x10 != 0)?;
        if packet[1] & 0x40 != 0 {
            section.clear();
            section.extend_from_slice(payload.get(1 + usize::from(*payload.first()?)..)?);
        } else if !section.is_empty() {
            section.extend_from_slice(payload);
        }
        if section.len() >= 3 {
            let length = 3 + (usize::from(section[1] & 0x0f) << 8 | usize::from(section[2]));
            if section.len() >= length && length > 4 {
                // Without the checksum: our own feed wrote it.
                section.truncate(length - 4);
                return Some(section);
            }
        }
    }
    None
}

fn first_programme(pat: &[u8]) -> Option<u16> {
    let entries = pat.get(8..)?.chunks_exact(4);
    let mut programmes = entries.filter(|entry| entry[..2] != [0, 0]);
    programmes.next().map(|entry| u16::from(entry[2] & 0x1f) << 8 | u16::from(entry[3]))
}

fn languages(pmt: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let Some(info) = pmt.get(10..12) else { return found };
    let mut at = 12 + (usize::from(info[0] & 0x0f) << 8 | usize::from(info[1]));
    while let Some(head) = pmt.get(at..at + 5) {
        let length = usize::from(head[3] & 0x0f) << 8 | usize::from(head[4]);
        let descriptors = pmt.get(at + 5..(at + 5 + length).min(pmt.len())).unwrap_or_default();
        if is_sound(head[0], descriptors) {
            let language = descriptor(descriptors, 0x0a).and_then(|body| body.get(..3));
            found.push(language.map(|code| String::from_utf8_lossy(code).into_owned()).unwrap_or_default());
        }
        at += 5 + length;
    }
    found
}

/// By stream type, and for private data by the descriptors of AC-3, E-AC-3, DTS, AAC (ETSI EN 300 468).
fn is_sound(stream_type: u8, descriptors: &[u8]) -> bool {
    match stream_type {
        0x03 | 0x04 | 0x0f | 0x11 | 0x81 | 0x82 | 0x84 | 0x85 | 0x87 | 0x8a => true,
        0x06 => [0x6a, 0x7a, 0x7b, 0x7c].iter().any(|tag| descriptor(descriptors, *tag).is_some()),
        _ => false,
    }
}

fn descriptor(mut all: &[u8], wanted: u8) -> Option<&[u8]> {
    while let [tag, length, rest @ ..] = all {
        let body = rest.get(..usize::from(*length))?;
        if *tag == wanted {
            return Some(body);
        }
        all = &rest[body.len()..];
    }
    None
}

/// One form for the codes of ISO 639-1, 639-2/B and 639-2/T.
fn canonical(code: &str) -> String {
    const ALIASES: [(&str, &str); 36] = [
        ("fr", "fra"),
        ("fre", "fra"),
        ("en", "eng"),
        ("de", "deu"),
        ("ger", "deu"),
        ("es", "spa"),
        ("it", "ita"),
        ("pt", "por"),
        ("nl", "nld"),
        ("dut", "nld"),
        ("ar", "ara"),
        ("ru", "rus"),
        ("pl", "pol"),
        ("tr", "tur"),
        ("el", "ell"),
        ("gre", "ell"),
        ("cs", "ces"),
        ("cze", "ces"),
        ("ro", "ron"),
        ("rum", "ron"),
        ("sk", "slk"),
        ("slo", "slk"),
        ("zh", "zho"),
        ("chi", "zho"),
        ("fa", "fas"),
        ("per", "fas"),
        ("sq", "sqi"),
        ("alb", "sqi"),
        ("hu", "hun"),
        ("sv", "swe"),
        ("da", "dan"),
        ("no", "nor"),
        ("fi", "fin"),
        ("ja", "jpn"),
        ("ko", "kor"),
        ("he", "heb"),
    ];
    let code = code.trim().to_ascii_lowercase();
    let base = code.split(['-', '_']).next().unwrap_or("");
    ALIASES.iter().find(|(alias, _)| *alias == base).map_or(base, |(_, canonical)| canonical).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{canonical, sound_with_language};
    use proptest::prelude::*;

    fn packet(pid: u16, section: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x47, 0x40 | (pid >> 8) as u8, pid as u8, 0x10, 0];
        packet.extend_from_slice(section);
        packet.resize(188, 0xff);
        packet
    }

    fn stream() -> Vec<u8> {
        let pat = [0, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xe1, 0x00, 0, 0, 0, 0];
        let mut pmt = vec![2, 0xb0, 0, 0, 1, 0xc1, 0, 0, 0xe1, 0x01, 0xf0, 0];
        pmt.extend([0x1b, 0xe1, 0x01, 0xf0, 0]);
        pmt.extend([0x03, 0xe1, 0x02, 0xf0, 6, 0x0a, 4, b'e', b'n', b'g', 0]);
        pmt.extend([0x06, 0xe1, 0x03, 0xf0, 6, 0x0a, 4, b'd', b'e', b'u', 0]);
        pmt.extend([0x06, 0xe1, 0x04, 0xf0, 9, 0x6a, 1, 0, 0x0a, 4, b'f', b'r', b'e', 0]);
        pmt.extend([0; 4]);
        pmt[2] = (pmt.len() - 3) as u8;
        [packet(0, &pat), packet(0x100, &pmt)].concat()
    }

    #[test]
    fn the_configured_language_is_found_among_the_sounds() {
        assert_eq!(sound_with_language(&stream(), "eng"), 0);
        assert_eq!(sound_with_language(&stream(), "fr"), 1);
        assert_eq!(sound_with_language(&stream(), "fr-CA"), 1);
        // Subtitles in German are no sound.
        assert_eq!(sound_with_language(&stream(), "de"), 0);
        assert_eq!(sound_with_language(&[], "fr"), 0);
        assert_eq!((canonical("FRE"), canonical("xx")), ("fra".to_owned(), "xx".to_owned()));
    }

    proptest! {
        #[test]
        fn never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 376..800)) {
            bytes[..188].copy_from_slice(&stream()[..188]);
            (bytes[188], bytes[189], bytes[190]) = (0x47, 0x41, 0);
            let _ = sound_with_language(&bytes, "fr");
        }
    }
}
