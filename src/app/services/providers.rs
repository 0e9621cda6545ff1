//! Where channels come from.

use super::catalogue::catalogue_error;
use crate::app::book::Catalogue;
use crate::catalogue::CatalogueError;
use crate::http::services::{BoxFuture, Providers};
use crate::wire::catalogue::{NewProvider, ProviderView, RefreshScheduled};
use tracing::warn;

pub(super) struct Accounts(pub(super) Catalogue);

impl Providers for Accounts {
    fn list(&self) -> BoxFuture<'_, Vec<ProviderView>> {
        Box::pin(async move { self.0.providers().await.map_err(catalogue_error) })
    }

    fn show<'a>(&'a self, provider: &'a str) -> BoxFuture<'a, Option<ProviderView>> {
        Box::pin(async move { known(self.0.show(provider).await) })
    }

    fn create(&self, provider: NewProvider) -> BoxFuture<'_, ProviderView> {
        Box::pin(async move { self.0.add(&provider).await.map_err(catalogue_error) })
    }

    fn delete<'a>(&'a self, provider: &'a str) -> BoxFuture<'a, bool> {
        Box::pin(async move { Ok(known(self.0.remove(provider).await)?.is_some()) })
    }

    fn refresh<'a>(&'a self, provider: &'a str) -> BoxFuture<'a, Option<RefreshScheduled>> {
        Box::pin(async move {
            let Some(view) = known(self.0.show(provider).await)? else { return Ok(None) };
            if !view.refreshing {
                let (catalogue, id) = (self.0.clone(), view.id.to_string());
                tokio::spawn(async move {
                    // How it went is in the provider's own status.
                    if let Err(error) = catalogue.refresh(&id, false).await {
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
