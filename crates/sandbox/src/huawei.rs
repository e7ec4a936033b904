//! Huawei Cloud: SDK-HMAC-SHA256 or a token, `ListSubCustomerNewTag`, and IAM's tokens.

mod auth;
mod errors;
mod iam;
mod new_customer_tags;
mod signature;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use new_customer_tags::{customer_id, indirect_partner, verdict};

use crate::credentials::Key;
use crate::handler::{Handler, InjectedError, RequestContext};
use crate::provider::Provider;
use crate::rate_limit::RateLimiter;
use crate::request::{Request, Target, UNKNOWN};
use crate::response::{ErrorResponse, Response};
use crate::seed::Stream;
use crate::state::SharedState;

use auth::Authenticator;
use errors::{error_body, gateway, status_of};
use iam::TokenRequest;
use new_customer_tags::Query;
use tokens::TOKEN_LIFETIME;

const PER_SECOND: u32 = 10;

const TAGS: &str = "/v2/partners/sub-customers/new-customers-tags/batch-query";
const TOKENS: &str = "/v3/auth/tokens";
const LIST_TAGS: &str = "ListSubCustomerNewTag";
const CREATE_TOKEN: &str = "KeystoneCreateUserTokenByPassword";

#[derive(Debug)]
pub(crate) struct Huawei {
    shared: Arc<SharedState>,
    auth: Authenticator,
    rate_limiter: RateLimiter,
}

#[derive(Debug)]
struct Success {
    status: u16,
    body: String,
    /// The token that IAM issues.
    token: Option<String>,
}

impl Huawei {
    pub(crate) fn new(shared: Arc<SharedState>, keys: Vec<Key>, rate: Option<u32>) -> Self {
        let auth = Authenticator::new(shared.seed, keys);
        Self {
            shared,
            auth,
            rate_limiter: RateLimiter::new(rate.unwrap_or(PER_SECOND)),
        }
    }

    fn run(&self, request: &Request, context: &RequestContext) -> Result<Success, ErrorResponse> {
        let seed = self.shared.seed;
        match (request.method.as_str(), request.route(&self.shared.prefix)) {
            ("POST", Some(TAGS)) => {
                self.auth.authenticate(request, context.now)?;
                self.admit(context)?;
                Ok(Success {
                    status: 200,
                    body: Query::parse(&request.body)?.execute(seed, context.customers)?,
                    token: None,
                })
            }
            ("POST", Some(TOKENS)) => {
                let request = TokenRequest::authenticate(request, &self.auth, context.now)?;
                self.admit(context)?;
                let expires = context.now.saturating_add(TOKEN_LIFETIME);
                Ok(Success {
                    status: 201,
                    body: request.body(seed, context.now),
                    token: Some(tokens::create(seed, expires)),
                })
            }
            _ => {
                let message = "The API does not exist or has not been published.";
                Err(gateway(404, "APIGW.0101", message).unauthenticated())
            }
        }
    }

    /// Returns the injected error, or applies the rate limit.
    fn admit(&self, context: &RequestContext) -> Result<(), ErrorResponse> {
        let limit = self.rate_limiter.per_second;
        let rate_limited = |wait: Option<Duration>| {
            let message = format!(
                "The throttling threshold has been reached: \
                 policy user over ratelimit,limit:{limit},time:1 second"
            );
            gateway(429, "APIGW.0308", message).retryable(wait)
        };
        match &context.injected {
            Some(InjectedError::Throttle(wait)) => Err(rate_limited(*wait)),
            Some(InjectedError::Code(code, status)) => Err(ErrorResponse::injected(
                status.unwrap_or(status_of(code)),
                code,
            )),
            None if context.rate_limits => self
                .rate_limiter
                .try_acquire(context.now)
                .map_err(|_| rate_limited(None)),
            None => Ok(()),
        }
    }
}

impl Handler for Huawei {
    fn target(&self, request: &Request) -> Target {
        let operation = match request.route(&self.shared.prefix) {
            Some(TAGS) => LIST_TAGS,
            Some(TOKENS) => CREATE_TOKEN,
            _ => UNKNOWN,
        };
        Target {
            provider: Provider::Huawei,
            service: "bss",
            operation,
            page: Query::parse(&request.body).map_or(1, |query| query.page()),
            fingerprint: request.fingerprint(""),
        }
    }

    fn handle(&self, request: &Request, context: &RequestContext) -> Response {
        let id = self.shared.seed.uuid(Stream::RequestId, context.id);
        let id = id.replace('-', "");
        let mut headers = vec![
            ("content-type", "application/json;charset=UTF-8".to_owned()),
            ("x-request-id", id.clone()),
        ];
        if request.route(&self.shared.prefix) == Some(TOKENS) {
            headers.push(("x-iam-trace-id", id.clone()));
        }
        match self.run(request, context) {
            Ok(success) => {
                headers.extend(success.token.map(|token| ("x-subject-token", token)));
                Response::success(success.status, headers, success.body)
            }
            Err(error) => {
                headers.extend(error.retry_after_header());
                let body = error_body(&error, &id);
                Response::error(error, headers, body)
            }
        }
    }
}
