//! Layout: rustfmt over all files at once, in a folder of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::emit::{File, align};

/// Formats the files. Nothing of the project is touched.
///
/// # Errors
///
/// rustfmt is missing or refuses a file, or the temporary folder cannot be used.
pub fn format(root: &Path, files: Vec<File>) -> Result<Vec<File>, String> {
    if files.is_empty() {
        return Ok(files);
    }
    let scratch = Scratch::new().map_err(|error| format!("no temporary folder: {error}"))?;
    let placed: Vec<PathBuf> = files
        .iter()
        .map(|file| scratch.0.join(&file.path))
        .collect();
    for (file, path) in files.iter().zip(&placed) {
        write(path, &file.text).map_err(|error| format!("{}: {error}", file.path))?;
    }
    // rustfmt follows `mod` by itself, so only the roots are named. Operations and tests are about
    // the same work, and two processes share it.
    let roots = |folder: &'static str| {
        let is_root =
            move |path: &&PathBuf| path.parent().is_some_and(|above| above.ends_with(folder));
        placed.iter().filter(is_root)
    };
    let started = [roots("operations"), roots("tests")].map(|roots| start(root, roots));
    for process in started {
        let output = process.and_then(Child::wait_with_output).map_err(|error| {
            format!("rustfmt cannot be run ({error}); `rustup component add rustfmt` installs it")
        })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.replace(&*scratch.0.to_string_lossy(), "");
            return Err(format!("rustfmt refused what was generated:\n{said}"));
        }
    }
    let read = |(file, path): (File, &PathBuf)| match fs::read_to_string(path) {
        Ok(text) => Ok(File {
            text: align(&text),
            ..file
        }),
        Err(error) => Err(format!("{}: {error}", file.path)),
    };
    files.into_iter().zip(&placed).map(read).collect()
}

fn start<'p>(root: &Path, roots: impl Iterator<Item = &'p PathBuf>) -> io::Result<Child> {
    let mut command = Command::new("rustfmt");
    command.args(["--edition", "2024", "--style-edition", "2024"]);
    // The temporary folder is out of reach for the project's own settings, should it have some.
    if ["rustfmt.toml", ".rustfmt.toml"]
        .iter()
        .any(|name| root.join(name).is_file())
    {
        command.arg("--config-path").arg(root);
    }
    command
        .args(roots)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

/// A folder that is gone when this is.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "xtask-{}-{}",
            process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        // Fails if it exists, so nobody else's folder is used.
        fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is in the temporary folder of the system.
        let _ = fs::remove_dir_all(&self.0);
    }
}
