//! How each provider is asked about all its customers: through its client and nothing else.

use std::sync::Arc;
use std::time::Duration;

use standing_core::{Amount, Client, Error};
use standing_tencent::Tencent;
use standing_tencent::ip::QueryCustomersCredit;
use standing_tencent::ip::query_customers_credit::SortOrder;
use tokio::sync::mpsc::UnboundedSender;

use crate::providers::Future;
use crate::verdict::{self, Below, Judged};

/// Rows a page. No provider documents a size that it refuses at this height.
const PAGE: u64 = 50;

/// A customer's standing.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) provider: &'static str,
    /// The provider's id; empty for the row that stands for missing ones.
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) mobile: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) credit: Option<Amount>,
    pub(crate) left: Option<Amount>,
    pub(crate) judged: Judged,
}

/// What a sweep tells while it runs.
#[derive(Debug)]
pub(crate) enum Event {
    /// A call succeeded.
    Call {
        rows: Vec<Row>,
        /// How many customers there are, where the provider says so.
        total: Option<u64>,
        attempts: u32,
        round_trip: Duration,
    },
    /// The sweep is over.
    End(Result<(), Error>),
}

/// Tells the report what a sweep finds.
#[derive(Debug, Clone)]
pub(crate) struct Teller {
    /// The place of the provider in the report.
    pub(crate) place: usize,
    pub(crate) events: UnboundedSender<(usize, Event)>,
    pub(crate) below: Arc<Below>,
}

impl Teller {
    /// A report that has ended listens no more, which is no concern of the sweep's.
    pub(crate) fn tell(&self, event: Event) {
        let _ = self.events.send((self.place, event));
    }
}

/// Tencent Cloud: the credit of all customers of the partner.
pub(crate) fn tencent(
    client: Client<Tencent>,
    teller: Teller,
) -> Future<'static, Result<(), Error>> {
    Box::pin(async move {
        // Oldest first, so that customers who join meanwhile come last and shift no page.
        let ask = QueryCustomersCredit::new()
            .with_page_size(PAGE)
            .with_order(SortOrder::Ascending);
        let mut pages = client.pages(ask);
        while let Some(page) = pages.next().await.transpose()? {
            let rows = page.items.into_iter().map(|customer| Row {
                provider: "tencent",
                id: customer
                    .client_uin
                    .map(|uin| uin.to_string())
                    .unwrap_or_default(),
                judged: verdict::tencent(&customer, &teller.below),
                name: customer.name,
                mobile: customer.mobile,
                email: customer.email,
                credit: customer.credit,
                left: customer.remaining_credit,
            });
            teller.tell(Event::Call {
                rows: rows.collect(),
                total: page.total,
                attempts: page.attempts,
                round_trip: page.round_trip,
            });
        }
        Ok(())
    })
}
