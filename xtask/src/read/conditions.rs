//! Conditions over several fields of a struct.

use crate::load::json::Value;
use crate::load::object::{Object, items};
use crate::load::problem::Problems;
use crate::model::{Field, Require, Type};
use crate::wording::hint;

/// Reads the conditions over the fields of a struct.
pub(super) fn conditions(
    object: &Object<'_>,
    fields: &[Field],
    problems: &mut Problems,
) -> Vec<Require> {
    let mut all = Vec::new();
    let Some(located) = object.get("require") else {
        return all;
    };
    for item in items(&located, problems) {
        let Some(condition) = Object::open(&item, "condition", problems) else {
            continue;
        };
        let keys = ["any_of", "one_of", "together", "fits"];
        let mut keys = keys.into_iter().filter(|key| condition.has(key));
        let (Some(key), None) = (keys.next(), keys.next()) else {
            problems.push(
                item.problem("a condition is one of `any_of`, `one_of`, `together` and `fits`"),
            );
            continue;
        };
        let names = condition.texts(key, problems);
        if condition
            .get(key)
            .is_some_and(|list| items(&list, problems).len() < 2)
        {
            problems.push(item.problem("a condition needs at least two fields"));
        }
        let mut indexes = Vec::new();
        for (name, located) in names {
            match fields.iter().position(|field| field.wire == name) {
                Some(index) if fields.get(index).is_some_and(|field| field.required) => {
                    problems.push(located.problem(format!("{name:?} is required anyway")));
                }
                Some(index) if indexes.contains(&index) => {
                    problems.push(located.problem(format!("{name:?} occurs twice")));
                }
                Some(index) => indexes.push(index),
                None => {
                    let hint = hint(&name, fields.iter().map(|field| field.wire.as_str()));
                    problems.push(located.problem(format!("there is no field {name:?}{hint}")));
                }
            }
        }
        match key {
            "any_of" => all.push(Require::AnyOf(indexes)),
            "one_of" => all.push(Require::OneOf(indexes)),
            "together" => all.push(Require::Together(indexes)),
            _ => match fits(fields, &indexes) {
                Some(fits) => all.push(fits),
                None => problems.push(
                    item.problem("`fits` needs a list and a uint with a default, in this order"),
                ),
            },
        }
    }
    all
}

/// The condition that a list is not longer than the page of its response.
fn fits(fields: &[Field], indexes: &[usize]) -> Option<Require> {
    let &[list, size] = indexes else {
        return None;
    };
    let (list_field, size_field) = (fields.get(list)?, fields.get(size)?);
    let default = match size_field.default.as_ref()? {
        Value::Number(digits) => digits.parse().ok()?,
        _ => return None,
    };
    let types_fit = matches!(list_field.ty, Type::List(_)) && matches!(size_field.ty, Type::Uint);
    types_fit.then_some(Require::Fits {
        list,
        size,
        default,
    })
}
