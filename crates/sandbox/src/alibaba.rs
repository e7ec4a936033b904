//! Alibaba Cloud: ACS3-HMAC-SHA256 and `GetCustomerAccountInfo`.

mod account;
mod auth;
mod errors;
mod nonces;
mod signature;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use account::{uid, verdict};

use crate::credentials::Key;
use crate::handler::{Handler, InjectedError, RequestContext};
use crate::json::{object, string};
use crate::provider::Provider;
use crate::rate_limit::RateLimiter;
use crate::request::{Request, Target, UNKNOWN};
use crate::response::{ErrorResponse, Response};
use crate::seed::Stream;
use crate::state::SharedState;

use account::account_info;
use auth::Authenticator;
use errors::{error, error_body, required_header, status_of};

const OPERATION: &str = "GetCustomerAccountInfo";
const VERSION: &str = "2017-12-14";

#[derive(Debug)]
pub(crate) struct Alibaba {
    shared: Arc<SharedState>,
    auth: Authenticator,
    /// `None` by default, because the provider publishes no rate limit.
    rate_limiter: Option<RateLimiter>,
}

impl Alibaba {
    pub(crate) fn new(shared: Arc<SharedState>, keys: Vec<Key>, rate: Option<u32>) -> Self {
        Self {
            shared,
            auth: Authenticator::new(keys),
            rate_limiter: rate.map(RateLimiter::new),
        }
    }

    fn run(&self, request: &Request, context: &RequestContext) -> Result<String, ErrorResponse> {
        let method = request.method.as_str();
        if !matches!(method, "POST" | "GET") || request.route(&self.shared.prefix) != Some("/") {
            let message = "Specified api is not found.";
            return Err(error(404, "InvalidApi.NotFound", message).unauthenticated());
        }
        self.auth.verify(request, context.now)?;
        if required_header(request, "x-acs-version")? != VERSION {
            return Err(error(
                400,
                "InvalidVersion",
                "Specified parameter Version is not valid.",
            ));
        }
        if required_header(request, "x-acs-action")? != OPERATION {
            return Err(error(
                404,
                "InvalidAction.NotFound",
                "Specified api is not found.",
            ));
        }
        self.admit(context)?;
        account_info(request, self.shared.seed, context.customers)
    }

    /// Returns the injected error, or applies the rate limit.
    fn admit(&self, context: &RequestContext) -> Result<(), ErrorResponse> {
        let rate_limited = |wait| {
            let message = "Request was denied due to user flow control.";
            error(400, "Throttling.User", message).retryable(wait)
        };
        match (&context.injected, &self.rate_limiter) {
            (Some(InjectedError::Throttle(wait)), _) => Err(rate_limited(*wait)),
            (Some(InjectedError::Code(code, status)), _) => Err(ErrorResponse::injected(
                status.unwrap_or(status_of(code)),
                code,
            )),
            (None, Some(limiter)) if context.rate_limits => limiter
                .try_acquire(context.now)
                .map_err(|_| rate_limited(Some(Duration::from_secs(1)))),
            _ => Ok(()),
        }
    }
}

impl Handler for Alibaba {
    fn target(&self, request: &Request) -> Target {
        let action = request.header("x-acs-action").unwrap_or_default();
        let known = action == OPERATION;
        Target {
            provider: Provider::Alibaba,
            service: "bssopenapi",
            operation: if known { OPERATION } else { UNKNOWN },
            page: 1,
            fingerprint: request.fingerprint(action),
        }
    }

    fn handle(&self, request: &Request, context: &RequestContext) -> Response {
        let id = self.shared.seed.uuid(Stream::RequestId, context.id);
        let id = id.to_uppercase();
        let mut headers = vec![
            ("content-type", "application/json;charset=utf-8".to_owned()),
            ("x-acs-request-id", id.clone()),
            ("x-acs-trace-id", id.replace('-', "").to_lowercase()),
        ];
        match self.run(request, context) {
            Ok(data) => {
                let body = object([
                    ("Code", string("Success")),
                    ("Message", string("Successful!")),
                    ("RequestId", string(&id)),
                    ("Success", "true".to_owned()),
                    ("Data", data),
                ]);
                Response::success(200, headers, body)
            }
            Err(error) => {
                let retry_after = error
                    .retry_after
                    .map(|wait| ("x-acs-retry-after", wait.as_millis().to_string()));
                headers.extend(retry_after);
                let body = error_body(&error, &id);
                Response::error(error, headers, body)
            }
        }
    }
}
