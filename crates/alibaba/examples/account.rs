//! Prints the hosting status of a customer's account.
//!
//! `cargo run -p standing-alibaba --example account -- UID [ENDPOINT]`, with
//! `ALIBABA_CLOUD_ACCESS_KEY_ID` and `ALIBABA_CLOUD_ACCESS_KEY_SECRET` in the environment.

#![expect(clippy::print_stdout, reason = "an example")]

use std::env::args;

use standing_alibaba::bss::{GetCustomerAccountInfo, HostingStatus};
use standing_alibaba::{Client, Error};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut builder = Client::builder().credentials_from_env()?;
    if let Some(endpoint) = args().nth(2) {
        builder = builder.endpoint(endpoint);
    }
    let client = builder.build()?;

    let uid = args().nth(1).and_then(|uid| uid.parse().ok());
    let ask = GetCustomerAccountInfo::new().with_owner_id(uid.unwrap_or_default());
    match client.send(&ask).await?.into_inner() {
        None => println!("no data for this customer"),
        Some(account) => match account.hosting_status {
            Some(HostingStatus::Frozen) => println!("frozen"),
            Some(HostingStatus::Hosted | HostingStatus::HostedMixedCase) => println!("hosted"),
            // An undocumented status, or none, goes to a person.
            other => println!("review: {other:?}"),
        },
    }
    Ok(())
}
