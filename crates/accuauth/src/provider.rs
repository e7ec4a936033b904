//! How AccuAuth's requests are authorized: two static headers.

use std::borrow::Cow;
use std::time::Duration;

use standing_core::operation::{Envelope, OperationInfo, Params, Service};
use standing_core::provider::{CredentialVariables, Provider, Request, SigningContext, Timeouts};
use standing_core::{Credentials, CredentialsError};

use crate::{BodyEncoding, Site};

/// AccuAuth, with the settings that concern all its operations.
#[derive(Debug, Default)]
pub struct AccuAuth {
    site: Site,
    encoding: BodyEncoding,
}

impl AccuAuth {
    /// AccuAuth at a site.
    pub fn new(site: Site) -> Self {
        Self {
            site,
            ..Self::default()
        }
    }

    /// How fields travel in a body, as a form unless set.
    #[must_use]
    pub fn with_encoding(mut self, encoding: BodyEncoding) -> Self {
        self.encoding = encoding;
        self
    }
}

impl Provider for AccuAuth {
    const NAME: &'static str = "accuauth";
    const VARIABLES: CredentialVariables =
        CredentialVariables::new("ACCUAUTH_API_ID", "ACCUAUTH_API_SECRET");
    const ENVELOPE: &'static Envelope = &crate::ENVELOPE;
    // No timeouts are documented; clients in public wait as long for one attempt.
    const TIMEOUTS: Timeouts =
        Timeouts::DEFAULT.with(Duration::from_secs(30), Duration::from_secs(60));

    fn host<'s>(&'s self, service: &'s Service) -> Cow<'s, str> {
        self.site.host(service)
    }

    fn params(&self, info: &OperationInfo) -> Params {
        match (self.encoding, info.params) {
            (BodyEncoding::Form, Params::Json) => Params::Form,
            (BodyEncoding::Json, Params::Form) => Params::Json,
            (_, params) => params,
        }
    }

    fn sign(
        &self,
        request: &mut Request,
        _: &OperationInfo,
        key: &Credentials,
        _: &SigningContext,
    ) -> Result<(), CredentialsError> {
        key.require_secret()?;
        request.insert_sensitive("x-df-api-id", key.id().to_owned());
        request.insert_sensitive("x-df-api-secret", key.secret().expose().to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use standing_core::clock::OffsetDateTime;
    use standing_core::operation::Method;
    use standing_core::provider::{Body, Endpoint};
    use standing_core::testing;

    use super::*;

    static SERVICE: Service =
        Service::new(AccuAuth::NAME, "check", "cloudapi.indonesia.accuauth.com");
    const INFO: OperationInfo = OperationInfo::new(&SERVICE, "O", Method::Post, "/");

    #[test]
    fn two_headers_are_sent_and_never_shown() {
        let endpoint = Endpoint::parse("https://cloudapi.indonesia.accuauth.com").unwrap();
        let request = Request::new(Method::Post, Arc::new(endpoint), "/", vec![], Body::Empty);
        let key = Credentials::new("invented-id", "invented-secret");
        let context = SigningContext {
            time: OffsetDateTime::UNIX_EPOCH,
            nonce: String::new(),
        };
        let mut request = testing::signed(&AccuAuth::default(), request, &INFO, &key, &context);
        assert_eq!(request.header("x-df-api-id"), Some("invented-id"));
        assert_eq!(request.header("x-df-api-secret"), Some("invented-secret"));
        let token = Credentials::token_only("invented");
        assert!(
            AccuAuth::default()
                .sign(&mut request, &INFO, &token, &context)
                .is_err()
        );
        let shown = format!("{request:?}");
        assert!(
            shown.contains("x-df-api-secret") && !shown.contains("invented"),
            "{shown}"
        );
    }

    #[test]
    fn bodies_are_forms_unless_json_is_asked_for() {
        let json = AccuAuth::default().with_encoding(BodyEncoding::Json);
        for body in [INFO.params(Params::Form), INFO.params(Params::Json)] {
            assert_eq!(AccuAuth::default().params(&body), Params::Form);
            assert_eq!(json.params(&body), Params::Json);
        }
        assert_eq!(json.params(&INFO.params(Params::Query)), Params::Query);
    }

    #[test]
    fn every_site_has_its_host() {
        for (site, host) in [
            (Site::Indonesia, "cloudapi.indonesia.accuauth.com"),
            (Site::India, "cloudapi.accuauth.in"),
            (Site::Philippines, "cloudapi.philippine.accuauth.com"),
            (Site::Mexico, "cloudapi.mexico.accuauth.com"),
            (Site::Peru, "cloudapi.peru.accuauth.com"),
        ] {
            assert_eq!(AccuAuth::new(site).host(&SERVICE), host);
        }
    }

    #[test]
    fn keys_come_from_the_environment() {
        let keys = AccuAuth::VARIABLES
            .read(&|name| Some(format!("invented {name}")))
            .unwrap();
        assert_eq!(keys.id(), "invented ACCUAUTH_API_ID");
        assert_eq!(keys.secret().expose(), "invented ACCUAUTH_API_SECRET");
        assert!(keys.token().is_none());
        let missing = AccuAuth::VARIABLES.read(&|_| None).unwrap_err().to_string();
        assert!(missing.contains("ACCUAUTH_API_ID"), "{missing}");
    }
}
