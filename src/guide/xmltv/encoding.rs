//! The bytes of a guide as UTF-8, whatever encoding it declares.
//!
//! Text that is said to be UTF-8 passes untouched: [`super::text`] sees to bytes in it that are not.

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// A declaration is looked for in so many bytes.
const DECLARATION: usize = 1024;

/// Turns pieces into UTF-8.
pub(super) struct Transcoder {
    state: State,
    out: Vec<u8>,
}

enum State {
    /// The beginning, until it is known what it is.
    Undecided(Vec<u8>),
    Utf8,
    Other(Box<Decoder>),
}

impl Transcoder {
    pub(super) fn new() -> Self {
        Self { state: State::Undecided(Vec::new()), out: Vec::new() }
    }

    /// The next piece as UTF-8. `last`: nothing comes after it.
    pub(super) fn push<'a>(&'a mut self, piece: &'a [u8], last: bool) -> &'a [u8] {
        self.out.clear();
        let State::Undecided(begin) = &mut self.state else {
            return match &mut self.state {
                State::Other(decoder) => {
                    decode(decoder, piece, last, &mut self.out);
                    &self.out
                }
                State::Utf8 | State::Undecided(_) => piece,
            };
        };
        begin.extend_from_slice(piece);
        if !last && begin.len() < DECLARATION && !begin.contains(&b'>') {
            return &[];
        }
        let begin = std::mem::take(begin);
        let (encoding, skip) = encoding(&begin);
        if encoding == UTF_8 {
            self.state = State::Utf8;
            self.out.extend_from_slice(&begin[skip..]);
        } else {
            let mut decoder = Box::new(encoding.new_decoder_without_bom_handling());
            decode(&mut decoder, &begin[skip..], last, &mut self.out);
            self.state = State::Other(decoder);
        }
        &self.out
    }
}

fn decode(decoder: &mut Decoder, mut from: &[u8], last: bool, to: &mut Vec<u8>) {
    loop {
        let room = decoder.max_utf8_buffer_length(from.len()).unwrap_or(from.len() * 3 + 16);
        let filled = to.len();
        to.resize(filled + room, 0);
        let (result, read, written, _) = decoder.decode_to_utf8(from, &mut to[filled..], last);
        to.truncate(filled + written);
        from = &from[read..];
        if result == encoding_rs::CoderResult::InputEmpty {
            return;
        }
    }
}

/// The encoding by byte-order mark or declaration, and the mark's length.
fn encoding(begin: &[u8]) -> (&'static Encoding, usize) {
    if let Some((encoding, length)) = Encoding::for_bom(begin) {
        return (encoding, length);
    }
    match begin {
        [b'<', 0, ..] => return (UTF_16LE, 0),
        [0, b'<', ..] => return (UTF_16BE, 0),
        _ => {}
    }
    let encoding = declared(begin).and_then(Encoding::for_label).unwrap_or(UTF_8);
    // Text that could be read so far is not UTF-16, whatever it says.
    if encoding.is_ascii_compatible() { (encoding, 0) } else { (UTF_8, 0) }
}

/// The value of `encoding` in `<?xml … ?>`.
fn declared(begin: &[u8]) -> Option<&[u8]> {
    let begin = begin.trim_ascii_start().strip_prefix(b"<?xml")?;
    let declaration = &begin[..memchr::memchr(b'>', begin)?];
    let at = memchr::memmem::find(declaration, b"encoding")? + b"encoding".len();
    let value = declaration[at..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (&quote, value) = value.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
    Some(&value[..memchr::memchr(quote, value)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(bytes: &[u8], piece: usize) -> String {
        let mut transcoder = Transcoder::new();
        let mut all = Vec::new();
        for piece in bytes.chunks(piece) {
            all.extend_from_slice(transcoder.push(piece, false));
        }
        all.extend_from_slice(transcoder.push(&[], true));
        String::from_utf8_lossy(&all).into_owned()
    }

    #[test]
    fn declared_encodings_and_marks_are_obeyed_in_pieces_of_any_size() {
        let utf16 = |big: bool| -> Vec<u8> {
            let units = "\u{feff}<?xml encoding='utf-16'?><tv>é\u{1f600}</tv>".encode_utf16();
            units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        for (bytes, expected) in [
            (b"<?xml version='1.0' encoding='ISO-8859-1'?><tv>\xe9</tv>".to_vec(), "<tv>é</tv>"),
            (b"<?xml version=\"1.0\" encoding = \"windows-1250\" ?><tv>\x9c</tv>".to_vec(), "<tv>ś</tv>"),
            (b"<?xml version='1.0' encoding='windows-1252'?><tv>\x80</tv>".to_vec(), "<tv>€</tv>"),
            ("<?xml version='1.0' encoding='utf-8'?><tv>é</tv>".into(), "<tv>é</tv>"),
            ("<?xml version='1.0' encoding='klingon'?><tv>é</tv>".into(), "<tv>é</tv>"),
            ("<?xml version='1.0' encoding='utf-16'?><tv>é</tv>".into(), "<tv>é</tv>"),
            ("\u{feff}<tv>é</tv>".into(), "<tv>é</tv>"),
            (utf16(true), "<tv>é\u{1f600}</tv>"),
            (utf16(false), "<tv>é\u{1f600}</tv>"),
            ("é".into(), "é"),
        ] {
            for piece in [1, 3, 4096] {
                let text = whole(&bytes, piece);
                assert!(text.ends_with(expected) && !text.starts_with('\u{feff}'), "{piece}: {text}");
            }
        }
        assert_eq!(whole(b"", 1), "");
    }
}
