//! Version 1 of the signature: HmacSHA1 or HmacSHA256 over one form that holds everything.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::parameters::{invalid, pairs};
use super::{MAX_QUERY, check_time, check_token, failure, find_key, hosts, missing, signature};
use crate::Key;
use crate::desk::{Failure, Request};
use crate::digest::{hmac, hmac_sha1, same};
use crate::people::{fold, mix};

/// What a body may hold.
const MAX_BODY: usize = 1 << 20;

/// The names that are no parameters of an operation.
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

/// All parameters of a request, sorted by name, each name once.
#[derive(Debug)]
pub(super) struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    /// Reads the query, and the body of anything but a GET.
    pub(super) fn read(request: &Request) -> Result<Self, Failure> {
        let mut form = pairs(&request.query)?;
        if request.method != "GET" {
            let body = std::str::from_utf8(&request.body);
            form.extend(pairs(
                body.map_err(|_| invalid("The parameters must be UTF-8."))?,
            )?);
        }
        form.sort();
        let mut names = form.windows(2);
        if names.any(|two| matches!(two, [(one, _), (other, _)] if one == other)) {
            return Err(invalid("A parameter comes twice."));
        }
        Ok(Self { pairs: form })
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The parameters of the operation.
    pub(super) fn operation(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !COMMON.contains(name))
    }

    /// A number that is equal for a request and its repetitions, whose nonces and signatures differ.
    pub(super) fn logical(&self, request: &Request, version: &str) -> u64 {
        let parts = self.operation().flat_map(|(name, value)| [name, value]);
        [version, &request.path]
            .into_iter()
            .chain(parts)
            .fold(0, |sum, part| mix(sum ^ fold(part.as_bytes())))
    }

    /// Verifies the signature, the token and the time. The nonce is signed, but no documented error code is for one that
    /// was used before, so repetitions are accepted while the time is right, as they are under TC3.
    pub(super) fn verify(&self, request: &Request, keys: &[Key], now: i64) -> Result<(), Failure> {
        let seconds = self.number("Timestamp")?;
        self.number("Nonce")?;
        let id = self.required("SecretId")?;
        let sent = self.required("Signature")?;
        if request.body.len() > MAX_BODY {
            return Err(signature(
                "The body is larger than 1 MB, which takes TC3-HMAC-SHA256.",
            ));
        }
        let key = find_key(keys, id)?;
        self.check_signature(request, sent, &key.secret)?;
        check_token(key, self.get("Token"))?;
        check_time(seconds, now)?;
        if request.query.len() > MAX_QUERY {
            return Err(failure(
                "RequestSizeLimitExceeded",
                format!("The query exceeds the limit of {MAX_QUERY} bytes."),
            ));
        }
        Ok(())
    }

    fn check_signature(&self, request: &Request, sent: &str, secret: &str) -> Result<(), Failure> {
        let signed = self.pairs.iter().filter(|(name, _)| name != "Signature");
        let signed: Vec<String> = signed
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let signed = signed.join("&");
        // The documents: HmacSHA256 takes exactly this word, everything else is verified with HmacSHA1.
        let mac = match self.get("SignatureMethod") {
            Some("HmacSHA256") => hmac,
            _ => hmac_sha1,
        };
        let right = |host: &[u8]| {
            let method = request.method.as_bytes();
            let text = [method, host, b"/?", signed.as_bytes()].concat();
            let expected = STANDARD.encode(mac(secret.as_bytes(), &text));
            same(sent.as_bytes(), expected.as_bytes())
        };
        if hosts(request).into_iter().any(right) {
            Ok(())
        } else {
            Err(signature(
                "The signature is not the one that the server computed.",
            ))
        }
    }

    fn required(&self, name: &str) -> Result<&str, Failure> {
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| missing(name).refused())
    }

    fn number(&self, name: &str) -> Result<i64, Failure> {
        let text = self.required(name)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits).ok_or_else(|| {
            failure(
                "InvalidParameter",
                format!("The parameter `{name}` must be a whole number."),
            )
            .refused()
        })
    }
}
