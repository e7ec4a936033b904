//! What a user writes with a provider crate, compiled with that crate as the only dependency beside
//! the runtime: every name comes from it.

use std::sync::Arc;
use std::time::Duration;

use standing_tencent::catalogue::{ErasedOperation, JsonPages};
use standing_tencent::clock::{Clock, OffsetDateTime, Random, Sleep, SystemClock, SystemRandom};
use standing_tencent::ip::QueryCustomersCredit;
use standing_tencent::operation::{
    CodeKind, Effect, Method, OperationInfo, Params, Place, RateLimit, Service,
};
use standing_tencent::paginated::Drift;
use standing_tencent::{
    Activity, Amount, Client, ClientBuilder, Credentials, CredentialsError, CredentialsFuture,
    Decimal, Deviation, DeviationKind, ERRORS, Error, ErrorKind, InvalidRequest, Items, Json,
    OPERATIONS, Operation, Page, Pages, Paginated, ParseAmountError, ProvideCredentials, Response,
    Secret, Site, Tencent, UnknownValue, Violation,
};

/// Credentials from a place of the user's own.
struct Vault;

impl ProvideCredentials for Vault {
    fn provide(&self) -> CredentialsFuture<'_> {
        Box::pin(async { read_vault().await })
    }
}

async fn read_vault() -> Result<Credentials, CredentialsError> {
    let id = std::env::var("VAULT_ID").map_err(|_| CredentialsError::new("VAULT_ID is not set"))?;
    Credentials::new(id, "secret")
        .with_token("token")
        .expiring_at_text("2030-01-01T00:00:00Z")
}

fn builder() -> ClientBuilder {
    Client::builder()
        .provider(Tencent::new(Site::default()).with_language("zh-CN"))
        .credentials_provider(Vault)
        .max_attempts(2)
        .retry_writes(false)
        .retry_budget(100)
        .connect_timeout(Duration::from_secs(2))
        .attempt_timeout(Duration::from_secs(5))
        .deadline(Duration::from_secs(20))
        .idle_timeout(Duration::from_secs(10))
        .rate(RateLimit::new(10, 1))
        .body_limit(1024 * 1024)
        .clock(Arc::new(SystemClock::default()))
        .random(Arc::new(SystemRandom))
}

static SERVICE: Service =
    Service::new("tencent", "ip", "ip.tencentcloudapi.com").version("2021-04-09");
const DESCRIBE: OperationInfo = OperationInfo::new(&SERVICE, "DescribeThing", Method::Post, "/")
    .reads()
    .params(Params::Json)
    .places(&[("Id", Place::Body)]);

async fn raw(client: &Client) -> Result<Json, Error> {
    let response: Response<Json> = client.raw(&DESCRIBE, &[("Id", "1")]).await?;
    Ok(response.into_inner())
}

async fn walk(client: &Client, cursor: Option<&str>) -> Result<Decimal, Error> {
    let mut pages: Pages<QueryCustomersCredit> =
        client.pages(QueryCustomersCredit::new().with_page_size(100));
    if let Some(cursor) = cursor {
        pages = pages.resume(cursor)?;
    }
    let mut sum = Decimal::ZERO;
    while let Some(page) = pages.next().await {
        let page: Page<_> = page?;
        for row in page.items {
            let credit: Option<Amount> = row.credit;
            sum += credit.map_or(Decimal::ZERO, |credit| credit.decimal());
        }
    }
    let drift: Drift = pages.drift();
    println!("{drift:?}, next {:?}", pages.cursor());
    Ok(sum)
}

async fn first<O: Paginated<Provider = Tencent>>(
    client: &Client,
    operation: O,
) -> Option<Result<O::Item, Error>> {
    let mut items: Items<O> = client.pages(operation).items();
    items.next().await
}

async fn send<O: Operation<Provider = Tencent>>(
    client: &Client,
    operation: &O,
) -> Result<Vec<String>, Error> {
    client.check(operation)?;
    let response = client
        .with_deadline(Duration::from_secs(3))
        .send(operation)
        .await?;
    let shown = |deviation: &Deviation| match deviation.kind {
        DeviationKind::UnknownField => format!("unknown {}", deviation.pointer),
        kind => format!("{} {}", kind.as_str(), deviation.pointer),
    };
    Ok(response.deviations().iter().map(shown).collect())
}

fn problems(operation: &impl Operation) -> Vec<String> {
    let shown = |violation: &Violation| format!("{}: {}", violation.field, violation.problem);
    match operation.validate() {
        Ok(()) => Vec::new(),
        Err(invalid) => {
            let invalid: InvalidRequest = invalid;
            invalid.violations().iter().map(shown).collect()
        }
    }
}

fn explain(error: &Error) -> &'static str {
    let documented = error
        .code()
        .and_then(|code| QueryCustomersCredit::INFO.error_code(code));
    match (error.kind(), documented.map(|code| code.kind)) {
        (ErrorKind::Credentials | ErrorKind::Config, _) => "nothing was sent",
        (_, Some(CodeKind::Permission)) => "the account may not do this",
        _ if error.may_have_run() => "the request may have run",
        _ => "the request did not run",
    }
}

async fn by_name(client: &Client, name: &str) -> Result<Option<String>, Error> {
    let operation: Option<&ErasedOperation<Tencent>> = OPERATIONS
        .iter()
        .find(|operation| operation.info.name == name);
    match operation {
        Some(operation) if operation.info.effect == Effect::Read => {
            let mut pages: JsonPages = operation.walk(client, "{}", None)?;
            let page = pages.next().await.transpose()?;
            Ok(page.map(|rows| rows.join("\n")))
        }
        Some(operation) => operation.call(client, "{}").await.map(Some),
        None => Ok(None),
    }
}

/// A clock of the user's own, for tests.
struct Stopped(SystemClock);

impl Clock for Stopped {
    fn utc(&self) -> OffsetDateTime {
        self.0.utc()
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, time: Duration) -> Sleep {
        self.0.sleep(time)
    }
}

fn names(value: &UnknownValue, secret: &Secret) -> usize {
    value.as_str().len() + secret.expose().len()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = builder()
        .clock(Arc::new(Stopped(SystemClock::default())))
        .build()?;
    let _: fn(&UnknownValue, &Secret) -> usize = names;
    let _: &dyn Random = &SystemRandom;
    let amount: Result<Amount, ParseAmountError> = "1.50".parse();
    println!("{amount:?}, {} codes", ERRORS.len());
    println!("{:?}", problems(&QueryCustomersCredit::new().with_page(0)));
    println!("{}", raw(&client).await?.as_str());
    println!("{}", walk(&client, None).await?);
    println!("{:?}", first(&client, QueryCustomersCredit::new()).await);
    println!("{:?}", send(&client, &QueryCustomersCredit::new()).await);
    println!("{:?}", by_name(&client, "QueryCustomersCredit").await?);
    let activity: Activity = client.activity();
    println!("{}", activity.attempts());
    if let Err(error) = walk(&client, Some("cursor")).await {
        println!("{}, continue at {:?}", explain(&error), error.cursor());
    }
    Ok(())
}
