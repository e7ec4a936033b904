//! How Alibaba Cloud's requests are signed (ACS3-HMAC-SHA256), and what its
//! responses have beside the envelope.

use std::borrow::Cow;
use std::time::Duration;

use standing_core::operation::{Envelope, OperationInfo, Service};
use standing_core::provider::{
    CredentialVariables, Provider, RawResponse, Request, ServiceError, SigningContext,
};
use standing_core::sign::sha256_hex;
use standing_core::{Credentials, CredentialsError};

use crate::Site;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// Alibaba Cloud, with the settings that concern all its operations.
#[derive(Debug, Default)]
pub struct Alibaba {
    site: Site,
}

impl Alibaba {
    /// Alibaba Cloud at a site.
    pub fn new(site: Site) -> Self {
        Self { site }
    }
}

fn string_to_sign(canonical_hash: &str) -> String {
    [ALGORITHM, "\n", canonical_hash].concat()
}

fn authorization(key: &Credentials, signed_headers: &str, to_sign: &str) -> String {
    [
        ALGORITHM,
        " Credential=",
        key.id(),
        ",SignedHeaders=",
        signed_headers,
        ",Signature=",
        &key.derived_key("", &[]).sign(to_sign),
    ]
    .concat()
}

impl Provider for Alibaba {
    const NAME: &'static str = "alibaba";
    const VARIABLES: CredentialVariables = CredentialVariables::new(
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    )
    .session_tokens(&["ALIBABA_CLOUD_SECURITY_TOKEN"]);
    const ENVELOPE: &'static Envelope = &crate::ENVELOPE;
    const REQUEST_ID_HEADERS: &'static [&'static str] = &["x-acs-request-id"];

    fn host<'s>(&'s self, service: &'s Service) -> Cow<'s, str> {
        self.site.host(service)
    }

    fn sign(
        &self,
        request: &mut Request,
        info: &OperationInfo,
        key: &Credentials,
        at: &SigningContext,
    ) -> Result<(), CredentialsError> {
        key.require_secret()?;
        let payload_hash = sha256_hex(request.body());
        request.insert("x-acs-action", info.name);
        request.insert("x-acs-version", info.service.version);
        request.insert("x-acs-date", at.date_time());
        request.insert("x-acs-signature-nonce", at.nonce.clone());
        request.insert("x-acs-content-sha256", payload_hash.clone());
        if let Some(token) = key.token() {
            request.insert_sensitive("x-acs-security-token", token.expose().to_owned());
        }
        let canonical = request.canonical(request.path(), &payload_hash);
        let to_sign = string_to_sign(&canonical.hash());
        let authorization = authorization(key, &canonical.signed_headers, &to_sign);
        request.insert_sensitive("authorization", authorization);
        Ok(())
    }

    /// The code of a success is spelt in several ways: `Success` in any letter case, or a number in
    /// the 200s, of which `200` is documented.
    fn is_success_code(&self, code: &str) -> bool {
        let is_number = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
        code.eq_ignore_ascii_case("success") || (is_number && code.starts_with('2'))
    }

    fn complete_error(&self, error: ServiceError, response: &RawResponse) -> ServiceError {
        error.retry_after(wait(response))
    }
}

/// The wait that the gateway asks for, in milliseconds in its own headers.
fn wait(response: &RawResponse) -> Option<Duration> {
    let millis = |text: &str| text.trim().parse().ok().map(Duration::from_millis);
    let left = |header: &str| {
        let parts = response.header(header)?.split(',');
        parts
            .filter_map(|part| part.trim().strip_prefix("TimeLeft:"))
            .find_map(millis)
    };
    let asked = response.header("x-acs-retry-after").and_then(millis);
    asked
        .or_else(|| left("x-ratelimit-user-api"))
        .or_else(|| left("x-ratelimit-user"))
        .filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use standing_core::operation::Method;
    use standing_core::sign::canonical;
    use standing_core::testing::{self, SigningStages, SigningVector, assert_stages};

    use super::*;

    static SERVICE: Service = Service::new(Alibaba::NAME, "bssopenapi", "business.aliyuncs.com");

    fn vectors(list: &str) -> Vec<SigningVector> {
        SigningVector::read(include_str!("../tests/signing.json"), &[list])
    }

    fn header<'v>(vector: &'v SigningVector, name: &str) -> Option<&'v str> {
        let mut headers = vector.pairs("headers").into_iter();
        headers
            .find(|header| header.0 == name)
            .map(|header| header.1)
    }

    fn request(vector: &SigningVector) -> Request {
        vector.request(header(vector, "content-type"))
    }

    fn key(vector: &SigningVector) -> Credentials {
        let key = vector.credentials("access_key_id", "access_key_secret");
        match header(vector, "x-acs-security-token") {
            Some(token) => key.with_token(token),
            None => key,
        }
    }

    fn stages(vector: &SigningVector) -> SigningStages {
        let canonical = canonical(
            vector.text("method"),
            vector.text("path"),
            request(vector).query(),
            &vector.pairs("headers"),
            &sha256_hex(vector.text("body").as_bytes()),
        );
        let string_to_sign = string_to_sign(&canonical.hash());
        SigningStages {
            authorization: authorization(&key(vector), &canonical.signed_headers, &string_to_sign),
            canonical_request: canonical.text,
            string_to_sign,
        }
    }

    fn signed(vector: &SigningVector) -> Request {
        let version = vector.text("version").to_owned().leak();
        let service: &'static Service = Box::leak(Box::new(SERVICE.version(version)));
        let action = vector.text("action").to_owned().leak();
        let info = OperationInfo::new(service, action, Method::Post, "/");
        let context = vector.context("x_acs_date");
        testing::signed(
            &Alibaba::default(),
            request(vector),
            &info,
            &key(vector),
            &context,
        )
    }

    #[test]
    fn signature_of_each_vector_matches_at_three_stages() {
        let vectors = vectors("vectors");
        assert_eq!(vectors.len(), 33);
        assert_stages(&vectors, stages);
    }

    #[test]
    fn signature_of_each_documented_request_equals_the_document() {
        for (name, signature) in [
            (
                "official_doc_run_instances",
                "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
            ),
            (
                "official_doc_run_instances_older",
                "e521358f7776c97df52e6b2891a8bc73026794a071b50c3323388c4e0df64804",
            ),
        ] {
            let mut vectors = vectors("vectors").into_iter();
            let vector = vectors.find(|vector| vector.text("name") == name).unwrap();
            let request = signed(&vector);
            let authorization = request.header("authorization").unwrap();
            assert!(authorization.ends_with(signature), "{name}");
        }
    }

    /// The vendor's clients encode no parameter names although the documentation says so. Real names
    /// need no encoding; where they do, the documentation is followed.
    #[test]
    fn names_are_encoded_as_it_is_written() {
        let [names, path] = <[_; 2]>::try_from(vectors("divergences")).unwrap();
        assert_eq!(names.text("name"), "key_not_encoded");
        let own = stages(&names);
        names.assert("canonical_request_by_written_rule", &own.canonical_request);
        names.assert("authorization_by_written_rule", &own.authorization);
        // The path is signed as it is sent, as the vendor does.
        assert_eq!(path.text("name"), "path_not_encoded");
        assert_stages(&[path], stages);
    }

    /// Where the vendor's client sets the headers that this one sets, the requests are the same.
    #[test]
    fn a_whole_request_is_signed_as_the_vendor_does() {
        let ours = [
            "host",
            "content-type",
            "x-acs-action",
            "x-acs-version",
            "x-acs-date",
            "x-acs-signature-nonce",
            "x-acs-content-sha256",
            "x-acs-security-token",
        ];
        let mut vectors = vectors("vectors");
        vectors.retain(|vector| {
            let mut headers = vector.pairs("headers").into_iter();
            headers.all(|(name, _)| ours.contains(&name))
        });
        assert_eq!(vectors.len(), 23);
        for vector in vectors {
            let request = signed(&vector);
            vector.assert("authorization", request.header("authorization").unwrap());
        }
    }

    #[test]
    fn the_wait_is_found_in_either_header() {
        for (name, value, want) in [
            ("x-acs-retry-after", "150", Some(150)),
            ("x-acs-retry-after", "0", None),
            ("x-acs-retry-after", "soon", None),
            (
                "x-ratelimit-user-api",
                "Limit:10,Remain:0, TimeLeft:1200",
                Some(1200),
            ),
            ("x-ratelimit-user", "TimeLeft:7", Some(7)),
            ("x-ratelimit-user", "Remain:0", None),
        ] {
            let server = [(name, value)];
            let headers = server
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            let response = RawResponse::new(429, headers.collect(), b"{}");
            assert_eq!(
                wait(&response),
                want.map(Duration::from_millis),
                "{name}: {value}"
            );
        }
    }

    #[test]
    fn every_site_has_its_host() {
        for (site, host) in [
            (Site::China, "business.aliyuncs.com"),
            (Site::International, "business.ap-southeast-1.aliyuncs.com"),
        ] {
            assert_eq!(Alibaba::new(site).host(&SERVICE), host);
        }
    }

    #[test]
    fn keys_come_from_the_environment() {
        let keys = Alibaba::VARIABLES
            .read(&|name| Some(format!("invented {name}")))
            .unwrap();
        assert_eq!(keys.id(), "invented ALIBABA_CLOUD_ACCESS_KEY_ID");
        assert_eq!(
            keys.secret().expose(),
            "invented ALIBABA_CLOUD_ACCESS_KEY_SECRET"
        );
        assert_eq!(
            keys.token().map(|token| token.expose()),
            Some("invented ALIBABA_CLOUD_SECURITY_TOKEN")
        );
        let missing = Alibaba::VARIABLES.read(&|_| None).unwrap_err().to_string();
        assert!(missing.contains("ALIBABA_CLOUD_ACCESS_KEY_ID"), "{missing}");
    }
}
