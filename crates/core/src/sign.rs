//! The primitives of all signing schemes: pure functions over bytes.

use std::borrow::Cow;

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Percent-encodes a text by RFC 3986: UTF-8 bytes, upper-case hexadecimal digits, `%20` for a blank.
///
/// ```
/// assert_eq!(standing_core::sign::percent("a b/~*中"), "a%20b%2F~%2A%E4%B8%AD");
/// ```
pub fn percent(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, RESERVED).into()
}

/// Reverses [`percent`]. Bytes that are not UTF-8 become U+FFFD; `+` stays `+`.
pub fn percent_decoded(text: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy()
}

/// Writes bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    // Without branches: the letters follow the digit nine after a gap.
    let digit = |bits: u8| b'0' + bits + u8::from(bits > 9) * (b'a' - b'9' - 1);
    let mut digits = vec![0; bytes.len() * 2];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    #[expect(clippy::expect_used, reason = "hexadecimal digits are ASCII")]
    String::from_utf8(digits).expect("ASCII")
}

/// Hashes bytes with SHA-256, as lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Computes HMAC-SHA-256.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    DerivedKey::new(key).hmac(message)
}

/// A signing key, kept as the state of an HMAC-SHA-256 that has hashed the key, and wiped when it is
/// dropped. [`Credentials::derived_key`](crate::Credentials::derived_key) derives it and keeps it.
#[derive(Clone)]
pub struct DerivedKey(Hmac<Sha256>);

impl DerivedKey {
    /// Uses `key` as it is.
    pub fn new(key: &[u8]) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC accepts keys of any length")]
        Self(Hmac::new_from_slice(key).expect("a key of any length"))
    }

    /// Derives the key of the next step from this one: the HMAC-SHA-256 of `step`.
    pub(crate) fn step(&self, step: &str) -> Self {
        Self::new(&*Zeroizing::new(self.hmac(step.as_bytes())))
    }

    /// Signs a message, as lower-case hexadecimal digits.
    pub fn sign(&self, message: &str) -> String {
        hex(&self.hmac(message.as_bytes()))
    }

    fn hmac(&self, message: &[u8]) -> [u8; 32] {
        let mac = self.0.clone().chain_update(message);
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<redacted>")
    }
}

/// A canonical request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    /// Method, path, query, headers, signed headers and payload hash, one per line.
    pub text: String,
    /// The names of the signed headers, joined by `;`.
    pub signed_headers: String,
}

impl Canonical {
    /// The SHA-256 hash of the text, as lower-case hexadecimal digits.
    pub fn hash(&self) -> String {
        sha256_hex(self.text.as_bytes())
    }
}

/// Builds the canonical request that TC3, SDK-HMAC and ACS3 share.
///
/// `path` and `query` must be in canonical form. Header names are lower-cased and sorted; values are
/// trimmed. Headers with `_` in the name are omitted, because gateways drop them.
///
/// ```
/// let canonical = standing_core::sign::canonical("GET", "/", "", &[("Host", " example.com ")], "UNSIGNED");
/// assert_eq!(canonical.text, "GET\n/\n\nhost:example.com\n\nhost\nUNSIGNED");
/// ```
pub fn canonical(
    method: &str,
    path: &str,
    query: &str,
    headers: &[(&str, &str)],
    payload_hash: &str,
) -> Canonical {
    canonical_of(method, path, query, headers.iter().copied(), payload_hash)
}

/// [`canonical`] without a list of the headers.
pub(crate) fn canonical_of<'h>(
    method: &str,
    path: &str,
    query: &str,
    headers: impl Iterator<Item = (&'h str, &'h str)>,
    payload_hash: &str,
) -> Canonical {
    let mut sorted = Vec::with_capacity(headers.size_hint().1.unwrap_or_default());
    sorted.extend(
        headers
            .filter(|(name, _)| !name.contains('_'))
            .map(|(name, value)| (lower_case(name), value.trim())),
    );
    sorted.sort_unstable();
    let names = sorted.iter().map(|(name, _)| name.len() + 1).sum::<usize>();
    let values = sorted
        .iter()
        .map(|(_, value)| value.len() + 1)
        .sum::<usize>();
    let parts = [method, path, query, payload_hash];
    let rest = parts.iter().map(|part| part.len() + 1).sum::<usize>() + 1;

    let mut signed_headers = String::with_capacity(names);
    let mut text = String::with_capacity(rest + 2 * names + values);
    text.push_str(method);
    text.make_ascii_uppercase();
    for part in ["\n", path, "\n", query, "\n"] {
        text.push_str(part);
    }
    for (name, value) in &sorted {
        for part in [name, ":", value, "\n"] {
            text.push_str(part);
        }
        if !signed_headers.is_empty() {
            signed_headers.push(';');
        }
        signed_headers.push_str(name);
    }
    for part in ["\n", &signed_headers, "\n", payload_hash] {
        text.push_str(part);
    }
    Canonical {
        text,
        signed_headers,
    }
}

/// A name in lower case, borrowed if it is.
fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        name.to_ascii_lowercase().into()
    } else {
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_match_published_vectors() {
        assert_eq!(
            sha256_hex(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        // RFC 4231, test cases 2 and 6 (a key longer than a block).
        assert_eq!(
            hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex(&hmac_sha256(
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First"
            )),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn headers_are_lower_cased_sorted_and_trimmed_without_underscored_names() {
        let headers = [("X-B", " 1  2 "), ("X-A", ""), ("x_c", "3"), ("host", "h")];
        let canonical = canonical("post", "/p/", "a=1", &headers, "hash");
        assert_eq!(
            canonical.text,
            "POST\n/p/\na=1\nhost:h\nx-a:\nx-b:1  2\n\nhost;x-a;x-b\nhash"
        );
    }
}
