//! Secrets, redirects, and what is printed.

use std::sync::Arc;

use standing_core::operation::Method;
use standing_core::provider::{Endpoint, Request};
use standing_core::{Client, Credentials, ErrorKind};
use standing_faults::clock::ManualClock;
use standing_faults::raw::{Raw, json, responding, response};
use standing_faults::trial::{self, Ask, LookUp, Metered};
use standing_faults::watch::{KEY_ID, KEY_SECRET, MAIL, MOBILE, TOKEN, Watch, leak};
use standing_faults::{builder, child, failed, found, keys, metered, search, tencent};
use standing_tencent::Tencent;

#[tokio::test]
async fn j1_redirects_are_not_followed() {
    let watch = Watch::new();
    let second = Raw::always(responding(json(trial::OK))).await;
    for status in [300, 301, 302, 303, 305, 307, 308] {
        let head = format!("location: {}/elsewhere\r\n", second.endpoint());
        let first = Raw::always(responding(response(status, &head, ""))).await;
        let client = metered(first.endpoint(), &ManualClock::default());
        for error in [
            watch.refused(client.send(&LookUp::new(MOBILE)).await),
            watch.refused(client.send(&Ask::new(MOBILE)).await),
        ] {
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Redirect, 1));
            assert_eq!(error.status(), Some(status));
        }
        assert_eq!(first.requests().len(), 2);
    }
    assert_eq!(second.connections(), 0);
}

#[tokio::test]
async fn j2_no_cookies_and_no_referrer() {
    let watch = Watch::new();
    let head = "set-cookie: a=b\r\nwww-authenticate: Basic\r\n";
    let server = Raw::always(responding(response(200, head, trial::OK))).await;
    let client = metered(server.endpoint(), &ManualClock::default());
    for _ in 0..2 {
        watch.fine(client.send(&LookUp::new(MOBILE)).await);
    }
    for request in server.requests() {
        let request = request.to_ascii_lowercase();
        for name in ["\r\ncookie:", "\r\nreferer:", "\r\naccept-encoding:"] {
            assert!(!request.contains(name), "{name}");
        }
    }
}

#[tokio::test]
async fn j3_debug_of_everything() {
    let watch = Watch::new();
    let server = Raw::always(responding(json(&found()))).await;
    let endpoint = server.endpoint();
    let keys = || keys().with_token(TOKEN);
    let builder = builder::<Tencent>(&endpoint).credentials(keys());
    watch.debug(
        &builder,
        &[
            "ClientBuilder",
            "tencent",
            "timeouts",
            "has_credentials: true",
        ],
    );
    let unchecked =
        Client::<Tencent>::builder().endpoint(format!("https://{KEY_ID}:{KEY_SECRET}@example.com"));
    watch.debug(&unchecked, &["ClientBuilder"]);
    watch.error(unchecked.credentials(keys()).build().unwrap_err());
    let client = builder.build().unwrap();
    watch.debug(&client, &["Client", "tencent", "127.0.0.1", "attempts"]);
    watch.debug(&keys(), &["Credentials", "<redacted>"]);
    watch.debug(&Credentials::token_only(TOKEN), &["Credentials"]);
    watch.debug(keys().secret(), &["redacted"]);
    watch.debug(&search(), &["QueryCustomersCredit"]);
    let page = watch.fine(client.send(&search()).await);
    watch.debug(&page, &["200000000001", "r-1", "200"]);
    watch.debug(&*page, &["200000000001"]);
    let mut pages = client.pages(search());
    watch.debug(&pages, &["Pages"]);
    let page = pages.next().await.unwrap().unwrap();
    watch.debug(&page, &["Page", "r-1"]);

    let endpoint = Arc::new(Endpoint::parse("https://example.com/gw").unwrap());
    let query = vec![("mail".to_owned(), MAIL.to_owned())];
    let body = standing_core::provider::Body::Bytes(MOBILE.into(), "text/plain");
    let mut request = Request::new(Method::Post, endpoint, "/path", query, body.clone());
    request.insert_sensitive("x-secret", KEY_SECRET);
    request.insert("x-plain", MAIL);
    watch.debug(
        &request,
        &["example.com", "/gw/path", "x-secret", "body_length"],
    );
    watch.debug(&body, &["13 bytes"]);

    let failing = Raw::always(responding(json(&failed("FailedOperation")))).await;
    let client = tencent(failing.endpoint(), &ManualClock::default());
    let error = watch.refused(client.send(&search()).await);
    watch.debug(
        &error,
        &[
            "Service",
            "FailedOperation",
            "r-1",
            "tencent",
            "QueryCustomersCredit",
        ],
    );
    assert!(
        error.full_message().unwrap().contains(MAIL),
        "as it came, for who asks"
    );
    for entry in standing_tencent::OPERATIONS {
        watch.debug(entry, &[entry.info.name]);
        watch.text(
            "a call by name",
            entry
                .call(&client, &format!(r#"{{"Nonsense":"{MAIL}"}}"#))
                .await
                .unwrap_err(),
        );
        watch.text(
            "a call by name",
            entry
                .call(&client, &format!(r#"{{"Page":"{MAIL}"}}"#))
                .await
                .unwrap_err(),
        );
        watch.text(
            "a call by name",
            entry.call(&client, MAIL).await.unwrap_err(),
        );
    }
}

#[tokio::test]
async fn j4_provider_types_with_personal_data() {
    let watch = Watch::new();
    let md5 = "sentinel.person";
    let report = standing_accuauth::check::CheckDebtsReport::for_mobile(MOBILE)
        .with_email(MAIL)
        .with_idcard(KEY_ID)
        .with_bankcard(KEY_SECRET)
        .with_gaid(TOKEN);
    watch.debug(&report, &["CheckDebtsReport", "redacted"]);
    let by_hash = standing_accuauth::check::CheckDebtsReport::for_mobile_md5(md5);
    watch.debug(&by_hash, &["CheckDebtsReport"]);
    let client = builder::<standing_accuauth::AccuAuth>("http://127.0.0.1:9")
        .build()
        .unwrap();
    let error = watch.refused(client.send(&by_hash).await);
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::InvalidRequest, 0)
    );
}

#[tokio::test]
async fn j5_the_logs_are_read_and_say_something() {
    let watch = Watch::new();
    let server = Raw::always(responding(json(&found()))).await;
    let before = watch.events();
    let client = tencent(server.endpoint(), &ManualClock::default());
    watch.fine(client.send(&search()).await);
    let after = watch.events();
    assert!(
        after.0 > before.0,
        "our own events name provider and operation"
    );
    assert!(
        after.1 > before.1,
        "the events of the HTTP stack are seen too"
    );
    for text in [KEY_ID, KEY_SECRET, TOKEN, MAIL, MOBILE, "x Signature=ab"] {
        assert!(
            leak(text).is_some() && leak(&text.to_uppercase()).is_some(),
            "{text}"
        );
    }
    assert!(leak("tencent QueryCustomersCredit").is_none());
}

#[tokio::test]
async fn j6_messages_that_repeat_what_was_sent_in_other_spellings() {
    let watch = Watch::new();
    for echo in [
        MAIL.to_uppercase(),
        MAIL.replace('@', "%40"),
        MAIL.replace('@', "\\u0040"),
        format!("{KEY_SECRET}{KEY_SECRET}"),
        format!("x{KEY_SECRET}y"),
        format!("{KEY_ID}/{MAIL}"),
    ] {
        let body = failed("FailedOperation").replace("no sentinel", &format!("{echo} sentinel"));
        assert!(body.contains(&echo));
        let server = Raw::always(responding(json(&body))).await;
        let client = tencent(server.endpoint(), &ManualClock::default());
        let error = watch.refused(client.send(&search()).await);
        assert!(error.message().contains("[…]"), "{error}");
    }
}

#[tokio::test]
async fn j7_a_panic_says_nothing() {
    let watch = Watch::new();
    let outcome = std::panic::catch_unwind(|| {
        let client = builder::<Metered>("http://127.0.0.1:9").build().unwrap();
        panic!("{client:?} {:?} {:?}", keys(), search());
    });
    assert!(outcome.is_err());
    drop(watch);
}

#[test]
fn j8_variables_that_are_missing() {
    let watch = Watch::new();
    let set = [
        ("TENCENTCLOUD_SECRET_ID", KEY_ID),
        ("METERED_ID", KEY_ID),
        ("METERED_SECRET", " sentinel-key-secret"),
        ("HUAWEICLOUD_SDK_SK", KEY_SECRET),
        ("ACCUAUTH_API_SECRET", KEY_SECRET),
    ];
    if !child::is_alone("j_secrets::j8_variables_that_are_missing", &set) {
        return;
    }
    for (error, kind, variable) in [
        (
            Client::<Tencent>::from_env().unwrap_err(),
            ErrorKind::Credentials,
            "TENCENTCLOUD_SECRET_KEY",
        ),
        (
            Client::<Metered>::from_env().unwrap_err(),
            ErrorKind::Config,
            "METERED_SECRET",
        ),
        (
            Client::<standing_huawei::Huawei>::from_env().unwrap_err(),
            ErrorKind::Credentials,
            "HUAWEICLOUD_SDK_AK",
        ),
        (
            Client::<standing_alibaba::Alibaba>::from_env().unwrap_err(),
            ErrorKind::Credentials,
            "ALIBABA_CLOUD_ACCESS_KEY_ID",
        ),
        (
            Client::<standing_accuauth::AccuAuth>::from_env().unwrap_err(),
            ErrorKind::Credentials,
            "ACCUAUTH_API_ID",
        ),
    ] {
        let error = watch.error(error);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().contains(variable), "{error}");
    }
}

#[test]
fn j11_fields_are_named_and_values_are_not() {
    let watch = Watch::new();
    use standing_accuauth::check::CheckDebtsReport;
    use standing_core::Operation;
    for (request, field) in [
        (CheckDebtsReport::for_mobile_md5(KEY_SECRET), "mobile_md5"),
        (
            CheckDebtsReport::for_mobile_md5("d41d8cd98f00b204e9800998ecf8427"),
            "mobile_md5",
        ),
        (
            CheckDebtsReport::for_mobile_md5("d41d8cd98f00b204e9800998ecf8427g"),
            "mobile_md5",
        ),
        (CheckDebtsReport::for_mobile(""), "mobile"),
        (CheckDebtsReport::for_mobile("  "), "mobile"),
    ] {
        let invalid = request.validate().unwrap_err();
        watch.text("a violation", &invalid);
        assert!(invalid.to_string().contains(field), "{invalid}");
    }
    let mut neither = CheckDebtsReport::for_mobile(MOBILE);
    neither.mobile = None;
    assert!(neither.validate().is_err());
    let mut both = CheckDebtsReport::for_mobile(MOBILE);
    both.mobile_md5 = Some("d41d8cd98f00b204e9800998ecf8427e".into());
    assert!(both.validate().is_err());
}
