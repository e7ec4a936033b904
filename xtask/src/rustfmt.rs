//! Formatting: one run of rustfmt over all files, in a temporary folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::emit::GeneratedFile;

/// Formats the files. Of the project under `root`, only the settings of rustfmt are read.
///
/// # Errors
///
/// rustfmt is missing or refuses a file, or the temporary folder cannot be used.
pub fn format(root: &Path, mut files: Vec<GeneratedFile>) -> Result<Vec<GeneratedFile>, String> {
    if files.is_empty() {
        return Ok(files);
    }
    let scratch = Scratch::new().map_err(|error| format!("no temporary folder: {error}"))?;
    let mut arguments = Vec::new();
    for file in &files {
        let path = scratch.0.join(&file.path);
        write(&path, &file.text).map_err(|error| format!("{}: {error}", file.path))?;
        if file.is_root {
            arguments.push(path);
        }
    }
    let mut command = Command::new(program());
    command.args(["--edition", "2024", "--style-edition", "2024"]);
    // From the temporary folder, rustfmt does not find the settings of the project.
    if ["rustfmt.toml", ".rustfmt.toml"]
        .iter()
        .any(|name| root.join(name).is_file())
    {
        command.arg("--config-path").arg(root);
    }
    let output = command.args(arguments).output();
    let output = output.map_err(|error| not_runnable(&error.to_string()))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        let message = message.replace(&*scratch.0.to_string_lossy(), "");
        if !is_installed() {
            return Err(not_runnable(
                message.lines().next().unwrap_or("no reason given"),
            ));
        }
        return Err(format!("rustfmt refused the generated code:\n{message}"));
    }
    for file in &mut files {
        file.text = fs::read_to_string(scratch.0.join(&file.path))
            .map_err(|error| format!("{}: {error}", file.path))?;
    }
    Ok(files)
}

fn not_runnable(reason: &str) -> String {
    format!("rustfmt cannot be run ({reason}); `rustup component add rustfmt` installs it")
}

/// Whether rustfmt runs: rustup provides a command of this name even without the component.
fn is_installed() -> bool {
    let version = Command::new(program()).arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

/// The rustfmt of the toolchain that runs this, which may not be in `PATH`, or the one in `PATH`.
fn program() -> PathBuf {
    let name = format!("rustfmt{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::var_os("CARGO").map(|cargo| Path::new(&cargo).with_file_name(&name));
    beside
        .filter(|path| path.is_file())
        .unwrap_or_else(|| name.into())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

/// A folder that is removed when this value is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("xtask-{}-{count}", process::id()));
        // Fails if the folder exists, so no other process writes to it.
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Files that remain are in the temporary folder of the system.
        let _ = fs::remove_dir_all(&self.0);
    }
}
