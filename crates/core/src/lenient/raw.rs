//! Questions about JSON text that is not decoded: how deep it is, and whether two texts are one value.

use serde_json::value::RawValue;

use super::context::DEEPEST;

/// Stands in a body for bytes that are not UTF-8: a noncharacter, so no text holds it by chance.
pub(crate) const INVALID: char = '\u{FFFE}';

/// Whether a JSON text has more than `most` lists and objects inside each other.
pub(crate) fn is_deeper(json: &str, most: usize) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    json.bytes().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > most
    })
}

/// Whether two values are the same; deep ones are only if they are written alike.
pub(crate) fn same(a: &RawValue, b: &RawValue) -> bool {
    let value = |raw: &RawValue| {
        let json = Some(raw.get()).filter(|json| !is_deeper(json, DEEPEST))?;
        serde_json::from_str::<serde_json::Value>(json).ok()
    };
    a.get() == b.get() || value(a).is_some_and(|a| Some(a) == value(b))
}
