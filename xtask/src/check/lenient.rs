//! What the lenient decoder accepts in place of a described key or value.

use crate::load::json::Value;
use crate::model::{Field, Struct, Type};

/// A scalar of another kind than described that the decoder reads nevertheless.
pub(super) struct Accepted {
    /// The kind of the deviation.
    pub(super) kind: &'static str,
    pub(super) message: &'static str,
    /// What it is read as.
    pub(super) value: Value,
}

/// What the decoder reads a scalar of another kind as, if it does.
pub(super) fn accepted(ty: &Type, value: &Value) -> Option<Accepted> {
    let (kind, message, value) = match (ty, value) {
        (Type::Int | Type::Uint | Type::Float | Type::IntEnum(_), Value::Text(text)) => (
            "text_for_number",
            "a text in place of a number",
            Value::Number(number_of(ty, text.trim())?),
        ),
        (Type::String | Type::Enum(_), Value::Number(text)) => (
            "number_for_text",
            "a number in place of a text",
            Value::Text(text.clone()),
        ),
        (Type::Bool, Value::Text(_) | Value::Number(_)) => (
            "other_for_flag",
            "another value in place of a boolean",
            Value::Bool(flag_of(value)?),
        ),
        _ => return None,
    };
    Some(Accepted {
        kind,
        message,
        value,
    })
}

fn flag_of(value: &Value) -> Option<bool> {
    match value {
        Value::Number(text) if text == "1" => Some(true),
        Value::Number(text) if text == "0" => Some(false),
        Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The JSON number that the decoder reads from a text.
fn number_of(ty: &Type, text: &str) -> Option<String> {
    match ty {
        Type::Int | Type::IntEnum(_) => text.parse::<i64>().ok().map(|number| number.to_string()),
        Type::Uint => text.parse::<u64>().ok().map(|number| number.to_string()),
        _ => {
            let number = text.parse::<f64>().ok();
            let number = number.filter(|number| {
                number.is_finite() && text.ends_with(|c: char| c.is_ascii_digit())
            });
            number.map(|number| format!("{number:?}"))
        }
    }
}

/// The field of a key in a response, and whether the key is spelt as described.
pub(super) fn field_for<'f>(structure: &'f Struct, key: &str) -> Option<(&'f Field, bool)> {
    let spelt = |key: &str| {
        let mut fields = structure.fields.iter();
        fields.find(|field| field.wire == key || field.aliases.iter().any(|alias| alias == key))
    };
    if let Some(field) = spelt(key) {
        return Some((field, true));
    }
    let folded = |field: &&Field| field.wire.eq_ignore_ascii_case(key.trim());
    let similar = spelt(key.trim()).or_else(|| structure.fields.iter().find(folded));
    similar.map(|field| (field, false))
}
