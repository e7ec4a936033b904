//! The report as a page.

use serde_json::Value;
use standing_sandbox::{Sandbox, fault};

use crate::bench::{Bench, Ran, run};

fn page(arguments: &[&str]) -> String {
    let fixed = ["report", "--format", "html"];
    run(&[&fixed, arguments].concat()).fine()
}

#[test]
fn page_is_self_contained() {
    let page = page(&[]);
    let policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
        style-src 'unsafe-inline'; script-src 'unsafe-inline'\">";
    assert!(page.starts_with("<!DOCTYPE html>\n") && page.contains(policy));
    for outside in [
        "://", "src=", "href", "url(", "@import", "<link", "<img", "<iframe", "import(", "fetch",
    ] {
        assert!(!page.contains(outside), "{outside}");
    }
    // Without script the rows are there all the same, and the filters are not.
    assert_eq!(page.matches("<tr><td>").count(), 240);
    assert!(page.contains("id=\"filters\" role=\"search\" hidden>"));
}

#[test]
fn page_has_the_counts_of_json() {
    for more in [&[][..], &["--seed", "3", "--customers", "17"]] {
        let page = page(more);
        let report = run(&[&["report", "--format", "json"], more].concat()).json();
        let line = |name: &str, counts: &Value| {
            let keys = ["customers", "missing", "blocked", "watch", "unknown", "ok"];
            let cells = keys.map(|key| format!("<td class=\"number\">{}</td>", counts[key]));
            format!("<tr><th scope=\"row\">{name}</th>{}</tr>", cells.concat())
        };
        let summary = &report["summary"];
        assert!(page.contains(&line("all", summary)), "{summary}");
        for counts in summary["providers"].as_array().unwrap() {
            let line = line(counts["provider"].as_str().unwrap(), counts);
            assert!(page.contains(&line), "{line}");
        }
        let known = |row: &&Value| row["credit"].is_string() && row["left"].is_string();
        let charted = report["rows"].as_array().unwrap().iter().filter(known);
        let charted = format!("{} of {} customers", charted.count(), summary["customers"]);
        assert!(page.contains(&charted), "{charted}");
    }
}

#[test]
fn page_masks_personal_data() {
    let report = run(&["report", "--format", "json", "--show-personal"]).json();
    let (masked, shown) = (page(&[]), page(&["--show-personal"]));
    let rows = report["rows"].as_array().unwrap().iter();
    let personal = rows.flat_map(|row| [row["mobile"].as_str(), row["email"].as_str()]);
    let mut count = 0;
    for text in personal.flatten().filter(|text| text.len() > 6) {
        assert!(!masked.contains(text), "{text}");
        // A few are odd on purpose and are escaped.
        count += usize::from(shown.contains(text));
    }
    assert!(count > 100, "{count}");
}

#[test]
fn page_that_omits_rows_says_so() {
    let page = page(&["--only", "tencent", "--customers", "5100"]);
    assert!(page.contains("5\u{202f}000 of 5\u{202f}100 rows shown"));
    assert_eq!(page.matches("<tr><td>").count(), 5_000);
    let tile = "<b>5\u{202f}100</b>customers";
    assert!(page.contains(tile));
}

#[test]
fn page_with_missing_rows_begins_with_an_alert() {
    let bench = Bench::of(Sandbox::builder().customers(120));
    bench.sandbox.fault(fault::status(503).on_page(2));
    let endpoint = format!("tencent={}", bench.endpoint());
    let fixed = ["report", "--live", "--only", "tencent", "--format", "html"];
    let ran = Ran::of(bench.keyed(&fixed).args(["--endpoint", &endpoint]));
    let page = ran.out.clone();
    assert_eq!(ran.failed_midway(1)["kind"], "server");
    let alert = page.find("<strong>Rows are missing: 70.</strong>").unwrap();
    assert!(alert < page.find("class=\"tiles\"").unwrap());
    assert!(page.contains("<li>tencent QueryCustomersCredit server (HTTP 503)"));
    assert!(page.contains("as of 2"), "live: when");
    // The row that stands for those that are missing is no customer without credit.
    assert!(page.contains(" of 50 customers are in this chart"));
}
