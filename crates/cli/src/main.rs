//! Reports the standing of a partner's customers, from the command line.
//!
//! Standard output has data only. Progress bars, notes and errors are on standard error; if the command
//! fails, its last line is one JSON object.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | success |
//! | 1 | a call failed, or rows of a report are missing |
//! | 2 | nothing was sent: the command line, the environment or a parameter is wrong |
//! | 3 | `report --fail-on` found a row |
//! | 130 | Ctrl-C or SIGTERM ended a report, which prints the rows that it has, or a call |
//!
//! Before a report or a call begins, and in the other commands, a signal ends the process by the
//! default action of the system.

mod call;
mod checkpoint;
mod customer_file;
mod error_object;
mod event;
mod failure;
mod journal;
mod operations;
mod output;
mod providers;
mod recorder;
mod report;
mod row;
mod sandbox;
mod signal;
mod summary;
mod sweep;
mod verdict;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Failure;
use crate::output::stdio;

/// Reports the standing of a partner's customers.
#[derive(Debug, Parser)]
#[command(
    name = "standing",
    version,
    after_help = "\
Exit codes: 0 success; 1 a call failed, or rows of a report are missing; 2 nothing was sent, because \
the command line, the environment or a parameter is wrong; 3 report --fail-on found a row; 130 ended \
by Ctrl-C or SIGTERM."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Logs every attempt to standard error
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Report(report::Arguments),
    Call(call::Arguments),
    Operations(operations::Arguments),
    Sandbox(sandbox::Arguments),
}

fn main() -> ExitCode {
    let outcome = arguments().and_then(|arguments| match arguments {
        Some(arguments) => {
            if arguments.verbose {
                stdio::log_attempts();
            }
            run(arguments)
        }
        None => Ok(0),
    });
    ExitCode::from(outcome.unwrap_or_else(Failure::report))
}

/// Parses the command line; `None` if it requested help, which this prints.
fn arguments() -> Result<Option<Arguments>, Failure> {
    match Arguments::try_parse() {
        Ok(arguments) => Ok(Some(arguments)),
        Err(error) if error.exit_code() == 0 => {
            stdio::block(&error.render().to_string())?;
            Ok(None)
        }
        Err(error) => Err(Failure::usage(&error)),
    }
}

fn run(arguments: Arguments) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::config(format!("cannot start the runtime: {error}")))?;
    let outcome = runtime.block_on(async {
        match arguments.command {
            Command::Report(mut report) => {
                // Log lines would interfere with the bars.
                report.no_progress |= arguments.verbose;
                report::run(report).await
            }
            Command::Call(arguments) => call::run(arguments).await.map(|()| 0),
            Command::Operations(arguments) => operations::run(&arguments).map(|()| 0),
            Command::Sandbox(arguments) => sandbox::run(&arguments).await.map(|()| 0),
        }
    });
    // Tasks that are still running, such as interrupted sweeps, are abandoned.
    runtime.shutdown_background();
    outcome
}
