//! Who the viewer is when proxies stand in between.
//!
//! Headers are believed only when the peer is a trusted proxy, and of `X-Forwarded-For` only what trusted
//! proxies wrote: read from the right, the first address that is not itself trusted. What stands left of it is
//! the client's own claim.

use http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How the viewer's client speaks to the outermost trusted proxy, or to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheme {
    /// Plain HTTP.
    #[default]
    Http,
    /// HTTP over TLS.
    Https,
}

/// The viewer, as far as trustworthy hands say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAddress {
    /// The viewer's own address.
    pub ip: IpAddr,
    /// ISO 3166 of `CF-IPCountry`.
    pub country: Option<String>,
    /// Of `X-Forwarded-Proto`.
    pub scheme: Scheme,
    /// Host and port the viewer asked for: `X-Forwarded-Host`, else `Host`.
    pub host: Option<String>,
    /// Whether the peer is a trusted proxy.
    pub proxied: bool,
}

impl Scheme {
    /// As it stands in URLs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Loopback, the default of `trusted_proxies`.
pub fn default_trusted_proxies() -> Vec<IpNet> {
    let v4 = IpNet::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8);
    let v6 = IpNet::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 128);
    v4.into_iter().chain(v6).collect()
}

/// The viewer's address and what it asked for, from the socket's peer and the request's headers.
///
/// Of the headers that name an address, the first that is there counts: `X-Forwarded-For` (nginx, Caddy,
/// cloudflared), `X-Real-IP`, `CF-Connecting-IP`. The first is the only one that shows who wrote what; the
/// others may have been passed on from the client by a proxy that does not know them.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> ClientAddress {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|net| net.contains(&ip));
    let peer = peer.to_canonical();
    let mut client = ClientAddress {
        ip: peer,
        country: None,
        scheme: Scheme::Http,
        host: last(headers, "host").and_then(valid_host),
        proxied: is_trusted(peer),
    };
    if !client.proxied {
        return client;
    }
    let named = forwarded_for(headers, is_trusted)
        .or_else(|| last(headers, "x-real-ip").and_then(parse_ip))
        .or_else(|| last(headers, "cf-connecting-ip").and_then(parse_ip));
    client.ip = named.unwrap_or(peer);
    client.country = last(headers, "cf-ipcountry")
        .map(str::to_ascii_uppercase)
        // XX: unknown, T1: Tor (Cloudflare's own codes).
        .filter(|code| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()) && code != "XX");
    if last(headers, "x-forwarded-proto").is_some_and(|proto| proto.eq_ignore_ascii_case("https")) {
        client.scheme = Scheme::Https;
    }
    if let Some(host) = last(headers, "x-forwarded-host").and_then(valid_host) {
        client.host = Some(host);
    }
    client
}

/// The rightmost address that is no trusted proxy; where all are, the leftmost. An unreadable entry ends the
/// walk: what stands left of it is not vouched for.
fn forwarded_for(headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let values: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    let mut best = None;
    for entry in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        let Some(ip) = parse_ip(entry) else { break };
        best = Some(ip);
        if !is_trusted(ip) {
            break;
        }
    }
    best
}

/// An address with or without brackets and port.
fn parse_ip(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let ip = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    ip.or_else(with_port).or_else(bracketed).map(|ip: IpAddr| ip.to_canonical())
}

/// The last value of a header that may be a list.
fn last<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    Some(value.rsplit(',').next().unwrap_or(value).trim()).filter(|value| !value.is_empty())
}

/// A host that may stand in a URL we hand out.
fn valid_host(text: &str) -> Option<String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    (text.len() <= 255 && text.bytes().all(allowed)).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{ClientAddress, Scheme, client_address, default_trusted_proxies};
    use http::{HeaderMap, HeaderName, HeaderValue};

    fn ask(peer: &str, pairs: &[(&str, &str)]) -> ClientAddress {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name: HeaderName = name.parse().expect("name");
            headers.append(name, HeaderValue::from_str(value).expect("value"));
        }
        let mut trusted = default_trusted_proxies();
        trusted.push("10.0.0.0/8".parse().expect("net"));
        client_address(peer.parse().expect("peer"), &headers, &trusted)
    }

    fn ip(peer: &str, pairs: &[(&str, &str)]) -> String {
        ask(peer, pairs).ip.to_string()
    }

    #[test]
    fn strangers_are_not_believed() {
        let all = [
            ("X-Forwarded-For", "1.2.3.4"),
            ("X-Real-IP", "1.2.3.4"),
            ("CF-Connecting-IP", "1.2.3.4"),
            ("CF-IPCountry", "FR"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "evil.example"),
            ("Host", "tv.example:8003"),
        ];
        let client = ask("198.51.100.9", &all);
        assert_eq!(client.ip.to_string(), "198.51.100.9");
        assert_eq!((client.country, client.scheme, client.proxied), (None, Scheme::Http, false));
        assert_eq!(client.host.as_deref(), Some("tv.example:8003"));
    }

    #[test]
    fn a_trusted_proxy_is_believed() {
        let client = ask(
            "127.0.0.1",
            &[
                ("X-Forwarded-For", "203.0.113.7"),
                ("CF-IPCountry", "fr"),
                ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", "TV.example"),
                ("Host", "127.0.0.1:8003"),
            ],
        );
        assert_eq!(client.ip.to_string(), "203.0.113.7");
        assert_eq!(
            (client.country.as_deref(), client.scheme, client.proxied),
            (Some("FR"), Scheme::Https, true)
        );
        assert_eq!(client.host.as_deref(), Some("tv.example"));
    }

    #[test]
    fn only_what_trusted_hands_wrote_counts() {
        assert_eq!(ip("127.0.0.1", &[("X-Forwarded-For", "6.6.6.6, 203.0.113.7")]), "203.0.113.7");
        assert_eq!(ip("127.0.0.1", &[("X-Forwarded-For", "6.6.6.6, 203.0.113.7, 10.1.1.1")]), "203.0.113.7");
        assert_eq!(
            ip("127.0.0.1", &[("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "203.0.113.7")]),
            "203.0.113.7"
        );
        assert_eq!(ip("127.0.0.1", &[("X-Forwarded-For", "6.6.6.6, what, 10.1.1.1")]), "10.1.1.1");
        assert_eq!(ip("127.0.0.1", &[("X-Forwarded-For", "10.2.2.2, 10.1.1.1")]), "10.2.2.2");
        assert_eq!(
            ip("127.0.0.1", &[("X-Forwarded-For", "203.0.113.7"), ("CF-Connecting-IP", "6.6.6.6")]),
            "203.0.113.7"
        );
    }

    #[test]
    fn other_headers_and_shapes() {
        assert_eq!(ip("::1", &[("X-Real-IP", "203.0.113.7")]), "203.0.113.7");
        assert_eq!(ip("::ffff:127.0.0.1", &[("CF-Connecting-IP", "2001:db8::9")]), "2001:db8::9");
        assert_eq!(ip("127.0.0.1", &[("X-Forwarded-For", "[2001:db8::9]:443")]), "2001:db8::9");
        assert_eq!(ip("127.0.0.1", &[("X-Forwarded-For", "203.0.113.7:5511")]), "203.0.113.7");
        assert_eq!(ip("127.0.0.1", &[("X-Forwarded-For", "")]), "127.0.0.1");
        assert_eq!(ask("127.0.0.1", &[("CF-IPCountry", "XX")]).country, None);
        assert_eq!(
            ask("127.0.0.1", &[("X-Forwarded-Host", "a/b?c"), ("Host", "h")]).host.as_deref(),
            Some("h")
        );
    }
}
