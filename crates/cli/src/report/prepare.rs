//! The first step of a report: everything that can be wrong before anything is sent.

use std::sync::Arc;

use standing_core::Credentials;
use standing_core::clock::{Clock, SystemClock};
use standing_core::sign::sha256_hex;
use standing_sandbox::Sandbox;
use time::format_description::well_known::Rfc3339;

use super::arguments::{Arguments, Format};
use crate::checkpoint::Owner;
use crate::customer_file::{CustomerFile, CustomerRef, Customers};
use crate::event::Event;
use crate::failure::Failure;
use crate::journal::Journal;
use crate::output::escape::plain;
use crate::output::stdio;
use crate::providers::{self, PROVIDERS, Provider, Settings};
use crate::recorder::{Progress, Records};
use crate::sweep::{Plan, Sweep};

/// With more customers than this the sandbox enforces no rate limits and the clients observe none:
/// the wait would show nothing.
const RATE_LIMITED: u64 = 1_000;
/// The default percentage of requests that meet a fault.
const CHAOS: u8 = 5;

/// A report that is ready to run.
pub(super) struct Prepared {
    pub(super) sandbox: Option<Sandbox>,
    pub(super) records: Records,
    /// In the order of the records.
    pub(super) sweeps: Vec<Sweep>,
}

/// Validates the command line, opens the files, and sets up all clients: a missing key is found
/// before the first call of any provider.
pub(super) async fn prepare(arguments: &Arguments) -> Result<Prepared, Failure> {
    let providers = chosen(&arguments.only)?;
    let names = providers.iter().map(|provider| provider.name());
    let mut progress: Vec<_> = names.clone().map(Progress::new).collect();
    let named = arguments.endpoint.iter().map(|(provider, _)| provider);
    for provider in named.chain(arguments.rps.iter().map(|(provider, _)| provider)) {
        providers::find(provider)?;
    }
    if arguments.excel && arguments.format != Format::Csv {
        return Err(Failure::config("--excel is for --format csv"));
    }
    let names: Vec<_> = names.collect();
    let file = arguments.customer_file.as_deref();
    let file = file
        .map(|path| CustomerFile::open(path, &names))
        .transpose()?;
    let journal = journal(arguments, file.as_ref(), &providers, &mut progress, now()?)?;
    let rate_limited = arguments.sandbox.customers <= RATE_LIMITED;
    // In a large report faults only take time.
    let default = if rate_limited { CHAOS } else { 0 };
    let chaos = arguments.sandbox.chaos.unwrap_or(default);
    let sandbox = if arguments.live {
        None
    } else {
        Some(arguments.sandbox.start(rate_limited, chaos).await?)
    };
    let mut sweeps = Vec::new();
    for (provider, progress) in providers.iter().zip(&mut progress) {
        let settings = settings(*provider, arguments, sandbox.as_ref());
        let customers = customers(*provider, file.as_ref(), sandbox.as_ref())?;
        let plan = Plan {
            customers: customers.clone(),
            checkpoint: progress.checkpoint.clone(),
            concurrency: arguments.concurrency,
            // The sandbox bills no calls.
            retry_metered: arguments.retry_metered || sandbox.is_some(),
            thresholds: arguments.below.clone(),
            show_personal: arguments.show_personal,
        };
        if provider.lists() {
            progress.expected = file.is_some().then_some(customers);
        } else {
            progress.planned = Some(customers().count() as u64);
        }
        sweeps.push(provider.sweep(&settings, plan)?);
    }
    if sandbox.is_some() {
        let seed = arguments.sandbox.seed;
        stdio::facts(&format!(
            "standing · sandbox on 127.0.0.1 · seed {seed} · chaos {chaos} %"
        ));
    }
    let rows: u64 = progress.iter().map(|one| one.checkpoint.rows()).sum();
    if rows > 0 {
        let begun = plain(journal.begun());
        stdio::note(&format!(
            "resumed after {rows} rows; the report was begun at {begun}"
        ));
    }
    let records = Records {
        journal,
        sweeps: progress,
        journal_error: None,
        stopped_by: "interrupted",
        show_personal: arguments.show_personal,
    };
    Ok(Prepared {
        sandbox,
        records,
        sweeps,
    })
}

fn now() -> Result<String, Failure> {
    let now = SystemClock::default().utc().format(&Rfc3339);
    now.map_err(|_| Failure::config("this machine's clock has no valid time"))
}

/// The providers to query, in the order of the table.
fn chosen(only: &[String]) -> Result<Vec<&'static dyn Provider>, Failure> {
    let wanted: Vec<_> = only
        .iter()
        .map(|name| providers::find(name.trim()).map(Provider::name))
        .collect::<Result<_, _>>()?;
    let all = PROVIDERS.iter().copied();
    Ok(all
        .filter(|provider| wanted.is_empty() || wanted.contains(&provider.name()))
        .collect())
}

/// Opens the journal and applies the events in it.
fn journal(
    arguments: &Arguments,
    file: Option<&CustomerFile>,
    providers: &[&'static dyn Provider],
    progress: &mut [Progress],
    now: String,
) -> Result<Journal, Failure> {
    let Some(path) = &arguments.resume else {
        return Journal::temporary(now);
    };
    // Everything that the rows depend on.
    let names: Vec<_> = providers.iter().map(|provider| provider.name()).collect();
    let sandbox = (!arguments.live).then_some(&arguments.sandbox);
    let facts = serde_json::json!({
        "--live": arguments.live,
        "--only": names,
        "--seed": sandbox.map(|sandbox| sandbox.seed),
        "--customers": sandbox.map(|sandbox| sandbox.customers),
        "--below": arguments.below.to_string(),
        // An address may contain secrets, so the file has only its digest.
        "--endpoint": sha256_hex(format!("{:?}", arguments.endpoint).as_bytes()),
        "--customer-file": file.map(CustomerFile::digest),
        "--show-personal": arguments.show_personal,
    });
    let mut journal = Journal::open(path, arguments.live)?;
    journal.replay(&facts, |provider, event| {
        let mut progress = progress.iter_mut();
        let progress = progress.find(|progress| progress.provider == provider);
        progress
            .map(|progress| progress.checkpoint.apply(event))
            .is_some()
    })?;
    if arguments.live {
        for (provider, progress) in providers.iter().zip(&mut *progress) {
            check_owner(*provider, progress)?;
        }
    }
    journal.begin(&facts, now)?;
    Ok(journal)
}

/// Keeps a provider's rows in the journal only if they belong to the keys in the environment: rows
/// of two accounts are a report of neither.
fn check_owner(provider: &dyn Provider, progress: &mut Progress) -> Result<(), Failure> {
    let name = provider.name();
    let refused = |text: String| Err(Failure::config(text).of(name, None));
    let Some(account) = provider.account() else {
        // Unusable keys give the same error as without a journal.
        provider.connect(&Settings::default())?;
        return refused("a journal is kept for keys of an account only".to_owned());
    };
    match progress.checkpoint.owner(&account) {
        Owner::Same => return Ok(()),
        Owner::None => {}
        Owner::Unknown => stdio::note(&format!(
            "{name}: the journal was written with other temporary keys, which may be of another \
             account; its rows of {name} are requested again"
        )),
        Owner::UnknownMetered => {
            return refused(format!(
                "the journal has metered calls at {name} made with other temporary keys, which \
                 may be of another account: use those keys, or begin a new report by naming another \
                 file or removing this one"
            ));
        }
        Owner::Other => {
            return refused(format!(
                "the journal is of a report with another account at {name}: use the keys of that \
                 account, or begin a new report by naming another file or removing this one"
            ));
        }
    }
    progress.checkpoint.apply(&Event::Keys(account.clone()));
    progress.account = Some(account);
    Ok(())
}

/// The settings of a client: live with keys from the environment, otherwise with the sandbox's
/// endpoint and keys.
fn settings(provider: &dyn Provider, arguments: &Arguments, sandbox: Option<&Sandbox>) -> Settings {
    let mut rates = arguments.rps.iter();
    let rate = rates.find(|(name, _)| name == provider.name());
    let rate = rate.map(|(_, rate)| *rate);
    let Some(sandbox) = sandbox else {
        let mut endpoints = arguments.endpoint.iter();
        let endpoint = endpoints.find(|(name, _)| name == provider.name());
        return Settings {
            rate,
            endpoint: endpoint.map(|(_, url)| url.clone()),
            retry_metered: arguments.retry_metered,
            ..Settings::default()
        };
    };
    let stand_in = in_sandbox(provider);
    Settings {
        rate,
        endpoint: stand_in.map(|stand_in| sandbox.endpoint(stand_in)),
        keys: stand_in.map(|stand_in| {
            let key = sandbox.key(stand_in);
            Credentials::new(key.id, key.secret)
        }),
        // The retry budget spares a provider in trouble; the sandbox invents its troubles.
        unlimited_retries: true,
        unlimited_rate: arguments.sandbox.customers > RATE_LIMITED,
        ..Settings::default()
    }
}

/// The customers to query, or to expect in a list.
fn customers(
    provider: &dyn Provider,
    file: Option<&CustomerFile>,
    sandbox: Option<&Sandbox>,
) -> Result<Customers, Failure> {
    if let Some(customers) = file.and_then(|file| file.customers(provider.name())) {
        return Ok(customers);
    }
    if let (Some(sandbox), Some(stand_in)) = (sandbox, in_sandbox(provider))
        && !provider.lists()
    {
        let customers = sandbox.customers(stand_in);
        return Ok(Arc::new(move || {
            Box::new(customers.clone().map(|customer| CustomerRef {
                id: customer.id,
                ..CustomerRef::default()
            }))
        }));
    }
    if provider.lists() {
        return Ok(Arc::new(|| Box::new(std::iter::empty())));
    }
    let text = match file {
        None => "lists no customers: name them with --customer-file, or omit it with --only",
        Some(_) => {
            "lists no customers, and the customer file has no column for it: \
             omit it with --only"
        }
    };
    Err(Failure::config(format!("{} {text}", provider.name())).of(provider.name(), None))
}

/// The sandbox's emulator of the provider.
fn in_sandbox(provider: &dyn Provider) -> Option<standing_sandbox::Provider> {
    let mut all = standing_sandbox::Provider::ALL.into_iter();
    all.find(|emulated| emulated.name() == provider.name())
}
