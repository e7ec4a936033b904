//! The credentials of a request to Alibaba: signature, token, time and nonce, in this order.

use std::sync::{Mutex, PoisonError};

use time::PrimitiveDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::errors::{error, incomplete_signature, required_header};
use super::nonces::Nonces;
use super::signature::{Authorization, verify_signature};
use crate::credentials::Key;
use crate::digest::constant_time_eq;
use crate::request::Request;
use crate::response::ErrorResponse;
use crate::seed::{hash, splitmix64};

/// How many seconds a request's time may differ from the server's.
const MAX_CLOCK_SKEW: i64 = 15 * 60;
const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

#[derive(Debug)]
pub(super) struct Authenticator {
    keys: Vec<Key>,
    nonces: Mutex<Nonces>,
}

impl Authenticator {
    pub(super) fn new(keys: Vec<Key>) -> Self {
        // A request may be dated up to the skew ahead, and is then valid up to the skew after.
        let nonces = Mutex::new(Nonces::new(2 * MAX_CLOCK_SKEW));
        Self { keys, nonces }
    }

    /// Verifies ACS3-HMAC-SHA256. A nonce counts as used only if everything else is right.
    pub(super) fn verify(&self, request: &Request, now: i64) -> Result<(), ErrorResponse> {
        let authorization = request
            .header("authorization")
            .and_then(Authorization::parse)
            .ok_or(incomplete_signature(
                "Authorization must be \
                 `ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=…`.",
            ))?;
        let key = self
            .keys
            .iter()
            .find(|key| key.id == authorization.id)
            .ok_or(
                error(
                    404,
                    "InvalidAccessKeyId.NotFound",
                    "Specified access key is not found.",
                )
                .unauthenticated(),
            )?;
        verify_signature(request, &authorization, &key.secret)?;
        verify_token(request, key)?;
        verify_time(request, now)?;
        self.use_nonce(request, key, now)
    }

    fn use_nonce(&self, request: &Request, key: &Key, now: i64) -> Result<(), ErrorResponse> {
        let nonce = required_header(request, "x-acs-signature-nonce")
            .map_err(ErrorResponse::unauthenticated)?;
        let nonce = splitmix64(hash(key.id.as_bytes()) ^ hash(nonce.as_bytes()));
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        if nonces.insert(nonce, now) {
            Ok(())
        } else {
            Err(error(
                400,
                "SignatureNonceUsed",
                "Specified signature nonce was used already.",
            )
            .unauthenticated())
        }
    }
}

fn verify_token(request: &Request, key: &Key) -> Result<(), ErrorResponse> {
    let Some(token) = &key.session_token else {
        return Ok(());
    };
    let Some(sent) = request.header("x-acs-security-token") else {
        return Err(error(
            400,
            "MissingSecurityToken",
            "SecurityToken is mandatory for this action.",
        )
        .unauthenticated());
    };
    if constant_time_eq(sent.as_bytes(), token.as_bytes()) {
        Ok(())
    } else {
        Err(error(
            400,
            "InvalidSecurityToken.MismatchWithAccessKey",
            "Specified SecurityToken does not match the access key.",
        )
        .unauthenticated())
    }
}

fn verify_time(request: &Request, now: i64) -> Result<(), ErrorResponse> {
    let date = required_header(request, "x-acs-date").map_err(ErrorResponse::unauthenticated)?;
    let date = PrimitiveDateTime::parse(date, DATE).map_err(|_| {
        error(
            400,
            "InvalidTimeStamp.Format",
            "Specified time stamp or date value is not well formatted.",
        )
        .unauthenticated()
    })?;
    if now.abs_diff(date.assume_utc().unix_timestamp()) > MAX_CLOCK_SKEW.unsigned_abs() {
        let message = "Specified time stamp or date value is expired.";
        return Err(error(400, "InvalidTimeStamp.Expired", message).outside_time_window());
    }
    Ok(())
}
