//! Version 1 of the signature: HmacSHA1 or HmacSHA256 over one form with all parameters.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checks::{MAX_QUERY, check_time, check_token, find_key, hosts};
use super::errors::{invalid_parameter, missing_parameter, request_too_large, signature_failure};
use super::parameters::parse_pairs;
use crate::credentials::Key;
use crate::digest::{constant_time_eq, hmac_sha1, hmac_sha256};
use crate::request::{Request, fingerprint};
use crate::response::ErrorResponse;

/// The largest body, in bytes.
const MAX_BODY: usize = 1 << 20;

/// The names of the common parameters; all others belong to the operation.
const COMMON: [&str; 11] = [
    "Action",
    "Language",
    "Nonce",
    "Region",
    "RequestClient",
    "SecretId",
    "Signature",
    "SignatureMethod",
    "Timestamp",
    "Token",
    "Version",
];

/// All parameters of a request, sorted by name. No name comes twice.
#[derive(Debug)]
pub(super) struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    /// Parses the query and, unless the method is GET, the body.
    pub(super) fn parse(request: &Request) -> Result<Self, ErrorResponse> {
        let mut form = parse_pairs(&request.query)?;
        if request.method != "GET" {
            let body = std::str::from_utf8(&request.body);
            form.extend(parse_pairs(
                body.map_err(|_| invalid_parameter("The parameters must be UTF-8."))?,
            )?);
        }
        form.sort();
        let mut names = form.windows(2);
        if names.any(|two| matches!(two, [(one, _), (other, _)] if one == other)) {
            return Err(invalid_parameter("A parameter comes twice."));
        }
        Ok(Self { pairs: form })
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The parameters of the operation, by name.
    pub(super) fn operation(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !COMMON.contains(name))
    }

    /// Equal for a request and its retries, although their nonces and signatures differ.
    pub(super) fn fingerprint(&self, request: &Request, version: &str) -> u64 {
        let parts = self.operation().flat_map(|(name, value)| [name, value]);
        let parts = [version, &request.path].into_iter().chain(parts);
        fingerprint(parts.map(str::as_bytes))
    }

    /// Verifies the signature, the token and the time.
    ///
    /// **Assumption:** A nonce may be used again while the time is right, because no documented
    /// code rejects it. Under TC3, too, a request may be repeated.
    pub(super) fn verify(
        &self,
        request: &Request,
        keys: &[Key],
        now: i64,
    ) -> Result<(), ErrorResponse> {
        let seconds = self.number("Timestamp")?;
        self.number("Nonce")?;
        let id = self.required("SecretId")?;
        let sent = self.required("Signature")?;
        if request.body.len() > MAX_BODY {
            return Err(signature_failure(
                "The body is larger than 1 MB, which takes TC3-HMAC-SHA256.",
            ));
        }
        let key = find_key(keys, id)?;
        self.verify_signature(request, sent, &key.secret)?;
        check_token(key, self.get("Token"))?;
        check_time(seconds, now)?;
        if request.query.len() > MAX_QUERY {
            return Err(request_too_large("query", MAX_QUERY));
        }
        Ok(())
    }

    fn verify_signature(
        &self,
        request: &Request,
        sent: &str,
        secret: &str,
    ) -> Result<(), ErrorResponse> {
        let signed = self.pairs.iter().filter(|(name, _)| name != "Signature");
        let signed: Vec<String> = signed
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let signed = signed.join("&");
        // Documented: HmacSHA256 applies for exactly this value, HmacSHA1 for any other.
        let mac = match self.get("SignatureMethod") {
            Some("HmacSHA256") => hmac_sha256,
            _ => hmac_sha1,
        };
        let matches = |host: &[u8]| {
            let method = request.method.as_bytes();
            let text = [method, host, b"/?", signed.as_bytes()].concat();
            let expected = STANDARD.encode(mac(secret.as_bytes(), &text));
            constant_time_eq(sent.as_bytes(), expected.as_bytes())
        };
        if hosts(request).into_iter().any(matches) {
            Ok(())
        } else {
            Err(signature_failure(
                "The signature is not the one that the server computed.",
            ))
        }
    }

    fn required(&self, name: &str) -> Result<&str, ErrorResponse> {
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| missing_parameter(name).unauthenticated())
    }

    fn number(&self, name: &str) -> Result<i64, ErrorResponse> {
        let text = self.required(name)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits).ok_or_else(|| {
            invalid_parameter(format!("The parameter `{name}` must be a whole number."))
                .unauthenticated()
        })
    }
}
