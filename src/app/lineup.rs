//! The catalogue as the guide sees it.

use super::book::Catalogue;
use crate::catalogue::CatalogueError;
use crate::guide::{Address, Batch, GuideProvider, Lineup, LineupChannel, LineupError, ProviderGuides};
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Channels that are handed over at a time.
const BATCH: u32 = 4000;

pub(super) struct Channels {
    catalogue: Catalogue,
    changes: watch::Sender<u64>,
}

impl Channels {
    pub(super) fn new(catalogue: Catalogue) -> Self {
        Self { catalogue, changes: watch::Sender::new(0) }
    }

    /// Tells of a change.
    pub(super) fn changed(&self) {
        self.changes.send_modify(|version| *version = version.wrapping_add(1));
    }

    /// Tells of each change of the channels, until cancelled.
    pub(super) async fn follow(&self, stop: CancellationToken) {
        let mut changes = self.catalogue.changed();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                changed = changes.changed() => match changed {
                    Ok(()) => self.changed(),
                    Err(_) => return,
                },
            }
        }
    }
}

impl Lineup for Channels {
    fn batch(&self, from: u64) -> BoxFuture<'_, Result<Batch, LineupError>> {
        Box::pin(async move {
            let after = i64::try_from(from).unwrap_or(i64::MAX);
            let found = self.catalogue.scheduled(after, BATCH).await.map_err(failed)?;
            let full = found.len() >= BATCH as usize;
            let last = found.last().and_then(|channel| u64::try_from(channel.row).ok());
            let channels = found.into_iter().map(|channel| LineupChannel {
                id: channel.id,
                name: channel.name,
                tvg_id: channel.tvg_id,
                group: channel.group,
                provider: Some(channel.provider),
                shift: 0,
                number: channel.number,
                logo_url: channel.logo_url,
            });
            Ok(Batch { channels: channels.collect(), next: last.filter(|_| full) })
        })
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

impl ProviderGuides for Channels {
    fn providers(&self) -> BoxFuture<'_, Result<Vec<GuideProvider>, LineupError>> {
        Box::pin(async move {
            let found = self.catalogue.guide_providers().await.map_err(failed)?;
            let known = |p: crate::catalogue::GuideProvider| GuideProvider {
                id: p.id,
                name: p.name,
                enabled: p.enabled,
            };
            Ok(found.into_iter().map(known).collect())
        })
    }

    fn addresses(&self, provider: i64) -> BoxFuture<'_, Result<Vec<Address>, LineupError>> {
        Box::pin(async move {
            let found = self.catalogue.guide_addresses(provider).await.map_err(failed)?;
            let address = |at: crate::catalogue::GuideAddress| Address {
                url: at.url,
                user_agent: at.user_agent,
                headers: at.headers,
                verify_tls: at.verify_tls,
                public_only: at.public_only,
            };
            Ok(found.into_iter().map(address).collect())
        })
    }
}

fn failed(error: CatalogueError) -> LineupError {
    LineupError(error.to_string())
}
