//! Runs a sandbox for clients in other languages:
//! `cargo run -p standing-sandbox --example serve`.
//!
//! Prints one line of JSON with the endpoints and keys of all providers.
#![allow(clippy::print_stdout, reason = "the line is the example's output")]

use standing_sandbox::Sandbox;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let sandbox = Sandbox::builder().start().await?;
    println!("{}", sandbox.describe());
    std::future::pending().await
}
