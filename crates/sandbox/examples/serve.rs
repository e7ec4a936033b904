//! Keeps a sandbox running for clients in other languages: `cargo run -p standing-sandbox --example serve`.
//!
//! The line that it prints tells where the providers listen and which keys they know.
#![allow(clippy::print_stdout, reason = "the line is what the example is for")]

use standing_sandbox::Sandbox;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let sandbox = Sandbox::builder().start().await?;
    println!("{}", sandbox.describe());
    std::future::pending().await
}
