//! Limits of values.

use crate::check::value::value_problem;
use crate::load::json::Value;
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{Format, Limits, Type};

/// Reads the limits of a value of a type; only those that fit the type are allowed.
pub(super) fn limits(object: &Object<'_>, ty: &Type, problems: &mut Problems) -> Limits {
    let is_number = matches!(ty, Type::Int | Type::Uint | Type::Float | Type::Decimal);
    let groups: [(&[&str], bool, &str); 4] = [
        (&["min", "max"], is_number, "numbers"),
        (&["min_len", "max_len"], *ty == Type::String, "texts"),
        (
            &["min_items", "max_items"],
            matches!(ty, Type::List(_)),
            "lists",
        ),
        (&["format"], *ty == Type::String, "texts"),
    ];
    for (keys, fits, what) in groups {
        if fits || *ty == Type::Unknown {
            continue;
        }
        for key in keys {
            let name = ty.spelling();
            let message = format!("`{key}` is a limit for {what}, but this is a `{name}`");
            object.report_if_present(key, message, problems);
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
        let Some(text) = number else { continue };
        let value = Value::Number(text.clone());
        if let Some(message) = value_problem(ty, &Limits::default(), &[], &value) {
            object.report_if_present(key, message, problems);
        } else if *ty == Type::Decimal && text.parse::<i64>().is_err() {
            let message = "the limits of a `decimal` are whole numbers";
            object.report_if_present(key, message, problems);
        }
    }
    let number = |text: &Option<String>| text.as_ref()?.parse::<f64>().ok();
    let mut are_possible = true;
    for (max, min, is_crossed) in [
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
    ] {
        if is_crossed {
            object.report_if_present(max, format!("`{max}` is below `{min}`"), problems);
            are_possible = false;
        }
    }
    if are_possible {
        limits
    } else {
        // No value is within crossed limits: a correct default would be reported as well.
        Limits::default()
    }
}

fn is_above<T: PartialOrd>(min: Option<T>, max: Option<T>) -> bool {
    min.zip(max).is_some_and(|(min, max)| min > max)
}
