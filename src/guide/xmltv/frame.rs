//! Finds the channels and programmes in a document that comes in pieces, each as a slice of its own.
//!
//! A fault inside of one then never reaches the next: where a tag is not closed, or an element begins within another,
//! the broken one is told and the search goes on. Memory is one element's, whatever the document's length.

use super::NotXmltv;

/// An element of more than this is broken.
const LONGEST_ELEMENT: usize = 1 << 20;
/// A tag, and a document type with its own declarations, of more than this is broken.
const LONGEST_TAG: usize = 64 << 10;
/// So much without an element is no guide.
const LONGEST_PREFACE: usize = 256 << 10;

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Channel,
    Programme,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// From its first `<` to its last `>`.
    Whole(Kind, &'a [u8]),
    /// One that is too long, or that another one interrupts.
    Broken(Kind),
}

/// How a document ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// Its last element was closed, and then the document.
    pub(super) whole: bool,
    /// It had a beginning.
    pub(super) any: bool,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Between tags.
    Text,
    /// After a `<` at this place.
    Markup(usize),
    /// In a tag that begins there; in quotes or not.
    Tag(usize, Option<u8>),
    /// In what ends with these bytes: a comment, CDATA, a processing instruction.
    Until(&'static [u8]),
    /// In a document type that begins there; within its brackets or not.
    Doctype(usize, bool),
}

/// Splits a document.
pub(super) struct Framer {
    /// What is not done with: nothing, or from the open element, or from the open tag on.
    buf: Vec<u8>,
    /// What was looked at.
    at: usize,
    state: State,
    /// The open element, and where it begins.
    open: Option<(Kind, usize)>,
    /// A tag was seen.
    any: bool,
    whole: bool,
    preface: usize,
}

impl Framer {
    pub(super) fn new() -> Self {
        Self { buf: Vec::new(), at: 0, state: State::Text, open: None, any: false, whole: false, preface: 0 }
    }

    /// Takes the next piece and gives what it completes.
    pub(super) fn push(&mut self, piece: &[u8], mut give: impl FnMut(Frame<'_>)) -> Result<(), NotXmltv> {
        if !self.any {
            self.preface += piece.len();
        }
        self.buf.extend_from_slice(piece);
        while self.step(&mut give)? {}
        if !self.any && self.preface > LONGEST_PREFACE {
            return Err(NotXmltv("something that is not XML"));
        }
        if let Some((kind, start)) = self.open
            && self.buf.len() - start > LONGEST_ELEMENT
        {
            give(Frame::Broken(kind));
            self.open = None;
        }
        self.forget();
        Ok(())
    }

    /// Nothing comes after this.
    pub(super) fn finish(&self) -> End {
        let between = matches!(self.state, State::Text) && self.open.is_none();
        End { whole: self.whole && between, any: self.any }
    }

    /// Drops the bytes that nobody needs again.
    fn forget(&mut self) {
        let needed = match (self.open, self.state) {
            (Some((_, start)), _) => start,
            (None, State::Markup(start) | State::Tag(start, _) | State::Doctype(start, _)) => start,
            (None, State::Until(_) | State::Text) => self.at,
        };
        if needed == 0 {
            return;
        }
        self.buf.drain(..needed);
        self.at -= needed;
        if let Some((_, start)) = &mut self.open {
            *start -= needed;
        }
        if let State::Markup(start) | State::Tag(start, _) | State::Doctype(start, _) = &mut self.state {
            *start -= needed;
        }
    }

    /// One step; `false`: more bytes are needed.
    fn step(&mut self, give: &mut impl FnMut(Frame<'_>)) -> Result<bool, NotXmltv> {
        match self.state {
            State::Text => {
                let Some(found) = memchr::memchr(b'<', &self.buf[self.at..]) else {
                    self.at = self.buf.len();
                    return Ok(false);
                };
                let start = self.at + found;
                self.at = start + 1;
                self.state = State::Markup(start);
                Ok(true)
            }
            State::Markup(start) => Ok(self.markup(start)),
            State::Until(end) => {
                // As far back as an end may have begun in the last piece.
                let Some(found) = memchr::memmem::find(&self.buf[self.at..], end) else {
                    self.at = self.at.max(self.buf.len().saturating_sub(end.len() - 1));
                    return Ok(false);
                };
                self.at += found + end.len();
                self.state = State::Text;
                Ok(true)
            }
            State::Doctype(start, inner) => self.doctype(start, inner),
            State::Tag(start, quote) => self.tag(start, quote, give),
        }
    }

    /// What a `<` begins.
    fn markup(&mut self, start: usize) -> bool {
        const OPENERS: [(&[u8], &[u8]); 3] = [(b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>")];
        const DOCTYPE: &[u8] = b"<!DOCTYPE";
        let rest = &self.buf[start..];
        for (opener, end) in OPENERS {
            if rest.starts_with(opener) {
                self.at = start + opener.len();
                self.state = State::Until(end);
                return true;
            }
        }
        let is_doctype = |begin: &[u8]| DOCTYPE[..begin.len()].eq_ignore_ascii_case(begin);
        if rest.len() >= DOCTYPE.len() && is_doctype(&rest[..DOCTYPE.len()]) {
            self.at = start + DOCTYPE.len();
            self.state = State::Doctype(start, false);
            return true;
        }
        let may_become = |opener: &[u8]| opener.starts_with(rest);
        if OPENERS.iter().any(|(opener, _)| may_become(opener))
            || (rest.len() < DOCTYPE.len() && is_doctype(rest))
        {
            return false;
        }
        self.at = start + 1;
        self.state = State::Tag(start, None);
        true
    }

    /// Declarations of a document's own are passed over, but for entities, which can make a line a gigabyte.
    fn doctype(&mut self, start: usize, mut inner: bool) -> Result<bool, NotXmltv> {
        while let Some(&byte) = self.buf.get(self.at) {
            self.at += 1;
            match byte {
                b'[' => inner = true,
                b']' => inner = false,
                b'>' if !inner => {
                    if has_entity(&self.buf[start..self.at]) {
                        return Err(NotXmltv("a document that declares entities of its own"));
                    }
                    self.state = State::Text;
                    return Ok(true);
                }
                _ => {}
            }
        }
        if self.at - start > LONGEST_TAG {
            return Err(NotXmltv("a document that declares entities of its own"));
        }
        self.state = State::Doctype(start, inner);
        Ok(false)
    }

    fn tag(
        &mut self,
        start: usize,
        mut quote: Option<u8>,
        give: &mut impl FnMut(Frame<'_>),
    ) -> Result<bool, NotXmltv> {
        while let Some(&byte) = self.buf.get(self.at) {
            match (byte, quote) {
                // Not allowed in a tag, quotes included: the tag is broken, and this may be a good one.
                (b'<', _) => {
                    self.state = State::Markup(self.at);
                    self.at += 1;
                    return Ok(true);
                }
                (b'>', None) => {
                    self.at += 1;
                    self.state = State::Text;
                    self.tagged(start, give)?;
                    return Ok(true);
                }
                (b'"' | b'\'', None) => quote = Some(byte),
                (_, Some(open)) if byte == open => quote = None,
                _ => {}
            }
            self.at += 1;
        }
        if self.at - start > LONGEST_TAG {
            // Nothing of it is wanted.
            if let Some((kind, _)) = self.open.take() {
                give(Frame::Broken(kind));
            }
            self.state = State::Text;
        } else {
            self.state = State::Tag(start, quote);
        }
        Ok(false)
    }

    /// A tag from `start` to `at` is complete.
    fn tagged(&mut self, start: usize, give: &mut impl FnMut(Frame<'_>)) -> Result<(), NotXmltv> {
        let tag = &self.buf[start + 1..self.at - 1];
        let closing = tag.first() == Some(&b'/');
        let empty = tag.last() == Some(&b'/');
        let name = &tag[usize::from(closing)..];
        let end = name.iter().position(|b| b.is_ascii_whitespace() || *b == b'/').unwrap_or(name.len());
        let kind = match &name[..end] {
            b"channel" => Some(Kind::Channel),
            b"programme" => Some(Kind::Programme),
            b"tv" => None,
            _ if self.any => return Ok(()),
            b"html" | b"HTML" | b"head" | b"body" => return Err(NotXmltv("a web page")),
            _ => return Err(NotXmltv("XML that is no XMLTV guide")),
        };
        self.any = true;
        if closing {
            match (self.open, kind) {
                (Some((open, from)), Some(kind)) if open == kind => {
                    give(Frame::Whole(kind, &self.buf[from..self.at]));
                    self.open = None;
                }
                (_, None) => {
                    self.interrupted(give);
                    self.whole = true;
                }
                _ => {}
            }
            return Ok(());
        }
        self.interrupted(give);
        match kind {
            // Documents are joined one behind the other, too.
            None => self.whole = empty,
            Some(kind) if empty => give(Frame::Whole(kind, &self.buf[start..self.at])),
            Some(kind) => self.open = Some((kind, start)),
        }
        Ok(())
    }

    fn interrupted(&mut self, give: &mut impl FnMut(Frame<'_>)) {
        if let Some((kind, _)) = self.open.take() {
            give(Frame::Broken(kind));
        }
    }
}

fn has_entity(declarations: &[u8]) -> bool {
    declarations.windows(8).any(|word| word.eq_ignore_ascii_case(b"<!ENTITY"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames(document: &[u8], piece: usize) -> Result<(Vec<String>, End), NotXmltv> {
        let mut framer = Framer::new();
        let mut all = Vec::new();
        for piece in document.chunks(piece) {
            framer.push(piece, |frame| {
                all.push(match frame {
                    Frame::Whole(_, bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    Frame::Broken(kind) => format!("broken {kind:?}"),
                });
            })?;
        }
        Ok((all, framer.finish()))
    }

    #[test]
    fn elements_are_found_in_pieces_of_any_size() {
        let document =
            b"<?xml version='1.0'?><!DOCTYPE tv SYSTEM \"xmltv.dtd\">\n<!-- <programme> --><tv a='>'>
            <channel id='1'/><channel id=\"2>\"><display-name>x</display-name></channel>
            <programme a='1'><![CDATA[</programme>]]><!-- </programme> --><?p </programme>?><x/></programme >
            <other><y/></other></tv>\n";
        for piece in [1, 2, 7, 1000] {
            let (all, end) = frames(document, piece).expect("a guide");
            assert_eq!(
                all,
                [
                    "<channel id='1'/>",
                    "<channel id=\"2>\"><display-name>x</display-name></channel>",
                    "<programme a='1'><![CDATA[</programme>]]><!-- </programme> --><?p </programme>?><x/></programme >",
                ]
            );
            assert!(end.whole, "{piece}");
        }
    }

    #[test]
    fn a_broken_element_ends_where_the_next_begins() {
        let (all, end) = frames(
            b"<tv><programme><a><programme b='1'/><programme c=\"><programme d='1'></programme><channel></tv>",
            9,
        )
        .expect("a guide");
        assert_eq!(
            all,
            ["broken Programme", "<programme b='1'/>", "<programme d='1'></programme>", "broken Channel"]
        );
        assert!(end.whole);
    }

    #[test]
    fn a_document_that_is_cut_is_not_whole() {
        let document = b"<tv><programme><a/></programme></tv>";
        for at in 0..document.len() {
            assert!(!frames(&document[..at], 5).expect("a guide").1.whole, "{at}");
        }
        assert!(frames(b"<tv/>", 1).expect("empty").1.whole);
        assert!(frames(b"<tv></tv><tv></tv>", 1).expect("two").1.whole);
        assert!(!frames(b"<tv></tv><tv>", 1).expect("two").1.whole);
        assert!(!frames(b"<tv></tv><!-- ", 1).expect("more").1.whole);
    }

    #[test]
    fn what_is_no_guide_is_refused() {
        let refused = |document: &[u8]| frames(document, 4096).expect_err("refused").0;
        assert_eq!(refused(b"<!DOCTYPE html><html><tv>"), "a web page");
        assert_eq!(refused(b"<rss><channel></channel></rss>"), "XML that is no XMLTV guide");
        assert!(refused(b"<!DOCTYPE tv [<!ENTITY a \"b\">]><tv>").contains("entities"));
        assert!(refused(b"<!doctype tv [ <!entity a SYSTEM 'file:///etc/passwd'>]>").contains("entities"));
        assert!(
            refused(&[b"<!DOCTYPE tv [".to_vec(), vec![b' '; LONGEST_TAG]].concat()).contains("entities")
        );
        assert_eq!(refused(&vec![b'{'; LONGEST_PREFACE + 1]), "something that is not XML");
        assert!(!frames(b"[]", 10).expect("too short to tell").1.any);
        assert!(frames(b"<!DOCTYPE tv [<!ELEMENT tv ANY>]><tv/>", 3).expect("harmless").1.whole);
    }

    #[test]
    fn what_has_no_end_costs_no_more_than_its_limit() {
        for endless in [&b"<programme "[..], b"<programme>", b"<programme><![CDATA[", b"<!--", b"<x y='"] {
            let mut framer = Framer::new();
            framer.push(b"<tv>", |_| {}).expect("a guide");
            framer.push(endless, |_| {}).expect("a guide");
            for _ in 0..64 {
                framer.push(&[b'x'; 64 << 10], |_| {}).expect("a guide");
                assert!(framer.buf.len() <= LONGEST_ELEMENT + (64 << 10));
            }
            let mut found = 0;
            framer.push(b"'>]]>--><programme/>", |_| found += 1).expect("a guide");
            assert_eq!(found, 1, "{endless:?}");
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            document in "(<tv>|</tv>|<programme|<programme>|</programme>|<channel/>|<!--|-->|<!\\[CDATA\\[|]]>|<\\?|\\?>|['\"<>/ a&]){0,30}",
            piece in 1usize..9,
        ) {
            let document = format!("<tv>{document}");
            let whole = frames(document.as_bytes(), 4096);
            prop_assert_eq!(frames(document.as_bytes(), piece), whole);
        }
    }
}
