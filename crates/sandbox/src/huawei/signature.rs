//! SDK-HMAC-SHA256: the `Authorization` header and the canonical request.

use percent_encoding::percent_decode_str;

use super::errors::unauthorized;
use crate::digest::{sha256_hex, verify_hmac_sha256};
use crate::encoding::{percent_encode, split_pairs};
use crate::request::Request;
use crate::response::ErrorResponse;

/// `SDK-HMAC-SHA256 Access=AK, SignedHeaders=a;b, Signature=HEX`
#[derive(Debug)]
pub(super) struct Authorization<'a> {
    pub access: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    pub(super) fn parse(header: &'a str) -> Option<Self> {
        // Splits from the end, because the access key may contain a comma.
        let (rest, signature) = header
            .strip_prefix("SDK-HMAC-SHA256 Access=")?
            .rsplit_once(", Signature=")?;
        let (access, signed_headers) = rest.rsplit_once(", SignedHeaders=")?;
        Some(Self {
            access,
            signed_headers,
            signature,
        })
    }
}

pub(super) fn verify_signature(
    request: &Request,
    authorization: &Authorization<'_>,
    secret: &str,
) -> Result<(), ErrorResponse> {
    let names: Vec<&str> = authorization.signed_headers.split(';').collect();
    if !["host", "x-sdk-date"]
        .iter()
        .all(|name| names.contains(name))
    {
        return Err(unauthorized(
            "verify aksk signature fail,SignedHeaders must hold host and x-sdk-date",
        ));
    }
    let mut block = Vec::new();
    for name in &names {
        let value = request.headers.get(*name).ok_or(unauthorized(
            "verify aksk signature fail,a signed header was not sent",
        ))?;
        block.extend_from_slice(name.as_bytes());
        block.push(b':');
        block.extend_from_slice(value.as_bytes().trim_ascii());
        block.push(b'\n');
    }
    let canonical = [
        request.method.to_uppercase().as_bytes(),
        canonical_path(&request.path).as_bytes(),
        canonical_query(&request.query).as_bytes(),
        &block,
        authorization.signed_headers.as_bytes(),
        payload_hash(request, &names).as_bytes(),
    ]
    .join(&b'\n');
    let date = request.header("x-sdk-date").unwrap_or_default();
    let string_to_sign = format!("SDK-HMAC-SHA256\n{date}\n{}", sha256_hex(&canonical));
    if verify_hmac_sha256(
        secret.as_bytes(),
        string_to_sign.as_bytes(),
        authorization.signature,
    ) {
        return Ok(());
    }
    // Like the gateway, shows the expected canonical request in one line.
    let canonical = String::from_utf8_lossy(&canonical).replace('\n', "|");
    Err(unauthorized(&format!(
        "verify aksk signature fail, canonicalRequest:{canonical}"
    )))
}

/// The path, decoded once and with every segment encoded again, and with a slash at the end:
/// `a%2Fb` becomes `a/b/`.
fn canonical_path(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let segments: Vec<String> = decoded
        .split('/')
        .map(|segment| percent_encode(segment.as_bytes()))
        .collect();
    let mut canonical = segments.join("/");
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// The query, sorted by the decoded names, then by the decoded values.
fn canonical_query(query: &str) -> String {
    let decode = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = split_pairs(query)
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value)))
        .collect();
    pairs.join("&")
}

/// The last line of the canonical request: the hash of the body, or `UNSIGNED-PAYLOAD` if a signed
/// header says so. An empty body is always hashed.
fn payload_hash(request: &Request, names: &[&str]) -> String {
    const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
    let unsigned = request.header("x-sdk-content-sha256") == Some(UNSIGNED)
        && names.contains(&"x-sdk-content-sha256");
    if unsigned && !request.body.is_empty() {
        UNSIGNED.to_owned()
    } else {
        sha256_hex(&request.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::testing::{request, set_header, with_changed_bytes};
    use bytes::Bytes;
    use serde_json::Value;

    /// Requests signed by the vendor's SDK.
    fn vectors() -> Vec<(Request, Value)> {
        let file = include_str!("../../tests/signing/huawei.json");
        let file: Value = serde_json::from_str(file).unwrap();
        file["vectors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|vector| (signed_request(vector), vector.clone()))
            .collect()
    }

    fn signed_request(vector: &Value) -> Request {
        let text = |key: &str| vector[key].as_str().unwrap();
        let headers = vector["sent_headers"].as_object().unwrap().iter();
        // A server's parser removes the blanks around a value.
        let headers = headers.map(|(name, value)| (name, value.as_str().unwrap().trim()));
        let uri = text("sent_uri");
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        request((text("method"), path, query), headers, text("body"))
    }

    fn check(request: &Request, vector: &Value) -> Result<(), String> {
        let authorization = request
            .header("authorization")
            .and_then(Authorization::parse);
        let authorization = authorization.ok_or("malformed")?;
        if authorization.access != vector["ak"].as_str().unwrap() {
            return Err("unknown key".to_owned());
        }
        verify_signature(request, &authorization, vector["sk"].as_str().unwrap())
            .map_err(|error| error.message.into_owned())
    }

    #[test]
    fn request_signed_by_the_vendors_sdk_is_verified() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 43);
        for (request, vector) in vectors {
            assert_eq!(check(&request, &vector), Ok(()), "{}", vector["name"]);
        }
    }

    #[test]
    fn request_with_any_changed_byte_is_refused() {
        for position in [0, 29] {
            let (original, vector) = vectors().swap_remove(position);
            let signed = vector["signed_headers"].as_str().unwrap().split(';');
            for (part, changed) in with_changed_bytes(&original, signed.chain(["authorization"])) {
                let message = check(&changed, &vector).unwrap_err();
                if part == "body" {
                    assert!(message.contains("verify aksk signature fail"), "{message}");
                }
            }
            for position in 1..original.path.len() {
                let mut path = original.path.clone().into_bytes();
                path[position] = if path[position] == b'x' { b'y' } else { b'x' };
                let changed = Request {
                    path: String::from_utf8(path).unwrap(),
                    ..original.clone()
                };
                assert!(check(&changed, &vector).is_err(), "path {position}");
            }
            let changed = Request {
                query: "a=b".to_owned(),
                ..original.clone()
            };
            assert!(check(&changed, &vector).is_err());
            let changed = Request {
                method: "GET".to_owned(),
                ..original
            };
            assert!(check(&changed, &vector).is_err());
        }
    }

    #[test]
    fn unsigned_payload_header_that_is_not_signed_does_not_exempt_the_body() {
        let (original, vector) = vectors()
            .into_iter()
            .find(|(_, vector)| vector["name"] == "post_tags_json")
            .unwrap();
        let mut changed = signed_request(&vector);
        set_header(&mut changed, "x-sdk-content-sha256", "UNSIGNED-PAYLOAD");
        assert_eq!(check(&changed, &vector), Ok(()));
        changed.body = Bytes::from_static(b"{}");
        assert!(check(&changed, &vector).is_err());
        assert_eq!(check(&original, &vector), Ok(()));
    }
}
