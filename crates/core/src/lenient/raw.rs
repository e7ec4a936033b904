//! JSON text that is not decoded: its depth, and whether two texts have the same value.

use serde_json::value::RawValue;

use super::context::DEEPEST;

/// Replaces bytes of a body that are not UTF-8. It is a noncharacter, so no text contains it by chance.
pub(crate) const INVALID: char = '\u{FFFE}';

/// Whether lists and objects of a JSON text are nested more than `most` levels deep.
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

/// Whether two values are the same. Values nested deeper than a type reads must be written alike.
pub(crate) fn same(a: &RawValue, b: &RawValue) -> bool {
    let value = |raw: &RawValue| {
        let json = Some(raw.get()).filter(|json| !is_deeper(json, DEEPEST))?;
        serde_json::from_str::<serde_json::Value>(json).ok()
    };
    a.get() == b.get() || value(a).is_some_and(|a| Some(a) == value(b))
}
