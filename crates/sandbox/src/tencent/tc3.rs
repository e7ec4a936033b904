//! TC3-HMAC-SHA256: the `Authorization` header, the canonical request and the parameters.

use time::OffsetDateTime;

use super::checks::{MAX_QUERY, check_time, check_token, find_key, hosts};
use super::errors::{error, invalid_authorization, request_too_large, signature_failure};
use super::parameters::{Parameters, parse_pairs};
use super::product::PRODUCTS;
use crate::credentials::Key;
use crate::digest::{hmac_sha256, sha256_hex, verify_hmac_sha256};
use crate::request::Request;
use crate::response::ErrorResponse;

/// The largest body, in bytes.
const MAX_BODY: usize = 10 << 20;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The parameters of the operation: JSON in a body, or a form in a query. A form in a body belongs
/// to version 1 of the signature, and no operation of the sandbox takes multipart.
pub(super) fn parameters(request: &Request) -> Result<Parameters, ErrorResponse> {
    if request.method == "GET" {
        check_protocol(request, FORM, request.query.len(), MAX_QUERY)?;
        let pairs = parse_pairs(&request.query)?;
        Parameters::from_flat(pairs.iter().map(|(name, value)| (&**name, &**value)))
    } else {
        check_protocol(request, JSON, request.body.len(), MAX_BODY)?;
        Parameters::from_json(&request.body)
    }
}

fn check_protocol(
    request: &Request,
    media_type: &str,
    size: usize,
    max: usize,
) -> Result<(), ErrorResponse> {
    if request.media_type() != media_type {
        return Err(error(
            "UnsupportedProtocol",
            format!("TC3-HMAC-SHA256 needs the Content-Type `{media_type}` here."),
        ));
    }
    if size > max {
        return Err(request_too_large("request", max));
    }
    Ok(())
}

/// Whether `service` is the part of the host before the first dot, which the vendor's Node SDK
/// takes for the service. In the provider's own domain this part is the real service, and a wrong
/// one is refused there.
fn names_endpoint(service: &str, request: &Request) -> bool {
    let [host, bare] = hosts(request).map(String::from_utf8_lossy);
    let domain = "tencentcloudapi.com";
    !bare.to_ascii_lowercase().ends_with(domain) && host.split('.').next() == Some(service)
}

/// Verifies TC3-HMAC-SHA256. Returns the service in the credential scope; `None` if the scope names
/// the endpoint instead.
pub(super) fn verify<'a>(
    request: &'a Request,
    keys: &[Key],
    now: i64,
) -> Result<Option<&'a str>, ErrorResponse> {
    let authorization = Authorization::from_request(request)?;
    let timestamp = request
        .header("x-tc-timestamp")
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .ok_or(invalid_authorization(
            "The header X-TC-Timestamp must be whole seconds since 1970.",
        ))?;
    let seconds: i64 = timestamp
        .parse()
        .map_err(|_| invalid_authorization("The header X-TC-Timestamp is out of range."))?;
    let key = find_key(keys, authorization.id)?;
    if utc_date(seconds).as_deref() != Some(authorization.date) {
        return Err(signature_failure(
            "The date in the credential scope is not the UTC date of X-TC-Timestamp.",
        ));
    }
    let service = authorization.service;
    let known = PRODUCTS.iter().any(|product| product.service == service);
    if !known && !names_endpoint(service, request) {
        return Err(signature_failure(
            "The credential scope names a service that is not served here.",
        ));
    }
    verify_signature(request, &authorization, timestamp, &key.secret)?;
    check_token(key, request.header("x-tc-token"))?;
    check_time(seconds, now)?;
    Ok(known.then_some(service))
}

/// `TC3-HMAC-SHA256 Credential=ID/DATE/SERVICE/tc3_request, SignedHeaders=a;b, Signature=HEX`
#[derive(Debug)]
struct Authorization<'a> {
    id: &'a str,
    date: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn from_request(request: &'a Request) -> Result<Self, ErrorResponse> {
        let header = request
            .header("authorization")
            .ok_or(invalid_authorization("There is no Authorization header."))?;
        Self::parse(header).ok_or(invalid_authorization(
            "Authorization must be `TC3-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.",
        ))
    }

    fn parse(header: &'a str) -> Option<Self> {
        let rest = header.strip_prefix("TC3-HMAC-SHA256 Credential=")?;
        // Splits from the end, because the id may contain a comma or a slash.
        let (rest, signature) = rest.rsplit_once("Signature=")?;
        let (credential, signed_headers) = rest
            .trim_end()
            .strip_suffix(',')?
            .rsplit_once("SignedHeaders=")?;
        let credential = credential.trim_end().strip_suffix(',')?;
        let mut scope = credential.rsplitn(4, '/');
        (scope.next() == Some("tc3_request")).then_some(())?;
        Some(Self {
            service: scope.next()?,
            date: scope.next()?,
            id: scope.next()?,
            signed_headers,
            signature,
        })
    }
}

fn verify_signature(
    request: &Request,
    authorization: &Authorization<'_>,
    timestamp: &str,
    secret: &str,
) -> Result<(), ErrorResponse> {
    let names = authorization.signed_headers;
    if !["content-type", "host"]
        .iter()
        .all(|name| names.split(';').any(|signed| signed == *name))
    {
        return Err(signature_failure(
            "SignedHeaders must hold content-type and host.",
        ));
    }
    for name in names.split(';') {
        if !request.headers.contains_key(name) {
            return Err(signature_failure("A signed header was not sent."));
        }
    }
    let payload = match request.header("x-tc-content-sha256") {
        Some("UNSIGNED-PAYLOAD") => sha256_hex(b"UNSIGNED-PAYLOAD"),
        _ => sha256_hex(&request.body),
    };
    let Authorization { date, service, .. } = authorization;
    let day = hmac_sha256(format!("TC3{secret}").as_bytes(), date.as_bytes());
    let signing = hmac_sha256(&hmac_sha256(&day, service.as_bytes()), b"tc3_request");
    let matches = |host: &[u8]| {
        let mut block = Vec::new();
        for name in names.split(';') {
            let value = match request.headers.get(name) {
                _ if name == "host" => host,
                value => value.map_or(&b""[..], |value| value.as_bytes()),
            };
            block.extend_from_slice(name.as_bytes());
            block.push(b':');
            block.extend_from_slice(&value.trim_ascii().to_ascii_lowercase());
            block.push(b'\n');
        }
        // The canonical path is `/`, whatever the path of the endpoint.
        let canonical = [
            request.method.as_bytes(),
            b"/",
            request.query.as_bytes(),
            &block,
            names.as_bytes(),
            payload.as_bytes(),
        ]
        .join(&b'\n');
        let string_to_sign = format!(
            "TC3-HMAC-SHA256\n{timestamp}\n{date}/{service}/tc3_request\n{}",
            sha256_hex(&canonical)
        );
        verify_hmac_sha256(&signing, string_to_sign.as_bytes(), authorization.signature)
    };
    if hosts(request).into_iter().any(matches) {
        Ok(())
    } else {
        Err(signature_failure(
            "The signature is not the one that the server computed.",
        ))
    }
}

/// The UTC date of a timestamp, as in the credential scope.
fn utc_date(seconds: i64) -> Option<String> {
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    Some(time.date().to_string())
}

#[cfg(test)]
mod tests {
    use super::super::checks::MAX_CLOCK_SKEW;
    use super::*;
    use crate::request::testing::{request, set_header, with_changed_bytes};
    use serde_json::Value;

    /// Requests signed by the vendor's SDK, and the documented example.
    fn vectors() -> Vec<(Request, Value)> {
        let file = include_str!("../../tests/signing/tencent.json");
        let file: Value = serde_json::from_str(file).unwrap();
        ["not_by_sdk", "vectors"]
            .iter()
            .flat_map(|list| file[list].as_array().unwrap().clone())
            .map(|vector| (signed_request(&vector), vector))
            .collect()
    }

    fn signed_request(vector: &Value) -> Request {
        let text = |key: &str| vector[key].as_str().unwrap_or_default();
        let build = &vector["payload_build"];
        let body = if build.is_null() {
            text("payload").to_owned()
        } else {
            let part = |key: &str| build[key].as_str().unwrap();
            let count = usize::try_from(build["count"].as_u64().unwrap()).unwrap();
            [
                part("prefix"),
                &part("repeat").repeat(count),
                part("suffix"),
            ]
            .concat()
        };
        let timestamp = vector["timestamp"].to_string();
        let headers = [
            ("host", text("host")),
            ("content-type", text("content_type")),
            ("authorization", text("authorization")),
            ("x-tc-timestamp", &timestamp),
            ("x-tc-action", text("action")),
            ("x-tc-version", text("version")),
        ];
        let more = vector["headers"].as_object().into_iter().flatten();
        let more = more.map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
        request(
            (text("method"), "/", text("query")),
            headers.into_iter().chain(more),
            body,
        )
    }

    fn verify_vector(request: &Request, vector: &Value) -> Result<String, String> {
        let key = Key::new(
            vector["secret_id"].as_str().unwrap(),
            vector["secret_key"].as_str().unwrap(),
        );
        verify(request, &[key], vector["timestamp"].as_i64().unwrap())
            .map(|service| service.unwrap_or("the endpoint").to_owned())
            .map_err(|error| error.code.into_owned())
    }

    #[test]
    fn request_signed_by_the_vendors_sdk_is_verified() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 40);
        for (request, vector) in vectors {
            let authorization = Authorization::from_request(&request).unwrap();
            let timestamp = vector["timestamp"].to_string();
            let secret = vector["secret_key"].as_str().unwrap();
            let checked = verify_signature(&request, &authorization, &timestamp, secret);
            assert!(checked.is_ok(), "{}: {checked:?}", vector["name"]);
            // The signatures for another service are right, but the sandbox does not offer it.
            let expected = match vector["service"].as_str().unwrap() {
                "cvm" => Err("AuthFailure.SignatureFailure".to_owned()),
                service => Ok(service.to_owned()),
            };
            assert_eq!(
                verify_vector(&request, &vector),
                expected,
                "{}",
                vector["name"]
            );
        }
    }

    #[test]
    fn request_with_any_changed_byte_is_refused() {
        let (original, vector) = vectors().swap_remove(1 + 4);
        assert_eq!(vector["name"], "all_params_sdk_json");
        let code = |request: &Request| verify_vector(request, &vector).unwrap_err();
        let signed = ["host", "content-type", "x-tc-timestamp", "authorization"];
        for (part, changed) in with_changed_bytes(&original, signed) {
            let code = code(&changed);
            assert!(code.starts_with("AuthFailure."), "{part}: {code}");
            if part != "authorization" {
                // The code is the same whether a timestamp is on the signed day or not.
                assert_eq!(code, "AuthFailure.SignatureFailure", "{part}: {changed:?}");
            }
        }
        for (method, query) in [("GET", ""), ("POST", "a=b")] {
            let changed = Request {
                method: method.to_owned(),
                query: query.to_owned(),
                ..original.clone()
            };
            assert_eq!(code(&changed), "AuthFailure.SignatureFailure");
        }
    }

    #[test]
    fn each_kind_of_bad_credentials_has_its_own_code() {
        let (request, vector) = vectors().swap_remove(1);
        let (id, secret) = (
            vector["secret_id"].as_str().unwrap(),
            vector["secret_key"].as_str().unwrap(),
        );
        let now = vector["timestamp"].as_i64().unwrap();
        let code = |keys: &[Key], now| {
            verify(&request, keys, now).map_err(|error| error.code.into_owned())
        };
        let keys = [Key::new(id, secret)];
        let err = |code: &str| Err(code.to_owned());
        assert_eq!(code(&keys, now + MAX_CLOCK_SKEW), Ok(Some("ip")));
        assert_eq!(code(&keys, now - MAX_CLOCK_SKEW), Ok(Some("ip")));
        assert_eq!(
            code(&keys, now + MAX_CLOCK_SKEW + 1),
            err("AuthFailure.SignatureExpire")
        );
        assert_eq!(
            code(&keys, now - MAX_CLOCK_SKEW - 1),
            err("AuthFailure.SignatureExpire")
        );
        assert_eq!(
            code(&[Key::new(id, "wrong")], now),
            err("AuthFailure.SignatureFailure")
        );
        assert_eq!(
            code(&[Key::new("AKIDOTHER", secret)], now),
            err("AuthFailure.SecretIdNotFound")
        );
        assert_eq!(
            code(&keys.map(|key| key.with_session_token("t")), now),
            err("AuthFailure.TokenFailure")
        );
        for malformed in [
            "",
            "TC3-HMAC-SHA256",
            "TC3-HMAC-SHA256 Credential=a/b, SignedHeaders=c, Signature=d",
        ] {
            let mut changed = signed_request(&vector);
            set_header(&mut changed, "authorization", malformed);
            assert_eq!(
                verify_vector(&changed, &vector),
                Err("AuthFailure.InvalidAuthorization".to_owned())
            );
        }
    }

    #[test]
    fn signature_without_content_type_or_host_is_refused() {
        let (original, vector) = vectors().swap_remove(1);
        let header = original.header("authorization").unwrap();
        for less in ["host", "content-type", "content-type;x-tc-action"] {
            let mut changed = signed_request(&vector);
            let header = header.replace("content-type;host", less);
            set_header(&mut changed, "authorization", header);
            assert_eq!(
                verify_vector(&changed, &vector),
                Err("AuthFailure.SignatureFailure".to_owned())
            );
        }
    }

    #[test]
    fn scope_that_names_the_endpoint_is_accepted_outside_the_providers_domain_only() {
        let accepted = |service: &str, host: &str| {
            names_endpoint(service, &request(("POST", "/", ""), [("host", host)], ""))
        };
        assert!(accepted("127", "127.0.0.1:8080"));
        assert!(accepted("localhost:8080", "localhost:8080"));
        assert!(accepted("[::1]:8080", "[::1]:8080"));
        assert!(!accepted("cvm", "cvm.tencentcloudapi.com"));
        assert!(!accepted("cvm", "cvm.intl.TencentCloudAPI.com:8443"));
        assert!(!accepted("cvm", "127.0.0.1:8080"));
        assert!(!accepted("localhost", "localhost:8080"));
    }
}
