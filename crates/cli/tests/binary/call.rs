use std::io::{BufRead, BufReader};
#[cfg(unix)]
use std::process::Command;
use std::process::Stdio;

use serde_json::{Value, json};
use standing_sandbox::{Provider, Sandbox, fault};

#[cfg(unix)]
use crate::bench::until;
use crate::bench::{Bench, Ran, Scratch, WRONG_SECRET, closed, standing};

const CREDIT: &str = "QueryCustomersCredit";

#[test]
fn call_prints_one_document_with_the_provider_s_own_names() {
    let bench = Bench::new();
    let ran = bench.call(&[CREDIT, "--params", r#"{"Page":3,"PageSize":10}"#]);
    assert_eq!(ran.err, "");
    let output = ran.json();
    assert_eq!(output["Total"], 25);
    assert_eq!(output["Data"].as_array().unwrap().len(), 5);
    assert!(output["Data"][0]["ClientUin"].is_u64());
    assert!(
        output["Data"][0]["Email"].as_str().unwrap().contains('*'),
        "as it came"
    );

    let full = bench.call(&["ip/QueryCustomersCredit"]).json();
    assert_eq!(
        full["Data"].as_array().unwrap().len(),
        10,
        "the sandbox's own page size"
    );
    bench.call(&["intlpartnersmgt/QueryCustomersCredit"]).json();
    let services = bench.sandbox.report();
    assert_eq!((services.total, services.succeeded), (3, 3));
    bench.sandbox.assert_all_verified();
}

#[test]
fn invalid_parameters_are_not_sent() {
    let bench = Bench::new();
    for (parameters, expected) in [
        ("[]", "one JSON object"),
        ("null", "one JSON object"),
        ("{", "one JSON object"),
        ("", "one JSON object"),
        ("{} {}", "one JSON object"),
        (r#"{"PageSise":1}"#, "did you mean PageSize?"),
        (r#"{"page":1}"#, "did you mean Page?"),
        (r#"{"Page":0}"#, "Page must be at least 1"),
        (r#"{"Page":"1"}"#, "Page"),
        (
            r#"{"Filter":"hunter2-is-the-secret-that-must-not-leak"}"#,
            "FilterType",
        ),
    ] {
        for more in [&[][..], &["--pages"]] {
            let mut arguments = vec![CREDIT, "--params", parameters];
            arguments.extend(more);
            let error = bench.call(&arguments).failed(2);
            assert_eq!(error["kind"], "invalid_request", "{error}");
            assert_eq!(error["attempts"], 0);
            assert_eq!(error["provider"], "tencent");
            assert_eq!(error["operation"], CREDIT);
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(expected), "{message}");
        }
    }
    for parameters in ["[]", "{"] {
        let error = bench
            .call(&[CREDIT, "--raw", "--params", parameters])
            .failed(2);
        assert_eq!(error["kind"], "invalid_request");
    }
    assert_eq!(bench.sandbox.report().total, 0);
}

#[test]
fn raw_call_sends_unvalidated_parameters_and_prints_the_payload() {
    let bench = Bench::new();
    let parameters = r#"{"PageSize":1,"Filter":"203479861364","FilterType":"Uin"}"#;
    let output = bench
        .call(&[CREDIT, "--raw", "--params", parameters])
        .json();
    assert!(output["RequestId"].is_string(), "the payload, whole");
    assert_eq!(output["Data"][0]["RemainingCredit"], json!(0.0));

    let error = bench
        .call(&[CREDIT, "--raw", "--params", r#"{"Unheard":1}"#])
        .failed(1);
    assert_eq!(error["kind"], "invalid_request");
    assert_eq!(error["code"], "UnknownParameter");
    assert_eq!(error["status"], 200);
    assert_eq!(error["attempts"], 1);
    assert!(error["request_id"].is_string());
}

#[test]
fn raw_call_takes_an_operation_without_a_type() {
    let bench = Bench::new();
    let error = bench.call(&["ip/InventedOperation", "--raw"]).failed(1);
    assert_eq!(
        error["code"], "InvalidAction",
        "the sandbox does not know it either"
    );
    assert_eq!(error["operation"], "InventedOperation");
    bench.sandbox.assert_all_verified();
    assert_eq!(bench.sandbox.report().total, 1);

    for arguments in [
        &["ip/InventedOperation"][..],
        &["unknown/InventedOperation", "--raw"],
        &["ip/Not-a-name", "--raw"],
        &["InventedOperation", "--raw"],
    ] {
        assert_eq!(bench.call(arguments).failed(2)["kind"], "config");
    }
    assert_eq!(bench.sandbox.report().total, 1);
}

#[test]
fn operation_without_a_type_is_not_retried() {
    let bench = Bench::new();
    bench.sandbox.fault(fault::drop_before_response());
    let error = bench.call(&["ip/InventedOperation", "--raw"]).failed(1);
    assert_eq!(error["attempts"], 1, "{error}");
    assert_eq!(error["may_have_run"], true);
    assert_eq!(error["retryable"], false);
}

#[test]
fn keys_are_read_from_the_environment() {
    let arguments = [
        "call",
        "tencent",
        CREDIT,
        "--endpoint",
        "http://127.0.0.1:1",
    ];
    let error = Ran::of(&mut standing(&arguments)).failed(2);
    assert_eq!(error["kind"], "credentials");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("TENCENTCLOUD_SECRET_ID"), "{message}");
    assert_eq!(error["attempts"], 0);

    let mut command = standing(&arguments);
    let error = Ran::of(command.env("TENCENTCLOUD_SECRET_ID", "id")).failed(2);
    assert_eq!(error["kind"], "credentials");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("TENCENTCLOUD_SECRET_KEY"), "{message}");

    let secret = format!("{WRONG_SECRET}\n");
    let mut command = standing(&arguments);
    command
        .env("TENCENTCLOUD_SECRET_ID", "id")
        .env("TENCENTCLOUD_SECRET_KEY", secret);
    let error = Ran::of(&mut command).failed(2);
    assert_eq!(error["kind"], "config");
}

#[test]
fn wrong_secret_makes_one_attempt() {
    let bench = Bench::new();
    let mut command = bench.call_command(&[CREDIT]);
    let error = Ran::of(command.env("TENCENTCLOUD_SECRET_KEY", WRONG_SECRET)).failed(1);
    assert_eq!(error["kind"], "auth");
    assert_eq!(error["code"], "AuthFailure.SignatureFailure");
    assert_eq!(error["status"], 200);
    assert_eq!(error["attempts"], 1);
    assert_eq!(error["retryable"], false);
    assert_eq!(error["may_have_run"], false);
    assert_eq!(bench.sandbox.report().total, 1);
}

#[test]
fn closed_port_makes_three_attempts() {
    let bench = Bench::new();
    let closed = closed();
    let mut command = bench.keyed(&["call", "tencent", CREDIT, "--endpoint", &closed]);
    let error = Ran::of(&mut command).failed(1);
    assert_eq!(error["kind"], "connect");
    assert_eq!(error["attempts"], 3);
    assert_eq!(error["retryable"], true);
    assert_eq!(error["may_have_run"], false);
    assert_eq!(error["status"], Value::Null);
    assert_eq!(error["code"], Value::Null);

    let mut command = bench.keyed(&["call", "tencent", CREDIT, "--endpoint", &closed]);
    let error = Ran::of(command.args(["--retries", "0"])).failed(1);
    assert_eq!(error["attempts"], 1);
}

#[test]
fn plain_http_is_refused_for_other_machines() {
    let bench = Bench::new();
    for endpoint in [
        "http://example.com",
        "http://10.0.0.1:80",
        "ftp://127.0.0.1",
        "example.com",
    ] {
        let mut command = bench.keyed(&["call", "tencent", CREDIT, "--endpoint", endpoint]);
        let error = Ran::of(&mut command).failed(2);
        assert_eq!(error["kind"], "config", "{endpoint}");
        assert_eq!(error["attempts"], 0);
        assert_eq!(error["operation"], CREDIT);
    }
    let address = bench.endpoint();
    let port = address.rsplit(':').next().unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let endpoint = format!("http://{host}:{port}");
        let mut command = bench.keyed(&["call", "tencent", CREDIT, "--endpoint", &endpoint]);
        Ran::of(command.env("HTTP_PROXY", "http://127.0.0.1:1")).json();
    }
}

#[test]
fn transient_faults_are_retried_up_to_the_limit() {
    let bench = Bench::new();
    bench.sandbox.fault(fault::status(503).times(2));
    bench.call(&[CREDIT]).json();
    assert_eq!(bench.sandbox.report().total, 3);

    bench.sandbox.fault(fault::status(503).times(2));
    let error = bench.call(&[CREDIT, "--retries", "1"]).failed(1);
    assert_eq!(error["kind"], "server");
    assert_eq!(error["status"], 503);
    assert_eq!(error["attempts"], 2);
    assert_eq!(error["retryable"], true);
}

#[test]
fn call_past_its_deadline_times_out() {
    let bench = Bench::new();
    bench.sandbox.fault(fault::silent());
    let error = bench.call(&[CREDIT, "--deadline", "0.3"]).failed(1);
    assert_eq!(error["kind"], "timeout");
    assert_eq!(error["attempts"], 1);
    assert_eq!(error["may_have_run"], true);
}

#[test]
fn pages_print_each_item_on_a_line() {
    let bench = Bench::new();
    let ran = bench.call(&[CREDIT, "--pages", "--params", r#"{"PageSize":10}"#]);
    assert_eq!(ran.err, "");
    let out = ran.fine();
    let uins: Vec<_> = out.lines().map(uin).collect();
    let mut expected: Vec<_> = bench
        .sandbox
        .customers(Provider::Tencent)
        .map(|customer| customer.id)
        .collect();
    expected.reverse();
    assert_eq!(uins, expected, "newest first");
    assert_eq!(bench.sandbox.report().total, 3);
}

fn uin(line: &str) -> String {
    serde_json::from_str::<Value>(line).unwrap()["ClientUin"].to_string()
}

#[test]
fn key_that_is_not_utf_8_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let bench = Bench::new();
    for name in ["TENCENTCLOUD_TOKEN", "TENCENTCLOUD_SECRET_KEY"] {
        let mut command = bench.call_command(&[CREDIT]);
        command.env(name, std::ffi::OsStr::from_bytes(b"hunter2\xff"));
        let error = Ran::of(&mut command).failed(2);
        assert_eq!(
            (&error["kind"], &error["attempts"]),
            (&"config".into(), &0.into())
        );
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with(name) && !message.contains("hunter"),
            "{message}"
        );
    }
    assert_eq!(bench.sandbox.report().total, 0);
}

#[test]
fn unwritable_output_reports_that_the_call_was_made() {
    let bench = Bench::new();
    // Takes nothing that is written to it.
    let Ok(full) = std::fs::File::create("/dev/full") else {
        return;
    };
    let mut command = bench.call_command(&[CREDIT]);
    let output = command.stdout(full).output().unwrap();
    let error = Ran {
        code: output.status.code(),
        out: String::new(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
    .failed(1);
    assert_eq!(error["operation"], CREDIT);
    assert_eq!(
        (&error["attempts"], &error["may_have_run"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(bench.sandbox.report().total, 1);
}

#[test]
fn request_that_cannot_be_sent_exits_with_2() {
    let bench = Bench::new();
    let huawei = |parameters: &str| {
        let arguments = ["ListPartnerAdjustRecords", "--raw", "--params", parameters];
        bench.call_to(Provider::Huawei, &arguments)
    };
    // Longer than a URL may be; deeper than any operation.
    for parameters in [
        format!(r#"{{"customer_id":"{}"}}"#, "x".repeat(70_000)),
        format!(r#"{{"a":{}{}}}"#, "[".repeat(50_000), "]".repeat(50_000)),
        format!(
            r#"{{"a":{}1{}}}"#,
            r#"{"a":"#.repeat(20_000),
            "}".repeat(20_000)
        ),
    ] {
        let error = huawei(&parameters).failed(2);
        assert_eq!(error["kind"], "invalid_request");
        assert_eq!(
            (&error["attempts"], &error["may_have_run"]),
            (&0.into(), &false.into())
        );
    }
    let twice = bench.call(&[CREDIT, "--params", r#"{"Page":1,"Page":1}"#]);
    assert_eq!(twice.failed(2)["message"], "Page comes twice");
    assert_eq!(bench.sandbox.report().total, 0);
}

#[test]
fn broken_walk_resumes_at_its_cursor() {
    let bench = Bench::new();
    let walk = [CREDIT, "--pages", "--params", r#"{"PageSize":10}"#];
    let whole = bench.call(&walk).fine();

    bench
        .sandbox
        .fault(fault::provider_code("InternalError").on_page(2));
    let ran = bench.call(&walk);
    let printed = ran.out.clone();
    assert_eq!(printed.lines().count(), 10);
    let error = ran.failed_midway(1);
    assert_eq!(error["kind"], "server");
    assert_eq!(error["attempts"], 3);
    let cursor = error["cursor"].as_str().unwrap().to_owned();

    bench.sandbox.clear_faults();
    let mut on = walk.to_vec();
    on.extend(["--resume", &cursor]);
    let rest = bench.call(&on).fine();
    assert_eq!(printed + &rest, whole);

    for (operation, cursor) in [
        ("intlpartnersmgt/QueryCustomersCredit", cursor.as_str()),
        (CREDIT, "nonsense"),
        (CREDIT, ""),
    ] {
        let error = bench
            .call(&[operation, "--pages", "--resume", cursor])
            .failed(2);
        assert_eq!(error["kind"], "paging");
        assert_eq!(error["attempts"], 0);
    }
}

#[test]
fn walk_that_fails_on_a_later_page_exits_with_1() {
    let bench = Bench::new();
    let walk = [CREDIT, "--pages", "--params", r#"{"PageSize":10}"#];
    // The second page is refused as a request, which on its own would end with 2.
    let code = "InvalidParameter";
    bench.sandbox.fault(fault::provider_code(code).on_page(2));
    let error = bench.call(&walk).failed_midway(1);
    assert_eq!(error["code"], code);
}

#[test]
fn reader_that_closes_early_is_not_a_failure() {
    let bench = Bench::of(Sandbox::builder().customers(3_000).rate_limits(false));
    let mut child = bench
        .call_command(&[CREDIT, "--pages", "--params", r#"{"PageSize":500}"#])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.starts_with('{'));
    drop(reader);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn decode_error_may_have_run() {
    let bench = Bench::new();
    bench.sandbox.fault(fault::not_json());
    let error = bench.call(&[CREDIT]).failed(1);
    assert_eq!(error["kind"], "decode");
    assert_eq!(error["status"], 200);
    assert_eq!(error["may_have_run"], true);
}

#[test]
fn every_provider_can_be_called() {
    let bench = Bench::new();
    let of = |provider: Provider, place: usize| {
        let mut customers = bench.sandbox.customers(provider);
        customers.nth(place).unwrap().id
    };
    let ids = [of(Provider::Huawei, 0), of(Provider::Huawei, 11)];
    let parameters = json!({"customer_ids": ids}).to_string();
    let arguments = ["ListSubCustomerNewTag", "--params", &parameters];
    let tags = bench.call_to(Provider::Huawei, &arguments).json();
    assert_eq!(tags["new_customer_tags"].as_array().unwrap().len(), 2);
    let arguments = ["ListSubCustomerNewTag", "--pages"];
    let tags = bench.call_to(Provider::Huawei, &arguments).fine();
    assert_eq!(tags.lines().count(), 25);

    let account = |place| {
        let parameters = format!(r#"{{"OwnerId":{}}}"#, of(Provider::Alibaba, place));
        let arguments = ["GetCustomerAccountInfo", "--params", &parameters];
        bench.call_to(Provider::Alibaba, &arguments).json()
    };
    assert_eq!(account(0)["IsCertified"], true);
    assert_eq!(account(13), Value::Null, "no such record");

    let mut found = [0, 0];
    for person in bench.sandbox.customers(Provider::AccuAuth) {
        let parameters = json!({"mobile": person.id}).to_string();
        let arguments = ["CheckDebtsReport", "--params", &parameters];
        let report = bench.call_to(Provider::AccuAuth, &arguments).json();
        found[usize::from(report.is_null())] += 1;
        assert!(
            report.is_null() || report["result"][0].is_object(),
            "{report}"
        );
    }
    assert!(found[0] > 0 && found[1] > 0, "{found:?}");
    bench.sandbox.assert_all_verified();
}

#[test]
fn metered_call_is_retried_only_on_request() {
    let bench = Bench::new();
    let parameters = r#"{"mobile":"628123456789"}"#;
    let look_up = ["CheckDebtsReport", "--params", parameters];
    bench.sandbox.fault(fault::status(503));
    let error = bench.call_to(Provider::AccuAuth, &look_up).failed(1);
    assert_eq!(error["attempts"], 1);
    assert_eq!(error["may_have_run"], true);
    assert_eq!(error["retryable"], false);
    let mut opted_in = look_up.to_vec();
    opted_in.push("--retry-metered");
    let error = bench.call_to(Provider::AccuAuth, &opted_in).failed(1);
    assert_eq!(error["attempts"], 3);
    assert!(!error.to_string().contains("628123456789"));

    bench.sandbox.clear_faults();
    bench
        .sandbox
        .fault(fault::provider_code("INVALID_ARGUMENT"));
    let error = bench.call_to(Provider::AccuAuth, &look_up).failed(1);
    assert!(!error.to_string().contains("628123456789"), "{error}");
}

#[test]
fn huawei_accepts_a_token_instead_of_keys() {
    let bench = Bench::new();
    let token = bench.sandbox.key(Provider::Huawei).auth_token.unwrap();
    let endpoint = bench.sandbox.endpoint(Provider::Huawei);
    let mut command = standing(&["call", "huawei", "ListSubCustomerNewTag"]);
    command
        .args(["--endpoint", &endpoint])
        .env("HUAWEICLOUD_X_AUTH_TOKEN", token);
    Ran::of(&mut command).json();
}

/// The metered look-up, with this more.
#[cfg(unix)]
fn look_up(bench: &Bench, endpoint: &str) -> Command {
    let parameters = r#"{"mobile":"628123456789"}"#;
    let mut command = bench.keyed(&["call", "accuauth", "CheckDebtsReport"]);
    command
        .args(["--params", parameters, "--endpoint", endpoint])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[cfg(unix)]
#[test]
fn interrupted_metered_call_ends_with_error_object_that_says_it_may_have_run() {
    for signal in ["INT", "TERM"] {
        let bench = Bench::new();
        bench.sandbox.fault(fault::silent());
        let endpoint = bench.sandbox.endpoint(Provider::AccuAuth);
        let child = look_up(&bench, &endpoint).spawn().unwrap();
        until(|| bench.sandbox.report().total == 1);
        let error = Ran::ended_by(signal, child).failed(130);
        assert_eq!(error["provider"], "accuauth");
        assert_eq!(error["operation"], "CheckDebtsReport");
        assert_eq!(
            (&error["attempts"], &error["may_have_run"]),
            (&json!(1), &json!(true)),
            "{error}"
        );
        assert_eq!(error["retryable"], false);
        assert!(!error.to_string().contains("628123456789"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn interrupted_metered_call_whose_bytes_never_left_cannot_have_run() {
    for signal in ["INT", "TERM"] {
        let bench = Bench::new();
        // The connection is accepted, and the handshake is never answered.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("https://{}", listener.local_addr().unwrap());
        let child = look_up(&bench, &endpoint).spawn().unwrap();
        let connection = listener.accept().unwrap();
        let error = Ran::ended_by(signal, child).failed(130);
        assert_eq!(error["may_have_run"], false, "{error}");
        assert!(error["attempts"].as_u64().unwrap() >= 1, "{error}");
        drop(connection);
    }
}

#[cfg(unix)]
#[test]
fn call_interrupted_while_its_output_is_blocked_may_have_run() {
    use std::io::Read;

    // More rows than a pipe has room for, and a reader that stops.
    let bench = Bench::of(Sandbox::builder().customers(2000));
    let mut command = bench.call_command(&[CREDIT, "--pages"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0]).unwrap();
    let error = Ran::ended_by("TERM", child).failed(130);
    assert_eq!(error["may_have_run"], true, "{error}");
    assert!(error["attempts"].as_u64().unwrap() >= 1, "{error}");
}

/// Ids of customers at Huawei Cloud.
fn huawei_ids(bench: &Bench) -> Vec<String> {
    let customers = bench.sandbox.customers(Provider::Huawei);
    customers.map(|customer| customer.id).collect()
}

const TAGS: &str = "ListSubCustomerNewTag";

#[test]
fn list_longer_than_the_default_page_is_walked_without_a_limit() {
    let bench = Bench::of(Sandbox::builder().customers(150));
    let ids = huawei_ids(&bench);
    let parameters = json!({"customer_ids": ids}).to_string();
    let ran = bench.call_to(
        Provider::Huawei,
        &[TAGS, "--pages", "--params", &parameters],
    );
    assert_eq!(ran.err, "");
    assert_eq!(ran.fine().lines().count(), 150);
    assert_eq!(bench.sandbox.report().total, 1);

    let arguments = [TAGS, "--params", &parameters];
    let error = bench.call_to(Provider::Huawei, &arguments).failed(2);
    assert_eq!(
        error["message"],
        "customer_ids has 150 items, and limit lets only 10 of them be answered: \
         set `limit` to at least 150 (at most 200), or use `--pages`"
    );
    let parameters = json!({"customer_ids": ids, "limit": 150}).to_string();
    let arguments = [TAGS, "--params", &parameters];
    let output = bench.call_to(Provider::Huawei, &arguments).json();
    assert_eq!(output["new_customer_tags"].as_array().unwrap().len(), 150);
    // What no walk takes either gets no such advice.
    let parameters = json!({"customer_ids": ids, "offset": u64::MAX}).to_string();
    let arguments = [TAGS, "--params", &parameters];
    let error = bench.call_to(Provider::Huawei, &arguments).failed(2);
    assert!(!error["message"].as_str().unwrap().contains("--pages"));
}

#[test]
fn list_longer_than_one_call_is_split_and_missing_ids_are_named() {
    let bench = Bench::of(Sandbox::builder().customers(450));
    let ours = huawei_ids(&bench);
    let unknown_id = bench.sandbox.unknown_customer_id(Provider::Huawei);
    let mut ids = ours.clone();
    ids.insert(3, unknown_id.clone());
    // Again, in the same part and in another one.
    ids.insert(5, ours[0].clone());
    ids.extend([ours[1].clone(), unknown_id.clone()]);
    let parameters = json!({"customer_ids": ids}).to_string();
    let arguments = [TAGS, "--params", &parameters];
    let error = bench.call_to(Provider::Huawei, &arguments).failed(2);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.ends_with("give at most 200 items at a time, or use `--pages`"),
        "{message}"
    );

    let walk = [TAGS, "--pages", "--params", &parameters];
    let ran = bench.call_to(Provider::Huawei, &walk);
    assert_eq!(
        ran.err,
        format!("1 of the customer_ids did not come back: {unknown_id}\n")
    );
    let whole = ran.fine();
    let row_id = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        row["customer_id"].as_str().unwrap().to_owned()
    };
    let mut rows: Vec<String> = whole.lines().map(row_id).collect();
    rows.sort();
    let mut want = ours.clone();
    want.sort();
    assert_eq!(rows, want);
    assert_eq!(bench.sandbox.report().total, 3);

    // Its cursor goes on, with parts of another size too, but not with another list.
    bench.sandbox.fault(fault::provider_code("CBC.0999"));
    let error = bench.call_to(Provider::Huawei, &walk).failed(1);
    let cursor = error["cursor"].as_str().unwrap().to_owned();
    bench.sandbox.clear_faults();
    let smaller = json!({"customer_ids": ids, "limit": 33}).to_string();
    let on = [TAGS, "--pages", "--params", &smaller, "--resume", &cursor];
    let mut rows: Vec<String> = bench
        .call_to(Provider::Huawei, &on)
        .fine()
        .lines()
        .map(row_id)
        .collect();
    rows.sort();
    assert_eq!(rows, want);
    let other = json!({"customer_ids": ours}).to_string();
    let on = [TAGS, "--pages", "--params", &other, "--resume", &cursor];
    assert_eq!(
        bench.call_to(Provider::Huawei, &on).failed(2)["kind"],
        "paging"
    );
    bench.sandbox.assert_all_verified();
}

#[test]
fn parameters_are_read_from_a_file_or_standard_input() {
    use std::io::Write as _;
    let bench = Bench::new();
    let file = Scratch::new("parameters");
    let text = "\u{feff}\n {\"Page\": 3,\r\n \"PageSize\": 10}\n";
    std::fs::write(file.path(), text).unwrap();
    let at = format!("@{}", file.path().display());
    let output = bench.call(&[CREDIT, "--params", &at]).json();
    assert_eq!(output["Data"].as_array().unwrap().len(), 5);
    let raw = bench.call(&[CREDIT, "--raw", "--params", &at]).json();
    assert_eq!(raw["Data"], output["Data"]);
    let lines = bench.call(&[CREDIT, "--pages", "--params", &at]).fine();
    assert_eq!(lines.lines().count(), 5);

    for (text, code) in [(r#"{"PageSize": 4}"#, 0), ("", 2)] {
        let mut child = bench
            .call_command(&[CREDIT, "--params", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        if code == 0 {
            let output: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(output["Data"].as_array().unwrap().len(), 4);
        }
    }
}

#[test]
fn invalid_parameters_file_is_named_with_the_position_and_no_value() {
    let bench = Bench::new();
    let file = Scratch::new("parameters");
    let path = file.path().display().to_string();
    let at = format!("@{path}");
    let refused = |expected: &str| {
        let error = bench.call(&[CREDIT, "--params", &at]).failed(2);
        let message = error["message"].as_str().unwrap();
        assert_eq!(message, format!("the parameters in {path} {expected}"));
        assert_eq!(error["attempts"], 0);
    };
    refused("cannot be read: entity not found");
    for (bytes, expected) in [
        (
            format!("{{\"Page\":1,\n  \"Filter\":{WRONG_SECRET}}}").into_bytes(),
            "must be one JSON object (line 2, column 12)",
        ),
        (b"".to_vec(), "must be one JSON object (line 1, column 0)"),
        (b"[1]".to_vec(), "must be one JSON object"),
        (
            b"{} {}".to_vec(),
            "must be one JSON object (line 1, column 4)",
        ),
        (b"{\"a\":\"\xff\"}".to_vec(), "are not UTF-8 at byte 7"),
    ] {
        std::fs::write(file.path(), bytes).unwrap();
        refused(expected);
    }
    // Of no such size on disk.
    let large = std::fs::File::create(file.path()).unwrap();
    large.set_len(64 * 1024 * 1024 + 1).unwrap();
    refused("are larger than 64 MiB");
    let error = bench.call(&[CREDIT, "--params", "@"]).failed(2);
    assert_eq!(error["message"], "--params @ needs the name of a file");
    let error = bench.call(&[CREDIT, "--params", "-"]).failed(2);
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("the parameters on standard input must be one JSON object"));
    assert_eq!(bench.sandbox.report().total, 0);
}

#[test]
fn text_that_is_not_a_telephone_number_is_not_sent() {
    let bench = Bench::new();
    for number in [
        "6.28E+11",
        "NULL",
        "-",
        "n/a",
        "\u{0}",
        "0812-SECRET",
        "１２３４５６７８",
    ] {
        let parameters = json!({"mobile": number}).to_string();
        let arguments = ["CheckDebtsReport", "--params", &parameters];
        let error = bench.call_to(Provider::AccuAuth, &arguments).failed(2);
        assert_eq!(error["kind"], "invalid_request");
        assert_eq!(
            error["message"],
            "mobile must be a telephone number of 7 to 15 digits"
        );
    }
    assert_eq!(bench.sandbox.report().total, 0);
}
