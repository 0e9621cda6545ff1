//! Ports: free, or held by the relais that runs.

use super::Check;
use crate::config::Listen;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

pub(super) fn check(listen: &Listen, running: bool) -> Vec<Check> {
    let named = [
        ("api", "RELAIS_API_LISTEN", listen.api),
        ("public", "RELAIS_PUBLIC_LISTEN", listen.public),
        ("rtmp", "RELAIS_RTMP_LISTEN", listen.rtmp),
    ];
    named.into_iter().map(|(name, variable, address)| one(name, variable, address, running)).collect()
}

fn one(name: &str, variable: &str, address: Option<SocketAddr>, running: bool) -> Check {
    let title = format!("port {name}");
    let Some(address) = address else { return Check::ok(title, "turned off") };
    let error = match TcpListener::bind(address) {
        Ok(_) => return Check::ok(title, format!("{address} is free")),
        Err(error) => error,
    };
    let elsewhere = format!("set listen.{name} or {variable} to another address");
    match error.kind() {
        ErrorKind::AddrInUse if running => Check::ok(title, format!("{address} is in use while relais runs")),
        ErrorKind::AddrInUse => {
            let who = format!("see who has it with `ss -ltnp sport = :{}`, or {elsewhere}", address.port());
            Check::fail(title, format!("{address} is taken by another program"), who)
        }
        ErrorKind::PermissionDenied => {
            let words = format!("{address}: this user may not listen there");
            Check::fail(title, words, format!("give relais CAP_NET_BIND_SERVICE, or {elsewhere}"))
        }
        _ => Check::fail(title, format!("{address}: {error}"), elsewhere),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn taken_ports_are_a_failure_unless_relais_has_them() {
        let holder = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = Some(holder.local_addr().expect("address"));
        assert_eq!(one("api", "X", address, false).verdict, Verdict::Fail);
        assert_eq!(one("api", "X", address, true).verdict, Verdict::Ok);
        drop(holder);
        assert_eq!(one("api", "X", address, false).verdict, Verdict::Ok);
        assert_eq!(one("api", "X", None, false).words, "turned off");
        // TEST-NET-1 (RFC 5737) is no address of this machine.
        assert_eq!(
            one("api", "X", Some("192.0.2.1:1".parse().expect("address")), true).verdict,
            Verdict::Fail
        );
    }
}
