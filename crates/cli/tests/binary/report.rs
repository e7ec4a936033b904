use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;
use standing_sandbox::{Provider, Sandbox, Verdict, fault};

#[cfg(unix)]
use crate::bench::until;
use crate::bench::{Bench, Ran, Scratch, WRONG_SECRET, closed, run, standing};

fn json(arguments: &[&str]) -> Value {
    let mut all = vec!["report", "--format", "json"];
    all.extend(arguments);
    run(&all).json()
}

#[test]
fn same_seed_gives_the_same_output_with_and_without_faults() {
    for format in ["table", "csv", "json", "jsonl", "html"] {
        let report = |more: &[&str]| {
            let mut arguments = vec!["report", "--format", format, "--all"];
            arguments.extend(more);
            run(&arguments).fine()
        };
        let plain = report(&["--chaos", "0"]);
        assert_eq!(plain, report(&[]));
        assert_eq!(plain, report(&["--chaos", "30"]), "{format}");
        assert_ne!(plain, report(&["--seed", "8"]));
    }
}

#[test]
fn statistics_are_on_standard_error() {
    let ran = run(&["report", "--chaos", "40"]);
    let line = ran.err.lines().last().unwrap().to_owned();
    let number = |what: &str| -> u64 {
        let mut parts = line.split(" · ");
        let part = parts.find(|part| part.ends_with(what));
        let part = part.unwrap_or_else(|| panic!("{what}: {line}"));
        part.split(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(number("customers"), 240);
    assert!(number("calls") >= 124);
    assert!(number("faults injected") > 0);
    assert_eq!(number("faults injected"), number("recovered"));
    assert_eq!(number("lost"), 0);
    assert!(
        line.ends_with("every signature verified by the sandbox"),
        "{line}"
    );
    ran.fine();
}

#[test]
fn every_customer_gets_the_verdict_of_the_sandbox() {
    let bench = Bench::of(Sandbox::builder().customers(300));
    let report = json(&["--customers", "300", "--show-personal"]);
    let rows = report["rows"].as_array().unwrap();
    let verdicts: BTreeMap<_, _> = rows
        .iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str();
            // AccuAuth knows people by their numbers.
            let id = text("id").or(text("mobile")).unwrap();
            ((text("provider").unwrap(), id), text("verdict").unwrap())
        })
        .collect();
    assert_eq!(verdicts.len(), 1_200);
    for provider in Provider::ALL {
        for customer in bench.sandbox.customers(provider) {
            let expected = match customer.verdict {
                Verdict::Ok => "ok",
                Verdict::Watch => "watch",
                Verdict::Blocked => "blocked",
                _ => "unknown",
            };
            let verdict = verdicts[&(provider.name(), customer.id.as_str())];
            assert_eq!(verdict, expected, "{provider} {customer:?}");
        }
    }
    let summary = &report["summary"];
    assert_eq!(summary["customers"], 1_200);
    assert_eq!(summary["missing"], 0);
    let count = |verdict: &str| rows.iter().filter(|row| row["verdict"] == verdict).count();
    for verdict in ["ok", "watch", "blocked", "unknown"] {
        assert_eq!(summary[verdict], count(verdict), "{verdict}");
    }
}

#[test]
fn json_report_is_one_object_with_amounts_as_text() {
    let report = json(&["--only", "tencent"]);
    for key in [
        "generated_at",
        "seed",
        "complete",
        "rows",
        "summary",
        "errors",
    ] {
        assert!(report.get(key).is_some(), "{key}");
    }
    assert_eq!(report["seed"], 7);
    assert_eq!(report["complete"], true);
    assert_eq!(report["errors"].as_array().unwrap().len(), 0);
    let rows = report["rows"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["credit"] == "123456789012345.67"));
    assert!(rows.iter().any(|row| row["left"] == "62.50"));
    assert!(rows.iter().all(|row| !row["credit"].is_number()));
}

#[test]
fn personal_data_is_masked_without_show_personal() {
    let masked = run(&["report", "--format", "csv"]).fine();
    assert!(masked.contains('…') && !masked.contains("***"));
    let shown = run(&["report", "--format", "csv", "--show-personal"]).fine();
    assert!(
        shown.contains("***") && !shown.contains('…'),
        "as the provider gives it"
    );
}

#[test]
fn csv_report_is_read_back_without_formulas() {
    let text = run(&["report", "--format", "csv", "--only", "tencent"]).fine();
    assert!(text.contains("\r\n"));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 60);
    let names: Vec<_> = records.iter().map(|record| record[2].to_owned()).collect();
    assert!(names.contains(&"'=1+1".to_owned()));
    assert!(names.contains(&"Comma, \"Quote\"\nand a second line".to_owned()));
    for field in records.iter().flatten() {
        assert!(
            !field.starts_with(['=', '+', '-', '@', '\t', '\r']),
            "{field}"
        );
    }
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn table_shows_the_worst_rows_first() {
    let sample = run(&["report", "--only", "tencent"]).fine();
    assert!(sample.contains("… 12 of 60 shown; --all for every row"));
    let all = run(&["report", "--only", "tencent", "--all"]).fine();
    assert!(!all.contains("shown"));
    for table in [&sample, &all] {
        let verdicts: Vec<_> = table
            .lines()
            .skip(1)
            .take_while(|line| !line.is_empty() && !line.starts_with('…'))
            .map(|line| {
                ["blocked", "watch", "unknown", "ok"]
                    .iter()
                    .position(|verdict| line.contains(&format!("  {verdict} ")))
                    .unwrap_or_else(|| panic!("{line}"))
            })
            .collect();
        assert!(verdicts.is_sorted(), "{verdicts:?}");
    }
    assert!(!all.contains('\u{1b}'), "escapes of a name, or colours");
    assert!(all.contains("\\u{1b}[31mRed"));
}

#[test]
fn jsonl_report_has_an_object_per_line() {
    let text = run(&["report", "--format", "jsonl"]).fine();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        assert!(row["verdict"].is_string());
    }
    assert!(text.lines().count() >= 60);
}

#[test]
fn fail_on_that_finds_a_row_exits_with_3() {
    for verdict in ["blocked", "watch", "unknown", "blocked,unknown"] {
        let ran = run(&["report", "--fail-on", verdict]);
        assert_eq!(ran.code, Some(3), "{ran:?}");
        assert!(ran.out.contains("PROVIDER"));
    }
    // One customer, who is fine; everything is below 100.
    let one = [
        "report",
        "--only",
        "tencent",
        "--customers",
        "1",
        "--fail-on",
        "watch",
    ];
    run(&one).fine();
    let below = [&one[..], &["--below", "100"]].concat();
    assert_eq!(run(&below).code, Some(3));
}

#[test]
fn report_without_customers_succeeds() {
    let report = json(&["--customers", "0", "--only", "tencent"]);
    assert_eq!(report["summary"]["customers"], 0);
    assert_eq!(report["complete"], true);
}

fn live(bench: &Bench, arguments: &[&str]) -> Ran {
    let endpoint = format!("tencent={}", bench.endpoint());
    let fixed = [
        "report",
        "--live",
        "--only",
        "tencent",
        "--endpoint",
        &endpoint,
    ];
    Ran::of(bench.keyed(&fixed).args(arguments))
}

#[test]
fn live_report_does_not_mention_a_sandbox() {
    let bench = Bench::new();
    let ran = live(&bench, &["--format", "json"]);
    assert!(!ran.err.contains("sandbox"), "{ran:?}");
    let report = ran.json();
    assert_eq!(report["seed"], Value::Null);
    assert!(report["generated_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(report["summary"]["customers"], 25);
    bench.sandbox.assert_all_verified();
}

#[test]
fn live_report_without_keys_sends_nothing() {
    let error = Ran::of(&mut standing(&["report", "--live"])).failed(2);
    assert_eq!(error["kind"], "credentials");
    assert_eq!(error["attempts"], 0);
}

#[test]
fn missing_rows_have_a_placeholder() {
    let bench = Bench::of(Sandbox::builder().customers(120));
    bench.sandbox.fault(fault::status(503).on_page(2));
    for format in ["table", "csv", "jsonl", "html"] {
        let ran = live(&bench, &["--format", format]);
        let rows = ran.out.clone();
        let error = ran.failed_midway(1);
        assert_eq!(error["kind"], "server");
        assert_eq!(error["attempts"], 3);
        let missing = rows.lines().find(|line| line.contains("70 rows:")).unwrap();
        assert!(missing.contains("missing"), "{missing}");
        assert!(missing.contains("503"), "{missing}");
    }
    let ran = live(&bench, &["--format", "json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    ran.failed_midway(1);
    assert_eq!(report["complete"], false);
    assert_eq!(report["rows"].as_array().unwrap().len(), 51);
    assert_eq!(report["rows"][0]["verdict"], "missing");
    assert_eq!(report["summary"]["customers"], 50);
    assert_eq!(report["summary"]["missing"], 70);
    assert_eq!(report["errors"][0]["status"], 503);
}

/// A customer file at a path of its own.
struct CustomerFile(Scratch);

impl CustomerFile {
    fn new(name: &str, text: &str) -> Self {
        let file = Scratch::new(name);
        std::fs::write(file.path(), text).unwrap();
        Self(file)
    }
}

fn live_alibaba(bench: &Bench, file: &CustomerFile, arguments: &[&str]) -> Ran {
    Ran::of(&mut live_with(bench, Provider::Alibaba, file, arguments))
}

fn live_with(
    bench: &Bench,
    provider: Provider,
    file: &CustomerFile,
    arguments: &[&str],
) -> Command {
    let endpoint = format!("{provider}={}", bench.sandbox.endpoint(provider));
    let mut command = bench.keyed(&["report", "--live", "--only", provider.name()]);
    command.args(["--endpoint", &endpoint]);
    command
        .arg("--customer-file")
        .arg(file.0.path())
        .args(arguments);
    command
}

/// A customer file of all customers, in a column of this name.
fn file_of(bench: &Bench, provider: Provider, column: &str) -> CustomerFile {
    let customers = bench.sandbox.customers(provider);
    let lines: String = customers
        .map(|customer| format!("{}\n", customer.id))
        .collect();
    CustomerFile::new("all", &format!("{column}\n{lines}"))
}

#[test]
fn customer_file_names_the_customers_to_query() {
    let bench = Bench::new();
    let customers: Vec<_> = bench.sandbox.customers(Provider::Alibaba).collect();
    let unknown_id = bench.sandbox.unknown_customer_id(Provider::Alibaba);
    let file = CustomerFile::new(
        "whom",
        &format!(
            "\u{feff}Name,Tencent_uin,Alibaba_uid\nKopi,,{}\nAbsent,,{unknown_id}\nElsewhere,1,\n,,{}\n",
            customers[0].id, customers[5].id
        ),
    );
    let ran = live_alibaba(&bench, &file, &["--format", "json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let error = ran.failed_midway(1);
    assert_eq!(error["kind"], "permission", "unknown id: {error}");
    let rows = report["rows"].as_array().unwrap();
    let row = |place: usize, key: &str| rows[place][key].as_str();
    assert_eq!(rows.len(), 3);
    assert_eq!(
        (row(0, "name"), row(0, "verdict")),
        (Some("Kopi"), Some("ok"))
    );
    assert_eq!(
        (row(1, "id"), row(1, "verdict")),
        (Some(&*unknown_id), Some("missing"))
    );
    assert_eq!(row(2, "verdict"), Some("blocked"), "the others go on");
    assert_eq!(report["summary"]["missing"], 1);
    assert_eq!(report["errors"].as_array().unwrap().len(), 1);
}

#[test]
fn customer_file_in_any_order_queries_each_customer_once() {
    let bench = Bench::new();
    let customers: Vec<_> = bench.sandbox.customers(Provider::Alibaba).collect();
    let (a, b) = (&customers[0].id, &customers[1].id);
    for text in [
        format!(
            "\u{feff}ALIBABA_UID,huawei_id,name\r\n{a},,Kopi\r\n\r\n {b} ,h,Teh\r\n{a},,Susu\r\n"
        ),
        format!("mobile,name,alibaba_uid\r1,Kopi,\"{a}\"\r2,Teh,{b}\r,,\r3,Kopi,{a}\r"),
    ] {
        let asked = bench.sandbox.report().total;
        let file = CustomerFile::new("once", &text);
        let report = live_alibaba(&bench, &file, &["--format", "json"]).json();
        let names: Vec<_> = report["rows"].as_array().unwrap().iter().collect();
        let names: Vec<_> = names.iter().map(|row| row["name"].as_str()).collect();
        assert_eq!(names, [Some("Kopi"), Some("Teh")], "{text:?}");
        assert_eq!(bench.sandbox.report().total - asked, 2);
    }
    let empty = CustomerFile::new("unknown", "name,alibaba_uid\nKopi,\n");
    let report = live_alibaba(&bench, &empty, &["--format", "json"]).json();
    assert_eq!(report["rows"].as_array().unwrap().len(), 0);
}

#[test]
fn customer_file_adds_names_to_a_list_and_reports_absent_customers() {
    let bench = Bench::new();
    let customers: Vec<_> = bench.sandbox.customers(Provider::Huawei).collect();
    let unknown_id = bench.sandbox.unknown_customer_id(Provider::Huawei);
    let text = format!(
        "name,huawei_id\nKopi,{}\nAbsent,{unknown_id}\n",
        customers[3].id
    );
    let file = CustomerFile::new("listed", &text);
    let ran = Ran::of(&mut live_with(
        &bench,
        Provider::Huawei,
        &file,
        &["--format", "json"],
    ));
    let report = ran.json();
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 26, "all customers, and one who is not listed");
    let mut named = rows.iter().filter(|row| row["name"] == "Kopi");
    assert_eq!(named.next().unwrap()["id"], *customers[3].id);
    assert_eq!(rows[25]["name"], "Absent");
    assert_eq!(rows[25]["id"], *unknown_id);
    assert_eq!(rows[25]["verdict"], "unknown");
    assert_eq!(
        rows[25]["why"],
        "in the customer file, but not in the provider's list"
    );
}

#[test]
fn mobile_number_may_be_in_the_customer_file_as_its_md5() {
    let bench = Bench::new();
    // Of 0812345678, which no customer has.
    let file = CustomerFile::new("md5", "mobile_md5\n7d1c3ff2e84e8d1ae3bf0e0a4f4ed8ca\n");
    let ran = Ran::of(&mut live_with(
        &bench,
        Provider::AccuAuth,
        &file,
        &["--format", "json"],
    ));
    assert!(!ran.out.contains("7d1c3ff2e84e8d"), "{ran:?}");
    let report = ran.json();
    assert_eq!(report["rows"][0]["mobile"], "md5 7d1c3f…");
    assert_eq!(report["rows"][0]["id"], Value::Null);
}

#[test]
fn live_report_retries_a_metered_call_only_on_request() {
    let bench = Bench::new();
    let customer = bench.sandbox.customers(Provider::AccuAuth).next().unwrap();
    let file = CustomerFile::new("metered", &format!("mobile\n{}\n", customer.id));
    let ask = |more: &[&str]| {
        bench.sandbox.fault(fault::status(503).times(1));
        Ran::of(&mut live_with(&bench, Provider::AccuAuth, &file, more))
    };
    let error = ask(&[]).failed_midway(1);
    assert_eq!(
        (&error["attempts"], &error["may_have_run"]),
        (&1.into(), &true.into())
    );
    ask(&["--retry-metered"]).fine();
}

#[test]
fn invalid_customer_file_is_refused_before_anything_is_sent() {
    let bench = Bench::new();
    for (name, text, expected) in [
        ("columns", "name,uid\nx,1\n", "unknown column, number 2"),
        ("empty", "", "no column"),
        ("no-column", "name,tencent_uin\nx,1\n", "no column for it"),
        ("ragged", "name,alibaba_uid\nx\n", "line 2"),
        (
            "no-number",
            "alibaba_uid\n1\nhunter2-is-the-secret-that-must-not-leak\n",
            "in line 3 of the customer file is not digits only",
        ),
        (
            "line-ends",
            "alibaba_uid\r\n\r\n1\r\n+2\r\n",
            "in line 4 of the customer file is not digits only",
        ),
        (
            "twice",
            "alibaba_uid,name,Alibaba_UID\n,x,1\n",
            "a column twice, number 3",
        ),
        (
            "unclosed",
            "alibaba_uid,name\n1,x\n2,\"Kopi\n3,Teh\n",
            "quotes in line 3",
        ),
        (
            "semicolons",
            "name;alibaba_uid\nx;1\n",
            "separated by commas",
        ),
    ] {
        let error = live_alibaba(&bench, &CustomerFile::new(name, text), &[]).failed(2);
        assert_eq!(error["kind"], "config");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
    }
    let file = CustomerFile::new(
        "no-md5",
        "mobile_md5\nhunter2-is-the-secret-that-must-not-leak\n",
    );
    let ran = Ran::of(&mut live_with(&bench, Provider::AccuAuth, &file, &[]));
    let message = ran.failed(2)["message"].to_string();
    assert!(
        message.contains("in line 2 of the customer file"),
        "{message}"
    );
    let ran = Ran::of(&mut bench.keyed(&["report", "--live", "--only", "accuauth"]));
    let message = ran.failed(2)["message"].to_string();
    assert!(message.contains("--customer-file"), "{message}");
    assert_eq!(bench.sandbox.report().total, 0);
}

#[test]
fn provider_that_refuses_the_key_is_not_called_again() {
    let bench = Bench::new();
    let file = file_of(&bench, Provider::Alibaba, "alibaba_uid");
    let mut command = live_with(&bench, Provider::Alibaba, &file, &[]);
    let ran = Ran::of(command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", WRONG_SECRET));
    assert!(ran.out.contains("rows: auth"), "{ran:?}");
    assert_eq!(ran.failed_midway(1)["kind"], "auth");
    assert!(
        bench.sandbox.report().total <= 4,
        "those that were under way"
    );
}

#[test]
fn unreachable_provider_is_reported() {
    let bench = Bench::new();
    let endpoint = format!("tencent={}", closed());
    let arguments = [
        "report",
        "--live",
        "--only",
        "tencent",
        "--endpoint",
        &endpoint,
    ];
    let ran = Ran::of(&mut bench.keyed(&arguments));
    assert!(ran.out.contains("missing"), "{ran:?}");
    let error = ran.failed_midway(1);
    assert_eq!(error["kind"], "connect");
    assert_eq!(error["provider"], "tencent");
}

#[cfg(unix)]
#[test]
fn interrupted_report_prints_the_rows_it_has() {
    use std::process::Stdio;

    for signal in ["INT", "TERM"] {
        let bench = Bench::of(Sandbox::builder().customers(120));
        bench.sandbox.fault(fault::silent().on_page(2));
        let endpoint = format!("tencent={}", bench.endpoint());
        let arguments = [
            "report",
            "--live",
            "--only",
            "tencent",
            "--endpoint",
            &endpoint,
        ];
        let child = bench
            .keyed(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The second page has been asked for, so the first one is in the report.
        until(|| bench.sandbox.report().total >= 2);
        let ran = Ran::ended_by(signal, child);
        assert!(ran.out.contains("70 rows: interrupted"), "{ran:?}");
        assert!(ran.out.contains("tencent          50"), "{ran:?}");
        let error = ran.failed_midway(130);
        assert_eq!(error["provider"], "tencent");
        assert_eq!(error["message"], "70 rows: interrupted");
    }
}

#[test]
fn reader_that_closes_early_does_not_change_the_exit_code() {
    use std::process::Stdio;

    for format in ["table", "csv", "json", "jsonl", "html"] {
        for (code, more) in [
            (0, ["--chaos", "0"]),
            (1, ["--deadline", "0.001"]),
            (3, ["--fail-on", "blocked"]),
        ] {
            let mut command = standing(&["report", "--only", "tencent", "--format", format]);
            let command = command.args(more).stderr(Stdio::null());
            let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
            drop(child.stdout.take());
            assert_eq!(
                child.wait().unwrap().code(),
                Some(code),
                "{format} {more:?}"
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn report_being_printed_can_be_interrupted() {
    use std::io::Read;
    use std::process::Stdio;

    for signal in ["INT", "TERM"] {
        // More rows than a pipe has room for.
        let mut command = standing(&["report", "--only", "huawei", "--customers", "1000"]);
        command.args(["--format", "jsonl"]).stderr(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut first = [0];
        let out = child.stdout.as_mut().unwrap();
        out.read_exact(&mut first).unwrap();
        let id = child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        assert!(sent.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
    }
}

#[test]
fn excel_flag_writes_a_byte_order_mark() {
    let sheet = run(&["report", "--format", "csv", "--excel"]).fine();
    let plain = run(&["report", "--format", "csv"]).fine();
    assert_eq!(sheet, format!("\u{feff}{plain}"));
    let error = run(&["report", "--excel"]).failed(2);
    assert!(error["message"].as_str().unwrap().contains("--format csv"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the time that a process takes")]
fn rate_and_concurrency_limits_are_observed() {
    let bench = Bench::new();
    let file = file_of(&bench, Provider::Alibaba, "alibaba_uid");
    let begun = std::time::Instant::now();
    let pace = ["--rps", "alibaba=10", "--concurrency", "25"];
    live_alibaba(&bench, &file, &pace).fine();
    // A second's worth at once, and the rest at the rate.
    assert!(begun.elapsed() > std::time::Duration::from_millis(900));
    for wrong in [
        ["--rps", "alibaba"],
        ["--rps", "alibaba=0"],
        ["--concurrency", "0"],
    ] {
        run(&[&["report"], &wrong[..]].concat()).failed(2);
    }
    let error = run(&["report", "--rps", "alibiba=1"]).failed(2);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("did you mean alibaba")
    );
}

#[test]
fn customer_with_an_invalid_id_does_not_stop_the_others() {
    let bench = Bench::new();
    let person = bench.sandbox.customers(Provider::AccuAuth).next().unwrap();
    // More than the failures in a row after which a provider is given up.
    let strange: String = (0..8).map(|n| format!("+62 812-0000-409{n}\n")).collect();
    let file = CustomerFile::new("strange", &format!("mobile\n{strange}{}\n", person.id));
    bench
        .sandbox
        .fault(fault::provider_code("INVALID_ARGUMENT").times(8));
    let ran = Ran::of(&mut live_with(
        &bench,
        Provider::AccuAuth,
        &file,
        &["--format", "json", "--concurrency", "1"],
    ));
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(ran.failed_midway(1)["kind"], "invalid_request");
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 9);
    assert_ne!(rows[8]["verdict"], "missing");
    assert_eq!(report["summary"]["missing"], 8);
}

#[test]
fn cell_that_is_not_a_mobile_number_is_refused_with_its_line_before_any_call() {
    let bench = Bench::new();
    let person = bench.sandbox.customers(Provider::AccuAuth).next().unwrap();
    let digits = "must have digits only";
    for (cell, reason) in [
        ("6.28E+11", "is a number that a spreadsheet has shortened"),
        (
            "\"6,28E+11\"",
            "is a number that a spreadsheet has shortened",
        ),
        ("NULL", "is a placeholder"),
        ("-", "is a placeholder"),
        ("n/a", "is a placeholder"),
        ("\0", digits),
        ("0812000000\0", digits),
        ("0812SECRET0", digits),
        ("０８１２０００００００", digits),
        ("0812", "must have 9 to 12 digits"),
        ("08120000000000", "must have 9 to 12 digits"),
        ("+1 812 000 0000", "is not one of Indonesia"),
        ("021 000 0000", "must begin with 8"),
        ("62812000000.0", "is a decimal fraction"),
    ] {
        let text = format!("name,mobile\nKopi,{}\n\nTeh,{cell}\n", person.id);
        let file = CustomerFile::new("cell", &text);
        let error = Ran::of(&mut live_with(&bench, Provider::AccuAuth, &file, &[])).failed(2);
        let message = error["message"].as_str().unwrap();
        let expected = format!("mobile in line 4 of the customer file {reason}");
        assert!(message.starts_with(&expected), "{cell}: {message}");
        assert!(!message.contains("812") && !message.contains("SECRET"));
        assert_eq!(
            (&error["kind"], &error["attempts"]),
            (&"config".into(), &0.into())
        );
    }
    assert_eq!(bench.sandbox.report().total, 0);
}

#[test]
fn many_mistakes_in_a_customer_file_are_listed_in_one_bounded_message() {
    let bench = Bench::new();
    let wrong: String = (0..14).map(|_| "NULL,not-hex\n").collect();
    let file = CustomerFile::new("many", &format!("mobile,mobile_md5\n{wrong}"));
    let error = Ran::of(&mut live_with(&bench, Provider::AccuAuth, &file, &[])).failed(2);
    let message = error["message"].as_str().unwrap();
    for expected in [
        "mobile in line 2 of the customer file is a placeholder",
        "mobile_md5 in line 2 of the customer file must be 32 hexadecimal digits",
        "mobile_md5 in line 6 of the customer file",
        "; and 18 more",
    ] {
        assert!(message.contains(expected), "{message}");
    }
    assert!(!message.contains("line 7") && !message.contains("not-hex"));
}

#[test]
fn id_that_a_spreadsheet_has_shortened_is_refused_at_every_provider() {
    let bench = Bench::new();
    for (provider, column) in [
        (Provider::Tencent, "tencent_uin"),
        (Provider::Huawei, "huawei_id"),
        (Provider::Alibaba, "alibaba_uid"),
    ] {
        for cell in ["6.28E+11", "NULL", "n/a", "-", "#N/A", "1\x002"] {
            let file = CustomerFile::new("id", &format!("{column}\n{cell}\n"));
            let error = Ran::of(&mut live_with(&bench, provider, &file, &[])).failed(2);
            let message = error["message"].as_str().unwrap();
            let expected = format!("{column} in line 2 of the customer file ");
            assert!(message.starts_with(&expected), "{message}");
        }
    }
    assert_eq!(bench.sandbox.report().total, 0);
}

#[test]
fn person_in_several_spellings_is_queried_once() {
    use std::fmt::Write as _;
    let bench = Bench::new();
    let mut people = bench.sandbox.customers(Provider::AccuAuth);
    let number = people.next().unwrap().id;
    let other = people.next().unwrap().id;
    let national = number.strip_prefix("62").unwrap();
    let (a, b) = national.split_at(3);
    let digests: Vec<String> = ["62", "+62", "0", ""]
        .iter()
        .map(|prefix| md5(&format!("{prefix}{national}")))
        .collect();
    let spellings = [
        format!("+62{national}"),
        format!("0{national}"),
        number.clone(),
        format!("0{a}-{b}"),
        format!("+62 ({a}) {b}"),
        format!(" 62 {a}.{b} "),
    ];
    let hashes_of = |line: &mut String| {
        for digest in &digests {
            let _ = write!(line, "Hash,,{digest}\nHash,,{}\n", digest.to_uppercase());
        }
    };
    for hashes_first in [false, true] {
        let mut text = "name,mobile,mobile_md5\n".to_owned();
        if hashes_first {
            hashes_of(&mut text);
        }
        for spelling in &spellings {
            let _ = writeln!(text, "Number,{spelling},");
        }
        let _ = writeln!(text, "Both,{number},{}", digests[2]);
        hashes_of(&mut text);
        let _ = writeln!(text, "Other,{other},");
        let file = CustomerFile::new("spellings", &text);
        let asked = bench.sandbox.report().total;
        let arguments = ["--format", "json", "--show-personal"];
        let ran = Ran::of(&mut live_with(
            &bench,
            Provider::AccuAuth,
            &file,
            &arguments,
        ));
        let report = ran.json();
        let rows = report["rows"].as_array().unwrap();
        assert_eq!(bench.sandbox.report().total - asked, 2, "{report}");
        assert_eq!(rows.len(), 2);
        let first = if hashes_first { "Hash" } else { "Number" };
        assert_eq!(rows[0]["name"], first);
        assert_eq!(rows[0]["mobile"], *number, "the spelling that is sent");
        assert_eq!(rows[1]["name"], "Other");
    }
}

#[test]
fn md5_of_another_number_than_the_one_beside_it_is_refused() {
    let bench = Bench::new();
    let text = format!("mobile,mobile_md5\n081200000001,{}\n", md5("6281200000002"));
    let file = CustomerFile::new("contradiction", &text);
    let error = Ran::of(&mut live_with(&bench, Provider::AccuAuth, &file, &[])).failed(2);
    let message = error["message"].as_str().unwrap();
    let expected =
        "mobile_md5 in line 2 of the customer file is not the MD5 of the number beside it";
    assert!(message.starts_with(expected), "{message}");
    assert_eq!(bench.sandbox.report().total, 0);
}

#[test]
fn id_with_leading_zeros_is_queried_once() {
    let bench = Bench::new();
    let id = bench
        .sandbox
        .customers(Provider::Alibaba)
        .next()
        .unwrap()
        .id;
    let file = CustomerFile::new("zeros", &format!("alibaba_uid\n00{id}\n{id}\n"));
    let report = live_alibaba(&bench, &file, &["--format", "json"]).json();
    assert_eq!(report["rows"].as_array().unwrap().len(), 1);
    assert_eq!(bench.sandbox.report().total, 1);
}

#[test]
fn invalid_cells_of_a_provider_that_is_not_queried_are_ignored() {
    let bench = Bench::new();
    let id = bench
        .sandbox
        .customers(Provider::Alibaba)
        .next()
        .unwrap()
        .id;
    let file = CustomerFile::new("others", &format!("alibaba_uid,mobile\n{id},NULL\n"));
    live_alibaba(&bench, &file, &[]).fine();
}

#[test]
fn refused_customer_file_begins_no_journal() {
    let bench = Bench::new();
    let journal = Scratch::new("journal");
    let file = CustomerFile::new("journal-customer-file", "mobile\nNULL\n");
    let mut command = live_with(&bench, Provider::AccuAuth, &file, &["--resume"]);
    Ran::of(command.arg(journal.path())).failed(2);
    assert!(!journal.path().exists());
}

/// As `md5sum` gives it.
fn md5(text: &str) -> String {
    standing_accuauth::mobile_md5(text, form_of(text)).unwrap()
}

fn form_of(text: &str) -> standing_accuauth::MobileForm {
    use standing_accuauth::MobileForm;
    match text.as_bytes() {
        [b'+', ..] => MobileForm::PlusCountryCode,
        [b'6', ..] => MobileForm::CountryCode,
        [b'0', ..] => MobileForm::LeadingZero,
        _ => MobileForm::National,
    }
}

#[test]
fn small_report_meets_faults_by_default() {
    let expected = |arguments: &[&str]| {
        let fixed = ["report", "--only", "tencent", "--customers"];
        let ran = run(&[&fixed[..], arguments].concat());
        let line = ran.err.lines().next().unwrap().to_owned();
        ran.fine();
        line
    };
    assert!(expected(&["5"]).ends_with("chaos 5 %"));
    assert!(expected(&["1001"]).ends_with("chaos 0 %"));
    assert!(expected(&["5", "--chaos", "3"]).ends_with("chaos 3 %"));
}
