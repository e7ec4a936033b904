//! How each provider is asked about all its customers: through its client and nothing else.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use standing_accuauth::AccuAuth;
use standing_accuauth::check::CheckDebtsReport;
use standing_alibaba::Alibaba;
use standing_alibaba::bss::GetCustomerAccountInfo;
use standing_core::{Amount, Client, Error, ErrorKind, Operation};
use standing_huawei::Huawei;
use standing_huawei::bss::ListSubCustomerNewTag;
use standing_tencent::Tencent;
use standing_tencent::ip::QueryCustomersCredit;
use standing_tencent::ip::query_customers_credit::SortOrder;
use tokio::sync::mpsc::UnboundedSender;

use crate::failure::Failure;
use crate::providers::Future;
use crate::verdict::{self, Below, Judged, Verdict};

/// Rows a page. No provider documents a size that it refuses at this height.
const PAGE: u64 = 50;

/// Calls at a time where each is about one customer.
const AT_A_TIME: usize = 4;
/// So many failures in a row are no accident any more.
const ENOUGH: u32 = 5;

/// A customer to ask about, where the provider lists none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Whom {
    /// As the provider wants it: an id, or a mobile number.
    pub(crate) id: String,
    pub(crate) name: Option<String>,
}

/// A customer's standing.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) provider: &'static str,
    /// The provider's id; empty where it has none, and in the row that stands for missing ones.
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
    /// A call about one customer failed; the others go on.
    Lost {
        row: Row,
        total: Option<u64>,
        error: Error,
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

impl Row {
    /// A row about which nobody was asked yet.
    fn missing(provider: &'static str) -> Self {
        let verdict = Verdict::Missing;
        let why = String::new();
        Self::new(provider, Judged { verdict, why })
    }

    /// A row of which no more is known than how it stands.
    pub(crate) fn new(provider: &'static str, judged: Judged) -> Self {
        Self {
            provider,
            id: String::new(),
            name: None,
            mobile: None,
            email: None,
            credit: None,
            left: None,
            judged,
        }
    }
}

impl Teller {
    /// A report that has ended listens no more, which is no concern of the sweep's.
    pub(crate) fn tell(&self, event: Event) {
        let _ = self.events.send((self.place, event));
    }
}

/// A sweep that is ready to run.
pub(crate) type Sweep = Future<'static, Result<(), Error>>;

/// Tencent Cloud: the credit of all customers of the partner.
pub(crate) fn tencent(
    client: Client<Tencent>,
    teller: Teller,
    _: Vec<Whom>,
) -> Result<Sweep, Failure> {
    Ok(Box::pin(async move {
        // Oldest first, so that customers who join meanwhile come last and shift no page.
        let ask = QueryCustomersCredit::new()
            .with_page_size(PAGE)
            .with_order(SortOrder::Ascending);
        let mut pages = client.pages(ask);
        while let Some(page) = pages.next().await.transpose()? {
            let rows = page.items.into_iter().map(|customer| Row {
                id: customer
                    .client_uin
                    .map(|uin| uin.to_string())
                    .unwrap_or_default(),
                name: customer.name.clone(),
                mobile: customer.mobile.clone(),
                email: customer.email.clone(),
                credit: customer.credit.clone(),
                left: customer.remaining_credit.clone(),
                ..Row::new("tencent", verdict::tencent(&customer, &teller.below))
            });
            teller.tell(Event::Call {
                rows: rows.collect(),
                total: page.total,
                attempts: page.attempts,
                round_trip: page.round_trip,
            });
        }
        Ok(())
    }))
}

/// Huawei Cloud: the new-customer tags of all customers of the partner.
pub(crate) fn huawei(
    client: Client<Huawei>,
    teller: Teller,
    _: Vec<Whom>,
) -> Result<Sweep, Failure> {
    Ok(Box::pin(async move {
        let mut pages = client.pages(ListSubCustomerNewTag::new());
        while let Some(page) = pages.next().await.transpose()? {
            let rows = page.items.into_iter().map(|tag| Row {
                id: tag.customer_id.clone().unwrap_or_default(),
                ..Row::new("huawei", verdict::huawei(&tag))
            });
            teller.tell(Event::Call {
                rows: rows.collect(),
                total: page.total,
                attempts: page.attempts,
                round_trip: page.round_trip,
            });
        }
        Ok(())
    }))
}

/// Alibaba Cloud: the account of each customer.
pub(crate) fn alibaba(
    client: Client<Alibaba>,
    teller: Teller,
    whom: Vec<Whom>,
) -> Result<Sweep, Failure> {
    let asks = whom.into_iter().map(|whom| {
        let uid = whom.id.parse().map_err(|_| {
            Failure::config("an id in the book is not that of an account: digits only")
                .of("alibaba", None)
        })?;
        let row = Row {
            id: whom.id,
            name: whom.name,
            ..Row::missing("alibaba")
        };
        Ok((row, GetCustomerAccountInfo::new().with_owner_id(uid)))
    });
    let asks = asks.collect::<Result<Vec<_>, Failure>>()?;
    let sweep = one_by_one(client, teller, asks, |row, account| {
        row.judged = verdict::alibaba(account.as_ref());
        row.email = account
            .as_ref()
            .and_then(|account| account.login_email.clone());
    });
    Ok(Box::pin(sweep))
}

/// AccuAuth: the debts report of each person. It has no id of its own for them.
pub(crate) fn accuauth(
    client: Client<AccuAuth>,
    teller: Teller,
    whom: Vec<Whom>,
) -> Result<Sweep, Failure> {
    let asks = whom.into_iter().map(|whom| {
        let ask = CheckDebtsReport::for_mobile(&whom.id);
        let row = Row {
            name: whom.name,
            mobile: Some(whom.id),
            ..Row::missing("accuauth")
        };
        (row, ask)
    });
    let sweep = one_by_one(client, teller, asks.collect(), |row, report| {
        let reports = report.as_ref().map(|report| report.result.as_slice());
        row.judged = verdict::accuauth(reports);
    });
    Ok(Box::pin(sweep))
}

/// Asks about one customer after the other, a few at a time, and tells in their order.
async fn one_by_one<O: Operation>(
    client: Client<O::Provider>,
    teller: Teller,
    asks: Vec<(Row, O)>,
    fill: impl Fn(&mut Row, &O::Output),
) -> Result<(), Error> {
    let total = Some(asks.len() as u64);
    let client = &client;
    let mut answers = stream::iter(asks)
        .map(|(row, ask)| async move { (row, client.send(&ask).await) })
        .buffered(AT_A_TIME);
    let mut failures = 0;
    while let Some((mut row, answer)) = answers.next().await {
        match answer {
            Ok(answer) => {
                failures = 0;
                fill(&mut row, &answer);
                teller.tell(Event::Call {
                    rows: vec![row],
                    total,
                    attempts: answer.attempts(),
                    round_trip: answer.round_trip(),
                });
            }
            Err(error) => {
                failures += 1;
                if failures == ENOUGH || is_hopeless(error.kind()) {
                    return Err(error);
                }
                row.judged = Judged::missing(&error);
                teller.tell(Event::Lost { row, total, error });
            }
        }
    }
    Ok(())
}

/// What fails for one customer like this fails for all, and repeating it may lock a key.
fn is_hopeless(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Config
            | ErrorKind::Credentials
            | ErrorKind::Auth
            | ErrorKind::Quota
            | ErrorKind::Clock
            | ErrorKind::Connect
            | ErrorKind::Tls
    )
}
