//! names without case and diacritics, for searching and comparing, and as channel ids. Pure.

mod table;

use std::collections::HashMap;
use std::sync::LazyLock;
use table::FOLDS;

static TABLE: LazyLock<HashMap<char, &str>> =
    LazyLock::new(|| FOLDS.iter().flat_map(|(to, from)| from.chars().map(|c| (c, *to))).collect());

/// Small letters without diacritics, white space as single blanks, no control characters.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_graphic() {
            folded.push(c.to_ascii_lowercase());
        } else if c.is_whitespace() {
            if !folded.is_empty() && !folded.ends_with(' ') {
                folded.push(' ');
            }
        } else if !c.is_control() && !is_mark(c) {
            for small in c.to_lowercase().filter(|c| !is_mark(*c)) {
                match TABLE.get(&small) {
                    Some(to) => folded.push_str(to),
                    None => folded.push(small),
                }
            }
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// `TF1 ᴴᴰ (France)` as `tf1-hd-france`: at most `longest` of `a-z 0-9 -`; empty where nothing of that is in it.
pub fn slug(text: &str, longest: usize) -> String {
    let mut slug = String::new();
    for c in fold(text).chars() {
        if slug.len() >= longest {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if c == '+' && !slug.is_empty() {
            // Canal and Canal+ are two channels.
            slug.push_str(if slug.ends_with('-') { "plus" } else { "-plus" });
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(longest);
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// Combining marks, Arabic vowel signs and stretching, zero-width characters, variation selectors.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folds_what_people_leave_out_when_they_type() {
        for (text, folded) in [
            ("Télé  Québec\t", "tele quebec"),
            ("TF1 ᴴᴰ ⁴ᴷ ②", "tf1 hd 4k 2"),
            ("Straße Øresund Łódź İzmir", "strasse oresund lodz izmir"),
            ("e\u{301}te\u{301}", "ete"),
            ("ЁЛКА", "елка"),
            ("ΕΛΛΆΔΑ", "ελλαδα"),
            ("ＦＯＸ", "fox"),
            ("日本テレビ", "日本テレビ"),
            ("\u{200e}a\0b", "ab"),
            ("", ""),
        ] {
            assert_eq!(fold(text), folded);
        }
    }

    #[test]
    fn slugs_are_channel_ids() {
        assert_eq!(slug("TF1 ᴴᴰ (France)", 48), "tf1-hd-france");
        assert_eq!(slug("|FR| Canal+ Sport", 48), "fr-canal-plus-sport");
        assert_eq!(slug("日本", 48), "");
        assert_eq!(slug("a b c d", 4), "a-b");
    }

    proptest! {
        #[test]
        fn folding_is_idempotent_and_slugs_are_ids(text in ".{0,80}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once.clone());
            let slug = slug(&text, 48);
            prop_assert!(slug.is_empty() || slug.parse::<crate::wire::ChannelId>().is_ok(), "{}", slug);
        }
    }
}
