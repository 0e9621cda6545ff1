//! AES-128 of whole segments (RFC 8216, 4.3.2.4 and 5.2). Pure.

use super::super::{Ended, ended};
use crate::wire::Reason;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockDecryptMut, KeyIvInit};
use bytes::Bytes;
use m3u8_rs::{Key, KeyMethod};

/// The address of a segment's key; refuses what only licensed players can open.
pub(super) fn key_uri(key: &Key) -> Result<&str, Ended> {
    let plain = key.keyformat.as_deref().is_none_or(|format| format == "identity");
    match (&key.method, &key.uri) {
        (KeyMethod::AES128, Some(uri)) if plain => Ok(uri),
        _ => Err(ended(Reason::Scrambled, "the HLS stream is protected (not by plain AES-128)")),
    }
}

/// The initialisation vector: given, or the media sequence number.
pub(super) fn vector(key: &Key, sequence: u64) -> Result<[u8; 16], Ended> {
    let Some(text) = &key.iv else { return Ok(u128::from(sequence).to_be_bytes()) };
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let value =
        digits.filter(|digits| digits.len() <= 32).and_then(|digits| u128::from_str_radix(digits, 16).ok());
    value.map(u128::to_be_bytes).ok_or_else(|| ended(Reason::NotMedia, "the playlist's IV can't be read"))
}

/// CBC with PKCS#7 padding.
pub(super) fn decrypt(segment: &[u8], key: [u8; 16], vector: [u8; 16]) -> Result<Bytes, Ended> {
    let decryptor = cbc::Decryptor::<aes::Aes128>::new(&key.into(), &vector.into());
    let plain = decryptor.decrypt_padded_vec_mut::<Pkcs7>(segment);
    plain
        .map(Bytes::from)
        .map_err(|_| ended(Reason::Scrambled, "a segment can't be decrypted with the playlist's key"))
}

#[cfg(test)]
mod tests {
    use super::{decrypt, key_uri, vector};
    use aes::cipher::block_padding::Pkcs7;
    use aes::cipher::{BlockEncryptMut, KeyIvInit};
    use m3u8_rs::{Key, KeyMethod};

    fn key(iv: Option<&str>) -> Key {
        Key {
            method: KeyMethod::AES128,
            uri: Some("k".to_owned()),
            iv: iv.map(str::to_owned),
            ..Key::default()
        }
    }

    #[test]
    fn vectors_are_given_or_the_sequence() {
        assert_eq!(vector(&key(None), 258).map(|v| (v[14], v[15])), Ok((1, 2)));
        assert_eq!(vector(&key(Some("0x0102")), 9).map(|v| (v[14], v[15])), Ok((1, 2)));
        assert!(vector(&key(Some("zz")), 9).is_err());
    }

    #[test]
    fn decrypts_what_was_encrypted_and_refuses_the_wrong_key() {
        let (key, iv) = ([7; 16], [9; 16]);
        let sealed = cbc::Encryptor::<aes::Aes128>::new(&key.into(), &iv.into())
            .encrypt_padded_vec_mut::<Pkcs7>(&[0x47; 188]);
        assert_eq!(decrypt(&sealed, key, iv).expect("plain"), &[0x47; 188][..]);
        assert!(decrypt(&sealed[..100], key, iv).is_err());
    }

    #[test]
    fn licensed_protection_is_refused() {
        let mut drm = key(None);
        assert_eq!(key_uri(&drm), Ok("k"));
        drm.keyformat = Some("com.apple.streamingkeydelivery".to_owned());
        assert!(key_uri(&drm).is_err());
        assert!(key_uri(&Key { method: KeyMethod::SampleAES, ..key(None) }).is_err());
    }
}
