//! `standing report`: how all customers stand.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use standing_core::{Clock, Credentials, SystemClock};
use standing_sandbox::Sandbox;
use time::format_description::well_known::Rfc3339;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

use crate::book;
use crate::failure::Failure;
use crate::html::Page;
use crate::output;
use crate::providers::{self, PROVIDERS, Provider, Settings};
use crate::render::{self, Document, Written, as_json};
use crate::sandbox::World;
use crate::sweep::{Event, Row, Teller, Whom};
use crate::tally::{Summary, Tally};
use crate::verdict::{Below, Verdict};

/// Exit code of a report in which `--fail-on` found a row.
const FOUND: u8 = 3;
/// Exit code of a report that was interrupted.
const INTERRUPTED: u8 = 130;
/// With more customers than this the sandbox refuses no request for coming too fast, and the
/// clients keep to no rate: the wait would teach nothing.
const PACED: u64 = 1_000;

/// Tells how all customers stand: on a sandbox inside this process, or live.
///
/// Without --live no packet leaves this machine and no keys are needed. The same seed gives the
/// same rows, whatever the faults.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Verdicts: ok; watch, something will soon need attention; blocked, stopped or nothing left; unknown, \
the answer does not say; missing, there is no answer.

Exit codes: 0 all rows obtained; 1 some are missing, and the report says why; 2 nothing was sent, \
because the command line or the environment is wrong; 3 --fail-on found a row; 130 interrupted.")]
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
    #[arg(long, conflicts_with_all = ["seed", "customers", "chaos"])]
    live: bool,
    /// With --live: where to reach a provider in place of the documented host
    #[arg(long, value_name = "PROVIDER=URL", requires = "live", value_parser = endpoint)]
    endpoint: Vec<(String, String)>,
    /// With --live: whom to ask about at providers that list no customers; a CSV file with the
    /// columns provider, id (at accuauth: the mobile number) and, for the report, name
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

/// Sweeps all customers and prints how they stand.
pub(crate) async fn run(arguments: Arguments) -> Result<u8, Failure> {
    let mut tallies = chosen(&arguments.only)?;
    for (provider, _) in &arguments.endpoint {
        providers::find(provider)?;
    }
    let sandbox = if arguments.live {
        None
    } else {
        let paced = arguments.world.customers <= PACED;
        Some(arguments.world.start(paced).await?)
    };
    let (sender, events) = unbounded_channel();
    let below = Arc::new(arguments.below.clone());
    let mut sweeps = JoinSet::new();
    // All are ready before the first one starts: a key that is missing is found before anything
    // is sent.
    let mut ready = Vec::new();
    for (place, tally) in tallies.iter().enumerate() {
        let teller = Teller {
            place,
            events: sender.clone(),
            below: below.clone(),
        };
        let settings = settings(tally.provider, &arguments, sandbox.as_ref());
        let whom = whom(tally.provider, &arguments, sandbox.as_ref())?;
        let sweep = tally.provider.sweep(&settings, teller.clone(), whom)?;
        ready.push((sweep, teller));
    }
    drop(sender);
    if sandbox.is_some() {
        let World { seed, chaos, .. } = arguments.world;
        output::facts(&format!(
            "standing · sandbox on 127.0.0.1 · seed {seed} · chaos {chaos} %"
        ));
    }
    let bars = draw(&mut tallies, !arguments.no_progress && output::bars());
    for (sweep, teller) in ready {
        sweeps.spawn(async move {
            let end = sweep.await;
            teller.tell(Event::End(end));
        });
    }
    let interrupted = listen(&mut tallies, events).await;
    sweeps.abort_all();
    // A bar that cannot be cleared is no reason to withhold the report.
    let _ = bars.clear();

    let generated_at = arguments
        .live
        .then(|| SystemClock::default().utc().format(&Rfc3339).ok());
    print(&tallies, &arguments, generated_at.flatten())?;
    tell(&tallies, sandbox.as_ref());
    if interrupted {
        output::note("interrupted: rows are missing");
        return Ok(INTERRUPTED);
    }
    if let Some(error) = tallies.iter().flat_map(Tally::errors).next() {
        return Err(Failure::incomplete(error));
    }
    let verdicts = || tallies.iter().flat_map(|tally| &tally.rows);
    let finds = |row: &&Row| {
        let mut kinds = arguments.fail_on.iter();
        kinds.any(|kind| kind.finds(row.judged.verdict))
    };
    let found = verdicts().filter(finds).count();
    if found > 0 {
        output::note(&format!("--fail-on: {found} rows"));
        return Ok(FOUND);
    }
    Ok(0)
}

/// The providers to ask, in the order of the table.
fn chosen(only: &[String]) -> Result<Vec<Tally>, Failure> {
    let wanted: Vec<_> = only
        .iter()
        .map(|name| providers::find(name.trim()).map(Provider::name))
        .collect::<Result<_, _>>()?;
    let all = PROVIDERS.iter().copied();
    Ok(all
        .filter(|provider| wanted.is_empty() || wanted.contains(&provider.name()))
        .map(Tally::new)
        .collect())
}

/// Live: keys from the environment. Else the sandbox's endpoint and keys.
fn settings(provider: &dyn Provider, arguments: &Arguments, sandbox: Option<&Sandbox>) -> Settings {
    let Some(sandbox) = sandbox else {
        let mut endpoints = arguments.endpoint.iter();
        let endpoint = endpoints.find(|(name, _)| name == provider.name());
        return Settings {
            endpoint: endpoint.map(|(_, url)| url.clone()),
            repeat_metered: arguments.retry_metered,
            ..Settings::default()
        };
    };
    let desk = desk(provider);
    Settings {
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

/// Whom to ask about, where the provider lists nobody.
fn whom(
    provider: &dyn Provider,
    arguments: &Arguments,
    sandbox: Option<&Sandbox>,
) -> Result<Vec<Whom>, Failure> {
    if provider.lists() {
        return Ok(Vec::new());
    }
    let Some(sandbox) = sandbox else {
        let text = format!(
            "{} lists no customers: --book says whom to ask about, or --only leaves it out",
            provider.name()
        );
        let missing = || Failure::config(text).of(provider.name(), None);
        let path = arguments.book.as_deref().ok_or_else(missing)?;
        return book::read(path, provider.name());
    };
    let customers = desk(provider).map(|desk| sandbox.customers(desk));
    Ok(customers
        .into_iter()
        .flatten()
        .map(|customer| Whom {
            id: customer.id,
            name: None,
        })
        .collect())
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
        tally.bar = bar.with_prefix(tally.provider.name());
        tally.bar.tick();
    }
    bars
}

/// Takes down what the sweeps tell, until all have ended. Returns whether it was interrupted.
async fn listen(tallies: &mut [Tally], mut events: UnboundedReceiver<(usize, Event)>) -> bool {
    let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some((place, event)) => {
                    if let Some(tally) = tallies.get_mut(place) {
                        tally.take(event);
                    }
                }
                None => return false,
            },
            Ok(()) = &mut interrupt => break,
        }
    }
    // What was told by then is in the report.
    while let Ok((place, event)) = events.try_recv() {
        if let Some(tally) = tallies.get_mut(place) {
            tally.take(event);
        }
    }
    true
}

/// Prints the rows.
fn print(
    tallies: &[Tally],
    arguments: &Arguments,
    generated_at: Option<String>,
) -> Result<(), Failure> {
    let rows: Vec<Row> = tallies.iter().flat_map(Tally::all).collect();
    let written = |row: &Row| Written::new(row, arguments.show_personal);
    match arguments.format {
        Format::Table => {
            let (all, show_personal) = (arguments.all, arguments.show_personal);
            output::block(&render::as_table(tallies, rows, all, show_personal))?;
        }
        Format::Csv => {
            let rows: Vec<_> = rows.iter().map(written).collect();
            let text = render::as_csv(&rows)
                .map_err(|_| Failure::config("the rows cannot be written as CSV"))?;
            output::block(&text)?;
        }
        Format::Json => {
            let errors: Vec<_> = tallies.iter().flat_map(Tally::errors).collect();
            let document = Document {
                generated_at,
                seed: (!arguments.live).then_some(arguments.world.seed),
                complete: errors.is_empty(),
                rows: rows.iter().map(written).collect(),
                summary: Summary::new(tallies),
                errors,
            };
            output::line(&as_json(&document))?;
        }
        Format::Jsonl => {
            let lines: String = rows
                .iter()
                .map(|row| as_json(&written(row)) + "\n")
                .collect();
            output::block(&lines)?;
        }
        Format::Html => {
            let seed = (!arguments.live).then_some(arguments.world.seed);
            let mut page = Page::new(generated_at, seed);
            rows.iter().for_each(|row| page.add(written(row)));
            let errors: Vec<_> = tallies.iter().flat_map(Tally::errors).collect();
            let mut out = std::io::stdout().lock();
            page.finish(&Summary::new(tallies), &errors, &mut out)?;
        }
    }
    Ok(())
}

/// Tells on standard error what the report took: this changes from run to run.
fn tell(tallies: &[Tally], sandbox: Option<&Sandbox>) {
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    for tally in tallies {
        let mut times = tally.round_trips.clone();
        times.sort_unstable();
        output::facts(&format!(
            "{}: {} calls · {} repeated · p50 {} · p95 {}",
            tally.provider.name(),
            tally.calls(),
            tally.repeated,
            share(&times, 50),
            share(&times, 95),
        ));
    }
    let customers = Summary::new(tallies).all.customers;
    let calls = sum(Tally::calls);
    let repeated = sum(|tally| tally.repeated);
    let lost = sum(Tally::failed);
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
    let fatal = sum(Tally::fatal_attempts);
    let recovered = report.faults.saturating_sub(fatal);
    output::facts(&format!(
        "{customers} customers · {calls} calls · {} faults injected · {recovered} recovered · \
         {lost} lost · {proof}",
        report.faults
    ));
}

/// The time within which this percentage of the answers came; they are sorted.
fn share(times: &[Duration], percent: usize) -> String {
    let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
    let time = times.get(place);
    time.map_or_else(|| "-".to_owned(), |time| format!("{} ms", time.as_millis()))
}
