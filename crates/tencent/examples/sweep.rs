//! Lists every customer with less than a tenth of the credit left.
//!
//! `cargo run -p standing-tencent --example sweep -- [ENDPOINT]`, with `TENCENTCLOUD_SECRET_ID` and
//! `TENCENTCLOUD_SECRET_KEY` in the environment.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example")]

use standing_tencent::{Client, Decimal, Error, ip::QueryCustomersCredit};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut builder = Client::builder().credentials_from_env()?;
    if let Some(endpoint) = std::env::args().nth(1) {
        builder = builder.endpoint(endpoint);
    }
    let client = builder.build()?;

    let mut pages = client.pages(QueryCustomersCredit::new().with_page_size(100));
    while let Some(page) = pages.next().await {
        let page = page.inspect_err(|error| {
            // A later run can continue here with `pages.resume(cursor)`.
            eprintln!("stopped at {}", error.cursor().unwrap_or("the start"));
        })?;
        for customer in page.items {
            match (&customer.remaining_credit, &customer.credit) {
                (Some(left), Some(credit)) => {
                    if left.decimal() * Decimal::TEN < credit.decimal() {
                        println!("{:?}: {left} of {credit}", customer.client_uin);
                    }
                }
                // An absent amount is neither zero nor sufficient.
                _ => println!("{:?}: unknown", customer.client_uin),
            }
        }
    }
    Ok(())
}
