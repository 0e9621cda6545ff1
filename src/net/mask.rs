//! Takes credentials out of text that people and logs will see.
//!
//! In IPTV nearly every part of a URL can be a secret: Xtream puts name and password into the path, others
//! a token into the query. So only scheme and host are ever shown.

use url::Url;

/// What stands where a secret stood.
const HIDDEN: &str = "…";

/// A URL as people may see it: `scheme://host/…`. Never user information, path, query or fragment.
pub fn url(address: &str) -> String {
    match Url::parse(address.trim()) {
        Ok(url) if url.has_host() => format!("{}://{}/{HIDDEN}", url.scheme(), url.host_str().unwrap_or("")),
        _ => match address.split_once("://") {
            Some((scheme, rest)) => format!("{}://{}/{HIDDEN}", scheme.trim(), host_of(rest)),
            None => "(malformed address)".to_owned(),
        },
    }
}

/// Text with every URL in it reduced to `scheme://host/…`, and with the values of what looks like
/// `password=…`, `token: …` or an `Authorization` header hidden.
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(mark) = rest.find("://") {
        let before = &rest[..mark];
        let scheme_start = before
            .char_indices()
            .rev()
            .take_while(|(_, c)| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-'))
            .last()
            .map_or(mark, |(at, _)| at);
        let after = &rest[mark + 3..];
        let end = after.find(ends_url).unwrap_or(after.len());
        let whole = &after[..end];
        let kept = whole.trim_end_matches([':', ',', '.', ';', ')', ']']);
        out.push_str(&pairs(&before[..scheme_start]));
        out.push_str(&before[scheme_start..]);
        out.push_str("://");
        out.push_str(host_of(whole));
        if kept.len() > host_of(whole).len() || kept.contains('@') {
            out.push('/');
            out.push_str(HIDDEN);
        }
        out.push_str(&whole[kept.len().max(host_of_end(whole))..]);
        rest = &after[end..];
    }
    out.push_str(&pairs(rest));
    out
}

/// Secrets known beforehand, to be hidden wherever they turn up: FFmpeg repeats a server's words, and a
/// server repeats stream keys without the URL around them.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// User information, path segments and query values of a URL, as written and decoded. Parts
    /// under four characters are left: hiding every `ts` or `live` would make the log unreadable, and the
    /// common words of paths are no secret.
    pub fn of_url(address: &str) -> Self {
        let mut secrets = Self::default();
        let Ok(url) = Url::parse(address.trim()) else { return secrets };
        secrets.add(url.username());
        secrets.add(url.password().unwrap_or(""));
        for segment in url.path().split('/') {
            secrets.add(segment);
            secrets.add(segment.rsplit_once('.').map_or("", |(stem, _)| stem));
        }
        secrets.add(url.query().unwrap_or(""));
        for (_, value) in url.query_pairs() {
            secrets.add(&value);
        }
        for part in url.query().unwrap_or("").split('&') {
            secrets.add(part.split_once('=').map_or("", |(_, value)| value));
        }
        secrets.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.0.dedup();
        secrets
    }

    /// Adds one secret.
    pub fn add(&mut self, secret: &str) {
        const COMMON: [&str; 8] =
            ["live", "stream", "play", "hls", "index", "channel", "index.m3u8", "listener"];
        if secret.len() < 4 || COMMON.contains(&secret) {
            return;
        }
        self.0.push(secret.to_owned());
        let decoded = percent_decode(secret);
        if decoded != secret {
            self.0.push(decoded);
        }
    }

    /// The text without URLs' secrets and without these.
    pub fn hide(&self, line: &str) -> String {
        let mut line = text(line);
        for secret in &self.0 {
            if line.contains(secret.as_str()) {
                line = line.replace(secret.as_str(), HIDDEN);
            }
        }
        line
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

/// `%41` → `A`; what is no escape, or not UTF-8 afterwards, stays readable.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let value = escape
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(value.unwrap_or(bytes[at]));
        at += if value.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn ends_url(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '|' | '\\' | '^')
}

/// The host in what follows `://`, without user information and port.
fn host_of(rest: &str) -> &str {
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..authority_end];
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.starts_with('[') {
        return host.find(']').map_or(host, |end| &host[..=end]);
    }
    host.split(':').next().unwrap_or(host).trim_end_matches([',', '.', ';', ')'])
}

fn host_of_end(rest: &str) -> usize {
    let host = host_of(rest);
    rest.find(host).map_or(0, |at| at + host.len())
}

/// Hides the values of `key=value` and `key: value` where the key names a secret.
fn pairs(text: &str) -> String {
    const KEYS: [&str; 11] = [
        "authorization",
        "proxy-authorization",
        "cookie",
        "password",
        "passwd",
        "pass",
        "token",
        "username",
        "stream_key",
        "api_key",
        "secret",
    ];
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let starts_word = at == 0 || !lower.as_bytes()[at - 1].is_ascii_alphanumeric();
        let key = if starts_word { KEYS.iter().find(|key| lower[at..].starts_with(**key)) } else { None };
        let Some(key) = key else {
            let next = text[at..].chars().next().map_or(1, char::len_utf8);
            out.push_str(&text[at..at + next]);
            at += next;
            continue;
        };
        let after = at + key.len();
        out.push_str(&text[at..after]);
        at = after;
        let header = matches!(*key, "authorization" | "proxy-authorization" | "cookie");
        let sign = text[at..].trim_start_matches(['"', '\'']);
        let equals = sign.starts_with('=');
        if equals || (sign.starts_with(':') && (header || sign[1..].starts_with([' ', '"', '\'']))) {
            let value_start = text.len() - sign.len() + 1;
            let value = &text[value_start..];
            let lead = value.len() - value.trim_start_matches([' ', '"', '\'']).len();
            let end = if header {
                value.find(['\r', '\n']).unwrap_or(value.len())
            } else {
                value[lead..]
                    .find(|c: char| ends_url(c) || matches!(c, '&' | ',' | ';' | ')'))
                    .map_or(value.len(), |end| lead + end)
            };
            if end > lead {
                out.push_str(&text[at..value_start + lead]);
                out.push_str(HIDDEN);
                at = value_start + end;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Secrets, text, url};
    use proptest::prelude::*;

    #[test]
    fn a_url_keeps_scheme_and_host() {
        assert_eq!(url("http://bob:pw@tv.example:8080/live/bob/pw/1.ts?x=y#z"), "http://tv.example/…");
        assert_eq!(url("rtmp://[2001:db8::1]/app/key"), "rtmp://[2001:db8::1]/…");
        assert_eq!(url("http://tv.example"), "http://tv.example/…");
        assert_eq!(url("not an address"), "(malformed address)");
        assert_eq!(url("http://b:p@bad host/x"), "http://bad host/…");
    }

    #[test]
    fn urls_inside_text_are_masked_and_the_words_stay() {
        assert_eq!(
            text("[in#0] Error opening rtmp://h.example:1935/app/KEY: Input/output error"),
            "[in#0] Error opening rtmp://h.example/…: Input/output error"
        );
        assert_eq!(text("see 'https://u:p@h/p?q' and http://k."), "see 'https://h/…' and http://k.");
        assert_eq!(text("(http://a/b), srt://c:9?passphrase=dddd; x"), "(http://a/…), srt://c/…; x");
        assert_eq!(text("http://u:p@h"), "http://h/…");
        assert_eq!(text("é http://a/é é"), "é http://a/… é");
        assert_eq!(text("no address: 1 // 2"), "no address: 1 // 2");
    }

    #[test]
    fn named_secrets_are_masked() {
        assert_eq!(text("GET /x?username=bob&password=hunter2&z=1"), "GET /x?username=…&password=…&z=1");
        assert_eq!(text("Authorization: Basic Ym9i\r\nHost: x"), "Authorization: …\r\nHost: x");
        assert_eq!(text(r#"{"token": "abc", "a": 1}"#), r#"{"token": "…", "a": 1}"#);
        assert_eq!(text("the password is wrong, token: none given"), "the password is wrong, token: … given");
    }

    #[test]
    fn known_secrets_are_hidden_wherever_they_stand() {
        let secrets = Secrets::of_url("rtmp://user:p%40ss@h/live/my-key?sign=a%20b%20c");
        let line = secrets.hide("Server error: Failed to play my-key; p@ss, p%40ss, a b c, live");
        assert_eq!(line, "Server error: Failed to play …; …, …, …, live");
        assert!(!format!("{secrets:?}").contains("key"));
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_planted_secret_survives(before in ".{0,20}", after in ".{0,20}") {
            let line = format!("{before} http://bob:S3CRET@h.example:80/S3CRET/S3CRET.ts?token=S3CRET {after}");
            prop_assert!(!text(&line).contains("S3CRET"));
            let _ = url(&line);
        }
    }
}
