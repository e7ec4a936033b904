//! How each provider is asked about all its customers: through its client and nothing else.

use std::future::ready;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use standing_accuauth::AccuAuth;
use standing_accuauth::check::CheckDebtsReport;
use standing_alibaba::Alibaba;
use standing_alibaba::bss::GetCustomerAccountInfo;
use standing_core::{Client, Error, ErrorKind, Operation, Paginated, Provider};
use standing_huawei::Huawei;
use standing_huawei::bss::ListSubCustomerNewTag;
use standing_tencent::Tencent;
use standing_tencent::ip::QueryCustomersCredit;
use standing_tencent::ip::SortOrder;

use crate::checkpoint::{Checkpoint, Turn};
use crate::customer_file::{CustomerRef, Customers};
use crate::error_object::ErrorObject;
use crate::failure::Failure;
use crate::recorder::{Event, Recorder};
use crate::row::{MD5, Row};
use crate::verdict::{self, Judged};

/// Rows a page. No provider documents a size that it refuses at this height.
const PAGE: u64 = 50;
/// So many failures in a row are no accident any more.
const ENOUGH: u32 = 5;

/// What a sweep is to do.
pub(crate) struct Plan {
    /// CustomerRef to ask about, where the provider lists nobody.
    pub(crate) customers: Customers,
    /// What an earlier run of the report has done.
    pub(crate) progress: Checkpoint,
    /// Calls at a time where each is about one customer.
    pub(crate) at_a_time: usize,
    /// Metered calls may be repeated although they may have run.
    pub(crate) retry_metered: bool,
}

/// A sweep that is ready to run.
pub(crate) type Sweep = BoxFuture<'static, Result<(), Error>>;

/// Tencent Cloud: the credit of all customers of the partner.
pub(crate) fn tencent(
    client: Client<Tencent>,
    recorder: Recorder,
    plan: Plan,
) -> Result<Sweep, Failure> {
    // Oldest first, so that customers who join meanwhile come last and shift no page.
    let ask = QueryCustomersCredit::new()
        .with_page_size(PAGE)
        .with_order(SortOrder::Ascending);
    let below = recorder.below.clone();
    listed(client, recorder, plan, ask, move |customer| Row {
        id: customer
            .client_uin
            .map(|uin| uin.to_string())
            .unwrap_or_default(),
        name: customer.name.clone(),
        mobile: customer.mobile.clone(),
        email: customer.email.clone(),
        credit: customer.credit.clone(),
        left: customer.remaining_credit.clone(),
        ..Row::new("tencent", verdict::tencent(&customer, &below))
    })
}

/// Huawei Cloud: the new-customer tags of all customers of the partner.
pub(crate) fn huawei(
    client: Client<Huawei>,
    recorder: Recorder,
    plan: Plan,
) -> Result<Sweep, Failure> {
    let ask = ListSubCustomerNewTag::new();
    listed(client, recorder, plan, ask, |tag| Row {
        id: tag.customer_id.clone().unwrap_or_default(),
        ..Row::new("huawei", verdict::huawei(&tag))
    })
}

/// Alibaba Cloud: the account of each customer.
pub(crate) fn alibaba(
    client: Client<Alibaba>,
    recorder: Recorder,
    plan: Plan,
) -> Result<Sweep, Failure> {
    let ask = |customer: &CustomerRef| {
        let digits = customer.id.bytes().all(|byte| byte.is_ascii_digit());
        let uid = customer.id.parse().ok().filter(|_| digits);
        let uid = uid.ok_or("is not digits only, or too long")?;
        let row = Row {
            id: customer.id.clone(),
            name: customer.name.clone(),
            ..Row::missing("alibaba")
        };
        Ok((row, GetCustomerAccountInfo::new().with_owner_id(uid)))
    };
    one_by_one(client, recorder, plan, ask, |row, account| {
        row.judged = verdict::alibaba(account.as_ref());
        row.email = account
            .as_ref()
            .and_then(|account| account.login_email.clone());
    })
}

/// AccuAuth: the debts report of each person. It has no id of its own for them.
pub(crate) fn accuauth(
    client: Client<AccuAuth>,
    recorder: Recorder,
    plan: Plan,
) -> Result<Sweep, Failure> {
    let ask = |customer: &CustomerRef| {
        let row = Row {
            name: customer.name.clone(),
            mobile: Some(if customer.hashed {
                format!("{MD5}{}", customer.id)
            } else {
                customer.id.clone()
            }),
            ..Row::missing("accuauth")
        };
        let ask = if customer.hashed {
            CheckDebtsReport::for_mobile_md5(&customer.id)
        } else {
            CheckDebtsReport::for_mobile(&customer.id)
        };
        Ok((row, ask))
    };
    one_by_one(client, recorder, plan, ask, |row, report| {
        let reports = report.as_ref().map(|report| report.result.as_slice());
        row.judged = verdict::accuauth(reports);
    })
}

/// Walks a list.
fn listed<O: Paginated>(
    client: Client<O::Provider>,
    recorder: Recorder,
    plan: Plan,
    ask: O,
    row: impl Fn(O::Item) -> Row + Send + 'static,
) -> Result<Sweep, Failure> {
    if plan.progress.over {
        return Ok(Box::pin(ready(Ok(()))));
    }
    let mut pages = client.pages(ask);
    let resumed = plan.progress.cursor.is_some();
    if let Some(cursor) = &plan.progress.cursor {
        pages = pages.resume(cursor)?;
    }
    Ok(Box::pin(async move {
        while let Some(page) = pages.next().await.transpose()? {
            recorder.tell(Event::Page {
                rows: page.items.into_iter().map(&row).collect(),
                total: page.total,
                next: pages.cursor(),
                // Rows of an earlier run are not remembered by this walk.
                drift: resumed || !pages.drift().is_none(),
                attempts: page.attempts,
                round_trip: page.round_trip,
            });
        }
        Ok(())
    }))
}

/// Asks about one customer after the other, a few at a time, and tells in their order.
fn one_by_one<O: Operation>(
    client: Client<O::Provider>,
    recorder: Recorder,
    plan: Plan,
    ask: impl Fn(&CustomerRef) -> Result<(Row, O), &'static str> + Send + Sync + 'static,
    fill: impl Fn(&mut Row, &O::Output) + Send + Sync + 'static,
) -> Result<Sweep, Failure> {
    // All are looked at before the first one is asked about.
    for customer in (plan.customers)() {
        let refused = |what: &str| {
            let line = customer.line.map(|line| format!(" in line {line}"));
            let line = line.unwrap_or_default();
            Failure::config(format!("a customer{line} of the book {what}"))
                .of(<O::Provider as Provider>::NAME, None)
        };
        let (_, ask) = ask(&customer).map_err(refused)?;
        client
            .check(&ask)
            .map_err(|error| refused(&format!("cannot be asked about: {}", error.message())))?;
    }
    let metered = O::INFO.metered;
    let repeat = plan.retry_metered || !metered;
    Ok(Box::pin(async move {
        let (client, recorder, stop) = (&client, &recorder, &AtomicBool::new(false));
        let turns = (0..).zip((plan.customers)()).filter_map(|(nth, customer)| {
            let turn = plan.progress.turn(nth, repeat);
            let (row, ask) = ask(&customer).ok().filter(|_| turn != Turn::Done)?;
            Some((nth, turn, row, ask))
        });
        let mut answers = stream::iter(turns)
            // Those that are under way are waited for: they may be billed.
            .take_while(|_| ready(!stop.load(Ordering::Relaxed)))
            .map(|(nth, turn, row, ask)| async move {
                if turn == Turn::MayBeBilled {
                    return (nth, row, Err(None));
                }
                if metered && !recorder.ask(nth).await {
                    // Of what nobody notes down nobody could tell later that it was billed.
                    std::future::pending::<()>().await;
                }
                (nth, row, client.send(&ask).await.map_err(Some))
            })
            .buffered(plan.at_a_time);
        let mut failures = 0;
        let mut hopeless = None;
        while let Some((nth, mut row, answer)) = answers.next().await {
            let error = match answer {
                Ok(answer) => {
                    failures = 0;
                    fill(&mut row, &answer);
                    recorder.tell(Event::One {
                        nth,
                        row,
                        attempts: answer.attempts(),
                        round_trip: answer.round_trip(),
                    });
                    continue;
                }
                Err(Some(error)) => error,
                Err(None) => {
                    let error = ErrorObject::may_be_billed().of(row.provider, Some(O::INFO.name));
                    row.judged = Judged::missing(&error);
                    recorder.tell(Event::Lost { nth, row, error });
                    continue;
                }
            };
            // Someone who left says nothing about the others.
            let about_one = matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::InvalidRequest
            );
            failures = if about_one { 0 } else { failures + 1 };
            let told = ErrorObject::from(&error);
            row.judged = Judged::missing(&told);
            recorder.tell(Event::Lost {
                nth,
                row,
                error: told,
            });
            if failures >= ENOUGH || is_hopeless(error.kind()) {
                stop.store(true, Ordering::Relaxed);
                hopeless.get_or_insert(error);
            }
        }
        hopeless.map_or(Ok(()), Err)
    }))
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
