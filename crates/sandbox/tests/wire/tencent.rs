//! The emulation of Tencent over a real socket.

use std::time::Duration;

use crate::client::send;
use crate::requests::{NEW_YEAR, Tencent};
use serde_json::json;
use standing_sandbox::{Key, Persona, Provider, Sandbox, Verdict, Verification};

async fn sandbox() -> Sandbox {
    Sandbox::builder().rate_limits(false).start().await.unwrap()
}

#[tokio::test]
async fn signed_request_returns_the_first_page() {
    let sandbox = sandbox().await;
    let json = Tencent::new(&sandbox).call("{}").await;
    assert_eq!(json["Total"], 60);
    let rows = json["Data"].as_array().unwrap();
    assert_eq!(rows.len(), 10);
    let mut members: Vec<_> = rows[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    members.sort_unstable();
    let expected = [
        "Arrears",
        "AssociationTime",
        "ClientUin",
        "Credit",
        "Email",
        "Force",
        "IdentifyType",
        "Mobile",
        "Name",
        "RecentExpiry",
        "RemainingCredit",
        "Remark",
        "Type",
    ];
    assert_eq!(members, expected);
    sandbox.assert_all_verified();
    assert_eq!(sandbox.report().succeeded, 1);
}

#[tokio::test]
async fn walk_returns_every_customer_once_in_the_requested_order() {
    let sandbox = sandbox().await;
    let (older, newer) = (Tencent::new(&sandbox), Tencent::new(&sandbox).newer());
    for (tencent, order) in [(&older, "desc"), (&newer, "asc")] {
        let mut seen = Vec::new();
        for page in 1..=9 {
            let body = json!({"Page": page, "PageSize": 7, "Order": order}).to_string();
            let json = tencent.call(&body).await;
            assert_eq!(json["Total"], 60);
            seen.extend(
                json["Data"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| row["ClientUin"].to_string()),
            );
        }
        let mut expected: Vec<_> = sandbox
            .customers(Provider::Tencent)
            .map(|customer| customer.id)
            .collect();
        if order == "desc" {
            expected.reverse();
        }
        assert_eq!(seen, expected);
    }
    assert_eq!(older.call(r#"{"Page":7}"#).await["Data"], json!(null));
    assert_eq!(newer.call(r#"{"Page":7}"#).await["Data"], json!([]));
}

#[tokio::test]
async fn filter_returns_the_number_of_matches() {
    let sandbox = sandbox().await;
    let (older, newer) = (Tencent::new(&sandbox), Tencent::new(&sandbox).newer());
    let chinese = sandbox
        .customers(Provider::Tencent)
        .find(|one| one.persona == Persona::NameChinese)
        .unwrap();
    for (tencent, filter_type, filter, total) in [
        (&older, "Uin", chinese.id.as_str(), 1),
        (&newer, "ClientUin", chinese.id.as_str(), 1),
        (&older, "Uin", "1", 0),
        (&older, "Name", "云帆", 1),
        (&newer, "Name", "no such name", 0),
        (&newer, "Email", "@example.com", 59),
    ] {
        let json = tencent
            .call(&json!({"FilterType": filter_type, "Filter": filter}).to_string())
            .await;
        assert_eq!(json["Total"], total, "{filter_type} {filter}");
    }
    let row = &older
        .call(&json!({"FilterType": "Uin", "Filter": chinese.id}).to_string())
        .await["Data"][0];
    assert_eq!(row["Name"], "深圳云帆科技有限公司");
}

#[tokio::test]
async fn bad_parameters_return_their_documented_codes() {
    let sandbox = sandbox().await;
    let (older, newer) = (Tencent::new(&sandbox), Tencent::new(&sandbox).newer());
    for (tencent, body, code) in [
        (&older, r#"{"Pages":1}"#, "UnknownParameter"),
        (&older, r#"{"Page":"1"}"#, "InvalidParameter"),
        (&older, r#"{"Page":1.5}"#, "InvalidParameter"),
        (&older, r#"{"Filter":1}"#, "InvalidParameter"),
        (&older, r#"{"Page":0}"#, "InvalidParameterValue"),
        (&newer, r#"{"Page":0}"#, "InvalidParameter.Page"),
        (&older, r#"{"PageSize":0}"#, "InvalidParameterValue"),
        (&older, r#"{"PageSize":1001}"#, "InvalidParameterValue"),
        (&older, r#"{"Order":"up"}"#, "InvalidParameterValue"),
        (&older, r#"{"FilterType":"Uin"}"#, "InvalidParameterValue"),
        (&older, r#"{"Filter":"1"}"#, "InvalidParameterValue"),
        (
            &older,
            r#"{"FilterType":"Email","Filter":"a"}"#,
            "InvalidParameterValue",
        ),
        (
            &newer,
            r#"{"FilterType":"Uin","Filter":"1"}"#,
            "InvalidParameterValue",
        ),
        (&older, "", "InvalidParameter"),
        (&older, "[]", "InvalidParameter"),
        (&older, "{\"Page\":", "InvalidParameter"),
        (&older, r#"{"Page":null,"Filter":null,"Order":""}"#, "OK"),
        (
            &older,
            r#"{"Page":9223372036854775807,"PageSize":1000}"#,
            "OK",
        ),
    ] {
        assert_eq!(tencent.code(body).await, code, "{body}");
    }
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn bad_credentials_return_their_documented_codes() {
    let sandbox = sandbox().await;
    let good = Tencent::new(&sandbox);
    let wrong = |change: fn(&mut Tencent)| {
        let mut tencent = good.clone();
        change(&mut tencent);
        tencent
    };
    for (tencent, code) in [
        (
            wrong(|it| it.secret.push('x')),
            "AuthFailure.SignatureFailure",
        ),
        (wrong(|it| it.id.push('x')), "AuthFailure.SecretIdNotFound"),
        (wrong(|it| it.time -= 301), "AuthFailure.SignatureExpire"),
        (wrong(|it| it.time += 400), "AuthFailure.SignatureExpire"),
        (
            wrong(|it| it.service = "cvm"),
            "AuthFailure.SignatureFailure",
        ),
        (
            wrong(|it| it.service = "intlpartnersmgt"),
            "AuthFailure.SignatureFailure",
        ),
        (wrong(|it| it.version = "2020-01-01"), "NoSuchVersion"),
    ] {
        assert_eq!(tencent.code("{}").await, code);
    }
    let text = String::from_utf8(good.request("{}")).unwrap();
    for (from, to, code) in [
        (
            "X-TC-Action: QueryCustomersCredit",
            "X-TC-Action: QueryCustomersDebit",
            "InvalidAction",
        ),
        ("X-TC-Action", "X-Other", "MissingParameter"),
        (
            "X-TC-Timestamp",
            "X-Other",
            "AuthFailure.InvalidAuthorization",
        ),
        (
            "Authorization",
            "X-Other",
            "AuthFailure.InvalidAuthorization",
        ),
        (
            "Authorization: TC3",
            "Authorization: TC2",
            "AuthFailure.InvalidAuthorization",
        ),
        ("POST /", "POST /other", "UnsupportedProtocol"),
        ("POST /", "PUT /", "UnsupportedProtocol"),
    ] {
        let response = send(&good.endpoint, text.replacen(from, to, 1).as_bytes())
            .await
            .unwrap();
        assert_eq!(response.json()["Response"]["Error"]["Code"], code, "{to}");
    }
    assert!(sandbox.report().refused >= 8);
}

#[tokio::test]
async fn temporary_key_is_accepted_only_with_its_token() {
    let builder = Sandbox::builder().key(
        Provider::Tencent,
        Key::new("AKIDTEMP", "temp-secret").with_session_token("temp-token"),
    );
    let sandbox = builder.rate_limits(false).start().await.unwrap();
    let main = Tencent {
        extra: "X-TC-Token: anything\r\n".to_owned(),
        ..Tencent::new(&sandbox)
    };
    assert_eq!(main.code("{}").await, "OK");
    let mut temp = Tencent {
        id: "AKIDTEMP".to_owned(),
        secret: "temp-secret".to_owned(),
        ..Tencent::new(&sandbox)
    };
    assert_eq!(temp.code("{}").await, "AuthFailure.TokenFailure");
    temp.extra = "X-TC-Token: temp-token\r\n".to_owned();
    assert_eq!(temp.code("{}").await, "OK");
}

#[tokio::test]
async fn requests_beyond_the_rate_of_a_product_are_throttled() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    sandbox
        .clock()
        .set(std::time::UNIX_EPOCH + Duration::from_secs(NEW_YEAR));
    let (older, newer) = (Tencent::new(&sandbox), Tencent::new(&sandbox).newer());
    for (tencent, limit) in [(&older, 20), (&newer, 5)] {
        for _ in 0..limit {
            assert_eq!(tencent.code("{}").await, "OK");
        }
        let error = tencent.call("{}").await["Error"].clone();
        assert_eq!(error["Code"], "RequestLimitExceeded");
        let text = format!(
            "Your current request times equals to `{}` in a second, \
             which exceeds the frequency limit `{limit}` for a second. \
             Please reduce the frequency of calls.",
            limit + 1
        );
        assert_eq!(error["Message"], text);
    }
    sandbox.clock().advance(Duration::from_secs(1));
    assert_eq!(older.code("{}").await, "OK");
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn row_of_any_of_a_million_customers_is_found() {
    let sandbox = Sandbox::builder()
        .customers(1_000_000)
        .rate_limits(false)
        .start()
        .await
        .unwrap();
    let tencent = Tencent::new(&sandbox);
    let json = tencent.call(r#"{"Page":5000,"PageSize":200}"#).await;
    assert_eq!(json["Total"], 1_000_000);
    let oldest = sandbox.customers(Provider::Tencent).next().unwrap();
    assert_eq!(json["Data"][199]["ClientUin"].to_string(), oldest.id);
    let newest = sandbox.customers(Provider::Tencent).nth(999_999).unwrap();
    let json = tencent
        .call(&json!({"FilterType": "Uin", "Filter": newest.id}).to_string())
        .await;
    assert_eq!(
        (&json["Total"], json["Data"].as_array().unwrap().len()),
        (&json!(1), 1)
    );
}

#[tokio::test]
async fn row_of_every_persona_leads_to_its_verdict() {
    let sandbox = sandbox().await;
    let tencent = Tencent::new(&sandbox);
    let raw = send(
        &tencent.endpoint,
        &tencent.request(r#"{"PageSize":200,"Order":"asc"}"#),
    )
    .await
    .unwrap()
    .body;
    assert!(raw.contains(r#""Credit":123456789012345.67,"RemainingCredit":98765432109876.54"#));
    assert!(raw.contains(r#""Credit":100,"RemainingCredit":62.50"#));
    assert!(raw.contains(r#""Credit":0.3,"RemainingCredit":0.1"#));
    let json = tencent.call(r#"{"PageSize":200,"Order":"asc"}"#).await;
    for (row, customer) in json["Data"]
        .as_array()
        .unwrap()
        .iter()
        .zip(sandbox.customers(Provider::Tencent))
    {
        let left = row["RemainingCredit"]
            .as_f64()
            .zip(row["Credit"].as_f64())
            .map(|(left, all)| left / all);
        let verdict = match left {
            None => Verdict::Unknown,
            Some(left) if left <= 0.0 || row["Force"] == 2 => Verdict::Blocked,
            Some(left) if left < 0.25 || row["IdentifyType"] == 0 => Verdict::Watch,
            Some(_) if row["Arrears"] != "-" => Verdict::Unknown,
            Some(_) => Verdict::Ok,
        };
        assert_eq!(verdict, customer.verdict, "{customer:?} {row}");
    }
}

#[tokio::test]
async fn log_holds_operation_page_and_code_but_no_secret() {
    let sandbox = sandbox().await;
    let tencent = Tencent::new(&sandbox);
    tencent
        .call(r#"{"FilterType":"Name","Filter":"canary-name","Page":3}"#)
        .await;
    Tencent {
        secret: "canary-secret".to_owned(),
        ..tencent.clone()
    }
    .call("{}")
    .await;
    let requests = sandbox.requests();
    assert_eq!(
        (
            requests[0].operation,
            requests[0].page,
            requests[0].verification
        ),
        ("QueryCustomersCredit", 3, Verification::Verified)
    );
    assert_eq!(
        (requests[1].code.as_str(), requests[1].verification),
        ("AuthFailure.SignatureFailure", Verification::Refused)
    );
    let everything = format!(
        "{requests:?} {:?} {sandbox:?} {:?}",
        sandbox.report(),
        sandbox.key(Provider::Tencent)
    );
    for secret in ["canary", "Signature=", &tencent.secret] {
        assert!(!everything.contains(secret), "{secret}");
    }
}

#[tokio::test]
#[should_panic(expected = "refused the credentials of 1 requests")]
async fn assert_all_verified_panics_after_a_bad_signature() {
    let sandbox = sandbox().await;
    Tencent {
        secret: String::new(),
        ..Tencent::new(&sandbox)
    }
    .call("{}")
    .await;
    sandbox.assert_all_verified();
}
