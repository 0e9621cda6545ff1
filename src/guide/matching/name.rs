//! What a channel's name says: country, quality, hours later, and the name itself in a form that can be compared.
//!
//! `|FR| TF1 ᴴᴰ`, `FR: TF1 (1080p)`, `tf 1` and `TF1` are one name; `TF1 +1` is that name an hour later.

use crate::fold::fold;

/// A name taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Name {
    /// The country that its prefix or suffix says.
    pub(super) country: Option<&'static str>,
    /// Hours by which it is later than the channel of that name.
    pub(super) later: i32,
    /// Letters and digits, without country and quality.
    pub(super) strict: String,
    /// The same without words such as "TV", and "one" as 1.
    pub(super) loose: String,
}

/// Codes as lists use them; the United Kingdom is `uk`.
const COUNTRIES: &str = "ad ae af al am ao at au az ba be bg bh bo br by ca ch cl cm cn co cr cu cy cz de dk do dz ec ee \
    eg es et fi fr ge gh gr gt hk hn hr hu id ie il in iq ir is it jm jo jp ke kr kw kz lb li lk lt lu lv ly ma mc md me \
    mk mm mn mt mx my ng ni nl no np nz om pa pe ph pk pl pr pt py qa ro rs ru sa se sg si sk sn so sr sv sy th tn tr tt \
    tw tz ua ug uk us uy uz ve vn xk ye za zw";

const ALIASES: &[(&str, &str)] = &[
    ("alb", "al"),
    ("aus", "au"),
    ("aut", "at"),
    ("bel", "be"),
    ("bih", "ba"),
    ("bra", "br"),
    ("bul", "bg"),
    ("can", "ca"),
    ("che", "ch"),
    ("cro", "hr"),
    ("cze", "cz"),
    ("den", "dk"),
    ("deu", "de"),
    ("dnk", "dk"),
    ("esp", "es"),
    ("fin", "fi"),
    ("fra", "fr"),
    ("gb", "uk"),
    ("gbr", "uk"),
    ("ger", "de"),
    ("grc", "gr"),
    ("gre", "gr"),
    ("hrv", "hr"),
    ("hun", "hu"),
    ("ind", "in"),
    ("ire", "ie"),
    ("irl", "ie"),
    ("isr", "il"),
    ("ita", "it"),
    ("mex", "mx"),
    ("mkd", "mk"),
    ("ned", "nl"),
    ("nld", "nl"),
    ("nor", "no"),
    ("pak", "pk"),
    ("pol", "pl"),
    ("por", "pt"),
    ("prt", "pt"),
    ("qc", "ca"),
    ("rom", "ro"),
    ("rou", "ro"),
    ("rus", "ru"),
    ("spa", "es"),
    ("srb", "rs"),
    ("sui", "ch"),
    ("svk", "sk"),
    ("swe", "se"),
    ("swi", "ch"),
    ("tur", "tr"),
    ("ukr", "ua"),
    ("usa", "us"),
];

/// Prefixes that mean more than one country.
const REGIONS: &[&str] =
    &["ar", "ara", "lat", "latam", "latin", "afr", "ex-yu", "exyu", "eu", "int", "world", "asia"];

const QUALITY: &[&str] = &[
    "hd", "fhd", "uhd", "qhd", "sd", "hd+", "4k", "8k", "hevc", "h264", "h265", "x264", "x265", "avc", "raw",
    "hdr", "hdr10", "lq", "hq", "2160p", "1080p", "1080i", "1080", "720p", "720", "576p", "540p", "480p",
    "60fps", "50fps", "25fps", "vip", "backup", "bkp", "low",
];

const NOISE: &[&str] = &["tv", "television", "channel", "the", "network", "chaine", "hdtv"];

const NUMBERS: &[(&str, &str)] = &[("one", "1"), ("two", "2"), ("three", "3"), ("four", "4"), ("five", "5")];

/// The country that a code means.
pub(super) fn country(code: &str) -> Option<&'static str> {
    if let Ok(at) = ALIASES.binary_search_by_key(&code, |(alias, _)| alias) {
        return Some(ALIASES[at].1);
    }
    if code.len() != 2 || !code.bytes().all(|b| b.is_ascii_lowercase()) {
        return None;
    }
    COUNTRIES.split(' ').find(|known| *known == code)
}

impl Name {
    pub(super) fn new(text: &str) -> Self {
        let folded = fold(text);
        let mut name = Self::default();
        let rest = name.without_prefixes(&folded);
        let rest = name.without_suffixes(rest);
        let mut words: Vec<&str> =
            rest.split(|c: char| !c.is_alphanumeric() && c != '+').filter(|word| !word.is_empty()).collect();
        let first = words.first().copied();
        name.take_later(&mut words);
        take_quality(&mut words);
        if words.is_empty() {
            // "HD" alone is a name.
            words.extend(first);
        }
        name.strict = joined(words.iter().copied());
        name.loose = loose(&words).unwrap_or_else(|| name.strict.clone());
        name
    }

    /// A name that stands for itself: an id such as `TF1.fr` or `BBCOne.uk@HD`.
    pub(super) fn of_id(id: &str) -> Self {
        let id = id.split('@').next().unwrap_or(id);
        let (stem, end) = id.rsplit_once('.').unwrap_or((id, ""));
        match country(&end.to_ascii_lowercase()) {
            Some(country) => Self { country: Some(country), ..Self::new(stem) },
            None => Self::new(id),
        }
    }

    /// `fr:`, `|fr|`, `[fr]`, `fr - `, `4k | fr | `: codes and qualities that a separator ends.
    fn without_prefixes<'t>(&mut self, text: &'t str) -> &'t str {
        let mut rest = text;
        loop {
            let decorated = rest.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '+');
            let end =
                decorated.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(decorated.len());
            let head = decorated[..end].trim_end_matches('-');
            let after = &decorated[head.len()..];
            let Some(after) = separated(after) else { return rest };
            match country(head) {
                Some(country) => self.country = self.country.or(Some(country)),
                None if REGIONS.contains(&head) || QUALITY.contains(&head) => {}
                None => return rest,
            }
            if !after.contains(char::is_alphanumeric) {
                return rest;
            }
            rest = after;
        }
    }

    /// `(fr)`, `[hd]`, `| fr` at the end.
    fn without_suffixes<'t>(&mut self, text: &'t str) -> &'t str {
        let mut rest = text.trim_end();
        loop {
            let inner = rest.trim_end_matches([')', ']', '|', ' ']);
            let Some(at) = inner.rfind(['(', '[', '|']) else { return rest };
            let (before, word) = (&inner[..at], inner[at + 1..].trim());
            let is_code = country(word).is_some();
            if !before.contains(char::is_alphanumeric) || !(is_code || QUALITY.contains(&word)) {
                return rest;
            }
            self.country = self.country.or(country(word));
            rest = before.trim_end();
        }
    }

    /// `+1`, `+ 1`, `+1h`, `e4+1`, `plus1`: hours. The plus of `canal+ 1` is the name's.
    fn take_later(&mut self, words: &mut Vec<&str>) {
        let hours = |text: &str| {
            let digits = text.strip_suffix('h').unwrap_or(text);
            digits.parse::<i32>().ok().filter(|hours| digits.len() <= 2 && (1..=12).contains(hours))
        };
        for at in 0..words.len() {
            let word = words[at];
            if let Some((before, after)) = word.rsplit_once('+') {
                // "1+1" is a name.
                let is_name = before == "canal" || (words.len() == 1 && hours(before).is_some());
                if !is_name
                    && (at > 0 || !before.is_empty())
                    && let Some(hours) = hours(after)
                {
                    self.later = hours;
                    words[at] = before;
                    break;
                }
                let alone = before.is_empty() && after.is_empty() && at > 0 && words[at - 1] != "canal";
                if let Some(hours) = words.get(at + 1).and_then(|next| hours(next)).filter(|_| alone) {
                    self.later = hours;
                    words.drain(at..at + 2);
                    break;
                }
            } else if let Some((before, after)) = word.rsplit_once("plus")
                && before.ends_with(|c: char| c.is_ascii_digit())
                && let Some(hours) = hours(after)
            {
                // Ids can't have a plus: `itv1plus1`.
                self.later = hours;
                words[at] = before;
                break;
            }
        }
        words.retain(|word| !word.is_empty());
    }
}

/// What comes after a separator, where one is there.
fn separated(text: &str) -> Option<&str> {
    const STRONG: &[char] = &[':', '|', ']', ')', '}', '┃', '│', '▎', '•', '»', '>', '★', '–', '—', '/', '#'];
    let trimmed = text.trim_start();
    if let Some(after) = trimmed.strip_prefix(STRONG) {
        return Some(after);
    }
    // "e-tv" has a hyphen, "fr - tv" a dash.
    trimmed.strip_prefix("- ")
}

fn take_quality(words: &mut Vec<&str>) {
    let mut kept: Vec<&str> = Vec::with_capacity(words.len());
    for word in words.iter() {
        let before = kept.last().copied();
        match (before, *word) {
            (Some("full" | "ultra"), "hd") | (Some("h"), "264" | "265") => {
                kept.pop();
            }
            (_, word) if QUALITY.contains(&word) => {}
            (_, word) => kept.push(word),
        }
    }
    *words = kept;
}

fn joined<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.flat_map(str::chars).fold(String::new(), |mut name, c| {
        if c == '+' {
            name.push_str("plus")
        } else {
            name.push(c)
        }
        name
    })
}

/// Without what some write and some do not; `None`: nothing would be left.
fn loose(words: &[&str]) -> Option<String> {
    let kept = words.iter().enumerate().filter(|(at, word)| {
        let bare_country = *at == 0 && words.len() > 1 && country(word).is_some();
        !bare_country && !NOISE.contains(word)
    });
    let plain = kept.map(|(_, word)| {
        let number = NUMBERS.iter().find(|(spelt, _)| spelt == word).map(|(_, digit)| *digit);
        let without_zeros = word.trim_start_matches('0');
        number.unwrap_or(if without_zeros.is_empty() { *word } else { without_zeros })
    });
    let loose = joined(plain);
    (!loose.is_empty()).then_some(loose)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tables_are_in_order() {
        assert!(ALIASES.is_sorted_by_key(|(alias, _)| alias));
        assert_eq!(
            (country("fr"), country("gb"), country("tv"), country(" f")),
            (Some("fr"), Some("uk"), None, None)
        );
    }

    #[test]
    fn one_name_in_all_its_forms() {
        for text in [
            "TF1",
            "TF 1",
            "tf1 HD",
            "TF1 ᴴᴰ",
            "TF1 FHD",
            "TF1 4K UHD",
            "TF1 (1080p)",
            "TF1 [HEVC]",
            "TF1 h.265",
            "TF1 Full HD",
            "TF-1",
        ] {
            let name = Name::new(text);
            assert_eq!((name.strict.as_str(), name.later, name.country), ("tf1", 0, None), "{text}");
        }
        for text in [
            "FR: TF1",
            "FR | TF1 HD",
            "|FR| TF1",
            "[FR] TF1",
            "(FR) TF1",
            "FR - TF1 HD",
            "FR • TF1",
            "▎FR▎TF1",
            "FRA: TF1",
            "FR- TF1",
            "4K | FR | TF1",
            "VIP | FR: TF1 HD",
            "TF1 (FR)",
            "TF1 HD [FR]",
            "TF1 | FR",
            "FR/ TF1",
            "★ FR ★ TF1 ★",
        ] {
            let name = Name::new(text);
            assert_eq!((name.strict.as_str(), name.country), ("tf1", Some("fr")), "{text}");
        }
    }

    #[test]
    fn names_that_only_look_like_prefixes_and_qualities() {
        for (text, strict) in [
            ("HD", "hd"),
            ("E! Entertainment", "eentertainment"),
            ("DE LUXE", "deluxe"),
            ("Canal+ Sport 360", "canalplussport360"),
            ("CANAL+ 1", "canalplus1"),
            ("Canal +", "canalplus"),
            ("e-tv", "etv"),
            ("TV5 Monde", "tv5monde"),
            ("1+1", "1plus1"),
            ("日本テレビ", "日本テレビ"),
            ("FR:", "fr"),
            ("", ""),
        ] {
            assert_eq!(Name::new(text).strict, strict, "{text}");
        }
    }

    #[test]
    fn hours_later() {
        for (text, strict, later) in [
            ("ITV2 +1", "itv2", 1),
            ("ITV2+1 HD", "itv2", 1),
            ("UK: E4 + 1", "e4", 1),
            ("Discovery +2h", "discovery", 2),
            ("Film4 ⁺¹", "film4", 1),
            ("Canal+", "canalplus", 0),
            ("Canal+ +1", "canalplus", 1),
            ("Disney+ 2", "disneyplus2", 0),
            ("X +24", "xplus24", 0),
            ("+1", "plus1", 0),
        ] {
            let name = Name::new(text);
            assert_eq!((name.strict.as_str(), name.later), (strict, later), "{text}");
        }
        let id = Name::of_id("ITV1Plus1.uk");
        assert_eq!((id.strict.as_str(), id.later, id.country), ("itv1", 1, Some("uk")));
    }

    #[test]
    fn ids_name_their_country() {
        for (id, strict, country) in [
            ("TF1.fr", "tf1", Some("fr")),
            ("BBCOneLondon.uk@HD", "bbconelondon", Some("uk")),
            ("C4.api.telerama.fr", "c4apitelerama", Some("fr")),
            ("equipe.tv", "equipetv", None),
            ("12345", "12345", None),
        ] {
            let name = Name::of_id(id);
            assert_eq!((name.strict.as_str(), name.country), (strict, country), "{id}");
        }
    }

    #[test]
    fn loose_names_leave_out_what_some_do_not_write() {
        for (a, b) in [
            ("BBC One", "BBC 1"),
            ("Gulli TV", "Gulli"),
            ("The History Channel", "History"),
            ("FR TF1", "TF1"),
            ("France 02", "France 2"),
        ] {
            assert_eq!(Name::new(a).loose, Name::new(b).loose, "{a}");
        }
        assert_eq!(Name::new("The Channel").loose, "thechannel");
        assert_eq!(Name::new("00").loose, "00");
    }

    proptest! {
        #[test]
        fn no_name_panics(text in ".{0,40}|[A-Z:|+ ()\\[\\]0-9-]{0,30}") {
            Name::new(&text);
            Name::of_id(&text);
        }
    }
}
