//! What an entry of a list becomes: its fields cut to size, and what it is recognised by.

use super::super::fold::slug;
use super::super::m3u;
use super::super::xtream::Item;
use super::ChannelSource;
use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_64;

/// Characters of names and groups that are kept.
const LONGEST_NAME: usize = 300;
/// Bytes of a logo's address that are kept.
const LONGEST_LOGO: usize = 2048;
/// Bytes of catch-up attributes that are kept.
const LONGEST_CATCH_UP: usize = 4096;
/// Parameters of addresses that change with time, and name nothing.
const PASSING: &[&str] = &[
    "auth",
    "e",
    "exp",
    "expire",
    "expires",
    "hash",
    "hdnea",
    "hdnts",
    "key",
    "md5",
    "nonce",
    "play_token",
    "session",
    "sid",
    "sig",
    "sign",
    "signature",
    "st",
    "t",
    "time",
    "timestamp",
    "token",
    "wmsauthsign",
];

/// An entry on its way into the catalogue.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) source_key: String,
    pub(super) name: String,
    pub(super) group: Option<String>,
    /// What tells its kind.
    pub(super) radio: bool,
    pub(super) live: bool,
    pub(super) path: String,
    pub(super) logo_url: Option<String>,
    pub(super) number: Option<f64>,
    pub(super) tvg_id: Option<String>,
    pub(super) catch_up: Option<String>,
    pub(super) source: Option<ChannelSource>,
    /// What names it over refreshes, whatever it is called and wherever it stands.
    pub(super) identity: u64,
    /// All that the list says of it.
    pub(super) digest: u64,
}

impl Row {
    /// An item of a panel.
    pub(super) fn of_panel(item: Item) -> Self {
        let source_key = item.source_key();
        let source = item.direct.map(|url| ChannelSource { url, user_agent: None, headers: Vec::new() });
        Self {
            identity: xxh3_64(item.identity.as_bytes()),
            path: format!("/{source_key}"),
            source_key,
            name: cut(&item.name),
            group: item.group.as_deref().map(cut).filter(|group| !group.is_empty()),
            radio: item.radio,
            live: true,
            logo_url: item.logo.and_then(logo),
            number: item.number,
            tvg_id: item.tvg_id.map(|id| cut(&id)),
            catch_up: item.archive_days.map(|days| {
                let days = Value::String(days.to_string());
                Value::Object(Map::from_iter([
                    ("catchup".into(), "xc".into()),
                    ("catchup-days".into(), days),
                ]))
                .to_string()
            }),
            source,
            digest: 0,
        }
        .sealed_by_digest()
    }

    /// An entry of an M3U list.
    pub(super) fn of_list(entry: m3u::Entry) -> Self {
        let path = entry.url.splitn(4, '/').nth(3).map_or_else(String::new, |path| format!("/{path}"));
        Self {
            source_key: String::new(),
            name: cut(&entry.name),
            group: entry.group.as_deref().map(cut).filter(|group| !group.is_empty()),
            radio: entry.radio,
            live: entry.duration.is_none_or(|seconds| seconds <= 0.0),
            path,
            // Logos in lists may be pictures of megabytes (data:): an address is all that is kept.
            logo_url: entry.logo.and_then(logo),
            number: entry.number,
            tvg_id: entry.tvg_id.map(|id| cut(&id)),
            catch_up: catch_up(entry.catch_up),
            identity: xxh3_64(stable(&entry.url).as_bytes()),
            source: Some(ChannelSource {
                url: entry.url,
                user_agent: entry.user_agent,
                headers: entry.headers,
            }),
            digest: 0,
        }
        .sealed_by_digest()
    }

    fn sealed_by_digest(mut self) -> Self {
        let mut all = Vec::with_capacity(256);
        let mut field = |bytes: &[u8]| {
            all.extend_from_slice(bytes);
            all.push(0);
        };
        field(self.source_key.as_bytes());
        field(self.name.as_bytes());
        for text in [&self.group, &self.logo_url, &self.tvg_id, &self.catch_up] {
            field(text.as_deref().unwrap_or("\u{1}").as_bytes());
        }
        field(&self.number.unwrap_or(f64::NAN).to_bits().to_le_bytes());
        field(&[u8::from(self.radio), u8::from(self.live)]);
        if let Some(source) = &self.source {
            field(source.url.as_bytes());
            field(source.user_agent.as_deref().unwrap_or("\u{1}").as_bytes());
            for (name, value) in &source.headers {
                field(name.as_bytes());
                field(value.as_bytes());
            }
        }
        self.digest = xxh3_64(&all);
        self
    }

    /// What names it where its address does not: its name and group.
    pub(super) fn by_group(&self, group: Option<i64>) -> u64 {
        soft(&self.name, &group.map_or_else(String::new, |id| id.to_string()), 1)
    }

    /// … or its name and its name in guides.
    pub(super) fn by_guide(&self) -> Option<u64> {
        self.tvg_id.as_deref().map(|id| soft(&self.name, id, 2))
    }

    /// The id that it would like, and the one where that is taken: by its name, so that people can type it.
    pub(super) fn ids(&self, prefix: &str) -> (String, String) {
        match self.source_key.split_once('/') {
            Some((kind, rest)) => {
                let id = rest.split('.').next().unwrap_or(rest);
                let wanted = if kind == "series" { format!("series-{id}") } else { id.to_owned() };
                let fallback = match kind {
                    "live" => format!("{prefix}-{id}"),
                    kind => format!("{prefix}-{kind}-{id}"),
                };
                (wanted, fallback.trim_start_matches('-').to_owned())
            }
            None => {
                let slug = slug(&self.name, 40);
                let short = format!("{:08x}", self.identity >> 32);
                if slug.is_empty() {
                    (format!("m3u-{short}"), format!("m3u-{:016x}", self.identity))
                } else {
                    let fallback = format!("{slug}-{short}");
                    (slug, fallback)
                }
            }
        }
    }
}

pub(super) fn soft(name: &str, other: &str, form: u8) -> u64 {
    let mut both = Vec::with_capacity(name.len() + other.len() + 2);
    both.extend_from_slice(name.as_bytes());
    both.push(0);
    both.extend_from_slice(other.as_bytes());
    both.push(form);
    xxh3_64(&both)
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}

fn logo(url: String) -> Option<String> {
    let whole = url.len() <= LONGEST_LOGO && (url.starts_with("http://") || url.starts_with("https://"));
    whole.then_some(url)
}

fn catch_up(attributes: Vec<(String, String)>) -> Option<String> {
    let map: Map<String, Value> =
        attributes.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    let text = (!map.is_empty()).then(|| Value::Object(map).to_string())?;
    (text.len() <= LONGEST_CATCH_UP).then_some(text)
}

/// What stays of an address when accounts, hosts and tokens change. Of a panel's address: kind and number.
fn stable(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let parts: Vec<&str> = place.split('/').collect();
    let number = |part: &str| {
        let stem = part.split('.').next().unwrap_or(part);
        (!stem.is_empty() && stem.bytes().all(|b| b.is_ascii_digit())).then(|| stem.to_owned())
    };
    match parts.as_slice() {
        [_, kind @ ("live" | "movie" | "series"), _, _, last] => {
            if let Some(id) = number(last) {
                return format!("\u{1}{kind}/{id}");
            }
        }
        [_, _, _, last] if query.is_empty() => {
            if let Some(id) = number(last) {
                return format!("\u{1}live/{id}");
            }
        }
        _ => {}
    }
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or("").to_ascii_lowercase();
            !pair.is_empty() && !PASSING.contains(&name.as_str())
        })
        .collect();
    if kept.is_empty() { place.to_owned() } else { format!("{place}?{}", kept.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_no_part_of_an_address() {
        for (a, b) in [
            ("http://a:80/live/bob/pw/12.ts", "https://b/live/tom/other/12.m3u8"),
            ("http://a/bob/pw/12", "http://b/live/tom/pw/12.ts"),
            ("http://a/x.m3u8?token=1", "http://a/x.m3u8?token=2&expires=9"),
            ("http://a/get?id=1&st=5", "http://a/get?id=1"),
        ] {
            assert_eq!(stable(a), stable(b));
        }
        for (a, b) in [
            ("http://a/live/bob/pw/12.ts", "http://a/live/bob/pw/13.ts"),
            ("http://a/live/bob/pw/12.ts", "http://a/movie/bob/pw/12.mkv"),
            ("http://a/get?id=1", "http://a/get?id=2"),
            ("http://a/x/y/z.m3u8", "http://a/x/y/w.m3u8"),
            ("udp://@239.0.0.1:1", "udp://@239.0.0.2:1"),
        ] {
            assert_ne!(stable(a), stable(b));
        }
    }

    #[test]
    fn any_difference_changes_the_digest_and_the_address_alone_the_identity() {
        let entry = |change: fn(&mut m3u::Entry)| {
            let mut entry = m3u::Entry {
                name: "TF1".into(),
                group: Some("FR".into()),
                url: "http://h/u/p/1.ts".into(),
                ..m3u::Entry::default()
            };
            change(&mut entry);
            Row::of_list(entry)
        };
        let plain = entry(|_| {});
        for change in [
            (|e| e.name = "TF2".into()) as fn(&mut m3u::Entry),
            |e| e.group = None,
            |e| e.tvg_id = Some("x".into()),
            |e| e.number = Some(1.0),
            |e| e.logo = Some("http://l/x.png".into()),
            |e| e.user_agent = Some("x".into()),
            |e| e.catch_up = vec![("catchup".into(), "xc".into())],
            |e| e.url = "http://h/other/p/1.ts".into(),
        ] {
            let other = entry(change);
            assert_ne!(other.digest, plain.digest, "{other:?}");
            assert_eq!(other.identity, plain.identity, "{other:?}");
        }
        assert_ne!(entry(|e| e.url = "http://h/u/p/2.ts".into()).identity, plain.identity);
    }

    #[test]
    fn ids_that_people_can_type() {
        let list = |name: &str| Row { name: name.into(), identity: 0xabcd_0123_4567_89ef, ..Row::default() };
        assert_eq!(list("TF1 HD").ids("x"), ("tf1-hd".into(), "tf1-hd-abcd0123".into()));
        assert_eq!(list("日本").ids("x"), ("m3u-abcd0123".into(), "m3u-abcd0123456789ef".into()));
        let panel = |key: &str| Row { source_key: key.into(), ..Row::default() }.ids("home");
        assert_eq!(panel("live/5"), ("5".into(), "home-5".into()));
        assert_eq!(panel("movie/5.mkv"), ("5".into(), "home-movie-5".into()));
        assert_eq!(panel("series/5"), ("series-5".into(), "home-series-5".into()));
    }
}
