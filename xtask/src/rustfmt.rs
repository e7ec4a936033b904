//! Layout: rustfmt over all files at once, in a folder of its own.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::emit::{File, align};
use crate::parallel;

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
    let placed: Vec<Placed> = files
        .into_iter()
        .map(|file| (scratch.0.join(&file.path), file))
        .collect();
    let written = parallel::map(&placed, |(path, file)| {
        write(path, &file.text).map_err(|error| format!("{}: {error}", file.path))
    });
    written.into_iter().collect::<Result<(), String>>()?;

    let started = shares(&placed).into_iter().map(|share| start(root, &share));
    for process in started.collect::<Vec<_>>() {
        let output = process
            .and_then(Child::wait_with_output)
            .map_err(|error| missing(&error.to_string()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.replace(&*scratch.0.to_string_lossy(), "");
            if !is_installed() {
                return Err(missing(said.lines().next().unwrap_or("no reason given")));
            }
            return Err(format!("rustfmt refused what was generated:\n{said}"));
        }
    }
    let formatted = parallel::map(&placed, |(path, file)| {
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", file.path))?;
        // Sooner than with the folder, and by all processors. What stays behind goes with it.
        let _ = fs::remove_file(path);
        Ok(File {
            text: align(&text),
            path: file.path.clone(),
        })
    });
    formatted.into_iter().collect()
}

/// A file, and where it lies to be formatted.
type Placed = (PathBuf, File);

/// What each process is to format, about the same work for all. rustfmt follows `mod` by itself,
/// so only the roots are named.
fn shares(placed: &[Placed]) -> Vec<Vec<PathBuf>> {
    let mut roots: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (path, file) in placed {
        let mut folders = path.ancestors().skip(1);
        let root = match folders.find(|folder| folder.ends_with("operations")) {
            Some(operations) => operations.join("mod.rs"),
            None => path.clone(),
        };
        *roots.entry(root).or_default() += file.text.len();
    }
    let mut roots: Vec<_> = roots.into_iter().collect();
    roots.sort_by_key(|(_, size)| Reverse(*size));
    let mut shares = vec![(0, Vec::new()); parallel::processors().min(roots.len())];
    for (root, size) in roots {
        if let Some((work, share)) = shares.iter_mut().min_by_key(|(work, _)| *work) {
            *work += size;
            share.push(root);
        }
    }
    shares.into_iter().map(|(_, share)| share).collect()
}

fn missing(reason: &str) -> String {
    format!("rustfmt cannot be run ({reason}); `rustup component add rustfmt` installs it")
}

/// rustup leaves a command of this name also where the component is missing.
fn is_installed() -> bool {
    let version = Command::new(program()).arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

/// The rustfmt of the toolchain that runs this, which need not be in `PATH`; or the one in `PATH`.
fn program() -> PathBuf {
    let name = format!("rustfmt{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::var_os("CARGO").map(|cargo| Path::new(&cargo).with_file_name(&name));
    beside
        .filter(|path| path.is_file())
        .unwrap_or_else(|| name.into())
}

fn start(root: &Path, roots: &[PathBuf]) -> io::Result<Child> {
    let mut command = Command::new(program());
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
