//! Prints the new-customer tags of the given customers.
//!
//! `cargo run -p standing-huawei --example tags -- ENDPOINT|- ID…`, with `HUAWEICLOUD_SDK_AK` and
//! `HUAWEICLOUD_SDK_SK` in the environment.

#![expect(clippy::print_stdout, reason = "an example")]

use std::env::args;

use standing_huawei::{Client, Error, bss::ListSubCustomerNewTag, tags_of};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut builder = Client::builder().credentials_from_env()?;
    if let Some(endpoint) = args().nth(1).filter(|endpoint| endpoint != "-") {
        builder = builder.endpoint(endpoint);
    }
    let client = builder.build()?;

    let tags = tags_of(&client, &ListSubCustomerNewTag::new(), args().skip(2)).await?;
    for (id, rows) in &tags.by_id {
        for tag in rows {
            println!(
                "{id}: {:?} until {:?}",
                tag.new_customer_tag, tag.expire_time
            );
        }
    }
    for id in &tags.missing {
        println!("{id}: not a customer of this partner");
    }
    Ok(())
}
