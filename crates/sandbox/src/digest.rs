//! Hashes and comparisons that the verifiers share. Nothing here is shared with a signer.

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// What RFC 3986 leaves as it is: letters, digits and these four.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Upper-case percent-encoding of every byte that is not unreserved.
pub(crate) fn percent(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            for half in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(u32::from(half), 16));
            }
            text
        })
}

/// The SHA-256 of `bytes` in lower-case hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// HMAC-SHA256 of `message` under `key`.
pub(crate) fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    mac(key, message).finalize().into_bytes().to_vec()
}

/// HMAC-SHA1 of `message` under `key`, which Tencent's first signature asks for.
pub(crate) fn hmac_sha1(key: &[u8], message: &[u8]) -> Vec<u8> {
    // As below: a key of any length is legal.
    let mut mac = Hmac::<Sha1>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&[0; 64].into()));
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// Whether `signature` is the lower-case hexadecimal HMAC-SHA256 of `message`, compared in constant time.
pub(crate) fn signed(key: &[u8], message: &[u8], signature: &str) -> bool {
    unhex(signature).is_some_and(|bytes| mac(key, message).verify_slice(&bytes).is_ok())
}

/// Whether two secrets are equal, in a time that tells nothing about where they differ.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    const KEY: &[u8] = b"comparison";
    mac(KEY, left).verify_slice(&hmac(KEY, right)).is_ok()
}

fn mac(key: &[u8], message: &[u8]) -> Hmac<Sha256> {
    // An HMAC key of any length is legal, so the short one never stands in for a caller's.
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&[0; 64].into()));
    mac.update(message);
    mac
}

/// Reads lower-case hexadecimal only: the schemes name no other.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        assert_eq!(
            sha256(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        // RFC 4231, test case 2.
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(
            hex(&hmac(b"Jefe", b"what do ya want for nothing?")),
            expected
        );
        // RFC 2202, test case 2.
        assert_eq!(
            hex(&hmac_sha1(b"Jefe", b"what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
        );
        assert!(signed(b"Jefe", b"what do ya want for nothing?", expected));
        assert!(!signed(
            b"Jefe",
            b"what do ya want for nothing?",
            &expected.to_uppercase()
        ));
        assert!(!signed(
            b"Jefe",
            b"what do ya want for nothing?",
            &expected[..62]
        ));
        assert!(!signed(b"Jefe", b"what do ya want for nothing?", "é"));
    }

    #[test]
    fn encodes_all_but_the_unreserved() {
        assert_eq!(
            percent("AZaz09-_.~ *+/中".as_bytes()),
            "AZaz09-_.~%20%2A%2B%2F%E4%B8%AD"
        );
    }

    #[test]
    fn compares_secrets() {
        assert!(same(b"a", b"a"));
        assert!(!same(b"a", b"b"));
        assert!(!same(b"a", b""));
    }
}
