//! Where channels come from.

use super::catalogue::catalogue_error;
use crate::app::book::Catalogue;
use crate::catalogue::CatalogueError;
use crate::feed::Feeds;
use crate::http::services::{BoxFuture, Providers};
use crate::wire::catalogue::{NewProvider, ProviderView, RefreshScheduled};
use tracing::warn;

pub(super) struct Accounts {
    pub(super) catalogue: Catalogue,
    pub(super) feeds: Feeds,
}

impl Providers for Accounts {
    fn list(&self) -> BoxFuture<'_, Vec<ProviderView>> {
        Box::pin(async move { self.catalogue.providers().await.map_err(catalogue_error) })
    }

    fn show<'a>(&'a self, provider: &'a str) -> BoxFuture<'a, Option<ProviderView>> {
        Box::pin(async move { known(self.catalogue.show(provider).await) })
    }

    fn create(&self, provider: NewProvider) -> BoxFuture<'_, ProviderView> {
        Box::pin(async move { self.catalogue.add(&provider).await.map_err(catalogue_error) })
    }

    fn delete<'a>(&'a self, provider: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let removed = known(self.catalogue.remove(provider).await)?.is_some();
            // Nothing may go on with credentials that were taken back.
            self.feeds.withdraw_unknown().await;
            Ok(removed)
        })
    }

    fn refresh<'a>(&'a self, provider: &'a str, force: bool) -> BoxFuture<'a, Option<RefreshScheduled>> {
        Box::pin(async move {
            let Some(view) = known(self.catalogue.show(provider).await)? else { return Ok(None) };
            if !view.refreshing {
                let (catalogue, id) = (self.catalogue.clone(), view.id.to_string());
                tokio::spawn(async move {
                    // How it went is in the provider's own status.
                    if let Err(error) = catalogue.refresh(&id, force).await {
                        warn!(%error, "refresh failed");
                    }
                });
            }
            Ok(Some(RefreshScheduled { already_running: view.refreshing }))
        })
    }
}

fn known<T>(answer: Result<T, CatalogueError>) -> Result<Option<T>, crate::http::ApiError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(CatalogueError::UnknownProvider(_)) => Ok(None),
        Err(error) => Err(catalogue_error(error)),
    }
}
