//! The one table of providers, and what the commands need of each, whatever its types.

use std::time::Duration;

use futures_util::future::BoxFuture;
use standing_core::sign::{hex, hmac_sha256};
use standing_core::{
    Activity, Client, Credentials, Entry, Error, Json, OperationInfo, RateLimit, Rows, Service,
};

use crate::failure::{Failure, did_you_mean};
use crate::journal::Account;
use crate::sweep::{self, Plan, Sweep};
use crate::tally::Teller;

/// Key ids shorter than this might be found by trying all of them.
const GUESSABLE: usize = 16;

/// The providers. A new one is a line here, with its sweep in [`sweep`].
pub(crate) static PROVIDERS: [&dyn Provider; 4] = [
    &Row::new(standing_tencent::OPERATIONS, sweep::tencent)
        .by_name()
        .home("ip")
        .lists(),
    &Row::new(standing_huawei::OPERATIONS, sweep::huawei).lists(),
    &Row::new(standing_alibaba::OPERATIONS, sweep::alibaba).by_name(),
    &Row::new(standing_accuauth::OPERATIONS, sweep::accuauth),
];

/// A provider.
struct Row<P: 'static> {
    entries: &'static [Entry<P>],
    /// The service that a name without one means, where a name is known to several.
    home: Option<&'static str>,
    /// Operations differ by nothing but their names, so that one without a type can be called too.
    by_name: bool,
    /// It can be asked for all customers; else each is asked about.
    lists: bool,
    sweep: SweepFn<P>,
}

type SweepFn<P> = fn(Client<P>, Teller, Plan) -> Result<Sweep, Failure>;

impl<P> Row<P> {
    const fn new(entries: &'static [Entry<P>], sweep: SweepFn<P>) -> Self {
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

/// How a client is set up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    /// In place of the documented hosts.
    pub(crate) endpoint: Option<String>,
    /// In place of those from the environment.
    pub(crate) keys: Option<Credentials>,
    pub(crate) attempts: Option<u32>,
    pub(crate) retry_metered: bool,
    pub(crate) deadline: Option<Duration>,
    /// Repeats however many calls fail.
    pub(crate) tireless: bool,
    /// Keeps to no rate.
    pub(crate) unpaced: bool,
    /// Calls a second, in place of the documented rate.
    pub(crate) rate: Option<u32>,
}

impl Settings {
    fn client<P: standing_core::Provider>(&self) -> Result<Client<P>, Error> {
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
        if self.tireless {
            builder = builder.retry_budget(u32::MAX);
        }
        if let Some(rate) = self.rate {
            builder = builder.rate(RateLimit::new(rate, 1));
        } else if self.unpaced {
            builder = builder.unlimited_rate();
        }
        builder.build()
    }
}

/// What the commands need of a provider.
pub(crate) trait Provider: Sync {
    fn name(&self) -> &'static str;

    /// What is known of its operations.
    fn operations(&self) -> Vec<OperationInfo>;

    /// The service that a name without one means.
    fn home(&self) -> Option<&'static str>;

    /// Whether an operation that has no type can be called by its name.
    fn by_name(&self) -> bool;

    fn connect(&self, settings: &Settings) -> Result<Box<dyn Connection>, Error>;

    /// Whether it can be asked for all customers, or about each only.
    fn lists(&self) -> bool;

    /// The mark of the keys in the environment; nothing if there are none that can be used.
    fn account(&self) -> Option<Account>;

    /// A sweep over all customers, or over those of the plan if it lists none.
    fn sweep(&self, settings: &Settings, teller: Teller, plan: Plan) -> Result<Sweep, Failure>;
}

/// A client without its types. What it returns is nothing for an operation that has no type.
pub(crate) trait Connection: Send + Sync {
    /// Makes a call with parameters as JSON; the output is JSON too.
    fn call<'c>(
        &'c self,
        info: &OperationInfo,
        parameters: &'c str,
    ) -> Option<BoxFuture<'c, Result<String, Error>>>;

    /// Walks the pages, from a cursor if there is one.
    fn walk(
        &self,
        info: &OperationInfo,
        parameters: &str,
        cursor: Option<&str>,
    ) -> Option<Result<Rows, Error>>;

    /// Makes a call with parameters that nobody checks; returns the payload as it came.
    fn raw<'c>(
        &'c self,
        info: &'c OperationInfo,
        parameters: &'c Json,
    ) -> BoxFuture<'c, Result<String, Error>>;

    /// What was sent so far.
    fn activity(&self) -> Activity;
}

impl<P: standing_core::Provider> Provider for Row<P> {
    fn name(&self) -> &'static str {
        P::NAME
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
        account(P::NAME, &P::credentials(&variable).ok()?)
    }

    fn sweep(&self, settings: &Settings, teller: Teller, plan: Plan) -> Result<Sweep, Failure> {
        (self.sweep)(settings.client()?, teller, plan)
    }
}

/// The mark of keys; nothing for none. The keys of the hash are such as cannot be found by trying:
/// a token, or an id that is long, or else the secret.
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
    entries: &'static [Entry<P>],
}

impl<P> Connected<P> {
    fn entry(&self, info: &OperationInfo) -> Option<&'static Entry<P>> {
        self.entries
            .iter()
            .find(|entry| full_name(&entry.info) == full_name(info))
    }
}

impl<P: standing_core::Provider> Connection for Connected<P> {
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
    ) -> Option<Result<Rows, Error>> {
        let entry = self.entry(info)?;
        Some(entry.walk(&self.client, parameters, cursor))
    }

    fn raw<'c>(
        &'c self,
        info: &'c OperationInfo,
        parameters: &'c Json,
    ) -> BoxFuture<'c, Result<String, Error>> {
        Box::pin(async move {
            let answer = self.client.raw(info, parameters).await?;
            Ok(answer.as_str().to_owned())
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

/// The provider of that name.
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

/// The operation of that name: `Name`, or `service/Name`. For a raw call a name that has no type
/// is good enough, where operations differ by nothing but their names.
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

/// What is known of an operation from its name and another one of its service: it counts as a
/// write, which is never repeated once it may have run.
fn untyped(relative: &OperationInfo, name: &str) -> Option<OperationInfo> {
    let (_, name) = name.split_once('/')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_name {
        return None;
    }
    // Once in the life of a process, so nothing grows.
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
    fn a_bare_name_means_the_home_service() {
        let ip = "ip/QueryCustomersCredit";
        assert_eq!(full("QueryCustomersCredit", false).unwrap(), ip);
        assert_eq!(full(ip, false).unwrap(), ip);
        let newer = "intlpartnersmgt/QueryCustomersCredit";
        assert_eq!(full(newer, false).unwrap(), newer);
    }

    #[test]
    fn what_is_not_known_is_refused_with_what_may_have_been_meant() {
        let told = full("QueryCustomerCredit", false).unwrap_err();
        assert!(
            told.contains("did you mean QueryCustomersCredit?"),
            "{told}"
        );
        let told = full("ip/QueryCustomerCredit", false).unwrap_err();
        assert!(
            told.contains("did you mean ip/QueryCustomersCredit?"),
            "{told}"
        );
        assert!(full("pi/QueryCustomersCredit", true).is_err());
        assert!(full("ip/", true).is_err());
        assert!(full("ip/Not A Name", true).is_err());
        assert!(full("QueryPartnerCredit", true).is_err());
    }

    #[test]
    fn a_raw_call_needs_no_type() {
        let info = operation(find("tencent").unwrap(), "ip/QueryPartnerCredit", true).unwrap();
        assert_eq!((info.name, info.path), ("QueryPartnerCredit", "/"));
        assert!(!info.repeatable());
        assert!(full("ip/QueryPartnerCredit", false).is_err());
    }

    #[test]
    fn account_marks_differ_by_id_and_token_and_show_neither() {
        let long = "AKIDofSomeoneWhoIsLong";
        let of = |keys: Credentials| account("tencent", &keys).unwrap();
        let lasting = of(Credentials::new(long, "s"));
        assert!(lasting.lasting);
        let renewed = of(Credentials::new(long, "another"));
        assert_eq!(lasting, renewed, "a new secret is no new account");
        assert_ne!(lasting, of(Credentials::new("AKIDofAnotherWhoIsLong", "s")));
        assert_ne!(
            lasting,
            account("huawei", &Credentials::new(long, "s")).unwrap()
        );
        // A short id could be found by trying.
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
