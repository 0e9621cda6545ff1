//! The elements of a JSON list, one by one as its bytes come: memory is one element, whatever the list's length.
//!
//! Panels send an object with indices as keys where a list is meant, `{}`, `null` or `false` for none, and a login
//! document or a web page where they don't know better. One malformed element never fails the list.

use serde_json::Value;

/// No honest element is longer; a longer one is dropped.
const LONGEST: usize = 1 << 20;

/// What came is no list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAList(pub(super) &'static str);

impl NotAList {
    /// What panels answer where they don't know what was asked.
    pub(super) const LOGIN: &'static str = "its login document";
}

/// How the bytes ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The list was closed, or was an empty value.
    Whole,
    /// It was not.
    Truncated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    /// In the outer list or object, which ends with this byte.
    Within(u8),
    /// `null`, `false`: nothing.
    Nothing,
    Done,
}

pub(super) struct Items {
    state: State,
    depth: u32,
    in_string: bool,
    escaped: bool,
    element: Vec<u8>,
    too_long: bool,
    /// Elements that were no JSON, or too long.
    pub(super) odd: u64,
}

impl Items {
    pub(super) fn new() -> Self {
        Self {
            state: State::Start,
            depth: 0,
            in_string: false,
            escaped: false,
            element: Vec::new(),
            too_long: false,
            odd: 0,
        }
    }

    /// Takes bytes and hands out the elements that they complete. Of an object: its values.
    pub(super) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Value)) -> Result<(), NotAList> {
        for &byte in bytes {
            match self.state {
                State::Start => self.start(byte)?,
                State::Within(close) => self.within(byte, close, &mut each)?,
                State::Nothing | State::Done => break,
            }
        }
        Ok(())
    }

    pub(super) fn end(&self) -> End {
        match self.state {
            State::Nothing | State::Done => End::Whole,
            State::Start | State::Within(_) => End::Truncated,
        }
    }

    fn start(&mut self, byte: u8) -> Result<(), NotAList> {
        self.state = match byte {
            // White space and the bytes of a byte-order mark.
            b' ' | b'\t' | b'\r' | b'\n' | 0xef | 0xbb | 0xbf => return Ok(()),
            b'[' => State::Within(b']'),
            b'{' => State::Within(b'}'),
            b'n' | b'f' => State::Nothing,
            b'<' => return Err(NotAList("a web page")),
            b'#' => return Err(NotAList("an M3U list")),
            _ => return Err(NotAList("something that is not JSON")),
        };
        Ok(())
    }

    fn within(&mut self, byte: u8, close: u8, each: &mut impl FnMut(Value)) -> Result<(), NotAList> {
        if !self.in_string && self.depth == 0 && (byte == b',' || byte == close) {
            self.complete(close, each)?;
            if byte == close {
                self.state = State::Done;
            }
            return Ok(());
        }
        if self.in_string {
            if self.escaped {
                self.escaped = false;
            } else {
                self.escaped = byte == b'\\';
                self.in_string = byte != b'"';
            }
        } else {
            match byte {
                b'"' => self.in_string = true,
                b'[' | b'{' => self.depth += 1,
                b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        if self.element.len() < LONGEST {
            self.element.push(byte);
        } else {
            self.too_long = true;
        }
        Ok(())
    }

    fn complete(&mut self, close: u8, each: &mut impl FnMut(Value)) -> Result<(), NotAList> {
        let bytes = std::mem::take(&mut self.element);
        let too_long = std::mem::take(&mut self.too_long);
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        if too_long {
            self.odd += 1;
            return Ok(());
        }
        // Bytes that are not UTF-8 become replacement characters rather than cost the element.
        let text = String::from_utf8_lossy(&bytes);
        if close == b']' {
            match serde_json::from_str(&text) {
                Ok(value) => each(value),
                Err(_) => self.odd += 1,
            }
        } else {
            match serde_json::from_str::<serde_json::Map<String, Value>>(&format!("{{{text}}}")) {
                Ok(pair) if pair.contains_key("user_info") => return Err(NotAList(NotAList::LOGIN)),
                Ok(pair) => pair.into_iter().for_each(|(_, value)| each(value)),
                Err(_) => self.odd += 1,
            }
        }
        self.element = bytes;
        self.element.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8], step: usize) -> Result<(Vec<Value>, u64, End), NotAList> {
        let (mut items, mut values) = (Items::new(), Vec::new());
        for part in text.chunks(step) {
            items.feed(part, |value| values.push(value))?;
        }
        Ok((values, items.odd, items.end()))
    }

    #[test]
    fn the_shapes_that_panels_send() {
        for step in [1, 2, 7, 1000] {
            let ok = |text: &str| read(text.as_bytes(), step).expect("a list");
            let (values, odd, end) =
                ok("\u{feff} [{\"a\":\"x,]}\\\"\"} , 2, [3,[4]], null, {bad}, {\"b\":{}}]");
            assert_eq!((values.len(), odd, end), (5, 1, End::Whole));
            assert_eq!(values[0]["a"], "x,]}\"");
            let (values, _, end) = ok("{\"0\":{\"a\":1},\"7\":{\"a\":2}}");
            assert_eq!((values[1]["a"].as_u64(), end), (Some(2), End::Whole));
            for none in ["[]", "{}", "null", "false", " [ ] "] {
                assert_eq!(ok(none), (vec![], 0, End::Whole), "{none}");
            }
            for cut in ["", "[", "[{\"a\":1},", "[{\"a\":1},{\"a\"", "{\"0\":{}"] {
                assert_eq!(ok(cut).2, End::Truncated, "{cut}");
            }
            for (other, what) in [
                ("<html>", "a web page"),
                ("{\"user_info\":{\"auth\":1},\"server_info\":{}}", "its login document"),
                ("Forbidden", "something that is not JSON"),
            ] {
                assert_eq!(read(other.as_bytes(), step), Err(NotAList(what)));
            }
        }
    }

    #[test]
    fn an_endless_element_is_dropped_and_latin_1_kept() {
        let mut text = b"[\"".to_vec();
        text.resize(3 << 20, b'x');
        text.extend(b"\",\"caf\xe9\"]");
        let (values, odd, end) = read(&text, 4096).expect("a list");
        assert_eq!((values, odd, end), (vec!["caf\u{fffd}".into()], 1, End::Whole));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(prop::sample::select(b"[]{}\",:\\ a1\xff".to_vec()), 0..60)) {
            let _ = read(&bytes, 3);
        }

        #[test]
        fn any_list_comes_back(words in prop::collection::vec(".{0,20}", 0..20), step in 1usize..9) {
            let list: Vec<Value> = words.iter().map(|w| serde_json::json!({"name": w, "x": [w, {"y": w}]})).collect();
            let text = serde_json::to_vec(&list).expect("json");
            prop_assert_eq!(read(&text, step), Ok((list, 0, End::Whole)));
        }
    }
}
