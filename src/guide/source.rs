//! A source: what is secret of it, and what may be shown.

use super::GuideError;
use super::lineup::Address;
use crate::net::is_private_host;
use crate::store::guide::sources::Source;
use crate::store::{Unsealable, Vault, now};
use crate::wire::guide::{SourceKind, SourceRequest, SourceView};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

const PURPOSE: &str = "guide source";
/// Minutes; nothing is later than a day.
const MOST_SHIFT: i32 = 24 * 60;
/// Asked more often than this, a server has reason to be angry.
const LEAST_INTERVAL: u64 = 60;

/// Where a source's document is.
pub(super) enum Place {
    /// Asked of the provider.
    Provider(i64),
    Url(Address),
    File(PathBuf),
}

fn invalid(field: &'static str, why: &str) -> GuideError {
    GuideError::Invalid { field, why: why.to_owned() }
}

/// A source that is to be added.
pub(super) fn new(request: &SourceRequest, vault: &Vault, interval: Duration) -> Result<Source, GuideError> {
    if request.url.is_none() {
        return Err(invalid("url", "is missing"));
    }
    if request.name.is_none() {
        return Err(invalid("name", "is missing"));
    }
    changed(&blank(SourceKind::Url, interval), request, vault)
}

/// The source of a provider that was not there before.
pub(super) fn of_provider(id: i64, name: String, interval: Duration) -> Source {
    Source { shown: name.clone(), name, provider: Some(id), ..blank(SourceKind::Provider, interval) }
}

fn blank(kind: SourceKind, interval: Duration) -> Source {
    Source {
        id: 0,
        name: String::new(),
        kind,
        provider: None,
        shown: String::new(),
        address_sealed: None,
        user_agent: None,
        verify_tls: true,
        shift: 0,
        zone: None,
        language: None,
        refresh_interval: interval.as_secs(),
        enabled: true,
        generation: 0,
        channel_count: 0,
        programme_count: 0,
        odd_count: 0,
        until: None,
        validators: String::new(),
        last_attempt: None,
        last_refresh: None,
        last_error: None,
        failures: 0,
        created_at: now(),
    }
}

/// A source with what the request has.
pub(super) fn changed(source: &Source, request: &SourceRequest, vault: &Vault) -> Result<Source, GuideError> {
    let mut new = source.clone();
    if let Some(name) = &request.name {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 64 || name.contains(char::is_control) {
            return Err(invalid("name", "must have 1 to 64 characters"));
        }
        new.name = name.to_owned();
    }
    if let Some(location) = &request.url {
        if source.kind == SourceKind::Provider {
            return Err(invalid("url", "is the provider's to say"));
        }
        let location = location.trim();
        (new.kind, new.shown) = place(location)?;
        new.address_sealed = Some(vault.seal(PURPOSE, location.as_bytes())?);
    }
    if let Some(agent) = &request.user_agent {
        if agent.len() > 256 || agent.contains(char::is_control) {
            return Err(invalid("user_agent", "must be one line"));
        }
        new.user_agent = Some(agent.trim().to_owned()).filter(|agent| !agent.is_empty());
    }
    if let Some(shift) = request.shift {
        if !(-MOST_SHIFT..=MOST_SHIFT).contains(&shift) {
            return Err(invalid("shift", "must be -1440 to 1440 minutes"));
        }
        new.shift = shift;
    }
    if let Some(zone) = &request.zone {
        new.zone = zone_name(zone)?;
    }
    if let Some(language) = &request.language {
        new.language = language_code(language)?;
    }
    if let Some(interval) = request.refresh_interval {
        if interval != 0 && interval < LEAST_INTERVAL {
            return Err(invalid("refresh_interval", "must be at least 60 seconds, or 0 for only by hand"));
        }
        new.refresh_interval = interval;
    }
    new.verify_tls = request.verify_tls.unwrap_or(new.verify_tls);
    new.enabled = request.enabled.unwrap_or(new.enabled);
    let read_differently =
        |s: &Source| (s.shift, s.zone.clone(), s.language.clone(), s.address_sealed.clone());
    if read_differently(source) != read_differently(&new) {
        // The same document would be read to something else.
        new.validators.clear();
    }
    Ok(new)
}

fn zone_name(zone: &str) -> Result<Option<String>, GuideError> {
    match zone.trim() {
        "" => Ok(None),
        zone if zone.len() < 64 && TimeZone::get(zone).is_ok() => Ok(Some(zone.to_owned())),
        _ => Err(invalid("zone", "must be a time zone such as Europe/Paris")),
    }
}

fn language_code(language: &str) -> Result<Option<String>, GuideError> {
    let language = language.trim();
    let code = |c: char| c.is_ascii_alphabetic() || matches!(c, '-' | '_');
    match language {
        "" => Ok(None),
        _ if language.len() <= 16 && language.chars().all(code) => Ok(Some(language.to_owned())),
        _ => Err(invalid("language", "must be a code such as fr")),
    }
}

/// The kind of a location, and what may be shown of it.
fn place(location: &str) -> Result<(SourceKind, String), GuideError> {
    if Path::new(location).is_absolute() {
        return Ok((SourceKind::File, location.to_owned()));
    }
    let url = Url::parse(location).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url =
        url.ok_or_else(|| invalid("url", "must be an http(s) address or the absolute path of a file"))?;
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    Ok((SourceKind::Url, format!("{}://{}{port}/…", url.scheme(), url.host_str().unwrap_or(""))))
}

/// Where the source's document is.
pub(super) fn located(source: &Source, vault: &Vault) -> Result<Place, Unsealable> {
    if let Some(provider) = source.provider {
        return Ok(Place::Provider(provider));
    }
    let sealed = source.address_sealed.as_deref().ok_or(Unsealable)?;
    let location = String::from_utf8(vault.open(PURPOSE, sealed)?).map_err(|_| Unsealable)?;
    if source.kind == SourceKind::File {
        return Ok(Place::File(location.into()));
    }
    // An administrator who names a private host means it; what a public name leads to must be public.
    let public_only = !Url::parse(&location).is_ok_and(|url| is_private_host(&url));
    Ok(Place::Url(Address {
        url: location,
        user_agent: source.user_agent.clone(),
        headers: Vec::new(),
        verify_tls: source.verify_tls,
        public_only,
    }))
}

/// The zone of a source's times that have none.
pub(super) fn zone(source: &Source) -> TimeZone {
    source.zone.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
}

/// A source as it may be shown. `progress`: programmes read so far, where it is being read.
pub(super) fn view(source: &Source, progress: Option<u64>) -> SourceView {
    let time = |at: Option<i64>| at.and_then(|at| Timestamp::from_second(at).ok());
    SourceView {
        id: source.id,
        name: source.name.clone(),
        kind: source.kind,
        address: source.shown.clone(),
        user_agent: source.user_agent.clone(),
        verify_tls: source.verify_tls,
        shift: source.shift,
        zone: source.zone.clone(),
        language: source.language.clone(),
        refresh_interval: source.refresh_interval,
        enabled: source.enabled,
        channel_count: source.channel_count,
        programme_count: source.programme_count,
        odd_count: source.odd_count,
        until: time(source.until),
        refreshing: progress.is_some(),
        progress: progress.unwrap_or(0),
        last_refresh: time(source.last_refresh),
        last_attempt: time(source.last_attempt),
        last_error: source.last_error.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn request(url: &str) -> SourceRequest {
        SourceRequest { name: Some("paris".into()), url: Some(url.into()), ..SourceRequest::default() }
    }

    #[test]
    fn addresses_are_sealed_and_shown_without_what_is_secret() {
        let vault = Vault::new(&[1; 32]);
        let url = "https://bob:pw@h.example:8443/xmltv.php?username=bob&password=pw";
        let source = new(&request(url), &vault, HOUR).expect("source");
        assert_eq!((source.kind, source.shown.as_str()), (SourceKind::Url, "https://h.example:8443/…"));
        let shown = serde_json::to_string(&view(&source, None)).expect("json");
        assert!(!shown.contains("pw") && !shown.contains("bob"), "{shown}");
        let Ok(Place::Url(address)) = located(&source, &vault) else { panic!("no url") };
        assert_eq!((address.url.as_str(), address.public_only), (url, true));
        assert!(!format!("{address:?}").contains("pw"));
        let private = new(&request("http://192.168.1.2/guide.xml"), &vault, HOUR).expect("source");
        let Ok(Place::Url(address)) = located(&private, &vault) else { panic!("no url") };
        assert!(!address.public_only, "an administrator said so");
        let file = new(&request("/srv/guide.xml.gz"), &vault, HOUR).expect("source");
        assert!(
            matches!(located(&file, &vault), Ok(Place::File(path)) if path == Path::new("/srv/guide.xml.gz"))
        );
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_field() {
        let vault = Vault::new(&[1; 32]);
        let good = request("http://h/x");
        let refused = |request: SourceRequest| match new(&request, &vault, HOUR) {
            Err(GuideError::Invalid { field, .. }) => field,
            _ => panic!("accepted"),
        };
        for bad in ["ftp://h/x", "guide.xml", "http://", ""] {
            assert_eq!(refused(request(bad)), "url", "{bad}");
        }
        assert_eq!(refused(SourceRequest { name: Some(" ".into()), ..good.clone() }), "name");
        assert_eq!(refused(SourceRequest { name: None, ..good.clone() }), "name");
        assert_eq!(refused(SourceRequest { url: None, ..good.clone() }), "url");
        assert_eq!(refused(SourceRequest { shift: Some(1441), ..good.clone() }), "shift");
        assert_eq!(refused(SourceRequest { zone: Some("Mars/Olympus".into()), ..good.clone() }), "zone");
        assert_eq!(refused(SourceRequest { language: Some("f r".into()), ..good.clone() }), "language");
        assert_eq!(refused(SourceRequest { user_agent: Some("a\nb".into()), ..good.clone() }), "user_agent");
        assert_eq!(refused(SourceRequest { refresh_interval: Some(5), ..good }), "refresh_interval");
    }

    #[test]
    fn changes_keep_what_they_do_not_name_and_forget_validators_where_reading_changes() {
        let vault = Vault::new(&[1; 32]);
        let mut source = new(&request("http://h/x"), &vault, HOUR).expect("source");
        source.validators = "\"etag\"\n".into();
        let change = SourceRequest { enabled: Some(false), ..SourceRequest::default() };
        let off = changed(&source, &change, &vault).expect("change");
        assert!(!off.enabled && off.name == "paris" && off.validators == source.validators);
        let change = SourceRequest { zone: Some("Europe/Paris".into()), ..SourceRequest::default() };
        let zoned = changed(&source, &change, &vault).expect("change");
        assert_eq!((zoned.zone.as_deref(), zoned.validators.as_str()), (Some("Europe/Paris"), ""));
        let provider = of_provider(3, "home".into(), HOUR);
        let change = SourceRequest { url: Some("http://h/y".into()), ..SourceRequest::default() };
        assert!(matches!(changed(&provider, &change, &vault), Err(GuideError::Invalid { field: "url", .. })));
    }
}
