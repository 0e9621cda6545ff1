//! Channels and groups.

use crate::app::book::Catalogue;
use crate::catalogue::{CatalogueError, ImportError, Query};
use crate::http::ApiError;
use crate::http::services::{BoxFuture, CatalogueApi, ChannelQuery};
use crate::wire::catalogue::{
    CatalogueStatus, ChannelPage, Groups, NewProvider, ProviderAccess, RefreshScheduled, Stats,
};
use crate::wire::providers::ProviderLogin;

/// The name of the provider that `POST /login` gives.
const LOGIN: &str = "login";

pub(super) struct Listing(pub(super) Catalogue);

impl CatalogueApi for Listing {
    fn channels(&self, query: ChannelQuery) -> BoxFuture<'_, ChannelPage> {
        Box::pin(async move { self.0.channels(self::query(query)).await.map_err(catalogue_error) })
    }

    fn groups(&self) -> BoxFuture<'_, Groups> {
        Box::pin(async move { Ok(Groups { groups: self.0.groups().await.map_err(catalogue_error)? }) })
    }

    fn stats(&self) -> BoxFuture<'_, Stats> {
        Box::pin(async move { self.0.stats().await.map_err(catalogue_error) })
    }

    fn status(&self) -> BoxFuture<'_, CatalogueStatus> {
        Box::pin(async move { self.0.status().await.map_err(catalogue_error) })
    }

    fn refresh(&self) -> BoxFuture<'_, RefreshScheduled> {
        Box::pin(async move { self.0.refresh_all().await.map_err(catalogue_error) })
    }

    fn login(&self, login: ProviderLogin) -> BoxFuture<'_, bool> {
        Box::pin(async move {
            let new = NewProvider {
                name: LOGIN.into(),
                access: ProviderAccess::Xtream {
                    host: login.host.expose().to_owned(),
                    username: login.username.expose().to_owned(),
                    password: login.password.expose().to_owned(),
                },
                user_agent: None,
                headers: Vec::new(),
                verify_tls: true,
                max_connections: None,
                refresh_interval: None,
                enabled: true,
            };
            // What is refused changes nothing: it may be a slip of the pen, and the former account in use.
            let verified = match self.0.check(&new).await {
                Ok(verified) => verified,
                Err(CatalogueError::Refresh { why: ImportError::Login(words), .. }) => {
                    let words = format!("the provider refuses these credentials: {words}");
                    return Err(ApiError::unauthorized(words));
                }
                Err(error) => return Err(catalogue_error(error)),
            };
            self.0.add_in_memory(&new).await.map_err(catalogue_error)?;
            self.0.refresh_soon(LOGIN).await.map_err(catalogue_error)?;
            Ok(verified)
        })
    }
}

pub(super) fn query(wanted: ChannelQuery) -> Query {
    let number = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Query {
        search: wanted.search,
        category: wanted.category.map(|category| category.as_str().to_owned()),
        group: wanted.group,
        provider: wanted.provider,
        favourites: wanted.favourites,
        hidden: wanted.hidden,
        sort: wanted.sort.parse().unwrap_or_default(),
        page: number(wanted.paging.page),
        page_size: number(wanted.paging.per_page),
    }
}

pub(super) fn catalogue_error(error: CatalogueError) -> ApiError {
    match error {
        CatalogueError::UnknownProvider(_) => ApiError::not_found(error.to_string()),
        CatalogueError::Invalid { field, why } => ApiError::invalid([(field, why)]),
        CatalogueError::AlreadyRunning(_) => ApiError::already_exists(error.to_string()),
        CatalogueError::Refresh { .. } => ApiError::upstream(error.to_string()),
        CatalogueError::Store(crate::store::StoreError::Exists(words)) => {
            ApiError::already_exists(format!("{words} exists already"))
        }
        CatalogueError::Store(_) | CatalogueError::Unsealable(_) => ApiError::internal(error.to_string()),
    }
}
