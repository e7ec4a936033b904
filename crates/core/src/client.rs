//! The client: a thin generic shell around the call loop.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::activity::Activity;
use crate::call::{Done, Rate, Shared};
use crate::classify::PayloadSpan;
use crate::clock::{Clock, Random, SystemClock, SystemRandom};
use crate::clock_skew::ClockSkew;
use crate::credentials::ProvideCredentials;
use crate::credentials_cache::CredentialsCache;
use crate::encode::encode;
use crate::envelope::decode_payload;
use crate::error::{Error, ErrorKind};
use crate::lenient::Deviation;
use crate::model::Json;
use crate::operation::{Operation, OperationInfo, RateLimit};
use crate::provider::{Limits, Provider};
use crate::rate_limit::RateLimiter;
use crate::request::Endpoint;
use crate::retry::Policy;
use crate::retry_budget::{self, Budget};
use crate::transport::{Settings, Transport};
use crate::validate::InvalidRequest;

/// A client of one provider.
///
/// Cheap to clone; clones share connections, rate, retry budget and what was learnt of the clock.
pub struct Client<P> {
    shared: Arc<Shared<P>>,
    time: Duration,
}

impl<P> Clone for Client<P> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            time: self.time,
        }
    }
}

impl<P: Provider> Client<P> {
    /// A client with the provider's defaults and keys from the environment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`] for a variable that is missing, [`ErrorKind::Config`] for one
    /// that holds no usable key.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().credentials_from_env()?.build()
    }

    /// A client to be set up.
    pub fn builder() -> ClientBuilder<P> {
        ClientBuilder::new()
    }

    /// Makes a call, with retries where they are safe.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]; nothing was sent if [`Error::attempts`] is 0.
    pub async fn send<O: Operation<Provider = P>>(
        &self,
        operation: &O,
    ) -> Result<Response<O::Output>, Error> {
        self.check(operation)?;
        let done = self.call(&O::INFO, operation).await?;
        self.decoded(done, &O::INFO)
    }

    /// Checks the limits of a request, as [`send`](Self::send) does before anything is sent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`], with every limit that is broken.
    pub fn check<O: Operation<Provider = P>>(&self, operation: &O) -> Result<(), Error> {
        operation
            .validate()
            .map_err(|invalid| self.invalid(&O::INFO, &invalid))
    }

    /// Makes a call whose parameters or answer have no type yet: `parameters` is any object in the
    /// provider's own names, sent unchecked and signed like any other.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn raw(
        &self,
        info: &OperationInfo,
        parameters: &impl Serialize,
    ) -> Result<Response<Json>, Error> {
        let done = self.call(info, parameters).await?;
        self.decoded(done, info)
    }

    /// This client with another limit for each whole call.
    #[must_use]
    pub fn with_deadline(&self, time: Duration) -> Self {
        Self {
            shared: self.shared.clone(),
            time,
        }
    }

    /// What this client and its clones have sent so far: for a program that must end, or drops a
    /// call, before the answer.
    pub fn activity(&self) -> Activity {
        self.shared.log.so_far()
    }

    async fn call(&self, info: &OperationInfo, fields: &impl Serialize) -> Result<Done, Error> {
        let params = self.shared.provider.params(info);
        let encoded =
            encode(fields, info, params).map_err(|invalid| self.invalid(info, &invalid))?;
        self.shared.call(info, &encoded, self.time).await
    }

    fn decoded<T: DeserializeOwned>(
        &self,
        done: Done,
        info: &OperationInfo,
    ) -> Result<Response<T>, Error> {
        let payload = match &done.payload {
            PayloadSpan::Within(bytes) => done.answer.text().get(bytes.clone()).unwrap_or_default(),
            PayloadSpan::NoRecord => "null",
        };
        match decode_payload(payload, info) {
            Ok(decoded) => Ok(Response {
                value: decoded.value,
                deviations: decoded.deviations,
                done,
            }),
            Err(error) => Err(
                Error::new(ErrorKind::Decode, error.to_string()).with(|parts| {
                    parts.provider = P::NAME;
                    parts.operation = info.name.into();
                    parts.request_id = done.request_id;
                    parts.status = Some(done.answer.status());
                    parts.attempts = done.attempts;
                    parts.may_have_run = true;
                }),
            ),
        }
    }

    pub(crate) fn rate_of(&self, info: &OperationInfo) -> Option<RateLimit> {
        self.shared.rate_of(info)
    }

    pub(crate) fn invalid(&self, info: &OperationInfo, invalid: &InvalidRequest) -> Error {
        self.failed(info, ErrorKind::InvalidRequest, invalid.to_string())
    }

    pub(crate) fn failed(
        &self,
        info: &OperationInfo,
        kind: ErrorKind,
        message: impl Into<String>,
    ) -> Error {
        Error::new(kind, message).with(|parts| {
            parts.provider = P::NAME;
            parts.operation = info.name.into();
        })
    }
}

impl<P: Provider> fmt::Debug for Client<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("provider", &P::NAME)
            .field("endpoint", &self.shared.endpoint)
            .field("attempts", &self.shared.policy.attempts)
            .field("attempt_time", &self.shared.limits.attempt)
            .field("call_time", &self.time)
            .finish_non_exhaustive()
    }
}

/// Sets a client up. Every limit has a default; zero is an error.
pub struct ClientBuilder<P> {
    provider: P,
    credentials: Option<Arc<dyn ProvideCredentials>>,
    /// Fixed keys are looked at before the first call.
    fixed: Option<crate::Credentials>,
    endpoint: Option<String>,
    policy: Policy,
    limits: Limits,
    rate: Rate,
    retry_budget: u32,
    body_limit: usize,
    idle: Duration,
    root_certificates: Vec<Vec<u8>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl<P: Provider> ClientBuilder<P> {
    fn new() -> Self {
        Self {
            provider: P::default(),
            credentials: None,
            fixed: None,
            endpoint: None,
            policy: Policy {
                attempts: 3,
                retry_metered: false,
                retry_writes: false,
            },
            limits: P::LIMITS,
            rate: Rate::Documented,
            retry_budget: retry_budget::FULL,
            body_limit: 8 * 1024 * 1024,
            // Servers of the providers close idle connections after about a minute.
            idle: Duration::from_secs(20),
            root_certificates: Vec::new(),
            clock: Arc::new(SystemClock::default()),
            random: Arc::new(SystemRandom),
        }
    }

    /// The provider with settings of its own, such as the site.
    #[must_use]
    pub fn provider(mut self, provider: P) -> Self {
        self.provider = provider;
        self
    }

    /// Fixed keys.
    #[must_use]
    pub fn credentials(mut self, credentials: crate::Credentials) -> Self {
        self.credentials = Some(Arc::new(credentials.clone()));
        self.fixed = Some(credentials);
        self
    }

    /// Keys from a source of your own, for keys that expire.
    #[must_use]
    pub fn credentials_provider(mut self, provider: impl ProvideCredentials) -> Self {
        self.credentials = Some(Arc::new(provider));
        self.fixed = None;
        self
    }

    /// Keys from the environment.
    ///
    /// # Errors
    ///
    /// As [`Client::from_env`].
    pub fn credentials_from_env(self) -> Result<Self, Error> {
        // A value that is no text is not passed over: it will be refused, as any that is not ASCII.
        let variable =
            |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let credentials = P::credentials(&variable).map_err(|error| {
            let kind = if error.missing {
                ErrorKind::Credentials
            } else {
                ErrorKind::Config
            };
            Error::new(kind, error.to_string()).with(|parts| parts.provider = P::NAME)
        })?;
        Ok(self.credentials(credentials))
    }

    /// Where to send everything, in place of the documented hosts: `https://host[:port][/prefix]`,
    /// or `http` on this machine. What is signed as the service's name stays the same.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// The most attempts a call makes, the first one included: 3 unless set.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.policy.attempts = attempts;
        self
    }

    /// Allows a metered look-up to be repeated although it may have run, and been billed. Off
    /// unless set.
    #[must_use]
    pub fn retry_metered(mut self, allowed: bool) -> Self {
        self.policy.retry_metered = allowed;
        self
    }

    /// Allows a write to be repeated although it may have run. Off unless set.
    #[must_use]
    pub fn retry_writes(mut self, allowed: bool) -> Self {
        self.policy.retry_writes = allowed;
        self
    }

    /// The tokens that retries are paid with over all calls: 500 unless set. A retry takes 14, after
    /// a refusal for too many requests 5, and they come back if it succeeds; a call that succeeds
    /// at once brings 1. When they run out there are no retries, so that a provider in trouble is
    /// not loaded three times as much.
    #[must_use]
    pub fn retry_budget(mut self, tokens: u32) -> Self {
        self.retry_budget = tokens;
        self
    }

    /// The time for reaching the host, TLS included: 5 s unless set.
    #[must_use]
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.limits.connect = time;
        self
    }

    /// The time for one attempt, until the last byte of the answer: 10 s unless set or the
    /// provider has another default.
    #[must_use]
    pub fn attempt_timeout(mut self, time: Duration) -> Self {
        self.limits.attempt = time;
        self
    }

    /// The time for a whole call with all its attempts and pauses: 30 s unless set or the provider
    /// has another default.
    #[must_use]
    pub fn deadline(mut self, time: Duration) -> Self {
        self.limits.call = time;
        self
    }

    /// How long a connection is kept open for the next request: 20 s unless set. A request on one
    /// that the server has just closed is lost.
    #[must_use]
    pub fn idle_timeout(mut self, time: Duration) -> Self {
        self.idle = time;
        self
    }

    /// A rate to keep to, in place of the documented one of each operation.
    #[must_use]
    pub fn rate(mut self, rate: RateLimit) -> Self {
        self.rate = Rate::Fixed(rate);
        self
    }

    /// Keeps to no rate at all.
    #[must_use]
    pub fn unlimited_rate(mut self) -> Self {
        self.rate = Rate::Unlimited;
        self
    }

    /// The largest answer, in bytes: 8 MiB unless set.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Trusts the certificates in this PEM text besides those of the system.
    #[must_use]
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Another clock, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Other random numbers, for tests. Nonces are made of them.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a setting that cannot be used; [`ErrorKind::Credentials`] if
    /// there are no keys. Nothing was sent.
    pub fn build(self) -> Result<Client<P>, Error> {
        self.checked()
            .map_err(|error| error.with(|parts| parts.provider = P::NAME))
    }

    fn checked(self) -> Result<Client<P>, Error> {
        let config = |text: &str| Error::new(ErrorKind::Config, text);
        let Some(credentials) = self.credentials else {
            return Err(Error::new(ErrorKind::Credentials, "no keys were given"));
        };
        self.provider.check().map_err(|problem| config(&problem))?;
        if let Some(fixed) = &self.fixed {
            fixed.check().map_err(|error| config(&error.to_string()))?;
        }
        for (name, time) in [
            ("the connect timeout", self.limits.connect),
            ("the attempt timeout", self.limits.attempt),
            ("the deadline", self.limits.call),
            ("the idle timeout", self.idle),
        ] {
            if time.is_zero() {
                return Err(config(&format!("{name} must not be zero")));
            }
        }
        if self.policy.attempts == 0 {
            return Err(config("the number of attempts must not be zero"));
        }
        if self.retry_budget == 0 {
            return Err(config("the retry budget must not be zero"));
        }
        if self.body_limit == 0 {
            return Err(config("the body limit must not be zero"));
        }
        if let Rate::Fixed(rate) = self.rate
            && (rate.requests == 0 || rate.seconds == 0)
        {
            return Err(config("the rate must not be zero"));
        }
        let endpoint = self.endpoint.as_deref().map(Endpoint::parse).transpose()?;
        let settings = Settings {
            connect: self.limits.connect,
            idle: self.idle,
            body_limit: self.body_limit,
            root_certificates: self.root_certificates,
        };
        let transport = Transport::new(settings, endpoint.as_ref())?;
        Ok(Client {
            time: self.limits.call,
            shared: Arc::new(Shared {
                provider: self.provider,
                transport,
                source: CredentialsCache::new(credentials, self.fixed.is_some()),
                clock: self.clock,
                random: self.random,
                budget: Budget::new(self.retry_budget),
                rate_limiter: RateLimiter::default(),
                skew: ClockSkew::default(),
                endpoint: endpoint.map(Arc::new),
                policy: self.policy,
                limits: self.limits,
                rate: self.rate,
                log: Arc::default(),
            }),
        })
    }
}

impl<P: Provider> fmt::Debug for ClientBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The endpoint is not checked yet and may hold a password.
        f.debug_struct("ClientBuilder")
            .field("provider", &P::NAME)
            .field("has_credentials", &self.credentials.is_some())
            .field("policy", &self.policy)
            .field("limits", &self.limits)
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}

/// A successful answer: the value, and what is known of the call. Derefs to the value.
pub struct Response<T> {
    value: T,
    deviations: Vec<Deviation>,
    done: Done,
}

impl<T> Response<T> {
    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The id that the provider gave the request.
    pub fn request_id(&self) -> Option<&str> {
        self.done.request_id.as_deref()
    }

    /// How many attempts it took.
    pub fn attempts(&self) -> u32 {
        self.done.attempts
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.done.answer.status()
    }

    /// A header of the answer, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.done.answer.header(name)
    }

    /// The time from the last attempt to its answer.
    pub fn round_trip(&self) -> Duration {
        self.done.round_trip
    }

    /// The liberties that were taken to read the answer: where it differs from what is documented.
    pub fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }

    /// The whole body as it came, envelope and unknown fields included.
    pub fn raw(&self) -> &str {
        self.done.answer.text()
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("value", &self.value)
            .field("request_id", &self.done.request_id)
            .field("attempts", &self.done.attempts)
            .field("status", &self.done.answer.status())
            .field("deviations", &self.deviations.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::OperationInfo;
    use crate::provider::{Payload, RawResponse, ResponseError, SigningContext};
    use crate::request::Request;
    use crate::{Credentials, CredentialsError};

    #[derive(Default)]
    struct Plain;

    impl Provider for Plain {
        const NAME: &'static str = "plain";

        fn credentials(
            _: &dyn Fn(&str) -> Option<String>,
        ) -> Result<Credentials, CredentialsError> {
            Ok(Credentials::new("id", "secret"))
        }

        fn sign(
            &self,
            _: &mut Request,
            _: &OperationInfo,
            _: &Credentials,
            _: &SigningContext,
        ) -> Result<(), CredentialsError> {
            Ok(())
        }

        fn parse_response<'r>(
            &self,
            answer: &'r RawResponse,
            _: &OperationInfo,
        ) -> Result<Payload<'r>, ResponseError> {
            Ok(Payload {
                payload: answer.text(),
                request_id: None,
            })
        }
    }

    #[test]
    fn zero_for_any_limit_is_a_config_error_that_names_the_limit() {
        type Set = fn(ClientBuilder<Plain>) -> ClientBuilder<Plain>;
        let limits: [(&str, Set, Set); 9] = [
            (
                "number of attempts",
                |builder| builder.max_attempts(0),
                |builder| builder.max_attempts(1),
            ),
            (
                "retry budget",
                |builder| builder.retry_budget(0),
                |builder| builder.retry_budget(1),
            ),
            (
                "connect timeout",
                |builder| builder.connect_timeout(Duration::ZERO),
                |builder| builder.connect_timeout(Duration::from_nanos(1)),
            ),
            (
                "attempt timeout",
                |builder| builder.attempt_timeout(Duration::ZERO),
                |builder| builder.attempt_timeout(Duration::from_nanos(1)),
            ),
            (
                "deadline",
                |builder| builder.deadline(Duration::ZERO),
                |builder| builder.deadline(Duration::from_nanos(1)),
            ),
            (
                "idle timeout",
                |builder| builder.idle_timeout(Duration::ZERO),
                |builder| builder.idle_timeout(Duration::from_nanos(1)),
            ),
            (
                "body limit",
                |builder| builder.body_limit(0),
                |builder| builder.body_limit(1),
            ),
            (
                "rate",
                |builder| builder.rate(RateLimit::new(0, 1)),
                |builder| builder.rate(RateLimit::new(1, 1)),
            ),
            (
                "rate",
                |builder| builder.rate(RateLimit::new(1, 0)),
                |builder| builder.rate(RateLimit::new(1, 1)),
            ),
        ];
        let builder = || {
            ClientBuilder::<Plain>::new()
                .credentials(Credentials::new("id", "secret"))
                .endpoint("http://127.0.0.1:9")
        };
        for (name, zero, least) in limits {
            let error = zero(builder()).build().unwrap_err();
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Config, 0));
            assert_eq!(error.message(), format!("the {name} must not be zero"));
            assert!(least(builder()).build().is_ok(), "{name}");
        }
    }
}
