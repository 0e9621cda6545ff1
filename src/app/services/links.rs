//! Temporary links.

use super::{access_error, page_of, time};
use crate::access::{Access, Resolved, Watching};
use crate::app::book::Catalogue;
use crate::http::services::{BoxFuture, Links, NewLink};
use crate::http::{ApiError, Principal};
use crate::wire::ChannelId;
use crate::wire::links::LinkView;
use crate::wire::paging::Paging;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

pub(super) struct TemporaryLinks {
    pub(super) access: Arc<Access>,
    pub(super) catalogue: Catalogue,
    pub(super) watching: Arc<Watching>,
}

impl Links for TemporaryLinks {
    fn create<'a>(
        &'a self,
        who: &'a Principal,
        channel: &'a ChannelId,
        life: Duration,
    ) -> BoxFuture<'a, NewLink> {
        Box::pin(async move {
            if self.catalogue.name(channel).await?.is_none() {
                return Err(ApiError::no_such_channel(channel));
            }
            let hours = u32::try_from(life.as_secs().div_ceil(3600)).unwrap_or(u32::MAX);
            let made = self.access.create_link(channel.clone(), Some(hours), who.user()).await;
            let link = made.map_err(access_error)?;
            let expires_at = time(link.expires_at).unwrap_or(Timestamp::MAX);
            Ok(NewLink { id: link.id, expires_at })
        })
    }

    fn list(&self, owner: Option<i64>, paging: Paging) -> BoxFuture<'_, (Vec<LinkView>, u64)> {
        Box::pin(async move {
            let (links, total) = page_of(self.access.links(owner), paging);
            let mut views = Vec::with_capacity(links.len());
            for link in links {
                views.push(LinkView {
                    channel_name: self.catalogue.name(&link.channel).await?,
                    id: link.id,
                    channel_id: link.channel,
                    created_by: link.created_by.map(|id| id.to_string()),
                    created_at: time(link.created_at),
                    expires_at: time(link.expires_at),
                });
            }
            Ok((views, total))
        })
    }

    fn delete<'a>(&'a self, id: &'a str, owner: Option<i64>) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let revoked = self.access.revoke_link(id, owner).await.map_err(access_error)?;
            if revoked {
                let works = |link: &str| matches!(self.access.resolve_link(link), Resolved::Ok(_));
                self.watching.end_links(works);
            }
            Ok(revoked)
        })
    }
}
