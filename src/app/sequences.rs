//! Joins `hls` to `store`: reserved sequence numbers, and what is on air.

use crate::hls::on_air::Keep;
use crate::hls::{Reserve, Reserved};
use crate::store::{self, Store};
use crate::wire::ChannelId;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

/// The store, as programmes see it.
pub(super) struct Kept(pub(super) Store);

impl Reserve for Kept {
    fn reserve<'a>(&'a self, programme: &'a str, count: u64) -> BoxFuture<'a, Result<Reserved, String>> {
        let programme = programme.to_owned();
        Box::pin(async move {
            let reserved = self.0.write(move |tx| store::sequences::reserve(tx, &programme, count)).await;
            let (media, discontinuity) = reserved.map_err(|error| error.to_string())?;
            Ok(Reserved { media, discontinuity })
        })
    }
}

impl Keep for Kept {
    fn get(&self) -> BoxFuture<'_, Result<Option<(ChannelId, Timestamp)>, String>> {
        Box::pin(async move {
            let kept = self.0.read(store::on_air::get).await.map_err(|error| error.to_string())?;
            Ok(kept.map(|kept| {
                (kept.channel, Timestamp::from_second(kept.started_at).unwrap_or_else(|_| Timestamp::now()))
            }))
        })
    }

    fn set(&self, on_air: Option<(ChannelId, Timestamp)>) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let row = on_air
                .map(|(channel, since)| store::on_air::OnAir { channel, started_at: since.as_second() });
            let written = self.0.write(move |tx| store::on_air::set(tx, row.as_ref())).await;
            written.map_err(|error| error.to_string())
        })
    }
}
