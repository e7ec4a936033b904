//! The client against the sandbox, which checks every signature with code of its own.

#![cfg(test)] // clippy.toml allows `unwrap` and panics under it alone

use std::time::Duration;

use standing_huawei::bss::ListSubCustomerNewTag;
use standing_huawei::bss::NewCustomerTag;
use standing_huawei::{
    Client, Credentials, ErrorKind, Huawei, IamTokens, ProvideCredentials, tags_of,
};
use standing_sandbox::fault::{provider_code, provider_code_at, reset, status, throttle};
use standing_sandbox::{Key, Provider, Sandbox};

async fn sandbox(customers: u64) -> Sandbox {
    Sandbox::builder()
        .customers(customers)
        .rate_limits(false)
        .start()
        .await
        .unwrap()
}

fn client(sandbox: &Sandbox) -> Client {
    let key = sandbox.key(Provider::Huawei);
    client_with(sandbox, Credentials::new(key.id, key.secret))
}

fn client_with(sandbox: &Sandbox, keys: impl ProvideCredentials) -> Client {
    Client::builder()
        .endpoint(sandbox.endpoint(Provider::Huawei))
        .credentials_provider(keys)
        .unlimited_rate()
        .build()
        .unwrap()
}

fn all_customers() -> ListSubCustomerNewTag {
    ListSubCustomerNewTag::new()
}

async fn walked(client: &Client, operation: ListSubCustomerNewTag) -> Vec<NewCustomerTag> {
    let mut pages = client.pages(operation);
    let mut rows = Vec::new();
    while let Some(page) = pages.next().await.transpose().unwrap() {
        assert_eq!(page.total, None);
        rows.extend(page.items);
    }
    rows
}

fn unique(rows: &[NewCustomerTag]) -> usize {
    let ids: std::collections::BTreeSet<_> = rows
        .iter()
        .filter_map(|row| row.customer_id.as_deref())
        .collect();
    ids.len()
}

#[tokio::test]
async fn walk_by_offset_ends_at_an_empty_page() {
    let sandbox = sandbox(1000).await;
    let client = client(&sandbox);
    let rows = walked(&client, all_customers()).await;
    assert_eq!((rows.len(), unique(&rows)), (1000, 1000));
    // 200 a page, an empty page as the proof of the end, and at most one asked for ahead.
    let first = sandbox.report().total;
    assert!((6..=7).contains(&first), "{first}");

    let rows = walked(&client, all_customers().with_limit(70).with_offset(900)).await;
    let second = sandbox.report().total - first;
    assert_eq!(rows.len(), 100);
    assert!((3..=4).contains(&second), "{second}");
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn failed_walk_has_a_cursor_to_resume_from() {
    let sandbox = sandbox(450).await;
    let client = client(&sandbox);
    let mut pages = client.pages(all_customers());
    let mut rows = pages.next().await.unwrap().unwrap().items;
    sandbox.fault(provider_code("CBC.0151").times(1));
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Permission, 1));
    let mut resumed = client
        .pages(all_customers())
        .resume(error.cursor().unwrap())
        .unwrap();
    while let Some(page) = resumed.next().await.transpose().unwrap() {
        rows.extend(page.items);
    }
    assert_eq!((rows.len(), unique(&rows)), (450, 450));
}

#[tokio::test]
async fn tags_of_any_number_of_ids_answers_each() {
    let sandbox = sandbox(450).await;
    let client = client(&sandbox);
    let ours: Vec<String> = sandbox
        .customers(Provider::Huawei)
        .map(|customer| customer.id)
        .collect();
    let unknown_id = sandbox.unknown_customer_id(Provider::Huawei);
    let mut ids = ours.clone();
    ids.extend([
        unknown_id.clone(),
        ours[3].clone(),
        unknown_id.clone(),
        ours[0].clone(),
    ]);

    let tags = tags_of(&client, &all_customers(), &ids).await.unwrap();
    assert_eq!(sandbox.report().total, 3, "451 different ids");
    assert_eq!(tags.missing, std::slice::from_ref(&unknown_id));
    assert_eq!(tags.by_id.len(), ids.len());
    for ((id, rows), asked) in tags.by_id.iter().zip(&ids) {
        assert_eq!(id, asked);
        assert_eq!(rows.len(), usize::from(*id != unknown_id));
        assert!(rows.iter().all(|row| row.customer_id.as_ref() == Some(id)));
    }

    // One page of ten, the service's default, would have cut this.
    let page = client
        .send(
            &all_customers()
                .with_customer_ids(&ours[..50])
                .with_limit(200),
        )
        .await
        .unwrap();
    assert_eq!(page.new_customer_tags.len(), 50);

    let partner = all_customers().with_indirect_partner_id(sandbox.indirect_partner());
    let theirs = walked(&client, partner.clone()).await;
    assert_eq!(theirs.len(), 12);
    let ids = theirs.iter().filter_map(|row| row.customer_id.clone());
    assert!(
        tags_of(&client, &partner, ids)
            .await
            .unwrap()
            .missing
            .is_empty()
    );
    let error = client
        .send(&all_customers().with_indirect_partner_id("unknown"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("CBC.99000037"));
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn empty_lapsed_and_undetermined_tags_are_read() {
    let sandbox = sandbox(60).await;
    let rows = walked(&client(&sandbox), all_customers()).await;
    let texts: std::collections::BTreeSet<_> = rows
        .iter()
        .map(|row| {
            row.new_customer_tag
                .as_ref()
                .map(|tag| tag.as_str().to_owned())
        })
        .collect();
    for text in [None, Some(""), Some("Y"), Some("N"), Some("UNDETERMINED")] {
        assert!(
            texts.contains(&text.map(str::to_owned)),
            "{text:?} in {texts:?}"
        );
    }
}

#[tokio::test]
async fn transient_faults_are_retried_with_a_new_signature() {
    let sandbox = sandbox(60).await;
    let client = client(&sandbox);
    for (fault, attempts) in [
        (status(503).times(2), 3),
        (reset().times(1), 2),
        (throttle().times(1), 2),
        (provider_code("CBC.0999").times(1), 2),
        (provider_code_at(200, "CBC.0999").times(1), 2),
    ] {
        sandbox.fault(fault);
        let page = client.send(&all_customers()).await.unwrap();
        assert_eq!(page.attempts(), attempts);
    }
    sandbox.fault(provider_code("CBC.5002").times(1));
    let error = client.send(&all_customers()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), error.attempts()),
        (ErrorKind::NotFound, Some(200), 1)
    );
    assert!(error.request_id().is_some(), "it is in a header");
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn wrong_clock_is_corrected_once_for_all_calls() {
    let sandbox = sandbox(60).await;
    let client = client(&sandbox);
    sandbox.clock().advance(Duration::from_secs(20 * 60));
    for attempts in [2, 1] {
        assert_eq!(
            client.send(&all_customers()).await.unwrap().attempts(),
            attempts
        );
    }
    // The server's clock is right again, so an old correction would be wrong.
    sandbox.clock().real();
    for attempts in [2, 1] {
        assert_eq!(
            client.send(&all_customers()).await.unwrap().attempts(),
            attempts
        );
    }
}

#[tokio::test]
async fn wrong_keys_make_one_request_each_and_lock_only_after_the_limit() {
    let sandbox = sandbox(60).await;
    let key = sandbox.key(Provider::Huawei);
    let wrong = client_with(&sandbox, Credentials::new(&key.id, "another-secret"));
    for calls in 1..=5 {
        let error = wrong.send(&all_customers()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code(), error.attempts()),
            (ErrorKind::Auth, Some("APIGW.0301"), 1)
        );
        assert!(!error.is_retryable() && !error.may_have_run());
        assert!(!error.to_string().contains(&key.id), "{error}");
        assert_eq!(sandbox.report().total, calls);
    }
    // Five failures are forgiven, and the right key ends the count.
    client(&sandbox).send(&all_customers()).await.unwrap();
    for _ in 0..6 {
        wrong.send(&all_customers()).await.unwrap_err();
    }
    let error = client(&sandbox).send(&all_customers()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Auth, 1),
        "locked: {error}"
    );
    assert_eq!(sandbox.report().total, 5 + 1 + 6 + 1);
}

#[tokio::test]
async fn session_token_domain_id_and_path_prefix_are_signed() {
    let key = Key::new("sandbox-temporary-id", "sandbox-temporary-secret")
        .with_session_token("sandbox-session-token");
    let sandbox = Sandbox::builder()
        .path_prefix("/gw/%7Ebss")
        .key(Provider::Huawei, key.clone())
        .start()
        .await
        .unwrap();
    let keys = Credentials::new(&key.id, &key.secret);
    let client = |keys| {
        Client::builder()
            .provider(Huawei::default().with_domain_id("sandbox-domain"))
            .endpoint(sandbox.endpoint(Provider::Huawei))
            .credentials(keys)
            .build()
            .unwrap()
    };
    let page = client(keys.clone().with_token("sandbox-session-token"))
        .send(&all_customers().with_limit(1))
        .await
        .unwrap();
    assert_eq!(page.new_customer_tags.len(), 1);
    sandbox.assert_all_verified();
    let error = client(keys).send(&all_customers()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 1));
}

#[tokio::test]
async fn token_in_place_of_keys_is_accepted() {
    let sandbox = sandbox(60).await;
    let token = sandbox.key(Provider::Huawei).auth_token.unwrap();
    let client = client_with(&sandbox, Credentials::token_only(token));
    assert_eq!(walked(&client, all_customers()).await.len(), 60);
    sandbox.assert_all_verified();
    let wrong = Client::builder()
        .endpoint(sandbox.endpoint(Provider::Huawei))
        .credentials(Credentials::token_only("sandbox-wrong-token"))
        .build()
        .unwrap();
    let error = wrong.send(&all_customers()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 1));
    assert!(!error.is_retryable());
}

fn by_password(sandbox: &Sandbox) -> IamTokens {
    let (user, iam) = (
        sandbox.iam_user(),
        Client::builder().endpoint(sandbox.endpoint(Provider::Huawei)),
    );
    IamTokens::password(iam, user.account, user.name, user.password).unwrap()
}

#[tokio::test]
async fn iam_token_is_requested_once_and_kept() {
    let sandbox = sandbox(60).await;
    let client = client_with(&sandbox, by_password(&sandbox));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.send(&all_customers()).await.unwrap().attempts() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 1);
    }
    assert_eq!(sandbox.report().total, 51, "one token for fifty calls");

    // A day later: the call with the expired token, the request for a token, the call again.
    sandbox.clock().advance(Duration::from_secs(24 * 3600));
    assert_eq!(client.send(&all_customers()).await.unwrap().attempts(), 2);
    assert_eq!(sandbox.report().total, 51 + 3);
    assert_eq!(client.send(&all_customers()).await.unwrap().attempts(), 1);
}

#[tokio::test]
async fn agency_token_is_requested_with_an_own_token() {
    let sandbox = sandbox(60).await;
    let user = sandbox.iam_user();
    let iam = || Client::builder().endpoint(sandbox.endpoint(Provider::Huawei));
    let tokens =
        IamTokens::agency(iam(), &user.account, &user.agency, by_password(&sandbox)).unwrap();
    let client = client_with(&sandbox, tokens);
    client.send(&all_customers()).await.unwrap();
    assert_eq!(sandbox.report().total, 3);
    // A day later both tokens have expired: the call, the request for the agency's token with the expired
    // token of the user, the request for the user's token, the request for the agency's again, the call
    // again.
    sandbox.clock().advance(Duration::from_secs(24 * 3600));
    assert_eq!(client.send(&all_customers()).await.unwrap().attempts(), 2);
    assert_eq!(sandbox.report().total, 3 + 5);

    let tokens =
        IamTokens::agency(iam(), &user.account, "no-agency", by_password(&sandbox)).unwrap();
    let error = client_with(&sandbox, tokens)
        .send(&all_customers())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(
        error.message().contains("Could not find the agency"),
        "{error}"
    );
}

#[tokio::test]
async fn wrong_password_makes_one_request() {
    let sandbox = sandbox(60).await;
    let (user, iam) = (
        sandbox.iam_user(),
        Client::builder().endpoint(sandbox.endpoint(Provider::Huawei)),
    );
    let tokens =
        IamTokens::password(iam, user.account, user.name, "sandbox-wrong-password").unwrap();
    let client = client_with(&sandbox, tokens);
    let error = client.send(&all_customers()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Credentials, 0),
        "{error}"
    );
    assert_eq!(sandbox.report().total, 1);
    assert!(
        !format!("{error} {error:?} {client:?}").contains("sandbox-wrong"),
        "{error}"
    );
}

#[tokio::test]
async fn two_hundred_tasks_with_one_client_get_their_own_responses() {
    let sandbox = sandbox(60).await;
    let client = client(&sandbox);
    let rows = walked(&client, all_customers()).await;
    let tasks: Vec<_> = (0..200)
        .map(|task| {
            let (client, row) = (client.clone(), rows[task % rows.len()].clone());
            tokio::spawn(async move {
                let one = all_customers().with_customer_ids(row.customer_id.clone());
                for _ in 0..3 {
                    let page = client.send(&one).await.unwrap();
                    assert_eq!(page.new_customer_tags, std::slice::from_ref(&row));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    sandbox.assert_all_verified();
}
