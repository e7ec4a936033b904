//! ACS3-HMAC-SHA256: the `Authorization` header and the canonical request.

use percent_encoding::percent_decode_str;

use super::errors::incomplete_signature;
use crate::digest::{sha256_hex, verify_hmac_sha256};
use crate::encoding::{percent_encode, split_pairs};
use crate::request::Request;
use crate::response::ErrorResponse;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// `ACS3-HMAC-SHA256 Credential=ID,SignedHeaders=a;b,Signature=HEX`
#[derive(Debug)]
pub(super) struct Authorization<'a> {
    pub id: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    pub(super) fn parse(header: &'a str) -> Option<Self> {
        let rest = header
            .strip_prefix(ALGORITHM)?
            .strip_prefix(" Credential=")?;
        let (rest, signature) = rest.rsplit_once(",Signature=")?;
        let (id, signed_headers) = rest.rsplit_once(",SignedHeaders=")?;
        Some(Self {
            id,
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
    let sent = request
        .headers
        .keys()
        .map(hyper::header::HeaderName::as_str);
    for name in sent.filter(|name| *name == "host" || name.starts_with("x-acs-")) {
        if !names.contains(&name) {
            return Err(incomplete_signature(format!(
                "The header {name} was sent but not signed."
            )));
        }
    }
    let mut block = Vec::new();
    for name in &names {
        let mut values: Vec<&[u8]> = request
            .headers
            .get_all(*name)
            .iter()
            .map(|value| value.as_bytes().trim_ascii())
            .collect();
        if values.is_empty() {
            return Err(incomplete_signature("A signed header was not sent."));
        }
        values.sort_unstable();
        block.extend_from_slice(name.as_bytes());
        block.push(b':');
        block.extend_from_slice(&values.join(&b','));
        block.push(b'\n');
    }
    let payload = sha256_hex(&request.body);
    let hash_matches = request.header("x-acs-content-sha256") == Some(payload.as_str());
    // Documentation and SDKs differ on whether names are encoded, so both are accepted. The error
    // message shows the documented form.
    let [documented, other] = canonical_queries(&request.query).map(|query| {
        let canonical = [
            request.method.as_bytes(),
            request.path.as_bytes(),
            &query,
            &block,
            authorization.signed_headers.as_bytes(),
            payload.as_bytes(),
        ]
        .join(&b'\n');
        format!("{ALGORITHM}\n{}", sha256_hex(&canonical))
    });
    let matches = |text: &String| {
        verify_hmac_sha256(secret.as_bytes(), text.as_bytes(), authorization.signature)
    };
    if hash_matches && (matches(&documented) || matches(&other)) {
        return Ok(());
    }
    let message = format!(
        "Specified signature is not matched with our calculation. \
         server string to sign is:{documented}"
    );
    Err(ErrorResponse::new(400, "SignatureDoesNotMatch", message).unauthenticated())
}

/// The canonical query, sorted by the decoded names: with the names encoded, and with the names
/// decoded.
fn canonical_queries(query: &str) -> [Vec<u8>; 2] {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).collect::<Vec<u8>>();
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = split_pairs(query)
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    pairs.sort();
    let joined = |name: fn(&[u8]) -> Vec<u8>| {
        let pairs: Vec<Vec<u8>> = pairs
            .iter()
            .map(|pair| {
                [
                    &name(&pair.0),
                    b"=".as_slice(),
                    percent_encode(&pair.1).as_bytes(),
                ]
                .concat()
            })
            .collect();
        pairs.join(&b'&')
    };
    [
        joined(|name| percent_encode(name).into_bytes()),
        joined(<[u8]>::to_vec),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::testing::{request, set_header, with_changed_bytes};
    use serde_json::Value;

    /// Requests signed by the vendor's SDK, and the documented examples.
    fn vectors() -> Vec<(Request, Value)> {
        let file = include_str!("../../tests/signing/alibaba.json");
        let file: Value = serde_json::from_str(file).unwrap();
        ["divergences", "vectors"]
            .iter()
            .flat_map(|list| file[list].as_array().unwrap().clone())
            .map(|vector| (signed_request(&vector), vector))
            .collect()
    }

    fn signed_request(vector: &Value) -> Request {
        let text = |key: &str| vector[key].as_str().unwrap();
        let headers = vector["headers"].as_array().unwrap().iter().map(|pair| {
            let value = pair[1].as_str().unwrap().trim();
            (pair[0].as_str().unwrap(), value)
        });
        let url = text("sdk_wire_url");
        let query = url.split_once('?').map_or("", |(_, query)| query);
        request(
            (text("method"), text("path"), query),
            headers.chain([("authorization", text("authorization"))]),
            text("body"),
        )
    }

    fn check(request: &Request, vector: &Value) -> Result<(), String> {
        let authorization = request
            .header("authorization")
            .and_then(Authorization::parse);
        let authorization = authorization.ok_or("IncompleteSignature")?;
        if authorization.id != vector["access_key_id"].as_str().unwrap() {
            return Err("InvalidAccessKeyId.NotFound".to_owned());
        }
        verify_signature(
            request,
            &authorization,
            vector["access_key_secret"].as_str().unwrap(),
        )
        .map_err(|error| error.code.into_owned())
    }

    #[test]
    fn request_signed_by_the_vendors_sdk_is_verified() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 35);
        for (request, vector) in vectors {
            assert_eq!(check(&request, &vector), Ok(()), "{}", vector["name"]);
        }
    }

    #[test]
    fn signature_over_encoded_or_decoded_names_is_verified() {
        let (mut request, vector) = vectors().swap_remove(0);
        assert_eq!(check(&request, &vector), Ok(()));
        let written = vector["authorization_by_written_rule"].as_str().unwrap();
        set_header(&mut request, "authorization", written);
        assert_eq!(check(&request, &vector), Ok(()));
    }

    #[test]
    fn request_with_any_changed_byte_is_refused() {
        for wanted in ["sdk_full_form_body", "sdk_full_sts", "owner_id"] {
            let (original, vector) = vectors()
                .into_iter()
                .find(|(_, vector)| vector["name"] == wanted)
                .unwrap();
            let code = |request: &Request| check(request, &vector).unwrap_err();
            let signed = vector["signed_headers"].as_str().unwrap().split(';');
            for (part, changed) in with_changed_bytes(&original, signed.chain(["authorization"])) {
                let code = code(&changed);
                if part != "authorization" {
                    assert_eq!(code, "SignatureDoesNotMatch", "{part}: {changed:?}");
                }
            }
            for (method, path, query) in [
                ("GET", "/", None),
                ("POST", "/x", None),
                ("POST", "/", Some("OwnerId=43")),
            ] {
                let changed = Request {
                    method: method.to_owned(),
                    path: path.to_owned(),
                    query: query.map_or(original.query.clone(), str::to_owned),
                    ..original.clone()
                };
                assert_eq!(code(&changed), "SignatureDoesNotMatch");
            }
        }
    }

    #[test]
    fn unsigned_host_or_acs_header_is_an_incomplete_signature() {
        let (_, vector) = vectors().swap_remove(2);
        let mut changed = signed_request(&vector);
        set_header(&mut changed, "x-acs-extra", "1");
        assert_eq!(
            check(&changed, &vector),
            Err("IncompleteSignature".to_owned())
        );
        let mut changed = signed_request(&vector);
        set_header(&mut changed, "accept", "*/*");
        assert_eq!(check(&changed, &vector), Ok(()));
        changed.headers.remove("host");
        assert_eq!(
            check(&changed, &vector),
            Err("IncompleteSignature".to_owned())
        );
    }
}
