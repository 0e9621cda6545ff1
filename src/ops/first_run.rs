//! What `serve` prints once it listens: where to watch, and the administrator's password, once.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The lines for the person at the terminal. It may hold a password, so it is never logged.
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
    /// Prints it to standard output. Where that is the journal, which keeps it and others read, it says how to
    /// set a password instead of showing the one that was made.
    pub fn print(&self) -> io::Result<()> {
        let text = self.text(super::logs::is_journal(io::stdout()));
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    fn text(&self, kept: bool) -> String {
        let mut text = String::new();
        if let Some(base) = self.base() {
            text.push_str(&format!("Watch:    {base}/watch/\nPlayers:  {base}/live.m3u8\n"));
        }
        match self.administrator {
            Some((name, _)) if kept => {
                text.push_str(&format!(
                    "Administrator: {name}; set the password with `relais admin passwd`\n"
                ));
            }
            Some((name, password)) => text.push_str(&format!(
                "Administrator: {name}, password: {password}\n          \
                 (shown this once; `relais admin passwd` sets another)\n"
            )),
            None => {}
        }
        text
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_address_is_not_handed_out() {
        let public = Some("0.0.0.0:8003".parse().expect("address"));
        let mut greeting =
            Greeting { public_url: None, public, api: None, administrator: Some(("admin", "pw-4711")) };
        let text = greeting.text(false);
        assert!(
            text.contains("http://127.0.0.1:8003/watch/\n")
                && text.contains("http://127.0.0.1:8003/live.m3u8")
        );
        assert!(text.contains("admin, password: pw-4711"));
        let kept = greeting.text(true);
        assert!(!kept.contains("pw-4711") && kept.contains("relais admin passwd"), "{kept}");
        greeting.public_url = Some("https://tv.example.org/");
        greeting.administrator = None;
        let text = greeting.text(false);
        assert!(text.contains("https://tv.example.org/live.m3u8") && !text.contains("password"));
    }
}
