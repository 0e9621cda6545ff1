//! What `serve` prints once it listens: where to watch, and the administrator's password, once.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The lines for the person at the terminal. Goes to standard output, never to a log: it may hold a password.
pub struct Greeting<'a> {
    /// The base of URLs handed out, where one is configured.
    pub public_url: Option<&'a str>,
    /// Where the public listener really listens.
    pub public: Option<SocketAddr>,
    /// Where the API listener really listens; serves the page too where there is no public listener.
    pub api: Option<SocketAddr>,
    /// The first administrator's name and fresh password, on the start that made them.
    pub administrator: Option<(&'a str, &'a str)>,
}

impl Greeting<'_> {
    fn base(&self) -> Option<String> {
        if let Some(url) = self.public_url {
            return Some(url.trim_end_matches('/').to_owned());
        }
        let mut address = self.public.or(self.api)?;
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        Some(format!("http://{address}"))
    }
}

impl fmt::Display for Greeting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(base) = self.base() {
            writeln!(f, "Watch:    {base}/watch/")?;
            writeln!(f, "Players:  {base}/live.m3u8")?;
        }
        if let Some((name, password)) = self.administrator {
            writeln!(f, "Administrator: {name}, password: {password}")?;
            writeln!(f, "          (shown this once; `relais admin passwd` sets another)")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_address_is_not_handed_out() {
        let public = Some("0.0.0.0:8003".parse().expect("address"));
        let mut greeting =
            Greeting { public_url: None, public, api: None, administrator: Some(("admin", "pw")) };
        let text = greeting.to_string();
        assert!(
            text.contains("http://127.0.0.1:8003/watch/\n")
                && text.contains("http://127.0.0.1:8003/live.m3u8")
        );
        assert!(text.contains("admin, password: pw"));
        greeting.public_url = Some("https://tv.example.org/");
        greeting.administrator = None;
        let text = greeting.to_string();
        assert!(text.contains("https://tv.example.org/live.m3u8") && !text.contains("password"));
    }
}
