//! Folders and files of fixtures.

use std::fs;
use std::path::Path;

use super::located::JsonFile;
use super::parse::parse;
use super::problem::Problems;

/// Folders directly under `fixtures/` that describe no provider.
pub const NOT_PROVIDERS: &[&str] = &["schema", "signing"];

/// The names in a folder of the root, sorted, without the files that editors leave behind.
pub fn entries(root: &Path, folder: &str, problems: &mut Problems) -> Vec<String> {
    let mut names = Vec::new();
    let read = fs::read_dir(root.join(folder)).and_then(|entries| {
        for entry in entries {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        Ok(())
    });
    if let Err(error) = read {
        problems.push_for_file(folder, format!("cannot be listed: {error}"));
    }
    names.retain(|name| !name.starts_with('.') && !name.ends_with('~') && !name.ends_with(".swp"));
    names.sort();
    names
}

/// Reads a JSON file of the root.
pub fn read_json(root: &Path, path: &str, problems: &mut Problems) -> Option<JsonFile> {
    match fs::read_to_string(root.join(path)) {
        Ok(text) => parse(path.to_owned(), text, problems),
        Err(error) => {
            problems.push_for_file(path, format!("cannot be read: {error}"));
            None
        }
    }
}
