//! A provider: what is secret of it, and what may be shown.

use super::error::CatalogueError;
use super::xtream::Account;
use crate::store::Vault;
use crate::store::providers::Provider;
use crate::wire::catalogue::{NewProvider, ProviderAccess, ProviderKind, ProviderOrigin, ProviderView};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

const PURPOSE: &str = "provider";

/// A provider out of the process's environment: its credentials are never stored.
#[derive(Clone)]
pub struct EnvProvider {
    /// `IPTV_HOST…`: "iptv"; `XTREAM_API_URL…`: "xtream".
    pub name: String,
    /// Host.
    pub host: String,
    /// Account.
    pub username: String,
    /// Password.
    pub password: String,
    /// `VERIFY_SSL`
    pub verify_tls: bool,
    /// `CACHE_TTL_SECONDS`; `None`: the configured interval.
    pub refresh_interval: Option<Duration>,
}

/// What is sealed of a provider, or kept in memory only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Secret {
    pub(super) access: ProviderAccess,
    #[serde(default)]
    pub(super) headers: Vec<(String, String)>,
}

/// Where its list is.
pub(super) enum Place {
    Xtream(Account),
    Url(String),
    File(PathBuf),
}

impl Secret {
    /// Checks what was given and takes it apart: the secret, its kind, and what may be shown.
    pub(super) fn new(new: &NewProvider) -> Result<(Self, ProviderKind, String), CatalogueError> {
        let invalid = |field, why: &str| CatalogueError::Invalid { field, why: why.to_owned() };
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > 64 || name.contains(char::is_control) {
            return Err(invalid("name", "has 1 to 64 characters"));
        }
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        for (key, value) in &new.headers {
            if key.is_empty() || !key.bytes().all(token) || value.contains(|c: char| c.is_control()) {
                return Err(invalid(
                    "headers",
                    "a header has a name of letters, digits and hyphens and a value of one line",
                ));
            }
        }
        if new.user_agent.as_deref().is_some_and(|agent| agent.contains(|c: char| c.is_control())) {
            return Err(invalid("user_agent", "is one line"));
        }
        let secret = Self { access: new.access.clone(), headers: new.headers.clone() };
        let place = secret.place().map_err(|(field, why)| invalid(field, why))?;
        let (kind, shown) = match &place {
            Place::Xtream(account) => (ProviderKind::Xtream, masked(account.base.as_str())),
            Place::Url(url) => (ProviderKind::M3u, masked(url)),
            Place::File(path) => (ProviderKind::M3u, path.display().to_string()),
        };
        Ok((secret, kind, shown))
    }

    pub(super) fn place(&self) -> Result<Place, (&'static str, &'static str)> {
        match &self.access {
            ProviderAccess::Xtream { host, username, password } => {
                Account::new(host, username, password).map(Place::Xtream).map_err(|why| ("host", why))
            }
            ProviderAccess::M3u { location } => {
                let location = location.trim();
                if Path::new(location).is_absolute() {
                    return Ok(Place::File(location.into()));
                }
                let url = Url::parse(location)
                    .ok()
                    .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
                url.map(|url| Place::Url(url.into()))
                    .ok_or(("location", "is an http(s) address or the absolute path of a file"))
            }
        }
    }

    pub(super) fn seal(&self, vault: &Vault) -> Result<Vec<u8>, CatalogueError> {
        let plain = serde_json::to_vec(self)
            .map_err(|e| CatalogueError::Invalid { field: "access", why: e.to_string() })?;
        Ok(vault.seal(PURPOSE, &plain)?)
    }

    pub(super) fn open(vault: &Vault, sealed: &[u8]) -> Result<Self, crate::store::Unsealable> {
        serde_json::from_slice(&vault.open(PURPOSE, sealed)?).map_err(|_| crate::store::Unsealable)
    }

    /// The account's name with all but its first letter masked.
    fn account(&self) -> Option<String> {
        match &self.access {
            ProviderAccess::Xtream { username, .. } => {
                username.chars().next().map(|first| format!("{first}***"))
            }
            ProviderAccess::M3u { .. } => None,
        }
    }
}

impl EnvProvider {
    pub(super) fn new_provider(&self) -> NewProvider {
        NewProvider {
            name: self.name.clone(),
            access: ProviderAccess::Xtream {
                host: self.host.clone(),
                username: self.username.clone(),
                password: self.password.clone(),
            },
            user_agent: None,
            headers: Vec::new(),
            verify_tls: self.verify_tls,
            max_connections: None,
            refresh_interval: self.refresh_interval.map(|interval| interval.as_secs()),
            enabled: true,
        }
    }
}

/// The row of a new provider.
pub(super) fn row(
    new: &NewProvider,
    (kind, shown): (ProviderKind, String),
    origin: ProviderOrigin,
    sealed: Option<Vec<u8>>,
    interval: Duration,
) -> Provider {
    Provider {
        id: 0,
        name: new.name.trim().to_owned(),
        kind,
        origin,
        shown,
        secret_sealed: sealed,
        user_agent: new.user_agent.clone().filter(|agent| !agent.is_empty()),
        verify_tls: new.verify_tls,
        max_connections: new.max_connections,
        said_connections: None,
        formats: String::new(),
        refresh_interval: new.refresh_interval.unwrap_or(interval.as_secs()),
        enabled: new.enabled,
        generation: 0,
        channel_count: 0,
        last_attempt: None,
        last_refresh: None,
        last_error: None,
        created_at: crate::store::now(),
        odd: 0,
        repeated: 0,
        validators: None,
        alert: None,
    }
}

/// Connections at a time that relais keeps to; 0: not limited. A panel that says nothing gets one; a list has no limit
/// that anyone could know.
pub(super) fn connections(provider: &Provider) -> u32 {
    let unsaid = match provider.kind {
        ProviderKind::Xtream => 1,
        ProviderKind::M3u => 0,
    };
    provider.max_connections.or(provider.said_connections).unwrap_or(unsaid)
}

/// A provider as it may be shown. `progress`: of its refresh, where one runs.
pub(super) fn view(provider: &Provider, secret: Option<&Secret>, progress: Option<f64>) -> ProviderView {
    let time = |at: Option<i64>| at.and_then(|at| Timestamp::from_second(at).ok());
    ProviderView {
        id: provider.id,
        name: provider.name.clone(),
        kind: provider.kind,
        origin: provider.origin,
        address: provider.shown.clone(),
        account: secret.and_then(Secret::account),
        user_agent: provider.user_agent.clone(),
        header_names: secret
            .map_or_else(Vec::new, |s| s.headers.iter().map(|(name, _)| name.clone()).collect()),
        verify_tls: provider.verify_tls,
        max_connections: connections(provider),
        max_connections_overridden: provider.max_connections.is_some(),
        refresh_interval: provider.refresh_interval,
        enabled: provider.enabled,
        channel_count: provider.channel_count,
        refreshing: progress.is_some(),
        progress: progress.unwrap_or(1.0),
        last_refresh: time(provider.last_refresh),
        last_attempt: time(provider.last_attempt),
        last_error: provider.last_error.clone(),
        odd: provider.odd,
        repeated: provider.repeated,
        alert: provider.alert.as_deref().and_then(|alert| serde_json::from_str(alert).ok()),
    }
}

/// `scheme://host[:port]/…`: paths and queries are credentials with Xtream and with lists.
pub(super) fn masked(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return "(malformed address)".into() };
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{}{port}/…", url.scheme(), url.host_str().unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn new(access: ProviderAccess) -> NewProvider {
        NewProvider {
            name: "home".into(),
            access,
            user_agent: None,
            headers: vec![("X-Key".into(), "s3cret".into())],
            verify_tls: true,
            max_connections: None,
            refresh_interval: None,
            enabled: true,
        }
    }

    fn m3u(location: &str) -> NewProvider {
        new(ProviderAccess::M3u { location: location.into() })
    }

    #[test]
    fn nothing_shown_holds_a_secret() {
        let request = m3u("https://bob:pw@h:8443/get.php?username=bob&password=pw");
        let (secret, kind, shown) = Secret::new(&request).expect("provider");
        assert_eq!(shown, "https://h:8443/…");
        let provider = row(&request, (kind, shown), ProviderOrigin::Stored, None, Duration::from_secs(5));
        let json = serde_json::to_string(&view(&provider, Some(&secret), None)).expect("json");
        assert!(!json.contains("pw") && !json.contains("bob") && !json.contains("s3cret"), "{json}");
        assert!(json.contains("X-Key"));
        let vault = Vault::new(&[1; 32]);
        let sealed = secret.seal(&vault).expect("seal");
        assert!(Secret::open(&vault, &sealed).expect("open") == secret);
    }

    #[test]
    fn what_cannot_be_a_provider_is_refused_with_its_field() {
        for (bad, field) in [
            (m3u("ftp://h/x"), "location"),
            (m3u("relative/path.m3u"), "location"),
            (NewProvider { name: " ".into(), ..m3u("/x.m3u") }, "name"),
            (NewProvider { headers: vec![("a b".into(), "x".into())], ..m3u("/x.m3u") }, "headers"),
            (NewProvider { headers: vec![("a".into(), "x\r\nb".into())], ..m3u("/x.m3u") }, "headers"),
            (NewProvider { user_agent: Some("a\nb".into()), ..m3u("/x.m3u") }, "user_agent"),
            (
                new(ProviderAccess::Xtream { host: "".into(), username: "u".into(), password: "p".into() }),
                "host",
            ),
        ] {
            match Secret::new(&bad) {
                Err(CatalogueError::Invalid { field: found, .. }) => assert_eq!(found, field),
                _ => panic!("{field} was accepted"),
            }
        }
    }
}
