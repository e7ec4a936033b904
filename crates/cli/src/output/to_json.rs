//! Values as JSON text.

use serde::Serialize;

/// Serializes texts, numbers, and lists and objects of them.
#[expect(clippy::expect_used, reason = "such values always serialize")]
pub(crate) fn as_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers serialize")
}
