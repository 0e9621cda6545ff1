//! Signed, self-describing values that go out in URLs: playback sessions and page tickets. Nothing of them is stored.
//!
//! Both are base64url (no padding) of a body and the first 16 bytes of HMAC-SHA256 over it. The body's first byte
//! is its sort and layout, so that one is never taken for the other.

use crate::wire::ChannelId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;

const SESSION: u8 = 1;
const TICKET: u8 = 2;
const MAC: usize = 16;
/// Added to a target's sort: the name of a link stands before the channel's.
const BY_LINK: u8 = 0x80;
/// No value of ours is longer: sort, target, numbers, a link, a channel id of 64 and the MAC, in base64.
const LONGEST: usize = 192;

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// Whatever is on air.
    OnAir,
    /// One channel.
    Channel {
        /// The channel.
        id: ChannelId,
        /// As browsers can play it.
        web: bool,
    },
}

/// What a session says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The user's number; 0: none.
    pub user: i64,
    /// What is watched.
    pub target: Target,
    /// A hash of the viewer's address when it was made.
    pub address: u32,
    /// A hash of the viewer's `User-Agent` then.
    pub agent: u32,
    /// Seconds since the epoch.
    pub issued: u64,
    /// Random: tells apart two sessions of one second.
    pub nonce: u32,
    /// The temporary link that it was given for, and with which it ends.
    pub link: Option<Box<str>>,
}

/// Signs and checks. Holds the key; shows nothing.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

impl Signer {
    /// A signer under this key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(super::secret_key::hmac(key))
    }

    /// The claims of a new session, made now for whoever asks.
    pub fn claims(&self, user: i64, target: Target, who: &super::Who) -> Claims {
        let issued = u64::try_from(crate::store::now()).unwrap_or(0);
        let (address, agent) = (self.hash(b"ip", &who.ip.to_string()), self.hash(b"ua", &who.user_agent));
        Claims { user, target, address, agent, issued, nonce: rand::random(), link: None }
    }

    /// Keyed: an address can't be guessed back from a URL.
    fn hash(&self, sort: &[u8], text: &str) -> u32 {
        let mac = self.0.clone().chain_update(sort).chain_update(text.as_bytes()).finalize().into_bytes();
        mac.first_chunk().map_or(0, |first| u32::from_be_bytes(*first))
    }

    /// The session for these claims, URL-safe: about 60 to 180 characters.
    pub fn session(&self, claims: &Claims) -> String {
        let (sort, id) = match &claims.target {
            Target::OnAir => (0, ""),
            Target::Channel { id, web: false } => (1, id.as_str()),
            Target::Channel { id, web: true } => (2, id.as_str()),
        };
        let link = claims.link.as_deref();
        let mut body = Vec::with_capacity(LONGEST);
        body.extend([SESSION, sort | if link.is_some() { BY_LINK } else { 0 }]);
        body.extend(claims.user.to_be_bytes());
        body.extend(claims.address.to_be_bytes());
        body.extend(claims.agent.to_be_bytes());
        body.extend(claims.issued.to_be_bytes());
        body.extend(claims.nonce.to_be_bytes());
        if let Some(link) = link {
            body.extend([u8::try_from(link.len()).unwrap_or(u8::MAX)]);
            body.extend(link.as_bytes());
        }
        body.extend(id.as_bytes());
        self.sign(body)
    }

    /// The claims of a session that this server made; anything else: `None`.
    pub fn open_session(&self, text: &str) -> Option<Claims> {
        let body = self.open(text, SESSION)?;
        let (&sort, rest) = body.split_first()?;
        let (user, rest) = rest.split_first_chunk()?;
        let (address, rest) = rest.split_first_chunk()?;
        let (agent, rest) = rest.split_first_chunk()?;
        let (issued, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (link, id) = match sort & BY_LINK {
            0 => (None, rest),
            _ => {
                let (&length, rest) = rest.split_first()?;
                let (link, id) = rest.split_at_checked(length.into())?;
                (Some(std::str::from_utf8(link).ok()?.into()), id)
            }
        };
        let sort = sort & !BY_LINK;
        let target = match sort {
            0 if id.is_empty() => Target::OnAir,
            1 | 2 => Target::Channel { id: std::str::from_utf8(id).ok()?.parse().ok()?, web: sort == 2 },
            _ => return None,
        };
        Some(Claims {
            user: i64::from_be_bytes(*user),
            target,
            address: u32::from_be_bytes(*address),
            agent: u32::from_be_bytes(*agent),
            issued: u64::from_be_bytes(*issued),
            nonce: u32::from_be_bytes(*nonce),
            link,
        })
    }

    /// The player page's right to the internal media, until `expires` (seconds since the epoch).
    pub fn page_ticket(&self, expires: u64) -> String {
        let mut body = vec![TICKET];
        body.extend(expires.to_be_bytes());
        self.sign(body)
    }

    /// Whether this is a ticket of ours that has not ended.
    pub fn page_ticket_valid(&self, text: &str, now: u64) -> bool {
        let expires = self.open(text, TICKET).and_then(|body| body.try_into().ok()).map(u64::from_be_bytes);
        expires.is_some_and(|expires| now < expires)
    }

    fn sign(&self, mut body: Vec<u8>) -> String {
        let mac = self.0.clone().chain_update(&body).finalize().into_bytes();
        body.extend_from_slice(&mac[..MAC]);
        URL_SAFE_NO_PAD.encode(body)
    }

    /// The body after its first byte, where the MAC is right and the first byte is `sort`.
    fn open(&self, text: &str, sort: u8) -> Option<Vec<u8>> {
        if text.len() > LONGEST {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let mac = bytes.split_off(bytes.len().checked_sub(MAC)?);
        self.0.clone().chain_update(&bytes).verify_truncated_left(&mac).ok()?;
        (*bytes.first()? == sort).then(|| bytes.split_off(1))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claims(target: Target) -> Claims {
        Claims { user: -3, target, address: 7, agent: u32::MAX, issued: 1_700_000_000, nonce: 9, link: None }
    }

    #[test]
    fn a_session_comes_back_as_it_was_and_only_under_its_key() {
        let signer = Signer::new(&[1; 32]);
        let id: ChannelId = "x".repeat(64).parse().expect("id");
        for target in [
            Target::OnAir,
            Target::Channel { id: id.clone(), web: false },
            Target::Channel { id, web: true },
            Target::Channel { id: 5.into(), web: true },
        ] {
            let claims = claims(target);
            let text = signer.session(&claims);
            assert!(
                text.len() <= LONGEST
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
            );
            assert_eq!(signer.open_session(&text), Some(claims));
            assert_eq!(Signer::new(&[2; 32]).open_session(&text), None);
            let by_link = Claims {
                link: Some("AAAAAAAAAAAAAAAAAAAA_-".into()),
                ..signer.open_session(&text).expect("ours")
            };
            let text = signer.session(&by_link);
            assert!(text.len() <= LONGEST, "{}", text.len());
            assert_eq!(signer.open_session(&text), Some(by_link));
            assert!(!signer.page_ticket_valid(&text, 0), "a session is no ticket");
        }
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let signer = Signer::new(&[1; 32]);
        let text = signer.session(&claims(Target::Channel { id: 123.into(), web: false }));
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ascii");
            assert_eq!(signer.open_session(&changed), None, "at {at}");
            assert_eq!(signer.open_session(&text[..at]), None);
        }
        assert_eq!(signer.open_session(&"A".repeat(10_000)), None);
    }

    #[test]
    fn tickets_end() {
        let signer = Signer::new(&[1; 32]);
        let ticket = signer.page_ticket(100);
        assert!(signer.page_ticket_valid(&ticket, 99));
        assert!(!signer.page_ticket_valid(&ticket, 100));
        assert!(!Signer::new(&[2; 32]).page_ticket_valid(&ticket, 99));
        assert_eq!(signer.open_session(&ticket), None, "a ticket is no session");
    }

    proptest! {
        #[test]
        fn arbitrary_text_opens_nothing(text in ".{0,200}") {
            let signer = Signer::new(&[1; 32]);
            prop_assert_eq!(signer.open_session(&text), None);
            prop_assert!(!signer.page_ticket_valid(&text, 0));
        }
    }
}
