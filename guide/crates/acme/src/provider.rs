//! How requests to Acme are signed.

use std::borrow::Cow;

use standing_core::operation::{Envelope, OperationInfo, Service};
use standing_core::provider::{CredentialVariables, Provider, Request, SigningContext};
use standing_core::sign::{hex, hmac_sha256, sha256_hex};
use standing_core::{Credentials, CredentialsError};

use crate::Site;

/// Acme, with the settings that concern all its operations.
#[derive(Debug, Default)]
pub struct Acme {
    site: Site,
}

impl Acme {
    /// Acme at a site.
    pub fn new(site: Site) -> Self {
        Self { site }
    }
}

/// The signature over the date and the canonical request.
fn signature(secret: &str, date: &str, canonical_hash: &str) -> String {
    let to_sign = format!("{date}\n{canonical_hash}");
    hex(&hmac_sha256(secret.as_bytes(), to_sign.as_bytes()))
}

impl Provider for Acme {
    const NAME: &'static str = "acme";
    const VARIABLES: CredentialVariables =
        CredentialVariables::new("ACME_KEY_ID", "ACME_KEY_SECRET");
    const ENVELOPE: &'static Envelope = &crate::ENVELOPE;

    fn host<'s>(&'s self, service: &'s Service) -> Cow<'s, str> {
        self.site.host(service)
    }

    fn sign(
        &self,
        request: &mut Request,
        _: &OperationInfo,
        key: &Credentials,
        context: &SigningContext,
    ) -> Result<(), CredentialsError> {
        key.require_secret()?;
        let date = context.date_time();
        request.insert("x-acme-date", date.clone());
        request.insert("x-acme-key", key.id().to_owned());
        let canonical = request.canonical(request.path(), &sha256_hex(request.body()));
        let signature = signature(key.secret().expose(), &date, &canonical.hash());
        request.insert_sensitive("x-acme-signature", signature);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `openssl dgst -sha256 -hmac secret`; a real provider has vectors of its own SDK.
    #[test]
    fn signature_of_a_known_request_equals_the_vector() {
        let made = signature("secret", "2026-11-21T08:30:12Z", &sha256_hex(b"canonical"));
        assert_eq!(
            made,
            "30713a5166f49799c42458f0e024efb343ebd2258f4d76d4fa207c191003d774"
        );
    }
}
