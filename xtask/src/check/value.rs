//! Checks of a single value against its type and its limits.

use crate::load::json::Value;
use crate::model::{Limits, Type};
use crate::wording::hint;

/// What is wrong with the number of items of a list.
pub fn items_problem(limits: &Limits, count: u64) -> Option<String> {
    match (limits.min_items, limits.max_items) {
        (Some(min), _) if count < min => Some(format!("{count} items are fewer than {min}")),
        (_, Some(max)) if count > max => Some(format!("{count} items are more than {max}")),
        _ => None,
    }
}

/// What is wrong with a single value of a type; `values` are those of an enumeration.
pub fn value_problem(ty: &Type, limits: &Limits, values: &[&str], value: &Value) -> Option<String> {
    let fits = match (ty, value) {
        (Type::Unknown | Type::Json, _) => return None,
        (Type::String, Value::Text(text)) => return text_problem(limits, text),
        (Type::Enum(name), Value::Text(text)) => {
            return enum_problem(name, values, text, &format!("{text:?}"));
        }
        (Type::IntEnum(name), Value::Number(text)) => {
            return enum_problem(name, values, text, text);
        }
        (Type::Bool, Value::Bool(_)) => return None,
        (Type::Float, Value::Number(text)) => text.parse().is_ok_and(f64::is_finite),
        // An `i64` has no negative zero: 0 would be written in its place.
        (Type::Int, Value::Number(text)) => text.parse::<i64>().is_ok() && text != "-0",
        (Type::Uint, Value::Number(text)) => text.parse::<u64>().is_ok(),
        (Type::Decimal, Value::Number(text) | Value::Text(text)) => is_decimal(text),
        _ => false,
    };
    match value {
        Value::Number(text) | Value::Text(text) if fits => range_problem(limits, text),
        _ => Some(type_problem(ty, value)),
    }
}

fn enum_problem(name: &str, values: &[&str], text: &str, shown: &str) -> Option<String> {
    if values.contains(&text) {
        return None;
    }
    let hint = hint(text, values.iter().copied());
    Some(format!("{shown} is not among the values of {name}{hint}"))
}

/// What is wrong with a value that does not fit its type.
fn type_problem(ty: &Type, value: &Value) -> String {
    let name = ty.spelling();
    if let (Type::Int | Type::Uint | Type::Float | Type::Decimal, Value::Number(text)) = (ty, value)
    {
        return format!("{text} does not fit a `{name}`");
    }
    let shown = value.scalar_text();
    let shown = shown.map_or("this".to_owned(), |text| format!("{text:?}"));
    format!("{shown} is {}, but a `{name}` is described", value.kind())
}

/// What is wrong with a number that fits its type.
fn range_problem(limits: &Limits, text: &str) -> Option<String> {
    let number: f64 = text.replace(',', "").parse().ok()?;
    let limit = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<f64>().ok());
    match (limit(&limits.min), limit(&limits.max)) {
        (Some(min), _) if number < min => Some(format!("{number} is below {min}")),
        (_, Some(max)) if number > max => Some(format!("{number} is above {max}")),
        _ => None,
    }
}

fn text_problem(limits: &Limits, text: &str) -> Option<String> {
    let length = text.chars().count() as u64;
    if limits.min_len.is_some_and(|min| min > 0) && text.trim().is_empty() {
        return Some(format!("{text:?} is blank"));
    }
    if let Some(min) = limits.min_len.filter(|min| length < *min) {
        return Some(format!(
            "{text:?} has {length} characters, fewer than {min}"
        ));
    }
    if let Some(max) = limits.max_len.filter(|max| length > *max) {
        return Some(format!("{text:?} has {length} characters, more than {max}"));
    }
    let format = limits.format.filter(|format| !format.matches(text))?;
    Some(format!("{text:?} must be {}", format.shape()))
}

/// Whether a text is a number such as `12`, `-12.50`, `1,828.72` or `4.5e3`, with no more digits than
/// an amount can have.
fn is_decimal(text: &str) -> bool {
    let plain = text.trim().replace(',', "").to_lowercase();
    let (mantissa, exponent) = plain.split_once('e').unwrap_or((&plain, "0"));
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let shift = exponent.parse::<i8>().map(i8::unsigned_abs);
    mantissa
        .trim_start_matches('-')
        .starts_with(|c: char| c.is_ascii_digit())
        && plain.parse::<f64>().is_ok()
        && shift.is_ok_and(|shift| digits + usize::from(shift) <= 28)
}
