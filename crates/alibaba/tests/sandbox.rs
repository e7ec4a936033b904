//! The client against the sandbox, which checks every signature with code of its own.

#![cfg(test)]

use std::collections::BTreeSet;
use std::time::Duration;

use standing_alibaba::bss::GetCustomerAccountInfo;
use standing_alibaba::operation::{Method, OperationInfo, Params};
use standing_alibaba::{Client, Credentials, ErrorKind};
use standing_sandbox::fault::{
    cut_body_after, provider_code, provider_code_at, reset, status, throttle, throttle_for,
};
use standing_sandbox::{Key, Persona, Provider, Sandbox};

async fn sandbox() -> Sandbox {
    Sandbox::builder().customers(60).start().await.unwrap()
}

fn client(sandbox: &Sandbox) -> Client {
    let key = sandbox.key(Provider::Alibaba);
    Client::builder()
        .endpoint(sandbox.endpoint(Provider::Alibaba))
        .credentials(Credentials::new(key.id, key.secret))
        .build()
        .unwrap()
}

fn owner(id: &str) -> GetCustomerAccountInfo {
    GetCustomerAccountInfo::new().with_owner_id(id.parse().unwrap())
}

#[tokio::test]
async fn missing_account_after_a_truncated_response_is_none() {
    let sandbox = sandbox().await;
    let mut customers = sandbox.customers(Provider::Alibaba);
    let missing = customers
        .find(|customer| customer.persona == Persona::NoRecord)
        .unwrap();
    // Its status is 401: by that alone the keys would seem to be wrong.
    for bytes in [0, 10] {
        sandbox.fault(cut_body_after(bytes).times(1));
        let answer = client(&sandbox).send(&owner(&missing.id)).await.unwrap();
        assert!(answer.is_none());
        assert_eq!(answer.attempts(), 2);
    }
}

#[tokio::test]
async fn each_customer_has_an_account_or_none() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let mut spellings = BTreeSet::new();
    for customer in sandbox.customers(Provider::Alibaba) {
        let answer = client.send(&owner(&customer.id)).await.unwrap();
        assert!(answer.request_id().is_some());
        assert_eq!(
            answer.is_none(),
            customer.persona == Persona::NoRecord,
            "{customer:?}"
        );
        let Some(account) = answer.into_inner() else {
            continue;
        };
        assert_eq!(
            account.mpk.is_none(),
            customer.persona == Persona::Nulls,
            "{customer:?}"
        );
        let written = serde_json::to_value(&account).unwrap();
        spellings.extend(
            written
                .get("HostingStatus")
                .map(|text| text.as_str().unwrap().to_owned()),
        );
        if customer.persona == Persona::Unverified {
            assert_eq!(account.is_certified, Some(false));
        }
    }
    for spelling in [
        "FREEZE",
        "TRUSTEESHIP",
        "Trusteeship",
        "TrusteeshipCancel",
        "SUSPENDED",
    ] {
        assert!(
            spellings.contains(spelling),
            "{spelling} is kept as it came"
        );
    }
    let first = client.send(&GetCustomerAccountInfo::new()).await.unwrap();
    assert!(first.is_some(), "no parameter is needed");

    let error = client
        .send(&owner(&sandbox.unknown_customer_id(Provider::Alibaba)))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.status()),
        (ErrorKind::Permission, Some("NotAuthorized"), Some(400))
    );
    assert_eq!(error.attempts(), 1);
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn transient_faults_are_retried_with_a_new_signature() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    for (fault, attempts) in [
        (status(503).times(2), 3),
        (reset().times(1), 2),
        (throttle().times(1), 2),
        (throttle_for(Duration::from_millis(20)).times(1), 2),
        (provider_code("InternalError").times(1), 2),
        (provider_code_at(400, "InternalError").times(1), 2),
        (provider_code("SignatureNonceUsed").times(1), 2),
    ] {
        sandbox.fault(fault);
        let answer = client.send(&GetCustomerAccountInfo::new()).await.unwrap();
        assert_eq!(answer.attempts(), attempts);
    }
    for code in ["INSUFFICIENT.AVAILABLE.QUOTA", "-116"] {
        sandbox.fault(provider_code(code).times(1));
        let error = client
            .send(&GetCustomerAccountInfo::new())
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.status(), error.attempts()),
            (Some(code), Some(200), 1)
        );
    }
    // The sandbox remembers every nonce: none of these requests had one twice.
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn wrong_clock_is_corrected_once_for_all_calls() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    sandbox.clock().advance(Duration::from_secs(20 * 60));
    for attempts in [2, 1] {
        assert_eq!(
            client
                .send(&GetCustomerAccountInfo::new())
                .await
                .unwrap()
                .attempts(),
            attempts
        );
    }
    // The server's clock is right again, so an old correction would be wrong.
    sandbox.clock().real();
    for attempts in [2, 1] {
        assert_eq!(
            client
                .send(&GetCustomerAccountInfo::new())
                .await
                .unwrap()
                .attempts(),
            attempts
        );
    }
}

#[tokio::test]
async fn wrong_keys_make_one_request() {
    let sandbox = sandbox().await;
    let key = sandbox.key(Provider::Alibaba);
    for (id, secret, code) in [
        (key.id.as_str(), "another-secret", "SignatureDoesNotMatch"),
        (
            "LTAInobody",
            key.secret.as_str(),
            "InvalidAccessKeyId.NotFound",
        ),
    ] {
        let client = Client::builder()
            .endpoint(sandbox.endpoint(Provider::Alibaba))
            .credentials(Credentials::new(id, secret))
            .build()
            .unwrap();
        let error = client
            .send(&GetCustomerAccountInfo::new())
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.code(), error.attempts()),
            (ErrorKind::Auth, Some(code), 1)
        );
        assert!(!error.is_retryable() && !error.may_have_run());
        assert!(!error.to_string().contains(id), "{error}");
    }
    assert_eq!(sandbox.report().total, 2);
}

#[tokio::test]
async fn session_token_and_path_prefix_are_signed() {
    let key = Key::new("STS.sandbox-id", "sandbox-temporary-secret")
        .with_session_token("sandbox-session-token");
    // The sandbox verifies the path as it was sent.
    let sandbox = Sandbox::builder()
        .path_prefix("/gw/%7Ebss")
        .key(Provider::Alibaba, key.clone())
        .start()
        .await
        .unwrap();
    let keys = Credentials::new(&key.id, &key.secret);
    let client = |keys| {
        Client::builder()
            .endpoint(sandbox.endpoint(Provider::Alibaba))
            .credentials(keys)
            .build()
            .unwrap()
    };
    let with_token = client(keys.clone().with_token("sandbox-session-token"));
    with_token
        .send(&GetCustomerAccountInfo::new())
        .await
        .unwrap();
    sandbox.assert_all_verified();
    let error = client(keys)
        .send(&GetCustomerAccountInfo::new())
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 1));
}

#[tokio::test]
async fn raw_call_in_query_or_form_is_accepted() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let id = sandbox.customers(Provider::Alibaba).nth(4).unwrap().id;
    for params in [Params::Query, Params::Form] {
        for method in [Method::Post, Method::Get] {
            let info = OperationInfo::new(
                &standing_alibaba::bss::SERVICE,
                "GetCustomerAccountInfo",
                method,
                "/",
            )
            .reads()
            .params(params);
            let parameters =
                serde_json::json!({"OwnerId": id, "List": ["a b", "c~*"], "Tag": [{"Key": "中"}]});
            if (params, method) != (Params::Form, Method::Get) {
                let answer = client.raw(&info, &parameters).await.unwrap();
                assert!(answer.as_str().contains("\"Mpk\""));
            }
        }
    }
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn two_hundred_tasks_with_one_client_get_their_own_responses() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let mut accounts = Vec::new();
    for customer in sandbox.customers(Provider::Alibaba) {
        let account = client
            .send(&owner(&customer.id))
            .await
            .unwrap()
            .into_inner();
        accounts.push((owner(&customer.id), account));
    }
    let tasks: Vec<_> = (0..200)
        .map(|task| {
            let (client, (request, account)) =
                (client.clone(), accounts[task % accounts.len()].clone());
            tokio::spawn(async move {
                for _ in 0..3 {
                    assert_eq!(*client.send(&request).await.unwrap(), account);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    sandbox.assert_all_verified();
}
