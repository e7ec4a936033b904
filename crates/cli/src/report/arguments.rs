//! The command line of `standing report`.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use crate::call::seconds;
use crate::sandbox::SandboxArgs;
use crate::verdict::{Thresholds, Verdict};

/// Reports the standing of all customers: on a sandbox inside this process, or live.
///
/// Without --live no packet leaves this machine and no keys are needed. The same seed gives the
/// same rows, with or without faults.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Verdicts: ok; watch, something will soon need attention; blocked, stopped or nothing left; unknown, \
the answer does not say; missing, there is no answer.

Exit codes: 0 all rows obtained; 1 some are missing, and the report says why; 2 nothing was sent, \
because the command line or the environment is wrong; 3 --fail-on found a row; 130 ended by Ctrl-C \
or SIGTERM, with the rows obtained by then (a second signal exits at once).")]
pub(crate) struct Arguments {
    /// The format of the rows
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(super) format: Format,
    /// Only these providers, separated by commas
    #[arg(long, value_name = "P,P", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Shows every row in the table, not only the worst ones
    #[arg(long)]
    pub(super) all: bool,
    /// Percentages: a customer with less credit left than one of them gets the verdict watch
    #[arg(long, value_name = "PERCENT,…", default_value = "25,10,0", value_parser = Thresholds::parse)]
    pub(super) below: Thresholds,
    /// Exits with code 3 if a row has this verdict; watch includes blocked
    #[arg(long, value_enum, value_name = "VERDICT", value_delimiter = ',')]
    pub(super) fail_on: Vec<FailOn>,
    /// Shows mobile numbers and e-mail addresses in full
    #[arg(long)]
    pub(super) show_personal: bool,
    /// Shows no progress bars; without a terminal on standard error there are none anyway
    #[arg(short = 'q', long)]
    pub(crate) no_progress: bool,
    /// Queries the providers themselves, with keys from the environment
    #[arg(long, conflicts_with_all = ["seed", "customers", "chaos", "latency"])]
    pub(super) live: bool,
    /// Keeps a journal in this file; if it exists and belongs to the same report, continues that
    /// report
    #[arg(long, value_name = "FILE")]
    pub(super) resume: Option<PathBuf>,
    /// Ends the report after this many seconds with the rows obtained by then; may be a fraction
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(super) deadline: Option<Duration>,
    /// Concurrent calls, at providers that are queried for each customer
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = concurrency)]
    pub(super) concurrency: usize,
    /// Calls per second at a provider, instead of the documented rate
    #[arg(long, value_name = "PROVIDER=N", value_parser = rate)]
    pub(super) rps: Vec<(String, u32)>,
    /// With --format csv: writes a byte order mark first, so that Excel reads UTF-8
    #[arg(long)]
    pub(super) excel: bool,
    /// With --live: the address of a provider, instead of the documented host
    #[arg(long, value_name = "PROVIDER=URL", requires = "live", value_parser = endpoint)]
    pub(super) endpoint: Vec<(String, String)>,
    /// With --live: the customers to query, or to expect in a list; a CSV file with the columns
    /// name, tencent_uin, huawei_id, alibaba_uid, mobile and mobile_md5, as far as they are known
    #[arg(long, value_name = "FILE", requires = "live")]
    pub(super) customer_file: Option<PathBuf>,
    /// With --live: retries a metered call even if it may have run and been billed
    #[arg(long, requires = "live")]
    pub(super) retry_metered: bool,
    #[command(flatten)]
    pub(super) sandbox: SandboxArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people: the worst rows, and counts
    Table,
    /// Every row, for spreadsheets
    Csv,
    /// One object with rows, counts and errors
    Json,
    /// One object per line, for each row
    Jsonl,
    /// One page for a browser, with sorting and filters
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Blocked,
    Watch,
    Unknown,
}

impl FailOn {
    pub(super) fn matches(self, verdict: Verdict) -> bool {
        match self {
            Self::Blocked => verdict == Verdict::Blocked,
            Self::Watch => matches!(verdict, Verdict::Watch | Verdict::Blocked),
            Self::Unknown => verdict == Verdict::Unknown,
        }
    }
}

// Messages of these parsers are shown, so they repeat no value.

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
    rate.ok_or("must look like tencent=5, with a whole number of calls per second")
}

fn concurrency(text: &str) -> Result<usize, &'static str> {
    let number = text.parse().ok().filter(|number| (1..=64).contains(number));
    number.ok_or("must be a whole number from 1 to 64")
}
