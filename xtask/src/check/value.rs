//! Checks of a single value against its type and its limits.

use crate::load::json::Value;
use crate::model::{Limits, Ty};
use crate::words::hint;

/// What is wrong with the number of items of a list.
pub fn items_complaint(limits: &Limits, count: u64) -> Option<String> {
    match (limits.min_items, limits.max_items) {
        (Some(min), _) if count < min => Some(format!("{count} items are fewer than {min}")),
        (_, Some(max)) if count > max => Some(format!("{count} items are more than {max}")),
        _ => None,
    }
}

/// What is wrong with a single value of a type.
pub fn complaint(ty: &Ty, limits: &Limits, values: &[&str], value: &Value) -> Option<String> {
    let fits = match (ty, value) {
        (Ty::Unknown | Ty::Json, _) => return None,
        (Ty::String, Value::Text(text)) => return text_complaint(limits, text),
        (Ty::Enum(name), Value::Text(text)) | (Ty::IntEnum(name), Value::Number(text)) => {
            return (!values.contains(&text.as_str())).then(|| {
                let hint = hint(text, values.iter().copied());
                let shown = match ty {
                    Ty::IntEnum(_) => text.clone(),
                    _ => format!("{text:?}"),
                };
                format!("{shown} is not among the values of {name}{hint}")
            });
        }
        (Ty::Bool, Value::Bool(_)) => true,
        (Ty::Float, Value::Number(text)) => text.parse().is_ok_and(f64::is_finite),
        // Whole numbers have no negative zero, so it would not be written back.
        (Ty::Int, Value::Number(text)) => text.parse::<i64>().is_ok() && text != "-0",
        (Ty::Uint, Value::Number(text)) => text.parse::<u64>().is_ok(),
        (Ty::Decimal, Value::Number(text) | Value::Text(text)) => is_decimal(text),
        _ => false,
    };
    if !fits {
        let name = ty.spelling();
        if let (Ty::Int | Ty::Uint | Ty::Float | Ty::Decimal, Value::Number(text)) = (ty, value) {
            return Some(format!("{text} does not fit a `{name}`"));
        }
        let shown = value.scalar_text();
        let shown = shown.map_or("this".to_owned(), |text| format!("{text:?}"));
        return Some(format!(
            "{shown} is {}, but a `{name}` is described",
            value.kind()
        ));
    }
    let number: f64 = match value {
        Value::Number(text) | Value::Text(text) => text.replace(',', "").parse().ok()?,
        _ => return None,
    };
    let limit = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<f64>().ok());
    match (limit(&limits.min), limit(&limits.max)) {
        (Some(min), _) if number < min => Some(format!("{number} is below {min}")),
        (_, Some(max)) if number > max => Some(format!("{number} is above {max}")),
        _ => None,
    }
}

fn text_complaint(limits: &Limits, text: &str) -> Option<String> {
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
