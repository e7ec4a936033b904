//! The one loop that every call goes through.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use time::OffsetDateTime;

use crate::activity::{Current, Log};
use crate::clock::{Clock, Random, fraction};
use crate::credentials::{Credentials, CredentialsCache, CredentialsError, Moment};
use crate::encode::Encoded;
use crate::endpoint::Endpoint;
use crate::envelope::{agrees, reports_success};
use crate::error::{Error, ErrorKind, Secret, noted, shown, shown_id};
use crate::lenient::INVALID;
use crate::operation::{CodeKind, ErrorCode, OperationInfo, RateLimit};
use crate::provider::{Limits, Provider, RawResponse, ResponseError, ServiceError, SigningContext};
use crate::rate_limit::{Permit, RateLimiter};
use crate::request::Request;
use crate::retry::{self, Budget, Outcome, Passing, Pause, Policy, Tried};
use crate::sign;
use crate::transport::{Broken, Connection, Transport};

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

/// Where the payload is.
#[derive(Debug, Clone)]
pub(crate) enum PayloadSpan {
    /// In these bytes of the answer's text.
    Within(std::ops::Range<usize>),
    /// The provider says that there is no such record.
    NoRecord,
}

/// Why an attempt failed.
struct Failure {
    outcome: Outcome,
    kind: ErrorKind,
    code: Option<String>,
    message: String,
    full_message: Option<String>,
    request_id: Option<String>,
    status: Option<u16>,
    /// Bytes had left, and nothing proves that the operation was not carried out.
    may_have_run: bool,
    hint: Option<Duration>,
}

impl Failure {
    fn local(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Final,
            kind,
            code: None,
            message: message.into(),
            full_message: None,
            request_id: None,
            status: None,
            may_have_run: false,
            hint: None,
        }
    }

    /// In a word or two, for the list of earlier attempts.
    fn brief(&self) -> String {
        match (&self.code, self.status) {
            (Some(code), _) => code.clone(),
            (None, Some(status)) => format!("HTTP {status}"),
            (None, None) => self.kind.to_string(),
        }
    }
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        Self {
            outcome: broken.outcome,
            status: broken.status,
            may_have_run: broken.may_have_run,
            ..Self::local(broken.kind, broken.message)
        }
    }
}

impl From<CredentialsError> for Failure {
    fn from(error: CredentialsError) -> Self {
        Self::local(ErrorKind::Credentials, shown(&error.to_string(), &[]))
    }
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
            .map_err(|broken| self.error(info, broken.into(), 0))?;
        let end = self.clock.elapsed().saturating_add(time);
        let mut tried = Tried::default();
        let mut earlier: Vec<String> = Vec::new();
        // How the attempt before failed: of those before that a word is enough, for what providers say
        // may be long.
        let mut before: Option<Failure> = None;
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
                    earlier.extend(before.as_ref().map(Failure::brief));
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
    ) -> Result<Done, Failure> {
        let permit = self.wait_for_permit(info, end).await?;
        let key = self.key(end).await?;
        let skew = self.skew.get();
        let request = self.signed(info, encoded, &key, skew)?;
        let message = self.transport.message(&request, this.connection)?;
        let limit = self.limits.attempt.min(self.left(end));
        if limit.is_zero() {
            return Err(Failure {
                outcome: Outcome::NotSent,
                ..Failure::local(ErrorKind::Timeout, "the time for the call is up")
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
    ) -> Result<Option<Permit<'_>>, Failure> {
        let Some(rate) = self.rate_of(info) else {
            return Ok(None);
        };
        let permit = self
            .rate_limiter
            .take(info, rate, &*self.clock, self.left(end))
            .map_err(|wait| Failure {
                outcome: Outcome::NotSent,
                ..Failure::local(
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

    async fn key(&self, end: Duration) -> Result<Credentials, Failure> {
        let keys = self.source.get(|| self.moment());
        match tokio::time::timeout(self.left(end), keys).await {
            Ok(keys) => Ok(keys?),
            Err(_) => Err(Failure::local(
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
    ) -> Result<Request, Failure> {
        let endpoint = match &self.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => {
                let host = self.provider.host(info.service);
                let endpoint = Endpoint::of_host(&host)
                    .map_err(|error| Failure::local(error.kind(), error.message()))?;
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
        self.random
            .fill(&mut nonce)
            .map_err(|_| Failure::local(ErrorKind::Config, "the system has no random numbers"))?;
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
    ) -> Failure {
        let status = answer.status();
        let request_id = match &fault {
            ResponseError::Refused(refusal) => refusal.request_id.clone(),
            ResponseError::Unreadable(_) => None,
        };
        let failure = Failure {
            status: Some(status),
            request_id: told_id::<P>(request_id, answer, secrets),
            ..Failure::local(ErrorKind::Decode, "")
        };
        let refusal = match fault {
            ResponseError::Refused(refusal) => *refusal,
            // Without any framing, a body that was cut looks like one that ended.
            ResponseError::Unreadable(_)
                if status_tells_nothing(answer, info) && !answer.framed && !is_complete(answer) =>
            {
                return Failure {
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
                return Failure {
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
        Failure {
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
        let tokens = self.budget.pay(pause).ok_or("the retry budget is spent")?;
        Ok(Price {
            budget: &self.budget,
            tokens,
            wait,
        })
    }

    fn error(&self, info: &OperationInfo, failure: Failure, attempts: u32) -> Error {
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

/// One attempt of a call: how it is to be made, and what came of that.
struct Attempt<'b> {
    connection: Connection,
    /// What it costs if it is a further one, until it is sent.
    price: Option<Price<'b>>,
    /// What it did cost.
    paid: Option<u32>,
    /// It counts: something was given to the transport.
    sent: bool,
    /// An earlier one of this call was refused for its time.
    after_clock: bool,
    /// From when it is sent until it ends.
    current: Option<Current>,
}

impl<'b> Attempt<'b> {
    fn first(info: &OperationInfo) -> Self {
        Self {
            connection: connection_for(info),
            price: None,
            paid: None,
            sent: false,
            after_clock: false,
            current: None,
        }
    }

    fn after(info: &OperationInfo, failure: &Failure, price: Price<'b>, tried: Tried) -> Self {
        let first = Self::first(info);
        Self {
            connection: connection_after(failure.kind).unwrap_or(first.connection),
            price: Some(price),
            after_clock: tried.clock,
            ..first
        }
    }
}

/// A call that cannot be repeated gets a connection of its own: on one that the server is closing it
/// might have run, and an answer left over from another call would be paid for.
fn connection_for(info: &OperationInfo) -> Connection {
    if info.repeatable() {
        Connection::Any
    } else {
        Connection::Fresh
    }
}

/// Where a connection broke, or never answered, the next attempt does not trust another old one.
fn connection_after(failure: ErrorKind) -> Option<Connection> {
    match failure {
        ErrorKind::Connect | ErrorKind::Tls | ErrorKind::Transport | ErrorKind::Timeout => {
            Some(Connection::Fresh)
        }
        _ => None,
    }
}

/// Whether trying again later is reasonable and safe.
fn retryable(outcome: Outcome, info: &OperationInfo) -> bool {
    match outcome {
        Outcome::NotSent | Outcome::Refused(Passing::Throttled) => true,
        Outcome::Unknown | Outcome::Refused(Passing::Nonce) => info.repeatable(),
        Outcome::Refused(Passing::Clock { corrected }) => corrected,
        Outcome::Refused(Passing::Token { renewable }) => renewable,
        Outcome::Final => false,
    }
}

/// Tokens paid for an attempt that is still to come; they come back if it never does.
struct Price<'b> {
    budget: &'b Budget,
    tokens: u32,
    wait: Duration,
}

impl Price<'_> {
    fn spend(mut self) -> u32 {
        std::mem::take(&mut self.tokens)
    }
}

impl Drop for Price<'_> {
    fn drop(&mut self) {
        self.budget.refund(self.tokens);
    }
}

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

/// The payload, if the answer is a success in every respect.
pub(crate) fn opened<P: Provider>(
    provider: &P,
    answer: &RawResponse,
    info: &OperationInfo,
) -> Result<(PayloadSpan, Option<String>), ResponseError> {
    if let Some(problem) = unreadable(answer) {
        return Err(ResponseError::Unreadable(problem));
    }
    if !agrees(answer.text(), info.answer_envelope()) {
        return Err(disagreeing(answer));
    }
    match provider.parse_response(answer, info) {
        Ok(opened) if answer.is_success() => {
            if opened.payload.trim().is_empty() {
                return Err(ResponseError::Unreadable("has no payload"));
            }
            let start =
                (opened.payload.as_ptr() as usize).wrapping_sub(answer.text().as_ptr() as usize);
            let within = start..start.wrapping_add(opened.payload.len());
            if answer.text().get(within.clone()) != Some(opened.payload) {
                return Err(ResponseError::Unreadable("has no payload of its own"));
            }
            Ok((
                PayloadSpan::Within(within),
                opened.request_id.map(Cow::into_owned),
            ))
        }
        // A success in the body under a status of failure is no success, and no proof either that
        // nothing happened.
        Ok(opened) => Err(ServiceError {
            has_run: true,
            ..ServiceError::default().request_id(opened.request_id)
        }
        .into()),
        Err(ResponseError::Refused(refusal)) => refused(*refusal, answer, info),
        Err(fault) => Err(fault),
    }
}

/// An answer whose envelope says two things at once. Under a status that says nothing about the
/// request it has no meaning at all.
fn disagreeing(answer: &RawResponse) -> ResponseError {
    let status = answer.status();
    if answer.is_success() {
        return ResponseError::Unreadable("has a member twice, with different values");
    }
    let body_decides = (400..500).contains(&status) && !matches!(status, 408 | 429);
    ServiceError {
        has_run: true,
        kind: body_decides.then_some(CodeKind::Other),
        ..ServiceError::default()
    }
    .into()
}

/// "No such record" is a value only under the status that is documented for its code, and only if
/// nothing else in the answer contradicts it.
fn refused(
    mut refusal: ServiceError,
    answer: &RawResponse,
    info: &OperationInfo,
) -> Result<(PayloadSpan, Option<String>), ResponseError> {
    let no_record = no_record(&refusal, info);
    let documented = no_record.is_some_and(|known| known.status == Some(answer.status()));
    if reports_success(answer.text(), info) {
        refusal.has_run = true;
        if documented {
            refusal.kind = Some(CodeKind::Other);
        }
    } else if documented {
        return Ok((PayloadSpan::NoRecord, refusal.request_id));
    }
    Err(refusal.into())
}

/// The entry of a code that means "no such record".
fn no_record(refusal: &ServiceError, info: &OperationInfo) -> Option<&'static ErrorCode> {
    let code = refusal.code.as_deref()?;
    info.no_record
        .contains(&code)
        .then(|| info.error_code(code))?
}

/// Why "no such record" is an error here.
fn no_value(refusal: &ServiceError, answer: &RawResponse, info: &OperationInfo) -> Option<String> {
    let status = no_record(refusal, info)?.status;
    Some(match status {
        Some(status) if status == answer.status() => {
            "\"no such record\" contradicts the rest of the answer".to_owned()
        }
        Some(status) => format!("\"no such record\" is documented under HTTP {status} only"),
        None => "no HTTP status is documented for \"no such record\"".to_owned(),
    })
}

/// What is wrong with an answer before its envelope is looked into.
fn unreadable(answer: &RawResponse) -> Option<&'static str> {
    let encoded = answer
        .header("content-encoding")
        .is_some_and(|e| !e.trim().eq_ignore_ascii_case("identity"));
    if encoded {
        return Some("has a content-encoding that was not asked for");
    }
    let charset = answer.header("content-type").and_then(|content_type| {
        content_type.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("charset")
                .then(|| value.trim().trim_matches('"').to_ascii_lowercase())
        })
    });
    if charset.is_some_and(|charset| {
        !matches!(
            charset.as_str(),
            "" | "utf-8" | "utf8" | "us-ascii" | "ascii"
        )
    }) {
        return Some("is in a charset that is not UTF-8");
    }
    answer.text().trim().is_empty().then_some("is empty")
}

/// Whether only the body tells what became of the operation: under a status of success, under one
/// that comes with codes of every kind, and under every refusal if "no such record" may be one.
fn status_tells_nothing(answer: &RawResponse, info: &OperationInfo) -> bool {
    let refused = (400..500).contains(&answer.status()) && answer.status() != 429;
    by_status(answer.status()).kind == ErrorKind::Service || (refused && !info.no_record.is_empty())
}

fn is_complete(answer: &RawResponse) -> bool {
    let read = serde_json::from_str::<serde::de::IgnoredAny>(answer.text());
    !read.is_err_and(|error| error.is_eof())
}

struct Verdict {
    kind: ErrorKind,
    outcome: Outcome,
    may_have_run: bool,
}

fn verdict(kind: ErrorKind, outcome: Outcome, may_have_run: bool) -> Verdict {
    Verdict {
        kind,
        outcome,
        may_have_run,
    }
}

/// What a documented code means.
fn by_code(
    kind: CodeKind,
    status: u16,
    clock: impl FnOnce() -> Passing,
    token: impl FnOnce() -> Passing,
) -> Verdict {
    let refused = |kind| verdict(kind, Outcome::Final, false);
    match kind {
        CodeKind::Auth => refused(ErrorKind::Auth),
        CodeKind::Permission => refused(ErrorKind::Permission),
        CodeKind::InvalidRequest => refused(ErrorKind::InvalidRequest),
        CodeKind::NotFound => refused(ErrorKind::NotFound),
        CodeKind::Quota => refused(ErrorKind::Quota),
        CodeKind::Throttled => verdict(
            ErrorKind::Throttled,
            Outcome::Refused(Passing::Throttled),
            false,
        ),
        CodeKind::Clock => verdict(ErrorKind::Clock, Outcome::Refused(clock()), false),
        CodeKind::Token => verdict(ErrorKind::Auth, Outcome::Refused(token()), false),
        // An earlier request with this nonce was accepted, so something may have run.
        CodeKind::Nonce => verdict(ErrorKind::Auth, Outcome::Refused(Passing::Nonce), true),
        CodeKind::Server => verdict(ErrorKind::Server, Outcome::Unknown, true),
        CodeKind::NoData => verdict(ErrorKind::NotFound, Outcome::Final, true),
        CodeKind::Other => {
            let outcome = if status >= 500 {
                Outcome::Unknown
            } else {
                Outcome::Final
            };
            verdict(ErrorKind::Service, outcome, true)
        }
    }
}

/// What an HTTP status means when there is no code, or an unknown one.
fn by_status(status: u16) -> Verdict {
    let refused = |kind| verdict(kind, Outcome::Final, false);
    match status {
        401 => refused(ErrorKind::Auth),
        403 => refused(ErrorKind::Permission),
        404 | 405 => refused(ErrorKind::NotFound),
        413 | 414 | 415 | 431 => refused(ErrorKind::InvalidRequest),
        429 => verdict(
            ErrorKind::Throttled,
            Outcome::Refused(Passing::Throttled),
            false,
        ),
        300..400 => verdict(ErrorKind::Redirect, Outcome::Final, true),
        408 => verdict(ErrorKind::Server, Outcome::Unknown, true),
        200..300 | 400..500 => verdict(ErrorKind::Service, Outcome::Final, true),
        500..600 => verdict(ErrorKind::Server, Outcome::Unknown, true),
        _ => verdict(ErrorKind::Protocol, Outcome::Final, true),
    }
}

/// A code: a short word, whatever was sent in its place.
fn bounded(text: &str, most: usize, secrets: &[Secret]) -> String {
    short(&shown(text.trim(), secrets), most)
}

fn short(text: &str, most: usize) -> String {
    text.chars().filter(|c| *c != INVALID).take(most).collect()
}

/// `Retry-After` in its two forms.
fn retry_after(answer: &RawResponse, now: OffsetDateTime) -> Option<Duration> {
    let text = answer.header("retry-after")?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let then = OffsetDateTime::from(httpdate::parse_http_date(text).ok()?);
    (then - now).try_into().ok()
}

/// Every text that a provider's message must not repeat: the caller's own values, the keys, the
/// signature. Short values are left out, for scrubbing every `1` would leave no message, but not
/// those of fields with personal data.
fn secrets(
    encoded: &Encoded,
    info: &OperationInfo,
    request: &Request,
    key: &Credentials,
) -> Vec<Secret> {
    let mut personal = Vec::new();
    for text in key.texts() {
        personal.push(sign::hex(text.as_bytes()));
        personal.push(STANDARD_NO_PAD.encode(text));
        written(text, &mut personal);
    }
    for (_, value, _) in request.headers().filter(|(_, _, sensitive)| *sensitive) {
        written(value, &mut personal);
        personal.extend(
            value
                .rsplit_once("Signature=")
                .map(|(_, signature)| signature.to_owned()),
        );
    }
    let mut plain = Vec::new();
    for (field, value) in &encoded.values {
        let is_number = value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let is_short = value.chars().count() < if is_number { 5 } else { 3 };
        let into = if is_sensitive(field, info) {
            &mut personal
        } else if is_short || matches!(value.as_str(), "true" | "false") {
            continue;
        } else {
            &mut plain
        };
        if value.chars().any(char::is_alphanumeric) {
            written(value, into);
            telephone(value, into);
        }
    }
    let known = |texts: Vec<String>, sensitive| {
        texts
            .into_iter()
            .filter(|text| !text.is_empty())
            .map(move |text| Secret::new(text, sensitive))
    };
    let mut secrets: Vec<Secret> = known(personal, true).chain(known(plain, false)).collect();
    // Of two alike the sensitive one stays, for it comes first.
    secrets.sort_by(|a, b| (a.text(), b.is_sensitive()).cmp(&(b.text(), a.is_sensitive())));
    secrets.dedup_by(|later, first| later.text() == first.text());
    secrets
}

/// Whether a field holds personal data, by the way to it or to what it is in.
fn is_sensitive(field: &str, info: &OperationInfo) -> bool {
    info.sensitive.iter().any(|known| {
        field
            .strip_prefix(known)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// A value as it is, and as it travels in URLs, forms and JSON.
fn written(value: &str, into: &mut Vec<String>) {
    let encoded = sign::percent(value);
    if encoded != value {
        into.push(encoded.replace("%20", "+"));
        into.push(encoded.into_owned());
    }
    for escaped in [json_escaped(value, false), json_escaped(value, true)] {
        if escaped != value {
            into.push(escaped);
        }
    }
    into.push(value.to_owned());
}

/// A text as it stands between the quotes of a JSON string; with escapes for what is not ASCII, as
/// many servers write it.
fn json_escaped(value: &str, in_ascii: bool) -> String {
    let json = serde_json::Value::from(value).to_string();
    let json = json
        .strip_prefix('"')
        .and_then(|json| json.strip_suffix('"'))
        .unwrap_or(&json);
    if !in_ascii {
        return json.to_owned();
    }
    json.chars().fold(String::new(), |mut text, character| {
        if character.is_ascii() {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
        text
    })
}

/// A telephone number without its punctuation, and without what stands before the subscriber's own
/// digits: providers write the country's code in ways of their own.
fn telephone(value: &str, into: &mut Vec<String>) {
    const OWN: usize = 8;
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let is_number = value
        .chars()
        .all(|c| c.is_ascii_digit() || "+-.() ".contains(c));
    if is_number
        && (OWN..=15).contains(&digits.len())
        && let Some(own) = digits.get(digits.len() - OWN..)
    {
        into.push(own.to_owned());
        into.push(digits);
    }
}

/// An instant by both of a machine's clocks.
#[derive(Debug, Clone, Copy)]
struct Instant {
    utc: OffsetDateTime,
    elapsed: Duration,
}

/// How far this machine's clock is off, learnt from every answer.
#[derive(Debug, Default)]
pub(crate) struct ClockSkew(Mutex<Learnt>);

#[derive(Debug, Default)]
struct Learnt {
    millis: i64,
    /// When an answer asked for the correction that was in use already.
    confirmed: Option<Instant>,
    /// Dates are not believed: with a time that agreed with them a request was refused.
    doubted: bool,
}

impl Learnt {
    fn learn(&mut self, told: Option<i64>, now: Instant) {
        if let Some(skew) = told.filter(|_| !self.doubted) {
            let agrees = skew.abs_diff(self.millis) < ClockSkew::WORTH_IT.unsigned_abs();
            self.confirmed = agrees.then_some(now);
            self.millis = skew;
        }
    }

    /// Whether a correction was learnt since `used` was taken.
    fn differs_from(&self, used: time::Duration) -> bool {
        (time::Duration::milliseconds(self.millis) - used)
            .whole_milliseconds()
            .unsigned_abs()
            >= u128::from(ClockSkew::WORTH_IT.unsigned_abs())
    }
}

/// The time of a request, and what its answer tells of the time.
#[derive(Debug, Clone, Copy)]
struct Timing {
    /// The correction that the request was signed with.
    used: time::Duration,
    /// The one that the answer's date asks for.
    told: Option<i64>,
    /// When the answer came.
    now: Instant,
    /// The call was refused for its time before.
    again: bool,
}

impl ClockSkew {
    /// Smaller differences are the network's.
    const WORTH_IT: i64 = 30_000;
    /// Larger differences are the server's.
    const BELIEVED: i64 = 24 * 60 * 60 * 1000;
    /// After a longer round trip the midpoint says too little.
    const PROMPT: Duration = Duration::from_secs(15);
    /// How long a confirmed correction counts as confirmed.
    const CONFIRMED: Duration = Duration::from_secs(60);

    fn learnt(&self) -> MutexGuard<'_, Learnt> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to add to this machine's time.
    fn get(&self) -> time::Duration {
        time::Duration::milliseconds(self.learnt().millis)
    }

    /// Whether an answer confirmed the correction a short while ago, and this machine's clock was not
    /// set since.
    fn is_confirmed(&self, now: Instant) -> bool {
        self.learnt().confirmed.is_some_and(|then| {
            let passed = now.elapsed.saturating_sub(then.elapsed);
            let set_by = (now.utc - then.utc - passed).unsigned_abs();
            passed < Self::CONFIRMED
                && set_by < Duration::from_millis(Self::WORTH_IT.unsigned_abs())
        })
    }

    /// What an answer tells of this machine's clock. `now` is read after the answer: a clock that was
    /// set meanwhile is judged as it is now.
    fn told(answer: &RawResponse, now: OffsetDateTime, round_trip: Duration) -> Option<i64> {
        // What a cache has kept has an old date.
        if answer.header("age").is_some() {
            return None;
        }
        let date = httpdate::parse_http_date(answer.header("date")?).ok()?;
        Self::of(date.into(), now, round_trip)
    }

    fn learn(&self, told: Option<i64>, now: Instant) {
        self.learnt().learn(told, now);
    }

    /// After a refusal of the time: whether there is a better one for another attempt. A correction
    /// that was learnt before and is refused now is none: the dates are not those of the clock that
    /// signatures are checked by, and this machine's own clock is the next best guess, until that is
    /// refused, too.
    fn refused(&self, time: Timing) -> bool {
        let mut learnt = self.learnt();
        if std::mem::take(&mut learnt.doubted) {
            learnt.learn(time.told, time.now);
        } else if !time.again && !time.used.is_zero() && !learnt.differs_from(time.used) {
            *learnt = Learnt {
                doubted: true,
                ..Learnt::default()
            };
        }
        !time.again && learnt.differs_from(time.used)
    }

    /// By how many milliseconds this machine's clock is behind, if an answer of that date tells.
    fn of(date: OffsetDateTime, now: OffsetDateTime, round_trip: Duration) -> Option<i64> {
        if round_trip > Self::PROMPT {
            return None;
        }
        let midpoint = now.checked_sub((round_trip / 2).try_into().ok()?)?;
        let skew = i64::try_from((date - midpoint).whole_milliseconds()).ok()?;
        match skew.saturating_abs() {
            // A repaired clock brings this back to nothing.
            ..Self::WORTH_IT => Some(0),
            Self::WORTH_IT..=Self::BELIEVED => Some(skew),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};
    use time::macros::datetime;

    use super::*;
    use crate::operation::{Method, Service};

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00:00 UTC);
    const AT: Instant = Instant {
        utc: NOW,
        elapsed: Duration::ZERO,
    };

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> RawResponse {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        RawResponse::new(status, HeaderMap::from_iter(headers), body.as_bytes())
    }

    static SERVICE: Service = Service::new("p", "s", "h");

    #[test]
    fn what_a_status_means() {
        use ErrorKind::*;
        use Outcome::{Final, Unknown};
        let throttled = Outcome::Refused(Passing::Throttled);
        for (statuses, kind, outcome, may_have_run) in [
            (&[401][..], Auth, Final, false),
            (&[403], Permission, Final, false),
            (&[404, 405], NotFound, Final, false),
            (&[413, 414, 415, 431], InvalidRequest, Final, false),
            (&[429], Throttled, throttled, false),
            (
                &[300, 301, 302, 303, 304, 307, 308, 399],
                Redirect,
                Final,
                true,
            ),
            (&[408, 500, 502, 503, 504, 599], Server, Unknown, true),
            (&[200, 204, 400, 402, 418, 499], Service, Final, true),
            (&[101, 199, 600, 999], Protocol, Final, true),
        ] {
            for status in statuses {
                let verdict = by_status(*status);
                assert_eq!(
                    (verdict.kind, verdict.outcome, verdict.may_have_run),
                    (kind, outcome, may_have_run),
                    "{status}"
                );
                let (lost, info) = (
                    answer(*status, &[], ""),
                    OperationInfo::new(&SERVICE, "O", Method::Post, "/"),
                );
                assert_eq!(
                    status_tells_nothing(&lost, &info),
                    kind == Service,
                    "{status}"
                );
                // Where "no such record" may be said under a refusal, only the body tells which.
                let with_no_record = info.no_record(&["NONE"]);
                let refused = matches!(kind, Auth | Permission | NotFound | InvalidRequest);
                let nothing = status_tells_nothing(&lost, &with_no_record);
                assert_eq!(
                    nothing,
                    kind == Service || refused || *status == 408,
                    "{status}"
                );
            }
        }
    }

    #[test]
    fn what_a_code_means() {
        use Outcome::{Final, Refused, Unknown};
        let clock = Passing::Clock { corrected: true };
        let token = Passing::Token { renewable: true };
        for (code, status, kind, outcome, may_have_run) in [
            (CodeKind::Auth, 200, ErrorKind::Auth, Final, false),
            (
                CodeKind::Permission,
                400,
                ErrorKind::Permission,
                Final,
                false,
            ),
            (
                CodeKind::InvalidRequest,
                500,
                ErrorKind::InvalidRequest,
                Final,
                false,
            ),
            (CodeKind::NotFound, 200, ErrorKind::NotFound, Final, false),
            (CodeKind::Quota, 403, ErrorKind::Quota, Final, false),
            (
                CodeKind::Throttled,
                403,
                ErrorKind::Throttled,
                Refused(Passing::Throttled),
                false,
            ),
            (
                CodeKind::Clock,
                200,
                ErrorKind::Clock,
                Refused(clock),
                false,
            ),
            (CodeKind::Token, 401, ErrorKind::Auth, Refused(token), false),
            (
                CodeKind::Nonce,
                400,
                ErrorKind::Auth,
                Refused(Passing::Nonce),
                true,
            ),
            (CodeKind::Server, 200, ErrorKind::Server, Unknown, true),
            (CodeKind::NoData, 400, ErrorKind::NotFound, Final, true),
            (CodeKind::Other, 400, ErrorKind::Service, Final, true),
            (CodeKind::Other, 503, ErrorKind::Service, Unknown, true),
        ] {
            let verdict = by_code(code, status, || clock, || token);
            assert_eq!(
                (verdict.kind, verdict.outcome, verdict.may_have_run),
                (kind, outcome, may_have_run),
                "{code:?} {status}"
            );
        }
    }

    #[test]
    fn a_broken_connection_is_followed_by_a_fresh_one() {
        for kind in [
            ErrorKind::Connect,
            ErrorKind::Tls,
            ErrorKind::Transport,
            ErrorKind::Timeout,
        ] {
            assert_eq!(connection_after(kind), Some(Connection::Fresh));
        }
        for kind in [ErrorKind::Server, ErrorKind::Throttled, ErrorKind::Clock] {
            assert_eq!(connection_after(kind), None);
        }
    }

    #[test]
    fn what_may_be_tried_later() {
        const WRITE: OperationInfo = OperationInfo::new(&SERVICE, "O", Method::Post, "/");
        const READ: OperationInfo = WRITE.reads();
        for (outcome, read, write) in [
            (Outcome::NotSent, true, true),
            (Outcome::Refused(Passing::Throttled), true, true),
            (Outcome::Refused(Passing::Nonce), true, false),
            (
                Outcome::Refused(Passing::Clock { corrected: false }),
                false,
                false,
            ),
            (
                Outcome::Refused(Passing::Clock { corrected: true }),
                true,
                true,
            ),
            (
                Outcome::Refused(Passing::Token { renewable: false }),
                false,
                false,
            ),
            (
                Outcome::Refused(Passing::Token { renewable: true }),
                true,
                true,
            ),
            (Outcome::Unknown, true, false),
            (Outcome::Final, false, false),
        ] {
            assert_eq!(retryable(outcome, &READ), read, "{outcome:?}");
            assert_eq!(retryable(outcome, &WRITE), write, "{outcome:?}");
            assert_eq!(retryable(outcome, &READ.metered()), write, "{outcome:?}");
        }
    }

    #[test]
    fn hints_are_read_in_both_forms_and_nonsense_is_none() {
        for (text, want) in [
            ("2", Some(2)),
            (" 0 ", Some(0)),
            ("Sat, 21 Nov 2026 12:00:03 GMT", Some(3)),
            ("Sat, 21 Nov 2026 11:59:59 GMT", None),
            ("Fri, 21 Nov 2036 12:00:00 GMT", Some(315_619_200)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("", None),
            ("abc", None),
        ] {
            let hint = retry_after(&answer(503, &[("retry-after", text)], ""), NOW);
            assert_eq!(hint, want.map(Duration::from_secs), "{text}");
        }
        assert_eq!(retry_after(&answer(503, &[], ""), NOW), None);
    }

    #[test]
    fn skew_is_learnt_from_the_midpoint_within_reason() {
        let seconds = time::Duration::seconds;
        let of = |ahead, round_trip| {
            ClockSkew::of(NOW + seconds(ahead), NOW, Duration::from_secs(round_trip))
        };
        for (ahead, round_trip, want) in [
            (0, 0, Some(0)),
            (29, 0, Some(0)),
            (-29, 0, Some(0)),
            (30, 0, Some(30_000)),
            (-1200, 0, Some(-1_200_000)),
            (1200, 10, Some(1_205_000)),
            (24, 14, Some(31_000)),
            (1200, 16, None),
            (86_400, 0, Some(86_400_000)),
            (86_401, 0, None),
            (-86_401, 0, None),
        ] {
            assert_eq!(of(ahead, round_trip), want, "{ahead} {round_trip}");
        }
    }

    #[test]
    fn skew_is_confirmed_by_a_second_answer_for_a_minute() {
        let (seconds, passed) = (time::Duration::seconds, Duration::from_secs);
        let later = |after: u64| Instant {
            utc: NOW + passed(after),
            elapsed: passed(after),
        };
        let skew = ClockSkew::default();
        assert!(!skew.is_confirmed(AT), "no answer came");
        skew.learn(Some(0), AT);
        assert!(
            skew.is_confirmed(later(59)),
            "the answer agrees with this machine"
        );
        assert!(!skew.is_confirmed(later(60)));
        skew.learn(None, later(50));
        assert!(
            !skew.is_confirmed(later(60)),
            "an answer without a date confirms nothing"
        );
        skew.learn(Some(7_200_000), later(1));
        assert!(!skew.is_confirmed(later(1)), "one answer alone");
        skew.learn(Some(7_210_000), later(2));
        assert!(skew.is_confirmed(later(3)), "two answers that agree");
        for set_by in [3600, -3600] {
            let set = Instant {
                utc: NOW + seconds(set_by),
                ..later(3)
            };
            assert!(!skew.is_confirmed(set), "the clock was set meanwhile");
        }
        skew.learn(Some(0), later(3));
        assert!(!skew.is_confirmed(later(3)), "they differ again");
    }

    #[test]
    fn skew_follows_every_answer_but_cached_and_undated_ones() {
        let skew = ClockSkew::default();
        let learn = |headers: &[(&'static str, &str)]| {
            let told = ClockSkew::told(&answer(200, headers, ""), NOW, Duration::ZERO);
            skew.learn(told, AT);
            skew.get().whole_seconds()
        };
        assert_eq!(learn(&[("date", "Sat, 21 Nov 2026 12:20:00 GMT")]), 1200);
        assert!(skew.learnt().differs_from(time::Duration::ZERO));
        for (date, age) in [
            ("Sat, 21 Nov 2026 12:00:00 GMT", Some("5")),
            ("yesterday", None),
            ("Sat, 21 Nov 1626 12:00:00 GMT", None),
            ("Fri, 21 Nov 2036 12:00:00 GMT", None),
        ] {
            let mut headers = vec![("date", date)];
            headers.extend(age.map(|age| ("age", age)));
            assert_eq!(learn(&headers), 1200, "{date}");
        }
        assert_eq!(learn(&[]), 1200);
        assert_eq!(
            learn(&[("date", "Sat, 21 Nov 2026 12:00:01 GMT")]),
            0,
            "repaired"
        );
    }

    #[test]
    fn what_is_no_plain_json_is_told_before_it_is_looked_into() {
        for (headers, body, problem) in [
            (&[][..], "{}", None),
            (&[("content-encoding", "identity")], "{}", None),
            (
                &[("content-encoding", "gzip")],
                "{}",
                Some("has a content-encoding"),
            ),
            (
                &[("content-type", "application/json; charset=\"UTF-8\"")],
                "{}",
                None,
            ),
            (
                &[("content-type", "text/json;charset=us-ascii")],
                "{}",
                None,
            ),
            (
                &[("content-type", "application/json; charset=GBK")],
                "{}",
                Some("is in a charset"),
            ),
            (
                &[("content-type", "application/json;charset=utf-16")],
                "{}",
                Some("is in a charset"),
            ),
            (&[], "", Some("is empty")),
            (
                &[],
                " 
",
                Some("is empty"),
            ),
        ] {
            let told = unreadable(&answer(200, headers, body));
            match problem {
                Some(problem) => assert!(told.unwrap().starts_with(problem), "{headers:?}"),
                None => assert_eq!(told, None, "{headers:?}"),
            }
        }
    }
}
