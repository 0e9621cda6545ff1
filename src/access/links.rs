//! Temporary links to a channel: an unguessable name that works until it expires or is revoked.

use super::{Access, AccessError};
use crate::store::links::{self, Link};
use crate::store::now;
use crate::wire::ChannelId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Hours a link lives where nothing else is asked for.
pub const DEFAULT_HOURS: u32 = 24;
/// Links at a time, expired ones included.
const MOST: usize = 100_000;
/// Expired links are known as such (410, not 404) for so long.
const REMEMBERED: i64 = 30 * 24 * 3600;

/// What a link's name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// There never was one, or so long ago that it is forgotten: 404.
    Unknown,
    /// It expired or was revoked: 410.
    Expired,
    /// It shows this channel.
    Ok(ChannelId),
}

impl Access {
    /// Makes a link for `hours` (default 24, at most the configured number).
    pub async fn create_link(
        &self,
        channel: ChannelId,
        hours: Option<u32>,
        created_by: Option<i64>,
    ) -> Result<Link, AccessError> {
        let hours = hours.unwrap_or(DEFAULT_HOURS.min(self.max_link_hours));
        if !(1..=self.max_link_hours).contains(&hours) {
            return Err(AccessError::LinkHours(self.max_link_hours));
        }
        if self.index.read().links.len() >= MOST {
            return Err(AccessError::TooManyLinks(MOST));
        }
        let created_at = now();
        let link = Link {
            id: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()),
            channel,
            created_by,
            created_at,
            expires_at: created_at + i64::from(hours) * 3600,
            revoked: false,
        };
        let stored = link.clone();
        self.store.write(move |tx| links::insert(tx, &stored)).await?;
        self.index.write().links.insert(link.id.clone(), link.clone());
        Ok(link)
    }

    /// Links that work, the newest first; only those of one user where `of` is given.
    pub fn links(&self, of: Option<i64>) -> Vec<Link> {
        let now = now();
        let index = self.index.read();
        let works = |link: &&Link| !link.revoked && link.expires_at > now;
        let asked = |link: &&Link| of.is_none() || link.created_by == of;
        let mut links: Vec<_> = index.links.values().filter(works).filter(asked).cloned().collect();
        links.sort_unstable_by(|a, b| (b.created_at, &a.id).cmp(&(a.created_at, &b.id)));
        links
    }

    /// Revokes a link (only one of user `of`, where given); whether there was one.
    pub async fn revoke_link(&self, id: &str, of: Option<i64>) -> Result<bool, AccessError> {
        let known = |link: &Link| of.is_none() || link.created_by == of;
        if !self.index.read().links.get(id).is_some_and(known) {
            return Ok(false);
        }
        let key = id.to_owned();
        let found = self.store.write(move |tx| links::revoke(tx, &key)).await?;
        if let Some(link) = self.index.write().links.get_mut(id) {
            link.revoked = true;
        }
        Ok(found)
    }

    /// What a link's name (without extension) stands for; from memory.
    pub fn resolve_link(&self, id: &str) -> Resolved {
        match self.index.read().links.get(id) {
            None => Resolved::Unknown,
            Some(link) if link.revoked || link.expires_at <= now() => Resolved::Expired,
            Some(link) => Resolved::Ok(link.channel.clone()),
        }
    }

    pub(super) async fn prune_links(&self) -> Result<(), AccessError> {
        let before = now() - REMEMBERED;
        self.store.write(move |tx| links::prune(tx, before)).await?;
        self.index.write().links.retain(|_, link| link.expires_at >= before);
        Ok(())
    }
}
