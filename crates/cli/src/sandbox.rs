//! `standing sandbox`: a local emulator of the providers, for clients in any language.

use std::io::IsTerminal;
use std::time::Duration;

use standing_core::provider::CredentialVariables;
use standing_sandbox::{Provider, Sandbox};

use crate::failure::Failure;
use crate::output::stdio;
use crate::providers::PROVIDERS;

/// Serves an emulator of the providers on 127.0.0.1 until the process ends.
///
/// The first line of standard output is one JSON object with endpoints and keys; the keys are the
/// same on every start and are valid nowhere else.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) sandbox: SandboxArgs,
}

/// The settings of the sandbox.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SandboxArgs {
    /// Determines all data of the sandbox
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = seed)]
    pub(crate) seed: u64,
    /// Customers at each provider
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = customers)]
    pub(crate) customers: u64,
    /// Percentage of requests that meet a transient fault; defaults to 0, and to 5 in a report on up
    /// to 1000 customers
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(crate) chaos: Option<u8>,
    /// Milliseconds before every response
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = milliseconds)]
    latency: u64,
}

// Messages of these parsers are shown, so they repeat no value.

fn percent(text: &str) -> Result<u8, &'static str> {
    let percent = text.parse().ok().filter(|percent| *percent <= 100);
    percent.ok_or("must be a whole number from 0 to 100")
}

fn milliseconds(text: &str) -> Result<u64, &'static str> {
    let milliseconds = text.parse().ok().filter(|wait| *wait <= 60_000);
    milliseconds.ok_or("must be a whole number up to 60000")
}

fn seed(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "must be a whole number")
}

fn customers(text: &str) -> Result<u64, &'static str> {
    let customers = text.parse().ok().filter(|count| *count <= 1_000_000);
    customers.ok_or("must be a whole number up to 1000000")
}

impl SandboxArgs {
    /// Starts the sandbox.
    pub(crate) async fn start(&self, rate_limits: bool, chaos: u8) -> Result<Sandbox, Failure> {
        Sandbox::builder()
            .seed(self.seed)
            .customers(self.customers)
            .chaos(chaos)
            .latency(Duration::from_millis(self.latency))
            .rate_limits(rate_limits)
            .start()
            .await
            .map_err(|error| Failure::config(format!("cannot start the sandbox: {}", error.kind())))
    }
}

/// The environment variables with a provider's keys.
fn variables(provider: Provider) -> Option<CredentialVariables> {
    let name = provider.to_string();
    let known = PROVIDERS.iter().find(|known| known.name() == name)?;
    Some(known.variables())
}

/// Serves until the process ends.
pub(crate) async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let sandbox = arguments
        .sandbox
        .start(true, arguments.sandbox.chaos.unwrap_or(0))
        .await?;
    stdio::line(&sandbox.describe())?;
    if std::io::stderr().is_terminal() {
        for provider in Provider::ALL {
            let Some(CredentialVariables { id, secret, .. }) = variables(provider) else {
                continue;
            };
            let key = sandbox.key(provider);
            stdio::note(&format!(
                "export {id}={} {secret}={} # standing call {provider} … --endpoint {}",
                key.id,
                key.secret,
                sandbox.endpoint(provider)
            ));
        }
        stdio::note("serving; Ctrl-C ends it");
    }
    std::future::pending().await
}
