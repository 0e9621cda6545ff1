//! The Xtream Codes API: its addresses, its login document, its live streams. Nothing is decoded into fixed shapes.

use super::error::ImportError;
use super::lenient::{count, flag, number, text, texts};
use serde_json::Value;
use std::collections::HashMap;
use url::Url;

/// An account at a panel.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Account {
    /// `http(s)://host[:port][/base]`
    pub(super) base: Url,
    pub(super) username: String,
    pub(super) password: String,
}

/// What a login said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Login {
    /// Connections at a time; 0: not limited.
    pub(super) max_connections: Option<u32>,
    /// `ts`, `m3u8`, `rtmp`; empty: not said.
    pub(super) formats: Vec<String>,
}

/// A live stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stream {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) group: Option<String>,
    pub(super) logo: Option<String>,
    pub(super) number: Option<f64>,
    pub(super) tvg_id: Option<String>,
    pub(super) radio: bool,
    /// The real address, where the panel gives it away.
    pub(super) direct: Option<String>,
}

impl Account {
    /// An account from what people paste: with or without scheme, with a trailing `/player_api.php?…`.
    pub(super) fn new(host: &str, username: &str, password: &str) -> Result<Self, &'static str> {
        let host = host.trim().replacen("http//", "http://", 1).replacen("https//", "https://", 1);
        let host = if host.contains("://") { host } else { format!("http://{host}") };
        let mut base = Url::parse(&host).map_err(|_| "is not an address like http://host:port")?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err("is not an address like http://host:port");
        }
        if username.is_empty() || password.is_empty() {
            return Err("needs a username and a password");
        }
        base.set_query(None);
        base.set_fragment(None);
        // Credentials belong to the account, not to the address.
        let _ = base.set_username("");
        let _ = base.set_password(None);
        if base.path().ends_with(".php")
            && let Ok(mut parts) = base.path_segments_mut()
        {
            parts.pop();
        }
        Ok(Self { base, username: username.into(), password: password.into() })
    }

    /// `player_api.php`, with an action or (without) the login document.
    pub(super) fn api(&self, action: Option<&str>) -> String {
        let mut url = self.at(&["player_api.php"]);
        url.query_pairs_mut().append_pair("username", &self.username).append_pair("password", &self.password);
        if let Some(action) = action {
            url.query_pairs_mut().append_pair("action", action);
        }
        url.into()
    }

    /// The panel's guide.
    pub(super) fn guide(&self) -> String {
        let mut url = self.at(&["xmltv.php"]);
        url.query_pairs_mut().append_pair("username", &self.username).append_pair("password", &self.password);
        url.into()
    }

    /// Where a live stream plays; as HLS for accounts that may have nothing else.
    pub(super) fn live(&self, id: &str, formats: &str) -> String {
        let may = |format: &str| formats.split(',').any(|f| f.eq_ignore_ascii_case(format));
        let hls = may("m3u8") && !may("ts");
        let file = format!("{id}.{}", if hls { "m3u8" } else { "ts" });
        self.at(&["live", &self.username, &self.password, &file]).into()
    }

    fn at(&self, parts: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }
}

impl Login {
    /// Reads a login document. A refused account comes with status 200 and `auth: 0`.
    pub(super) fn read(body: &[u8]) -> Result<Self, ImportError> {
        let body = String::from_utf8_lossy(body);
        let body = body.trim_start_matches('\u{feff}').trim();
        if body.starts_with('<') {
            return Err(ImportError::NotAList("a web page"));
        }
        let document: Value =
            serde_json::from_str(body).map_err(|_| ImportError::NotAList("something that is not JSON"))?;
        let user = document.get("user_info").filter(|user| user.is_object());
        let user = user.ok_or(ImportError::NotAList("JSON without user_info"))?;
        if flag(user.get("auth")) == Some(false) {
            return Err(ImportError::Login("wrong username or password".into()));
        }
        let status = text(user.get("status")).unwrap_or_default().to_ascii_lowercase();
        if matches!(status.as_str(), "banned" | "disabled" | "expired") {
            return Err(ImportError::Login(format!("it is {status}")));
        }
        let formats = texts(user.get("allowed_output_formats"));
        let formats =
            formats.into_iter().map(|f| f.to_ascii_lowercase()).filter(|f| f.len() < 16).take(8).collect();
        Ok(Self { max_connections: count(user.get("max_connections")), formats })
    }
}

/// Adds a category of `get_live_categories`; whether it was one.
pub(super) fn category(value: &Value, into: &mut HashMap<String, String>) -> bool {
    match (text(value.get("category_id")), text(value.get("category_name"))) {
        (Some(id), Some(name)) if into.len() < 100_000 && id.len() <= 40 => {
            // All are held at once, and an element may have a megabyte.
            into.insert(id, name.chars().take(300).collect());
            true
        }
        _ => false,
    }
}

/// A stream of `get_live_streams`; `None` where it has no usable id.
pub(super) fn stream(value: &Value, categories: &HashMap<String, String>) -> Option<Stream> {
    let id = text(value.get("stream_id"))?;
    let valid = id.len() <= 40 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !valid {
        return None;
    }
    let mut groups = text(value.get("category_id")).into_iter().chain(texts(value.get("category_ids")));
    let direct = text(value.get("direct_source")).filter(|url| url.contains("://"));
    Some(Stream {
        name: text(value.get("name")).unwrap_or_else(|| id.clone()),
        group: groups.find_map(|id| categories.get(&id).cloned()),
        logo: text(value.get("stream_icon")).filter(|logo| logo.contains("://")),
        number: number(value.get("num")),
        tvg_id: text(value.get("epg_channel_id")),
        radio: text(value.get("stream_type")).is_some_and(|sort| sort.contains("radio")),
        direct,
        id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_from_what_people_paste() {
        for host in
            ["h:8080", "http://h:8080", "http//h:8080/", "http://x:y@h:8080/get.php?username=a", " h:8080 "]
        {
            let account = Account::new(host, "u/1", "p&?").expect(host);
            assert_eq!(account.live("7", "ts,m3u8"), "http://h:8080/live/u%2F1/p&%3F/7.ts", "{host}");
            assert_eq!(account.live("7", "m3u8"), "http://h:8080/live/u%2F1/p&%3F/7.m3u8");
            let api = account.api(Some("get_live_streams"));
            assert_eq!(
                api,
                "http://h:8080/player_api.php?username=u%2F1&password=p%26%3F&action=get_live_streams"
            );
        }
        let below = Account::new("https://h/base/", "u", "p").expect("base");
        assert_eq!(below.live("7", ""), "https://h/base/live/u/p/7.ts");
        for bad in ["ftp://h", "", "http://", "h h"] {
            assert!(Account::new(bad, "u", "p").is_err(), "{bad:?}");
        }
        assert!(Account::new("h", "", "p").is_err());
    }

    #[test]
    fn logins_in_every_dress() {
        let read = |value: Value| Login::read(value.to_string().as_bytes());
        let good = read(json!({"user_info": {"auth": "1", "status": "Active", "max_connections": " 2 ",
            "exp_date": null, "allowed_output_formats": {"0": "M3U8"}}}));
        assert_eq!(good.expect("login"), Login { max_connections: Some(2), formats: vec!["m3u8".into()] });
        assert_eq!(read(json!({"user_info": {}})).expect("login"), Login::default());
        for refused in
            [json!({"user_info": {"auth": 0}}), json!({"user_info": {"auth": 1, "status": "Expired"}})]
        {
            assert!(matches!(read(refused), Err(ImportError::Login(_))));
        }
        for other in ["<html>", "", "[]", "{\"user_info\":[]}", "Forbidden"] {
            assert!(matches!(Login::read(other.as_bytes()), Err(ImportError::NotAList(_))), "{other}");
        }
    }

    #[test]
    fn streams_with_odd_fields() {
        let mut categories = HashMap::new();
        assert!(category(&json!({"category_id": 5, "category_name": " News "}), &mut categories));
        assert!(
            !category(&json!({"category_id": null}), &mut categories)
                && !category(&json!(3), &mut categories)
        );
        let full = stream(
            &json!({"num": "3", "name": "X HD", "stream_id": "123", "stream_icon": "http://l/x.png", "category_id": null,
                    "category_ids": [9, 5], "epg_channel_id": "x.uk", "direct_source": "http://d/x"}),
            &categories,
        )
        .expect("stream");
        assert_eq!((full.id.as_str(), full.number, full.group.as_deref()), ("123", Some(3.0), Some("News")));
        assert_eq!((full.tvg_id.as_deref(), full.direct.as_deref()), (Some("x.uk"), Some("http://d/x")));
        let bare = stream(
            &json!({"stream_id": 7, "name": null, "stream_icon": "", "direct_source": "", "num": ""}),
            &categories,
        );
        let bare = bare.expect("stream");
        assert_eq!((bare.name.as_str(), &bare.logo, &bare.direct, bare.number), ("7", &None, &None, None));
        for odd in [
            json!(null),
            json!([]),
            json!({"name": "x"}),
            json!({"stream_id": "../x"}),
            json!({"stream_id": {}}),
        ] {
            assert_eq!(stream(&odd, &categories), None);
        }
    }

    #[test]
    fn a_category_is_held_at_a_bounded_length() {
        let mut categories = HashMap::new();
        let huge = "x".repeat(1 << 20);
        assert!(category(&serde_json::json!({"category_id": "1", "category_name": huge}), &mut categories));
        assert!(!category(
            &serde_json::json!({"category_id": huge, "category_name": "News"}),
            &mut categories
        ));
        assert_eq!(categories["1"].len(), 300);
    }
}
