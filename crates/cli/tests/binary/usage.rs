use std::collections::BTreeSet;

use standing_core::provider::Provider as _;

use crate::bench::{Ran, WRONG_SECRET, run, standing};

#[test]
fn wrong_command_line_prints_the_error_object() {
    for arguments in [
        &["--unknown"][..],
        &[],
        &["cal"],
        &["call"],
        &["call", "tencent"],
        &["call", "tencent", "QueryCustomersCredit", "--unknown"],
        &["call", "tencent", "QueryCustomersCredit", "too", "many"],
        &["call", "tencent", "QueryCustomersCredit", "--retries", "-1"],
        &[
            "call",
            "tencent",
            "QueryCustomersCredit",
            "--retries",
            "many",
        ],
        &["call", "tencent", "QueryCustomersCredit", "--deadline", "0"],
        &[
            "call",
            "tencent",
            "QueryCustomersCredit",
            "--deadline",
            "-1",
        ],
        &[
            "call",
            "tencent",
            "QueryCustomersCredit",
            "--deadline",
            "soon",
        ],
        &["call", "tencent", "QueryCustomersCredit", "--resume", "x"],
        &[
            "call",
            "tencent",
            "QueryCustomersCredit",
            "--raw",
            "--pages",
        ],
        &["operations", "--format", "xml"],
        &["sandbox", "--chaos", "101"],
        &["sandbox", "--customers", "-3"],
        &["report", "--chaos", "300"],
        &["report", "--format", "xml"],
        &["report", "--below", "25,ten"],
        &["report", "--live", "--seed", "3"],
        &["report", "--endpoint", "tencent=http://127.0.0.1:1"],
        &["report", "--only", "unknown"],
        &["report", "--only", ""],
    ] {
        let error = run(arguments).failed(2);
        assert_eq!(error["kind"], "config", "{arguments:?}: {error}");
        assert_eq!(error["attempts"], 0);
        assert_eq!(error["retryable"], false);
        assert_eq!(error["may_have_run"], false);
    }
}

#[test]
fn misspelled_name_gets_a_suggestion() {
    for (arguments, meant) in [
        (&["cal"][..], "did you mean call?"),
        (&["report", "--formt", "csv"], "did you mean --format?"),
        (
            &["call", "tencnet", "QueryCustomersCredit"],
            "did you mean tencent?",
        ),
        (&["operations", "tencnet"], "did you mean tencent?"),
        (&["report", "--only", "tencnet"], "did you mean tencent?"),
        (
            &["call", "tencent", "QueryCustomerCredit"],
            "did you mean QueryCustomersCredit?",
        ),
        (
            &["call", "tencent", "ip/querycustomerscredit"],
            "did you mean ip/QueryCustomersCredit?",
        ),
    ] {
        let error = run(arguments).failed(2);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(meant), "{message}");
    }
    let error = run(&["call", "tencent", "QueryCustomerCredit"]).failed(2);
    assert_eq!(error["provider"], "tencent");
}

#[test]
fn misplaced_secret_is_not_repeated() {
    let flag = format!("--secret={WRONG_SECRET}");
    let retries = format!("--retries={WRONG_SECRET}");
    for arguments in [
        &[WRONG_SECRET][..],
        &[&flag],
        &["call", WRONG_SECRET, WRONG_SECRET],
        &["call", "tencent", WRONG_SECRET],
        &["call", "tencent", "QueryCustomersCredit", WRONG_SECRET],
        &["call", "tencent", "QueryCustomersCredit", &retries],
        &[
            "call",
            "tencent",
            "QueryCustomersCredit",
            "--deadline",
            WRONG_SECRET,
        ],
        &["report", "--only", WRONG_SECRET],
        &["report", "--below", WRONG_SECRET],
        &["report", "--format", WRONG_SECRET],
        &["sandbox", "--seed", WRONG_SECRET],
    ] {
        // That it is on neither stream is checked with every run.
        run(arguments).failed(2);
    }
}

#[test]
fn help_and_version_are_on_standard_output() {
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["call", "--help"],
        &["report", "-h"],
        &["help"],
        &["help", "call"],
    ] {
        let ran = run(arguments);
        assert_eq!(ran.err, "");
        assert!(ran.fine().contains("standing"));
    }
}

#[test]
fn operations_lists_every_operation() {
    let listed = run(&["operations", "--format", "json"]).json();
    let listed = listed.as_array().unwrap();
    for one in listed {
        let mut keys: Vec<_> = one
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        assert_eq!(
            keys,
            [
                "effect", "metered", "method", "name", "paged", "path", "provider", "rate",
                "service", "summary"
            ]
        );
    }
    let credit = listed
        .iter()
        .find(|one| one["service"] == "ip" && one["name"] == "QueryCustomersCredit")
        .unwrap();
    assert_eq!(credit["provider"], "tencent");
    assert_eq!(credit["effect"], "read");
    assert_eq!(credit["metered"], false);
    assert_eq!(credit["paged"], true);
    assert_eq!(
        credit["rate"],
        serde_json::json!({"requests": 20, "seconds": 1})
    );

    let table = run(&["operations", "tencent"]).fine();
    assert!(table.starts_with("PROVIDER"));
    assert!(table.contains("ip/QueryCustomersCredit"));
}

#[cfg(target_os = "linux")]
#[test]
fn unwritable_output_is_a_failure() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = standing(&["operations", "--format", "json"]);
    let output = command.stdout(full).output().unwrap();
    let ran = Ran {
        code: output.status.code(),
        out: String::new(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    ran.failed(1);
}

#[test]
fn verbose_logs_attempts_and_changes_no_data() {
    let fixed = ["report", "--only", "huawei", "--customers", "2"];
    let plain = run(&fixed);
    for more in ["-v", "--verbose", "-q", "--no-progress"] {
        let ran = run(&[&fixed[..], &[more]].concat());
        let expected = ran.err.contains("attempt");
        assert_eq!(expected, more.contains('v'), "{more}: {ran:?}");
        assert_eq!(ran.fine(), plain.out);
    }
}

#[test]
fn readme_shows_the_output_of_report() {
    let readme = include_str!("../../README.md");
    let report = run(&["report"]).fine();
    assert!(readme.contains(&report), "{report}");
}

/// The flags in a text: words that begin with a dash, as in `-q, --no-progress` or `--only <P,P>`.
fn flags(text: &str) -> BTreeSet<&str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    words
        .filter(|word| word.len() > 1 && word.starts_with('-') && !word.starts_with("---"))
        .collect()
}

#[test]
fn every_flag_is_in_help_and_readme() {
    let readme = include_str!("../../README.md");
    let table = |of: &str| -> BTreeSet<&str> {
        let head = format!("| flag of {of} | meaning |\n|---|---|\n");
        let (_, rows) = readme.split_once(&head).unwrap_or_else(|| panic!("{of}"));
        let rows = rows.lines().take_while(|line| line.starts_with('|'));
        rows.filter_map(|row| row.split(" | ").next())
            .flat_map(flags)
            .collect()
    };
    let every = table("every command");
    for command in ["report", "call", "operations", "sandbox"] {
        let help = run(&[command, "--help"]).fine();
        let lines = help.lines().map(str::trim_start);
        // Their first words: what comes after two blanks is the description.
        let options = lines.filter(|line| line.starts_with('-') && !line.starts_with("- "));
        let known: BTreeSet<_> = options
            .filter_map(|line| line.split("  ").next())
            .flat_map(flags)
            .collect();
        let mut documented = table(&format!("`{command}`"));
        assert!(documented.is_disjoint(&every), "{command}");
        documented.extend(&every);
        assert_eq!(
            known, documented,
            "{command}: the help, crates/cli/README.md"
        );
    }
}

#[test]
fn every_credential_variable_is_in_help_and_readme() {
    let help = run(&["call", "--help"]).fine();
    let readme = include_str!("../../README.md");
    for names in [
        standing_tencent::Tencent::VARIABLES,
        standing_huawei::Huawei::VARIABLES,
        standing_alibaba::Alibaba::VARIABLES,
        standing_accuauth::AccuAuth::VARIABLES,
    ] {
        for name in [names.id, names.secret].into_iter().chain(names.token) {
            assert!(help.contains(name), "{name}");
            assert!(readme.contains(&format!("`{name}`")), "{name}");
        }
        // The help has the preferred name of the session token alone.
        for name in names.session_tokens {
            assert!(readme.contains(&format!("`{name}`")), "{name}");
        }
        let preferred = names.session_tokens.first();
        assert!(preferred.is_none_or(|name| help.contains(name)), "{help}");
    }
}

#[test]
fn every_exit_code_is_in_help_docs_and_readme() {
    let of = |text: &str| -> BTreeSet<String> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (_, codes) = text.split_once("Exit codes: ").unwrap();
        let words = codes.split(|letter: char| !letter.is_ascii_alphanumeric());
        let codes = ["0", "1", "2", "3", "130"];
        let words = words.filter(|word| codes.contains(word));
        words.map(str::to_owned).collect()
    };
    let all = of("Exit codes: 0 1 2 3 130");
    let help = |command: &[&str]| run(&[command, &["--help"]].concat()).fine();
    assert_eq!(of(&help(&[])), all);
    assert_eq!(of(&help(&["report"])), all);
    assert_eq!(of(&help(&["call"])), of("Exit codes: 0 1 2 130"));
    let readme = include_str!("../../README.md");
    let (_, table) = readme
        .split_once("| exit code | meaning |\n|---|---|\n")
        .unwrap();
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let rows = rows.map(|row| row.split('|').nth(1).unwrap().trim().to_owned());
    assert_eq!(rows.collect::<BTreeSet<_>>(), all);
    let docs = include_str!("../../src/main.rs");
    for code in &all {
        assert!(docs.contains(&format!("//! | {code} | ")), "{code}");
    }
}
