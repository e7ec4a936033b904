//! The emulation of Alibaba over a real socket.

use std::time::Duration;

use serde_json::json;
use standing_sandbox::{Key, Provider, Sandbox, Verdict, fault};

use crate::client::send;
use crate::requests::{Alibaba, NEW_YEAR};

async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::builder().start().await.unwrap();
    sandbox
        .clock()
        .set(std::time::UNIX_EPOCH + Duration::from_secs(NEW_YEAR));
    sandbox
}

#[tokio::test]
async fn account_of_every_customer_leads_to_its_verdict() {
    let sandbox = sandbox().await;
    let alibaba = Alibaba::new(&sandbox);
    for customer in sandbox.customers(Provider::Alibaba) {
        let response = alibaba
            .nonce(&customer.id)
            .call(&format!("OwnerId={}", customer.id))
            .await;
        let json = response.json();
        assert_eq!(
            response.header("x-acs-request-id"),
            json["RequestId"].as_str()
        );
        let data = &json["Data"];
        let verdict = match (response.status, data["CreditLimitStatus"].as_str()) {
            (401, None) => {
                assert_eq!(json["Code"], "VnoNoDataError");
                assert_eq!(json["HostId"], "business.aliyuncs.com");
                Verdict::Unknown
            }
            (200, Some("Freeze")) => Verdict::Blocked,
            (200, Some("TrusteeshipCancel")) => Verdict::Watch,
            (200, Some("Thaw" | "Trusteeship")) if data["IsCertified"] == true => Verdict::Ok,
            (200, Some("Thaw" | "Trusteeship")) => Verdict::Watch,
            _ => Verdict::Unknown,
        };
        assert_eq!(verdict, customer.verdict, "{customer:?} {json}");
    }
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn owner_id_is_read_from_the_query_or_the_form() {
    let sandbox = sandbox().await;
    let alibaba = Alibaba::new(&sandbox);
    let first = sandbox.customers(Provider::Alibaba).next().unwrap();
    let without = alibaba.nonce(1).call("").await.json()["Data"].clone();
    let with = alibaba
        .nonce(2)
        .call(&format!("OwnerId={}", first.id))
        .await
        .json()["Data"]
        .clone();
    assert_eq!(without, with);
    let get = Alibaba {
        method: "GET",
        ..alibaba.nonce(3)
    }
    .call("")
    .await
    .json()["Data"]
        .clone();
    assert_eq!(get, with);
    let content_type = (
        "content-type",
        "application/x-www-form-urlencoded".to_owned(),
    );
    let form = Alibaba {
        body: "OwnerId=5",
        extra: vec![content_type],
        ..alibaba.nonce(4)
    };
    assert_eq!(form.code("").await, (400, "NotAuthorized".to_owned()));
    let unknown_id = format!("OwnerId={}", sandbox.unknown_customer_id(Provider::Alibaba));
    assert_eq!(
        alibaba.nonce(5).code(&unknown_id).await,
        (400, "NotAuthorized".to_owned())
    );
    assert_eq!(
        alibaba.nonce(6).code("OwnerId=x").await,
        (400, "OwnerIdInvalid".to_owned())
    );
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn plus_in_the_query_is_a_blank() {
    let sandbox = sandbox().await;
    let alibaba = Alibaba::new(&sandbox);
    let request = String::from_utf8(alibaba.request("Note=a%20b")).unwrap();
    let request = request.replace("?Note=a%20b", "?Note=a+b");
    assert_eq!(
        send(&alibaba.endpoint, request.as_bytes())
            .await
            .unwrap()
            .status,
        200
    );
}

#[tokio::test]
async fn bad_credentials_return_their_documented_codes() {
    let sandbox = sandbox().await;
    let good = Alibaba::new(&sandbox);
    for (alibaba, status, code) in [
        (
            Alibaba {
                secret: "x".to_owned(),
                ..good.clone()
            },
            400,
            "SignatureDoesNotMatch",
        ),
        (
            Alibaba {
                id: "x".to_owned(),
                ..good.clone()
            },
            404,
            "InvalidAccessKeyId.NotFound",
        ),
        (
            Alibaba {
                time: NEW_YEAR - 901,
                ..good.clone()
            },
            400,
            "InvalidTimeStamp.Expired",
        ),
        (
            Alibaba {
                time: NEW_YEAR + 901,
                ..good.clone()
            },
            400,
            "InvalidTimeStamp.Expired",
        ),
        (good.nonce(""), 400, "MissingParameter"),
        (good.clone(), 200, "Success"),
        (good.clone(), 400, "SignatureNonceUsed"),
    ] {
        assert_eq!(alibaba.code("").await, (status, code.to_owned()));
    }
    let response = Alibaba {
        secret: "x".to_owned(),
        ..good.clone()
    }
    .call("")
    .await;
    let message = response.json()["Message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("server string to sign is:ACS3-HMAC-SHA256\n"),
        "{message}"
    );
    let text = String::from_utf8(good.nonce("fresh").request("")).unwrap();
    for (from, to, status, code) in [
        ("Authorization", "X-Other", 400, "IncompleteSignature"),
        ("Credential=", "Credentials=", 400, "IncompleteSignature"),
        (
            "SignedHeaders=host;",
            "SignedHeaders=",
            400,
            "IncompleteSignature",
        ),
        (
            "x-acs-action: Get",
            "x-acs-action: Set",
            400,
            "SignatureDoesNotMatch",
        ),
        ("POST /", "POST /other", 404, "InvalidApi.NotFound"),
    ] {
        let response = send(&good.endpoint, text.replacen(from, to, 1).as_bytes())
            .await
            .unwrap();
        assert_eq!(
            (response.status, &response.json()["Code"]),
            (status, &json!(code)),
            "{to}"
        );
        assert!(response.json()["Recommend"].is_string());
    }
}

#[tokio::test]
async fn nonce_is_used_even_if_a_fault_replaces_the_response() {
    let sandbox = sandbox().await;
    let alibaba = Alibaba::new(&sandbox);
    sandbox.fault(fault::status(503).on("GetCustomerAccountInfo").times(1));
    let response = send(&alibaba.endpoint, &alibaba.request("")).await.unwrap();
    assert_eq!(response.status, 503);
    assert_eq!(alibaba.code("").await.1, "SignatureNonceUsed");
    assert_eq!(alibaba.nonce("two").code("").await.1, "Success");
}

#[tokio::test]
async fn nonce_is_accepted_again_for_another_key_or_after_the_time_window() {
    let builder = Sandbox::builder().key(Provider::Alibaba, Key::new("LTAIOTHER", "other"));
    let sandbox = builder.start().await.unwrap();
    sandbox
        .clock()
        .set(std::time::UNIX_EPOCH + Duration::from_secs(NEW_YEAR));
    let main = Alibaba::new(&sandbox);
    let other = Alibaba {
        id: "LTAIOTHER".to_owned(),
        secret: "other".to_owned(),
        ..main.clone()
    };
    assert_eq!(main.code("").await.1, "Success");
    assert_eq!(other.code("").await.1, "Success");
    sandbox.clock().advance(Duration::from_secs(1_801));
    assert_eq!(Alibaba::new(&sandbox).code("").await.1, "Success");
}

#[tokio::test]
async fn temporary_key_is_accepted_only_with_its_token() {
    let key = Key::new("STS.TEMP", "temp-secret").with_session_token("temp-token");
    let sandbox = Sandbox::builder()
        .key(Provider::Alibaba, key)
        .start()
        .await
        .unwrap();
    let temp = Alibaba {
        id: "STS.TEMP".to_owned(),
        secret: "temp-secret".to_owned(),
        ..Alibaba::new(&sandbox)
    };
    assert_eq!(temp.code("").await.1, "MissingSecurityToken");
    for (token, code) in [
        ("other", "InvalidSecurityToken.MismatchWithAccessKey"),
        ("temp-token", "Success"),
    ] {
        let extra = vec![("x-acs-security-token", token.to_owned())];
        assert_eq!(
            Alibaba {
                extra,
                ..temp.clone()
            }
            .code("")
            .await
            .1,
            code
        );
    }
}

#[tokio::test]
async fn throttled_response_has_the_time_to_wait() {
    let sandbox = Sandbox::builder()
        .rate(Provider::Alibaba, 2)
        .start()
        .await
        .unwrap();
    sandbox
        .clock()
        .set(std::time::UNIX_EPOCH + Duration::from_secs(NEW_YEAR));
    let alibaba = Alibaba::new(&sandbox);
    for nonce in 0..2 {
        assert_eq!(alibaba.nonce(nonce).code("").await.0, 200);
    }
    let response = alibaba.nonce(2).call("").await;
    assert_eq!(
        (response.status, &response.json()["Code"]),
        (400, &json!("Throttling.User"))
    );
    assert_eq!(response.header("x-acs-retry-after"), Some("1000"));
    sandbox.fault(fault::throttle_for(Duration::from_millis(150)).times(1));
    let response = alibaba.nonce(3).call("").await;
    assert_eq!(response.header("x-acs-retry-after"), Some("150"));
}

#[tokio::test]
async fn error_under_200_has_the_envelope_of_the_product() {
    let sandbox = sandbox().await;
    let alibaba = Alibaba::new(&sandbox);
    sandbox.fault(fault::provider_code_at(200, "NotAuthorized").times(1));
    let json = alibaba.call("").await.json();
    assert_eq!(
        (&json["Code"], &json["Success"]),
        (&json!("NotAuthorized"), &json!(false))
    );
    sandbox.fault(fault::provider_code("InternalError").times(1));
    assert_eq!(
        alibaba.nonce(2).code("").await,
        (500, "InternalError".to_owned())
    );
}
