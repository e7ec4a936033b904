//! The tokens that IAM issues.

use crate::digest::{hmac_sha256, verify_hmac_sha256};
use crate::encoding::hex;
use crate::seed::{Seed, Stream};

/// How long a token is valid, in seconds.
pub(super) const TOKEN_LIFETIME: i64 = 24 * 3600;

/// Creates a token that expires at `expires`. It holds this time and a signature, so the sandbox
/// need not store it. It is as long as the tokens of the live service.
pub(super) fn create(seed: Seed, expires: i64) -> String {
    let filler: String = (0..180)
        .map(|position| format!("{:016x}", seed.draw(Stream::Token, position)))
        .collect();
    let content = format!("MIIsandbox.{expires}.{filler}");
    let signature = hex(&hmac_sha256(&signing_key(seed), content.as_bytes()));
    format!("{content}.{signature}")
}

/// When the token expires; `None` if the sandbox did not issue it.
pub(super) fn expiry(seed: Seed, token: &str) -> Option<i64> {
    let (content, signature) = token.rsplit_once('.')?;
    verify_hmac_sha256(&signing_key(seed), content.as_bytes(), signature).then_some(())?;
    content.split('.').nth(1)?.parse().ok()
}

fn signing_key(seed: Seed) -> Vec<u8> {
    hmac_sha256(
        b"sandbox token",
        &seed.draw(Stream::Token, u64::MAX).to_be_bytes(),
    )
}
