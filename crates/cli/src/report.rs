//! `standing report`: the standing of all customers, in three steps.

mod arguments;
mod collect;
mod finish;
mod prepare;

pub(crate) use arguments::Arguments;

use crate::failure::Failure;

/// Queries all customers and prints their standing. Returns the exit code.
pub(crate) async fn run(arguments: Arguments) -> Result<u8, Failure> {
    let prepared = prepare::prepare(&arguments).await?;
    let sandbox = prepared.sandbox;
    let collected = collect::collect(prepared.records, prepared.sweeps, &arguments).await?;
    finish::finish(&collected, &arguments, sandbox.as_ref())
}
