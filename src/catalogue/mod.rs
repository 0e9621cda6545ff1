//! providers and their channels: Xtream and M3U import, search, what to open for a channel.
//!
//! Invariants: a provider's list is replaced whole or not at all; a channel keeps its id over refreshes; credentials
//! are sealed in the database (or in memory only) and shown nowhere.

mod body;
mod changes;
mod check;
mod edit;
mod error;
mod fetch;
mod guides;
mod import;
mod index;
mod json_items;
mod kind;
mod lenient;
mod load;
mod m3u;
mod playable;
mod provider;
mod refresh;
mod search;
mod xtream;

pub use error::{CatalogueError, ImportError};
pub use fetch::{Ask, Body, Fetch, FetchFailed, Validators};
pub use guides::{GuideAddress, GuideProvider, Scheduled};
pub use import::Imported;
pub use playable::{Playable, PlayableSource, ProviderSlots};
pub use provider::EnvProvider;
pub use refresh::{News, Notice};
pub use search::{Found, Query, Sort};

use crate::fold;
use crate::store::providers::{self, Provider};
use crate::store::{Store, StoreError, Vault};
use crate::wire::catalogue::{NewProvider, ProviderOrigin, ProviderView};
use arc_swap::ArcSwap;
use index::List;
use parking_lot::{Mutex, RwLock};
use provider::Secret;
use refresh::Running;
use search::View;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, broadcast, watch};

/// What configuration and environment say.
#[derive(Clone)]
pub struct Options {
    /// Between refreshes, for providers that say nothing else.
    pub refresh_interval: Duration,
    /// Providers of the environment.
    pub environment: Vec<EnvProvider>,
}

/// Providers and their channels.
pub struct Catalogue {
    store: Store,
    vault: Vault,
    fetch: Arc<dyn Fetch>,
    refresh_interval: Duration,
    /// Credentials that are in memory only, by provider.
    memory: RwLock<HashMap<i64, Secret>>,
    running: Mutex<HashMap<i64, Arc<Running>>>,
    news: broadcast::Sender<Notice>,
    wake: Notify,
    /// What is asked of all channels, from memory; rises with each change.
    shown: ArcSwap<Shown>,
    /// How often `shown` was replaced; 0: not yet.
    shown_version: watch::Sender<u64>,
    /// Held while a new one is made of the old.
    showing: tokio::sync::Mutex<()>,
}

/// What is asked of all channels.
#[derive(Default)]
struct Shown {
    view: View,
    /// Names of providers.
    names: HashMap<i64, String>,
}

impl Catalogue {
    /// Opens it: takes over the environment's providers, and drops those that are no longer there.
    pub async fn open(
        store: Store,
        fetch: Arc<dyn Fetch>,
        vault: Vault,
        options: Options,
    ) -> Result<Arc<Self>, CatalogueError> {
        let catalogue = Self {
            store,
            vault,
            fetch,
            refresh_interval: options.refresh_interval,
            memory: RwLock::default(),
            running: Mutex::default(),
            news: broadcast::Sender::new(64),
            wake: Notify::new(),
            shown: ArcSwap::default(),
            shown_version: watch::Sender::new(0),
            showing: tokio::sync::Mutex::new(()),
        };
        let stored = catalogue.store.read(providers::all).await?;
        let gone = |p: &&Provider| match p.origin {
            ProviderOrigin::Stored => false,
            ProviderOrigin::Memory => true,
            ProviderOrigin::Environment => {
                !options.environment.iter().any(|e| environment_name(e, &stored) == p.name)
            }
        };
        for provider in stored.iter().filter(gone) {
            let id = provider.id;
            catalogue.store.write(move |tx| providers::hide(tx, id)).await?;
        }
        for given in &options.environment {
            let new = NewProvider { name: environment_name(given, &stored), ..given.new_provider() };
            let before =
                stored.iter().find(|p| p.origin == ProviderOrigin::Environment && p.name == new.name);
            catalogue.put_in_memory(&new, ProviderOrigin::Environment, before).await?;
        }
        let catalogue = Arc::new(catalogue);
        // A million channels take a second or two: the service is up meanwhile, and who asks waits.
        let loading = Arc::clone(&catalogue);
        tokio::spawn(async move {
            if let Err(error) = loading.reload().await {
                tracing::error!(%error, "the catalogue can't be read");
                // Without its channels, rather than with requests that wait for ever.
                loading.shown_version.send_modify(|version| *version += 1);
            }
        });
        Ok(catalogue)
    }

    /// Reads everything anew: edits or rules changed, or it is the start.
    pub(crate) async fn reload(&self) -> Result<(), CatalogueError> {
        let _alone = self.showing.lock().await;
        let changes = load::changes(&self.store).await?;
        let index = load::index(&self.store, &changes).await?;
        self.put(View { index: Arc::new(index), changes }).await
    }

    /// A provider's list is another one.
    async fn show_list(&self, list: Arc<List>) -> Result<(), CatalogueError> {
        let _alone = self.showing.lock().await;
        let groups = load::groups(&self.store).await?;
        let View { index, changes } = self.shown.load().view.clone();
        self.put(View { index: Arc::new(index.with(list, groups)), changes }).await
    }

    /// A provider is gone, or has nothing to show.
    async fn unshow(&self, provider: i64) -> Result<(), CatalogueError> {
        let _alone = self.showing.lock().await;
        let View { index, changes } = self.shown.load().view.clone();
        self.put(View { index: Arc::new(index.without(provider)), changes }).await
    }

    async fn put(&self, view: View) -> Result<(), CatalogueError> {
        let providers = self.store.read(providers::all).await?;
        let View { mut index, changes } = view;
        let shows = |id: i64| providers.iter().any(|provider| provider.id == id && provider.enabled);
        // Disabled or removed while its list was read.
        for gone in index.lists.iter().map(|list| list.provider).filter(|id| !shows(*id)).collect::<Vec<_>>()
        {
            index = Arc::new(index.without(gone));
        }
        let view = View { index, changes };
        let names = providers.into_iter().map(|provider| (provider.id, provider.name)).collect();
        self.shown.store(Arc::new(Shown { view, names }));
        self.shown_version.send_modify(|version| *version += 1);
        Ok(())
    }

    /// What is shown now, once it is known.
    async fn view(&self) -> Result<View, CatalogueError> {
        let mut version = self.shown_version.subscribe();
        version.wait_for(|version| *version > 0).await.map_err(|_| StoreError::Closed)?;
        Ok(self.shown.load().view.clone())
    }

    fn name_of(&self, provider: i64) -> String {
        self.shown.load().names.get(&provider).cloned().unwrap_or_default()
    }

    /// Rises whenever channels changed.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.shown_version.subscribe()
    }

    /// Adds a provider and wakes the scheduler, which fetches its list.
    pub async fn add(&self, new: &NewProvider) -> Result<ProviderView, CatalogueError> {
        let (secret, kind, shown) = Secret::new(new)?;
        let sealed = secret.seal(&self.vault)?;
        let row =
            provider::row(new, (kind, shown), ProviderOrigin::Stored, Some(sealed), self.refresh_interval);
        let stored = self
            .store
            .write(move |tx| {
                let id = providers::insert(tx, &row)?;
                Ok(Provider { id, ..row })
            })
            .await?;
        self.wake.notify_one();
        Ok(provider::view(&stored, Some(&secret), None))
    }

    /// Adds a provider, or replaces it, whose credentials are kept in this process's memory only.
    pub async fn add_in_memory(&self, new: &NewProvider) -> Result<ProviderView, CatalogueError> {
        let name = new.name.trim().to_owned();
        let before = self.store.read(move |db| providers::by_name(db, &name)).await?;
        if let Some(other) = before.as_ref().filter(|p| p.origin != ProviderOrigin::Memory) {
            return Err(StoreError::Exists(format!("provider {:?}", other.name)).into());
        }
        let id = self.put_in_memory(new, ProviderOrigin::Memory, before.as_ref()).await?;
        self.wake.notify_one();
        self.show(&id.to_string()).await
    }

    /// Removes a provider by name or number: its channels vanish at once, its rows in the background.
    pub async fn remove(self: &Arc<Self>, name: &str) -> Result<(), CatalogueError> {
        let id = self.provider(name).await?.id;
        self.store.write(move |tx| providers::hide(tx, id)).await?;
        self.memory.write().remove(&id);
        self.unshow(id).await?;
        if let Some(running) = self.running.lock().get(&id) {
            running.gone.cancel();
        }
        self.sweep_in_background();
        Ok(())
    }

    /// Enables or disables a provider by name or number.
    pub async fn set_enabled(&self, name: &str, enabled: bool) -> Result<ProviderView, CatalogueError> {
        let provider = Provider { enabled, ..self.provider(name).await? };
        let row = provider.clone();
        self.store.write(move |tx| providers::update(tx, &row)).await?;
        self.reload().await?;
        self.wake.notify_one();
        Ok(self.describe(&provider))
    }

    /// Every provider, the oldest first.
    pub async fn providers(&self) -> Result<Vec<ProviderView>, CatalogueError> {
        let all = self.store.read(providers::all).await?;
        Ok(all.iter().map(|provider| self.describe(provider)).collect())
    }

    /// One provider, by name or number.
    pub async fn show(&self, name: &str) -> Result<ProviderView, CatalogueError> {
        Ok(self.describe(&self.provider(name).await?))
    }

    async fn put_in_memory(
        &self,
        new: &NewProvider,
        origin: ProviderOrigin,
        before: Option<&Provider>,
    ) -> Result<i64, CatalogueError> {
        let (secret, kind, shown) = Secret::new(new)?;
        // Another panel or another kind: the list of the former one is not its list.
        let same = before.filter(|p| p.shown == shown && p.kind == kind).map(|p| p.id);
        let other = before.filter(|_| same.is_none()).map(|p| p.id);
        let row = provider::row(new, (kind, shown), origin, None, self.refresh_interval);
        let id = self
            .store
            .write(move |tx| {
                if let Some(other) = other {
                    providers::hide(tx, other)?;
                }
                match same {
                    Some(id) => providers::update(tx, &Provider { id, ..row }).map(|_| id),
                    None => providers::insert(tx, &row),
                }
            })
            .await?;
        self.memory.write().insert(id, secret);
        if let Some(other) = other {
            self.unshow(other).await?;
        }
        Ok(id)
    }

    async fn provider(&self, name: &str) -> Result<Provider, CatalogueError> {
        let text = name.to_owned();
        let found = self
            .store
            .read(move |db| match providers::by_name(db, &text)? {
                Some(provider) => Ok(Some(provider)),
                None => text.parse().map_or(Ok(None), |id| providers::by_id(db, id)),
            })
            .await?;
        found.ok_or_else(|| CatalogueError::UnknownProvider(name.to_owned()))
    }

    /// A provider's credentials; `None`: they were in the memory of a process that is gone.
    fn secret(&self, provider: &Provider) -> Result<Option<Secret>, CatalogueError> {
        match &provider.secret_sealed {
            Some(sealed) => Ok(Some(Secret::open(&self.vault, sealed)?)),
            None => Ok(self.memory.read().get(&provider.id).cloned()),
        }
    }

    fn describe(&self, provider: &Provider) -> ProviderView {
        let progress = self.running.lock().get(&provider.id).map(|running| running.progress());
        provider::view(provider, self.secret(provider).ok().flatten().as_ref(), progress)
    }
}

/// The environment's name, or another where an administrator has a provider of that name.
fn environment_name(given: &EnvProvider, stored: &[Provider]) -> String {
    let taken = stored.iter().any(|p| p.origin == ProviderOrigin::Stored && p.name == given.name);
    if taken { format!("{}-env", given.name) } else { given.name.clone() }
}

#[cfg(test)]
mod tests;
