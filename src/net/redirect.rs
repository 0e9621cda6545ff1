//! What a redirect may do.
//!
//! A public host may not send us to a private address (the look-up of every hop is guarded in `outbound`);
//! another origin does not get the caller's credentials.

use http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, LOCATION, PROXY_AUTHORIZATION};
use url::{Host, Url};

/// Where a redirect leads, or why it is not followed.
pub(super) fn target(from: &Url, status: u16, headers: &HeaderMap) -> Result<Url, String> {
    let host = from.host_str().unwrap_or("");
    let location =
        headers.get(LOCATION).ok_or_else(|| format!("HTTP {status} from {host} without a Location"))?;
    let text = String::from_utf8_lossy(location.as_bytes());
    let to = from.join(text.trim()).map_err(|_| format!("{host} redirects to a malformed address"))?;
    if !matches!(to.scheme(), "http" | "https") || !to.has_host() {
        return Err(format!("{host} redirects to a {} address", to.scheme()));
    }
    // Nobody's channels are there, but clouds hand out their machines' credentials.
    let is_link_local = match to.host() {
        Some(Host::Ipv4(address)) => address.is_link_local(),
        Some(Host::Ipv6(address)) => address.is_unicast_link_local(),
        Some(Host::Domain(_)) | None => false,
    };
    if is_link_local {
        return Err(format!("{host} redirects to a link-local address"));
    }
    Ok(to)
}

/// Whether the target may see the credentials that were meant for the origin: the same host and port, or the
/// same host moving up from http to https on the usual ports.
pub(super) fn keeps_credentials(from: &Url, to: &Url) -> bool {
    let same_host = from.host_str() == to.host_str();
    let ports = (from.port_or_known_default(), to.port_or_known_default());
    let up = from.scheme() == "http" && to.scheme() == "https" && ports == (Some(80), Some(443));
    same_host && (up || (from.scheme() == to.scheme() && ports.0 == ports.1))
}

/// Whether a header carries credentials, going by its name.
pub(super) fn is_credential(name: &HeaderName) -> bool {
    let text = name.as_str();
    *name == AUTHORIZATION
        || *name == COOKIE
        || *name == PROXY_AUTHORIZATION
        || ["token", "auth", "key", "secret", "session"].iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{is_credential, keeps_credentials, target};
    use http::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
    use url::Url;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("url")
    }

    #[test]
    fn targets_are_resolved_against_the_origin() {
        let go = |to: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(LOCATION, HeaderValue::from_static(to));
            target(&url("http://a.example/x/y?z"), 302, &headers).map(String::from)
        };
        assert_eq!(go("/q"), Ok("http://a.example/q".to_owned()));
        assert_eq!(go(" //b.example:8/q t"), Ok("http://b.example:8/q%20t".to_owned()));
        assert_eq!(go("file:///etc/passwd"), Err("a.example redirects to a file address".to_owned()));
        assert_eq!(go("http://"), Err("a.example redirects to a malformed address".to_owned()));
        assert_eq!(go("http://169.254.0.1/x"), Err("a.example redirects to a link-local address".to_owned()));
        assert_eq!(go("http://[fe80::1]/x"), Err("a.example redirects to a link-local address".to_owned()));
        assert!(target(&url("http://a.example/"), 302, &HeaderMap::new()).is_err());
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        let keeps = |a, b| keeps_credentials(&url(a), &url(b));
        assert!(keeps("http://a/x", "http://a:80/y"));
        assert!(keeps("http://a/x", "https://a/y"));
        assert!(!keeps("https://a/x", "http://a/y"));
        assert!(!keeps("http://a/x", "http://a:8080/y"));
        assert!(!keeps("http://a/x", "http://b/y"));
        for name in ["authorization", "cookie", "x-api-key", "x-auth-token"] {
            assert!(is_credential(&HeaderName::from_static(name)), "{name}");
        }
        assert!(!is_credential(&HeaderName::from_static("referer")));
    }
}
