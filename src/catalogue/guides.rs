//! What the programme guide asks of the catalogue: channels that run by a schedule, and where providers' guides are.

use super::playable::public_only;
use super::provider::Place;
use super::{Catalogue, CatalogueError};
use crate::store::channels::{self, Scheduled};
use crate::store::providers;
use crate::store::{Unsealable, Vault, guide};
use crate::wire::catalogue::ProviderKind;
use std::fmt;

const PURPOSE: &str = "provider guides";

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
    /// Active channels that are neither films nor series, some at a time: those after that place, at most `limit`.
    pub async fn scheduled(&self, after: i64, limit: u32) -> Result<Vec<Scheduled>, CatalogueError> {
        Ok(self.store.read(move |db| channels::scheduled(db, after, limit)).await?)
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
