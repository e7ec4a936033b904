//! AccuAuth: two static headers as credentials, and `check/debts_report`.

mod debts_report;
mod errors;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use debts_report::{mobile, persona, verdict};

use crate::credentials::Key;
use crate::digest::constant_time_eq;
use crate::handler::{Handler, InjectedError, RequestContext};
use crate::json::{object, string};
use crate::provider::Provider;
use crate::rate_limit::RateLimiter;
use crate::request::{Request, Target, UNKNOWN};
use crate::response::{ErrorResponse, Response};
use crate::seed::Stream;
use crate::state::SharedState;

use debts_report::{PersonRecord, parameters, person_md5};
use errors::{error, status_of};

const PATH: &str = "/check/debts_report";
const OPERATION: &str = "CheckDebtsReport";

#[derive(Debug)]
pub(crate) struct AccuAuth {
    shared: Arc<SharedState>,
    keys: Vec<Key>,
    /// `None` by default, because the provider publishes no rate limit.
    rate_limiter: Option<RateLimiter>,
    /// The remaining look-ups.
    quota: AtomicU64,
}

impl AccuAuth {
    pub(crate) fn new(
        shared: Arc<SharedState>,
        keys: Vec<Key>,
        rate: Option<u32>,
        quota: u64,
    ) -> Self {
        Self {
            shared,
            keys,
            rate_limiter: rate.map(RateLimiter::new),
            quota: AtomicU64::new(quota),
        }
    }

    fn run(&self, request: &Request, context: &RequestContext) -> Result<String, ErrorResponse> {
        if request.method != "POST" || request.route(&self.shared.prefix) != Some(PATH) {
            return Err(error("NOT_FOUND", "requested API cannot be found").unauthenticated());
        }
        self.authenticate(request)?;
        self.admit(context)?;
        let person = person_md5(&parameters(request)?)?;
        // A look-up uses quota whether the person has a report or not.
        self.quota
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .map_err(|_| error("OUT_OF_QUOTA", "API calls quota exceeded"))?;
        PersonRecord::generate(self.shared.seed, &person)
            .to_json(self.shared.seed)
            .ok_or(error("NOT_HIT", "target is not hit"))
    }

    fn authenticate(&self, request: &Request) -> Result<(), ErrorResponse> {
        let id = request.header("x-df-api-id").unwrap_or_default();
        let secret = request.header("x-df-api-secret").unwrap_or_default();
        self.keys
            .iter()
            .find(|key| key.id == id)
            .filter(|key| constant_time_eq(key.secret.as_bytes(), secret.as_bytes()))
            .map(|_| ())
            .ok_or(error("UNAUTHORIZED", "unauthorized or access is denied").unauthenticated())
    }

    /// Returns the injected error, or applies the rate limit.
    fn admit(&self, context: &RequestContext) -> Result<(), ErrorResponse> {
        let rate_limited = |wait| {
            error("RATE_LIMIT_EXCEEDED", "request frequency exceeds the limit").retryable(wait)
        };
        match (&context.injected, &self.rate_limiter) {
            (Some(InjectedError::Throttle(wait)), _) => Err(rate_limited(*wait)),
            (Some(InjectedError::Code(code, status)), _) => Err(ErrorResponse::injected(
                status.unwrap_or(status_of(code)),
                code,
            )),
            (None, Some(limiter)) if context.rate_limits => limiter
                .try_acquire(context.now)
                .map_err(|_| rate_limited(None)),
            _ => Ok(()),
        }
    }
}

impl Handler for AccuAuth {
    fn target(&self, request: &Request) -> Target {
        let known = request.route(&self.shared.prefix) == Some(PATH);
        Target {
            provider: Provider::AccuAuth,
            service: "check",
            operation: if known { OPERATION } else { UNKNOWN },
            page: 1,
            fingerprint: request.fingerprint(""),
        }
    }

    fn handle(&self, request: &Request, context: &RequestContext) -> Response {
        let id = self.shared.seed.uuid(Stream::RequestId, context.id);
        let id = format!("TID{}", id.replace('-', ""));
        let id = ("request_id", string(&id));
        let mut headers = vec![("content-type", "application/json".to_owned())];
        match self.run(request, context) {
            Ok(result) => {
                let body = object([("status", string("OK")), ("result", result), id]);
                Response::success(200, headers, body)
            }
            Err(error) => {
                headers.extend(error.retry_after_header());
                let body = object([
                    ("status", string(&error.code)),
                    ("reason", string(&error.message)),
                    id,
                ]);
                Response::error(error, headers, body)
            }
        }
    }
}
