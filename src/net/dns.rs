//! Names to addresses, without getaddrinfo: `/etc/hosts` read by us, name servers asked through hickory.
//!
//! `resolv.conf` and `hosts` are read again when they change (DHCP, VPN). There is no public fall-back: a box
//! without name servers must not quietly ask someone else's. Address literals and `localhost` always work.

use super::guard::is_public;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolveHosts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use parking_lot::Mutex;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

/// A name that did not become a usable address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// No name servers are configured.
    #[error("the name {0} can't be resolved: /etc/resolv.conf names no server")]
    NoServers(String),
    /// The name does not exist, or no server answered.
    #[error("the name {name} can't be resolved: {why}")]
    Failed {
        /// The name.
        name: String,
        /// The resolver's words.
        why: String,
    },
    /// The name leads to addresses that are not allowed here.
    #[error("{0} is a private or local address, which is not allowed here")]
    Forbidden(String),
}

/// Resolves names; cheap to clone, one cache.
#[derive(Clone)]
pub struct Resolver(Arc<Inner>);

struct Inner {
    resolv_conf: PathBuf,
    hosts: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    resolv_stamp: Option<Stamp>,
    servers: Option<TokioResolver>,
    hosts_stamp: Option<Stamp>,
    hosts: Vec<(String, IpAddr)>,
}

type Stamp = (SystemTime, u64);

impl Default for Resolver {
    fn default() -> Self {
        Self::with_files("/etc/resolv.conf", "/etc/hosts")
    }
}

impl Resolver {
    /// A resolver that reads these two files.
    pub fn with_files(resolv_conf: impl Into<PathBuf>, hosts: impl Into<PathBuf>) -> Self {
        Self(Arc::new(Inner {
            resolv_conf: resolv_conf.into(),
            hosts: hosts.into(),
            state: Mutex::new(State::default()),
        }))
    }

    /// All addresses of a name or literal, IPv4 first (broken IPv6 is the commoner fault); never empty.
    ///
    /// With `public_only`, addresses that are not the public internet's are left out; where none is left:
    /// [`DnsError::Forbidden`].
    pub async fn resolve(&self, host: &str, public_only: bool) -> Result<Vec<IpAddr>, DnsError> {
        let mut addresses = self.look_up(host).await?;
        addresses.sort_by_key(IpAddr::is_ipv6);
        addresses.dedup();
        if public_only {
            addresses.retain(|address| is_public(*address));
            if addresses.is_empty() {
                return Err(DnsError::Forbidden(host.to_owned()));
            }
        }
        Ok(addresses)
    }

    async fn look_up(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
        let bare = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
        if let Ok(literal) = bare.parse() {
            return Ok(vec![literal]);
        }
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        if name == "localhost" || name.ends_with(".localhost") {
            return Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]);
        }
        let servers = {
            let mut state = self.0.state.lock();
            self.0.refresh(&mut state);
            let listed: Vec<IpAddr> =
                state.hosts.iter().filter(|(known, _)| *known == name).map(|(_, ip)| *ip).collect();
            if !listed.is_empty() {
                return Ok(listed);
            }
            state.servers.clone()
        };
        let Some(servers) = servers else { return Err(DnsError::NoServers(host.to_owned())) };
        let failed = |why: String| DnsError::Failed { name: host.to_owned(), why };
        let found: Vec<IpAddr> = match servers.lookup_ip(host).await {
            Ok(answer) => answer.iter().collect(),
            Err(error) if error.is_no_records_found() => return Err(failed("no such name".to_owned())),
            Err(error) => return Err(failed(error.to_string())),
        };
        if found.is_empty() { Err(failed("no address".to_owned())) } else { Ok(found) }
    }
}

impl Inner {
    fn refresh(&self, state: &mut State) {
        let stamp =
            |path| std::fs::metadata(path).ok().and_then(|meta| Some((meta.modified().ok()?, meta.len())));
        let now = stamp(&self.hosts);
        if now != state.hosts_stamp {
            state.hosts =
                std::fs::read_to_string(&self.hosts).map(|text| parse_hosts(&text)).unwrap_or_default();
            state.hosts_stamp = now;
        }
        let now = stamp(&self.resolv_conf);
        if now != state.resolv_stamp || (now.is_some() && state.servers.is_none()) {
            state.servers = self.servers();
            state.resolv_stamp = now;
        }
    }

    fn servers(&self) -> Option<TokioResolver> {
        let text = std::fs::read(&self.resolv_conf).ok()?;
        let (config, mut options) = hickory_resolver::system_conf::parse_resolv_conf(text)
            .inspect_err(|error| tracing::warn!(%error, "resolv.conf can't be used"))
            .ok()?;
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.use_hosts_file = ResolveHosts::Never;
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options;
        builder.build().inspect_err(|error| tracing::warn!(%error, "resolv.conf can't be used")).ok()
    }
}

/// Lines of `address name name…`, `#` begins a comment (hosts(5)).
fn parse_hosts(text: &str) -> Vec<(String, IpAddr)> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or("").split_whitespace();
        let Some(Ok(address)) = words.next().map(str::parse) else { continue };
        found.extend(words.map(|name| (name.trim_end_matches('.').to_ascii_lowercase(), address)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{DnsError, Resolver};
    use std::net::{IpAddr, Ipv4Addr};
    use tokio::net::UdpSocket;

    fn v4(text: &str) -> IpAddr {
        text.parse().expect("address")
    }

    /// Answers every A question with `address`, everything else with "no data".
    async fn name_server(address: Ipv4Addr) -> u16 {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("bind");
        let port = socket.local_addr().expect("address").port();
        tokio::spawn(async move {
            let mut buffer = [0u8; 1500];
            while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
                let question = &buffer[12..length];
                let name_end = question.iter().position(|&b| b == 0).expect("name") + 1;
                let a = question[name_end + 1] == 1;
                let mut answer = buffer[..2].to_vec();
                answer.extend([0x81, 0x80, 0, 1, 0, u8::from(a), 0, 0, 0, 0]);
                answer.extend(&question[..name_end + 4]);
                if a {
                    answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
                    answer.extend(address.octets());
                }
                let _ = socket.send_to(&answer, peer).await;
            }
        });
        port
    }

    #[tokio::test]
    async fn literals_and_localhost_need_no_files() {
        let resolver = Resolver::with_files("/nonexistent/resolv.conf", "/nonexistent/hosts");
        assert_eq!(resolver.resolve("192.0.2.7", false).await, Ok(vec![v4("192.0.2.7")]));
        assert_eq!(resolver.resolve("[::1]", false).await, Ok(vec![v4("::1")]));
        assert_eq!(resolver.resolve("LocalHost.", false).await, Ok(vec![v4("127.0.0.1"), v4("::1")]));
        assert_eq!(
            resolver.resolve("localhost", true).await,
            Err(DnsError::Forbidden("localhost".to_owned()))
        );
        assert_eq!(
            resolver.resolve("tv.example", false).await,
            Err(DnsError::NoServers("tv.example".to_owned()))
        );
    }

    #[tokio::test]
    async fn hosts_are_read_again_when_they_change() {
        let dir = tempfile::tempdir().expect("dir");
        let hosts = dir.path().join("hosts");
        std::fs::write(&hosts, "10.0.0.1 TV.example tv # box\nbad line\n::2 tv.example\n").expect("write");
        let resolver = Resolver::with_files(dir.path().join("none"), &hosts);
        assert_eq!(resolver.resolve("tv.example", false).await, Ok(vec![v4("10.0.0.1"), v4("::2")]));
        std::fs::write(&hosts, "10.0.0.22 tv.example\n").expect("write");
        assert_eq!(resolver.resolve("tv.example", false).await, Ok(vec![v4("10.0.0.22")]));
        assert!(matches!(resolver.resolve("tv.example", true).await, Err(DnsError::Forbidden(_))));
    }

    #[tokio::test]
    async fn name_servers_come_from_resolv_conf() {
        // resolv.conf has no ports, so the server is asked through hickory's own configuration here.
        use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
        let port = name_server(Ipv4Addr::new(203, 0, 113, 5)).await;
        let mut connection = ConnectionConfig::udp();
        connection.port = port;
        let server = NameServerConfig::new(IpAddr::V4(Ipv4Addr::LOCALHOST), true, vec![connection]);
        let config = ResolverConfig::from_parts(None, vec![], vec![server]);
        let resolver = Resolver::with_files("/nonexistent/resolv.conf", "/nonexistent/hosts");
        let built = hickory_resolver::TokioResolver::builder_with_config(config, Default::default()).build();
        resolver.0.state.lock().servers = Some(built.expect("resolver"));
        assert_eq!(resolver.resolve("tv.example", false).await, Ok(vec![v4("203.0.113.5")]));
        assert!(matches!(resolver.resolve("tv.example", true).await, Err(DnsError::Forbidden(_))));
    }
}
