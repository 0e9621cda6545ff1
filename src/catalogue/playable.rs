//! What to open for a channel.

use super::import::ChannelSource;
use super::provider::{Place, connections};
use super::{Catalogue, CatalogueError};
use crate::net::is_private_host;
use crate::store::channels;
use crate::store::providers::{self, Provider};
use crate::wire::ChannelId;
use std::fmt;
use url::Url;

/// A channel that can be opened. Its `Debug` shows no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playable {
    /// Its id.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
    /// Its addresses, in order of preference.
    pub sources: Vec<PlayableSource>,
    /// Whose connections it uses.
    pub provider: Option<ProviderSlots>,
}

/// An address, with what its provider wants to see.
#[derive(Clone, PartialEq, Eq)]
pub struct PlayableSource {
    /// Holds credentials.
    pub url: String,
    /// Sent as `User-Agent`.
    pub user_agent: Option<String>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// Whether certificates are checked.
    pub verify_tls: bool,
    /// It may not lead to a private address: it stands in a list from outside, and an administrator gave another host.
    pub public_only: bool,
}

/// A provider's connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSlots {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Connections at a time; 0: not limited.
    pub max_connections: u32,
}

impl fmt::Debug for PlayableSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlayableSource({})", super::provider::masked(&self.url))
    }
}

impl Catalogue {
    /// What to open for a channel; `None` where there is none of that id, or it is not active.
    pub async fn playable(&self, id: &ChannelId) -> Result<Option<Playable>, CatalogueError> {
        let view = self.view().await?;
        let Some((listed, provider)) = self.listed(&view, id).await? else { return Ok(None) };
        let shown = view.changes.apply(id.as_str(), &listed.name, None, listed.kind, listed.number);
        if !shown.is_active {
            return Ok(None);
        }
        let row = listed.row;
        let found = self.store.read(move |db| {
            let Some(source) = channels::source(db, row)? else { return Ok(None) };
            Ok(providers::by_id(db, provider)?.map(|provider| (source, provider)))
        });
        let Some((channel, provider)) = found.await? else { return Ok(None) };
        let Some(secret) = self.secret(&provider)? else { return Ok(None) };
        let place =
            secret.place().map_err(|(field, why)| CatalogueError::Invalid { field, why: why.into() })?;
        let own =
            channel.sealed.as_deref().map(|sealed| ChannelSource::open(&self.vault, sealed)).transpose()?;
        let mut sources = Vec::new();
        if let Some(own) = own {
            sources.push(PlayableSource {
                public_only: public_only(&own.url, &place),
                url: own.url,
                user_agent: own.user_agent.or_else(|| provider.user_agent.clone()),
                headers: merged(own.headers, &secret.headers),
                verify_tls: provider.verify_tls,
            });
        }
        if let Place::Xtream(account) = &place
            && let Some(url) = account.address(&channel.source_key, &provider.formats)
        {
            sources.push(PlayableSource {
                url,
                user_agent: provider.user_agent.clone(),
                headers: secret.headers.clone(),
                verify_tls: provider.verify_tls,
                public_only: false,
            });
        }
        let provider = Some(slots(provider));
        Ok(Some(Playable { id: id.clone(), name: shown.name.into_owned(), sources, provider }))
    }
}

fn slots(provider: Provider) -> ProviderSlots {
    ProviderSlots { max_connections: connections(&provider), id: provider.id, name: provider.name }
}

/// The channel's own headers win.
fn merged(mut own: Vec<(String, String)>, of_provider: &[(String, String)]) -> Vec<(String, String)> {
    for (name, value) in of_provider {
        if !own.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            own.push((name.clone(), value.clone()));
        }
    }
    own
}

/// A list from a file, or from a private host, may name private addresses; one from outside may name its own host.
pub(super) fn public_only(url: &str, place: &Place) -> bool {
    let giver = match place {
        Place::File(_) => return false,
        Place::Url(list) => Url::parse(list).ok(),
        Place::Xtream(account) => Some(account.base.clone()),
    };
    let Some(giver) = giver else { return true };
    let same = Url::parse(url).is_ok_and(|url| url.host() == giver.host());
    !same && !is_private_host(&giver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_from_outside_may_not_point_inside() {
        let list = |url: &str| Place::Url(url.into());
        for (url, place, expected) in [
            ("http://10.0.0.1/x", list("http://provider.example/x"), true),
            ("http://provider.example/x", list("http://provider.example/x"), false),
            ("http://10.0.0.1/x", list("http://192.168.1.2/x"), false),
            ("http://10.0.0.1/x", list("http://nas.lan/x"), false),
            ("http://10.0.0.1/x", list("http://[::ffff:192.0.2.1]/x"), true),
            ("http://10.0.0.1/x", Place::File("/x.m3u".into()), false),
            ("not a url", list("http://provider.example/x"), true),
        ] {
            assert_eq!(public_only(url, &place), expected, "{url}");
        }
    }

    #[test]
    fn own_headers_win() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let merged = merged(vec![pair("Referer", "own")], &[pair("referer", "theirs"), pair("X", "y")]);
        assert_eq!(merged, [pair("Referer", "own"), pair("X", "y")]);
    }
}
