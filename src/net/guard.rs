//! Which addresses are the public internet's: the line between it and this box, its network and its cloud.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Whether an address belongs to the public internet. Loopback, private, link-local (so the cloud's metadata
/// service), carrier-grade NAT, multicast, documentation and reserved ranges don't (IANA's special-purpose
/// registries, RFC 6890); IPv4 inside IPv6 (mapped, NAT64, 6to4) is judged as IPv4.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// Whether an address names this box or its network by itself: a private address, or a name of the local network.
/// Whoever gives such an address means it.
pub fn is_private_host(url: &Url) -> bool {
    let ip: IpAddr = match url.host() {
        Some(Host::Ipv4(v4)) => v4.into(),
        Some(Host::Ipv6(v6)) => v6.into(),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            return !name.contains('.')
                || [".local", ".lan", ".home.arpa", ".localhost"].iter().any(|end| name.ends_with(end));
        }
        None => return false,
    };
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99);
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    let tail = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    match s {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => tail(high, low),
        [0x2002, high, low, ..] => tail(high, low),
        // Global unicast is 2000::/3; within it Teredo, ORCHID and documentation are not places to fetch from.
        [first, second, ..] => {
            (0x2000..0x4000).contains(&first)
                && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
                && !(first == 0x3fff && second < 0x1000)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{is_private_host, is_public};
    use url::Url;

    #[test]
    fn hosts_that_mean_the_local_network() {
        for (url, private) in [
            ("http://10.0.0.1/x", true),
            ("http://nas.lan/x", true),
            ("http://nas/x", true),
            ("http://box.local./x", true),
            ("http://[::1]:80/x", true),
            ("http://[::ffff:192.168.0.1]/x", true),
            ("http://[::ffff:192.0.2.1]/x", false),
            ("http://tv.example/x", false),
        ] {
            assert_eq!(is_private_host(&Url::parse(url).expect("url")), private, "{url}");
        }
    }

    #[test]
    fn private_special_and_embedded_addresses_are_not_public() {
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "239.1.1.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "::",
            "::1",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
        ];
        for address in private {
            assert!(!is_public(address.parse().expect("address")), "{address}");
        }
        let public = [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2001:4860:4860::8888",
        ];
        for address in public {
            assert!(is_public(address.parse().expect("address")), "{address}");
        }
    }
}
