//! The credentials of a request to Huawei: a signature or a token, and the lock-out of keys.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::errors::{gateway, unauthorized};
use super::signature::{Authorization, verify_signature};
use super::tokens;
use crate::credentials::Key;
use crate::digest::constant_time_eq;
use crate::request::Request;
use crate::response::ErrorResponse;
use crate::seed::Seed;

/// How many seconds a request's time may differ from the gateway's.
const MAX_CLOCK_SKEW: i64 = 15 * 60;
/// A key with more wrong signatures in a row than this is locked.
const MAX_WRONG_SIGNATURES: u32 = 5;
/// How long a key stays locked, in seconds.
const LOCK_OUT: i64 = 5 * 60;

const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

#[derive(Debug)]
pub(super) struct Authenticator {
    seed: Seed,
    keys: Vec<Key>,
    /// By the id of the key.
    lock_outs: Mutex<BTreeMap<String, LockOut>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct LockOut {
    /// Wrong signatures in a row.
    wrong: u32,
    locked_until: i64,
}

impl Authenticator {
    pub(super) fn new(seed: Seed, keys: Vec<Key>) -> Self {
        Self {
            seed,
            keys,
            lock_outs: Mutex::default(),
        }
    }

    /// Verifies the signature, or the token of a request without one.
    pub(super) fn authenticate(&self, request: &Request, now: i64) -> Result<(), ErrorResponse> {
        if request.headers.contains_key("authorization") {
            return self.verify(request, now);
        }
        match request.header("x-auth-token") {
            Some(token) => self.check_token(token, now),
            None => Err(unauthorized("x-auth-token not found")),
        }
    }

    pub(super) fn check_token(&self, token: &str, now: i64) -> Result<(), ErrorResponse> {
        let mut constant = self.keys.iter().filter_map(|key| key.auth_token.as_deref());
        if constant.any(|known| constant_time_eq(known.as_bytes(), token.as_bytes())) {
            return Ok(());
        }
        let expires = tokens::expiry(self.seed, token).ok_or(unauthorized("decrypt token fail"))?;
        if now >= expires {
            return Err(gateway(401, "APIGW.0307", "The token must be updated.").unauthenticated());
        }
        Ok(())
    }

    fn verify(&self, request: &Request, now: i64) -> Result<(), ErrorResponse> {
        let authorization = request
            .header("authorization")
            .and_then(Authorization::parse)
            .ok_or(unauthorized("authorization format error"))?;
        let key = self
            .keys
            .iter()
            .find(|key| key.id == authorization.access)
            .ok_or(unauthorized("Get secretKey failed,err:ak not exist"))?;
        self.verify_unless_locked(request, &authorization, key, now)?;
        if let Some(token) = &key.session_token
            && !request
                .header("x-security-token")
                .is_some_and(|sent| constant_time_eq(sent.as_bytes(), token.as_bytes()))
        {
            return Err(unauthorized(
                "verify aksk signature fail,the security token is wrong or missing",
            ));
        }
        verify_time(request, now)
    }

    /// Verifies the signature and counts wrong ones. A wrong token or time does not count.
    fn verify_unless_locked(
        &self,
        request: &Request,
        authorization: &Authorization<'_>,
        key: &Key,
        now: i64,
    ) -> Result<(), ErrorResponse> {
        let mut lock_outs = self
            .lock_outs
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let lock_out = lock_outs.entry(key.id.clone()).or_default();
        if now < lock_out.locked_until {
            return Err(unauthorized(
                "verify aksk signature fail,the key is locked for too many failures",
            ));
        }
        let verified = verify_signature(request, authorization, &key.secret);
        if verified.is_ok() {
            lock_out.wrong = 0;
        } else {
            lock_out.wrong += 1;
            if lock_out.wrong > MAX_WRONG_SIGNATURES {
                *lock_out = LockOut {
                    wrong: 0,
                    locked_until: now.saturating_add(LOCK_OUT),
                };
            }
        }
        verified
    }
}

fn verify_time(request: &Request, now: i64) -> Result<(), ErrorResponse> {
    let date = request.header("x-sdk-date").unwrap_or_default();
    let signed = PrimitiveDateTime::parse(date, DATE)
        .map_err(|_| unauthorized("X-Sdk-Date must be written as 20060102T150405Z"))?;
    if now.abs_diff(signed.assume_utc().unix_timestamp()) > MAX_CLOCK_SKEW.unsigned_abs() {
        let server = format_time(now, DATE);
        let message = format!(
            "calc aksk signature fail:signature expired, \
             signature time:{date},server time:{server}"
        );
        return Err(unauthorized(&message).outside_time_window());
    }
    Ok(())
}

/// Formats seconds since 1970; empty if they are out of range.
pub(super) fn format_time(seconds: i64, format: &[BorrowedFormatItem<'_>]) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|time| time.format(format).ok())
        .unwrap_or_default()
}
