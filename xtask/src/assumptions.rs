//! The assumptions of all fixtures: facts without a source.

use std::path::Path;

use crate::load::files::{self, OTHER_FOLDERS};
use crate::load::problem::Problems;
use crate::load::spot::Spot;

/// A fact without a source.
#[derive(Debug)]
pub struct Assumption {
    /// Path, line and column.
    pub place: String,
    /// The object that states the fact, as a JSON pointer.
    pub pointer: String,
    /// Why it is assumed.
    pub text: String,
}

/// All assumptions, by file.
pub fn all(root: &Path, problems: &mut Problems) -> Vec<Assumption> {
    let mut found = Vec::new();
    folder(root, "fixtures", &mut found, problems);
    found
}

fn folder(root: &Path, path: &str, found: &mut Vec<Assumption>, problems: &mut Problems) {
    for name in files::entries(root, path, problems) {
        let path = format!("{path}/{name}");
        if OTHER_FOLDERS.contains(&name.as_str()) {
            continue;
        }
        if root.join(&path).is_dir() {
            folder(root, &path, found, problems);
        } else if (name == "provider.json" || name == "operation.json")
            && let Some(file) = files::file(root, &path, problems)
        {
            walk(&Spot::root(&file), found);
        }
    }
}

fn walk(spot: &Spot<'_>, found: &mut Vec<Assumption>) {
    for member in spot.node.value.members() {
        let part = spot.with(&member.node);
        match part.as_text() {
            Some(text) if member.key == "assumed" => found.push(Assumption {
                place: part.place(),
                pointer: spot.pointer(),
                text: text.to_owned(),
            }),
            _ => walk(&part, found),
        }
    }
}
