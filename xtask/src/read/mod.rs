//! From fixtures to the model.

mod conditions;
mod doc;
mod envelope;
mod error_codes;
mod fields;
mod http;
mod limits;
mod operation;
mod pagination;
mod places;
mod provider;
mod service;
mod types;
mod usage;

use std::path::Path;

use crate::load::files::{self, NOT_PROVIDERS};
use crate::load::problem::Problems;
use crate::model::Provider;

pub use operation::name_problem;
pub use provider::envelope_for_new_operation;
pub use types::is_reserved;

/// Reads every fixture under `root/fixtures`. The providers are valid only without problems.
pub fn providers(root: &Path, problems: &mut Problems) -> Vec<Provider> {
    let mut providers = Vec::new();
    for name in files::entries(root, "fixtures", problems) {
        let is_provider = !NOT_PROVIDERS.contains(&name.as_str());
        if is_provider && root.join("fixtures").join(&name).is_dir() {
            providers.extend(provider::read(root, &name, problems));
        }
    }
    providers
}
