//! The last step of a report: prints the rows and statistics, and chooses the exit code.

use std::io::Write;

use standing_sandbox::Sandbox;

use super::arguments::{Arguments, FailOn, Format};
use super::collect::{Collected, End};
use crate::failure::Failure;
use crate::output::csv::Sheet;
use crate::output::escape::plain;
use crate::output::html::Page;
use crate::output::table::{self, WorstFirst};
use crate::output::{json, stdio};
use crate::recorder::Progress;
use crate::summary::{Counts, Report};
use crate::verdict::Verdict;

/// The exit code of a report in which `--fail-on` found a row.
const FOUND: u8 = 3;

/// Prints the report and returns the exit code.
pub(super) fn finish(
    collected: &Collected,
    arguments: &Arguments,
    sandbox: Option<&Sandbox>,
) -> Result<u8, Failure> {
    let report = &collected.report;
    match print(report, arguments) {
        // A reader that stops early does not change the exit code.
        Ok(()) | Err(Failure::Unread) => {}
        Err(failure) => return Err(failure.after_calls()),
    }
    print_statistics(report, sandbox);
    let journal = &report.records.journal;
    if let Some(error) = report.errors().into_iter().next() {
        if let Some(path) = journal.path() {
            let path = plain(&path.display().to_string());
            stdio::note(&format!("--resume {path} continues this report"));
        }
        return Err(match collected.end {
            End::Interrupted => Failure::interrupted(error),
            End::Over | End::Deadline => Failure::incomplete(error),
        });
    }
    journal.remove().map_err(|error| Failure::journal(&error))?;
    let found = count_found(&report.summary().all, &arguments.fail_on);
    if found > 0 {
        stdio::note(&format!("--fail-on: {found} rows"));
        return Ok(FOUND);
    }
    Ok(0)
}

/// Counts the customers that `--fail-on` finds.
fn count_found(counts: &Counts, wanted: &[FailOn]) -> u64 {
    let counts = [
        (Verdict::Watch, counts.watch),
        (Verdict::Blocked, counts.blocked),
        (Verdict::Unknown, counts.unknown),
    ];
    let counts = counts.iter().filter(|(verdict, _)| {
        let mut wanted = wanted.iter();
        wanted.any(|kind| kind.matches(*verdict))
    });
    counts.map(|(_, count)| count).sum()
}

/// Prints the rows.
fn print(report: &Report, arguments: &Arguments) -> Result<(), Failure> {
    let begun = report.records.journal.begun();
    let generated_at = arguments.live.then_some(begun);
    let seed = (!arguments.live).then_some(arguments.sandbox.seed);
    let mut out = stdio::data();
    match arguments.format {
        Format::Table => {
            let mut rows = WorstFirst::default();
            report.each_row(&mut |row| {
                rows.add(row, arguments.all);
                Ok(())
            })?;
            let table = table::render(rows, arguments.all, &report.summary());
            out.write_all(table.as_bytes())?;
        }
        Format::Csv => {
            if arguments.excel {
                out.write_all(b"\xef\xbb\xbf")?;
            }
            let mut sheet = Sheet::new(&mut out)?;
            report.each_row(&mut |row| Ok(sheet.add(&row)?))?;
            sheet.end()?;
        }
        Format::Json => json::write_report(report, generated_at, seed, &mut out)?,
        Format::Jsonl => json::write_lines(report, &mut out)?,
        Format::Html => {
            let mut page = Page::new(generated_at.map(str::to_owned), seed);
            report.each_row(&mut |row| {
                page.add(row);
                Ok(())
            })?;
            page.finish(&report.summary(), &report.errors(), &mut out)?;
        }
    }
    Ok(out.flush()?)
}

/// Writes to standard error what the report took. This varies between runs.
fn print_statistics(report: &Report, sandbox: Option<&Sandbox>) {
    let sweeps = &report.records.sweeps;
    let sum = |of: fn(&Progress) -> u64| sweeps.iter().map(of).sum::<u64>();
    for progress in sweeps {
        let percentile = |percent| match progress.percentile(percent) {
            Some(time) => format!("{time} ms"),
            None => "-".to_owned(),
        };
        stdio::facts(&format!(
            "{}: {} calls · {} retries · p50 {} · p95 {}",
            progress.provider,
            progress.calls,
            progress.retries,
            percentile(50),
            percentile(95),
        ));
    }
    let customers = report.summary().all.customers;
    let calls = sum(|progress| progress.calls);
    let retries = sum(|progress| progress.retries);
    let lost = sum(|progress| progress.failed);
    let Some(sandbox) = sandbox else {
        stdio::facts(&format!(
            "{customers} customers · {calls} calls · {retries} retries · {lost} lost"
        ));
        return;
    };
    let seen = sandbox.report();
    let proof = if seen.refused == 0 && seen.verified == seen.total {
        "every signature verified by the sandbox".to_owned()
    } else {
        format!(
            "{} of {} signatures refused by the sandbox",
            seen.refused, seen.total
        )
    };
    // Every attempt of a failed call may have met a fault. After each other fault the response still
    // came, late or by a retry, or it belonged to a page that was requested ahead and not needed.
    let fatal = sum(|progress| progress.failed_attempts);
    let recovered = seen.faults.saturating_sub(fatal);
    stdio::facts(&format!(
        "{customers} customers · {calls} calls · {} faults injected · {recovered} recovered · \
         {lost} lost · {proof}",
        seen.faults
    ));
}
