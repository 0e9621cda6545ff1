//! The programme guide as the API shows it. Times are RFC 3339, UTC. Addresses are shown without credentials.

use super::ChannelId;
use super::programme::About;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// A programme on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProgrammeView {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    pub start: Timestamp,
    /// When it ends; null where the guide does not tell.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub stop: Option<Timestamp>,
    /// What it is.
    #[serde(flatten)]
    pub about: About,
}

/// The programmes of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelGuide {
    /// The channel's id; a number in JSON where it is one.
    #[schema(value_type = String)]
    pub channel_id: ChannelId,
    /// The channel's name.
    pub name: String,
    /// Whether a guide is known for it.
    pub has_guide: bool,
    /// In order of time, without overlaps.
    pub programmes: Vec<ProgrammeView>,
}

/// `GET /api/guide`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Schedule {
    /// From when on; a programme that runs then is among them.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// In the order they were asked for.
    pub channels: Vec<ChannelGuide>,
}

/// What is on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NowItem {
    /// The channel's id; a number in JSON where it is one.
    #[schema(value_type = String)]
    pub channel_id: ChannelId,
    /// The channel's name.
    pub name: String,
    /// The provider's group.
    pub group: Option<String>,
    /// A picture of the channel.
    pub logo_url: Option<String>,
    /// What runs; null where nothing does, or nobody knows.
    pub now: Option<ProgrammeView>,
    /// What comes next.
    pub next: Option<ProgrammeView>,
}

/// `GET /api/guide/now`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NowPage {
    /// This page's channels.
    pub channels: Vec<NowItem>,
    /// Channels on all pages.
    pub total: u64,
    /// From 1.
    pub page: u64,
    /// Channels on a page.
    pub per_page: u64,
}

/// A channel by id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelName {
    /// Its id; a number in JSON where it is one.
    #[schema(value_type = String)]
    pub channel_id: ChannelId,
    /// Its name.
    pub name: String,
}

/// A programme that was searched for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hit {
    /// The channels that show it, at most 20.
    pub channels: Vec<ChannelName>,
    /// When and what.
    #[serde(flatten)]
    pub programme: ProgrammeView,
}

/// `GET /api/guide/search`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HitPage {
    /// This page's programmes, in order of time.
    pub programmes: Vec<Hit>,
    /// Programmes on all pages; at most 10,000 are counted.
    pub total: u64,
    /// From 1.
    pub page: u64,
    /// Programmes on a page.
    pub per_page: u64,
}

/// What kind of place a guide comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// The guide of a provider; it comes and goes with it.
    Provider,
    /// An `http(s)` address.
    Url,
    /// A file on the server.
    File,
}

/// A source of guides as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceView {
    /// Its number.
    pub id: i64,
    /// Its name, unique.
    pub name: String,
    /// Where it comes from.
    pub kind: SourceKind,
    /// `scheme://host/…`, the file's path, or the provider's name: no credentials.
    pub address: String,
    /// Sent as `User-Agent`; null: the provider's, or the configured one.
    pub user_agent: Option<String>,
    /// Whether certificates are checked.
    pub verify_tls: bool,
    /// Minutes added to every time of it.
    pub shift: i32,
    /// The zone of its times that have none; null: UTC.
    pub zone: Option<String>,
    /// The language that is taken where it has several; null: the first.
    pub language: Option<String>,
    /// Seconds between refreshes; 0: only by hand.
    pub refresh_interval: u64,
    /// Whether it is read and used.
    pub enabled: bool,
    /// Channels in it.
    pub channel_count: u64,
    /// Programmes that were taken over.
    pub programme_count: u64,
    /// Programmes that made no sense, or said the same again, and were left out.
    pub odd_count: u64,
    /// Until when it knows programmes.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// It is being read.
    pub refreshing: bool,
    /// Programmes read so far, where it is.
    pub progress: u64,
    /// When it was last taken over, or found unchanged.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_refresh: Option<Timestamp>,
    /// When that was last tried.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_attempt: Option<Timestamp>,
    /// What was wrong with the last try; null where nothing was.
    pub last_error: Option<String>,
}

/// `GET /api/guide/sources`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceList {
    /// This page's sources.
    pub sources: Vec<SourceView>,
    /// Sources in all.
    pub total: u64,
    /// From 1.
    pub page: u64,
    /// Sources on a page.
    pub per_page: u64,
}

/// The answer to `POST` and `PUT` of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceDone {
    /// `created` or `updated`.
    pub status: String,
    /// As it is now.
    pub source: SourceView,
}

/// `POST /api/guide/sources`, and `PUT`, which changes what it has. Its `Debug` shows no address.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SourceRequest {
    /// Its name, unique, 1 to 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// An `http(s)` address, or the absolute path of a file on the server; plain, gzip or xz. Not for a provider's guide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Sent as `User-Agent`; `""`: the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Whether certificates are checked; true unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_tls: Option<bool>,
    /// Minutes to add to every time of it, -1440 to 1440.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<i32>,
    /// The zone of times that have none, such as `Europe/Paris`; `""`: UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The language to take where there are several, as the guide writes it (`fr`); `""`: the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Seconds between refreshes; 0: only by hand; the configured interval unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_interval: Option<u64>,
    /// Whether it is read and used; true unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

impl fmt::Debug for SourceRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceRequest({:?})", self.name)
    }
}

/// Why a channel has the guide that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchReason {
    /// An administrator said so.
    Manual,
    /// The same id.
    Id,
    /// The same id but for capital letters.
    IdLetterCase,
    /// The same id but for what follows its `@`.
    IdSuffix,
    /// The same name, but for country, quality and punctuation.
    Name,
    /// The same name, but for words such as "TV" as well.
    NameLoose,
    /// Nothing fits.
    None,
}

/// The guide of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MatchedGuide {
    /// The source's number.
    pub source: i64,
    /// The source's name.
    pub source_name: String,
    /// The channel's id in that source.
    pub guide_channel: String,
    /// The channel's name in that source.
    pub guide_name: Option<String>,
    /// Minutes by which this channel is later than that guide.
    pub shift: i32,
}

/// How a channel is matched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MatchView {
    /// The channel's id; a number in JSON where it is one.
    #[schema(value_type = String)]
    pub channel_id: ChannelId,
    /// The channel's name.
    pub name: String,
    /// The provider's group.
    pub group: Option<String>,
    /// Its name in guides, as the provider says.
    pub tvg_id: Option<String>,
    /// Its guide; null: it has none.
    pub guide: Option<MatchedGuide>,
    /// 0 to 1; null where there is no guide.
    pub confidence: Option<f64>,
    /// Why.
    pub reason: MatchReason,
}

/// `GET /api/guide/matches`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MatchPage {
    /// This page's channels: those without a guide first, then the least certain.
    pub matches: Vec<MatchView>,
    /// Channels on all pages.
    pub total: u64,
    /// Channels that have a guide.
    pub matched: u64,
    /// From 1.
    pub page: u64,
    /// Channels on a page.
    pub per_page: u64,
}

/// `PUT /api/guide/matches/{channel_id}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MatchRequest {
    /// The channel's id in a guide; null: it has no guide.
    pub guide_channel: Option<String>,
    /// In which source; null: in any.
    #[serde(default)]
    pub source: Option<i64>,
    /// Minutes by which this channel is later than that guide, -1440 to 1440.
    #[serde(default)]
    pub shift: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programme_is_one_flat_object() {
        let start = Timestamp::from_second(1_767_261_600).expect("time");
        let about = About { title: "News".into(), ..About::default() };
        let json = serde_json::to_value(ProgrammeView { start, stop: None, about }).expect("json");
        assert_eq!(json["start"], "2026-01-01T10:00:00Z");
        assert_eq!(json["title"], "News");
        assert!(json.as_object().expect("object").contains_key("stop"), "{json}");
    }

    #[test]
    fn requests_hide_their_address_in_debug() {
        let request = SourceRequest { url: Some("http://h/?password=hunter2".into()), ..Default::default() };
        assert!(!format!("{request:?}").contains("hunter2"));
    }
}
