//! Reports that are cut short and go on.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use standing_sandbox::{Provider, Sandbox, fault};

use crate::bench::{Bench, Ran, Scratch, closed, run, standing, until};

/// A journal that is gone when this is.
fn resumed(journal: &Scratch, more: &[&str]) -> Command {
    let mut command = standing(&["report", "-q", "--format", "csv", "--resume"]);
    command.arg(journal.path()).args(more);
    command
}

fn lines(journal: &Scratch) -> usize {
    fs::read(journal.path()).map_or(0, |bytes| bytes.iter().filter(|b| **b == b'\n').count())
}

#[test]
fn killed_report_resumes_and_ends_with_the_same_rows() {
    let whole = run(&["report", "--format", "csv", "--customers", "300"]).fine();
    let journal = Scratch::new("killed");
    let more = ["--customers", "300", "--chaos", "20"];
    for stage in 1..=4 {
        let mut child = resumed(&journal, &more)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until(|| lines(&journal) >= stage * 120);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let ran = Ran::of(&mut resumed(&journal, &more));
    assert!(ran.err.contains("resumed after "), "{ran:?}");
    assert_eq!(ran.fine(), whole);
    assert!(!journal.path().exists(), "there is nothing left to resume");
}

#[test]
fn torn_last_line_is_rewritten() {
    let whole = run(&["report", "--format", "csv"]).fine();
    let journal = Scratch::new("torn");
    let mut child = resumed(&journal, &["--latency", "20"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until(|| lines(&journal) >= 20);
    child.kill().unwrap();
    child.wait().unwrap();
    let bytes = fs::read(journal.path()).unwrap();
    // Wherever it was torn; the first line, too.
    let mut ends = (0..).zip(&bytes).filter(|(_, byte)| **byte == b'\n');
    let first = ends.next().unwrap().0;
    let head = ends.next().unwrap().0;
    for length in [
        0,
        1,
        first - 15,
        first,
        first + 1,
        head - 5,
        head,
        bytes.len() / 2,
        bytes.len() - 5,
        bytes.len(),
    ] {
        fs::write(journal.path(), &bytes[..length]).unwrap();
        assert_eq!(
            Ran::of(&mut resumed(&journal, &[])).fine(),
            whole,
            "{length}"
        );
    }
}

#[test]
fn changed_journal_is_refused() {
    let journal = Scratch::new("changed");
    let more = ["--customers", "20", "--chaos", "0"];
    let mut child = resumed(&journal, &[&more[..], &["--latency", "50"]].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until(|| lines(&journal) >= 12);
    child.kill().unwrap();
    child.wait().unwrap();
    let text = fs::read_to_string(journal.path()).unwrap();
    let good: Vec<&str> = text.lines().collect();
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines: Vec<String> = good.iter().map(|line| (*line).to_owned()).collect();
        change(&mut lines);
        lines.join("\n") + "\n"
    };
    for (what, changed) in [
        ("one left out", with(&|lines| drop(lines.remove(4)))),
        ("the first left out", with(&|lines| drop(lines.remove(0)))),
        ("the second left out", with(&|lines| drop(lines.remove(1)))),
        (
            "one twice",
            with(&|lines| lines.insert(5, lines[4].clone())),
        ),
        ("two moved", with(&|lines| lines.swap(5, 6))),
        (
            "a figure",
            text.replacen("\"credit\":null", "\"credit\":\"9\"", 1),
        ),
        ("another seed", text.replacen("--seed\":7", "--seed\":8", 1)),
        (
            "no seal",
            with(&|lines| lines[6] = lines[6][..lines[6].len() - 16].to_owned()),
        ),
        ("a line break", text.replacen("},", "},\n", 1)),
    ] {
        assert_ne!(changed, text, "{what}");
        fs::write(journal.path(), &changed).unwrap();
        Ran::of(&mut resumed(&journal, &more)).failed(2);
        let there = fs::read_to_string(journal.path()).unwrap();
        assert_eq!(there, changed, "{what}: it is left as it is");
    }
    fs::write(journal.path(), &text).unwrap();
    let whole = run(&[&["report", "--format", "csv"], &more[..]].concat()).fine();
    assert_eq!(Ran::of(&mut resumed(&journal, &more)).fine(), whole);
}

#[test]
fn journal_without_events_may_be_reused() {
    let journal = Scratch::new("nothing");
    let live = ["report", "--live", "--only", "tencent", "--resume"];
    // There are no keys, and no report yet.
    let error = Ran::of(standing(&live).arg(journal.path())).failed(2);
    assert_eq!(error["kind"], "credentials");
    assert_eq!(lines(&journal), 0);
    // The report was begun, and its provider was not reached.
    let endpoint = format!("tencent={}", closed());
    let mut command = Bench::new().keyed(&live);
    command.arg(journal.path()).args(["--endpoint", &endpoint]);
    Ran::of(&mut command).failed_midway(1);
    assert_eq!(lines(&journal), 2);
    Ran::of(&mut resumed(&journal, &[])).fine();
}

#[cfg(target_os = "linux")]
#[test]
fn journal_that_is_not_a_file_is_refused() {
    // Reading this one would never end.
    let mut command = standing(&["report", "--resume", "/dev/zero"]);
    let error = Ran::of(&mut command).failed(2);
    assert!(error["message"].as_str().unwrap().contains("no journal"));
}

/// The command where no file may grow beyond some 512-byte blocks, as on a disk that is full.
#[cfg(target_os = "linux")]
fn cramped(command: &Command, blocks: u32) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    shell.args(["-c", &script, "sh"]).arg(command.get_program());
    shell.args(command.get_args()).env_clear();
    let keys = command.get_envs();
    shell.envs(keys.filter_map(|(name, value)| Some((name, value?))));
    shell
}

#[cfg(target_os = "linux")]
#[test]
fn full_disk_ends_a_report_without_unrecorded_calls() {
    let (bench, journal, report) = metered(5);
    let command = report(&bench, &journal, &[]);
    let error = Ran::of(&mut cramped(&command, 8)).failed(1);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("journal cannot be written"), "{message}");
    let text = fs::read_to_string(journal.path()).unwrap();
    let noted = text
        .lines()
        .filter(|line| line.contains("\"asked\""))
        .count() as u64;
    let asked = bench.sandbox.report().total;
    assert!((1..=noted).contains(&asked), "{asked} of {noted}");

    let output = Ran::of(&mut report(&bench, &journal, &["--retry-metered"])).json();
    assert_eq!(output["rows"].as_array().unwrap().len(), 60);
    assert_eq!(output["complete"], true);
}

#[test]
fn journal_of_another_report_is_refused() {
    let bench = Bench::of(Sandbox::builder().customers(120));
    bench.sandbox.fault(fault::status(503).on_page(2));
    let journal = Scratch::new("other");
    let live = |more: &[&str]| {
        let endpoint = format!("tencent={}", bench.endpoint());
        let mut command = bench.keyed(&["report", "--live", "--only", "tencent", "--resume"]);
        command.arg(journal.path()).args(["--endpoint", &endpoint]);
        Ran::of(command.args(more))
    };
    let ran = live(&["--format", "json"]);
    let begun: Value = serde_json::from_str(&ran.out).unwrap();
    ran.failed_midway(1);
    let before = fs::read(journal.path()).unwrap();
    let address = bench.endpoint().replace("http://", "");
    assert!(!String::from_utf8_lossy(&before).contains(&address));
    for (more, expected) in [
        (&["--below", "50"][..], "another --below"),
        (&["--show-personal"], "another --show-personal"),
        (&["--only", "huawei"], "another --only"),
        (
            &["--endpoint", "huawei=http://127.0.0.1:9"],
            "another --endpoint",
        ),
    ] {
        let error = live(more).failed(2);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
    }
    let error = Ran::of(&mut resumed(&journal, &[])).failed(2);
    assert!(error["message"].as_str().unwrap().contains("another --"));
    // Rows of two partners make no report of either.
    let mut other_account = bench.keyed(&["report", "--live", "--only", "tencent", "--endpoint"]);
    other_account.arg(format!("tencent={}", bench.endpoint()));
    other_account.env("TENCENTCLOUD_SECRET_ID", "AKIDofAnother");
    let error = Ran::of(other_account.arg("--resume").arg(journal.path())).failed(2);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("another account")
    );
    assert_eq!(
        fs::read(journal.path()).unwrap(),
        before,
        "it is left as it is"
    );

    bench.sandbox.clear_faults();
    let asked = bench.sandbox.report().total;
    let report = live(&["--format", "json"]).json();
    assert_eq!(report["summary"]["customers"], 120);
    assert_eq!(
        report["generated_at"], begun["generated_at"],
        "no row is older"
    );
    assert_eq!(bench.sandbox.report().total - asked, 2, "pages 2 and 3");
}

#[test]
fn file_that_is_not_a_journal_is_left_unchanged() {
    let journal = Scratch::new("letter");
    for text in [
        "Dear customer",
        "Dear customer,\nthank you.\n",
        "{}\n",
        "{\"report\":1}",
        "{\"report\":{},\"standing report journal\":1,\"when it was begun\":\"\"}0123456789abcdef\n",
        "{\"standing report journal\":1,",
    ] {
        fs::write(journal.path(), text).unwrap();
        let error = Ran::of(&mut resumed(&journal, &[])).failed(2);
        assert!(error["message"].as_str().unwrap().contains("no journal"));
        assert_eq!(fs::read_to_string(journal.path()).unwrap(), text);
    }
    fs::remove_file(journal.path()).unwrap();
    // A damaged line in the middle: the lines after it cannot be trusted.
    resumed(&journal, &["--deadline", "0.001"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let text = fs::read_to_string(journal.path()).unwrap();
    let head: Vec<_> = text.lines().take(2).collect();
    let head = head.join("\n");
    let damaged = format!("{head}\n{{\"provider\":\"tencent\"}}\n{{}}\n");
    fs::write(journal.path(), &damaged).unwrap();
    let error = Ran::of(&mut resumed(&journal, &[])).failed(2);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("damaged in line 3")
    );
    assert_eq!(fs::read_to_string(journal.path()).unwrap(), damaged);
}

/// Sixty people, and responses that take their time.
fn metered(
    wait: u64,
) -> (
    Bench,
    Scratch,
    impl Fn(&Bench, &Scratch, &[&str]) -> Command,
) {
    let bench = Bench::of(
        Sandbox::builder()
            .customers(60)
            .latency(Duration::from_millis(wait)),
    );
    let file = Scratch::new("customer-file");
    let people = bench.sandbox.customers(Provider::AccuAuth);
    let numbers: String = people.map(|person| format!("{}\n", person.id)).collect();
    fs::write(file.path(), format!("mobile\n{numbers}")).unwrap();
    let report = move |bench: &Bench, journal: &Scratch, more: &[&str]| {
        let endpoint = format!("accuauth={}", bench.sandbox.endpoint(Provider::AccuAuth));
        let mut command =
            bench.keyed(&["report", "--live", "--only", "accuauth", "--format", "json"]);
        command
            .args(["--endpoint", &endpoint])
            .arg("--resume")
            .arg(journal.path());
        command.arg("--customer-file").arg(file.path()).args(more);
        command
    };
    (bench, Scratch::new("metered"), report)
}

#[test]
fn call_that_may_have_been_billed_is_repeated_only_on_request() {
    let (bench, journal, report) = metered(150);
    let mut child = report(&bench, &journal, &[])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until(|| bench.sandbox.report().total >= 10);
    child.kill().unwrap();
    child.wait().unwrap();
    // The calls in progress get their responses, but the process is gone.
    std::thread::sleep(Duration::from_millis(200));
    let asked = bench.sandbox.report().total;

    let ran = Ran::of(&mut report(&bench, &journal, &[]));
    let output: Value = serde_json::from_str(&ran.out).unwrap();
    let error = ran.failed_midway(1);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("--retry-metered"),
        "{error}"
    );
    assert_eq!(
        (&error["may_have_run"], &error["retryable"]),
        (&true.into(), &false.into())
    );
    let missing = output["summary"]["missing"].as_u64().unwrap();
    assert!(
        (1..=4).contains(&missing),
        "those that were under way: {missing}"
    );
    let rows = output["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 60);
    // An attempt may have been noted down and never made.
    let total = bench.sandbox.report().total;
    assert!(
        total <= 60,
        "no customer was queried twice: {total}, {asked} before"
    );

    let output = Ran::of(&mut report(&bench, &journal, &["--retry-metered"])).json();
    assert_eq!(output["summary"]["missing"], 0);
    assert_eq!(
        bench.sandbox.report().total,
        total + missing,
        "only those were asked about"
    );
    let mobiles = |output: &Value| -> Vec<Value> {
        let rows = output["rows"].as_array().unwrap();
        rows.iter().map(|row| row["mobile"].clone()).collect()
    };
    assert_eq!(mobiles(&output).len(), 60);
    assert!(!journal.path().exists());
}

#[test]
fn failed_calls_are_repeated_and_their_rows_keep_their_order() {
    let (bench, journal, report) = metered(0);
    // Refused before it ran, so nothing is billed.
    bench.sandbox.fault(fault::throttle().times(1));
    bench.sandbox.fault(fault::throttle().with_probability(0.2));
    let ran = Ran::of(&mut report(&bench, &journal, &["--concurrency", "2"]));
    let first: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(ran.err.contains("continues this report"), "{ran:?}");
    assert_eq!(ran.failed_midway(1)["kind"], "throttled");
    bench.sandbox.clear_faults();
    let second = Ran::of(&mut report(&bench, &journal, &[])).json();
    assert_eq!(second["summary"]["missing"], 0);
    let rows = |report: &Value| report["rows"].as_array().unwrap().clone();
    let (first, second) = (rows(&first), rows(&second));
    assert_eq!(second.len(), 60);
    let people: Vec<_> = bench.sandbox.customers(Provider::AccuAuth).collect();
    for (row, person) in second.iter().zip(&people) {
        let mobile = row["mobile"].as_str().unwrap();
        let end: String = person
            .id
            .chars()
            .skip(person.id.chars().count() - 4)
            .collect();
        assert!(mobile.ends_with(&end), "{mobile} {end}");
    }
    let obtained = first.iter().filter(|row| row["verdict"] != "missing");
    for row in obtained {
        assert!(second.contains(row), "{row}");
    }
}

#[test]
fn deadline_ends_a_report_with_the_rows_obtained() {
    // Sixty customers, four at a time: how many there are is known from the start.
    let slow = ["report", "--only", "alibaba", "--latency", "300"];
    let ran = run(&[&slow[..], &["--deadline", "1", "--format", "json"]].concat());
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let error = ran.failed_midway(1);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("the deadline has passed"),
        "{error}"
    );
    assert_eq!(report["complete"], false);
    assert!(report["summary"]["missing"].as_u64().unwrap() > 0);
}

#[test]
fn unwritable_journal_is_refused_before_anything_is_sent() {
    let nowhere = PathBuf::from("/nowhere/at/all/journal");
    let mut command = standing(&["report", "--resume"]);
    let error = Ran::of(command.arg(&nowhere)).failed(2);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("the journal cannot be opened")
    );
}

#[cfg(unix)]
#[test]
fn journal_is_private_and_locked() {
    use std::os::unix::fs::PermissionsExt;

    let journal = Scratch::new("owner");
    let mut child = resumed(&journal, &["--latency", "2000"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until(|| lines(&journal) > 0);
    let mode = fs::metadata(journal.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let error = Ran::of(&mut resumed(&journal, &[])).failed(2);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("another report")
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The report of Tencent's customers in a sandbox that fails after the first page.
fn half_listed(bench: &Bench, provider: Provider, journal: &Scratch) -> Command {
    let endpoint = format!("{0}={1}", provider.name(), bench.sandbox.endpoint(provider));
    let mut command = bench.keyed(&["report", "--live", "--format", "json", "--only"]);
    command.arg(provider.name()).arg("--resume");
    command.arg(journal.path()).args(["--endpoint", &endpoint]);
    command
}

#[test]
fn journal_of_one_session_token_gives_no_rows_to_another() {
    let bench = Bench::of(Sandbox::builder().customers(120));
    bench.sandbox.fault(fault::status(503).on_page(2));
    let journal = Scratch::new("session");
    let report = |token: &str| {
        let mut command = half_listed(&bench, Provider::Tencent, &journal);
        Ran::of(command.env("TENCENTCLOUD_TOKEN", token))
    };
    report("session-of-the-first-tenant").failed_midway(1);
    let text = fs::read_to_string(journal.path()).unwrap();
    assert!(!text.contains("first-tenant"), "no token in the file");
    let id = bench.sandbox.key(Provider::Tencent).id;
    assert!(!text.contains(&id), "no key id in the file");

    bench.sandbox.clear_faults();
    let asked = bench.sandbox.report().total;
    let ran = report("session-of-the-second-tenant");
    assert!(ran.err.contains("other temporary keys"), "{ran:?}");
    let output = ran.json();
    assert_eq!(output["rows"].as_array().unwrap().len(), 120);
    assert_eq!(
        bench.sandbox.report().total - asked,
        3,
        "every page is asked for with the second token"
    );
}

#[test]
fn journal_of_a_token_alone_gives_no_rows_to_another() {
    let bench = Bench::of(Sandbox::builder().customers(120));
    bench.sandbox.fault(fault::status(503).on_page(2));
    let journal = Scratch::new("token");
    let token = bench.sandbox.key(Provider::Huawei).auth_token.unwrap();
    let report = |token: &str| {
        let mut command = half_listed(&bench, Provider::Huawei, &journal);
        Ran::of(command.env("HUAWEICLOUD_X_AUTH_TOKEN", token))
    };
    report(&token).failed_midway(1);
    let before = fs::read(journal.path()).unwrap();
    assert!(!String::from_utf8_lossy(&before).contains(&token));

    bench.sandbox.clear_faults();
    let ran = report("a-token-of-another-tenant");
    let output: Value = serde_json::from_str(&ran.out).unwrap();
    ran.failed_midway(1);
    let rows = output["rows"].as_array().unwrap();
    assert!(
        rows.iter().all(|row| row["verdict"] == "missing"),
        "no row of the first tenant: {rows:?}"
    );
    // That token found nothing, so the rows of the first one are still good for the first one.
    let asked = bench.sandbox.report().total;
    let output = report(&token).json();
    assert_eq!(output["summary"]["missing"], 0);
    let pages = bench.sandbox.report().total - asked;
    assert!(pages < 120_u64.div_ceil(50) + 1, "{pages} requests");
}

#[test]
fn journal_is_refused_at_another_endpoint_with_the_same_token() {
    let bench = Bench::of(Sandbox::builder().customers(120));
    bench.sandbox.fault(fault::status(503).on_page(2));
    let journal = Scratch::new("endpoint");
    let token = "session-of-a-tenant";
    let mut command = half_listed(&bench, Provider::Tencent, &journal);
    Ran::of(command.env("TENCENTCLOUD_TOKEN", token)).failed_midway(1);
    let before = fs::read(journal.path()).unwrap();
    let other = Bench::of(Sandbox::builder().seed(8).customers(120));
    let mut command = half_listed(&other, Provider::Tencent, &journal);
    let error = Ran::of(command.env("TENCENTCLOUD_TOKEN", token)).failed(2);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("another --endpoint"), "{message}");
    assert_eq!(fs::read(journal.path()).unwrap(), before);
    assert_eq!(other.sandbox.report().total, 0);
}

/// How many bytes the first line of a journal counts as synced.
fn synced(text: &str) -> usize {
    let (_, rest) = text.split_once("\"synced\":\"").unwrap();
    usize::from_str_radix(rest.split('"').next().unwrap(), 16).unwrap()
}

#[test]
fn metered_call_is_on_disk_before_it_is_made() {
    let (bench, journal, report) = metered(0);
    bench.sandbox.fault(fault::silent());
    let mut child = report(&bench, &journal, &["--concurrency", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until(|| bench.sandbox.report().total == 1);
    let text = fs::read_to_string(journal.path()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let asked = text.find("\"asked\"").unwrap();
    let end = asked + text[asked..].find('\n').unwrap() + 1;
    assert!(synced(&text) >= end, "{} of {end}", synced(&text));
}

#[test]
fn journal_that_lost_its_synced_end_is_refused() {
    let (bench, journal, report) = metered(0);
    bench.sandbox.fault(fault::throttle().with_probability(0.2));
    Ran::of(&mut report(&bench, &journal, &[])).failed_midway(1);
    bench.sandbox.clear_faults();
    let text = fs::read_to_string(journal.path()).unwrap();
    assert_eq!(synced(&text), text.len(), "the report ended in good order");
    let asked = bench.sandbox.report().total;
    let ends: Vec<_> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
    // At the ends of lines, where each that is left is whole, and elsewhere.
    let last = ends.len() - 1;
    for length in [
        ends[last - 1],
        ends[last / 2],
        ends[2],
        ends[1],
        ends[0],
        ends[last] - 1,
        ends[0] - 3,
    ] {
        fs::write(journal.path(), &text[..length]).unwrap();
        let error = Ran::of(&mut report(&bench, &journal, &[])).failed(2);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("lost its end"), "{length}: {message}");
        let there = fs::read_to_string(journal.path()).unwrap();
        assert_eq!(there, text[..length], "it is left as it is");
    }
    assert_eq!(bench.sandbox.report().total, asked, "nothing was sent");
    fs::write(journal.path(), &text).unwrap();
    let output = Ran::of(&mut report(&bench, &journal, &[])).json();
    assert_eq!(output["summary"]["missing"], 0);
}

/// The command with its streams where a shell puts them.
#[cfg(unix)]
fn shell(script: &str, journal: &Scratch) -> Ran {
    let program = env!("CARGO_BIN_EXE_standing");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script, "sh", program])
        .arg(journal.path());
    Ran::of(&mut shell)
}

#[cfg(unix)]
#[test]
fn journal_that_is_a_standard_stream_is_refused() {
    let journal = Scratch::new("stream");
    let start = "\"$1\" report --only huawei --resume";
    for (script, stream) in [
        (format!("{start} \"$2\" > \"$2\""), "standard output"),
        (format!("{start} \"$2\" >> \"$2\""), "standard output"),
        (format!("{start} /dev/stdout > \"$2\""), "standard output"),
        (format!("{start} /dev/stdout"), "standard output"),
        (format!("{start} /dev/stderr"), "standard error"),
        (
            format!(
                "ln -sf \"$2\" \"$2.link\"; {start} \"$2.link\" >> \"$2\"; code=$?; rm \"$2.link\"; exit $code"
            ),
            "standard output",
        ),
    ] {
        let error = shell(&script, &journal).failed(2);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(stream), "{script}: {message}");
        let there = fs::read(journal.path()).unwrap_or_default();
        assert_eq!(there, b"", "{script}: nothing is written");
    }
    let script = format!("{start} \"$2\" 2> \"$2\"");
    let ran = shell(&script, &journal);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    let there = fs::read_to_string(journal.path()).unwrap();
    assert!(there.starts_with("{\"error\":"), "{there}");
    assert!(there.contains("standard error"), "{there}");
    // A dash is standard output in other programs.
    let error = shell(&format!("{start} -"), &journal).failed(2);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("name of a file"), "{message}");
}

#[cfg(unix)]
#[test]
fn journal_that_others_can_read_is_restricted_before_use() {
    use std::os::unix::fs::PermissionsExt;

    let mode = |journal: &Scratch| fs::metadata(journal.path()).unwrap().permissions().mode();
    let widen = |journal: &Scratch| {
        let wide = fs::Permissions::from_mode(0o664);
        fs::set_permissions(journal.path(), wide).unwrap();
    };
    let bench = Bench::of(Sandbox::builder().customers(120));
    bench.sandbox.fault(fault::status(503).on_page(2));
    let journal = Scratch::new("wide");
    // One that is empty, and then one with rows.
    fs::write(journal.path(), "").unwrap();
    for _ in 0..2 {
        widen(&journal);
        let mut command = half_listed(&bench, Provider::Tencent, &journal);
        Ran::of(&mut command).failed_midway(1);
        assert_eq!(mode(&journal) & 0o777, 0o600);
    }
    // What is no journal is left as it is.
    fs::write(journal.path(), "Dear customer").unwrap();
    widen(&journal);
    Ran::of(&mut resumed(&journal, &[])).failed(2);
    assert_eq!(mode(&journal) & 0o777, 0o664);
}

/// The command with little memory.
#[cfg(target_os = "linux")]
fn confined(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    let script = "ulimit -v 1500000; exec \"$@\"";
    shell.args(["-c", script, "sh"]).arg(command.get_program());
    shell.args(command.get_args()).env_clear();
    shell
}

#[cfg(target_os = "linux")]
#[test]
fn large_file_that_is_not_a_journal_is_refused_without_being_read() {
    use std::io::Write;

    let journal = Scratch::new("large");
    let mut child = resumed(&journal, &["--latency", "50"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until(|| lines(&journal) >= 3);
    child.kill().unwrap();
    child.wait().unwrap();
    let text = fs::read_to_string(journal.path()).unwrap();
    let head: usize = text.split_inclusive('\n').take(2).map(str::len).sum();
    for (start, want) in [
        ("Dear customer", "no journal"),
        ("", "no journal"),
        // A line without an end.
        (&text[..head], "damaged in line 3"),
    ] {
        let mut file = fs::File::create(journal.path()).unwrap();
        file.write_all(start.as_bytes()).unwrap();
        // Sparse: it takes no room.
        file.set_len(3 << 30).unwrap();
        let error = Ran::of(&mut confined(&resumed(&journal, &[]))).failed(2);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(want), "{message}");
        assert_eq!(fs::metadata(journal.path()).unwrap().len(), 3 << 30);
    }
}

/// Waits until a report waits for the lock on a journal.
#[cfg(target_os = "linux")]
fn until_open(child: &std::process::Child, journal: &Scratch) {
    let folder = format!("/proc/{}/fd", child.id());
    until(|| {
        let Ok(files) = fs::read_dir(&folder) else {
            return false;
        };
        let names = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        names
            .collect::<Vec<_>>()
            .contains(&journal.path().to_owned())
    });
}

/// A report that ends, for the reports that wait for it: it locks the journal and removes it.
#[cfg(target_os = "linux")]
struct Ending {
    _locked: fs::File,
}

#[cfg(target_os = "linux")]
impl Ending {
    fn new(journal: &Scratch) -> Self {
        let file = fs::File::create(journal.path()).unwrap();
        fs4::FileExt::lock(&file).unwrap();
        Self { _locked: file }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn report_that_waited_for_a_removed_journal_begins_a_visible_one() {
    let (bench, journal, report) = metered(400);
    let ending = Ending::new(&journal);
    let spawn = || {
        let mut command = report(&bench, &journal, &[]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let mut second = spawn();
    until_open(&second, &journal);
    fs::remove_file(journal.path()).unwrap();
    drop(ending);
    until(|| bench.sandbox.report().total >= 10);
    // A third report at the same path finds the journal of the second.
    let error = Ran::of(&mut report(&bench, &journal, &[])).failed(2);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("another report"), "{message}");
    second.kill().unwrap();
    second.wait().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    // So does one that goes on from it: the second noted its look-ups where they are found.
    let ran = Ran::of(&mut report(&bench, &journal, &[]));
    assert!(ran.err.contains("resumed after "), "{ran:?}");
    ran.failed_midway(1);
    let total = bench.sandbox.report().total;
    assert!(total <= 60, "no look-up is billed twice: {total}");
}

#[cfg(target_os = "linux")]
#[test]
fn report_that_waited_for_a_removed_journal_leaves_the_next_one_alone() {
    let (bench, journal, report) = metered(400);
    let ending = Ending::new(&journal);
    let spawn = || {
        let mut command = report(&bench, &journal, &[]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let second = spawn();
    until_open(&second, &journal);
    // The first one ends, and a third one begins, before the second has the lock.
    fs::remove_file(journal.path()).unwrap();
    let third = spawn();
    until(|| bench.sandbox.report().total >= 1);
    drop(ending);
    let second = second.wait_with_output().unwrap();
    let third = third.wait_with_output().unwrap();
    assert_eq!(
        bench.sandbox.report().total,
        60,
        "no look-up is billed twice"
    );
    // Whichever came first to the new file has it for itself.
    let mut codes = [second.status.code(), third.status.code()];
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(2)], "{second:?} {third:?}");
}

#[cfg(unix)]
#[test]
fn report_ended_by_sigterm_resumes_without_billing_twice() {
    let (bench, journal, report) = metered(150);
    let mut command = report(&bench, &journal, &[]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    until(|| bench.sandbox.report().total >= 10);
    let ran = Ran::ended_by("TERM", child);
    assert!(ran.err.contains("continues this report"), "{ran:?}");
    let output: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(output["complete"], false);
    assert!(output["summary"]["customers"].as_u64().unwrap() > 0);
    ran.failed_midway(130);
    std::thread::sleep(Duration::from_millis(200));
    Ran::of(&mut report(&bench, &journal, &[])).failed_midway(1);
    let total = bench.sandbox.report().total;
    assert!(total <= 60, "no look-up is billed twice: {total}");
}

#[test]
fn renewed_token_of_one_provider_repeats_no_metered_call_of_another() {
    let (bench, journal, report) = metered(0);
    bench
        .sandbox
        .fault(fault::status(503).at(Provider::Tencent).on_page(2));
    let endpoint = format!("tencent={}", bench.endpoint());
    let report = |token: &str| {
        let more = ["--only", "tencent", "--endpoint", &endpoint];
        let mut command = report(&bench, &journal, &more);
        Ran::of(command.env("TENCENTCLOUD_TOKEN", token))
    };
    report("token-of-the-first-hour").failed_midway(1);
    bench.sandbox.clear_faults();
    let asked = bench.sandbox.report().total;
    let output = report("token-of-the-second-hour").json();
    assert_eq!(output["rows"].as_array().unwrap().len(), 120);
    assert_eq!(
        bench.sandbox.report().total - asked,
        2,
        "the pages of the list"
    );
}
