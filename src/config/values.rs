//! Single values as people write them: addresses, networks, base URLs, yes and no.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// API, public and RTMP (contract, section 0).
pub(super) fn default_listen() -> (Option<SocketAddr>, Option<SocketAddr>, Option<SocketAddr>) {
    let any = |port| Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port));
    (any(8002), any(8003), any(1935))
}

/// The proxies that are believed by default.
pub(super) fn loopback() -> Vec<IpNet> {
    let v4 = IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8);
    vec![v4, IpNet::from(IpAddr::V6(Ipv6Addr::LOCALHOST))]
}

/// `host:port`, with `localhost` and `*` for the addresses they mean; empty: off. Names are not resolved:
/// an address that moves is no place to listen.
pub(super) fn listen(text: &str) -> Result<Option<SocketAddr>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(address) = text.parse() {
        return Ok(Some(address));
    }
    const WORDS: &str =
        "must be an address and a port such as \"0.0.0.0:8002\" or \"[::]:8002\", or empty for off";
    let (host, port) = text.rsplit_once(':').ok_or(WORDS)?;
    let port: u16 = port.parse().map_err(|_| WORDS)?;
    let ip = match host {
        "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        "" | "*" => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        _ => return Err(WORDS.to_owned()),
    };
    Ok(Some(SocketAddr::new(ip, port)))
}

/// `10.0.0.0/8`, or one address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let network = text.parse::<IpNet>().map(|network| network.trunc());
    network
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "must be an address or a network such as \"10.0.0.0/8\"".to_owned())
}

/// An `http` or `https` URL without query, fragment or credentials; comes back without a slash at its end.
pub(super) fn base_url(text: &str) -> Result<String, String> {
    const WORDS: &str = "must be a URL such as \"https://tv.example.org\"";
    let url = url::Url::parse(text).map_err(|_| WORDS)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(WORDS.to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user name or password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must not have a query or fragment".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The words that environments use for yes and no.
pub(super) fn truth(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses() {
        assert_eq!(listen(""), Ok(None));
        for (text, expected) in [
            ("0.0.0.0:8002", "0.0.0.0:8002"),
            ("[::1]:80", "[::1]:80"),
            ("localhost:1", "127.0.0.1:1"),
            (":8003", "0.0.0.0:8003"),
            ("*:0", "0.0.0.0:0"),
        ] {
            assert_eq!(listen(text).expect(text).expect(text).to_string(), expected);
        }
        for bad in ["8002", "tv.example.org:80", "0.0.0.0:70000", "0.0.0.0", "::1:80:x"] {
            assert!(listen(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn networks_and_base_urls() {
        assert_eq!(network("10.1.2.3/8").expect("network").to_string(), "10.0.0.0/8");
        assert_eq!(network("::1").expect("address").to_string(), "::1/128");
        assert!(network("10.0.0.0/33").is_err() && network("lan").is_err());
        assert_eq!(base_url("https://tv.example.org/x/").expect("url"), "https://tv.example.org/x");
        for bad in ["tv.example.org", "ftp://a", "https://u:p@a", "http://a?b", "http://a#b", "data:x"] {
            assert!(base_url(bad).is_err(), "{bad}");
        }
    }
}
