//! The set-up of a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::call::{Rate, Shared};
use crate::client::Client;
use crate::clock::{Clock, Random, SystemClock, SystemRandom};
use crate::clock_skew::ClockSkew;
use crate::credentials::{Credentials, ProvideCredentials};
use crate::credentials_cache::CredentialsCache;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};
use crate::operation::RateLimit;
use crate::provider::{Limits, Provider};
use crate::rate_limit::RateLimiter;
use crate::retry::Policy;
use crate::retry_budget::{self, Budget};
use crate::transport::{Settings, Transport};

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
}

/// Sets a client up. Every limit has a default; zero is an error.
pub struct ClientBuilder<P> {
    provider: P,
    credentials: Option<Arc<dyn ProvideCredentials>>,
    /// Fixed keys are looked at before the first call.
    fixed: Option<Credentials>,
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
    pub fn credentials(mut self, credentials: Credentials) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::CredentialsError;
    use crate::operation::OperationInfo;
    use crate::provider::{Payload, RawResponse, ResponseError, SigningContext};
    use crate::request::Request;

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
