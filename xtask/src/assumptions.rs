//! The assumptions of all fixtures: facts that no source states for certain.

use std::path::Path;

use crate::load::files::{self, NOT_PROVIDERS};
use crate::load::located::Located;
use crate::load::problem::Problems;

/// A fact that is assumed.
#[derive(Debug)]
pub struct Assumption {
    /// Path, line and column.
    pub position: String,
    /// The object that states the fact, as a JSON pointer.
    pub pointer: String,
    /// Why it is assumed.
    pub reason: String,
}

/// All assumptions, by file.
pub fn all(root: &Path, problems: &mut Problems) -> Vec<Assumption> {
    let mut found = Vec::new();
    for name in files::entries(root, "fixtures", problems) {
        let path = format!("fixtures/{name}");
        if !NOT_PROVIDERS.contains(&name.as_str()) && root.join(&path).is_dir() {
            search_folder(root, &path, &mut found, problems);
        }
    }
    found
}

fn search_folder(root: &Path, path: &str, found: &mut Vec<Assumption>, problems: &mut Problems) {
    for name in files::entries(root, path, problems) {
        let path = format!("{path}/{name}");
        if root.join(&path).is_dir() {
            search_folder(root, &path, found, problems);
        } else if (name == "provider.json" || name == "operation.json")
            && let Some(file) = files::read_json(root, &path, problems)
        {
            search(&Located::whole(&file), found);
        }
    }
}

fn search(located: &Located<'_>, found: &mut Vec<Assumption>) {
    for member in located.node.value.members() {
        let child = located.in_same_file(&member.node);
        match child.as_text() {
            Some(text) if member.key == "assumed" => found.push(Assumption {
                position: child.position(),
                pointer: located.pointer(),
                reason: text.to_owned(),
            }),
            _ => search(&child, found),
        }
    }
}
