//! The whole way from fixtures to files: read everything, tell everything, then write everything.

use std::io;
use std::path::Path;

use crate::diag::{Problem, Problems};
use crate::emit::{self, File};
use crate::tree::{self, Difference};
use crate::{fixtures, rustfmt};

/// Why nothing was generated.
#[derive(Debug)]
pub enum Failure {
    /// The fixtures have mistakes.
    Fixtures(Vec<Problem>),
    /// Something else went wrong.
    Other(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(error.to_string())
    }
}

/// What the fixtures under `root` ask for, formatted, in memory.
///
/// # Errors
///
/// Every mistake of every fixture.
pub fn generate(root: &Path) -> Result<Vec<File>, Failure> {
    let mut problems = Problems::default();
    let providers = fixtures::load(root, &mut problems);
    if !problems.is_empty() {
        return Err(Failure::Fixtures(problems.into_sorted()));
    }
    let files = providers.iter().flat_map(emit::files).collect();
    rustfmt::format(root, files).map_err(Failure::Other)
}

/// How the tree under `root` differs from what the fixtures ask for.
///
/// # Errors
///
/// Every mistake of every fixture.
pub fn differences(root: &Path) -> Result<Vec<Difference>, Failure> {
    Ok(tree::compare(root, &generate(root)?)?)
}
