//! The loop that every call goes through: attempts, and the pauses between them.
//!
//! [`CallLoop::call`] decides after each attempt whether there is another one. An attempt is prepared
//! (permit, credentials, signature) before it counts, then sent; its response is classified, and
//! corrects what the client knows about the clock and the credentials.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::activity::ActivityTracker;
use crate::attempt_error::{AttemptError, Outcome, Rejection};
use crate::classify::{PayloadSpan, ResponseContext, classify, locate_payload};
use crate::clock::{Clock, Random, fraction};
use crate::clock_skew::{ClockReading, ClockSkew, RejectedTime};
use crate::credentials::Credentials;
use crate::credentials_cache::{CorrectedReading, CredentialsCache};
use crate::encode::Encoded;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};
use crate::operation::OperationInfo;
use crate::provider::{Provider, RawResponse, SigningContext, Timeouts};
use crate::rate_limit::{Permit, RateLimiter, RatePolicy};
use crate::request::Request;
use crate::retry::{self, Policy, RetryState};
use crate::retry_budget::{Budget, Payment};
use crate::scrub::{redactions, with_remark};
use crate::sign;
use crate::transport::{Connection, PreparedRequest, Transport};

/// Makes the calls of a client and its clones, which share its state.
pub(crate) struct CallLoop<P> {
    pub(crate) provider: P,
    pub(crate) transport: Transport,
    pub(crate) credentials: CredentialsCache,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) budget: Budget,
    pub(crate) rate_limiter: RateLimiter,
    pub(crate) skew: ClockSkew,
    pub(crate) endpoint: Option<Arc<Endpoint>>,
    pub(crate) policy: Policy,
    pub(crate) timeouts: Timeouts,
    pub(crate) rate: RatePolicy,
    pub(crate) activity: Arc<ActivityTracker>,
}

/// The response of a successful attempt, with its payload not decoded yet.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) response: RawResponse,
    pub(crate) payload: PayloadSpan,
    pub(crate) request_id: Option<String>,
    /// The duration of the attempt that succeeded.
    pub(crate) round_trip: Duration,
}

/// What all attempts of a call have in common.
struct Call<'c> {
    info: &'c OperationInfo,
    encoded: &'c Encoded,
    /// The end of the call, on the monotonic clock.
    deadline: Duration,
}

/// How to make an attempt.
struct Plan<'b> {
    connection: Connection,
    /// The payment for a retry. If the attempt does not start, it is refunded.
    payment: Option<Payment<'b>>,
    /// Whether an earlier attempt of the call was rejected for its time.
    clock_retried: bool,
}

/// An attempt that is ready to be sent.
struct Prepared<'p> {
    permit: Option<Permit<'p>>,
    signed: Signed,
    outgoing: PreparedRequest,
    timeout: Duration,
}

/// A signed request, and what it is signed with.
struct Signed {
    request: Request,
    credentials: Credentials,
    /// The correction of the clock.
    correction: time::Duration,
}

/// An attempt that has ended.
struct Ended {
    result: Result<Received, AttemptError>,
    /// Whether the request was given to the transport, so that the attempt counts.
    started: bool,
    /// The tokens that a retry cost.
    paid: Option<u32>,
}

/// What is known of the failed attempts of a call.
#[derive(Default)]
struct Failures {
    /// The error of the previous attempt, in full.
    previous: Option<AttemptError>,
    /// The errors before it as one-word summaries, because messages of providers can be long.
    earlier: Vec<String>,
    /// Whether any of the attempts may have run.
    may_have_run: bool,
}

impl Failures {
    /// Takes in the error of an attempt. Returns the error that the call has if it ends now, and a
    /// remark on it.
    fn report(
        &mut self,
        error: AttemptError,
        started: bool,
    ) -> (AttemptError, Option<&'static str>) {
        self.may_have_run |= error.may_have_run;
        match self.previous.take() {
            // If the deadline left no time for this attempt, report the previous error: it says more
            // than "timed out".
            Some(previous) if !started && error.kind == ErrorKind::Timeout => {
                (previous, Some(NO_TIME))
            }
            previous => {
                self.earlier
                    .extend(previous.as_ref().map(AttemptError::brief));
                (error, None)
            }
        }
    }
}

impl<P: Provider> CallLoop<P> {
    /// Makes attempts until one succeeds, no retry is allowed, or the deadline leaves no time for one.
    /// Returns the response and the number of attempts.
    pub(crate) async fn call(
        &self,
        info: &OperationInfo,
        encoded: &Encoded,
        time_limit: Duration,
    ) -> Result<(Received, u32), Error> {
        self.transport
            .check_runtime()
            .map_err(|error| self.error(info, error, 0))?;
        let call = Call {
            info,
            encoded,
            deadline: self.clock.elapsed().saturating_add(time_limit),
        };
        let mut state = RetryState::default();
        let mut failures = Failures::default();
        let mut plan = Plan {
            connection: retry::first_connection(info),
            payment: None,
            clock_retried: false,
        };
        loop {
            let Ended {
                result,
                started,
                paid,
            } = self.attempt(&call, plan).await;
            state.attempts += u32::from(started);
            trace(P::NAME, info, state.attempts, &result);
            let error = match result {
                Ok(received) => {
                    self.budget.success(paid);
                    return Ok((received, state.attempts));
                }
                Err(error) => error,
            };
            let (error, remark) = failures.report(error, started);
            let retry = if started {
                self.wait_for_retry(&call, &error, &mut state).await
            } else {
                // The permit, the credentials, the signature or the remaining time is missing, and a
                // further attempt of this call would lack it too.
                Err(remark)
            };
            match retry {
                Ok(next) => plan = next,
                Err(remark) => {
                    return Err(self.error_of_call(info, error, failures, state.attempts, remark));
                }
            }
            failures.previous = Some(error);
        }
    }

    /// Makes one attempt, with a signature of its own.
    async fn attempt(&self, call: &Call<'_>, plan: Plan<'_>) -> Ended {
        let prepared = match self.prepare(call, plan.connection).await {
            Ok(prepared) => prepared,
            Err(error) => {
                return Ended {
                    result: Err(error),
                    started: false,
                    paid: None,
                };
            }
        };
        let Prepared {
            permit,
            signed,
            outgoing,
            timeout,
        } = prepared;
        // From here on the payment and the permit are used: the request may be under way.
        let paid = plan.payment.map(Payment::spend);
        if let Some(permit) = permit {
            permit.mark_used();
        }
        let activity = self.activity.start_attempt(outgoing.sent());
        let result = self
            .send(call, &signed, outgoing, timeout, plan.clock_retried)
            .await;
        activity.end(result.as_ref().map_or_else(|e| e.may_have_run, |_| true));
        Ended {
            result,
            started: true,
            paid,
        }
    }

    /// Does what an attempt needs before it counts: waits for a permit and the credentials, and signs.
    async fn prepare(
        &self,
        call: &Call<'_>,
        connection: Connection,
    ) -> Result<Prepared<'_>, AttemptError> {
        let permit = self.wait_for_permit(call).await?;
        let credentials = self.current_credentials(call.deadline).await?;
        let correction = self.skew.correction();
        let request = self.signed_request(call, &credentials, correction)?;
        let outgoing = self.transport.prepare(&request, connection)?;
        let timeout = self.timeouts.attempt.min(self.time_left(call.deadline));
        if timeout.is_zero() {
            return Err(AttemptError::new(
                Outcome::NotSent,
                ErrorKind::Timeout,
                "the deadline of the call has passed",
            ));
        }
        Ok(Prepared {
            permit,
            signed: Signed {
                request,
                credentials,
                correction,
            },
            outgoing,
            timeout,
        })
    }

    /// Sends a request, lets the client learn from the response, and finds the payload in it.
    async fn send(
        &self,
        call: &Call<'_>,
        signed: &Signed,
        outgoing: PreparedRequest,
        timeout: Duration,
        clock_retried: bool,
    ) -> Result<Received, AttemptError> {
        let sent_at = self.clock.elapsed();
        let response = self.transport.send(outgoing, timeout).await?;
        let round_trip = self.clock.elapsed().saturating_sub(sent_at);
        let now = self.read_clock();
        let measured = ClockSkew::measure(&response, now.utc, round_trip);
        self.skew.learn(measured, now);
        let context = ResponseContext {
            info: call.info,
            response: &response,
            request_id_headers: P::REQUEST_ID_HEADERS,
            redactions: &redactions(
                call.encoded,
                call.info,
                &signed.request,
                &signed.credentials,
            ),
        };
        match locate_payload(&self.provider, &response, call.info) {
            Ok((payload, request_id)) => Ok(Received {
                request_id: context.request_id(request_id),
                response,
                payload,
                round_trip,
            }),
            Err(error) => {
                let mut error = classify(&self.provider, error, &context, self.corrected_utc());
                let time = RejectedTime {
                    used: signed.correction,
                    measured,
                    now,
                    clock_retried,
                };
                self.learn_from(&mut error, time, &signed.credentials);
                Err(error)
            }
        }
    }

    /// Corrects what the client knows about the clock and the credentials after the provider rejected
    /// them, and records in the error whether a retry would use better ones.
    fn learn_from(&self, error: &mut AttemptError, time: RejectedTime, credentials: &Credentials) {
        match error.kind {
            ErrorKind::Clock => {
                let known = self.skew.learn_from_rejection(time);
                if let Outcome::Rejected(Rejection::Clock { corrected }) = &mut error.outcome {
                    *corrected = known;
                }
            }
            // Credentials that the provider rejected for any reason are dropped: the source may have
            // others by now, and the next call asks it.
            ErrorKind::Auth => {
                let replaceable = self.credentials.invalidate(credentials);
                if let Outcome::Rejected(Rejection::TokenExpired { renewable }) = &mut error.outcome
                {
                    *renewable = replaceable;
                }
            }
            _ => {}
        }
    }

    /// Decides whether the call is retried after an error, pays for the retry, and waits for the pause
    /// before it.
    ///
    /// # Errors
    ///
    /// There is no retry, with a remark if one would be allowed: the pause ends past the deadline, or
    /// the budget is spent.
    async fn wait_for_retry(
        &self,
        call: &Call<'_>,
        error: &AttemptError,
        state: &mut RetryState,
    ) -> Result<Plan<'_>, Option<&'static str>> {
        let reason =
            retry::retry_reason(error.outcome, call.info, *state, &self.policy).ok_or(None)?;
        // Without random numbers the next attempt fails too, so the length of the pause does not matter.
        let fraction = fraction(&*self.random).unwrap_or(1.0);
        let pause = retry::pause(reason, state.attempts, fraction, error.retry_after);
        if pause >= self.time_left(call.deadline) {
            return Err(Some(NO_TIME));
        }
        let payment = self
            .budget
            .pay(reason.cost())
            .ok_or(Some("the retry budget is spent"))?;
        state.record(error.outcome);
        self.clock.sleep(pause).await;
        Ok(Plan {
            connection: retry::next_connection(call.info, error.kind),
            payment: Some(payment),
            clock_retried: state.clock_retried,
        })
    }

    /// The time until a deadline.
    fn time_left(&self, deadline: Duration) -> Duration {
        deadline.saturating_sub(self.clock.elapsed())
    }

    /// Reads this machine's clocks, without a correction.
    fn read_clock(&self) -> ClockReading {
        ClockReading {
            utc: self.clock.utc(),
            elapsed: self.clock.elapsed(),
        }
    }

    /// Reads this machine's clocks, and what is known about their error.
    fn read_corrected_clock(&self) -> CorrectedReading {
        let own = self.read_clock();
        CorrectedReading {
            own,
            corrected_utc: self.corrected_utc(),
            confirmed: self.skew.is_confirmed(own),
        }
    }

    /// The time of day with the learnt correction: the best guess of the provider's clock.
    fn corrected_utc(&self) -> OffsetDateTime {
        self.utc_with(self.skew.correction())
    }

    /// The time of day with a correction. If this machine's clock is so wrong that the sum has no date,
    /// it is 1970: the request is sent all the same, because only a response can correct the clock.
    fn utc_with(&self, correction: time::Duration) -> OffsetDateTime {
        self.clock
            .utc()
            .checked_add(correction)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    async fn wait_for_permit(&self, call: &Call<'_>) -> Result<Option<Permit<'_>>, AttemptError> {
        let Some(limit) = self.rate.limit(call.info) else {
            return Ok(None);
        };
        let permit = self
            .rate_limiter
            .acquire(
                call.info,
                limit,
                &*self.clock,
                self.time_left(call.deadline),
            )
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

    async fn current_credentials(&self, deadline: Duration) -> Result<Credentials, AttemptError> {
        let credentials = self.credentials.get(|| self.read_corrected_clock());
        match tokio::time::timeout(self.time_left(deadline), credentials).await {
            Ok(credentials) => Ok(credentials?),
            Err(_) => Err(AttemptError::local(
                ErrorKind::Credentials,
                "the credentials source did not respond before the deadline of the call",
            )),
        }
    }

    /// Builds the request of an attempt and signs it with a nonce of its own.
    fn signed_request(
        &self,
        Call { info, encoded, .. }: &Call<'_>,
        credentials: &Credentials,
        correction: time::Duration,
    ) -> Result<Request, AttemptError> {
        let mut request = Request::new(
            info.method,
            self.endpoint(info)?,
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
        let context = SigningContext {
            time: self.utc_with(correction),
            nonce: sign::hex(&nonce),
        };
        self.provider
            .sign(&mut request, info, credentials, &context)?;
        // Not signed, because a proxy that rewrites `user-agent` would break the signature.
        request.insert("accept", "application/json");
        request.insert(
            "user-agent",
            concat!("standing/", env!("CARGO_PKG_VERSION")),
        );
        Ok(request)
    }

    /// The caller's endpoint, or else the host of the operation's service.
    fn endpoint(&self, info: &OperationInfo) -> Result<Arc<Endpoint>, AttemptError> {
        match &self.endpoint {
            Some(endpoint) => Ok(endpoint.clone()),
            None => Endpoint::of_host(&self.provider.host(info.service))
                .map(Arc::new)
                .map_err(|error| AttemptError::local(error.kind(), error.message())),
        }
    }

    /// The error of a call that ends with the error of an attempt.
    fn error_of_call(
        &self,
        info: &OperationInfo,
        error: AttemptError,
        failures: Failures,
        attempts: u32,
        remark: Option<&'static str>,
    ) -> Error {
        self.error(info, error, attempts).with(|parts| {
            if let Some(remark) = remark {
                parts.message = with_remark(&parts.message, remark);
            }
            parts.earlier_attempts = failures.earlier;
            parts.may_have_run = failures.may_have_run;
            // The last attempt alone may be safe to repeat, but an earlier one may have run.
            parts.retryable &= !failures.may_have_run || info.repeatable();
        })
    }

    fn error(&self, info: &OperationInfo, error: AttemptError, attempts: u32) -> Error {
        let retryable = retry::is_retryable(error.outcome, info);
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

/// Logs how an attempt ended.
fn trace(
    provider: &str,
    info: &OperationInfo,
    attempts: u32,
    result: &Result<Received, AttemptError>,
) {
    match result {
        Ok(received) => tracing::debug!(
            provider,
            operation = info.name,
            attempts,
            status = received.response.status(),
            "call succeeded"
        ),
        Err(error) => tracing::debug!(
            provider,
            operation = info.name,
            attempt = attempts,
            kind = %error.kind,
            code = error.code.as_deref(),
            status = error.status,
            "attempt failed"
        ),
    }
}

/// The remark on an error whose call has too little time left for a retry.
const NO_TIME: &str = "the deadline left no time for a retry";
