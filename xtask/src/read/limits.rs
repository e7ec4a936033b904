//! Limits of values.

use crate::check::value::complaint;
use crate::load::json::Value;
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{Format, Limits, Ty};

/// Reads the limits of a value of a type; only those that fit the type are allowed.
pub(super) fn limits(object: &Object<'_>, ty: &Ty, problems: &mut Problems) -> Limits {
    let is_number = matches!(ty, Ty::Int | Ty::Uint | Ty::Float | Ty::Decimal);
    let groups: [(&[&str], bool, &str); 4] = [
        (&["min", "max"], is_number, "numbers"),
        (&["min_len", "max_len"], *ty == Ty::String, "texts"),
        (
            &["min_items", "max_items"],
            matches!(ty, Ty::List(_)),
            "lists",
        ),
        (&["format"], *ty == Ty::String, "texts"),
    ];
    for (keys, fits, what) in groups {
        if fits || *ty == Ty::Unknown {
            continue;
        }
        for key in keys {
            let name = ty.spelling();
            let message = format!("`{key}` is a limit for {what}, but this is a `{name}`");
            object.complain(key, message, problems);
        }
    }
    let limits = Limits {
        min: object.number("min", problems),
        max: object.number("max", problems),
        min_len: object.count("min_len", problems),
        max_len: object.count("max_len", problems),
        min_items: object.count("min_items", problems),
        max_items: object.count("max_items", problems),
        format: object.choice("format", &Format::ALL, problems),
    };
    for (key, number) in [("min", &limits.min), ("max", &limits.max)] {
        if let Some(message) = number
            .as_ref()
            .and_then(|text| complaint(ty, &Limits::default(), &[], &Value::Number(text.clone())))
        {
            object.complain(key, message, problems);
        }
    }
    for (key, number) in [("min", &limits.min), ("max", &limits.max)] {
        let is_whole = number
            .as_ref()
            .is_none_or(|text| text.parse::<i64>().is_ok());
        if let Some(spot) = object.get(key).filter(|_| *ty == Ty::Decimal && !is_whole) {
            problems.push(spot.problem("the limits of a `decimal` are whole numbers"));
        }
    }
    let number = |text: &Option<String>| text.as_ref()?.parse::<f64>().ok();
    let crossed = [
        (
            "max",
            "min",
            is_above(number(&limits.min), number(&limits.max)),
        ),
        (
            "max_len",
            "min_len",
            is_above(limits.min_len, limits.max_len),
        ),
        (
            "max_items",
            "min_items",
            is_above(limits.min_items, limits.max_items),
        ),
    ];
    for (max, min, _) in crossed.iter().filter(|(.., crossed)| *crossed) {
        object.complain(max, format!("`{max}` is below `{min}`"), problems);
    }
    match crossed.iter().any(|(.., crossed)| *crossed) {
        // Every sample would break them.
        true => Limits::default(),
        false => limits,
    }
}

fn is_above<T: PartialOrd>(min: Option<T>, max: Option<T>) -> bool {
    min.zip(max).is_some_and(|(min, max)| min > max)
}
