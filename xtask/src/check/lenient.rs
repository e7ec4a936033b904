//! What the lenient decoder accepts in place of a described key or value.

use crate::load::json::Value;
use crate::model::{Field, Struct, Ty};

/// What a scalar of another kind is read as, with the kind of the deviation and a message.
pub(super) fn accepted(ty: &Ty, value: &Value) -> Option<(&'static str, &'static str, Value)> {
    let (kind, message, accepted) = match (ty, value) {
        (Ty::Int | Ty::Uint | Ty::Float | Ty::IntEnum(_), Value::Text(text)) => (
            "text_for_number",
            "a text in place of a number",
            Value::Number(number_of(ty, text.trim())?),
        ),
        (Ty::String | Ty::Enum(_), Value::Number(text)) => (
            "number_for_text",
            "a number in place of a text",
            Value::Text(text.clone()),
        ),
        (Ty::Bool, Value::Text(_) | Value::Number(_)) => (
            "other_for_flag",
            "another value in place of a boolean",
            Value::Bool(flag_of(value)?),
        ),
        _ => return None,
    };
    Some((kind, message, accepted))
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
fn number_of(ty: &Ty, text: &str) -> Option<String> {
    match ty {
        Ty::Int | Ty::IntEnum(_) => text.parse::<i64>().ok().map(|number| number.to_string()),
        Ty::Uint => text.parse::<u64>().ok().map(|number| number.to_string()),
        _ => {
            let number = text.parse::<f64>().ok();
            let number = number.filter(|number| {
                number.is_finite() && text.ends_with(|c: char| c.is_ascii_digit())
            });
            number.map(|number| format!("{number:?}"))
        }
    }
}

/// The field of a key of an answer, and whether the key is spelt as described.
pub(super) fn field_for<'f>(of: &'f Struct, key: &str) -> Option<(&'f Field, bool)> {
    let named = |key: &str| {
        let mut fields = of.fields.iter();
        fields.find(|field| field.wire == key || field.aliases.iter().any(|alias| alias == key))
    };
    if let Some(field) = named(key) {
        return Some((field, true));
    }
    let folded = |field: &&Field| field.wire.eq_ignore_ascii_case(key.trim());
    let similar = named(key.trim()).or_else(|| of.fields.iter().find(folded));
    similar.map(|field| (field, false))
}
