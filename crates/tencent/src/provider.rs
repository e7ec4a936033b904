//! How Tencent Cloud's requests are signed (TC3-HMAC-SHA256), and what its
//! responses have beside the envelope.

use std::borrow::Cow;

use standing_core::operation::{Envelope, OperationInfo, Service};
use standing_core::provider::{
    CredentialVariables, Provider, RawObject, RawResponse, Request, ResponseError, ServiceError,
    SigningContext,
};
use standing_core::sign::{DerivedKey, sha256_hex};
use standing_core::{Credentials, CredentialsError};

use crate::Site;

const ALGORITHM: &str = "TC3-HMAC-SHA256";

/// Tencent Cloud, with the settings that concern all its operations.
#[derive(Debug)]
pub struct Tencent {
    site: Site,
    language: Cow<'static, str>,
    region: Option<String>,
}

impl Default for Tencent {
    fn default() -> Self {
        Self {
            site: Site::default(),
            language: "en-US".into(),
            region: None,
        }
    }
}

impl Tencent {
    /// Tencent Cloud at a site.
    pub fn new(site: Site) -> Self {
        Self {
            site,
            ..Self::default()
        }
    }

    /// The language of error messages, `en-US` by default; `zh-CN` is the only other one.
    #[must_use]
    pub fn with_language(mut self, language: impl Into<String>) -> Self {
        self.language = Cow::Owned(language.into());
        self
    }

    /// The region parameter. The operations here need none; older documents ask for one.
    #[must_use]
    pub fn with_region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }
}

/// The signing key of a day (in UTC) and service.
fn signing_key(credentials: &Credentials, date: &str, service: &str) -> DerivedKey {
    credentials.derived_key("TC3", &[date, service, "tc3_request"])
}

fn string_to_sign(timestamp: &str, date: &str, service: &str, canonical_hash: &str) -> String {
    [
        ALGORITHM,
        "\n",
        timestamp,
        "\n",
        date,
        "/",
        service,
        "/tc3_request\n",
        canonical_hash,
    ]
    .concat()
}

fn authorization(
    id: &str,
    date: &str,
    service: &str,
    signed_headers: &str,
    signature: &str,
) -> String {
    [
        ALGORITHM,
        " Credential=",
        id,
        "/",
        date,
        "/",
        service,
        "/tc3_request, SignedHeaders=",
        signed_headers,
        ", Signature=",
        signature,
    ]
    .concat()
}

impl Provider for Tencent {
    const NAME: &'static str = "tencent";
    // The vendor's own tools use three names for the session token.
    const VARIABLES: CredentialVariables =
        CredentialVariables::new("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY")
            .session_tokens(&[
                "TENCENTCLOUD_TOKEN",
                "TENCENTCLOUD_SESSION_TOKEN",
                "TENCENTCLOUD_SECURITY_TOKEN",
            ]);
    const ENVELOPE: &'static Envelope = &crate::ENVELOPE;
    const REQUEST_ID_HEADERS: &'static [&'static str] = &["x-tc-requestid"];

    fn check(&self) -> Result<(), String> {
        self.site.check()
    }

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
        let service = info.service.name;
        let timestamp = at.time.unix_timestamp().to_string();
        // The date must be that of the timestamp in UTC; a local date would fail for some hours a day.
        let date = at.date();
        // Only content type and host are signed, as in the vendor's SDKs.
        let canonical = request.canonical("/", &sha256_hex(request.body()));
        let to_sign = string_to_sign(&timestamp, &date, service, &canonical.hash());
        let signature = signing_key(key, &date, service).sign(&to_sign);
        let authorization = authorization(
            key.id(),
            &date,
            service,
            &canonical.signed_headers,
            &signature,
        );
        request.insert_sensitive("authorization", authorization);
        request.insert("x-tc-action", info.name);
        request.insert("x-tc-version", info.service.version);
        request.insert("x-tc-timestamp", timestamp);
        request.insert("x-tc-language", self.language.clone());
        if let Some(region) = &self.region {
            request.insert("x-tc-region", region.clone());
        }
        if let Some(token) = key.token() {
            request.insert_sensitive("x-tc-token", token.expose().to_owned());
        }
        Ok(())
    }

    /// Finds an error of the legacy form, and an `Error` beside `Response` in place of within.
    fn check_response(
        &self,
        root: &RawObject<'_>,
        _: &RawResponse,
        _: &OperationInfo,
    ) -> Result<(), ResponseError> {
        let error = match root.get("Error").map(RawObject::read) {
            Some(Ok(error)) => ServiceError::new(error.text("Code"), error.text("Message")).into(),
            Some(Err(_)) => {
                ResponseError::Unreadable("has an Error that is no proper object".into())
            }
            None => match legacy_error(root) {
                Some(error) => error.into(),
                None => return Ok(()),
            },
        };
        Err(error)
    }
}

/// The error form of the interface before version 3, which gateways still use.
fn legacy_error(root: &RawObject<'_>) -> Option<ServiceError> {
    let code = root.text("code").filter(|code| code != "0")?;
    let code = root
        .text("codeDesc")
        .filter(|text| !text.is_empty())
        .unwrap_or(code);
    Some(ServiceError::new(Some(code), root.text("message")))
}

#[cfg(test)]
mod tests {
    use standing_core::Operation;
    use standing_core::sign::canonical;
    use standing_core::testing::{SigningStages, SigningVector, assert_stages};

    use super::*;

    fn payload(vector: &SigningVector) -> String {
        let build = vector.member("payload_build");
        if build.is_null() {
            return vector.text("payload").to_owned();
        }
        let part = |name: &str| build[name].as_str().unwrap().to_owned();
        let count = usize::try_from(build["count"].as_u64().unwrap()).unwrap();
        part("prefix") + &part("repeat").repeat(count) + &part("suffix")
    }

    #[test]
    fn session_token_is_read_from_any_of_its_three_variables() {
        let names = [
            "TENCENTCLOUD_TOKEN",
            "TENCENTCLOUD_SESSION_TOKEN",
            "TENCENTCLOUD_SECURITY_TOKEN",
        ];
        let read = |set: &[&str]| {
            Tencent::VARIABLES
                .read(&|name: &str| {
                    let is_key = name.starts_with("TENCENTCLOUD_SECRET_");
                    (is_key || set.contains(&name)).then(|| format!("invented {name}"))
                })
                .unwrap()
        };
        assert!(read(&[]).token().is_none());
        for (at, name) in names.into_iter().enumerate() {
            // The first of those that are set.
            for set in [&names[at..=at], &names[at..]] {
                let keys = read(set);
                assert_eq!(keys.id(), "invented TENCENTCLOUD_SECRET_ID");
                assert_eq!(
                    keys.token().map(|token| token.expose()),
                    Some(&*format!("invented {name}"))
                );
            }
            let unusable = Tencent::VARIABLES.read(&|variable: &str| {
                Some(
                    if variable == name {
                        " invented"
                    } else {
                        "invented"
                    }
                    .to_owned(),
                )
                .filter(|_| variable.starts_with("TENCENTCLOUD_SECRET_") || variable == name)
            });
            let error = unusable.unwrap_err().to_string();
            assert!(
                error.contains(name) && !error.contains("invented"),
                "{error}"
            );
        }
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(byte).collect()
    }

    #[test]
    fn signature_of_each_vector_matches_at_three_stages() {
        let file = include_str!("../tests/signing.json");
        // One vector is documented only.
        let vectors = SigningVector::read(file, &["vectors", "not_by_sdk"]);
        assert_eq!(vectors.len(), 40);
        assert_stages(&vectors, |vector| {
            let text = |name: &str| vector.text(name);
            let payload = payload(vector);
            let payload_hash = match vector.member("unsigned_payload").as_bool() {
                Some(true) => sha256_hex(b"UNSIGNED-PAYLOAD"),
                _ if text("method") == "GET" => sha256_hex(b""),
                _ => sha256_hex(payload.as_bytes()),
            };
            // The one document that signs the action lowers it first.
            let action = text("action").to_lowercase();
            let all = [
                ("content-type", text("content_type")),
                ("host", text("host")),
                ("x-tc-action", &action),
            ];
            let signed: Vec<_> = all
                .into_iter()
                .filter(|(name, _)| text("signed_headers").split(';').any(|s| s == *name))
                .collect();
            let canonical = canonical(text("method"), "/", text("query"), &signed, &payload_hash);

            let (date, service) = (text("date"), text("service"));
            let timestamp = vector.member("timestamp").as_i64().unwrap().to_string();
            let string_to_sign = string_to_sign(&timestamp, date, service, &canonical.hash());
            let credentials = Credentials::new(text("secret_id"), text("secret_key"));
            let key = signing_key(&credentials, date, service);
            let wanted = DerivedKey::new(&bytes(text("signing_key_hex")));
            assert_eq!(key.sign("text"), wanted.sign("text"));
            let authorization = authorization(
                text("secret_id"),
                date,
                service,
                &canonical.signed_headers,
                &key.sign(&string_to_sign),
            );
            SigningStages {
                canonical_request: canonical.text,
                string_to_sign,
                authorization,
            }
        });
    }

    #[test]
    fn every_site_has_its_host() {
        let ip = crate::ip::QueryCustomersCredit::INFO.service;
        let intl = crate::intlpartnersmgt::QueryCustomersCredit::INFO.service;
        let regional = Site::Regional("ap-guangzhou".to_owned());
        for (site, first, second) in [
            (
                Site::Documented,
                "ip.tencentcloudapi.com",
                "intlpartnersmgt.intl.tencentcloudapi.com",
            ),
            (
                Site::International,
                "ip.intl.tencentcloudapi.com",
                "intlpartnersmgt.intl.tencentcloudapi.com",
            ),
            (
                Site::Root,
                "ip.tencentcloudapi.com",
                "intlpartnersmgt.tencentcloudapi.com",
            ),
            (
                regional,
                "ip.ap-guangzhou.tencentcloudapi.com",
                "intlpartnersmgt.ap-guangzhou.tencentcloudapi.com",
            ),
        ] {
            let tencent = Tencent::new(site);
            assert_eq!(tencent.check(), Ok(()));
            assert_eq!(tencent.host(ip), first);
            assert_eq!(tencent.host(intl), second);
        }
    }

    #[test]
    fn region_that_is_no_host_label_is_refused_when_the_client_is_built() {
        let long = "a".repeat(64);
        for (region, problem) in [
            ("", "empty"),
            ("hunter2.example#", "characters"),
            ("hunter2.example/", "characters"),
            ("hunter2.example?", "characters"),
            ("hunter2\\", "characters"),
            ("a@hunter2", "characters"),
            ("hunter2:443", "characters"),
            ("ap hunter2", "characters"),
            (" ", "characters"),
            ("AP-HUNTER2", "characters"),
            ("hunter2-\u{fc}", "characters"),
            ("..", "characters"),
            ("a.b", "characters"),
            ("ap\r\nhunter2", "characters"),
            ("ap%2e", "characters"),
            ("-hunter2", "hyphen"),
            ("hunter2-", "hyphen"),
            (&long, "63"),
        ] {
            let error = crate::Client::builder()
                .provider(Tencent::new(Site::Regional(region.to_owned())))
                .credentials(Credentials::new("invented-id", "invented-secret"))
                .build()
                .unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Config, "{region}");
            let shown = format!("{error} {error:?}");
            assert!(
                shown.contains("region") && shown.contains(problem),
                "{shown}"
            );
            assert!(!shown.to_lowercase().contains("hunter2"), "{shown}");
        }
    }
}
