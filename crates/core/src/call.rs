//! The one loop that every call goes through.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::activity::Log;
use crate::attempt_error::{AttemptError, Outcome, Passing};
use crate::classify::{
    PayloadSpan, by_code, by_status, is_complete, no_value, opened, retryable, status_tells_nothing,
};
use crate::clock::{Clock, Random, fraction};
use crate::clock_skew::{ClockSkew, Instant, Timing};
use crate::credentials::Credentials;
use crate::credentials_cache::{CredentialsCache, Moment};
use crate::encode::Encoded;
use crate::error::{Error, ErrorKind};
use crate::operation::{CodeKind, OperationInfo, RateLimit};
use crate::provider::{Limits, Provider, RawResponse, ResponseError, ServiceError, SigningContext};
use crate::rate_limit::{Permit, RateLimiter};
use crate::request::{Endpoint, Request};
use crate::retry::{self, Attempt, Pause, Policy, Price, Tried, retry_after};
use crate::retry_budget::Budget;
use crate::scrub::{Secret, bounded, noted, secrets, short, shown, shown_id};
use crate::sign;
use crate::transport::Transport;

/// What the clones of a client share.
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
    /// The rate that calls of an operation keep to.
    pub(crate) fn rate_of(&self, info: &OperationInfo) -> Option<RateLimit> {
        match self.rate {
            Rate::Documented => info.rate,
            Rate::Fixed(rate) => Some(rate),
            Rate::Unlimited => None,
        }
    }
}

/// Which rate is kept to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rate {
    /// The documented one, where there is one.
    Documented,
    /// The caller's.
    Fixed(RateLimit),
    /// None.
    Unlimited,
}

/// A successful call, its payload not yet decoded.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) answer: RawResponse,
    pub(crate) payload: PayloadSpan,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: u32,
    /// How long the attempt took that succeeded.
    pub(crate) round_trip: Duration,
}

impl<P: Provider> Shared<P> {
    /// Makes the call: attempts until one succeeds, none may follow, or the time is up.
    pub(crate) async fn call(
        &self,
        info: &OperationInfo,
        encoded: &Encoded,
        time: Duration,
    ) -> Result<Done, Error> {
        self.transport
            .enter()
            .map_err(|broken| self.error(info, broken, 0))?;
        let end = self.clock.elapsed().saturating_add(time);
        let mut tried = Tried::default();
        let mut earlier: Vec<String> = Vec::new();
        // How the attempt before failed: of those before that a word is enough, for what providers say
        // may be long.
        let mut before: Option<AttemptError> = None;
        let mut may_have_run = false;
        let mut next = Attempt::first(info);
        loop {
            let outcome = self.attempt(info, encoded, end, &mut next).await;
            if let Some(current) = next.current.take() {
                current.ended(outcome.as_ref().map_or_else(|f| f.may_have_run, |_| true));
            }
            let Attempt { sent, paid, .. } = next;
            tried.attempts += u32::from(sent);
            let failure = match outcome {
                Ok(mut done) => {
                    done.attempts = tried.attempts;
                    self.budget.success(paid);
                    tracing::debug!(
                        provider = P::NAME,
                        operation = info.name,
                        attempts = tried.attempts,
                        status = done.answer.status(),
                        "answered"
                    );
                    return Ok(done);
                }
                Err(failure) => failure,
            };
            may_have_run |= failure.may_have_run;
            tracing::debug!(
                provider = P::NAME,
                operation = info.name,
                attempt = tried.attempts,
                kind = %failure.kind,
                code = failure.code.as_deref(),
                status = failure.status,
                "failed"
            );
            // If the deadline left no time for this attempt, report how the one before failed: it says
            // more.
            let (failure, mut given_up) = match before.take() {
                Some(before) if !sent && failure.kind == ErrorKind::Timeout => {
                    (before, Some(NO_TIME))
                }
                before => {
                    earlier.extend(before.as_ref().map(AttemptError::brief));
                    (failure, None)
                }
            };
            let again = if sent {
                retry::decide(failure.outcome, info, tried, &self.policy)
            } else {
                None
            };
            let price = again.and_then(|pause| {
                self.pause(pause, tried.attempts, failure.hint, end)
                    .map_err(|why| given_up = Some(why))
                    .ok()
            });
            let Some(price) = price else {
                return Err(self.error(info, failure, tried.attempts).with(|parts| {
                    if let Some(why) = given_up {
                        parts.message = noted(&parts.message, why);
                    }
                    parts.earlier = earlier;
                    parts.may_have_run = may_have_run;
                    parts.retryable &= !may_have_run || info.repeatable();
                }));
            };
            match failure.outcome {
                Outcome::Refused(Passing::Clock { .. }) => tried.clock = true,
                Outcome::Refused(Passing::Nonce) => tried.nonce = true,
                Outcome::Refused(Passing::Token { .. }) => tried.token = true,
                _ => {}
            }
            self.clock.sleep(price.wait).await;
            next = Attempt::after(info, &failure, price, tried);
            before = Some(failure);
        }
    }

    /// One attempt, freshly signed.
    async fn attempt(
        &self,
        info: &OperationInfo,
        encoded: &Encoded,
        end: Duration,
        this: &mut Attempt<'_>,
    ) -> Result<Done, AttemptError> {
        let permit = self.wait_for_permit(info, end).await?;
        let key = self.key(end).await?;
        let skew = self.skew.get();
        let request = self.signed(info, encoded, &key, skew)?;
        let message = self.transport.message(&request, this.connection)?;
        let limit = self.limits.attempt.min(self.left(end));
        if limit.is_zero() {
            return Err(AttemptError {
                outcome: Outcome::NotSent,
                ..AttemptError::local(ErrorKind::Timeout, "the time for the call is up")
            });
        }
        // From here on nothing is given back: the request may be under way.
        this.sent = true;
        this.paid = this.price.take().map(Price::spend);
        if let Some(permit) = permit {
            permit.used();
        }
        this.current = Some(self.log.attempt(message.left()));
        let sent_at = self.clock.elapsed();
        let answer = self.transport.send(message, limit).await?;
        let round_trip = self.clock.elapsed().saturating_sub(sent_at);
        let now = self.instant();
        let told = ClockSkew::told(&answer, now.utc, round_trip);
        self.skew.learn(told, now);
        let secrets = secrets(encoded, info, &request, &key);
        let (payload, request_id) = match opened(&self.provider, &answer, info) {
            Ok(opened) => opened,
            Err(fault) => {
                let time = Timing {
                    used: skew,
                    told,
                    now,
                    again: this.after_clock,
                };
                return Err(self.judged(fault, &answer, info, time, &key, &secrets));
            }
        };
        Ok(Done {
            request_id: told_id::<P>(request_id, &answer, &secrets),
            answer,
            payload,
            attempts: 0,
            round_trip,
        })
    }

    fn left(&self, end: Duration) -> Duration {
        end.saturating_sub(self.clock.elapsed())
    }

    fn instant(&self) -> Instant {
        Instant {
            utc: self.clock.utc(),
            elapsed: self.clock.elapsed(),
        }
    }

    /// The time as keys are judged by it.
    fn moment(&self) -> Moment {
        let now = self.instant();
        Moment {
            own: now.utc,
            corrected: self.now(),
            confirmed: self.skew.is_confirmed(now),
            elapsed: now.elapsed,
        }
    }

    /// The time of day as the provider sees it, as far as is known.
    fn now(&self) -> OffsetDateTime {
        self.clock
            .utc()
            .checked_add(self.skew.get())
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    async fn wait_for_permit(
        &self,
        info: &OperationInfo,
        end: Duration,
    ) -> Result<Option<Permit<'_>>, AttemptError> {
        let Some(rate) = self.rate_of(info) else {
            return Ok(None);
        };
        let permit = self
            .rate_limiter
            .take(info, rate, &*self.clock, self.left(end))
            .map_err(|wait| AttemptError {
                outcome: Outcome::NotSent,
                ..AttemptError::local(
                    ErrorKind::Timeout,
                    format!(
                        "the rate leaves no slot for {} ms, longer than the call may take",
                        wait.as_millis()
                    ),
                )
            })?;
        permit.comes().await;
        Ok(Some(permit))
    }

    async fn key(&self, end: Duration) -> Result<Credentials, AttemptError> {
        let keys = self.source.get(|| self.moment());
        match tokio::time::timeout(self.left(end), keys).await {
            Ok(keys) => Ok(keys?),
            Err(_) => Err(AttemptError::local(
                ErrorKind::Credentials,
                "the keys were not provided in time",
            )),
        }
    }

    fn signed(
        &self,
        info: &OperationInfo,
        encoded: &Encoded,
        key: &Credentials,
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
            AttemptError::local(ErrorKind::Config, "the system has no random numbers")
        })?;
        let time = self
            .clock
            .utc()
            .checked_add(skew)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let stamp = SigningContext {
            time,
            nonce: sign::hex(&nonce),
        };
        self.provider.sign(&mut request, info, key, &stamp)?;
        request.insert("accept", "application/json");
        request.insert(
            "user-agent",
            concat!("standing/", env!("CARGO_PKG_VERSION")),
        );
        Ok(request)
    }

    fn judged(
        &self,
        fault: ResponseError,
        answer: &RawResponse,
        info: &OperationInfo,
        time: Timing,
        key: &Credentials,
        secrets: &[Secret],
    ) -> AttemptError {
        let status = answer.status();
        let request_id = match &fault {
            ResponseError::Refused(refusal) => refusal.request_id.clone(),
            ResponseError::Unreadable(_) => None,
        };
        let failure = AttemptError {
            status: Some(status),
            request_id: told_id::<P>(request_id, answer, secrets),
            ..AttemptError::local(ErrorKind::Decode, "")
        };
        let refusal = match fault {
            ResponseError::Refused(refusal) => *refusal,
            // Without any framing, a body that was cut looks like one that ended.
            ResponseError::Unreadable(_)
                if status_tells_nothing(answer, info) && !answer.framed && !is_complete(answer) =>
            {
                return AttemptError {
                    outcome: Outcome::Unknown,
                    kind: ErrorKind::Transport,
                    message: "the answer was cut short".to_owned(),
                    may_have_run: true,
                    ..failure
                };
            }
            ResponseError::Unreadable(problem) if answer.is_success() => {
                let content_type = answer.header("content-type").unwrap_or("not given");
                // Cut after scrubbing: half a secret is no secret that would be found.
                let content_type = bounded(content_type, 60, secrets);
                let message = format!("the answer {problem} (content type {content_type})");
                return AttemptError {
                    message,
                    may_have_run: true,
                    ..failure
                };
            }
            ResponseError::Unreadable(_) => ServiceError::default(),
        };
        let known = refusal
            .code
            .as_deref()
            .and_then(|code| info.error_code(code));
        // "No such record" under a status that it does not come with is no word on the request.
        let misplaced = known.is_some_and(|known| {
            known.kind == CodeKind::NoData
                && known.status.is_some_and(|documented| documented != status)
        });
        let kind = match misplaced {
            true => refusal.kind,
            false => refusal.kind.or(known.map(|known| known.kind)),
        };
        let mut verdict = match kind {
            Some(kind) => {
                let clock = || Passing::Clock {
                    corrected: self.skew.refused(time),
                };
                by_code(kind, status, clock, || Passing::Token {
                    renewable: self.source.refused(key),
                })
            }
            None => by_status(status),
        };
        if refusal.has_run || misplaced {
            verdict.may_have_run = true;
            if matches!(verdict.outcome, Outcome::Refused(_)) {
                verdict.outcome = Outcome::Unknown;
            }
        }
        let mut message = match &refusal.message {
            Some(message) => shown(message, secrets),
            None => known.map_or_else(
                || format!("the provider answered with HTTP {status}"),
                |k| k.doc.to_owned(),
            ),
        };
        // Keys from a source may have been replaced there; the next call asks.
        if verdict.kind == ErrorKind::Auth {
            self.source.refused(key);
        }
        if verdict.kind == ErrorKind::Clock {
            message = format!("check the clock of this machine: {message}");
        }
        if let Some(why) = no_value(&refusal, answer, info) {
            message = format!("{why}: {message}");
        }
        AttemptError {
            outcome: verdict.outcome,
            kind: verdict.kind,
            code: refusal.code.map(|code| bounded(&code, 64, secrets)),
            message,
            full_message: refusal.message,
            may_have_run: verdict.may_have_run,
            hint: refusal
                .retry_after
                .or_else(|| retry_after(answer, self.now())),
            ..failure
        }
    }

    /// Pays for another attempt and finds out how long to pause before it.
    ///
    /// # Errors
    ///
    /// Why there is none: the time is too short, or the budget spent.
    fn pause(
        &self,
        pause: Pause,
        attempts: u32,
        hint: Option<Duration>,
        end: Duration,
    ) -> Result<Price<'_>, &'static str> {
        // Without random numbers there will be no next attempt either; the pause does not matter.
        let fraction = fraction(&*self.random).unwrap_or(1.0);
        let wait = retry::delay(pause, attempts, fraction, hint);
        if wait >= self.left(end) {
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

    fn error(&self, info: &OperationInfo, failure: AttemptError, attempts: u32) -> Error {
        let retryable = retryable(failure.outcome, info);
        Error::new(failure.kind, failure.message).with(|parts| {
            parts.provider = P::NAME;
            parts.operation = info.name.into();
            parts.code = failure.code;
            parts.full_message = failure.full_message;
            parts.request_id = failure.request_id;
            parts.status = failure.status;
            parts.attempts = attempts;
            parts.retryable = retryable;
            parts.may_have_run = failure.may_have_run;
        })
    }
}

/// What an error says when the deadline of its call is too near for a further attempt.
const NO_TIME: &str = "the deadline left no time for a retry";

/// The request's id from the body, else from a header.
fn told_id<P: Provider>(
    in_body: Option<String>,
    answer: &RawResponse,
    secrets: &[Secret],
) -> Option<String> {
    let mut headers = P::REQUEST_ID_HEADERS.iter();
    let in_header = || headers.find_map(|name| answer.header(name).map(str::to_owned));
    in_body
        .filter(|id| !id.is_empty())
        .or_else(in_header)
        .map(|id| short(&shown_id(id.trim(), secrets), 128))
}
