//! The second step of a report: the sweeps run until they end or the report is cut short.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use tokio::task::JoinSet;

use super::arguments::Arguments;
use crate::failure::{Failure, INTERRUPTED};
use crate::output::stdio;
use crate::recorder::{Progress, Recorder, Records};
use crate::signal::Signals;
use crate::summary::Report;
use crate::sweep::Sweep;

/// A report with all the rows that it will have.
pub(super) struct Collected {
    pub(super) report: Report,
    pub(super) end: End,
}

/// Why the sweeps ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// All sweeps have ended, or the journal failed.
    Over,
    Interrupted,
    Deadline,
}

/// Runs the sweeps and returns what they found. From then on a signal exits the process.
pub(super) async fn collect(
    mut records: Records,
    sweeps: Vec<Sweep>,
    arguments: &Arguments,
) -> Result<Collected, Failure> {
    let bars = draw(&mut records.sweeps, !arguments.no_progress && stdio::bars());
    let recorder = Arc::new(Recorder::new(records));
    let mut signals = Signals::new()?;
    let mut running = JoinSet::new();
    for (index, sweep) in sweeps.into_iter().enumerate() {
        let recorder = recorder.sweep(index);
        running.spawn(async move {
            let end = sweep(recorder.clone()).await;
            recorder.end(end).await;
        });
    }
    let end = wait(&mut running, &recorder, arguments.deadline, &mut signals).await;
    let records = recorder.close();
    running.abort_all();
    // Print the report even if a bar cannot be cleared.
    let _ = bars.clear();
    let Some(mut records) = records else {
        return Err(Failure::config("the report was closed before its end"));
    };
    if let Some(error) = records.journal_error.take() {
        return Err(Failure::journal(&error));
    }
    if end == End::Deadline {
        records.stopped_by = "the deadline has passed";
    }
    // A second Ctrl-C while rows are being printed exits immediately.
    tokio::spawn(async move {
        signals.next().await;
        std::process::exit(INTERRUPTED.into());
    });
    if let Err(error) = records.journal.sync() {
        // The rows exist and may have been billed, so they are printed anyway.
        let kind = error.kind();
        stdio::note(&format!("the journal cannot be synced to disk: {kind}"));
    }
    let report = Report::new(records).map_err(Failure::after_calls)?;
    Ok(Collected { report, end })
}

/// Shows a bar for each provider.
fn draw(sweeps: &mut [Progress], wanted: bool) -> MultiProgress {
    let target = if wanted {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bars = MultiProgress::with_draw_target(target);
    #[expect(clippy::expect_used, reason = "the template is a constant")]
    let style = ProgressStyle::with_template("{prefix:<9} {bar:32} {count}").expect("a template");
    let style = style.with_key(
        "count",
        |state: &ProgressState, out: &mut dyn fmt::Write| {
            // Some providers report no total.
            let of = state.len().map(|len| format!("/{len}"));
            let _ = write!(out, "{}{}", state.pos(), of.unwrap_or_default());
        },
    );
    for progress in sweeps {
        let bar = bars.add(ProgressBar::no_length().with_style(style.clone()));
        progress.bar = bar.with_prefix(progress.provider);
        progress.show();
        progress.bar.tick();
    }
    bars
}

/// Waits until all sweeps have ended, or something cuts them short.
async fn wait(
    sweeps: &mut JoinSet<()>,
    recorder: &Recorder,
    deadline: Option<Duration>,
    signals: &mut Signals,
) -> End {
    let all = async { while sweeps.join_next().await.is_some() {} };
    let deadline = async {
        match deadline {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = all => End::Over,
        () = recorder.journal_failed() => End::Over,
        () = deadline => End::Deadline,
        () = signals.next() => End::Interrupted,
    }
}
