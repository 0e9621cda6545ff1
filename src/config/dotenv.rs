//! The `.env` file beside the configuration.
//!
//! `NAME=value` lines; a leading `export` is allowed, `#` begins a comment at the start of a line or after
//! a space. Values in single or double quotes are taken without them. Nothing is substituted: a bcrypt
//! or argon2 hash (`$2b$12$…`) has to come through as it stands.

/// One variable and the line it stands on (from 1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) number: usize,
}

/// A line that is neither empty, a comment, nor `NAME=value`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) number: usize,
    pub(super) why: &'static str,
}

/// Reads the whole text; the first malformed line refuses it, without quoting it (it may hold a secret).
pub(super) fn parse(text: &str) -> Result<Vec<Line>, Malformed> {
    let mut lines = Vec::new();
    for (index, raw) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let number = index + 1;
        let line = raw.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else {
            return Err(Malformed { number, why: "expected NAME=value" });
        };
        let name = name.trim();
        if name.is_empty() || !name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
            return Err(Malformed { number, why: "a name has only letters, digits and _" });
        }
        let value = unquote(value.trim()).map_err(|why| Malformed { number, why })?;
        lines.push(Line { name: name.to_owned(), value, number });
    }
    Ok(lines)
}

fn unquote(value: &str) -> Result<String, &'static str> {
    for quote in ['"', '\''] {
        let Some(rest) = value.strip_prefix(quote) else { continue };
        let Some(end) = rest.find(quote) else { return Err("the quote is not closed") };
        let after = rest[end + 1..].trim_start();
        if !after.is_empty() && !after.starts_with('#') {
            return Err("text after the closing quote");
        }
        return Ok(rest[..end].to_owned());
    }
    let end = value.find(" #").unwrap_or(value.len());
    Ok(value[..end].trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String)> {
        parse(text).expect("parses").into_iter().map(|line| (line.name, line.value)).collect()
    }

    #[test]
    fn hashes_come_through_as_they_stand() {
        let bcrypt = "$2b$12$C6UzMDM.H6dfI/f/IKcEeO5dK0g2W1YxQ";
        for text in [format!("H={bcrypt}"), format!("H=\"{bcrypt}\""), format!("export H='{bcrypt}' # old")] {
            assert_eq!(values(&text), [("H".to_owned(), bcrypt.to_owned())]);
        }
    }

    #[test]
    fn comments_blanks_and_line_ends() {
        let got = values("\u{feff}# head\r\n\r\nA = 1 # one\r\nB=a#b\nC=\n");
        let expected = [("A", "1"), ("B", "a#b"), ("C", "")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(got, expected);
    }

    #[test]
    fn malformed_lines_are_named_but_not_quoted() {
        for (text, number) in [("A=1\nsecret words", 2), ("A=\"open", 1), ("A-B=1", 1), ("A='x' y", 1)] {
            assert_eq!(parse(text).expect_err(text).number, number);
        }
    }
}
