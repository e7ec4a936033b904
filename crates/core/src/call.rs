//! The one loop that every call goes through.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::activity::Log;
use crate::attempt_error::{AttemptError, Outcome, Passing};
use crate::classify::{Exchange, PayloadSpan, attempt_error, is_retryable, locate_payload};
use crate::clock::{Clock, Random, fraction};
use crate::clock_skew::{ClockReading, ClockSkew, Timing};
use crate::credentials::Credentials;
use crate::credentials_cache::{CredentialsCache, Moment};
use crate::encode::Encoded;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};
use crate::operation::{OperationInfo, RateLimit};
use crate::provider::{Limits, Provider, RawResponse, SigningContext};
use crate::rate_limit::{Permit, RateLimiter};
use crate::request::Request;
use crate::retry::{self, Attempt, Pause, Policy, Price, Tried};
use crate::retry_budget::Budget;
use crate::scrub::{redactions, with_remark};
use crate::sign;
use crate::transport::Transport;

/// The state that the clones of a client share.
pub(crate) struct Shared<P> {
    pub(crate) provider: P,
    pub(crate) transport: Transport,
    pub(crate) source: CredentialsCache,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) budget: Budget,
    pub(crate) rate_limiter: RateLimiter,
    pub(crate) skew: ClockSkew,
    pub(crate) endpoint: Option<Arc<Endpoint>>,
    pub(crate) policy: Policy,
    pub(crate) limits: Limits,
    pub(crate) rate: Rate,
    pub(crate) log: Arc<Log>,
}

impl<P> Shared<P> {
    /// The rate limit of an operation's calls.
    pub(crate) fn rate_of(&self, info: &OperationInfo) -> Option<RateLimit> {
        match self.rate {
            Rate::Documented => info.rate,
            Rate::Fixed(rate) => Some(rate),
            Rate::Unlimited => None,
        }
    }
}

/// The rate limit that a client keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rate {
    /// The documented limit of each operation; no limit where none is documented.
    Documented,
    /// The caller's limit, for every operation.
    Fixed(RateLimit),
    /// No limit.
    Unlimited,
}

/// A successful call whose payload is not decoded yet.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) answer: RawResponse,
    pub(crate) payload: PayloadSpan,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: u32,
    /// The duration of the attempt that succeeded.
    pub(crate) round_trip: Duration,
}

impl<P: Provider> Shared<P> {
    /// Makes attempts until one succeeds, no retry is allowed, or the deadline leaves no time for one.
    pub(crate) async fn call(
        &self,
        info: &OperationInfo,
        encoded: &Encoded,
        time_limit: Duration,
    ) -> Result<Done, Error> {
        self.transport
            .enter()
            .map_err(|error| self.error(info, error, 0))?;
        let deadline = self.clock.elapsed().saturating_add(time_limit);
        let mut tried = Tried::default();
        let mut earlier: Vec<String> = Vec::new();
        // The error of the previous attempt in full. `earlier` has the older ones as one-word summaries,
        // because messages of providers can be long.
        let mut previous: Option<AttemptError> = None;
        let mut may_have_run = false;
        let mut next = Attempt::first(info);
        loop {
            let result = self.attempt(info, encoded, deadline, &mut next).await;
            if let Some(current) = next.current.take() {
                current.ended(result.as_ref().map_or_else(|e| e.may_have_run, |_| true));
            }
            let Attempt { sent, paid, .. } = next;
            tried.attempts += u32::from(sent);
            let error = match result {
                Ok(mut done) => {
                    done.attempts = tried.attempts;
                    self.budget.success(paid);
                    tracing::debug!(
                        provider = P::NAME,
                        operation = info.name,
                        attempts = tried.attempts,
                        status = done.answer.status(),
                        "call succeeded"
                    );
                    return Ok(done);
                }
                Err(error) => error,
            };
            may_have_run |= error.may_have_run;
            tracing::debug!(
                provider = P::NAME,
                operation = info.name,
                attempt = tried.attempts,
                kind = %error.kind,
                code = error.code.as_deref(),
                status = error.status,
                "attempt failed"
            );
            // If the deadline left no time for this attempt, report the previous error: it says more than
            // "timed out".
            let (error, mut given_up) = match previous.take() {
                Some(previous) if !sent && error.kind == ErrorKind::Timeout => {
                    (previous, Some(NO_TIME))
                }
                previous => {
                    earlier.extend(previous.as_ref().map(AttemptError::brief));
                    (error, None)
                }
            };
            let pause = if sent {
                retry::decide(error.outcome, info, tried, &self.policy)
            } else {
                None
            };
            let price = pause.and_then(|pause| {
                self.pay(pause, tried.attempts, error.hint, deadline)
                    .map_err(|reason| given_up = Some(reason))
                    .ok()
            });
            let Some(price) = price else {
                return Err(self.error(info, error, tried.attempts).with(|parts| {
                    if let Some(reason) = given_up {
                        parts.message = with_remark(&parts.message, reason);
                    }
                    parts.earlier = earlier;
                    parts.may_have_run = may_have_run;
                    parts.retryable &= !may_have_run || info.repeatable();
                }));
            };
            match error.outcome {
                Outcome::Refused(Passing::Clock { .. }) => tried.clock = true,
                Outcome::Refused(Passing::Nonce) => tried.nonce = true,
                Outcome::Refused(Passing::Token { .. }) => tried.token = true,
                _ => {}
            }
            self.clock.sleep(price.wait).await;
            next = Attempt::after(info, &error, price, tried);
            previous = Some(error);
        }
    }

    /// Makes one attempt, with a signature of its own.
    async fn attempt(
        &self,
        info: &OperationInfo,
        encoded: &Encoded,
        deadline: Duration,
        this: &mut Attempt<'_>,
    ) -> Result<Done, AttemptError> {
        let permit = self.wait_for_permit(info, deadline).await?;
        let credentials = self.credentials(deadline).await?;
        let skew = self.skew.correction();
        let request = self.sign(info, encoded, &credentials, skew)?;
        let message = self.transport.message(&request, this.connection)?;
        let limit = self.limits.attempt.min(self.left(deadline));
        if limit.is_zero() {
            return Err(AttemptError::new(
                Outcome::NotSent,
                ErrorKind::Timeout,
                "the deadline of the call has passed",
            ));
        }
        // From here on the price and the permit are used: the request may be under way.
        this.sent = true;
        this.paid = this.price.take().map(Price::spend);
        if let Some(permit) = permit {
            permit.used();
        }
        this.current = Some(self.log.attempt(message.left()));
        let sent_at = self.clock.elapsed();
        let response = self.transport.send(message, limit).await?;
        let round_trip = self.clock.elapsed().saturating_sub(sent_at);
        let now = self.read_clock();
        let measured = ClockSkew::measure(&response, now.utc, round_trip);
        self.skew.learn(measured, now);
        let exchange = Exchange {
            info,
            response: &response,
            request_id_headers: P::REQUEST_ID_HEADERS,
            redactions: &redactions(encoded, info, &request, &credentials),
        };
        match locate_payload(&self.provider, &response, info) {
            Ok((payload, request_id)) => Ok(Done {
                request_id: exchange.request_id(request_id),
                answer: response,
                payload,
                attempts: 0,
                round_trip,
            }),
            Err(error) => {
                let timing = Timing {
                    used: skew,
                    measured,
                    now,
                    corrected_before: this.after_clock,
                };
                Err(attempt_error(
                    error,
                    &exchange,
                    self.now(),
                    || self.skew.refused(timing),
                    || self.source.refused(&credentials),
                ))
            }
        }
    }

    fn left(&self, deadline: Duration) -> Duration {
        deadline.saturating_sub(self.clock.elapsed())
    }

    fn read_clock(&self) -> ClockReading {
        ClockReading {
            utc: self.clock.utc(),
            elapsed: self.clock.elapsed(),
        }
    }

    /// The time by which the expiry of credentials is judged.
    fn moment(&self) -> Moment {
        let now = self.read_clock();
        Moment {
            own: now.utc,
            corrected: self.now(),
            confirmed: self.skew.is_confirmed(now),
            elapsed: now.elapsed,
        }
    }

    /// The time of day with the learnt correction: the best guess of the provider's clock.
    fn now(&self) -> OffsetDateTime {
        self.clock
            .utc()
            .checked_add(self.skew.correction())
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    async fn wait_for_permit(
        &self,
        info: &OperationInfo,
        deadline: Duration,
    ) -> Result<Option<Permit<'_>>, AttemptError> {
        let Some(rate) = self.rate_of(info) else {
            return Ok(None);
        };
        let permit = self
            .rate_limiter
            .take(info, rate, &*self.clock, self.left(deadline))
            .map_err(|wait| {
                AttemptError::new(
                    Outcome::NotSent,
                    ErrorKind::Timeout,
                    format!(
                        "the rate limit requires a wait of {} ms, past the deadline of the call",
                        wait.as_millis()
                    ),
                )
            })?;
        permit.wait_until_due().await;
        Ok(Some(permit))
    }

    async fn credentials(&self, deadline: Duration) -> Result<Credentials, AttemptError> {
        let credentials = self.source.get(|| self.moment());
        match tokio::time::timeout(self.left(deadline), credentials).await {
            Ok(credentials) => Ok(credentials?),
            Err(_) => Err(AttemptError::local(
                ErrorKind::Credentials,
                "the credentials source did not respond before the deadline of the call",
            )),
        }
    }

    fn sign(
        &self,
        info: &OperationInfo,
        encoded: &Encoded,
        credentials: &Credentials,
        skew: time::Duration,
    ) -> Result<Request, AttemptError> {
        let endpoint = match &self.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => {
                let host = self.provider.host(info.service);
                let endpoint = Endpoint::of_host(&host)
                    .map_err(|error| AttemptError::local(error.kind(), error.message()))?;
                Arc::new(endpoint)
            }
        };
        let mut request = Request::new(
            info.method,
            endpoint,
            &encoded.path,
            encoded.query.clone(),
            encoded.body.clone(),
        );
        for (name, value) in &encoded.headers {
            request.insert(name.clone(), value.clone());
        }
        let mut nonce = [0; 16];
        self.random.fill(&mut nonce).map_err(|_| {
            AttemptError::local(
                ErrorKind::Config,
                "the operating system provides no random numbers",
            )
        })?;
        let time = self
            .clock
            .utc()
            .checked_add(skew)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let context = SigningContext {
            time,
            nonce: sign::hex(&nonce),
        };
        self.provider
            .sign(&mut request, info, credentials, &context)?;
        request.insert("accept", "application/json");
        request.insert(
            "user-agent",
            concat!("standing/", env!("CARGO_PKG_VERSION")),
        );
        Ok(request)
    }

    /// Pays for a retry and computes the pause before it.
    ///
    /// # Errors
    ///
    /// The reason for which there is no retry: the pause ends past the deadline, or the budget is spent.
    fn pay(
        &self,
        pause: Pause,
        attempts: u32,
        hint: Option<Duration>,
        deadline: Duration,
    ) -> Result<Price<'_>, &'static str> {
        // Without random numbers the next attempt fails too, so the length of the pause does not matter.
        let fraction = fraction(&*self.random).unwrap_or(1.0);
        let wait = retry::delay(pause, attempts, fraction, hint);
        if wait >= self.left(deadline) {
            return Err(NO_TIME);
        }
        let tokens = self
            .budget
            .pay(pause.price())
            .ok_or("the retry budget is spent")?;
        Ok(Price {
            budget: &self.budget,
            tokens,
            wait,
        })
    }

    fn error(&self, info: &OperationInfo, error: AttemptError, attempts: u32) -> Error {
        let retryable = is_retryable(error.outcome, info);
        Error::new(error.kind, error.message).with(|parts| {
            parts.provider = P::NAME;
            parts.operation = info.name.into();
            parts.code = error.code;
            parts.full_message = error.full_message;
            parts.request_id = error.request_id;
            parts.status = error.status;
            parts.attempts = attempts;
            parts.retryable = retryable;
            parts.may_have_run = error.may_have_run;
        })
    }
}

/// The remark on an error whose call has too little time left for a retry.
const NO_TIME: &str = "the deadline left no time for a retry";
