//! Asks providers for their customers' standing, from the command line.
//!
//! Data is on standard output and nothing else is; bars, notes and errors are on standard error,
//! whose last line is one JSON object when the command fails.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | success |
//! | 1 | a call failed, or rows of a report are missing |
//! | 2 | nothing was sent: the command line, the environment or a parameter is wrong |
//! | 3 | `report --fail-on` found a row |
//! | 130 | Ctrl-C or SIGTERM ended a report, which prints the rows that it has, or a call |
//!
//! Before a report or a call has begun, and in the other commands, a signal ends the process as the
//! system does by default.

mod book;
mod call;
mod failure;
mod html;
mod journal;
mod operations;
mod output;
mod providers;
mod render;
mod report;
mod row;
mod sandbox;
mod signal;
mod sweep;
mod table;
mod tally;
mod verdict;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Failure;

/// Asks providers for their customers' standing.
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
    /// Tells on standard error of every attempt
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
                output::tell_of_attempts();
            }
            run(arguments)
        }
        None => Ok(0),
    });
    ExitCode::from(outcome.unwrap_or_else(Failure::tell))
}

/// What was asked for; nothing if that was help, which is printed by then.
fn arguments() -> Result<Option<Arguments>, Failure> {
    match Arguments::try_parse() {
        Ok(arguments) => Ok(Some(arguments)),
        Err(error) if error.exit_code() == 0 => {
            output::block(&error.render().to_string())?;
            Ok(None)
        }
        Err(error) => Err(Failure::usage(&error)),
    }
}

fn run(arguments: Arguments) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::config(format!("no runtime: {error}")))?;
    let outcome = runtime.block_on(async {
        match arguments.command {
            Command::Report(mut report) => {
                // Lines about attempts would run into the bars.
                report.no_progress |= arguments.verbose;
                report::run(report).await
            }
            Command::Call(arguments) => call::run(arguments).await.map(|()| 0),
            Command::Operations(arguments) => operations::run(&arguments).map(|()| 0),
            Command::Sandbox(arguments) => sandbox::run(&arguments).await.map(|()| 0),
        }
    });
    // What is still under way, a sweep that was interrupted for one, is of no use to anybody.
    runtime.shutdown_background();
    outcome
}
