//! Sign-in tokens: JWT, HS256 and nothing else, an hour long.

use super::AccessError;
use crate::store::users::User;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Seconds a sign-in lasts.
const LIFE: i64 = 3600;

/// What a token says. Role and name are for the client's eyes: what counts is what the user is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Token {
    /// The user's number.
    pub(super) sub: String,
    pub(super) name: String,
    pub(super) role: String,
    pub(super) iat: i64,
    pub(super) exp: i64,
    /// Names the token, for its revocation.
    pub(super) jti: String,
    /// The user's `sign_in_version` when it was made.
    pub(super) ver: i64,
}

pub(super) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    /// Seconds.
    life: i64,
}

impl Tokens {
    /// Tokens under that secret, which live for `life`; zero: an hour.
    pub(super) fn new(secret: &[u8], life: Duration) -> Self {
        let life = i64::try_from(life.as_secs()).ok().filter(|life| *life > 0).unwrap_or(LIFE);
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_required_spec_claims(&["exp", "sub"]);
        // Tokens for another audience are not for us; ours have none.
        validation.validate_aud = true;
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
            life,
        }
    }

    /// How long a token lives, in seconds.
    pub(super) fn life(&self) -> i64 {
        self.life
    }

    pub(super) fn issue(&self, user: &User, now: i64) -> Result<String, AccessError> {
        let token = Token {
            sub: user.id.to_string(),
            name: user.username.clone(),
            role: user.role.as_str().into(),
            iat: now,
            exp: now + self.life,
            jti: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()),
            ver: user.sign_in_version,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &token, &self.encoding)
            .map_err(|e| AccessError::Internal(e.to_string()))
    }

    pub(super) fn open(&self, text: &str) -> Result<Token, AccessError> {
        match jsonwebtoken::decode::<Token>(text, &self.decoding, &self.validation) {
            Ok(data) => Ok(data.claims),
            Err(e) if matches!(e.kind(), ErrorKind::ExpiredSignature) => Err(AccessError::Expired),
            Err(_) => Err(AccessError::Invalid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::users::Role;

    fn user() -> User {
        User { id: 5, ..User::new("admin", Role::Administrator) }
    }

    #[test]
    fn opens_its_own_until_they_end() {
        let tokens = Tokens::new(b"key", Duration::ZERO);
        let long = Tokens::new(b"key", Duration::from_secs(7200));
        let now = crate::store::now();
        let token = long.open(&long.issue(&user(), now).expect("issue")).expect("open");
        assert_eq!((token.exp - token.iat, long.life()), (7200, 7200));
        let token = tokens.open(&tokens.issue(&user(), now).expect("issue")).expect("open");
        assert_eq!((token.sub.as_str(), token.exp - token.iat), ("5", 3600));
        let old = tokens.issue(&user(), now - 3601).expect("issue");
        assert!(matches!(tokens.open(&old), Err(AccessError::Expired)));
        let foreign = Tokens::new(b"other", Duration::ZERO).issue(&user(), now).expect("issue");
        assert!(matches!(tokens.open(&foreign), Err(AccessError::Invalid)));
    }

    #[test]
    fn takes_no_other_algorithm_and_none_without_end() {
        let tokens = Tokens::new(b"key", Duration::ZERO);
        let now = crate::store::now();
        let claims = tokens.open(&tokens.issue(&user(), now).expect("issue")).expect("open");
        let key = EncodingKey::from_secret(b"key");
        let hs512 = jsonwebtoken::encode(&Header::new(Algorithm::HS512), &claims, &key).expect("encode");
        assert!(matches!(tokens.open(&hs512), Err(AccessError::Invalid)));
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let body = part(&serde_json::to_string(&claims).expect("json"));
        for header in [r#"{"alg":"none","typ":"JWT"}"#, r#"{"alg":"None"}"#, "{}"] {
            assert!(matches!(tokens.open(&format!("{}.{body}.", part(header))), Err(AccessError::Invalid)));
        }
        let mut endless = serde_json::to_value(&claims).expect("json");
        endless.as_object_mut().expect("object").remove("exp");
        let endless = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &endless, &key).expect("encode");
        assert!(matches!(tokens.open(&endless), Err(AccessError::Invalid)));
        for text in ["", ".", "a.b.c", "rk_x"] {
            assert!(matches!(tokens.open(text), Err(AccessError::Invalid)));
        }
    }
}
