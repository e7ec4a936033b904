//! Tencent Cloud: both versions of its signature, and `QueryCustomersCredit` of both products.

mod checks;
mod errors;
mod parameters;
mod product;
mod query_customers_credit;
mod signed_request;
mod tc3;
mod v1;

use std::sync::Arc;

pub(crate) use query_customers_credit::{uin, verdict};

use crate::credentials::Key;
use crate::handler::{Handler, InjectedError, RequestContext};
use crate::json::{object, string};
use crate::provider::Provider;
use crate::rate_limit::RateLimiter;
use crate::request::{Request, Target, UNKNOWN};
use crate::response::{ErrorResponse, Response};
use crate::seed::Stream;
use crate::state::SharedState;

use errors::{error, rate_limited, signature_failure};
use product::{OPERATION, PRODUCTS};
use query_customers_credit::Query;
use signed_request::SignedRequest;

#[derive(Debug)]
pub(crate) struct Tencent {
    shared: Arc<SharedState>,
    keys: Vec<Key>,
    /// One for each of the [`PRODUCTS`].
    rate_limiters: [RateLimiter; PRODUCTS.len()],
}

impl Tencent {
    pub(crate) fn new(shared: Arc<SharedState>, keys: Vec<Key>, rate: Option<u32>) -> Self {
        let rate_limiters = PRODUCTS
            .each_ref()
            .map(|product| RateLimiter::new(rate.unwrap_or(product.per_second)));
        Self {
            shared,
            keys,
            rate_limiters,
        }
    }

    fn run(&self, request: &Request, context: &RequestContext) -> Result<String, ErrorResponse> {
        if !matches!(request.method.as_str(), "POST" | "GET")
            || request.route(&self.shared.prefix) != Some("/")
        {
            let message = "Only POST and GET of `/` are supported.";
            return Err(error("UnsupportedProtocol", message).unauthenticated());
        }
        let signed = SignedRequest::parse(request).map_err(ErrorResponse::unauthenticated)?;
        let service = signed.verify(request, &self.keys, context.now)?;
        let version = signed.required(request, "Version")?;
        let action = signed.required(request, "Action")?;
        let mut products = PRODUCTS.iter().zip(&self.rate_limiters);
        let Some((product, limiter)) = products.find(|(product, _)| product.version == version)
        else {
            return Err(error("NoSuchVersion", "The API version is invalid."));
        };
        if service.is_some_and(|service| service != product.service) {
            return Err(signature_failure(
                "The credential scope names another service than the version belongs to.",
            ));
        }
        if action != OPERATION {
            return Err(error("InvalidAction", "The requested API does not exist."));
        }
        admit(limiter, context)?;
        let query = Query::parse(&signed.parameters(request)?, product)?;
        Ok(query.execute(self.shared.seed, context.customers, product))
    }
}

/// Returns the injected error, or applies the rate limit.
fn admit(limiter: &RateLimiter, context: &RequestContext) -> Result<(), ErrorResponse> {
    let limit = limiter.per_second;
    match &context.injected {
        Some(InjectedError::Throttle(wait)) => {
            Err(rate_limited(limit.saturating_add(1), limit, *wait))
        }
        Some(InjectedError::Code(code, status)) => {
            Err(ErrorResponse::injected(status.unwrap_or(200), code))
        }
        None if context.rate_limits => limiter
            .try_acquire(context.now)
            .map_err(|count| rate_limited(count, limit, None)),
        None => Ok(()),
    }
}

impl Handler for Tencent {
    fn target(&self, request: &Request) -> Target {
        let signed = SignedRequest::parse(request).ok();
        let common = |name| signed.as_ref()?.common(request, name);
        let version = common("Version").unwrap_or_default();
        let known = common("Action") == Some(OPERATION);
        let product = PRODUCTS.iter().find(|product| product.version == version);
        let page = signed
            .as_ref()
            .and_then(|signed| signed.parameters(request).ok())
            .and_then(|parameters| parameters.get("Page")?.int())
            .and_then(|page| u64::try_from(page).ok())
            .unwrap_or(1);
        Target {
            provider: Provider::Tencent,
            service: product.map_or(UNKNOWN, |product| product.service),
            operation: if known { OPERATION } else { UNKNOWN },
            page,
            fingerprint: match &signed {
                Some(signed) => signed.fingerprint(request, version),
                None => request.fingerprint(version),
            },
        }
    }

    fn handle(&self, request: &Request, context: &RequestContext) -> Response {
        let id = self.shared.seed.uuid(Stream::RequestId, context.id);
        let id = string(&id);
        let body = |members: &str| format!("{{\"Response\":{{{members},\"RequestId\":{id}}}}}");
        // The vendor's SDK recognizes an error only under exactly this content type.
        let mut headers = vec![("content-type", "application/json".to_owned())];
        match self.run(request, context) {
            Ok(members) => Response::success(200, headers, body(&members)),
            Err(error) => {
                headers.extend(error.retry_after_header());
                let member = object([
                    ("Code", string(&error.code)),
                    ("Message", string(&error.message)),
                ]);
                let body = body(&format!("\"Error\":{member}"));
                Response::error(error, headers, body)
            }
        }
    }
}
