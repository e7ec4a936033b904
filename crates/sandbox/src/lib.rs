//! A stand-in for the providers on loopback: it verifies signatures from the raw bytes, answers as the providers do, and
//! fails on demand.
//!
//! It shares no code with the clients, so that a mistake in a client's canonical form cannot pass on both sides. Nothing
//! leaves 127.0.0.1, nothing is global, and everything ends when the [`Sandbox`] is dropped.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use standing_sandbox::{Provider, Sandbox, fault};
//!
//! let sandbox = Sandbox::builder().seed(7).customers(500).start().await?;
//! let endpoint = sandbox.endpoint(Provider::Tencent); // http://127.0.0.1:PORT
//! let key = sandbox.key(Provider::Tencent); // constant and recognisably fake
//! sandbox.fault(fault::throttle().on("QueryCustomersCredit").times(2));
//! // … point a client at `endpoint` with `key.id` and `key.secret` …
//! assert!(endpoint.starts_with("http://127.0.0.1:"));
//! assert!(!format!("{key:?}").contains(&key.secret));
//! sandbox.assert_all_verified();
//! # Ok(())
//! # }
//! ```
//!
//! Where a provider's page is silent the sandbox had to choose; what it chose is documented at the [`Provider`].
//!
//! # What it is not
//!
//! No TLS, no storage, no web page, and no proof that the live service behaves alike.

mod accuauth;
mod alibaba;
mod clock;
mod desk;
mod digest;
pub mod fault;
mod huawei;
mod json;
mod log;
mod people;
mod server;
mod tencent;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

pub use clock::Clock;
pub use fault::Fault;
pub use log::{Entry, Proof, Report};
pub use people::{Persona, Verdict};

use accuauth::AccuAuth;
use alibaba::Alibaba;
use desk::{Desk, House};
use fault::Faults;
use huawei::Huawei;
use log::Log;
use people::Seed;
use server::Listener;
use tencent::Tencent;

/// Whom the sandbox stands in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// Tencent Cloud International: `QueryCustomersCredit` as `ip` 2021-04-09 and `intlpartnersmgt` 2022-09-28.
    ///
    /// Chosen by the sandbox: 10 rows a page unless asked, 1,000 at most; ids match whole, names, remarks and mail
    /// addresses in any part; `FilterType` and `Filter` belong together and are spelled as in the documents.
    ///
    /// It verifies TC3-HMAC-SHA256 (JSON in a POST, a form in the query of a GET) and version 1 of the signature (HmacSHA1
    /// and HmacSHA256, a form in either). A signature may cover the host with or without its port. A TC3 scope names the
    /// product or, outside the provider's own domain, the endpoint up to its first dot, as the vendor's Node SDK does.
    /// Chosen by the sandbox: another `Content-Type` under TC3 is `UnsupportedProtocol`, a parameter that comes twice is
    /// `InvalidParameter`, and a nonce may be used again, because no documented code is for that.
    Tencent,
    /// Huawei Cloud: `ListSubCustomerNewTag`, and IAM's `POST /v3/auth/tokens`.
    ///
    /// Chosen by the sandbox: newest customers first, each once however often it was asked for; only wrong signatures
    /// count towards the lock-out of a key, old ones do not; one indirect partner with a dozen customers.
    Huawei,
    /// Alibaba Cloud: `GetCustomerAccountInfo`, 2017-12-14.
    ///
    /// Chosen by the sandbox: without `OwnerId` the first customer is meant, a stranger's id is `NotAuthorized`; there
    /// is no rate unless [`Builder::rate`] sets one, because none is published.
    Alibaba,
    /// AccuAuth: `check/debts_report`, as `CheckDebtsReport`.
    ///
    /// Chosen by the sandbox: every number has an answer, and so has every MD5; a number has that of the MD5 of its
    /// digits with the country code, `62…`. About half of all are `NOT_HIT`. Every look-up that ran costs quota. There is
    /// no rate unless [`Builder::rate`] sets one, because none is published.
    AccuAuth,
}

impl Provider {
    /// All providers that the sandbox stands in for.
    pub const ALL: [Self; 4] = [Self::Tencent, Self::Huawei, Self::Alibaba, Self::AccuAuth];

    /// The provider's name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tencent => "tencent",
            Self::Huawei => "huawei",
            Self::Alibaba => "alibaba",
            Self::AccuAuth => "accuauth",
        }
    }

    /// The code for a fault of the provider's own that is gone at the next attempt.
    fn internal_error(self) -> &'static str {
        match self {
            Self::Tencent => "InternalError",
            Self::Huawei => "CBC.0999",
            Self::Alibaba => "ServiceUnavailable",
            Self::AccuAuth => "INTERNAL_ERROR",
        }
    }

    fn id(self, seed: Seed, index: u64) -> String {
        match self {
            Self::Tencent => tencent::uin(seed, index).to_string(),
            Self::Huawei => huawei::customer_id(seed, index),
            Self::Alibaba => alibaba::uid(seed, index).to_string(),
            Self::AccuAuth => accuauth::mobile(seed, index),
        }
    }

    fn persona(self, seed: Seed, index: u64) -> Persona {
        match self {
            Self::AccuAuth => accuauth::persona(seed, index),
            _ => seed.persona(index),
        }
    }

    fn verdict(self, persona: Persona) -> Verdict {
        match self {
            Self::Tencent => tencent::verdict(persona),
            Self::Huawei => huawei::verdict(persona),
            Self::Alibaba => alibaba::verdict(persona),
            Self::AccuAuth => accuauth::verdict(persona),
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A key that a provider of the sandbox knows. Its `Debug` hides what is secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// The public half.
    pub id: String,
    /// The secret half.
    pub secret: String,
    /// For temporary keys: the token that must come with every request. A key without one accepts any.
    pub session_token: Option<String>,
    /// Huawei: a token that does instead of a signature and never expires.
    pub auth_token: Option<String>,
}

impl Key {
    /// A key for [`Builder::key`].
    #[must_use]
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            session_token: None,
            auth_token: None,
        }
    }

    /// Makes the key a temporary one.
    #[must_use]
    pub fn with_session_token(mut self, token: impl Into<String>) -> Self {
        self.session_token = Some(token.into());
        self
    }

    /// Adds a token that does instead of a signature; only Huawei knows such.
    #[must_use]
    pub fn with_auth_token(mut self, token: impl Into<String>) -> Self {
        self.auth_token = Some(token.into());
        self
    }

    /// The key that every sandbox knows.
    fn of(provider: Provider) -> Self {
        let key = Self::new(
            format!("sandbox-{provider}-id"),
            format!("sandbox-{provider}-secret-that-opens-nothing"),
        );
        match provider {
            Provider::Tencent | Provider::Alibaba | Provider::AccuAuth => key,
            Provider::Huawei => key.with_auth_token("sandbox-huawei-token-that-opens-nothing"),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The user that Huawei's IAM gives a token to, for a password or for the agency. Its `Debug` hides the password.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IamUser {
    /// The account's name, as in `domain.name`.
    pub account: String,
    /// The user's name.
    pub name: String,
    /// The user's password.
    pub password: String,
    /// The agency that a token of the user's can assume.
    pub agency: String,
}

impl IamUser {
    fn of_sandbox() -> Self {
        Self {
            account: "sandbox-account".to_owned(),
            name: "sandbox-user".to_owned(),
            password: "sandbox-password-that-opens-nothing".to_owned(),
            agency: "sandbox-agency".to_owned(),
        }
    }
}

impl fmt::Debug for IamUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IamUser")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// One of the sandbox's customers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Customer {
    /// Counts from 0; higher ones joined later.
    pub index: u64,
    /// The provider's id for it.
    pub id: String,
    /// What is special about it.
    pub persona: Persona,
    /// What a reader should conclude from the provider's answer.
    pub verdict: Verdict,
}

/// Describes a sandbox before it starts.
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

impl Builder {
    /// All data, probabilities and chaos follow from the seed. Default 7.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// So many customers at each provider, up to a few million. Default 60.
    pub fn customers(mut self, customers: u64) -> Self {
        self.customers = customers;
        self
    }

    /// Lets this share of the requests, in percent, meet a fault that a client with three attempts gets over: a 503, a
    /// refusal for too many requests, a dropped, reset or cut connection, a gateway's page. The same request never fails
    /// more than twice in a row; equal requests that are under way at the same time count as one. AccuAuth's answers only
    /// come late: a client must not repeat a look-up that costs money. Default 0.
    pub fn chaos(mut self, percent: u8) -> Self {
        self.chaos = percent;
        self
    }

    /// Whether too many requests are refused, counted in whole seconds of the sandbox's clock. Default true.
    pub fn rate_limits(mut self, on: bool) -> Self {
        self.rate_limits = on;
        self
    }

    /// Sets a provider's rate instead of the documented one.
    pub fn rate(mut self, provider: Provider, per_second: u32) -> Self {
        self.rates.insert(provider, per_second);
        self
    }

    /// How long every answer takes, besides what faults do. Default 0.
    pub fn latency(mut self, wait: Duration) -> Self {
        self.latency = wait;
        self
    }

    /// How many look-ups AccuAuth answers before it says `OUT_OF_QUOTA`. Without end by default.
    pub fn quota(mut self, look_ups: u64) -> Self {
        self.quota = look_ups;
        self
    }

    /// Puts a path before every path, as behind a gateway: `/gw`. The signatures of Huawei and Alibaba cover it, as they
    /// cover the path that was sent; Tencent's canonical path is `/` whatever was sent.
    pub fn path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into().trim_end_matches('/').to_owned();
        self
    }

    /// Makes one more key known to a provider.
    pub fn key(mut self, provider: Provider, key: Key) -> Self {
        self.keys.entry(provider).or_default().push(key);
        self
    }

    /// Binds one port per provider on 127.0.0.1 and serves them on the current tokio runtime, which must have its I/O
    /// and time drivers enabled.
    ///
    /// # Errors
    ///
    /// When a port cannot be bound.
    pub async fn start(mut self) -> io::Result<Sandbox> {
        let seed = Seed(self.seed);
        let house = Arc::new(House {
            seed,
            customers: self.customers,
            clock: Clock::default(),
            faults: Faults::new(seed, self.chaos),
            log: Log::default(),
            rate_limits: self.rate_limits,
            latency: self.latency,
            prefix: std::mem::take(&mut self.prefix),
        });
        let mut listeners = BTreeMap::new();
        for provider in Provider::ALL {
            let desk = self.desk(provider, &house);
            let listener = Listener::start(Arc::clone(&house), provider, desk).await?;
            listeners.insert(provider, listener);
        }
        Ok(Sandbox { house, listeners })
    }

    fn desk(&mut self, provider: Provider, house: &Arc<House>) -> Arc<dyn Desk> {
        let mut keys = vec![Key::of(provider)];
        keys.append(&mut self.keys.remove(&provider).unwrap_or_default());
        let rate = self.rates.get(&provider).copied();
        let house = Arc::clone(house);
        match provider {
            Provider::Tencent => Arc::new(Tencent::new(house, keys, rate)),
            Provider::Huawei => Arc::new(Huawei::new(house, keys, rate)),
            Provider::Alibaba => Arc::new(Alibaba::new(house, keys, rate)),
            Provider::AccuAuth => Arc::new(AccuAuth::new(house, keys, rate, self.quota)),
        }
    }
}

/// The running stand-in; see the [crate's page](crate).
#[derive(Debug)]
#[must_use = "the sandbox stops when it is dropped"]
pub struct Sandbox {
    house: Arc<House>,
    listeners: BTreeMap<Provider, Listener>,
}

impl Sandbox {
    /// Seed 7, 60 customers at each provider, no chaos, documented rates.
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

    /// Where the provider listens: `http://127.0.0.1:PORT`, with the path prefix if there is one.
    #[must_use]
    pub fn endpoint(&self, provider: Provider) -> String {
        let port = self
            .listeners
            .get(&provider)
            .map_or(0, |listener| listener.address.port());
        format!("http://127.0.0.1:{port}{}", self.house.prefix)
    }

    /// The key that the provider knows in every sandbox.
    #[must_use]
    pub fn key(&self, provider: Provider) -> Key {
        Key::of(provider)
    }

    /// The user that Huawei's IAM knows in every sandbox.
    #[must_use]
    pub fn iam_user(&self) -> IamUser {
        IamUser::of_sandbox()
    }

    /// The one indirect partner whose customers Huawei's partner may ask for.
    #[must_use]
    pub fn indirect_partner(&self) -> String {
        huawei::indirect_partner(self.house.seed)
    }

    /// An id like those of the provider's customers that belongs to none of them.
    #[must_use]
    pub fn stranger(&self, provider: Provider) -> String {
        provider.id(
            self.house.seed,
            self.house.customers.saturating_add(1_000_000),
        )
    }

    /// The clock that the sandbox goes by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.house.clock
    }

    /// Adds a fault. When several fit a request, the oldest is taken.
    pub fn fault(&self, fault: Fault) {
        self.house.faults.add(fault);
    }

    /// Takes back all faults but chaos.
    pub fn clear_faults(&self) {
        self.house.faults.clear();
    }

    /// The provider's customers, computed as they are asked for.
    pub fn customers(
        &self,
        provider: Provider,
    ) -> impl Iterator<Item = Customer> + Clone + Send + use<> {
        let seed = self.house.seed;
        (0..self.house.customers).map(move |index| {
            let persona = provider.persona(seed, index);
            Customer {
                index,
                id: provider.id(seed, index),
                persona,
                verdict: provider.verdict(persona),
            }
        })
    }

    /// The last requests, oldest first: at most 1,024, without anything that is secret or personal.
    #[must_use]
    pub fn requests(&self) -> Vec<Entry> {
        self.house.log.entries()
    }

    /// Counts of all requests.
    #[must_use]
    pub fn report(&self) -> Report {
        self.house.log.report()
    }

    /// Asserts that the credentials of every request were right.
    ///
    /// # Panics
    ///
    /// When any were refused; the message lists the last of those requests.
    #[track_caller]
    pub fn assert_all_verified(&self) {
        let refused: Vec<Entry> = self
            .requests()
            .into_iter()
            .filter(|entry| entry.proof == Proof::Refused)
            .collect();
        let count = self.report().refused;
        assert!(
            count == 0,
            "the sandbox refused the credentials of {count} requests, the last of them: {refused:#?}"
        );
    }

    /// Endpoints and keys as one JSON object, by provider and in the providers' own words.
    #[must_use]
    pub fn describe(&self) -> String {
        json::object(Provider::ALL.map(|provider| {
            let endpoint = ("endpoint", json::text(&self.endpoint(provider)));
            let key = self.key(provider);
            let (id, secret) = (json::text(&key.id), json::text(&key.secret));
            let members = match provider {
                Provider::Tencent => vec![endpoint, ("secret_id", id), ("secret_key", secret)],
                Provider::Huawei => {
                    let token = key.auth_token.unwrap_or_default();
                    vec![
                        endpoint,
                        ("ak", id),
                        ("sk", secret),
                        ("x_auth_token", json::text(&token)),
                    ]
                }
                Provider::Alibaba => vec![
                    endpoint,
                    ("access_key_id", id),
                    ("access_key_secret", secret),
                ],
                Provider::AccuAuth => vec![endpoint, ("api_id", id), ("api_secret", secret)],
            };
            (provider.name(), json::object(members))
        }))
    }
}
