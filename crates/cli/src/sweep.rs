//! How each provider's customers are queried, through its client alone.

use std::future::ready;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use standing_accuauth::AccuAuth;
use standing_accuauth::check::CheckDebtsReport;
use standing_alibaba::Alibaba;
use standing_alibaba::bss::GetCustomerAccountInfo;
use standing_core::provider::Provider;
use standing_core::{Client, Error, ErrorKind, Operation, Paginated};
use standing_huawei::Huawei;
use standing_huawei::bss::ListSubCustomerNewTag;
use standing_tencent::Tencent;
use standing_tencent::ip::{QueryCustomersCredit, SortOrder};

use crate::checkpoint::{Checkpoint, Turn};
use crate::customer_file::{CustomerRef, Customers};
use crate::error_object::ErrorObject;
use crate::event::{CallStats, Event};
use crate::failure::Failure;
use crate::recorder::SweepRecorder;
use crate::row::{MD5, ReportRow, Standing};
use crate::verdict::{self, Judged, Thresholds};

/// Rows per page. No provider documents a maximum below this.
const PAGE: u64 = 50;
/// A sweep stops after this many failures in a row.
const MAX_FAILURES_IN_A_ROW: u32 = 5;

/// What a sweep has to do.
pub(crate) struct Plan {
    /// The customers to query, where the provider lists none.
    pub(crate) customers: Customers,
    /// What an earlier run of the report has done.
    pub(crate) checkpoint: Checkpoint,
    /// Concurrent calls, where each call is about one customer.
    pub(crate) concurrency: usize,
    /// Retries metered calls even if they may have run.
    pub(crate) retry_metered: bool,
    pub(crate) thresholds: Thresholds,
    pub(crate) show_personal: bool,
}

/// A sweep that is ready to run.
pub(crate) type Sweep =
    Box<dyn FnOnce(SweepRecorder) -> BoxFuture<'static, Result<(), Error>> + Send>;

/// Tencent Cloud: the credit of all customers of the partner.
pub(crate) fn tencent(client: Client<Tencent>, plan: Plan) -> Result<Sweep, Failure> {
    // Oldest first: customers who join during the walk come last and shift no page.
    let request = QueryCustomersCredit::new()
        .with_page_size(PAGE)
        .with_order(SortOrder::Ascending);
    let thresholds = plan.thresholds.clone();
    list(client, plan, request, move |customer| Standing {
        id: customer
            .client_uin
            .map(|uin| uin.to_string())
            .unwrap_or_default(),
        name: customer.name.clone(),
        mobile: customer.mobile.clone(),
        email: customer.email.clone(),
        credit: customer.credit.clone(),
        left: customer.remaining_credit.clone(),
        ..Standing::new("tencent", verdict::tencent(&customer, &thresholds))
    })
}

/// Huawei Cloud: the new-customer tags of all customers of the partner.
pub(crate) fn huawei(client: Client<Huawei>, plan: Plan) -> Result<Sweep, Failure> {
    let request = ListSubCustomerNewTag::new();
    list(client, plan, request, |tag| Standing {
        id: tag.customer_id.clone().unwrap_or_default(),
        ..Standing::new("huawei", verdict::huawei(&tag))
    })
}

/// Alibaba Cloud: the account of each customer.
pub(crate) fn alibaba(client: Client<Alibaba>, plan: Plan) -> Result<Sweep, Failure> {
    let request = |customer: &CustomerRef| {
        let digits = customer.id.bytes().all(|byte| byte.is_ascii_digit());
        let uid = customer.id.parse().ok().filter(|_| digits);
        let uid = uid.ok_or("is not digits only, or too long")?;
        let standing = Standing {
            id: customer.id.clone(),
            name: customer.name.clone(),
            ..Standing::missing("alibaba")
        };
        Ok((standing, GetCustomerAccountInfo::new().with_owner_id(uid)))
    };
    query_each(client, plan, request, |standing, account| {
        standing.judged = verdict::alibaba(account.as_ref());
        standing.email = account
            .as_ref()
            .and_then(|account| account.login_email.clone());
    })
}

/// AccuAuth: the debts report of each person. The provider has no ids of its own.
pub(crate) fn accuauth(client: Client<AccuAuth>, plan: Plan) -> Result<Sweep, Failure> {
    let request = |customer: &CustomerRef| {
        let standing = Standing {
            name: customer.name.clone(),
            mobile: Some(if customer.hashed {
                format!("{MD5}{}", customer.id)
            } else {
                customer.id.clone()
            }),
            ..Standing::missing("accuauth")
        };
        let request = if customer.hashed {
            CheckDebtsReport::for_mobile_md5(&customer.id)
        } else {
            CheckDebtsReport::for_mobile(&customer.id)
        };
        Ok((standing, request))
    };
    query_each(client, plan, request, |standing, report| {
        let reports = report.as_ref().map(|report| report.result.as_slice());
        standing.judged = verdict::accuauth(reports);
    })
}

/// Walks a list.
fn list<O: Paginated>(
    client: Client<O::Provider>,
    plan: Plan,
    request: O,
    standing: impl Fn(O::Item) -> Standing + Send + 'static,
) -> Result<Sweep, Failure> {
    if plan.checkpoint.over {
        return Ok(Box::new(|_| Box::pin(ready(Ok(())))));
    }
    let mut pages = client.pages(request);
    let resumed = plan.checkpoint.cursor.is_some();
    if let Some(cursor) = &plan.checkpoint.cursor {
        pages = pages.resume(cursor)?;
    }
    let row = move |item| ReportRow::new(&standing(item), plan.show_personal);
    Ok(Box::new(move |recorder: SweepRecorder| {
        Box::pin(async move {
            while let Some(page) = pages.next().await.transpose()? {
                let event = Event::Page {
                    rows: page.items.into_iter().map(&row).collect(),
                    total: page.total,
                    next: pages.cursor(),
                    // This walk does not remember the rows of an earlier run.
                    drift: resumed || !pages.drift().is_none(),
                };
                let stats = CallStats {
                    attempts: page.attempts,
                    round_trip: page.round_trip,
                };
                recorder.record(&event, Some(stats));
            }
            Ok(())
        })
    }))
}

/// Queries the customers one by one, several at a time, and records the results in their order.
fn query_each<O: Operation>(
    client: Client<O::Provider>,
    plan: Plan,
    request: impl Fn(&CustomerRef) -> Result<(Standing, O), &'static str> + Send + Sync + 'static,
    fill: impl Fn(&mut Standing, &O::Output) + Send + Sync + 'static,
) -> Result<Sweep, Failure> {
    // Every customer is validated before the first call.
    for customer in (plan.customers)() {
        let refused = |problem: &str| {
            let line = customer.line.map(|line| format!(" in line {line}"));
            let line = line.unwrap_or_default();
            Failure::config(format!("a customer{line} of the customer file {problem}"))
                .of(<O::Provider as Provider>::NAME, None)
        };
        let (_, request) = request(&customer).map_err(refused)?;
        client
            .check(&request)
            .map_err(|error| refused(&format!("cannot be queried: {}", error.message())))?;
    }
    Ok(Box::new(move |recorder: SweepRecorder| {
        Box::pin(async move { query_checked(&client, plan, &recorder, &request, &fill).await })
    }))
}

async fn query_checked<O: Operation>(
    client: &Client<O::Provider>,
    plan: Plan,
    recorder: &SweepRecorder,
    request: &(impl Fn(&CustomerRef) -> Result<(Standing, O), &'static str> + Sync),
    fill: &(impl Fn(&mut Standing, &O::Output) + Sync),
) -> Result<(), Error> {
    let metered = O::INFO.metered;
    let retry = plan.retry_metered || !metered;
    let row = |standing: &Standing| ReportRow::new(standing, plan.show_personal);
    let stop = &AtomicBool::new(false);
    let turns = (0..).zip((plan.customers)()).filter_map(|(nth, customer)| {
        let turn = plan.checkpoint.turn(nth, retry);
        let (standing, request) = request(&customer).ok().filter(|_| turn != Turn::Done)?;
        Some((nth, turn, standing, request))
    });
    let mut results = stream::iter(turns)
        // Calls in progress are awaited even after a stop: they may be billed.
        .take_while(|_| ready(!stop.load(Ordering::Relaxed)))
        .map(|(nth, turn, standing, request)| async move {
            if turn == Turn::MayBeBilled {
                return (nth, standing, Err(None));
            }
            if metered && !recorder.announce(nth).await {
                // Never make a metered call that is not in the journal: a resumed run could not
                // know that it may have been billed.
                std::future::pending::<()>().await;
            }
            (nth, standing, client.send(&request).await.map_err(Some))
        })
        .buffered(plan.concurrency);
    let mut failures = 0;
    let mut fatal = None;
    while let Some((nth, mut standing, result)) = results.next().await {
        let error = match result {
            Ok(response) => {
                failures = 0;
                fill(&mut standing, &response);
                let stats = CallStats {
                    attempts: response.attempts(),
                    round_trip: response.round_trip(),
                };
                let row = row(&standing);
                recorder.record(&Event::One { nth, row }, Some(stats));
                continue;
            }
            Err(Some(error)) => error,
            Err(None) => {
                let error = ErrorObject::may_be_billed();
                let error = error.of(standing.provider, Some(O::INFO.name));
                standing.judged = Judged::missing(&error);
                let row = row(&standing);
                recorder.record(&Event::Lost { nth, row, error }, None);
                continue;
            }
        };
        // Such an error concerns one customer only.
        let about_one = matches!(
            error.kind(),
            ErrorKind::NotFound | ErrorKind::InvalidRequest
        );
        failures = if about_one { 0 } else { failures + 1 };
        let object = ErrorObject::from(&error);
        standing.judged = Judged::missing(&object);
        let event = Event::Lost {
            nth,
            row: row(&standing),
            error: object,
        };
        recorder.record(&event, None);
        if failures >= MAX_FAILURES_IN_A_ROW || is_fatal(error.kind()) {
            stop.store(true, Ordering::Relaxed);
            fatal.get_or_insert(error);
        }
    }
    fatal.map_or(Ok(()), Err)
}

/// Whether an error of this kind affects all customers alike. Repeating such a call may lock a key.
fn is_fatal(kind: ErrorKind) -> bool {
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
