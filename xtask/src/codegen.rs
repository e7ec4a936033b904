//! From fixtures to files: read all of them, report every problem, then write.

use std::io;
use std::path::Path;

use crate::emit::{self, File};
use crate::load::problem::{Problem, Problems};
use crate::tree::{self, Difference};
use crate::{read, rustfmt};

/// Why nothing was generated.
#[derive(Debug)]
pub enum Failure {
    /// The fixtures have problems.
    Fixtures(Vec<Problem>),
    /// Another failure.
    Other(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(error.to_string())
    }
}

/// The files that the fixtures under `root` require, formatted.
///
/// # Errors
///
/// Every problem of every fixture, or another failure.
pub fn generate(root: &Path) -> Result<Vec<File>, Failure> {
    let mut problems = Problems::default();
    let providers = read::providers(root, &mut problems);
    if !problems.is_empty() {
        return Err(Failure::Fixtures(problems.into_sorted()));
    }
    let files = providers.iter().flat_map(emit::files).collect();
    rustfmt::format(root, files).map_err(Failure::Other)
}

/// The differences between the tree under `root` and the files that its fixtures require.
///
/// # Errors
///
/// Every problem of every fixture, or another failure.
pub fn differences(root: &Path) -> Result<Vec<Difference>, Failure> {
    Ok(tree::compare(root, &generate(root)?)?)
}
