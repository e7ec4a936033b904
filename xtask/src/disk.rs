//! Compares generated files with the files on disk, in both directions, and writes the differences.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use similar::TextDiff;

use crate::emit::{self, GENERATED, GeneratedFile};

/// What must be done with a file that differs, with its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Create it: it is missing.
    Create(String),
    /// Update it: it has another text.
    Update(String),
    /// Remove it: no fixture requires it.
    Remove(String),
}

/// A file that differs, with both texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The change to make.
    pub change: Change,
    /// The text on disk.
    pub old: String,
    /// The generated text.
    pub new: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.change {
            Change::Create(path) => write!(f, "created {path}"),
            Change::Update(path) => write!(f, "updated {path}"),
            Change::Remove(path) => write!(f, "removed {path}"),
        }
    }
}

impl Difference {
    /// The difference as a sentence and a unified diff.
    pub fn explain(&self) -> String {
        let (what, path) = match &self.change {
            Change::Create(path) => ("is missing", path),
            Change::Update(path) => ("is out of date", path),
            Change::Remove(path) => ("has no fixture", path),
        };
        let diff = TextDiff::from_lines(&self.old, &self.new);
        let diff = diff
            .unified_diff()
            .context_radius(2)
            .header("on disk", "from the fixtures")
            .to_string();
        format!("{path} {what}\n{diff}")
    }
}

/// Compares generated files with those under `root`.
///
/// # Errors
///
/// A folder or a file cannot be read.
pub fn compare(root: &Path, files: &[GeneratedFile]) -> io::Result<Vec<Difference>> {
    let mut differences = Vec::new();
    for file in files {
        let old = match fs::read_to_string(root.join(&file.path)) {
            Ok(old) => Some(old),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(with_path(Path::new(&file.path), &error)),
        };
        if old.as_ref() == Some(&file.text) {
            continue;
        }
        let path = file.path.clone();
        differences.push(Difference {
            change: if old.is_some() {
                Change::Update(path)
            } else {
                Change::Create(path)
            },
            old: old.unwrap_or_default(),
            new: file.text.clone(),
        });
    }
    let wanted: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let crates = root.join("crates");
    for name in entries(&crates)? {
        let mut found = Vec::new();
        find_generated(root, &emit::operations_folder(&name), &mut found)?;
        let tests = emit::tests_file(&name);
        if is_generated(&root.join(&tests))? {
            found.push(tests);
        }
        found.retain(|path| !wanted.contains(path.as_str()));
        for path in found {
            differences.push(Difference {
                old: fs::read_to_string(root.join(&path))?,
                new: String::new(),
                change: Change::Remove(path),
            });
        }
    }
    Ok(differences)
}

/// Makes the changes.
///
/// # Errors
///
/// A file cannot be written or removed.
pub fn apply(root: &Path, differences: &[Difference]) -> io::Result<()> {
    // A full or read-only disk is noticed before anything has changed.
    let mut written = Vec::new();
    for difference in differences {
        if let Err(error) = write_temporary(root, difference, &mut written) {
            for path in &written {
                // A file that cannot be removed was not written either.
                let _ = fs::remove_file(path);
            }
            return Err(error);
        }
    }
    for difference in differences {
        match &difference.change {
            // A reader sees the old file or the new one, never a part of one.
            Change::Create(path) | Change::Update(path) => {
                let path = root.join(path);
                fs::rename(temporary_path(&path), &path)
                    .map_err(|error| with_path(&path, &error))?;
            }
            Change::Remove(path) => {
                let path = root.join(path);
                fs::remove_file(&path).map_err(|error| with_path(&path, &error))?;
                // The last operation of a service leaves an empty folder.
                if let Some(folder) = path
                    .parent()
                    .filter(|folder| entries(folder).is_ok_and(|entries| entries.is_empty()))
                {
                    fs::remove_dir(folder)?;
                }
            }
        }
    }
    Ok(())
}

/// Writes the new text of a file beside it, for `apply` to rename.
fn write_temporary(
    root: &Path,
    difference: &Difference,
    written: &mut Vec<PathBuf>,
) -> io::Result<()> {
    let (Change::Create(path) | Change::Update(path)) = &difference.change else {
        return Ok(());
    };
    let path = root.join(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| with_path(folder, &error))?;
    }
    let name = temporary_path(&path);
    written.push(name.clone());
    fs::write(&name, &difference.new).map_err(|error| with_path(&name, &error))
}

/// The path of the temporary file beside a file, which no other run uses.
fn temporary_path(path: &Path) -> PathBuf {
    path.with_extension(format!("rs.new-{}", process::id()))
}

/// An error with the path of its file.
fn with_path(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The generated files in a folder and below: those with the header. No other file is removed.
fn find_generated(root: &Path, folder: &str, found: &mut Vec<String>) -> io::Result<()> {
    for name in entries(&root.join(folder))? {
        let path = format!("{folder}/{name}");
        if root.join(&path).is_dir() {
            find_generated(root, &path, found)?;
        } else if is_generated(&root.join(&path))? {
            found.push(path);
        }
    }
    Ok(())
}

fn is_generated(path: &Path) -> io::Result<bool> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.starts_with(GENERATED)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(false),
        Err(error) => Err(error),
    }
}

/// The names in a folder, sorted; empty if there is no such folder.
fn entries(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
