//! The programme guide.

use super::catalogue::catalogue_error;
use crate::app::book::Catalogue;
use crate::guide::{Guide, GuideError, LineupChannel};
use crate::http::ApiError;
use crate::http::services::{BoxFuture, ChannelQuery, GuideApi, GuideDocument, Span, Viewer};
use crate::store::StoreError;
use crate::wire::catalogue::{Channel, RefreshScheduled};
use crate::wire::guide::{
    ChannelGuide, ChannelName, Hit, HitPage, MatchPage, MatchRequest, MatchView, NowItem, NowPage, Schedule,
    SourceRequest, SourceView,
};
use crate::wire::{ChannelId, Paging};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) struct Programmes {
    pub(super) guide: Arc<Guide>,
    pub(super) catalogue: Catalogue,
}

impl Programmes {
    async fn known(&self, id: &ChannelId) -> Result<Channel, ApiError> {
        let found = self.catalogue.channel(id).await.map_err(catalogue_error)?;
        found.ok_or_else(|| ApiError::no_such_channel(id))
    }

    fn matched(&self, channel: &Channel) -> Result<MatchView, ApiError> {
        let channel = LineupChannel {
            id: channel.channel_id.clone(),
            name: channel.name.clone(),
            tvg_id: channel.tvg_id.clone(),
            group: channel.group.clone(),
            provider: None,
            shift: 0,
            number: None,
            logo_url: None,
        };
        self.guide.matched(&[channel]).pop().ok_or_else(|| ApiError::internal("a channel without a match"))
    }
}

impl GuideApi for Programmes {
    fn schedule(&self, channels: Vec<ChannelId>, span: Span) -> BoxFuture<'_, Schedule> {
        Box::pin(async move {
            let mut names = Vec::with_capacity(channels.len());
            for id in &channels {
                names.push(self.known(id).await?.name);
            }
            let (from, to) = (span.from.as_second(), span.to.as_second());
            let programmes = self.guide.schedule(&channels, from, to).await.map_err(guide_error)?;
            let channels = channels.into_iter().zip(names).zip(programmes);
            let channels = channels.map(|((channel_id, name), programmes)| ChannelGuide {
                has_guide: self.guide.has_guide(&channel_id),
                channel_id,
                name,
                programmes,
            });
            Ok(Schedule { from: span.from, to: span.to, channels: channels.collect() })
        })
    }

    fn now(&self, query: ChannelQuery, at: Timestamp) -> BoxFuture<'_, NowPage> {
        Box::pin(async move {
            let paging = query.paging;
            let page = self.catalogue.channels(super::catalogue::query(query)).await;
            let page = page.map_err(catalogue_error)?;
            let ids: Vec<ChannelId> = page.items.iter().map(|channel| channel.channel_id.clone()).collect();
            let on = self.guide.now(&ids, at.as_second()).await.map_err(guide_error)?;
            let channels = page.items.into_iter().zip(on).map(|(channel, on)| NowItem {
                channel_id: channel.channel_id,
                name: channel.name,
                group: channel.group,
                logo_url: channel.logo_url,
                now: on.now,
                next: on.next,
            });
            let channels = channels.collect();
            Ok(NowPage { channels, total: page.total, page: paging.page, per_page: paging.per_page })
        })
    }

    fn search(&self, words: String, span: Span, paging: Paging) -> BoxFuture<'_, HitPage> {
        Box::pin(async move {
            let span = (span.from.as_second(), span.to.as_second());
            let take = usize::try_from(paging.per_page).unwrap_or(usize::MAX);
            let found = self.guide.search(&words, span, paging.offset(), take).await;
            let (found, total) = found.map_err(guide_error)?;
            let mut names: HashMap<ChannelId, Option<String>> = HashMap::new();
            let mut programmes = Vec::with_capacity(found.len());
            for hit in found {
                let mut channels = Vec::with_capacity(hit.channels.len());
                for channel_id in hit.channels {
                    if !names.contains_key(&channel_id) {
                        let name = self.catalogue.name(&channel_id).await?;
                        names.insert(channel_id.clone(), name);
                    }
                    // One that has gone since is left out.
                    if let Some(Some(name)) = names.get(&channel_id) {
                        channels.push(ChannelName { channel_id, name: name.clone() });
                    }
                }
                programmes.push(Hit { channels, programme: hit.programme });
            }
            Ok(HitPage { programmes, total, page: paging.page, per_page: paging.per_page })
        })
    }

    fn sources(&self) -> BoxFuture<'_, Vec<SourceView>> {
        Box::pin(async move { self.guide.sources().await.map_err(guide_error) })
    }

    fn add(&self, request: SourceRequest) -> BoxFuture<'_, SourceView> {
        Box::pin(async move { self.guide.add(&request).await.map_err(guide_error) })
    }

    fn change<'a>(&'a self, source: &'a str, request: SourceRequest) -> BoxFuture<'a, Option<SourceView>> {
        Box::pin(async move { known(self.guide.change(source, &request).await) })
    }

    fn remove<'a>(&'a self, source: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(async move { Ok(known(self.guide.remove(source).await)?.is_some()) })
    }

    fn refresh<'a>(&'a self, source: &'a str, force: bool) -> BoxFuture<'a, Option<RefreshScheduled>> {
        Box::pin(async move {
            let begun = known(self.guide.refresh_soon(source, force).await)?;
            Ok(begun.map(|begun| RefreshScheduled { already_running: !begun }))
        })
    }

    fn matches(&self, paging: Paging) -> BoxFuture<'_, MatchPage> {
        Box::pin(async move {
            let take = usize::try_from(paging.per_page).unwrap_or(usize::MAX);
            let page = self.guide.matches(paging.offset(), take).await;
            let (matches, total, matched) = page.map_err(guide_error)?;
            Ok(MatchPage { matches, total, matched, page: paging.page, per_page: paging.per_page })
        })
    }

    fn set_match(&self, channel: ChannelId, request: MatchRequest) -> BoxFuture<'_, MatchView> {
        Box::pin(async move {
            let known = self.known(&channel).await?;
            self.guide.set_match(channel, request).await.map_err(guide_error)?;
            self.matched(&known)
        })
    }

    fn clear_match(&self, channel: ChannelId) -> BoxFuture<'_, bool> {
        Box::pin(async move { self.guide.clear_match(&channel).await.map_err(guide_error) })
    }

    fn document(&self, _: &Viewer) -> BoxFuture<'_, GuideDocument> {
        let document = self.guide.document();
        Box::pin(async move { Ok(GuideDocument { version: document.version, body: document.body }) })
    }
}

fn known<T>(answer: Result<T, GuideError>) -> Result<Option<T>, ApiError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(GuideError::UnknownSource(_)) => Ok(None),
        Err(error) => Err(guide_error(error)),
    }
}

fn guide_error(error: GuideError) -> ApiError {
    match error {
        GuideError::UnknownSource(_) => ApiError::not_found(error.to_string()),
        GuideError::Invalid { field, why } => ApiError::invalid([(field, why)]),
        GuideError::OfProvider(_) | GuideError::AlreadyRunning(_) => {
            ApiError::already_exists(error.to_string())
        }
        GuideError::Refresh { .. } => ApiError::upstream(error.to_string()),
        GuideError::Store(StoreError::Exists(words)) => {
            ApiError::already_exists(format!("{words} exists already"))
        }
        GuideError::Lineup(_) | GuideError::Store(_) | GuideError::Unsealable(_) | GuideError::Panicked => {
            ApiError::internal(error.to_string())
        }
    }
}
