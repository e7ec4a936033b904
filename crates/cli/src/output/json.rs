//! A report as JSON.

use serde::Serialize;

/// Texts, numbers and lists of them can always be written.
pub(crate) fn as_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
