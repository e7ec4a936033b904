//! Hashes and constant-time comparisons for the verifiers of signatures.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::encoding::{decode_hex, hex};

/// The SHA-256 of `bytes` in lower-case hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// HMAC-SHA256 of `message` under `key`.
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    mac::<Hmac<Sha256>>(key, message)
        .finalize()
        .into_bytes()
        .to_vec()
}

/// HMAC-SHA1 of `message` under `key`, for version 1 of Tencent's signature.
pub(crate) fn hmac_sha1(key: &[u8], message: &[u8]) -> Vec<u8> {
    mac::<Hmac<Sha1>>(key, message)
        .finalize()
        .into_bytes()
        .to_vec()
}

/// Returns whether `signature` is the HMAC-SHA256 of `message` in lower-case hexadecimal. The
/// comparison takes constant time.
pub(crate) fn verify_hmac_sha256(key: &[u8], message: &[u8], signature: &str) -> bool {
    decode_hex(signature).is_some_and(|bytes| {
        mac::<Hmac<Sha256>>(key, message)
            .verify_slice(&bytes)
            .is_ok()
    })
}

/// Compares two secrets. The time does not depend on where they differ.
pub(crate) fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    const KEY: &[u8] = b"comparison";
    mac::<Hmac<Sha256>>(KEY, left)
        .verify_slice(&hmac_sha256(KEY, right))
        .is_ok()
}

fn mac<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> M {
    #[expect(clippy::expect_used, reason = "HMAC accepts keys of any length")]
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("a key of any length");
    mac.update(message);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"what do ya want for nothing?";

    #[test]
    fn hashes_equal_the_published_test_vectors() {
        assert_eq!(
            sha256_hex(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        // RFC 4231, test case 2.
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(&hmac_sha256(b"Jefe", MESSAGE)), expected);
        // RFC 2202, test case 2.
        assert_eq!(
            hex(&hmac_sha1(b"Jefe", MESSAGE)),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
        );
        let verify = |signature: &str| verify_hmac_sha256(b"Jefe", MESSAGE, signature);
        assert!(verify(expected));
        assert!(!verify(&expected.to_uppercase()));
        assert!(!verify(&expected[..62]));
        assert!(!verify("é"));
    }

    #[test]
    fn secrets_are_equal_only_to_themselves() {
        assert!(constant_time_eq(b"a", b"a"));
        assert!(!constant_time_eq(b"a", b"b"));
        assert!(!constant_time_eq(b"a", b""));
    }
}
