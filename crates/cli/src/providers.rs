//! The table of providers, and what the commands need of each, without its types.

use std::time::Duration;

use futures_util::future::BoxFuture;
use standing_core::catalogue::{ErasedOperation, JsonPages};
use standing_core::operation::{OperationInfo, RateLimit, Service};
use standing_core::provider::{CredentialVariables, Provider as Contract};
use standing_core::sign::{hex, hmac_sha256};
use standing_core::{Activity, Client, Credentials, Error, Json};

use crate::event::Account;
use crate::failure::{Failure, did_you_mean};
use crate::sweep::{self, Plan, Sweep};

/// Key ids shorter than this can be found by trial.
const GUESSABLE: usize = 16;

/// The providers. A new provider is an entry here, and a sweep in [`sweep`].
pub(crate) static PROVIDERS: [&dyn Provider; 4] = [
    &ProviderEntry::new(standing_tencent::OPERATIONS, sweep::tencent)
        .by_name()
        .home("ip")
        .lists(),
    &ProviderEntry::new(standing_huawei::OPERATIONS, sweep::huawei).lists(),
    &ProviderEntry::new(standing_alibaba::OPERATIONS, sweep::alibaba).by_name(),
    &ProviderEntry::new(standing_accuauth::OPERATIONS, sweep::accuauth),
];

/// A provider with its types.
struct ProviderEntry<P: 'static> {
    entries: &'static [ErasedOperation<P>],
    /// The default service, where several services have operations of the same name.
    home: Option<&'static str>,
    /// Operations differ only by name, so an operation without a type can be called too.
    by_name: bool,
    /// The provider lists its customers; otherwise each customer is queried.
    lists: bool,
    sweep: SweepFn<P>,
}

type SweepFn<P> = fn(Client<P>, Plan) -> Result<Sweep, Failure>;

impl<P> ProviderEntry<P> {
    const fn new(entries: &'static [ErasedOperation<P>], sweep: SweepFn<P>) -> Self {
        Self {
            entries,
            home: None,
            by_name: false,
            lists: false,
            sweep,
        }
    }

    const fn home(mut self, service: &'static str) -> Self {
        self.home = Some(service);
        self
    }

    const fn by_name(mut self) -> Self {
        self.by_name = true;
        self
    }

    const fn lists(mut self) -> Self {
        self.lists = true;
        self
    }
}

/// The settings of a client.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    /// Replaces the documented hosts.
    pub(crate) endpoint: Option<String>,
    /// Replaces the keys from the environment.
    pub(crate) keys: Option<Credentials>,
    pub(crate) attempts: Option<u32>,
    pub(crate) retry_metered: bool,
    pub(crate) deadline: Option<Duration>,
    /// Retries without a budget.
    pub(crate) unlimited_retries: bool,
    /// Observes no rate limit.
    pub(crate) unlimited_rate: bool,
    /// Calls per second; replaces the documented rate.
    pub(crate) rate: Option<u32>,
}

impl Settings {
    fn client<P: Contract>(&self) -> Result<Client<P>, Error> {
        let mut builder = Client::builder().retry_metered(self.retry_metered);
        builder = match &self.keys {
            Some(keys) => builder.credentials(keys.clone()),
            None => builder.credentials_from_env()?,
        };
        if let Some(endpoint) = &self.endpoint {
            builder = builder.endpoint(endpoint);
        }
        if let Some(attempts) = self.attempts {
            builder = builder.max_attempts(attempts);
        }
        if let Some(deadline) = self.deadline {
            builder = builder.deadline(deadline);
        }
        if self.unlimited_retries {
            builder = builder.retry_budget(u32::MAX);
        }
        if let Some(rate) = self.rate {
            builder = builder.rate(RateLimit::new(rate, 1));
        } else if self.unlimited_rate {
            builder = builder.unlimited_rate();
        }
        builder.build()
    }
}

/// What the commands need of a provider.
pub(crate) trait Provider: Sync {
    fn name(&self) -> &'static str;

    /// The environment variables that have the keys.
    fn variables(&self) -> CredentialVariables;

    /// The operations that have a type.
    fn operations(&self) -> Vec<OperationInfo>;

    /// The default service of an operation that is given by its name alone.
    fn home(&self) -> Option<&'static str>;

    /// Whether an operation without a type can be called by its name.
    fn by_name(&self) -> bool;

    fn connect(&self, settings: &Settings) -> Result<Box<dyn Connection>, Error>;

    /// Whether the provider lists its customers.
    fn lists(&self) -> bool;

    /// The mark of the keys in the environment; `None` if there are no usable keys.
    fn account(&self) -> Option<Account>;

    /// Prepares a sweep over all customers, or over the planned ones if the provider lists none.
    fn sweep(&self, settings: &Settings, plan: Plan) -> Result<Sweep, Failure>;
}

/// A client without its types. Methods return `None` for an operation without a type.
pub(crate) trait Connection: Send + Sync {
    /// Calls an operation with JSON parameters; returns JSON.
    fn call<'c>(
        &'c self,
        info: &OperationInfo,
        parameters: &'c str,
    ) -> Option<BoxFuture<'c, Result<String, Error>>>;

    /// Walks the pages, from the cursor if one is given.
    fn walk(
        &self,
        info: &OperationInfo,
        parameters: &str,
        cursor: Option<&str>,
    ) -> Option<Result<JsonPages, Error>>;

    /// Calls an operation with unvalidated parameters; returns the payload unchanged.
    fn raw<'c>(
        &'c self,
        info: &'c OperationInfo,
        parameters: &'c Json,
    ) -> BoxFuture<'c, Result<String, Error>>;

    /// What the client has sent so far.
    fn activity(&self) -> Activity;
}

impl<P: Contract> Provider for ProviderEntry<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn variables(&self) -> CredentialVariables {
        P::VARIABLES
    }

    fn operations(&self) -> Vec<OperationInfo> {
        self.entries.iter().map(|entry| entry.info).collect()
    }

    fn home(&self) -> Option<&'static str> {
        self.home
    }

    fn by_name(&self) -> bool {
        self.by_name
    }

    fn connect(&self, settings: &Settings) -> Result<Box<dyn Connection>, Error> {
        Ok(Box::new(Connected {
            client: settings.client::<P>()?,
            entries: self.entries,
        }))
    }

    fn lists(&self) -> bool {
        self.lists
    }

    fn account(&self) -> Option<Account> {
        let variable =
            |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        account(P::NAME, &P::VARIABLES.read(&variable).ok()?)
    }

    fn sweep(&self, settings: &Settings, plan: Plan) -> Result<Sweep, Failure> {
        (self.sweep)(settings.client()?, plan)
    }
}

/// The mark of keys; `None` for anonymous credentials. The hash is keyed with or taken over a value
/// that cannot be found by trial: a token, a long id, or else the secret.
fn account(provider: &str, keys: &Credentials) -> Option<Account> {
    let lasting = keys.token().is_none();
    let secret = match keys.token() {
        Some(token) => token.expose(),
        None if keys.id().len() >= GUESSABLE => "",
        None => keys.secret().expose(),
    };
    if keys.id().is_empty() && secret.is_empty() {
        return None;
    }
    let text = format!("standing report journal, keys of {provider}: {}", keys.id());
    let mut mark = hex(&hmac_sha256(secret.as_bytes(), text.as_bytes()));
    mark.truncate(32);
    Some(Account { mark, lasting })
}

struct Connected<P: 'static> {
    client: Client<P>,
    entries: &'static [ErasedOperation<P>],
}

impl<P> Connected<P> {
    fn entry(&self, info: &OperationInfo) -> Option<&'static ErasedOperation<P>> {
        self.entries
            .iter()
            .find(|entry| full_name(&entry.info) == full_name(info))
    }
}

impl<P: Contract> Connection for Connected<P> {
    fn call<'c>(
        &'c self,
        info: &OperationInfo,
        parameters: &'c str,
    ) -> Option<BoxFuture<'c, Result<String, Error>>> {
        let entry = self.entry(info)?;
        Some(Box::pin(entry.call(&self.client, parameters)))
    }

    fn walk(
        &self,
        info: &OperationInfo,
        parameters: &str,
        cursor: Option<&str>,
    ) -> Option<Result<JsonPages, Error>> {
        let entry = self.entry(info)?;
        Some(entry.walk(&self.client, parameters, cursor))
    }

    fn raw<'c>(
        &'c self,
        info: &'c OperationInfo,
        parameters: &'c Json,
    ) -> BoxFuture<'c, Result<String, Error>> {
        Box::pin(async move {
            let payload = self.client.raw(info, parameters).await?;
            Ok(payload.as_str().to_owned())
        })
    }

    fn activity(&self) -> Activity {
        self.client.activity()
    }
}

/// `service/Name`.
pub(crate) fn full_name(info: &OperationInfo) -> String {
    format!("{}/{}", info.service.name, info.name)
}

/// Finds a provider by its name.
pub(crate) fn find(name: &str) -> Result<&'static dyn Provider, Failure> {
    let known = PROVIDERS.iter().find(|provider| provider.name() == name);
    known.copied().ok_or_else(|| {
        let names = PROVIDERS.map(Provider::name);
        Failure::config(format!(
            "there is no such provider, only {}{}",
            names.join(", "),
            did_you_mean(name, names)
        ))
    })
}

/// Finds an operation by `Name` or `service/Name`. A raw call also takes the name of an operation
/// without a type, at providers whose operations differ only by name.
pub(crate) fn operation(
    provider: &dyn Provider,
    name: &str,
    raw: bool,
) -> Result<OperationInfo, Failure> {
    let known = provider.operations();
    if let Some(service) = name.split_once('/').map(|(service, _)| service) {
        if let Some(info) = known.iter().find(|info| full_name(info) == name) {
            return Ok(*info);
        }
        let relative = known.iter().find(|info| info.service.name == service);
        if let Some(relative) = relative.filter(|_| raw && provider.by_name())
            && let Some(info) = untyped(relative, name)
        {
            return Ok(info);
        }
    } else {
        let named: Vec<_> = known.iter().filter(|info| info.name == name).collect();
        let at_home = |info: &&&OperationInfo| Some(info.service.name) == provider.home();
        match (named.iter().find(at_home), named.as_slice()) {
            (Some(info), _) => return Ok(**info),
            (None, [info]) if provider.home().is_none() => return Ok(**info),
            _ => {}
        }
    }
    let full: Vec<_> = known.iter().map(full_name).collect();
    let meant = if name.contains('/') {
        did_you_mean(name, full.iter().map(String::as_str))
    } else {
        let near = did_you_mean(name, known.iter().map(|info| info.name));
        match known.iter().find(|info| info.name == name) {
            Some(info) => format!("; did you mean {}?", full_name(info)),
            None => near,
        }
    };
    let raw = if raw && provider.by_name() {
        "; a name that is not listed is called as service/Name"
    } else {
        ""
    };
    Err(
        Failure::config(format!("there is no such operation{meant}{raw}"))
            .of(provider.name(), None),
    )
}

/// Describes an operation without a type by its name and a sibling of its service. It counts as a
/// write, which is never retried once it may have run.
fn untyped(relative: &OperationInfo, name: &str) -> Option<OperationInfo> {
    let (_, name) = name.split_once('/')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_name {
        return None;
    }
    // A process leaks at most one name.
    let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
    let service: &'static Service = relative.service;
    let info = OperationInfo::new(service, name, relative.method, relative.path);
    Some(info.params(relative.params))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(name: &str, raw: bool) -> Result<String, String> {
        let provider = find("tencent").unwrap();
        operation(provider, name, raw)
            .map(|info| full_name(&info))
            .map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn name_without_a_service_is_of_the_default_service() {
        let ip = "ip/QueryCustomersCredit";
        assert_eq!(full("QueryCustomersCredit", false).unwrap(), ip);
        assert_eq!(full(ip, false).unwrap(), ip);
        let newer = "intlpartnersmgt/QueryCustomersCredit";
        assert_eq!(full(newer, false).unwrap(), newer);
    }

    #[test]
    fn unknown_operation_is_refused_with_a_suggestion() {
        let message = full("QueryCustomerCredit", false).unwrap_err();
        assert!(
            message.contains("did you mean QueryCustomersCredit?"),
            "{message}"
        );
        let message = full("ip/QueryCustomerCredit", false).unwrap_err();
        assert!(
            message.contains("did you mean ip/QueryCustomersCredit?"),
            "{message}"
        );
        assert!(full("pi/QueryCustomersCredit", true).is_err());
        assert!(full("ip/", true).is_err());
        assert!(full("ip/Not A Name", true).is_err());
        assert!(full("InventedOperation", true).is_err());
    }

    #[test]
    fn raw_call_takes_an_operation_without_a_type() {
        let info = operation(find("tencent").unwrap(), "ip/InventedOperation", true).unwrap();
        assert_eq!((info.name, info.path), ("InventedOperation", "/"));
        assert!(!info.repeatable());
        assert!(full("ip/InventedOperation", false).is_err());
    }

    #[test]
    fn account_mark_differs_by_id_and_token_and_shows_neither() {
        let long = "AKIDofSomeoneWhoIsLong";
        let of = |keys: Credentials| account("tencent", &keys).unwrap();
        let lasting = of(Credentials::new(long, "s"));
        assert!(lasting.lasting);
        let renewed = of(Credentials::new(long, "another"));
        assert_eq!(lasting, renewed, "a new secret is not a new account");
        assert_ne!(lasting, of(Credentials::new("AKIDofAnotherWhoIsLong", "s")));
        assert_ne!(
            lasting,
            account("huawei", &Credentials::new(long, "s")).unwrap()
        );
        // A short id could be found by trial.
        let short = |secret: &str| of(Credentials::new("1001", secret));
        assert_ne!(short("s"), short("another"));
        assert_eq!(short("s"), short("s"));
        let session = |token: &str| of(Credentials::new(long, "s").with_token(token));
        assert!(!session("t").lasting);
        assert_ne!(session("t"), session("u"));
        let alone = |token: &str| of(Credentials::token_only(token));
        assert!(!alone("t").lasting);
        assert_ne!(alone("t"), alone("u"));
        assert_eq!(alone("t"), alone("t"));
        assert_ne!(alone("t"), session("t"));
        assert!(account("tencent", &Credentials::anonymous()).is_none());
        assert_eq!(lasting.mark.len(), 32);
    }
}
