//! A request by the version of its signature.

use super::errors::missing_parameter;
use super::parameters::Parameters;
use super::tc3;
use super::v1::Form;
use crate::credentials::Key;
use crate::request::Request;
use crate::response::ErrorResponse;

/// The media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

#[derive(Debug)]
pub(super) enum SignedRequest {
    /// TC3-HMAC-SHA256: an `Authorization` header, and the common parameters in further headers.
    Tc3,
    /// Version 1, HmacSHA1 or HmacSHA256: all parameters in one form, in the query or the body.
    V1(Form),
}

impl SignedRequest {
    pub(super) fn parse(request: &Request) -> Result<Self, ErrorResponse> {
        let form = request.method == "GET" || request.media_type() == FORM;
        if form && !request.headers.contains_key("authorization") {
            Form::parse(request).map(Self::V1)
        } else {
            Ok(Self::Tc3)
        }
    }

    /// A common parameter by its name in the form, such as `Version`.
    pub(super) fn common<'a>(&'a self, request: &'a Request, name: &str) -> Option<&'a str> {
        match self {
            Self::Tc3 => request.header(&format!("x-tc-{name}")),
            Self::V1(form) => form.get(name),
        }
    }

    pub(super) fn required<'a>(
        &'a self,
        request: &'a Request,
        name: &str,
    ) -> Result<&'a str, ErrorResponse> {
        self.common(request, name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| missing_parameter(name))
    }

    /// Verifies the signature. Returns the service that it names, if any.
    pub(super) fn verify<'a>(
        &self,
        request: &'a Request,
        keys: &[Key],
        now: i64,
    ) -> Result<Option<&'a str>, ErrorResponse> {
        match self {
            Self::Tc3 => tc3::verify(request, keys, now),
            Self::V1(form) => form.verify(request, keys, now).map(|()| None),
        }
    }

    /// The parameters of the operation.
    pub(super) fn parameters(&self, request: &Request) -> Result<Parameters, ErrorResponse> {
        match self {
            Self::Tc3 => tc3::parameters(request),
            Self::V1(form) => Parameters::from_flat(form.operation()),
        }
    }

    /// Equal for a request and its retries.
    pub(super) fn fingerprint(&self, request: &Request, version: &str) -> u64 {
        match self {
            Self::Tc3 => request.fingerprint(version),
            Self::V1(form) => form.fingerprint(request, version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::product::{OPERATION, PRODUCTS};
    use super::*;
    use crate::request::testing::{request, set_header};
    use serde_json::Value;

    /// Requests signed by the vendor's Node SDK, in each of its signing modes.
    fn vectors() -> Vec<(Request, Value)> {
        let file = include_str!("../../tests/signing/tencent-node.json");
        let file: Value = serde_json::from_str(file).unwrap();
        let vectors = file["vectors"].as_array().unwrap().clone();
        vectors
            .into_iter()
            .map(|vector| (signed_request(&vector), vector))
            .collect()
    }

    fn signed_request(vector: &Value) -> Request {
        let text = |key: &str| vector[key].as_str().unwrap();
        let headers = vector["headers"].as_object().unwrap().iter();
        request(
            (text("method"), "/", text("query")),
            headers.map(|(name, value)| (name, value.as_str().unwrap())),
            text("payload"),
        )
    }

    /// The service that the request names, or the code of the error.
    fn verify_vector(request: &Request, vector: &Value) -> Result<Option<String>, String> {
        let id = vector["secret_id"].as_str().unwrap();
        let mut key = Key::new(id, vector["secret_key"].as_str().unwrap());
        key.session_token = vector["token"].as_str().map(str::to_owned);
        let now = vector["timestamp"].as_i64().unwrap();
        SignedRequest::parse(request)
            .and_then(|signed| signed.verify(request, &[key], now))
            .map(|service| service.map(str::to_owned))
            .map_err(|error| error.code.into_owned())
    }

    #[test]
    fn node_sdk_request_in_every_mode_is_verified_and_parsed() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 52);
        for (request, vector) in vectors {
            let (name, service) = (&vector["name"], vector["service"].as_str().unwrap());
            let host = request.header("host").unwrap();
            let names_product =
                vector["sign_method"] == "TC3-HMAC-SHA256" && host.contains("tencentcloudapi");
            let expected = names_product.then(|| service.to_owned());
            assert_eq!(verify_vector(&request, &vector), Ok(expected), "{name}");
            let signed = SignedRequest::parse(&request).unwrap();
            assert_eq!(signed.common(&request, "Action"), Some(OPERATION), "{name}");
            let version = signed.common(&request, "Version");
            assert!(
                PRODUCTS
                    .iter()
                    .any(|product| product.service == service && Some(product.version) == version),
                "{name}"
            );
            let parameters = signed.parameters(&request).unwrap();
            let given = vector["parameters"].as_object().unwrap();
            assert_eq!(parameters.set().count(), given.len(), "{name}");
            for (parameter, value) in given {
                let read = parameters.get(parameter).unwrap();
                let matches = match value.as_i64() {
                    Some(number) => read.int() == Some(number),
                    None => read.text() == value.as_str(),
                };
                assert!(matches, "{name} {parameter}");
            }
        }
    }

    #[test]
    fn version_1_form_with_any_changed_byte_is_refused() {
        let wanted = [
            "hmacsha1_get_all_parameters",
            "hmacsha256_post_token_and_region",
        ];
        for (original, vector) in vectors() {
            if !wanted.contains(&vector["name"].as_str().unwrap()) {
                continue;
            }
            for position in 0..original.query.len() + original.body.len() {
                let change = |text: &str, position: usize| {
                    let mut bytes = text.as_bytes().to_vec();
                    bytes[position] ^= 1;
                    String::from_utf8(bytes).unwrap()
                };
                let mut changed = signed_request(&vector);
                if position < original.query.len() {
                    changed.query = change(&original.query, position);
                } else {
                    let body = std::str::from_utf8(&original.body).unwrap();
                    changed.body = change(body, position - original.query.len()).into();
                }
                assert!(verify_vector(&changed, &vector).is_err(), "{position}");
            }
        }
    }

    #[test]
    fn version_1_of_another_method_host_or_query_is_refused() {
        let vectors = vectors();
        let get = |wanted: &str| {
            let found = vectors.iter().find(|(_, vector)| vector["name"] == wanted);
            found
                .map(|(_, vector)| (signed_request(vector), vector))
                .unwrap()
        };
        let refused = Err("AuthFailure.SignatureFailure".to_owned());
        let (mut request, vector) = get("hmacsha256_post_all_parameters");
        request.method = "PUT".to_owned();
        assert_eq!(verify_vector(&request, vector), refused);
        let (mut request, vector) = get("hmacsha256_post_all_parameters");
        request.query = "Page2=1".to_owned();
        assert_eq!(verify_vector(&request, vector), refused);
        for host in [
            "",
            "ip.tencentcloudapi.com",
            "localhost",
            "localhost:8081",
            "localhost:",
        ] {
            for name in [
                "hmacsha256_post_name_with_port",
                "hmacsha1_get_name_with_port",
                "tc3_hmac_sha256_post_name_with_port",
            ] {
                let (mut request, vector) = get(name);
                set_header(&mut request, "host", host);
                assert_eq!(verify_vector(&request, vector), refused, "{name}");
            }
        }
    }
}
