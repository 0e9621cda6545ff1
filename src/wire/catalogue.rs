//! Channels, groups and providers as the API shows them (contract, section 5). Addresses are shown without
//! credentials, always.

use super::ChannelId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use utoipa::ToSchema;

/// The normalised kind of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Live television: news, sports, general.
    Tv,
    /// Films, cinema, video on demand.
    Movies,
    /// Series and their episodes.
    Series,
    /// Radio, and what can't be told.
    Other,
}

impl Category {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tv => "tv",
            Self::Movies => "movies",
            Self::Series => "series",
            Self::Other => "other",
        }
    }
}

/// The text names no category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a category is tv, movies, series or other")]
pub struct UnknownCategory;

impl FromStr for Category {
    type Err = UnknownCategory;

    fn from_str(text: &str) -> Result<Self, UnknownCategory> {
        [Self::Tv, Self::Movies, Self::Series, Self::Other]
            .into_iter()
            .find(|category| category.as_str().eq_ignore_ascii_case(text))
            .ok_or(UnknownCategory)
    }
}

/// An item of `GET /channels`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Channel {
    /// Its id; a number in JSON where it is one.
    #[schema(value_type = String)]
    pub channel_id: ChannelId,
    /// As the provider writes it.
    pub name: String,
    /// The provider's group.
    pub group: Option<String>,
    /// The normalised kind.
    pub category: Category,
    /// A picture of it.
    pub logo_url: Option<String>,
    /// The provider's channel number: a whole number, or one like 5.1.
    #[serde(serialize_with = "whole")]
    pub number: Option<f64>,
    /// Its name in programme guides.
    pub tvg_id: Option<String>,
    /// Whether viewers may have it.
    pub is_active: bool,
    /// The provider's name.
    pub provider: String,
    /// Not listed, unless asked for.
    pub hidden: bool,
    /// A favourite.
    pub favourite: bool,
}

/// A page of `GET /channels`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChannelPage {
    /// The channels of this page, in the providers' order.
    pub items: Vec<Channel>,
    /// How many there are on all pages.
    pub total: u64,
    /// This page, from 1.
    pub page: u32,
    /// Items on a full page.
    pub page_size: u32,
    /// How many pages; 0 where there is nothing.
    pub pages: u64,
}

/// A group with its number of channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Group {
    /// Stays the same over refreshes.
    pub id: i64,
    /// As the provider writes it.
    pub name: String,
    /// Channels in it, of all providers.
    pub count: u64,
}

/// `GET /groups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Groups {
    /// By name.
    pub groups: Vec<Group>,
}

/// `GET /stats`: channels by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// Live television.
    pub tv: u64,
    /// Films.
    pub movies: u64,
    /// Series.
    pub series: u64,
    /// All else.
    pub other: u64,
    /// All.
    pub total: u64,
}

/// `GET /status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CatalogueStatus {
    /// A refresh runs or waits.
    pub refreshing: bool,
    /// 0 to 1; 1.0 when nothing runs. An estimate from the last list's length.
    pub progress: f64,
    /// When a list was last taken over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_refresh: Option<Timestamp>,
    /// Channels of enabled providers.
    pub channel_count: u64,
    /// A provider's list is older than twice its refresh interval, or its last refresh failed.
    pub stale: bool,
    /// What went wrong last, with the provider's name; no credentials.
    pub error: Option<String>,
}

/// `POST /refresh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefreshScheduled {
    /// One was running already: nothing was started.
    pub already_running: bool,
}

/// What a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// Xtream Codes API.
    Xtream,
    /// An M3U list at a URL or in a file.
    M3u,
}

/// Where a provider's credentials are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProviderOrigin {
    /// In the database, encrypted.
    Stored,
    /// In this process's environment only.
    Environment,
    /// In this process's memory only (`POST /login`).
    Memory,
}

/// A provider as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProviderView {
    /// Its number.
    pub id: i64,
    /// Its name, unique.
    pub name: String,
    /// What it speaks.
    pub kind: ProviderKind,
    /// Where its credentials are.
    pub origin: ProviderOrigin,
    /// `scheme://host/…` or the file's path: no credentials.
    pub address: String,
    /// The account's name with all but its first letter masked; `None` for lists.
    pub account: Option<String>,
    /// Sent as `User-Agent`; `None`: the configured one.
    pub user_agent: Option<String>,
    /// Names of further request headers; their values are secret.
    pub header_names: Vec<String>,
    /// Whether certificates are checked.
    pub verify_tls: bool,
    /// Connections at a time that relais keeps to; 0: not limited.
    pub max_connections: u32,
    /// Whether an administrator set that number; otherwise the provider said it.
    pub max_connections_overridden: bool,
    /// Seconds between refreshes; 0: only by hand.
    pub refresh_interval: u64,
    /// Disabled providers keep their list but show and play nothing.
    pub enabled: bool,
    /// Channels in its list.
    pub channel_count: u64,
    /// A refresh of it runs.
    pub refreshing: bool,
    /// Of that refresh, 0 to 1.
    pub progress: f64,
    /// When its list was last taken over.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_refresh: Option<Timestamp>,
    /// When that was last tried.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_attempt: Option<Timestamp>,
    /// Why the last try failed; `None` where it did not.
    pub last_error: Option<String>,
    /// Entries of its list that made no sense, and were left out.
    pub odd: u64,
    /// Entries of its list that said the same again.
    pub repeated: u64,
    /// A list that was not taken over, because too much was gone: an administrator may accept it.
    pub alert: Option<ProviderAlert>,
}

/// A list that waits to be accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderAlert {
    /// What is wrong with it, for people.
    pub message: String,
    /// Channels in the list that counts.
    pub old: u64,
    /// Channels in the one that waits.
    pub new: u64,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// How to reach a provider. Its `Debug` shows no credentials.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ProviderAccess {
    /// An Xtream Codes panel.
    Xtream {
        /// `http(s)://host[:port]`; without a scheme `http` is meant.
        host: String,
        /// The account.
        username: String,
        /// Its password.
        password: String,
    },
    /// An M3U list, plain, gzip or xz.
    M3u {
        /// An `http(s)` URL, or the absolute path of a file on the server.
        location: String,
    },
}

impl fmt::Debug for ProviderAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Xtream { .. } => "Xtream { … }",
            Self::M3u { .. } => "M3u { … }",
        })
    }
}

/// A provider to be added.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProvider {
    /// Its name, unique, 1 to 64 characters.
    pub name: String,
    /// How to reach it.
    pub access: ProviderAccess,
    /// Sent as `User-Agent` with its lists and streams.
    #[serde(default)]
    pub user_agent: Option<String>,
    /// Further request headers, name and value.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Whether certificates are checked.
    #[serde(default = "yes")]
    pub verify_tls: bool,
    /// Connections at a time, where what the provider says is wrong; 0: not limited.
    #[serde(default)]
    pub max_connections: Option<u32>,
    /// Seconds between refreshes; 0: only by hand; `None`: the configured interval.
    #[serde(default)]
    pub refresh_interval: Option<u64>,
    /// Whether its channels are shown and played.
    #[serde(default = "yes")]
    pub enabled: bool,
}

impl fmt::Debug for NewProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewProvider({:?}, {:?})", self.name, self.access)
    }
}

fn yes() -> bool {
    true
}

/// A whole number is written as one: 5, not 5.0.
fn whole<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match number {
        None => serializer.serialize_none(),
        #[allow(clippy::cast_possible_truncation)] // checked: whole and far below 2^53
        Some(n) if n.fract() == 0.0 && n.abs() < 1e15 => serializer.serialize_i64(*n as i64),
        Some(n) => serializer.serialize_f64(*n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_what_the_contract_says() {
        let channel = Channel {
            channel_id: 123_456.into(),
            name: "TF1 HD".into(),
            group: Some("France".into()),
            category: Category::Tv,
            logo_url: None,
            number: Some(5.0),
            tvg_id: None,
            is_active: true,
            provider: "home".into(),
            hidden: false,
            favourite: false,
        };
        let json = serde_json::to_value(&channel).expect("json");
        let expected = serde_json::json!({"channel_id": 123_456, "name": "TF1 HD", "group": "France",
            "category": "tv", "logo_url": null, "number": 5, "tvg_id": null, "is_active": true, "provider": "home",
            "hidden": false, "favourite": false});
        assert_eq!(json, expected);
    }

    #[test]
    fn requests_hide_their_credentials_in_debug() {
        let json = r#"{"name":"home","access":{"kind":"xtream","host":"http://h","username":"bob","password":"pw"}}"#;
        let new: NewProvider = serde_json::from_str(json).expect("request");
        assert!(new.enabled && new.verify_tls);
        let shown = format!("{new:?}");
        assert!(!shown.contains("pw") && !shown.contains("bob"), "{shown}");
    }
}
