//! How Huawei Cloud's requests are signed (SDK-HMAC-SHA256), and what its
//! responses have beside the envelope.

use std::borrow::Cow;
use std::time::Duration;

use standing_core::operation::{CodeKind, Envelope, OperationInfo, Service};
use standing_core::provider::{
    CredentialVariables, Provider, RawObject, RawResponse, Request, ResponseError, ServiceError,
    SigningContext,
};
use standing_core::sign::{percent, percent_decoded, sha256_hex};
use standing_core::{Credentials, CredentialsError};

use crate::Site;

const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// The code of a success.
const SUCCESS: &str = "CBC.0000";

/// Huawei Cloud, with the settings that concern all its operations.
#[derive(Debug, Default)]
pub struct Huawei {
    site: Site,
    domain_id: Option<String>,
}

impl Huawei {
    /// Huawei Cloud at a site.
    pub fn new(site: Site) -> Self {
        Self {
            site,
            ..Self::default()
        }
    }

    /// The account's own id, sent and signed as `X-Domain-Id`. The vendor's SDKs send it to global
    /// services; the documentation of the operations here does not ask for it. Requests with an IAM token
    /// do not carry it, because the token names the account.
    #[must_use]
    pub fn with_domain_id(mut self, id: impl Into<String>) -> Self {
        self.domain_id = Some(id.into());
        self
    }
}

/// The path as it is signed: decoded once, encoded again, with a final slash, as the vendor's SDKs do it.
/// Decoding changes a path in which a character is encoded that need not be.
fn canonical_path(path: &str) -> String {
    let decoded = percent_decoded(path);
    let mut path = decoded
        .split('/')
        .map(percent)
        .collect::<Vec<_>>()
        .join("/");
    if !path.ends_with('/') {
        path.push('/');
    }
    path
}

/// The hash of the body. As in the vendor's SDKs, a header with a hash replaces it if the body is not
/// empty; the signing vectors contain such headers, no operation here sets one.
fn payload_hash(body: &[u8], header: Option<&str>) -> String {
    match header {
        Some(given) if !body.is_empty() => given.to_owned(),
        _ => sha256_hex(body),
    }
}

fn string_to_sign(date: &str, canonical_hash: &str) -> String {
    [ALGORITHM, "\n", date, "\n", canonical_hash].concat()
}

fn authorization(credentials: &Credentials, signed_headers: &str, to_sign: &str) -> String {
    [
        ALGORITHM,
        " Access=",
        credentials.id(),
        ", SignedHeaders=",
        signed_headers,
        ", Signature=",
        &credentials.derived_key("", &[]).sign(to_sign),
    ]
    .concat()
}

impl Provider for Huawei {
    const NAME: &'static str = "huawei";
    const VARIABLES: CredentialVariables =
        CredentialVariables::new("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK")
            .session_tokens(&["HUAWEICLOUD_SDK_SECURITY_TOKEN"])
            .token("HUAWEICLOUD_X_AUTH_TOKEN");
    const ENVELOPE: &'static Envelope = &crate::ENVELOPE;
    const REQUEST_ID_HEADERS: &'static [&'static str] = &["x-request-id", "x-iam-trace-id"];

    fn host<'s>(&'s self, service: &'s Service) -> Cow<'s, str> {
        self.site.host(service)
    }

    fn sign(
        &self,
        request: &mut Request,
        _: &OperationInfo,
        credentials: &Credentials,
        context: &SigningContext,
    ) -> Result<(), CredentialsError> {
        if credentials.is_anonymous() {
            return Ok(());
        }
        if let Some(token) = credentials.token().filter(|_| credentials.is_token_only()) {
            request.insert_sensitive("x-auth-token", token.expose().to_owned());
            return Ok(());
        }
        if let Some(id) = &self.domain_id {
            request.insert("x-domain-id", id.clone());
        }
        if let Some(token) = credentials.token() {
            request.insert_sensitive("x-security-token", token.expose().to_owned());
        }
        let mut date = context.date_time();
        date.retain(|character| !matches!(character, '-' | ':'));
        request.insert("x-sdk-date", date.clone());
        let payload_hash = payload_hash(request.body(), request.header("x-sdk-content-sha256"));
        let canonical = request.canonical(&canonical_path(request.path()), &payload_hash);
        let to_sign = string_to_sign(&date, &canonical.hash());
        let authorization = authorization(credentials, &canonical.signed_headers, &to_sign);
        request.insert_sensitive("authorization", authorization);
        Ok(())
    }

    fn is_success_code(&self, code: &str) -> bool {
        code == SUCCESS
    }

    fn check_response(
        &self,
        root: &RawObject<'_>,
        response: &RawResponse,
        info: &OperationInfo,
    ) -> Result<(), ResponseError> {
        let error = named_error(root).or_else(|| match response.is_success() {
            true => error_beside_output(root, info),
            false => error_of_failure(root),
        });
        let problem = match error {
            Some(error) => return Err(error.into()),
            None if root.get("errorCode").is_some() && root.text("errorCode").is_none() => {
                "has an errorCode that is no text"
            }
            None if has_unreadable_error(root, info) => "has an error that cannot be read",
            None => return Ok(()),
        };
        Err(ResponseError::Unreadable(problem.into()))
    }

    fn complete_error(&self, mut error: ServiceError, _: &RawResponse) -> ServiceError {
        let message = error.message.as_deref().unwrap_or_default();
        error.kind = gateway_kind(error.code.as_deref().unwrap_or_default(), message);
        error.retry_after = rate_window(message);
        error
    }
}

/// An error by the names of its members, if it has a text and its code is not that of a success.
fn error_with(members: &RawObject<'_>, code: &str, message: &str) -> Option<ServiceError> {
    let error = ServiceError::new(members.text(code), members.text(message));
    let is_success = error.code.as_deref() == Some(SUCCESS);
    (!is_success && (error.code.is_some() || error.message.is_some())).then_some(error)
}

/// An error under the names that only errors have. The envelope's own may have a message alone.
fn named_error(members: &RawObject<'_>) -> Option<ServiceError> {
    error_with(members, "error_code", "error_msg")
        .or_else(|| error_with(members, "errorCode", "errorMsg"))
}

fn plain_error(members: &RawObject<'_>) -> Option<ServiceError> {
    error_with(members, "code", "message")
}

fn error_of_any_name(members: &RawObject<'_>) -> Option<ServiceError> {
    named_error(members).or_else(|| plain_error(members))
}

/// The error under a status of failure: in the root or in any object in it.
fn error_of_failure(root: &RawObject<'_>) -> Option<ServiceError> {
    plain_error(root).or_else(|| root.objects().find_map(|inner| error_of_any_name(&inner)))
}

/// The error under a status of success. An output may have members of these names among its own, or
/// one of them alone.
fn error_beside_output(root: &RawObject<'_>, info: &OperationInfo) -> Option<ServiceError> {
    let is_free = |name: &str| !info.has_output_field(name);
    let has_text = |name: &str| root.text(name).is_some_and(|text| !text.trim().is_empty());
    root.object("error")
        .filter(|_| is_free("error"))
        .and_then(|error| error_of_any_name(&error))
        .or_else(|| {
            let both = ["code", "message"]
                .iter()
                .all(|name| is_free(name) && has_text(name));
            both.then(|| plain_error(root)).flatten()
        })
}

/// Whether `error` has a value of an unknown form, and is not a field of the output. Such a response must
/// not count as a success.
fn has_unreadable_error(root: &RawObject<'_>, info: &OperationInfo) -> bool {
    let error = root.get("error").map(str::trim);
    !info.has_output_field("error")
        && error.is_some_and(|error| !matches!(error, "{}" | "[]" | "\"\"" | "false"))
}

/// The kind of a gateway error. The gateway has one code for all errors of signatures and tokens, which
/// only its message distinguishes.
fn gateway_kind(code: &str, message: &str) -> Option<CodeKind> {
    let token = [
        "token expires",
        "decrypt token fail",
        "x-auth-token not found",
    ];
    match code {
        "APIGW.0301" | "APIG.0301" if message.contains("signature expired") => {
            Some(CodeKind::Clock)
        }
        "APIGW.0301" | "APIG.0301" if token.iter().any(|text| message.contains(text)) => {
            Some(CodeKind::Token)
        }
        // IAM's code for a token that it does not accept, and for a wrong password.
        "401" => Some(CodeKind::Token),
        _ => None,
    }
}

/// The window of a rate that was exceeded, after which a retry can succeed:
/// `... over ratelimit,limit:10,time:1 second`.
fn rate_window(message: &str) -> Option<Duration> {
    let (_, window) = message.rsplit_once("ratelimit")?.1.rsplit_once("time:")?;
    let (number, unit) = window.trim().split_once(' ')?;
    let seconds = match unit.trim_start() {
        unit if unit.starts_with("second") => 1,
        unit if unit.starts_with("minute") => 60,
        _ => return None,
    };
    number
        .parse::<u64>()
        .ok()?
        .checked_mul(seconds)
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use standing_core::operation::Method;
    use standing_core::sign::canonical;
    use standing_core::testing::{self, SigningStages, SigningVector, assert_stages};

    use super::*;

    static SERVICE: Service = Service::new(Huawei::NAME, "bss", "bss.myhuaweicloud.com");

    fn vectors() -> Vec<SigningVector> {
        SigningVector::read(include_str!("../tests/signing.json"), &["vectors"])
    }

    fn request(vector: &SigningVector) -> Request {
        let has_body = !vector.text("body").is_empty();
        vector.request(has_body.then_some("application/json"))
    }

    fn key(vector: &SigningVector) -> Credentials {
        vector.credentials("ak", "sk")
    }

    fn signed(vector: &SigningVector, huawei: &Huawei, key: &Credentials) -> Request {
        let info = OperationInfo::new(&SERVICE, "O", Method::Post, "/");
        let context = vector.context("x_sdk_date");
        testing::signed(huawei, request(vector), &info, key, &context)
    }

    #[test]
    fn signature_of_each_vector_matches_at_three_stages() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 43);
        assert_stages(&vectors, |vector| {
            let mut headers = vector.pairs("sent_headers");
            headers.retain(|(name, _)| *name != "Authorization");
            let given = headers
                .iter()
                .find(|(name, _)| *name == "X-Sdk-Content-Sha256");
            let body = vector.text("body").as_bytes();
            let payload_hash = payload_hash(body, given.map(|(_, value)| *value));
            let request = request(vector);
            let uri = [request.path(), request.query()];
            let separator = if request.query().is_empty() { "" } else { "?" };
            vector.assert("sent_uri", &uri.join(separator));

            let canonical = canonical(
                vector.text("method"),
                &canonical_path(request.path()),
                request.query(),
                &headers,
                &payload_hash,
            );
            let string_to_sign = string_to_sign(vector.text("x_sdk_date"), &canonical.hash());
            SigningStages {
                authorization: authorization(
                    &key(vector),
                    &canonical.signed_headers,
                    &string_to_sign,
                ),
                canonical_request: canonical.text,
                string_to_sign,
            }
        });
    }

    /// Where the vendor's client sets the headers that this one sets, the requests are the same.
    #[test]
    fn a_whole_request_is_signed_as_the_vendor_does() {
        let mut vectors = vectors();
        vectors.retain(|vector| {
            let names = match vector.text("body") {
                "" => "host;x-sdk-date",
                _ => "content-type;host;x-sdk-date",
            };
            let own_host = vector.member("headers").get("Host").is_none();
            vector.text("signed_headers") == names && own_host
        });
        assert_eq!(vectors.len(), 27);
        for vector in vectors {
            let request = signed(&vector, &Huawei::default(), &key(&vector));
            vector.assert("authorization", request.header("authorization").unwrap());
            vector.assert("x_sdk_date", request.header("x-sdk-date").unwrap());
        }
    }

    #[test]
    fn session_token_and_domain_id_are_signed_and_a_lone_token_is_sent_without_a_signature() {
        let mut vectors = vectors().into_iter();
        let vector = vectors.find(|vector| vector.text("name") == "post_tags_json");
        let vector = vector.unwrap();
        let huawei = Huawei::default().with_domain_id("domain");
        let keys = key(&vector).with_token("session");
        let request_with_keys = signed(&vector, &huawei, &keys);
        let authorization = request_with_keys.header("authorization").unwrap();
        let names = "SignedHeaders=content-type;host;x-domain-id;x-sdk-date;x-security-token,";
        assert!(authorization.contains(names), "{authorization}");
        assert_eq!(
            request_with_keys.header("x-security-token"),
            Some("session")
        );

        let token = Credentials::token_only("lone");
        let request_with_token = signed(&vector, &huawei, &token);
        assert_eq!(request_with_token.header("x-auth-token"), Some("lone"));
        assert_eq!(request_with_token.header("authorization"), None);
        assert_eq!(request_with_token.header("x-sdk-date"), None);
    }

    #[test]
    fn every_site_has_its_host() {
        static IAM: Service = Service::new(Huawei::NAME, "iam", "iam.myhuaweicloud.com");
        for (site, bss, iam) in [
            (
                Site::Mainland,
                "bss.myhuaweicloud.com",
                "iam.myhuaweicloud.com",
            ),
            (
                Site::Europe,
                "bss.myhuaweicloud.eu",
                "iam.eu-west-101.myhuaweicloud.eu",
            ),
        ] {
            let huawei = Huawei::new(site);
            assert_eq!(huawei.host(&SERVICE), bss);
            assert_eq!(huawei.host(&IAM), iam);
        }
    }

    #[test]
    fn the_token_comes_before_the_keys() {
        let read = |set: &'static [(&str, &str)]| {
            let value = |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
            Huawei::VARIABLES.read(&|name| value(name).map(str::to_owned))
        };
        let keys: [(&str, &str); 3] = [
            ("HUAWEICLOUD_SDK_AK", "invented-ak"),
            ("HUAWEICLOUD_SDK_SK", "invented-sk"),
            ("HUAWEICLOUD_X_AUTH_TOKEN", "invented-token"),
        ];
        let keys: &'static [_] = keys.to_vec().leak();
        assert!(read(keys).unwrap().is_token_only());
        assert_eq!(read(&keys[..2]).unwrap().id(), "invented-ak");
        let missing = read(&keys[..1]).unwrap_err().to_string();
        assert!(missing.contains("HUAWEICLOUD_SDK_SK"), "{missing}");
    }
}
