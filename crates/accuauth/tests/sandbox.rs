//! The client against the sandbox, which counts every look-up.

#![cfg(test)]

use std::time::Duration;

use standing_accuauth::check::CheckDebtsReport;
use standing_accuauth::{AccuAuth, BodyEncoding, Client, Credentials, ErrorKind};
use standing_sandbox::fault::{
    cut_body_after, drop_before_response, html_502, provider_code, reset, silent, status, throttle,
};
use standing_sandbox::{Persona, Provider, Sandbox};

async fn sandbox() -> Sandbox {
    Sandbox::builder().customers(60).start().await.unwrap()
}

fn client(sandbox: &Sandbox) -> Client {
    client_of(sandbox, AccuAuth::default(), false)
}

fn client_of(sandbox: &Sandbox, provider: AccuAuth, repeat: bool) -> Client {
    let key = sandbox.key(Provider::AccuAuth);
    Client::builder()
        .provider(provider)
        .endpoint(sandbox.endpoint(Provider::AccuAuth))
        .credentials(Credentials::new(key.id, key.secret))
        .attempt_timeout(Duration::from_secs(1))
        .retry_metered(repeat)
        .build()
        .unwrap()
}

fn look_up() -> CheckDebtsReport {
    CheckDebtsReport::for_mobile("6281200000000")
}

#[tokio::test]
async fn look_up_in_either_encoding_finds_the_report_or_none() {
    let sandbox = sandbox().await;
    let form = client(&sandbox);
    let json = client_of(
        &sandbox,
        AccuAuth::default().with_encoding(BodyEncoding::Json),
        false,
    );
    let mut reports = 0;
    for customer in sandbox.customers(Provider::AccuAuth) {
        let request = CheckDebtsReport::for_mobile(format!("+{}", customer.id));
        let answer = form.send(&request).await.unwrap();
        assert_eq!(*answer, *json.send(&request).await.unwrap());
        assert!(answer.request_id().unwrap().starts_with("TID"));
        assert_eq!(
            answer.is_none(),
            customer.persona == Persona::NoRecord,
            "{customer:?}"
        );
        let Some(found) = answer.into_inner() else {
            continue;
        };
        reports += 1;
        assert_eq!(found.result.len(), 1);
        let report = &found.result[0];
        match customer.persona {
            Persona::Nulls => assert_eq!(
                (report.reg_total_num, &report.loan_amount_max),
                (None, &None)
            ),
            Persona::PlainAmounts => {
                let amount = report.loan_amount_max.as_ref().unwrap().to_string();
                assert!(amount.ends_with("2.50"), "{amount}");
            }
            Persona::HugeNumbers => {
                assert!(report.loan_total_num.unwrap() > 1 << 53);
                let amount = report.apply_amount_min.as_ref().unwrap().to_string();
                assert!(
                    amount.starts_with("123456789012345") && amount.ends_with(".67"),
                    "{amount}"
                );
            }
            _ => assert!(report.platform_loan_total.is_some(), "{customer:?}"),
        }
    }
    assert!(reports > 10, "{reports}");
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn look_up_that_was_sent_is_not_retried() {
    let sandbox = sandbox().await;
    let (once, twice) = (
        client(&sandbox),
        client_of(&sandbox, AccuAuth::default(), true),
    );
    for (fault, kind, may_have_run) in [
        (status(503), ErrorKind::Server, true),
        (html_502(), ErrorKind::Server, true),
        (provider_code("INTERNAL_ERROR"), ErrorKind::Server, true),
        (throttle(), ErrorKind::Throttled, false),
        (reset(), ErrorKind::Transport, true),
        (drop_before_response(), ErrorKind::Transport, true),
        (cut_body_after(20), ErrorKind::Transport, true),
        (silent(), ErrorKind::Timeout, true),
    ] {
        let before = sandbox.report().total;
        sandbox.fault(fault.clone().times(1));
        let error = once.send(&look_up()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts(), error.may_have_run()),
            (kind, 1, may_have_run),
            "{error}"
        );
        assert_eq!(sandbox.report().total, before + 1, "{error}");

        // On the caller's word it is.
        sandbox.fault(fault.times(1));
        assert_eq!(
            twice.send(&look_up()).await.unwrap().attempts(),
            2,
            "{kind}"
        );
    }
}

#[tokio::test]
async fn exhausted_quota_is_neither_throttled_nor_permission_error() {
    let sandbox = Sandbox::builder().quota(2).start().await.unwrap();
    let client = client_of(&sandbox, AccuAuth::default(), true);
    for _ in 0..2 {
        client.send(&look_up()).await.unwrap();
    }
    for (fault, code, kind) in [
        (None, "OUT_OF_QUOTA", ErrorKind::Quota),
        (
            Some("NO_PERMISSION"),
            "NO_PERMISSION",
            ErrorKind::Permission,
        ),
        (Some("KEY_EXPIRED"), "KEY_EXPIRED", ErrorKind::Auth),
        (
            Some("INVALID_ARGUMENT"),
            "INVALID_ARGUMENT",
            ErrorKind::InvalidRequest,
        ),
    ] {
        if let Some(fault) = fault {
            sandbox.fault(provider_code(fault).times(1));
        }
        let error = client.send(&look_up()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code(), error.attempts()),
            (kind, Some(code), 1),
            "{error}"
        );
        assert!(!error.is_retryable() && !error.may_have_run());
    }
}

#[tokio::test]
async fn wrong_keys_make_one_request_and_are_not_shown() {
    let sandbox = sandbox().await;
    let client = Client::builder()
        .endpoint(sandbox.endpoint(Provider::AccuAuth))
        .credentials(Credentials::new("another-id", "another-secret"))
        .build()
        .unwrap();
    let error = client.send(&look_up()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.attempts()),
        (ErrorKind::Auth, Some("UNAUTHORIZED"), 1)
    );
    assert!(
        !format!("{error} {error:?} {client:?}").contains("another"),
        "{error}"
    );
    assert_eq!(sandbox.report().total, 1);
}

#[cfg(feature = "md5")]
#[tokio::test]
async fn md5_of_a_number_finds_its_report() {
    use standing_accuauth::{MobileForm, mobile_md5};

    let sandbox = sandbox().await;
    let client = client(&sandbox);
    for customer in sandbox.customers(Provider::AccuAuth) {
        let plain = client
            .send(&CheckDebtsReport::for_mobile(&customer.id))
            .await
            .unwrap();
        let md5 = mobile_md5(&customer.id, MobileForm::CountryCode).unwrap();
        for md5 in [md5.to_uppercase(), md5] {
            assert_eq!(
                *client
                    .send(&CheckDebtsReport::for_mobile_md5(md5))
                    .await
                    .unwrap(),
                *plain
            );
        }
    }
}

#[tokio::test]
async fn endpoint_prefix_precedes_the_path() {
    let sandbox = Sandbox::builder()
        .path_prefix("/gw/%7Echeck")
        .start()
        .await
        .unwrap();
    client(&sandbox).send(&look_up()).await.unwrap();
    sandbox.assert_all_verified();
}
