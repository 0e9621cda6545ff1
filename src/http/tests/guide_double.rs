//! A guide that behaves, in memory: one channel with a guide, one source, one viewer.

use super::doubles::World;
use crate::http::error::ApiError;
use crate::http::services::{BoxFuture, ChannelQuery, GuideApi, GuideDocument, Span, Viewer, Viewers};
use crate::wire::catalogue::RefreshScheduled;
use crate::wire::guide::{
    ChannelGuide, ChannelName, Hit, HitPage, MatchPage, MatchReason, MatchRequest, MatchView, MatchedGuide,
    NowItem, NowPage, ProgrammeView, Schedule, SourceKind, SourceRequest, SourceView,
};
use crate::wire::programme::About;
use crate::wire::{ChannelId, Paging, Secret, time};
use futures_util::StreamExt;
use jiff::Timestamp;

fn ok<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(async move { Ok(value) })
}

fn done<'a, T: Send + 'a>(value: Result<T, ApiError>) -> BoxFuture<'a, T> {
    Box::pin(async move { value })
}

pub(super) fn news() -> ProgrammeView {
    let about = About { title: "Journal & météo".into(), season: Some(1), ..About::default() };
    let at = |text| time::parse(text).expect("time");
    ProgrammeView { start: at("2026-01-15T20:00:00Z"), stop: Some(at("2026-01-15T21:00:00Z")), about }
}

fn tf1() -> ChannelId {
    "123456".parse().expect("id")
}

fn source(request: SourceRequest) -> SourceView {
    SourceView {
        id: 1,
        name: request.name.unwrap_or_else(|| "paris".into()),
        kind: SourceKind::Url,
        address: "http://guide.example/…".into(),
        user_agent: request.user_agent,
        verify_tls: request.verify_tls.unwrap_or(true),
        shift: request.shift.unwrap_or(0),
        zone: request.zone,
        language: request.language,
        refresh_interval: request.refresh_interval.unwrap_or(43_200),
        enabled: request.enabled.unwrap_or(true),
        channel_count: 0,
        programme_count: 0,
        odd_count: 0,
        until: None,
        refreshing: false,
        progress: 0,
        last_refresh: None,
        last_attempt: None,
        last_error: None,
    }
}

fn matched(channel_id: ChannelId, request: MatchRequest) -> MatchView {
    let guide = request.guide_channel.map(|guide_channel| MatchedGuide {
        source: 1,
        source_name: "paris".into(),
        guide_channel,
        guide_name: None,
        shift: request.shift,
    });
    let confidence = guide.as_ref().map(|_| 1.0);
    let name = "TF1 HD".into();
    MatchView { channel_id, name, group: None, tvg_id: None, guide, confidence, reason: MatchReason::Manual }
}

impl GuideApi for World {
    fn schedule(&self, channels: Vec<ChannelId>, span: Span) -> BoxFuture<'_, Schedule> {
        if let Some(unknown) = channels.iter().find(|id| **id != tf1()) {
            return done(Err(ApiError::no_such_channel(unknown)));
        }
        let channels = channels.into_iter().map(|channel_id| ChannelGuide {
            channel_id,
            name: "TF1 HD".into(),
            has_guide: true,
            programmes: vec![news()],
        });
        ok(Schedule { from: span.from, to: span.to, channels: channels.collect() })
    }

    fn now(&self, query: ChannelQuery, at: Timestamp) -> BoxFuture<'_, NowPage> {
        let item = NowItem {
            channel_id: tf1(),
            name: "TF1 HD".into(),
            group: query.group,
            logo_url: None,
            now: (at < news().start).then(news),
            next: None,
        };
        let Paging { page, per_page } = query.paging;
        ok(NowPage { channels: vec![item], total: 1, page, per_page })
    }

    fn search(&self, words: String, _: Span, paging: Paging) -> BoxFuture<'_, HitPage> {
        let channels = vec![ChannelName { channel_id: tf1(), name: "TF1 HD".into() }];
        let hits = if words == "journal" { vec![Hit { channels, programme: news() }] } else { Vec::new() };
        let total = hits.len() as u64;
        ok(HitPage { programmes: hits, total, page: paging.page, per_page: paging.per_page })
    }

    fn sources(&self) -> BoxFuture<'_, Vec<SourceView>> {
        ok(vec![source(SourceRequest::default())])
    }

    fn add(&self, request: SourceRequest) -> BoxFuture<'_, SourceView> {
        done(match request.name.as_deref() {
            Some("paris") => Err(ApiError::already_exists("There is a source of that name")),
            _ => Ok(source(request)),
        })
    }

    fn change<'a>(&'a self, name: &'a str, request: SourceRequest) -> BoxFuture<'a, Option<SourceView>> {
        ok((name == "paris").then(|| source(request)))
    }

    fn remove<'a>(&'a self, name: &'a str) -> BoxFuture<'a, bool> {
        ok(name == "paris")
    }

    fn refresh<'a>(&'a self, name: &'a str, force: bool) -> BoxFuture<'a, Option<RefreshScheduled>> {
        ok((name == "paris").then_some(RefreshScheduled { already_running: !force }))
    }

    fn matches(&self, paging: Paging) -> BoxFuture<'_, MatchPage> {
        let matches = vec![matched(tf1(), MatchRequest::default())];
        ok(MatchPage { matches, total: 1, matched: 0, page: paging.page, per_page: paging.per_page })
    }

    fn set_match(&self, channel: ChannelId, request: MatchRequest) -> BoxFuture<'_, MatchView> {
        done(if channel == tf1() {
            Ok(matched(channel, request))
        } else {
            Err(ApiError::no_such_channel(&channel))
        })
    }

    fn clear_match(&self, channel: ChannelId) -> BoxFuture<'_, bool> {
        ok(channel == tf1())
    }

    fn document(&self, viewer: &Viewer) -> BoxFuture<'_, GuideDocument> {
        let document = format!(
            "<?xml version=\"1.0\"?>\n<tv><channel id=\"123456\"><display-name>{}</display-name></channel>\
             <programme start=\"20260115200000 +0000\" channel=\"123456\"><title>Journal &amp; météo</title></programme></tv>\n",
            viewer.name
        );
        let pieces: Vec<_> =
            document.as_bytes().chunks(50).map(|piece| Ok(bytes::Bytes::copy_from_slice(piece))).collect();
        let body = futures_util::stream::iter(pieces).boxed();
        ok(GuideDocument { version: "abc".into(), body })
    }
}

impl Viewers for World {
    fn by_token<'a>(&'a self, token: &'a Secret) -> BoxFuture<'a, Viewer> {
        done(match token.expose() {
            "john-token" => Ok(Viewer { id: 3, name: "john".into() }),
            "lapsed-token" => Err(ApiError::forbidden("This account is disabled, or has expired")),
            _ => Err(ApiError::unauthorized("This token is not known")),
        })
    }
}
