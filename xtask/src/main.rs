//! `cargo xtask`: the tasks of this workspace.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks to people"
)]

use std::path::Path;
use std::process::ExitCode;

use xtask::codegen::{Failure, differences};
use xtask::tree;

const USAGE: &str = "\
cargo xtask codegen            read all fixtures, check them, write what changed
cargo xtask codegen --check    write nothing; say what is out of date, with a diff

Exit code: 0 fine, 1 out of date, 2 broken fixtures or no way to go on";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."));
    match arguments.as_slice() {
        ["codegen"] => codegen(root),
        ["codegen", "--check"] => check(root),
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

fn codegen(root: &Path) -> ExitCode {
    let outcome = differences(root).and_then(|differences| {
        tree::apply(root, &differences)?;
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
        Err(failure) => tell(&failure),
    }
}

fn check(root: &Path) -> ExitCode {
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
        Err(failure) => tell(&failure),
    }
}

fn tell(failure: &Failure) -> ExitCode {
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
        Failure::Other(message) => eprintln!("error: {message}; nothing was written"),
    }
    ExitCode::from(2)
}
