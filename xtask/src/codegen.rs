//! From fixtures to files: read all of them, report every problem, then write.

use std::io;
use std::path::Path;

use crate::disk::{self, Difference};
use crate::emit::{self, GeneratedFile};
use crate::load::problem::{Problem, Problems};
use crate::{read, rustfmt};

/// Why a task failed.
#[derive(Debug)]
pub enum Failure {
    /// The fixtures have problems; nothing was written.
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
pub fn generate(root: &Path) -> Result<Vec<GeneratedFile>, Failure> {
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
    Ok(disk::compare(root, &generate(root)?)?)
}
