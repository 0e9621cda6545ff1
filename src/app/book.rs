//! Joins the catalogue to the rest: its HTTP client, and the feeds' book of channels.

use super::state::State;
use crate::catalogue::{self, Ask, Body, EnvProvider, Fetch, FetchFailed};
use crate::config::Config;
use crate::demo::Demo;
use crate::feed::{Book, BookError, Channel, Provider};
use crate::http::ApiError;
use crate::ingest::Source;
use crate::net::{FetchError, Get, Outbound};
use crate::wire::ChannelId;
use crate::wire::catalogue::{NewProvider, ProviderAccess};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use futures_util::stream;
use std::ops::Deref;
use std::sync::Arc;

/// The demo provider's name.
const DEMO: &str = "demo";

/// The catalogue, shared. Cheap to clone.
#[derive(Clone)]
pub(super) struct Catalogue(Arc<catalogue::Catalogue>);

impl Deref for Catalogue {
    type Target = Arc<catalogue::Catalogue>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

pub(super) async fn open_catalogue(
    config: &Config,
    state: &State,
    outbound: &Outbound,
) -> anyhow::Result<Catalogue> {
    let environment = config.secrets.logins.iter().map(|login| EnvProvider {
        name: login.name.to_owned(),
        host: login.host.clone(),
        username: login.username.expose().to_owned(),
        password: login.password.expose().to_owned(),
        verify_tls: config.provider.verify_tls,
        refresh_interval: Some(config.provider.refresh),
    });
    let options =
        catalogue::Options { refresh_interval: config.provider.refresh, environment: environment.collect() };
    let fetch = Arc::new(Client { outbound: outbound.clone(), verify_tls: config.provider.verify_tls });
    let opened =
        catalogue::Catalogue::open(state.store.clone(), fetch, (*state.vault).clone(), options).await?;
    Ok(Catalogue(opened))
}

impl Catalogue {
    pub(super) fn share(&self) -> Arc<catalogue::Catalogue> {
        Arc::clone(&self.0)
    }

    /// The name of a channel, for answers.
    pub(super) async fn name(&self, id: &ChannelId) -> Result<Option<String>, ApiError> {
        let found = self.0.channel(id).await.map_err(|error| ApiError::internal(error.to_string()))?;
        Ok(found.map(|channel| channel.name))
    }

    /// Takes over the demo provider's channels; gives the first.
    pub(super) async fn add_demo(&self, demo: &Demo) -> anyhow::Result<ChannelId> {
        let access = ProviderAccess::Xtream {
            host: demo.host(),
            username: demo.username().to_owned(),
            password: demo.password().to_owned(),
        };
        let new = NewProvider {
            name: DEMO.into(),
            access,
            user_agent: None,
            headers: Vec::new(),
            verify_tls: true,
            max_connections: None,
            refresh_interval: Some(0),
            enabled: true,
        };
        self.0.add_in_memory(&new).await?;
        // The scheduler may have been quicker: then its list is as good.
        match self.0.refresh(DEMO, true).await {
            Ok(_) => {}
            Err(catalogue::CatalogueError::AlreadyRunning(_)) => self.await_demo().await?,
            Err(error) => return Err(error.into()),
        }
        let page = self.0.channels(catalogue::Query { page_size: 500, ..Default::default() }).await?;
        let first = page.items.into_iter().find(|channel| channel.provider == DEMO);
        Ok(first.context("the demo provider has no channels")?.channel_id)
    }

    async fn await_demo(&self) -> anyhow::Result<()> {
        let mut news = self.0.news();
        while self.0.show(DEMO).await?.channel_count == 0 {
            // Whatever happened to a list, or was missed: look again.
            news.recv().await.ok();
        }
        Ok(())
    }
}

/// The catalogue as feeds see it.
pub(super) struct Channels {
    pub(super) catalogue: Catalogue,
    /// `false`: no certificate is checked, whatever its provider says.
    pub(super) verify_tls: bool,
}

impl Book for Channels {
    fn channel<'a>(&'a self, id: &'a ChannelId) -> BoxFuture<'a, Result<Option<Channel>, BookError>> {
        Box::pin(async move {
            let found = self.catalogue.playable(id).await;
            let found = found.map_err(|error| BookError { id: id.clone(), detail: error.to_string() })?;
            Ok(found.map(|playable| Channel {
                id: playable.id,
                name: playable.name,
                sources: (playable.sources.into_iter())
                    .map(|source| Source {
                        url: source.url,
                        user_agent: source.user_agent,
                        headers: source.headers,
                        verify_tls: source.verify_tls && self.verify_tls,
                        public_only: source.public_only,
                    })
                    .collect(),
                provider: playable
                    .provider
                    .map(|provider| Provider { id: provider.id, max_connections: provider.max_connections }),
            }))
        })
    }
}

struct Client {
    outbound: Outbound,
    verify_tls: bool,
}

impl Fetch for Client {
    fn get(&self, ask: Ask) -> BoxFuture<'_, Result<Body, FetchFailed>> {
        Box::pin(async move {
            let mut headers = ask.headers;
            if let Some(validators) = ask.validators {
                let known =
                    [("If-None-Match", validators.etag), ("If-Modified-Since", validators.last_modified)];
                headers.extend(known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
            }
            let get = Get {
                user_agent: ask.user_agent,
                headers,
                verify_tls: ask.verify_tls && self.verify_tls,
                header_timeout: ask.header_timeout,
                idle_timeout: ask.idle_timeout,
                ..Get::new(ask.url)
            };
            let fetched = self.outbound.get(&get).await.map_err(failed)?;
            let content_type = fetched.content_type().to_owned();
            let text = |name: &str| Some(fetched.headers.get(name)?.to_str().ok()?.to_owned());
            let validators =
                catalogue::Validators { etag: text("etag"), last_modified: text("last-modified") };
            let unchanged = fetched.status == 304;
            let bytes = stream::unfold(Some(fetched), |fetched| async move {
                let mut fetched = fetched?;
                match fetched.chunk().await {
                    Ok(Some(bytes)) => Some((Ok(bytes), Some(fetched))),
                    Ok(None) => None,
                    Err(error) => Some((Err(failed(error)), None)),
                }
            });
            Ok(Body { content_type, unchanged, validators: Some(validators), bytes: Box::pin(bytes) })
        })
    }
}

fn failed(error: FetchError) -> FetchFailed {
    FetchFailed { reason: error.reason, detail: error.detail }
}
