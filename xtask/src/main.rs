//! `cargo xtask`: the tasks of this workspace.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line prints its results"
)]

use std::path::Path;
use std::process::ExitCode;

use xtask::assumptions::{self, Assumption};
use xtask::codegen::{Failure, differences};
use xtask::disk;
use xtask::draft::{self, NewOperation};
use xtask::load::problem::Problems;

const USAGE: &str = "\
cargo xtask codegen            read all fixtures, check them, write the files that changed
cargo xtask codegen --check    write nothing; report stale, missing and orphaned files, with a diff
cargo xtask new PROVIDER/SERVICE/Operation [--request FILE] [--response FILE]
                               draft the fixture of a new operation from samples
cargo xtask assumptions        list the assumptions: facts that no source states for certain
cargo xtask --root DIR …       the same for another folder with fixtures/ and crates/

Exit code: 0 success, 1 out of date, 2 invalid fixtures or another failure";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (root, task) = match arguments.as_slice() {
        ["--root", root, task @ ..] => (Path::new(*root), task),
        task => (workspace(), task),
    };
    match task {
        ["codegen"] => codegen(root),
        ["codegen", "--check"] => codegen_check(root),
        ["new", name, options @ ..] => new(root, name, options),
        ["assumptions"] => list_assumptions(root),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// The root of the workspace.
fn workspace() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::expect_used, reason = "xtask is a folder of the workspace")]
    xtask.parent().expect("a parent")
}

fn codegen(root: &Path) -> ExitCode {
    let outcome = differences(root).and_then(|differences| {
        disk::apply(root, &differences)?;
        Ok(differences)
    });
    match outcome {
        Ok(differences) => {
            for difference in &differences {
                println!("{difference}");
            }
            println!(
                "{}",
                match differences.len() {
                    0 => "everything is up to date".to_owned(),
                    1 => "1 file changed".to_owned(),
                    count => format!("{count} files changed"),
                }
            );
            ExitCode::SUCCESS
        }
        Err(failure) => report(&failure),
    }
}

fn codegen_check(root: &Path) -> ExitCode {
    match differences(root) {
        Ok(differences) if differences.is_empty() => {
            println!("everything is up to date");
            ExitCode::SUCCESS
        }
        Ok(differences) => {
            for difference in &differences {
                eprintln!("{}", difference.explain());
            }
            eprintln!("run `cargo xtask codegen` and commit what it writes");
            ExitCode::from(1)
        }
        Err(failure) => report(&failure),
    }
}

fn new(root: &Path, name: &str, options: &[&str]) -> ExitCode {
    let mut operation = NewOperation {
        name,
        request: None,
        response: None,
    };
    for option in options.chunks(2) {
        match option {
            ["--request", path] => operation.request = Some(Path::new(*path)),
            ["--response", path] => operation.response = Some(Path::new(*path)),
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    match draft::write(root, &operation) {
        Ok(files) => {
            for file in files {
                println!("created {file}");
            }
            println!("replace every TODO, add samples, then run `cargo xtask codegen`");
            ExitCode::SUCCESS
        }
        Err(failure) => report(&failure),
    }
}

fn list_assumptions(root: &Path) -> ExitCode {
    let mut problems = Problems::default();
    let all = assumptions::all(root, &mut problems);
    if !problems.is_empty() {
        return report(&Failure::Fixtures(problems.into_sorted()));
    }
    for Assumption {
        position,
        pointer,
        reason,
    } in &all
    {
        println!("{position}\n   at {pointer}\n   {reason}\n");
    }
    println!("{} assumptions", all.len());
    ExitCode::SUCCESS
}

fn report(failure: &Failure) -> ExitCode {
    match failure {
        Failure::Fixtures(problems) => {
            for problem in problems {
                eprintln!("{problem}");
            }
            let noun = if problems.len() == 1 {
                "problem"
            } else {
                "problems"
            };
            eprintln!("{} {noun}; nothing was written.", problems.len());
        }
        Failure::Other(message) => eprintln!("error: {message}"),
    }
    ExitCode::from(2)
}
