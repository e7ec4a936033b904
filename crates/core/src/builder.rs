//! The set-up of a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::call::CallLoop;
use crate::client::Client;
use crate::clock::{Clock, Random, SystemClock, SystemRandom};
use crate::clock_skew::ClockSkew;
use crate::credentials::{Credentials, ProvideCredentials};
use crate::credentials_cache::CredentialsCache;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};
use crate::operation::RateLimit;
use crate::provider::{Provider, Timeouts};
use crate::rate_limit::{RateLimiter, RatePolicy};
use crate::retry::Policy;
use crate::retry_budget::{self, Budget};
use crate::transport::{Settings, Transport};

/// Sets up a client. Every limit has a default; zero is an error.
pub struct ClientBuilder<P> {
    provider: P,
    credentials: Option<Arc<dyn ProvideCredentials>>,
    /// The fixed credentials again, if they are fixed: `build` checks them, and the cache never drops
    /// them.
    fixed: Option<Credentials>,
    endpoint: Option<String>,
    policy: Policy,
    timeouts: Timeouts,
    rate: RatePolicy,
    retry_budget: u32,
    body_limit: usize,
    idle: Duration,
    root_certificates: Vec<Vec<u8>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

// Here and not beside the other functions of a client, so that `client` does not depend on this file.
impl<P: Provider> Client<P> {
    /// Creates a client with the provider's defaults and credentials from the environment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`] for a missing variable, [`ErrorKind::Config`] for a variable
    /// without a usable value.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().credentials_from_env()?.build()
    }

    /// Starts the set-up of a client.
    pub fn builder() -> ClientBuilder<P> {
        ClientBuilder::new()
    }
}

impl<P: Provider> ClientBuilder<P> {
    pub(crate) fn new() -> Self {
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
            timeouts: P::TIMEOUTS,
            rate: RatePolicy::Documented,
            retry_budget: retry_budget::FULL,
            body_limit: 8 * 1024 * 1024,
            // Servers of the providers close idle connections after about a minute.
            idle: Duration::from_secs(20),
            root_certificates: Vec::new(),
            clock: Arc::new(SystemClock::default()),
            random: Arc::new(SystemRandom),
        }
    }

    /// Sets the provider with its own settings, such as the site.
    #[must_use]
    pub fn provider(mut self, provider: P) -> Self {
        self.provider = provider;
        self
    }

    /// Sets fixed credentials.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(Arc::new(credentials.clone()));
        self.fixed = Some(credentials);
        self
    }

    /// Sets your own source of credentials, for credentials that expire.
    #[must_use]
    pub fn credentials_provider(mut self, source: impl ProvideCredentials) -> Self {
        self.credentials = Some(Arc::new(source));
        self.fixed = None;
        self
    }

    /// Reads credentials from the environment.
    ///
    /// # Errors
    ///
    /// As [`Client::from_env`].
    pub fn credentials_from_env(self) -> Result<Self, Error> {
        // A value that is not UTF-8 must not count as unset; the provider refuses it as not ASCII.
        let variable =
            |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let credentials = P::VARIABLES.read(&variable).map_err(|error| {
            let kind = if error.is_missing() {
                ErrorKind::Credentials
            } else {
                ErrorKind::Config
            };
            Error::new(kind, error.to_string()).with(|parts| parts.provider = P::NAME)
        })?;
        Ok(self.credentials(credentials))
    }

    /// Sends everything to this endpoint in place of the documented hosts:
    /// `https://host[:port][/prefix]`, or `http` on this machine. The signed service name does not
    /// change.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Sets the maximum number of attempts a call, the first one included. Default: 3.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.policy.attempts = attempts;
        self
    }

    /// Allows retries of a metered call (one that may be billed each time) after errors under which it
    /// may have run, and after rejections, because providers seldom document whether those are billed. A
    /// metered write also requires [`retry_writes`](Self::retry_writes). Default: off.
    #[must_use]
    pub fn retry_metered(mut self, allowed: bool) -> Self {
        self.policy.retry_metered = allowed;
        self
    }

    /// Allows retries of a write that may have run. A metered write also requires
    /// [`retry_metered`](Self::retry_metered). Default: off.
    #[must_use]
    pub fn retry_writes(mut self, allowed: bool) -> Self {
        self.policy.retry_writes = allowed;
        self
    }

    /// Sets the number of tokens that pay for retries, over all calls. Default: 500. A retry costs 14
    /// tokens, or 5 after a refusal for too many requests, and returns them if it succeeds; a call that
    /// succeeds at its first attempt adds 1. Without tokens there are no retries, which keeps the load
    /// on a failing provider down.
    #[must_use]
    pub fn retry_budget(mut self, tokens: u32) -> Self {
        self.retry_budget = tokens;
        self
    }

    /// Sets the timeout for connecting, TLS included. Default: 5 s.
    #[must_use]
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.timeouts.connect = time;
        self
    }

    /// Sets the timeout for one attempt, until the last byte of the response. Default: 10 s, unless the
    /// provider has its own.
    #[must_use]
    pub fn attempt_timeout(mut self, time: Duration) -> Self {
        self.timeouts.attempt = time;
        self
    }

    /// Sets the deadline for a whole call with all its attempts and pauses. Default: 30 s, unless the
    /// provider has its own.
    #[must_use]
    pub fn deadline(mut self, time: Duration) -> Self {
        self.timeouts.deadline = time;
        self
    }

    /// Sets how long an idle connection stays open for the next request. Default: 20 s. A request on a
    /// connection that the server has just closed is lost.
    #[must_use]
    pub fn idle_timeout(mut self, time: Duration) -> Self {
        self.idle = time;
        self
    }

    /// Sets one rate limit for every operation, in place of its own.
    #[must_use]
    pub fn rate(mut self, rate: RateLimit) -> Self {
        self.rate = RatePolicy::Fixed(rate);
        self
    }

    /// Removes the rate limit.
    #[must_use]
    pub fn unlimited_rate(mut self) -> Self {
        self.rate = RatePolicy::Unlimited;
        self
    }

    /// Sets the maximum size of a response, in bytes. Default: 8 MiB.
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

    /// Sets another clock, for tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets another source of random numbers, for tests. Nonces are made of them.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Creates the client; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a setting that cannot be used; [`ErrorKind::Credentials`] if
    /// there are no credentials.
    pub fn build(self) -> Result<Client<P>, Error> {
        self.build_without_name()
            .map_err(|error| error.with(|parts| parts.provider = P::NAME))
    }

    /// Checks the settings and creates the client. Its errors lack the name of the provider.
    fn build_without_name(self) -> Result<Client<P>, Error> {
        let config = |text: &str| Error::new(ErrorKind::Config, text);
        let Some(credentials) = self.credentials else {
            return Err(Error::new(ErrorKind::Credentials, "no keys were given"));
        };
        self.provider.check().map_err(|problem| config(&problem))?;
        if let Some(fixed) = &self.fixed {
            fixed.check().map_err(|error| config(&error.to_string()))?;
        }
        for (name, time) in [
            ("the connect timeout", self.timeouts.connect),
            ("the attempt timeout", self.timeouts.attempt),
            ("the deadline", self.timeouts.deadline),
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
        if let RatePolicy::Fixed(rate) = self.rate
            && (rate.requests == 0 || rate.seconds == 0)
        {
            return Err(config("the rate must not be zero"));
        }
        let endpoint = self.endpoint.as_deref().map(Endpoint::parse).transpose()?;
        let settings = Settings {
            connect: self.timeouts.connect,
            idle: self.idle,
            body_limit: self.body_limit,
            root_certificates: self.root_certificates,
        };
        let transport = Transport::new(settings, endpoint.as_ref())?;
        Ok(Client {
            deadline: self.timeouts.deadline,
            shared: Arc::new(CallLoop {
                provider: self.provider,
                transport,
                credentials: CredentialsCache::new(credentials, self.fixed.is_some()),
                clock: self.clock,
                random: self.random,
                budget: Budget::new(self.retry_budget),
                rate_limiter: RateLimiter::default(),
                skew: ClockSkew::default(),
                endpoint: endpoint.map(Arc::new),
                policy: self.policy,
                timeouts: self.timeouts,
                rate: self.rate,
                activity: Arc::default(),
            }),
        })
    }
}

impl<P: Provider> fmt::Debug for ClientBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The endpoint is not checked yet and may contain a password.
        f.debug_struct("ClientBuilder")
            .field("provider", &P::NAME)
            .field("has_credentials", &self.credentials.is_some())
            .field("policy", &self.policy)
            .field("timeouts", &self.timeouts)
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::CredentialsError;
    use crate::operation::OperationInfo;
    use crate::provider::SigningContext;
    use crate::request::Request;

    #[derive(Default)]
    struct Plain;

    impl Provider for Plain {
        const NAME: &'static str = "plain";
        const VARIABLES: crate::provider::CredentialVariables =
            crate::provider::CredentialVariables::new("ID", "SECRET");

        fn sign(
            &self,
            _: &mut Request,
            _: &OperationInfo,
            _: &Credentials,
            _: &SigningContext,
        ) -> Result<(), CredentialsError> {
            Ok(())
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
