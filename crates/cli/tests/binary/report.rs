use std::collections::BTreeMap;

use serde_json::Value;
use standing_sandbox::{Persona, Provider, Sandbox, Verdict, fault};

use crate::bench::{Bench, Ran, WRONG_SECRET, closed, run, standing};

fn json(arguments: &[&str]) -> Value {
    let mut all = vec!["report", "--format", "json"];
    all.extend(arguments);
    run(&all).json()
}

#[test]
fn the_same_seed_gives_the_same_output_with_and_without_faults() {
    for format in ["table", "csv", "json", "jsonl", "html"] {
        let report = |more: &[&str]| {
            let mut arguments = vec!["report", "--format", format, "--all"];
            arguments.extend(more);
            run(&arguments).fine()
        };
        let plain = report(&[]);
        assert_eq!(plain, report(&[]));
        assert_eq!(plain, report(&["--chaos", "30"]), "{format}");
        assert_ne!(plain, report(&["--seed", "8"]));
    }
}

#[test]
fn the_evidence_is_on_standard_error() {
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
fn every_customer_is_judged_as_the_sandbox_meant_it() {
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
            match (provider, customer.persona) {
                // The mark for arrears is documented to say nothing.
                (Provider::Tencent, Persona::Arrears) => continue,
                // More platforms than there can be are more than a few.
                (Provider::AccuAuth, Persona::HugeNumbers) => continue,
                _ => {}
            }
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
fn json_is_one_object_with_amounts_as_text() {
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
fn what_is_personal_is_masked_unless_asked_for() {
    let masked = run(&["report", "--format", "csv"]).fine();
    assert!(masked.contains('…') && !masked.contains("***"));
    let shown = run(&["report", "--format", "csv", "--show-personal"]).fine();
    assert!(
        shown.contains("***") && !shown.contains('…'),
        "as the provider tells it"
    );
}

#[test]
fn csv_is_read_back_and_calculates_nothing() {
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
fn the_table_is_a_sample_with_the_worst_first() {
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
fn jsonl_is_an_object_a_line() {
    let text = run(&["report", "--format", "jsonl"]).fine();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        assert!(row["verdict"].is_string());
    }
    assert!(text.lines().count() >= 60);
}

#[test]
fn fail_on_ends_with_3() {
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
fn no_customers_are_no_failure() {
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
fn live_says_nothing_of_a_sandbox() {
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
fn live_needs_keys_before_anything_is_sent() {
    let error = Ran::of(&mut standing(&["report", "--live"])).failed(2);
    assert_eq!(error["kind"], "credentials");
    assert_eq!(error["attempts"], 0);
}

#[test]
fn rows_that_are_missing_are_rows_too() {
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

/// A book in a file of its own, gone when dropped.
struct Book(std::path::PathBuf);

impl Book {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("standing-{}-{name}.csv", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Book {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

fn live_alibaba(bench: &Bench, book: &Book, arguments: &[&str]) -> Ran {
    let endpoint = format!("alibaba={}", bench.sandbox.endpoint(Provider::Alibaba));
    let mut command = bench.keyed(&["report", "--live", "--only", "alibaba"]);
    command
        .args(["--endpoint", &endpoint])
        .arg("--book")
        .arg(&book.0);
    Ran::of(command.args(arguments))
}

#[test]
fn a_book_says_whom_to_ask_about() {
    let bench = Bench::new();
    let customers: Vec<_> = bench.sandbox.customers(Provider::Alibaba).collect();
    let stranger = bench.sandbox.stranger(Provider::Alibaba);
    let book = Book::new(
        "whom",
        &format!(
            "\u{feff}Name,Provider,Id\nKopi,alibaba,{}\nNobody,alibaba,{stranger}\n,tencent,x\n,alibaba,{}\n",
            customers[0].id, customers[5].id
        ),
    );
    let ran = live_alibaba(&bench, &book, &["--format", "json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let error = ran.failed_midway(1);
    assert_eq!(error["kind"], "permission", "the stranger: {error}");
    let rows = report["rows"].as_array().unwrap();
    let row = |place: usize, key: &str| rows[place][key].as_str();
    assert_eq!(rows.len(), 3);
    assert_eq!(
        (row(0, "name"), row(0, "verdict")),
        (Some("Kopi"), Some("ok"))
    );
    assert_eq!(
        (row(1, "id"), row(1, "verdict")),
        (Some(&*stranger), Some("missing"))
    );
    assert_eq!(row(2, "verdict"), Some("blocked"), "the others go on");
    assert_eq!(report["summary"]["missing"], 1);
    assert_eq!(report["errors"].as_array().unwrap().len(), 1);
}

#[test]
fn live_repeats_a_metered_look_up_on_demand_only() {
    let bench = Bench::new();
    let customer = bench.sandbox.customers(Provider::AccuAuth).next().unwrap();
    let book = Book::new(
        "metered",
        &format!("provider,id\naccuauth,{}\n", customer.id),
    );
    let endpoint = format!("accuauth={}", bench.sandbox.endpoint(Provider::AccuAuth));
    let ask = |more: &[&str]| {
        bench.sandbox.fault(fault::status(503).times(1));
        let mut command = bench.keyed(&["report", "--live", "--only", "accuauth"]);
        let command = command
            .args(["--endpoint", &endpoint])
            .arg("--book")
            .arg(&book.0);
        Ran::of(command.args(more))
    };
    let error = ask(&[]).failed_midway(1);
    assert_eq!(
        (&error["attempts"], &error["may_have_run"]),
        (&1.into(), &true.into())
    );
    ask(&["--retry-metered"]).fine();
}

#[test]
fn a_book_that_cannot_be_used_is_refused_before_anything_is_sent() {
    let bench = Bench::new();
    for (name, text, told) in [
        ("columns", "provider,uid\nalibaba,1\n", "no column id"),
        ("empty", "", "no column provider"),
        ("no-id", "provider,id\nalibaba,1\nalibaba,\n", "line 3"),
        ("ragged", "provider,id\nalibaba\n", "line 2"),
        (
            "no-number",
            "provider,id\nalibaba,hunter2-is-the-secret-that-nobody-may-see\n",
            "digits",
        ),
    ] {
        let error = live_alibaba(&bench, &Book::new(name, text), &[]).failed(2);
        assert_eq!(error["kind"], "config");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(told), "{message}");
    }
    let ran = Ran::of(&mut bench.keyed(&["report", "--live", "--only", "accuauth"]));
    let message = ran.failed(2)["message"].to_string();
    assert!(message.contains("--book"), "{message}");
    assert_eq!(bench.sandbox.report().total, 0);
}

#[test]
fn a_provider_that_refuses_the_key_is_asked_no_further() {
    let bench = Bench::new();
    let customers = bench.sandbox.customers(Provider::Alibaba);
    let lines: String = customers
        .map(|customer| format!("alibaba,{}\n", customer.id))
        .collect();
    let book = Book::new("refused", &format!("provider,id\n{lines}"));
    let endpoint = format!("alibaba={}", bench.sandbox.endpoint(Provider::Alibaba));
    let mut command = bench.keyed(&["report", "--live", "--only", "alibaba"]);
    command
        .args(["--endpoint", &endpoint])
        .arg("--book")
        .arg(&book.0);
    let ran = Ran::of(command.env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", WRONG_SECRET));
    assert!(
        ran.out.contains("25 rows: auth") || ran.out.contains("all rows"),
        "{ran:?}"
    );
    assert_eq!(ran.failed_midway(1)["kind"], "auth");
    assert!(
        bench.sandbox.report().total <= 4,
        "those that were under way"
    );
}

#[test]
fn a_provider_that_cannot_be_reached_is_told_of() {
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
fn an_interrupted_report_prints_what_it_has() {
    use std::process::{Command, Stdio};
    use std::time::Duration;

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
    while bench.sandbox.report().total < 2 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let id = child.id().to_string();
    let killed = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("70 rows: interrupted"), "{out}");
    assert!(out.contains("tencent          50"), "{out}");
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains("interrupted"), "{err}");
}
