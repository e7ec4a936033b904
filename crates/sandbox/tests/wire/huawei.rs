//! The emulation of Huawei over a real socket.

use std::time::Duration;

use serde_json::{Value, json};
use standing_sandbox::{Key, Persona, Provider, Sandbox, Verdict, fault};

use crate::client::{plain, send};
use crate::requests::{Huawei, NEW_YEAR, TAGS};

async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::builder().rate_limits(false).start().await.unwrap();
    sandbox
        .clock()
        .set(std::time::UNIX_EPOCH + Duration::from_secs(NEW_YEAR));
    sandbox
}

fn ids(json: &Value) -> Vec<String> {
    let rows = json["new_customer_tags"].as_array().unwrap();
    rows.iter()
        .map(|row| row["customer_id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn walk_returns_every_customer_once_newest_first() {
    let sandbox = sandbox().await;
    let huawei = Huawei::new(&sandbox);
    let response = huawei.call("").await;
    assert_eq!(
        response.header("content-type"),
        Some("application/json;charset=UTF-8")
    );
    assert!(response.header("x-request-id").is_some());
    assert_eq!(ids(&response.json()).len(), 10);
    let mut seen = Vec::new();
    for offset in (0..70).step_by(7) {
        let json = huawei
            .call(&json!({"offset": offset, "limit": 7}).to_string())
            .await
            .json();
        assert!(json.get("total_count").is_none());
        seen.extend(ids(&json));
    }
    let mut expected: Vec<_> = sandbox
        .customers(Provider::Huawei)
        .map(|customer| customer.id)
        .collect();
    expected.reverse();
    assert_eq!(seen, expected);
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn filter_by_id_applies_before_offset_and_limit() {
    let sandbox = sandbox().await;
    let huawei = Huawei::new(&sandbox);
    let mut wanted: Vec<_> = sandbox
        .customers(Provider::Huawei)
        .map(|customer| customer.id)
        .take(15)
        .collect();
    wanted.push(sandbox.unknown_customer_id(Provider::Huawei));
    wanted.push("0bb43f0000000000a10f19c014228fb580".to_owned());
    wanted.push(wanted[0].clone());
    let ask = async |body: Value| ids(&huawei.call(&body.to_string()).await.json());
    // The limit defaults to 10.
    assert_eq!(ask(json!({"customer_ids": wanted})).await.len(), 10);
    let mut found = ask(json!({"customer_ids": wanted, "limit": 200})).await;
    found.reverse();
    assert_eq!(found, wanted[..15]);
    assert_eq!(
        ask(json!({"customer_ids": wanted, "limit": 10, "offset": 10}))
            .await
            .len(),
        5
    );
    for nothing in [
        json!({}),
        json!({"customer_ids": []}),
        json!({"customer_ids": null}),
    ] {
        assert_eq!(ask(nothing).await.len(), 10);
    }
    let resold =
        ask(json!({"indirect_partner_id": sandbox.indirect_partner(), "limit": 200})).await;
    assert_eq!(resold.len(), 12);
    assert!(
        sandbox
            .customers(Provider::Huawei)
            .all(|customer| !resold.contains(&customer.id))
    );
}

#[tokio::test]
async fn bad_parameters_return_their_documented_codes() {
    let sandbox = sandbox().await;
    let huawei = Huawei::new(&sandbox);
    let many: Vec<String> = (0..201).map(|id| id.to_string()).collect();
    for (body, code) in [
        (json!({"limit": 0}), "CBC.0101"),
        (json!({"limit": 201}), "CBC.0101"),
        (json!({"limit": "10"}), "CBC.0100"),
        (json!({"offset": -1}), "CBC.0101"),
        (json!({"offset": 2_147_483_648_u64}), "CBC.0101"),
        (json!({"customer_ids": "x"}), "CBC.0100"),
        (json!({"customer_ids": [1]}), "CBC.0100"),
        (json!({"customer_ids": [""]}), "CBC.0101"),
        (json!({"customer_ids": ["x".repeat(65)]}), "CBC.0101"),
        (json!({"customer_ids": many}), "CBC.0101"),
        (json!({"indirect_partner_id": "unknown"}), "CBC.99000037"),
        (json!([]), "CBC.0100"),
    ] {
        assert_eq!(
            huawei.code(&body.to_string()).await,
            (400, code.to_owned()),
            "{body}"
        );
    }
    assert_eq!(huawei.code("{").await, (400, "CBC.0100".to_owned()));
    assert_eq!(
        huawei.code(r#"{"offset":2147483647,"limit":200}"#).await.1,
        "OK"
    );
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn bad_credentials_return_their_documented_messages() {
    let sandbox = sandbox().await;
    let good = Huawei::new(&sandbox);
    let gateway = (401, "APIGW.0301".to_owned());
    for (huawei, text) in [
        (
            Huawei {
                secret: "x".to_owned(),
                ..good.clone()
            },
            "verify aksk signature fail, canonicalRequest:POST|/v2/",
        ),
        (
            Huawei {
                id: "x".to_owned(),
                ..good.clone()
            },
            "ak not exist",
        ),
        (
            Huawei {
                time: NEW_YEAR - 901,
                ..good.clone()
            },
            "signature expired, signature time:20251231T234459Z,server time:20260101T000000Z",
        ),
    ] {
        let response = huawei.call("{}").await;
        let json = response.json();
        assert_eq!(
            (
                response.status,
                json["error_code"].as_str().unwrap().to_owned()
            ),
            gateway
        );
        assert!(json["error_msg"].as_str().unwrap().contains(text), "{json}");
        assert_eq!(json["request_id"], response.header("x-request-id").unwrap());
    }
    let unsigned = send(&good.endpoint, &plain(&good.endpoint, TAGS, "", "{}"))
        .await
        .unwrap();
    assert!(unsigned.body.contains("x-auth-token not found"));
    let elsewhere = send(&good.endpoint, &plain(&good.endpoint, "/v2/else", "", "{}"))
        .await
        .unwrap();
    assert_eq!(
        (elsewhere.status, &elsewhere.json()["error_code"]),
        (404, &json!("APIGW.0101"))
    );
    assert_eq!(good.code("{}").await.1, "OK");
}

#[tokio::test]
async fn key_is_locked_after_more_than_five_wrong_signatures_in_a_row() {
    let sandbox = sandbox().await;
    let good = Huawei::new(&sandbox);
    let wrong = Huawei {
        secret: "x".to_owned(),
        ..good.clone()
    };
    // A success resets the count.
    for _ in 0..2 {
        for _ in 0..5 {
            wrong.call("{}").await;
        }
        assert_eq!(good.code("{}").await.1, "OK");
    }
    for _ in 0..6 {
        wrong.call("{}").await;
    }
    assert_eq!(good.code("{}").await, (401, "APIGW.0301".to_owned()));
    sandbox.clock().advance(Duration::from_secs(299));
    assert_eq!(Huawei::new(&sandbox).code("{}").await.0, 401);
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(Huawei::new(&sandbox).code("{}").await.1, "OK");
}

#[tokio::test]
async fn token_is_issued_accepted_and_refused_once_expired_or_forged() {
    let sandbox = sandbox().await;
    let endpoint = sandbox.endpoint(Provider::Huawei);
    let with_token = async |token: String| {
        let headers = format!("X-Auth-Token: {token}\r\n");
        send(&endpoint, &plain(&endpoint, TAGS, &headers, "{}"))
            .await
            .unwrap()
    };
    let constant = sandbox.key(Provider::Huawei).auth_token.unwrap();
    assert_eq!(with_token(constant).await.status, 200);
    assert!(
        with_token("nonsense".to_owned())
            .await
            .body
            .contains("decrypt token fail")
    );

    let user = sandbox.iam_user();
    let ask = |password: &str| {
        json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "domain": {"name": user.account}, "name": user.name, "password": password}}},
            "scope": {"domain": {"name": user.account}}}})
        .to_string()
    };
    let iam = async |headers: &str, body: &str| {
        let request = plain(&endpoint, "/v3/auth/tokens?nocatalog=true", headers, body);
        send(&endpoint, &request).await.unwrap()
    };
    let response = iam("", &ask("wrong")).await;
    assert_eq!(
        (response.status, &response.json()["error"]["code"]),
        (401, &json!(401))
    );
    let response = iam("", &ask(&user.password)).await;
    assert_eq!(response.status, 201);
    assert_eq!(
        response.json()["token"]["expires_at"],
        "2026-01-02T00:00:00.000000Z"
    );
    assert_eq!(response.json()["token"]["catalog"], json!([]));
    let token = response.header("x-subject-token").unwrap().to_owned();
    assert!(token.len() > 2_000);
    assert_eq!(with_token(token.clone()).await.status, 200);

    let agency = json!({"auth": {"identity": {"methods": ["assume_role"], "assume_role": {
        "domain_name": "other", "agency_name": user.agency}}}})
    .to_string();
    let response = iam(&format!("X-Auth-Token: {token}\r\n"), &agency).await;
    assert_eq!(response.status, 201);
    let response = iam("", &agency).await;
    assert_eq!(response.status, 401);

    sandbox.clock().advance(Duration::from_secs(24 * 3600));
    let late = with_token(token.clone()).await;
    assert_eq!(
        (late.status, &late.json()["error_code"]),
        (401, &json!("APIGW.0307"))
    );
    let forged = with_token(token.replacen("sandbox.1", "sandbox.9", 1)).await;
    assert!(forged.body.contains("decrypt token fail"));
}

#[tokio::test]
async fn temporary_key_is_accepted_only_with_its_token() {
    let key = Key::new("TEMPAK", "temp-secret").with_session_token("temp-token");
    let sandbox = Sandbox::builder()
        .key(Provider::Huawei, key)
        .start()
        .await
        .unwrap();
    let mut huawei = Huawei {
        id: "TEMPAK".to_owned(),
        secret: "temp-secret".to_owned(),
        ..Huawei::new(&sandbox)
    };
    assert_eq!(huawei.code("{}").await.0, 401);
    huawei.extra = vec![
        ("x-domain-id", "d".to_owned()),
        ("x-security-token", "temp-token".to_owned()),
    ];
    assert_eq!(huawei.code("{}").await.1, "OK");
}

#[tokio::test]
async fn requests_beyond_the_rate_are_throttled() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    sandbox
        .clock()
        .set(std::time::UNIX_EPOCH + Duration::from_secs(NEW_YEAR));
    let huawei = Huawei::new(&sandbox);
    for _ in 0..10 {
        assert_eq!(huawei.code("{}").await.1, "OK");
    }
    let response = huawei.call("{}").await;
    assert_eq!(
        (response.status, &response.json()["error_code"]),
        (429, &json!("APIGW.0308"))
    );
    let text = "The throttling threshold has been reached: \
                policy user over ratelimit,limit:10,time:1 second";
    assert_eq!(response.json()["error_msg"], text);
}

#[tokio::test]
async fn injected_codes_have_their_http_status() {
    let sandbox = sandbox().await;
    let huawei = Huawei::new(&sandbox);
    for (fault, status, code) in [
        (fault::provider_code("CBC.0151"), 403, "CBC.0151"),
        (fault::provider_code("CBC.5002"), 200, "CBC.5002"),
        (fault::provider_code("APIGW.0308"), 429, "APIGW.0308"),
        (fault::provider_code("CBC.99007197"), 400, "CBC.99007197"),
        (fault::provider_code_at(200, "CBC.0151"), 200, "CBC.0151"),
        (fault::throttle(), 429, "APIGW.0308"),
    ] {
        sandbox.fault(fault.on("ListSubCustomerNewTag").times(1));
        assert_eq!(huawei.code("{}").await, (status, code.to_owned()));
    }
}

#[tokio::test]
async fn tag_of_every_persona_leads_to_its_verdict() {
    let sandbox = sandbox().await;
    let json = Huawei::new(&sandbox).call(r#"{"limit":200}"#).await.json();
    let rows = json["new_customer_tags"].as_array().unwrap();
    for (row, customer) in rows.iter().rev().zip(sandbox.customers(Provider::Huawei)) {
        assert_eq!(row["customer_id"], customer.id);
        let verdict = match row["new_customer_tag"].as_str() {
            Some("Y") => Verdict::Ok,
            Some("N" | "UNDETERMINED") => Verdict::Watch,
            _ => Verdict::Unknown,
        };
        assert_eq!(verdict, customer.verdict, "{customer:?} {row}");
        if customer.persona == Persona::TagLapsed {
            assert!(row["expire_time"].as_str().unwrap() < "2026-11");
        }
    }
}

#[tokio::test]
async fn customer_that_joins_between_pages_shifts_the_rows() {
    let sandbox = sandbox().await;
    sandbox.fault(fault::mutate_between_pages());
    let huawei = Huawei::new(&sandbox);
    let first = ids(&huawei.call(r#"{"limit":7}"#).await.json());
    let second = ids(&huawei.call(r#"{"limit":7,"offset":7}"#).await.json());
    assert_eq!(first[6], second[0]);
}
