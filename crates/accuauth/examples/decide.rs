//! Decides about one application within 1.5 seconds, with one look-up that may be billed.
//!
//! `cargo run -p standing-accuauth --example decide -- MOBILE [ENDPOINT]`, with `ACCUAUTH_API_ID` and
//! `ACCUAUTH_API_SECRET` in the environment.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example")]

use std::env::args;
use std::time::Duration;

use standing_accuauth::{Client, Error, ErrorKind, check::CheckDebtsReport};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut builder = Client::builder().credentials_from_env()?;
    if let Some(endpoint) = args().nth(2) {
        builder = builder.endpoint(endpoint);
    }
    let client = builder.deadline(Duration::from_millis(1500)).build()?;
    let ask = CheckDebtsReport::for_mobile(args().nth(1).unwrap_or_default());

    // An unknown result goes to a person and is never accepted.
    let decision = match client.send(&ask).await {
        Ok(answer) => match answer.as_ref().map(|found| found.result.as_slice()) {
            None | Some([]) => "review: nothing is known",
            Some(reports) => {
                let platforms: Option<Vec<u64>> = reports
                    .iter()
                    .map(|report| report.platform_loan_total)
                    .collect();
                match platforms.map(|all| all.into_iter().max().unwrap_or_default()) {
                    None => "review: the number of loans is unknown",
                    Some(0..=9) => "accept",
                    Some(_) => "decline: loans from ten platforms or more",
                }
            }
        },
        Err(error) if error.kind() == ErrorKind::Throttled => "again later: too many look-ups",
        Err(error) if error.may_have_run() => {
            eprintln!("{error}");
            "review: perhaps billed, and no answer"
        }
        Err(error) => return Err(error),
    };
    println!("{decision}");
    Ok(())
}
