//! Hides credentials in any text: the last line of defence between a secret and a log.
//!
//! URLs keep scheme, host and port; user names, passwords, paths and queries go, for a provider's URL has
//! its credentials in all of them. Values of fields that are named like secrets go too.

/// The text without what must not be read in it.
pub fn text(line: &str) -> String {
    fields(&urls(line))
}

fn urls(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let url = &rest[at + 3..];
        let end = url.find(ends_url).unwrap_or(url.len());
        out.push_str(&rest[..at + 3]);
        out.push_str(&authority(&url[..end]));
        rest = &url[end..];
    }
    out.push_str(rest);
    out
}

fn ends_url(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '\\')
}

/// What may be shown of what follows `://`. Where an `@` stands behind the first slash, or a port is no
/// number, someone wrote a password with a slash in it: nothing is shown.
fn authority(url: &str) -> String {
    let (authority, path) = match url.find(['/', '?', '#']) {
        Some(end) => url.split_at(end),
        None => (url, ""),
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let tail = host.rsplit_once(']').map_or(host, |(_, tail)| tail);
    let port_is_number = tail.split_once(':').is_none_or(|(_, port)| {
        port.trim_end_matches([',', ')', ';', '.', ':']).bytes().all(|c| c.is_ascii_digit())
    });
    if path.contains('@') || !port_is_number {
        return "…".to_owned();
    }
    let hidden = if path.len() > 1 { "/…" } else { path };
    format!("{host}{hidden}")
}

const NAMES: [&str; 9] =
    ["password", "passwd", "token", "secret", "stream_key", "session", "api_key", "apikey", "username"];

fn fields(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let mut hidden: Vec<(usize, usize)> = Vec::new();
    for name in NAMES {
        for (at, _) in lower.match_indices(name) {
            hidden.extend(value_after(&line[at + name.len()..]).map(|(from, to)| {
                let base = at + name.len();
                (base + from, base + to)
            }));
        }
    }
    for (at, _) in lower.match_indices("bearer ") {
        let from = at + "bearer ".len();
        hidden.push((from, from + line[from..].find(ends_value).unwrap_or(line.len() - from)));
    }
    hidden.retain(|(from, to)| from < to);
    hidden.sort_unstable();
    let mut out = String::with_capacity(line.len());
    let mut done = 0;
    for (from, to) in hidden {
        if to <= done {
            continue;
        }
        let from = from.max(done);
        out.push_str(&line[done..from]);
        out.push('…');
        done = to;
    }
    out.push_str(&line[done..]);
    out
}

/// The range of the value in `=value`, `="value"` or `":"value"`; prose (`password: wrong`) has none.
fn value_after(rest: &str) -> Option<(usize, usize)> {
    let after = rest.strip_prefix('=').or_else(|| {
        let after = rest.strip_prefix("\\\"").or_else(|| rest.strip_prefix('"'))?;
        Some(after.trim_start().strip_prefix(':')?.trim_start())
    })?;
    let from = rest.len() - after.len();
    for quote in ["\\\"", "\"", "'"] {
        if let Some(inner) = after.strip_prefix(quote) {
            let length = inner.find(quote).unwrap_or(inner.len());
            return Some((from + quote.len(), from + quote.len() + length));
        }
    }
    Some((from, from + after.find(ends_value).unwrap_or(after.len())))
}

fn ends_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, '&' | ',' | ';' | '"' | '\'' | '}' | ')' | ']' | '\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn urls_keep_scheme_host_and_port() {
        for (line, expected) in [
            ("open http://u:p@host:8080/live/u/p/1.ts?x=y failed", "open http://host:8080/… failed"),
            ("rtmp://host/app/key", "rtmp://host/…"),
            ("a http://h b https://h2/ c", "a http://h b https://h2/ c"),
            ("(http://h:80, then)", "(http://h:80, then)"),
            ("http://u:pa/ss@host/x", "http://…"),
            ("http://u:pass", "http://…"),
            ("srt://[::1]:9000?passphrase=abc", "srt://[::1]:9000/…"),
            ("{\"url\":\"http://u:p@h/x\"}", "{\"url\":\"http://h/…\"}"),
            ("no url here", "no url here"),
        ] {
            assert_eq!(text(line), expected);
        }
    }

    #[test]
    fn fields_named_like_secrets_lose_their_values() {
        for (line, expected) in [
            ("user=a password=hunter2 x=1", "user=a password=… x=1"),
            ("GET /live/1.ts?token=abc&x=1", "GET /live/1.ts?token=…&x=1"),
            ("{\"password\": \"hun\",\"a\":1}", "{\"password\": \"…\",\"a\":1}"),
            ("Authorization: Bearer abc.def", "Authorization: Bearer …"),
            ("Secret=\"a b\" y", "Secret=\"…\" y"),
            ("the password: wrong", "the password: wrong"),
        ] {
            assert_eq!(text(line), expected);
        }
    }

    proptest! {
        #[test]
        fn no_credential_comes_through(user in "[a-z]{6,12}X", pass in "[A-Za-z0-9%:/@.]{0,8}Zq7[a-z0-9]{4}", before in "\\PC{0,20}") {
            let line = format!("{before} http://{user}:{pass}@tv.example:8080/live/{user}/{pass}/1.ts");
            let masked = text(&line);
            prop_assert!(!masked.contains("Zq7"), "{}", masked);
        }

        #[test]
        fn any_text_is_taken(line in "\\PC*") {
            text(&line);
        }
    }
}
