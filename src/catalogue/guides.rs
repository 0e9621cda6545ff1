//! What the programme guide asks of the catalogue: channels that run by a schedule, and where providers' guides are.

use super::index::{Flags, Hit};
use super::playable::public_only;
use super::provider::Place;
use super::search::blocking;
use super::{Catalogue, CatalogueError};
use crate::store::imports::{kind_number, rows};
use crate::store::providers;
use crate::store::{Unsealable, Vault, guide};
use crate::wire::ChannelId;
use crate::wire::catalogue::Category;
use crate::wire::catalogue::ProviderKind;
use std::fmt;

const PURPOSE: &str = "provider guides";

/// A channel that runs by a schedule, and what guides may know it by.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheduled {
    /// Its place: what comes after it is asked for by this.
    pub row: i64,
    /// Its id.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
    /// Its name in guides.
    pub tvg_id: Option<String>,
    /// Its group.
    pub group: Option<String>,
    /// Its provider.
    pub provider: i64,
    /// Its number.
    pub number: Option<f64>,
    /// A picture of it.
    pub logo_url: Option<String>,
}

/// A provider that has a guide of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuideProvider {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Whether its channels are shown and played.
    pub enabled: bool,
}

/// Where a guide is. Holds credentials: its `Debug` shows none.
#[derive(Clone, PartialEq, Eq)]
pub struct GuideAddress {
    /// `http` or `https`.
    pub url: String,
    /// Sent as `User-Agent`.
    pub user_agent: Option<String>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Whether certificates are checked.
    pub verify_tls: bool,
    /// It may not lead to a private address: it stands in a list from outside.
    pub public_only: bool,
}

impl fmt::Debug for GuideAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GuideAddress({})", super::provider::masked(&self.url))
    }
}

pub(super) fn seal(vault: &Vault, addresses: &[String]) -> Result<Vec<u8>, Unsealable> {
    let plain = serde_json::to_vec(addresses).map_err(|_| Unsealable)?;
    vault.seal(PURPOSE, &plain)
}

fn open(vault: &Vault, sealed: &[u8]) -> Result<Vec<String>, Unsealable> {
    serde_json::from_slice(&vault.open(PURPOSE, sealed)?).map_err(|_| Unsealable)
}

impl Catalogue {
    /// Active, listed channels that are neither films nor series, some at a time: those after that place, at most
    /// `limit`.
    pub async fn scheduled(&self, after: i64, limit: u32) -> Result<Vec<Scheduled>, CatalogueError> {
        let view = self.view().await?;
        let index = std::sync::Arc::clone(&view.index);
        let hits = blocking(move || {
            let mut lists: Vec<usize> = (0..index.lists.len()).collect();
            lists.sort_unstable_by_key(|list| index.lists[*list].generation);
            let kinds = [kind_number(Category::Tv), kind_number(Category::Other)];
            let mut hits = Vec::new();
            for list in lists {
                let of = &index.lists[list];
                let first = (after + 1 - rows(of.generation).start).max(0);
                let positions =
                    u32::try_from(first).unwrap_or(u32::MAX)..u32::try_from(of.len()).unwrap_or(0);
                let fits = |position: &u32| {
                    let flags = of.flags(*position);
                    kinds.contains(&flags.kind()) && !flags.has(Flags::HIDDEN) && !flags.has(Flags::INACTIVE)
                };
                let room = (limit as usize).saturating_sub(hits.len());
                hits.extend(positions.filter(fits).take(room).map(|position| Hit { list, position }));
            }
            hits
        });
        let hits = hits.await?;
        let channels = self.channels_at(&view, &hits).await?;
        Ok(channels
            .into_iter()
            .map(|(hit, channel)| Scheduled {
                row: view.index.row(hit),
                id: channel.channel_id,
                name: channel.name,
                tvg_id: channel.tvg_id,
                group: channel.group,
                provider: view.index.lists[hit.list].provider,
                number: channel.number,
                logo_url: channel.logo_url,
            })
            .collect())
    }

    /// Providers that have a guide: panels, and lists that name one.
    pub async fn guide_providers(&self) -> Result<Vec<GuideProvider>, CatalogueError> {
        let found = self.store.read(|db| {
            let mut found = Vec::new();
            for provider in providers::all(db)? {
                if provider.kind == ProviderKind::Xtream || guide::addresses(db, provider.id)?.is_some() {
                    found.push(GuideProvider {
                        id: provider.id,
                        name: provider.name,
                        enabled: provider.enabled,
                    });
                }
            }
            Ok(found)
        });
        Ok(found.await?)
    }

    /// Where a provider's guides are; none: there is no such provider, its list names none, or its credentials were
    /// in the memory of a process that is gone.
    pub async fn guide_addresses(&self, id: i64) -> Result<Vec<GuideAddress>, CatalogueError> {
        let found = self.store.read(move |db| Ok((providers::by_id(db, id)?, guide::addresses(db, id)?)));
        let (Some(provider), named) = found.await? else { return Ok(Vec::new()) };
        let Some(secret) = self.secret(&provider)? else { return Ok(Vec::new()) };
        let place =
            secret.place().map_err(|(field, why)| CatalogueError::Invalid { field, why: why.into() })?;
        let urls = match &place {
            Place::Xtream(account) => vec![account.guide()],
            Place::Url(_) | Place::File(_) => match named {
                Some(sealed) => open(&self.vault, &sealed)?,
                None => Vec::new(),
            },
        };
        let address = |url: String| GuideAddress {
            public_only: public_only(&url, &place),
            user_agent: provider.user_agent.clone(),
            // What a list's host wants to see is nothing for another.
            headers: if matches!(place, Place::Xtream(_)) { secret.headers.clone() } else { Vec::new() },
            verify_tls: provider.verify_tls,
            url,
        };
        Ok(urls.into_iter().map(address).collect())
    }
}
