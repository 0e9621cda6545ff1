//! Characters out of bytes: entities, bytes that are not UTF-8, control characters, length.

use encoding_rs::WINDOWS_1252;
use std::borrow::Cow;

/// A value that is being put together, of at most so many characters.
#[derive(Debug, Clone, Default)]
pub(super) struct Value {
    text: String,
    left: usize,
}

impl Value {
    pub(super) fn new(longest: usize) -> Self {
        Self { text: String::new(), left: longest }
    }

    /// Appends text without entities.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.left > 0 {
            decoded(bytes).chars().for_each(|c| self.put(c));
        }
    }

    /// Appends what `&name;` stands for; what is not known stays as it is written.
    pub(super) fn push_entity(&mut self, name: &[u8]) {
        match entity(name) {
            Some(Some(c)) => self.put(c),
            Some(None) => {}
            None => {
                self.put('&');
                self.push(name);
                self.put(';');
            }
        }
    }

    /// White space runs become one blank, line feeds excepted; what XML can't hold is left out.
    fn put(&mut self, c: char) {
        if self.left == 0 {
            return;
        }
        let c = match c {
            '\n' => {
                self.text.truncate(self.text.trim_end_matches(' ').len());
                '\n'
            }
            c if c.is_whitespace() => {
                if self.text.ends_with([' ', '\n']) {
                    return;
                }
                ' '
            }
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => return,
            c => c,
        };
        if self.text.is_empty() && c.is_whitespace() {
            return;
        }
        self.left -= 1;
        self.text.push(c);
    }

    /// The value with its line feeds; `None`: there is nothing in it.
    pub(super) fn finish(mut self) -> Option<String> {
        self.text.truncate(self.text.trim_end().len());
        (!self.text.is_empty()).then_some(self.text)
    }

    /// The value in one line.
    pub(super) fn line(self) -> Option<String> {
        let text = self.finish()?;
        Some(if text.contains('\n') { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { text })
    }
}

/// An attribute's value in one line, its entities replaced.
pub(super) fn attribute(raw: &[u8], longest: usize) -> Option<String> {
    let mut value = Value::new(longest);
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'&', rest) {
        value.push(&rest[..at]);
        let name = &rest[at + 1..];
        match memchr::memchr(b';', &name[..name.len().min(LONGEST_ENTITY)]) {
            Some(end) if end > 0 => {
                value.push_entity(&name[..end]);
                rest = &name[end + 1..];
            }
            _ => {
                value.push(b"&");
                rest = name;
            }
        }
    }
    value.push(rest);
    value.line()
}

/// UTF-8; where it is not, the windows-1252 that such text mostly is.
fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

/// `#x10ffff` and the longest of [`NAMED`].
const LONGEST_ENTITY: usize = 10;

/// The character; `Some(None)`: one that can't be; `None`: an entity that is not known.
#[allow(clippy::option_option)] // three cases
fn entity(name: &[u8]) -> Option<Option<char>> {
    let name = std::str::from_utf8(name).ok()?;
    let Some(number) = name.strip_prefix('#') else {
        return NAMED.binary_search_by_key(&name, |(known, _)| known).ok().map(|at| Some(NAMED[at].1));
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse::<u32>(),
    };
    Some(match code.ok()? {
        // Written by those who take windows-1252 for Unicode.
        code @ 0x80..=0x9f => {
            let byte = [u8::try_from(code).ok()?];
            WINDOWS_1252.decode_without_bom_handling(&byte).0.chars().next()
        }
        code => char::from_u32(code),
    })
}

/// XML's five, and those of HTML that guides have although XML does not. In order.
const NAMED: &[(&str, char)] = &[
    ("AElig", 'Æ'),
    ("Aacute", 'Á'),
    ("Acirc", 'Â'),
    ("Agrave", 'À'),
    ("Aring", 'Å'),
    ("Atilde", 'Ã'),
    ("Auml", 'Ä'),
    ("Ccedil", 'Ç'),
    ("ETH", 'Ð'),
    ("Eacute", 'É'),
    ("Ecirc", 'Ê'),
    ("Egrave", 'È'),
    ("Euml", 'Ë'),
    ("Iacute", 'Í'),
    ("Icirc", 'Î'),
    ("Igrave", 'Ì'),
    ("Iuml", 'Ï'),
    ("Ntilde", 'Ñ'),
    ("OElig", 'Œ'),
    ("Oacute", 'Ó'),
    ("Ocirc", 'Ô'),
    ("Ograve", 'Ò'),
    ("Oslash", 'Ø'),
    ("Otilde", 'Õ'),
    ("Ouml", 'Ö'),
    ("Scaron", 'Š'),
    ("THORN", 'Þ'),
    ("Uacute", 'Ú'),
    ("Ucirc", 'Û'),
    ("Ugrave", 'Ù'),
    ("Uuml", 'Ü'),
    ("Yacute", 'Ý'),
    ("Yuml", 'Ÿ'),
    ("aacute", 'á'),
    ("acirc", 'â'),
    ("aelig", 'æ'),
    ("agrave", 'à'),
    ("amp", '&'),
    ("apos", '\''),
    ("aring", 'å'),
    ("atilde", 'ã'),
    ("auml", 'ä'),
    ("bull", '•'),
    ("ccedil", 'ç'),
    ("copy", '©'),
    ("deg", '°'),
    ("eacute", 'é'),
    ("ecirc", 'ê'),
    ("egrave", 'è'),
    ("eth", 'ð'),
    ("euml", 'ë'),
    ("euro", '€'),
    ("gt", '>'),
    ("hellip", '…'),
    ("iacute", 'í'),
    ("icirc", 'î'),
    ("iexcl", '¡'),
    ("igrave", 'ì'),
    ("iquest", '¿'),
    ("iuml", 'ï'),
    ("laquo", '«'),
    ("ldquo", '“'),
    ("lsquo", '‘'),
    ("lt", '<'),
    ("mdash", '—'),
    ("middot", '·'),
    ("nbsp", ' '),
    ("ndash", '–'),
    ("ntilde", 'ñ'),
    ("oacute", 'ó'),
    ("ocirc", 'ô'),
    ("oelig", 'œ'),
    ("ograve", 'ò'),
    ("oslash", 'ø'),
    ("otilde", 'õ'),
    ("ouml", 'ö'),
    ("pound", '£'),
    ("quot", '"'),
    ("raquo", '»'),
    ("rdquo", '”'),
    ("reg", '®'),
    ("rsquo", '’'),
    ("scaron", 'š'),
    ("sect", '§'),
    ("shy", '\u{ad}'),
    ("szlig", 'ß'),
    ("thorn", 'þ'),
    ("trade", '™'),
    ("uacute", 'ú'),
    ("ucirc", 'û'),
    ("ugrave", 'ù'),
    ("uuml", 'ü'),
    ("yacute", 'ý'),
    ("yuml", 'ÿ'),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn entities_known_and_unknown() {
        assert!(NAMED.is_sorted_by_key(|(name, _)| name));
        assert!(NAMED.iter().all(|(name, _)| name.len() < LONGEST_ENTITY));
        for (raw, expected) in [
            (&b"Tom &amp; Jerry"[..], "Tom & Jerry"),
            (b"Tom & Jerry; again", "Tom & Jerry; again"),
            (b"&eacute;&#233;&#xE9;&#XE9;", "éééé"),
            (b"It&#146;s", "It\u{2019}s"),
            (b"&unknown; &;", "&unknown; &;"),
            (b"&#0;&#xD800;&#x110000;&#xfffe;x", "x"),
            (b"&#99999999999;", "&#99999999999;"),
            (b"caf\xe9 \x80", "café €"),
            (b" a\t\r\n\0 b ", "a b"),
        ] {
            assert_eq!(attribute(raw, 100).as_deref(), Some(expected));
        }
        assert_eq!(attribute(b" \n ", 100), None);
    }

    #[test]
    fn line_feeds_stay_where_they_may_and_length_is_capped() {
        let mut value = Value::new(100);
        value.push(b"\n one  \n  two\r\n");
        assert_eq!(value.clone().finish().as_deref(), Some("one\ntwo"));
        assert_eq!(value.line().as_deref(), Some("one two"));
        assert_eq!(attribute("é".repeat(20).as_bytes(), 7).map(|text| text.chars().count()), Some(7));
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_what_comes_fits_into_xml(raw in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Some(text) = attribute(&raw, 20) {
                prop_assert!(text.chars().count() <= 20 && !text.contains(char::is_control));
            }
        }
    }
}
