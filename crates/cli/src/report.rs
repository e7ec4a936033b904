//! `standing report`: how all customers stand.

use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use standing_core::sign::sha256_hex;
use standing_core::{Clock, Credentials, SystemClock};
use standing_sandbox::Sandbox;
use time::format_description::well_known::Rfc3339;
use tokio::task::JoinSet;

use crate::book::{Book, Customers, Whom};
use crate::call::seconds;
use crate::failure::{Failure, INTERRUPTED};
use crate::html::Page;
use crate::journal::{Found, Journal, Owner};
use crate::output;
use crate::providers::{self, PROVIDERS, Provider, Settings};
use crate::render::{self, Sheet, Worst, as_json};
use crate::sandbox::World;
use crate::signal::Signals;
use crate::sweep::Plan;
use crate::tally::{Board, Counts, Findings, Outcome, Tally, Teller};
use crate::verdict::{Below, Verdict};

/// Exit code of a report in which `--fail-on` found a row.
const FOUND: u8 = 3;
/// With more customers than this the sandbox refuses no request for coming too fast, and the
/// clients keep to no rate: the wait would teach nothing.
const PACED: u64 = 1_000;
/// Percent of the requests that meet a fault, unless told otherwise.
const CHAOS: u8 = 5;

/// Tells how all customers stand: on a sandbox inside this process, or live.
///
/// Without --live no packet leaves this machine and no keys are needed. The same seed gives the
/// same rows, whatever the faults.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Verdicts: ok; watch, something will soon need attention; blocked, stopped or nothing left; unknown, \
the answer does not say; missing, there is no answer.

Exit codes: 0 all rows obtained; 1 some are missing, and the report says why; 2 nothing was sent, \
because the command line or the environment is wrong; 3 --fail-on found a row; 130 ended by Ctrl-C \
or SIGTERM, with the rows obtained by then (a second one exits at once).")]
pub(crate) struct Arguments {
    /// How to write the rows
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// These providers only, with commas between
    #[arg(long, value_name = "P,P", value_delimiter = ',')]
    only: Vec<String>,
    /// Every row in the table, not the worst few
    #[arg(long)]
    all: bool,
    /// Percentages of credit left below which a customer is to be watched
    #[arg(long, value_name = "PERCENT,…", default_value = "25,10,0", value_parser = Below::parse)]
    below: Below,
    /// Ends with exit code 3 if there is such a row; watch takes blocked for one too
    #[arg(long, value_enum, value_name = "VERDICT", value_delimiter = ',')]
    fail_on: Vec<FailOn>,
    /// Shows mobile numbers and e-mail addresses in full
    #[arg(long)]
    show_personal: bool,
    /// No progress bars; there are none either where standard error is no terminal
    #[arg(short = 'q', long)]
    pub(crate) no_progress: bool,
    /// Asks the providers themselves, with keys from the environment
    #[arg(long, conflicts_with_all = ["seed", "customers", "chaos", "latency"])]
    live: bool,
    /// Keeps a journal in this file; if there is one of the same report, goes on where it stopped
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Ends the report after so many seconds with what is there; fractions will do
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    deadline: Option<Duration>,
    /// Calls at a time at providers that are asked about each customer
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = at_a_time)]
    concurrency: usize,
    /// Calls a second at a provider, in place of the documented rate
    #[arg(long, value_name = "PROVIDER=N", value_parser = rate)]
    rps: Vec<(String, u32)>,
    /// With --format csv: begins with the mark by which Excel knows UTF-8
    #[arg(long)]
    excel: bool,
    /// With --live: where to reach a provider in place of the documented host
    #[arg(long, value_name = "PROVIDER=URL", requires = "live", value_parser = endpoint)]
    endpoint: Vec<(String, String)>,
    /// With --live: whom to ask about, or expect in a list; a CSV file with the columns name,
    /// tencent_uin, huawei_id, alibaba_uid, mobile and mobile_md5, as far as they are known
    #[arg(long, value_name = "FILE", requires = "live")]
    book: Option<PathBuf>,
    /// With --live: repeats a metered look-up although it may have run and been billed
    #[arg(long, requires = "live")]
    retry_metered: bool,
    #[command(flatten)]
    world: World,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For the eye: the worst rows, and counts
    Table,
    /// Every row, for spreadsheets
    Csv,
    /// One object with rows, counts and errors
    Json,
    /// A row as an object on each line
    Jsonl,
    /// One page for a browser, to sort and filter
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Blocked,
    Watch,
    Unknown,
}

impl FailOn {
    fn finds(self, verdict: Verdict) -> bool {
        match self {
            Self::Blocked => verdict == Verdict::Blocked,
            Self::Watch => matches!(verdict, Verdict::Watch | Verdict::Blocked),
            Self::Unknown => verdict == Verdict::Unknown,
        }
    }
}

/// A text that repeats no value: it may be shown.
fn endpoint(text: &str) -> Result<(String, String), &'static str> {
    let (provider, url) = text
        .split_once('=')
        .ok_or("must look like tencent=https://…")?;
    Ok((provider.to_owned(), url.to_owned()))
}

fn rate(text: &str) -> Result<(String, u32), &'static str> {
    let rate = text.split_once('=').and_then(|(provider, rate)| {
        let rate = rate.parse().ok().filter(|rate| *rate > 0)?;
        Some((provider.to_owned(), rate))
    });
    rate.ok_or("must look like tencent=5, with a whole number of calls a second")
}

fn at_a_time(text: &str) -> Result<usize, &'static str> {
    let number = text.parse().ok().filter(|number| (1..=64).contains(number));
    number.ok_or("must be a whole number from 1 to 64")
}

/// Sweeps all customers and prints how they stand.
pub(crate) async fn run(arguments: Arguments) -> Result<u8, Failure> {
    let providers = chosen(&arguments.only)?;
    let names = providers.iter().map(|provider| provider.name());
    let mut tallies: Vec<Tally> = names.map(Tally::new).collect();
    let named = arguments.endpoint.iter().map(|(provider, _)| provider);
    for provider in named.chain(arguments.rps.iter().map(|(provider, _)| provider)) {
        providers::find(provider)?;
    }
    if arguments.excel && arguments.format != Format::Csv {
        return Err(Failure::config("--excel is for --format csv"));
    }
    let asked: Vec<_> = tallies.iter().map(|tally| tally.provider).collect();
    let book = arguments.book.as_deref();
    let book = book.map(|path| Book::open(path, &asked)).transpose()?;
    let begun = now()?;
    let journal = journal(&arguments, book.as_ref(), &providers, &mut tallies, begun)?;
    let paced = arguments.world.customers <= PACED;
    // Faults show what the clients are worth, but many of them only take time.
    let usual = if paced { CHAOS } else { 0 };
    let chaos = arguments.world.chaos.unwrap_or(usual);
    let sandbox = if arguments.live {
        None
    } else {
        Some(arguments.world.start(paced, chaos).await?)
    };
    // All are ready before the first one starts: a key that is missing is found before anything
    // is sent.
    let board = Arc::new(Board::default());
    let below = Arc::new(arguments.below.clone());
    let mut ready = Vec::new();
    for (place, (provider, tally)) in providers.iter().zip(&mut tallies).enumerate() {
        let teller = Teller {
            place,
            board: board.clone(),
            below: below.clone(),
        };
        let settings = settings(*provider, &arguments, sandbox.as_ref());
        let customers = customers(*provider, book.as_ref(), sandbox.as_ref())?;
        let plan = Plan {
            customers: customers.clone(),
            progress: tally.progress.clone(),
            at_a_time: arguments.concurrency,
            // A sandbox bills nobody.
            retry_metered: arguments.retry_metered || sandbox.is_some(),
        };
        if provider.lists() {
            tally.expected = book.is_some().then_some(customers);
        } else {
            tally.asked_about = Some(customers().count() as u64);
        }
        let sweep = provider.sweep(&settings, teller.clone(), plan)?;
        ready.push((sweep, teller));
    }
    if sandbox.is_some() {
        let seed = arguments.world.seed;
        output::facts(&format!(
            "standing · sandbox on 127.0.0.1 · seed {seed} · chaos {chaos} %"
        ));
    }
    let rows: u64 = tallies.iter().map(|tally| tally.progress.rows()).sum();
    if rows > 0 {
        let begun = journal.begun();
        output::note(&format!(
            "resumed after {rows} rows; the report was begun at {}",
            output::plain(begun)
        ));
    }
    let bars = draw(&mut tallies, !arguments.no_progress && output::bars());
    board.open(Findings {
        journal,
        tallies,
        failure: None,
        cut_short: "interrupted",
        show_personal: arguments.show_personal,
    });
    let mut signals = Signals::new()?;
    let mut sweeps = JoinSet::new();
    for (sweep, teller) in ready {
        sweeps.spawn(async move {
            let end = sweep.await;
            teller.end(end).await;
        });
    }
    let end = wait(&mut sweeps, &board, arguments.deadline, &mut signals).await;
    let findings = board.close();
    sweeps.abort_all();
    // A bar that cannot be cleared is no reason to withhold the report.
    let _ = bars.clear();

    let Some(mut findings) = findings else {
        return Err(Failure::config("the report was closed before its end"));
    };
    if let Some(error) = findings.failure.take() {
        return Err(Failure::journal(&error));
    }
    if end == End::Late {
        findings.cut_short = "the deadline has passed";
    }
    // A signal while rows are being printed exits at once.
    tokio::spawn(async move {
        signals.next().await;
        std::process::exit(INTERRUPTED.into());
    });
    if let Err(error) = findings.journal.keep() {
        // The rows are there and may have been billed: they are printed all the same.
        let kind = error.kind();
        output::note(&format!("the journal cannot be synced to disk: {kind}"));
    }
    let outcome = Outcome::new(findings).map_err(Failure::too_late)?;
    match print(&outcome, &arguments) {
        // Whoever has read enough may want to know how it ended all the same.
        Ok(()) | Err(Failure::Unread) => {}
        Err(failure) => return Err(failure.too_late()),
    }
    tell(&outcome, sandbox.as_ref());
    let journal = &outcome.findings.journal;
    if let Some(error) = outcome.errors().into_iter().next() {
        if let Some(path) = journal.path() {
            let path = path.display().to_string();
            output::note(&format!(
                "--resume {} goes on from here",
                output::plain(&path)
            ));
        }
        return Err(match end {
            End::Interrupted => Failure::interrupted(error),
            End::Over | End::Late => Failure::incomplete(error),
        });
    }
    journal.done().map_err(|error| Failure::journal(&error))?;
    let found = found(&outcome.summary().all, &arguments.fail_on);
    if found > 0 {
        output::note(&format!("--fail-on: {found} rows"));
        return Ok(FOUND);
    }
    Ok(0)
}

fn now() -> Result<String, Failure> {
    let now = SystemClock::default().utc().format(&Rfc3339);
    now.map_err(|_| Failure::config("this machine's clock tells no time"))
}

/// How many customers --fail-on finds.
fn found(counts: &Counts, wanted: &[FailOn]) -> u64 {
    let counts = [
        (Verdict::Watch, counts.watch),
        (Verdict::Blocked, counts.blocked),
        (Verdict::Unknown, counts.unknown),
    ];
    let counts = counts.iter().filter(|(verdict, _)| {
        let mut wanted = wanted.iter();
        wanted.any(|kind| kind.finds(*verdict))
    });
    counts.map(|(_, count)| count).sum()
}

/// Opens the journal, and takes up what is in it.
fn journal(
    arguments: &Arguments,
    book: Option<&Book>,
    providers: &[&'static dyn Provider],
    tallies: &mut [Tally],
    now: String,
) -> Result<Journal, Failure> {
    let Some(path) = &arguments.resume else {
        return Journal::temporary(now);
    };
    // Whatever the rows depend on.
    let names: Vec<_> = providers.iter().map(|provider| provider.name()).collect();
    let world = (!arguments.live).then_some(&arguments.world);
    let facts = serde_json::json!({
        "--live": arguments.live,
        "--only": names,
        "--seed": world.map(|world| world.seed),
        "--customers": world.map(|world| world.customers),
        "--below": arguments.below.to_string(),
        // An address may hold what nobody should find in a file.
        "--endpoint": sha256_hex(format!("{:?}", arguments.endpoint).as_bytes()),
        "--book": book.map(Book::digest),
        "--show-personal": arguments.show_personal,
    });
    let mut journal = Journal::open(path, arguments.live)?;
    journal.replay(&facts, |provider, found| {
        let mut tallies = tallies.iter_mut();
        let tally = tallies.find(|tally| tally.provider == provider);
        tally.map(|tally| tally.progress.take(found)).is_some()
    })?;
    if arguments.live {
        for (provider, tally) in providers.iter().zip(tallies) {
            owned(*provider, tally)?;
        }
    }
    journal.begin(&facts, now)?;
    Ok(journal)
}

/// Goes on with the rows of a provider in a journal only if they are of the keys in the environment:
/// rows of two accounts make no report of either.
fn owned(provider: &dyn Provider, tally: &mut Tally) -> Result<(), Failure> {
    let name = provider.name();
    let refused = |text: String| Err(Failure::config(text).of(name, None));
    let Some(account) = provider.account() else {
        // Keys that cannot be used are named as without a journal.
        provider.connect(&Settings::default())?;
        return refused("a journal is kept for keys of an account only".to_owned());
    };
    match tally.progress.owner(&account) {
        Owner::Same => return Ok(()),
        Owner::None => {}
        Owner::Unknown => output::note(&format!(
            "{name}: the journal was written with other temporary keys, which may be of another \
             account; its rows of {name} are asked for again"
        )),
        Owner::UnknownMetered => {
            return refused(format!(
                "the journal has metered look-ups at {name} made with other temporary keys, which \
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
    tally.progress.take(&Found::Keys(account.clone()));
    tally.keys = Some(account);
    Ok(())
}

/// The providers to ask, in the order of the table.
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

/// Live: keys from the environment. Else the sandbox's endpoint and keys.
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
    let desk = desk(provider);
    Settings {
        rate,
        endpoint: desk.map(|desk| sandbox.endpoint(desk)),
        keys: desk.map(|desk| {
            let key = sandbox.key(desk);
            Credentials::new(key.id, key.secret)
        }),
        // A provider in trouble is to be spared; a sandbox makes its troubles up.
        tireless: true,
        unpaced: arguments.world.customers > PACED,
        ..Settings::default()
    }
}

/// Whom to ask about, or to expect in a list.
fn customers(
    provider: &dyn Provider,
    book: Option<&Book>,
    sandbox: Option<&Sandbox>,
) -> Result<Customers, Failure> {
    if let Some(customers) = book.and_then(|book| book.customers(provider.name())) {
        return Ok(customers);
    }
    if let (Some(sandbox), Some(desk)) = (sandbox, desk(provider))
        && !provider.lists()
    {
        let people = sandbox.customers(desk);
        return Ok(Arc::new(move || {
            Box::new(people.clone().map(|customer| Whom {
                id: customer.id,
                ..Whom::default()
            }))
        }));
    }
    if provider.lists() {
        return Ok(Arc::new(|| Box::new(std::iter::empty())));
    }
    let text = match book {
        None => "lists no customers: --book says whom to ask about, or --only leaves it out",
        Some(_) => "lists no customers, and the book has no column for it: --only leaves it out",
    };
    Err(Failure::config(format!("{} {text}", provider.name())).of(provider.name(), None))
}

/// The provider in the sandbox.
fn desk(provider: &dyn Provider) -> Option<standing_sandbox::Provider> {
    let mut desks = standing_sandbox::Provider::ALL.into_iter();
    desks.find(|desk| desk.name() == provider.name())
}

/// Shows a bar for each provider.
fn draw(tallies: &mut [Tally], wanted: bool) -> MultiProgress {
    let target = if wanted {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bars = MultiProgress::with_draw_target(target);
    let style = ProgressStyle::with_template("{prefix:<9} {bar:32} {count}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key(
            "count",
            |state: &ProgressState, out: &mut dyn fmt::Write| {
                // Not all providers say how many there are.
                let of = state.len().map(|len| format!("/{len}"));
                let _ = write!(out, "{}{}", state.pos(), of.unwrap_or_default());
            },
        );
    for tally in tallies {
        let bar = bars.add(ProgressBar::no_length().with_style(style.clone()));
        tally.bar = bar.with_prefix(tally.provider);
        tally.show();
        tally.bar.tick();
    }
    bars
}

/// How it came that the report ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The sweeps have ended, or there is no use in going on.
    Over,
    Interrupted,
    Late,
}

/// Waits until all sweeps have ended, or something ends them.
async fn wait(
    sweeps: &mut JoinSet<()>,
    board: &Board,
    deadline: Option<Duration>,
    signals: &mut Signals,
) -> End {
    let all = async { while sweeps.join_next().await.is_some() {} };
    let late = async {
        match deadline {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = all => End::Over,
        () = board.full.notified() => End::Over,
        () = late => End::Late,
        () = signals.next() => End::Interrupted,
    }
}

/// Prints the rows.
fn print(outcome: &Outcome, arguments: &Arguments) -> Result<(), Failure> {
    let begun = outcome.findings.journal.begun();
    let generated_at = arguments.live.then(|| begun.to_owned());
    let mut out = output::data();
    match arguments.format {
        Format::Table => {
            let mut worst = Worst::default();
            outcome.each(&mut |row| {
                worst.add(row, arguments.all);
                Ok(())
            })?;
            let table = render::as_table(worst, arguments.all, &outcome.summary());
            out.write_all(table.as_bytes())?;
        }
        Format::Csv => {
            if arguments.excel {
                out.write_all(b"\xef\xbb\xbf")?;
            }
            let mut sheet = Sheet::new(&mut out)?;
            outcome.each(&mut |row| Ok(sheet.add(&row)?))?;
            sheet.end()?;
        }
        Format::Json => {
            let errors = outcome.errors();
            let seed = (!arguments.live).then_some(arguments.world.seed);
            write!(
                out,
                r#"{{"generated_at":{},"seed":{},"complete":{},"rows":["#,
                as_json(&generated_at),
                as_json(&seed),
                errors.is_empty()
            )?;
            let mut comma = "";
            outcome.each(&mut |row| {
                write!(out, "{comma}{}", as_json(&row))?;
                comma = ",";
                Ok(())
            })?;
            let (summary, errors) = (as_json(&outcome.summary()), as_json(&errors));
            writeln!(out, r#"],"summary":{summary},"errors":{errors}}}"#)?;
        }
        Format::Jsonl => outcome.each(&mut |row| Ok(writeln!(out, "{}", as_json(&row))?))?,
        Format::Html => {
            let seed = (!arguments.live).then_some(arguments.world.seed);
            let mut page = Page::new(generated_at, seed);
            outcome.each(&mut |row| {
                page.add(row);
                Ok(())
            })?;
            page.finish(&outcome.summary(), &outcome.errors(), &mut out)?;
        }
    }
    Ok(out.flush()?)
}

/// Tells on standard error what the report took: this changes from run to run.
fn tell(outcome: &Outcome, sandbox: Option<&Sandbox>) {
    let tallies = &outcome.findings.tallies;
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    for tally in tallies {
        let share = |percent| match tally.share(percent) {
            Some(time) => format!("{time} ms"),
            None => "-".to_owned(),
        };
        output::facts(&format!(
            "{}: {} calls · {} repeated · p50 {} · p95 {}",
            tally.provider,
            tally.calls,
            tally.repeated,
            share(50),
            share(95),
        ));
    }
    let customers = outcome.summary().all.customers;
    let calls = sum(|tally| tally.calls);
    let repeated = sum(|tally| tally.repeated);
    let lost = sum(|tally| tally.failed);
    let Some(sandbox) = sandbox else {
        output::facts(&format!(
            "{customers} customers · {calls} calls · {repeated} repeated · {lost} lost"
        ));
        return;
    };
    let report = sandbox.report();
    let proof = if report.refused == 0 && report.verified == report.total {
        "every signature verified by the sandbox".to_owned()
    } else {
        format!(
            "{} of {} signatures refused by the sandbox",
            report.refused, report.total
        )
    };
    // Each attempt of a call that failed may have met a fault. After all others the answer came all
    // the same, late or when the call was repeated, or it was that of a page asked for ahead and no
    // longer wanted.
    let fatal = sum(|tally| tally.fatal_attempts);
    let recovered = report.faults.saturating_sub(fatal);
    output::facts(&format!(
        "{customers} customers · {calls} calls · {} faults injected · {recovered} recovered · \
         {lost} lost · {proof}",
        report.faults
    ));
}
