//! The settings of a sandbox.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::accuauth::AccuAuth;
use crate::alibaba::Alibaba;
use crate::clock::Clock;
use crate::credentials::Key;
use crate::handler::Handler;
use crate::huawei::Huawei;
use crate::injector::FaultInjector;
use crate::log::Log;
use crate::provider::Provider;
use crate::sandbox::Sandbox;
use crate::seed::Seed;
use crate::server::Listener;
use crate::state::SharedState;
use crate::tencent::Tencent;

/// Configures and starts a [`Sandbox`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it starts the sandbox"]
pub struct Builder {
    seed: u64,
    customers: u64,
    chaos: u8,
    rate_limits: bool,
    rates: BTreeMap<Provider, u32>,
    prefix: String,
    keys: BTreeMap<Provider, Vec<Key>>,
    quota: u64,
    latency: Duration,
}

impl Sandbox {
    /// Creates a builder with the defaults: seed 7, 60 customers at each provider, no chaos, and
    /// the documented rate limits.
    pub fn builder() -> Builder {
        Builder {
            seed: 7,
            customers: 60,
            chaos: 0,
            rate_limits: true,
            rates: BTreeMap::new(),
            prefix: String::new(),
            keys: BTreeMap::new(),
            quota: u64::MAX,
            latency: Duration::ZERO,
        }
    }
}

impl Builder {
    /// Sets the seed, from which all data, probabilities and chaos follow. Default: 7.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the number of customers at each provider, up to a few million. Default: 60.
    pub fn customers(mut self, customers: u64) -> Self {
        self.customers = customers;
        self
    }

    /// Sets the share of requests, in percent, that meet a random fault from which a client with
    /// three attempts recovers: a 503, an exceeded rate limit, a closed, reset or truncated
    /// connection, or a gateway's page. The same request never fails more than twice in a row;
    /// equal requests that are in flight at the same time count as one. AccuAuth's responses are
    /// only late, because a client must not retry a metered look-up. Default: 0.
    pub fn chaos(mut self, percent: u8) -> Self {
        self.chaos = percent;
        self
    }

    /// Sets whether rate limits apply. They count requests in whole seconds of the sandbox's
    /// clock. Default: true.
    pub fn rate_limits(mut self, on: bool) -> Self {
        self.rate_limits = on;
        self
    }

    /// Sets a provider's rate limit in place of the documented one.
    pub fn rate(mut self, provider: Provider, per_second: u32) -> Self {
        self.rates.insert(provider, per_second);
        self
    }

    /// Delays every response by this much, in addition to faults. Default: 0.
    pub fn latency(mut self, wait: Duration) -> Self {
        self.latency = wait;
        self
    }

    /// Sets how many look-ups AccuAuth answers before it returns `OUT_OF_QUOTA`. Default: no
    /// limit.
    pub fn quota(mut self, look_ups: u64) -> Self {
        self.quota = look_ups;
        self
    }

    /// Prefixes every path, as behind a gateway: `/gw`. The signatures of Huawei and Alibaba cover
    /// the path as it was sent; Tencent's canonical path is always `/`.
    pub fn path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into().trim_end_matches('/').to_owned();
        self
    }

    /// Adds a key that a provider accepts.
    pub fn key(mut self, provider: Provider, key: Key) -> Self {
        self.keys.entry(provider).or_default().push(key);
        self
    }

    /// Binds one port for each provider on 127.0.0.1 and serves them on the current tokio runtime,
    /// which must have its I/O and time drivers enabled.
    ///
    /// # Errors
    ///
    /// If a port cannot be bound.
    pub async fn start(mut self) -> io::Result<Sandbox> {
        let seed = Seed(self.seed);
        let shared = Arc::new(SharedState {
            seed,
            customers: self.customers,
            clock: Clock::default(),
            faults: FaultInjector::new(seed, self.chaos),
            log: Log::default(),
            rate_limits: self.rate_limits,
            latency: self.latency,
            prefix: std::mem::take(&mut self.prefix),
        });
        let mut listeners = BTreeMap::new();
        for provider in Provider::ALL {
            let handler = self.handler(provider, &shared);
            let listener = Listener::start(Arc::clone(&shared), provider, handler).await?;
            listeners.insert(provider, listener);
        }
        Ok(Sandbox { shared, listeners })
    }

    fn handler(&mut self, provider: Provider, shared: &Arc<SharedState>) -> Arc<dyn Handler> {
        let mut keys = vec![Key::of(provider)];
        keys.append(&mut self.keys.remove(&provider).unwrap_or_default());
        let rate = self.rates.get(&provider).copied();
        let shared = Arc::clone(shared);
        match provider {
            Provider::Tencent => Arc::new(Tencent::new(shared, keys, rate)),
            Provider::Huawei => Arc::new(Huawei::new(shared, keys, rate)),
            Provider::Alibaba => Arc::new(Alibaba::new(shared, keys, rate)),
            Provider::AccuAuth => Arc::new(AccuAuth::new(shared, keys, rate, self.quota)),
        }
    }
}
