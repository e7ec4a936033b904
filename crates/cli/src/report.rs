//! `standing report`: how all customers stand.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use standing_core::{Clock, Credentials, Error, ErrorKind, SystemClock};
use standing_sandbox::Sandbox;
use time::format_description::well_known::Rfc3339;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinSet;

use crate::book;
use crate::failure::{Failure, Telling};
use crate::output;
use crate::providers::{self, PROVIDERS, Provider, Settings};
use crate::render::{self, Cell, Column, Written, table};
use crate::sandbox::World;
use crate::sweep::{Event, Row, Teller, Whom};
use crate::verdict::{Below, Judged, Verdict};

/// Exit code of a report in which `--fail-on` found a row.
const FOUND: u8 = 3;
/// Exit code of a report that was interrupted.
const INTERRUPTED: u8 = 130;
/// Rows of the table without `--all`.
const SAMPLE: usize = 12;
/// A table this wide has room for names and ids.
const ROOMY: usize = 120;
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
    Table,
    Csv,
    Json,
    Jsonl,
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

/// What is known of one provider's customers so far.
struct Book {
    provider: &'static dyn Provider,
    rows: Vec<Row>,
    total: Option<u64>,
    /// Attempts beyond the first of calls that succeeded.
    repeated: u64,
    round_trips: Vec<Duration>,
    /// Why calls about one customer failed.
    lost: Vec<Error>,
    /// The ids of the rows: a list that changes while it is walked may tell a row twice.
    known: HashSet<String>,
    /// How it ended; nothing while it goes on.
    end: Option<Result<(), Error>>,
    bar: ProgressBar,
}

impl Book {
    fn new(provider: &'static dyn Provider) -> Self {
        Self {
            provider,
            rows: Vec::new(),
            total: None,
            repeated: 0,
            round_trips: Vec::new(),
            lost: Vec::new(),
            known: HashSet::new(),
            end: None,
            bar: ProgressBar::hidden(),
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Call {
                rows,
                total,
                attempts,
                round_trip,
            } => {
                self.repeated += u64::from(attempts.saturating_sub(1));
                self.round_trips.push(round_trip);
                self.grow(rows, total);
            }
            Event::Lost { row, total, error } => {
                self.lost.push(error);
                self.grow(vec![row], total);
            }
            Event::End(end) => {
                self.end = Some(end);
                self.bar.finish();
            }
        }
    }

    fn grow(&mut self, rows: Vec<Row>, total: Option<u64>) {
        for row in rows {
            if row.id.is_empty() || self.known.insert(row.id.clone()) {
                self.rows.push(row);
            }
        }
        self.total = total.or(self.total);
        if let Some(total) = self.total {
            self.bar.set_length(total);
        }
        self.bar.set_position(self.rows.len() as u64);
    }

    /// Calls that were made, however they ended.
    fn calls(&self) -> u64 {
        self.round_trips.len() as u64 + self.failed()
    }

    /// Calls that failed.
    fn failed(&self) -> u64 {
        let at_the_end = matches!(&self.end, Some(Err(_)));
        self.lost.len() as u64 + u64::from(at_the_end)
    }

    fn count(&self, verdict: Verdict) -> u64 {
        let rows = self.rows.iter();
        rows.filter(|row| row.judged.verdict == verdict).count() as u64
    }

    /// How many customers have no row at all; nothing if the provider has not said how many there
    /// are.
    fn untold(&self) -> Option<u64> {
        match (self.total, &self.end) {
            (Some(total), _) => Some(total.saturating_sub(self.rows.len() as u64)),
            (None, Some(Ok(()))) => Some(0),
            (None, _) => None,
        }
    }

    /// The row that stands for all that have none, if there are any.
    fn rest(&self) -> Option<Row> {
        let untold = self.untold();
        let why = match &self.end {
            Some(Ok(())) if untold == Some(0) => return None,
            Some(Ok(())) => "the provider counts more customers than it lists".to_owned(),
            Some(Err(error)) => Judged::missing(error).why,
            None => "interrupted".to_owned(),
        };
        let why = match untold {
            Some(1) => format!("1 row: {why}"),
            Some(untold) => format!("{untold} rows: {why}"),
            None => format!("all rows from here on: {why}"),
        };
        let verdict = Verdict::Missing;
        Some(Row::new(self.provider.name(), Judged { verdict, why }))
    }

    /// All rows; what is missing comes first, it must not be overlooked.
    fn all(&self) -> impl Iterator<Item = Row> {
        self.rest().into_iter().chain(self.rows.iter().cloned())
    }

    /// Why rows are missing.
    fn errors(&self) -> Vec<Telling> {
        let mut errors: Vec<Telling> = self.lost.iter().map(Telling::from).collect();
        match (&self.end, self.rest()) {
            (Some(Err(error)), _) => errors.insert(0, error.into()),
            (end, Some(rest)) => {
                let kind = match end {
                    Some(_) => ErrorKind::Paging,
                    None => ErrorKind::Timeout,
                };
                let telling = Telling::new(kind, rest.judged.why);
                errors.insert(0, telling.of(self.provider.name(), None));
            }
            _ => {}
        }
        errors
    }
}

/// Sweeps all customers and prints how they stand.
pub(crate) async fn run(arguments: Arguments) -> Result<u8, Failure> {
    let mut books = chosen(&arguments.only)?;
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
    for (place, book) in books.iter().enumerate() {
        let teller = Teller {
            place,
            events: sender.clone(),
            below: below.clone(),
        };
        let settings = settings(book.provider, &arguments, sandbox.as_ref());
        let whom = whom(book.provider, &arguments, sandbox.as_ref())?;
        let sweep = book.provider.sweep(&settings, teller.clone(), whom)?;
        ready.push((sweep, teller));
    }
    drop(sender);
    if sandbox.is_some() {
        let World { seed, chaos, .. } = arguments.world;
        output::note(&format!(
            "standing · sandbox on 127.0.0.1 · seed {seed} · chaos {chaos} %"
        ));
    }
    let bars = draw(&mut books, !arguments.no_progress && output::bars());
    for (sweep, teller) in ready {
        sweeps.spawn(async move {
            let end = sweep.await;
            teller.tell(Event::End(end));
        });
    }
    let interrupted = listen(&mut books, events).await;
    sweeps.abort_all();
    // A bar that cannot be cleared is no reason to withhold the report.
    let _ = bars.clear();

    let generated_at = arguments
        .live
        .then(|| SystemClock::default().utc().format(&Rfc3339).ok());
    print(&books, &arguments, generated_at.flatten())?;
    tell(&books, sandbox.as_ref());
    if interrupted {
        output::note("interrupted: rows are missing");
        return Ok(INTERRUPTED);
    }
    if let Some(error) = books.iter().flat_map(Book::errors).next() {
        return Err(Failure::incomplete(error));
    }
    let verdicts = || books.iter().flat_map(|book| &book.rows);
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
fn chosen(only: &[String]) -> Result<Vec<Book>, Failure> {
    let wanted: Vec<_> = only
        .iter()
        .map(|name| providers::find(name.trim()).map(Provider::name))
        .collect::<Result<_, _>>()?;
    let all = PROVIDERS.iter().copied();
    Ok(all
        .filter(|provider| wanted.is_empty() || wanted.contains(&provider.name()))
        .map(Book::new)
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
fn draw(books: &mut [Book], wanted: bool) -> MultiProgress {
    let target = if wanted {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bars = MultiProgress::with_draw_target(target);
    let style = ProgressStyle::with_template("{prefix:<9} {bar:32} {pos}/{len}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    for book in books {
        let bar = bars.add(ProgressBar::no_length().with_style(style.clone()));
        book.bar = bar.with_prefix(book.provider.name());
        book.bar.tick();
    }
    bars
}

/// Takes down what the sweeps tell, until all have ended. Returns whether it was interrupted.
async fn listen(books: &mut [Book], mut events: UnboundedReceiver<(usize, Event)>) -> bool {
    let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some((place, event)) => {
                    if let Some(book) = books.get_mut(place) {
                        book.take(event);
                    }
                }
                None => return false,
            },
            Ok(()) = &mut interrupt => break,
        }
    }
    // What was told by then is in the report.
    while let Ok((place, event)) = events.try_recv() {
        if let Some(book) = books.get_mut(place) {
            book.take(event);
        }
    }
    true
}

/// Prints the rows.
fn print(
    books: &[Book],
    arguments: &Arguments,
    generated_at: Option<String>,
) -> Result<(), Failure> {
    let rows: Vec<Row> = books.iter().flat_map(Book::all).collect();
    let written = |row: &Row| Written::new(row, arguments.show_personal);
    match arguments.format {
        Format::Table => output::block(&as_table(books, rows, arguments))?,
        Format::Csv => {
            let rows: Vec<_> = rows.iter().map(written).collect();
            let text = render::csv(&rows)
                .map_err(|_| Failure::config("the rows cannot be written as CSV"))?;
            output::block(&text)?;
        }
        Format::Json => {
            let errors: Vec<_> = books.iter().flat_map(Book::errors).collect();
            let document = Document {
                generated_at,
                seed: (!arguments.live).then_some(arguments.world.seed),
                complete: errors.is_empty(),
                rows: rows.iter().map(written).collect(),
                summary: Summary::new(books),
                errors,
            };
            output::line(&json(&document))?;
        }
        Format::Jsonl => {
            let lines: String = rows.iter().map(|row| json(&written(row)) + "\n").collect();
            output::block(&lines)?;
        }
    }
    Ok(())
}

/// Texts, numbers and lists of them can always be written.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The whole report as one object.
#[derive(Serialize)]
struct Document {
    /// Live only: the sandbox's report must not change with the time of day.
    generated_at: Option<String>,
    /// Sandbox only.
    seed: Option<u64>,
    complete: bool,
    rows: Vec<Written>,
    summary: Summary,
    errors: Vec<Telling>,
}

/// Counts of verdicts, over all and by provider.
#[derive(Serialize)]
struct Summary {
    #[serde(flatten)]
    all: Counts,
    providers: Vec<ProviderCounts>,
}

#[derive(Serialize)]
struct ProviderCounts {
    provider: &'static str,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Clone, Copy, Default, Serialize)]
struct Counts {
    customers: u64,
    ok: u64,
    watch: u64,
    blocked: u64,
    unknown: u64,
    /// Nothing if nobody knows how many.
    missing: Option<u64>,
}

impl Counts {
    fn of(book: &Book) -> Self {
        let lost = book.count(Verdict::Missing);
        Self {
            customers: book.rows.len() as u64 - lost,
            ok: book.count(Verdict::Ok),
            watch: book.count(Verdict::Watch),
            blocked: book.count(Verdict::Blocked),
            unknown: book.count(Verdict::Unknown),
            missing: book.untold().map(|untold| untold + lost),
        }
    }
}

impl Summary {
    fn new(books: &[Book]) -> Self {
        let providers: Vec<_> = books
            .iter()
            .map(|book| ProviderCounts {
                provider: book.provider.name(),
                counts: Counts::of(book),
            })
            .collect();
        let none = Counts {
            missing: Some(0),
            ..Counts::default()
        };
        let all = providers.iter().fold(none, |sum, one| Counts {
            customers: sum.customers + one.counts.customers,
            ok: sum.ok + one.counts.ok,
            watch: sum.watch + one.counts.watch,
            blocked: sum.blocked + one.counts.blocked,
            unknown: sum.unknown + one.counts.unknown,
            missing: sum.missing.zip(one.counts.missing).map(|(a, b)| a + b),
        });
        Self { all, providers }
    }
}

fn as_table(books: &[Book], mut rows: Vec<Row>, arguments: &Arguments) -> String {
    // Worst first; the order of the providers and of their lists within.
    rows.sort_by_key(|row| std::cmp::Reverse(row.judged.verdict));
    let count = rows.len();
    if !arguments.all {
        rows.truncate(SAMPLE);
    }
    let shown = rows.len();
    let (width, colours) = (output::width(), output::colours());
    // Where there is no room for ids, they stand in for names that are not known.
    let with_ids = width.is_none_or(|width| width >= ROOMY);
    let mut columns = vec![
        Column::left("CUSTOMER").cut(),
        Column::left("ID"),
        Column::left("PROVIDER"),
        Column::left("VERDICT"),
        Column::right("CREDIT").dispensable(),
        Column::right("LEFT"),
        Column::left("WHY").wraps(),
    ];
    let text = |text: Option<String>| Cell::from(text.as_deref().unwrap_or("-"));
    let mut cells: Vec<Vec<Cell>> = rows
        .iter()
        .map(|row| {
            let looks = render::colour(row.judged.verdict, colours);
            let written = Written::new(row, arguments.show_personal);
            let id = written.id.map(render::shortened);
            let stand_in = if with_ids { written.email } else { id.clone() };
            vec![
                text(written.name.or(stand_in).or(written.mobile)),
                text(id),
                written.provider.into(),
                Cell::from(written.verdict).styled(looks),
                text(written.credit),
                text(written.left),
                written.why.into(),
            ]
        })
        .collect();
    if !with_ids {
        columns.remove(1);
        for line in &mut cells {
            line.remove(1);
        }
    }
    let mut out = table(&columns, cells, width);
    if shown < count {
        out.push_str(&format!(
            "… {shown} of {count} shown; --all for every row\n"
        ));
    }
    out.push('\n');
    let columns = [
        Column::left("PROVIDER"),
        Column::right("CUSTOMERS"),
        Column::right("OK"),
        Column::right("WATCH"),
        Column::right("BLOCKED"),
        Column::right("UNKNOWN"),
        Column::right("MISSING"),
    ];
    let number = |number: u64| Cell::from(number.to_string());
    let summary = Summary::new(books);
    let lines = summary.providers.iter().map(|line| {
        let counts = line.counts;
        vec![
            line.provider.into(),
            number(counts.customers),
            number(counts.ok),
            number(counts.watch),
            number(counts.blocked),
            number(counts.unknown),
            counts.missing.map_or_else(|| "?".into(), number),
        ]
    });
    out.push_str(&table(&columns, lines, None));
    out
}

/// Tells on standard error what the report took: this changes from run to run.
fn tell(books: &[Book], sandbox: Option<&Sandbox>) {
    let sum = |of: fn(&Book) -> u64| books.iter().map(of).sum::<u64>();
    for book in books {
        let mut times = book.round_trips.clone();
        times.sort_unstable();
        output::note(&format!(
            "{}: {} calls · {} repeated · p50 {} · p95 {}",
            book.provider.name(),
            book.calls(),
            book.repeated,
            share(&times, 50),
            share(&times, 95),
        ));
    }
    let customers = Summary::new(books).all.customers;
    let calls = sum(Book::calls);
    let repeated = sum(|book| book.repeated);
    let lost = sum(Book::failed);
    let Some(sandbox) = sandbox else {
        output::note(&format!(
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
    // An answer that is late needs no repetition. At AccuAuth the sandbox does no worse, because a
    // look-up that may be billed is not repeated.
    let late = report.injected.get("latency").copied().unwrap_or_default();
    let recovered = repeated + late;
    output::note(&format!(
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
