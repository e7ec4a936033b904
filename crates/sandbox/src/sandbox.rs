//! A running sandbox.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clock::Clock;
use crate::credentials::{IamUser, Key};
use crate::fault::Fault;
use crate::json;
use crate::log::{Entry, Report, Verification};
use crate::persona::{Persona, Verdict};
use crate::provider::Provider;
use crate::seed::Seed;
use crate::server::Listener;
use crate::state::SharedState;
use crate::{accuauth, alibaba, huawei, tencent};

/// A running emulation of all providers; see the [crate documentation](crate).
#[derive(Debug)]
#[must_use = "the sandbox stops when it is dropped"]
pub struct Sandbox {
    pub(crate) shared: Arc<SharedState>,
    pub(crate) listeners: BTreeMap<Provider, Listener>,
}

/// A customer of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Customer {
    /// Counts from 0; a customer with a higher index joined later.
    pub index: u64,
    /// The provider's id of the customer.
    pub id: String,
    /// What is special about the customer.
    pub persona: Persona,
    /// What a reader should conclude from the provider's response.
    pub verdict: Verdict,
}

impl Customer {
    fn generate(provider: Provider, seed: Seed, index: u64) -> Self {
        let persona = match provider {
            Provider::AccuAuth => accuauth::persona(seed, index),
            _ => seed.persona(index),
        };
        Self {
            index,
            id: customer_id(provider, seed, index),
            persona,
            verdict: match provider {
                Provider::Tencent => tencent::verdict(persona),
                Provider::Huawei => huawei::verdict(persona),
                Provider::Alibaba => alibaba::verdict(persona),
                Provider::AccuAuth => accuauth::verdict(persona),
            },
        }
    }
}

fn customer_id(provider: Provider, seed: Seed, index: u64) -> String {
    match provider {
        Provider::Tencent => tencent::uin(seed, index).to_string(),
        Provider::Huawei => huawei::customer_id(seed, index),
        Provider::Alibaba => alibaba::uid(seed, index).to_string(),
        Provider::AccuAuth => accuauth::mobile(seed, index),
    }
}

impl Sandbox {
    /// The provider's base URL: `http://127.0.0.1:PORT`, with the path prefix if there is one.
    #[must_use]
    pub fn endpoint(&self, provider: Provider) -> String {
        let port = self
            .listeners
            .get(&provider)
            .map_or(0, |listener| listener.address.port());
        format!("http://127.0.0.1:{port}{}", self.shared.prefix)
    }

    /// The key that the provider accepts in every sandbox.
    #[must_use]
    pub fn key(&self, provider: Provider) -> Key {
        Key::of(provider)
    }

    /// The user that Huawei's IAM knows in every sandbox.
    #[must_use]
    pub fn iam_user(&self) -> IamUser {
        IamUser::of_sandbox()
    }

    /// The id of Huawei's only indirect partner.
    #[must_use]
    pub fn indirect_partner(&self) -> String {
        huawei::indirect_partner(self.shared.seed)
    }

    /// An id in the provider's format that belongs to no customer.
    #[must_use]
    pub fn unknown_customer_id(&self, provider: Provider) -> String {
        let index = self.shared.customers.saturating_add(1_000_000);
        customer_id(provider, self.shared.seed, index)
    }

    /// The clock of the sandbox.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Adds a fault. If several faults match a request, the one that was added first applies.
    pub fn fault(&self, fault: Fault) {
        self.shared.faults.add(fault);
    }

    /// Removes all faults that were added; chaos stays.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// The provider's customers, oldest first, computed one at a time.
    pub fn customers(
        &self,
        provider: Provider,
    ) -> impl Iterator<Item = Customer> + Clone + Send + use<> {
        let seed = self.shared.seed;
        (0..self.shared.customers).map(move |index| Customer::generate(provider, seed, index))
    }

    /// The last requests, oldest first: at most 1,024, without secret or personal data.
    #[must_use]
    pub fn requests(&self) -> Vec<Entry> {
        self.shared.log.entries()
    }

    /// Counts of all requests.
    #[must_use]
    pub fn report(&self) -> Report {
        self.shared.log.report()
    }

    /// Asserts that the credentials of all requests were right.
    ///
    /// # Panics
    ///
    /// If any request was refused; the message lists the last refused requests.
    #[track_caller]
    pub fn assert_all_verified(&self) {
        let refused: Vec<Entry> = self
            .requests()
            .into_iter()
            .filter(|entry| entry.verification == Verification::Refused)
            .collect();
        let count = self.report().refused;
        assert!(
            count == 0,
            "the sandbox refused the credentials of {count} requests, \
             the last of them: {refused:#?}"
        );
    }

    /// The endpoints and keys of all providers as one JSON object, with the providers' names of
    /// each value.
    #[must_use]
    pub fn describe(&self) -> String {
        json::object(Provider::ALL.map(|provider| {
            let endpoint = ("endpoint", json::string(&self.endpoint(provider)));
            let key = self.key(provider);
            let (id, secret) = (json::string(&key.id), json::string(&key.secret));
            let members = match provider {
                Provider::Tencent => vec![endpoint, ("secret_id", id), ("secret_key", secret)],
                Provider::Huawei => {
                    let token = key.auth_token.as_deref().map(json::string);
                    let token = token.map(|token| ("x_auth_token", token));
                    [endpoint, ("ak", id), ("sk", secret)]
                        .into_iter()
                        .chain(token)
                        .collect()
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
