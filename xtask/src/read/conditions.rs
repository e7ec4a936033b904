//! Conditions over several fields of a struct.

use crate::load::json::Value;
use crate::load::object::{Object, items};
use crate::load::problem::Problems;
use crate::load::schema;
use crate::model::{Require, Struct, Ty};
use crate::words::hint;

/// Reads the conditions over several fields of a struct.
pub(super) fn conditions(
    object: &Object<'_>,
    of: &Struct,
    problems: &mut Problems,
) -> Vec<Require> {
    let mut all = Vec::new();
    let Some(spot) = object.get("require") else {
        return all;
    };
    for item in items(&spot, problems) {
        let Some(require) = Object::open(&item, "condition", problems) else {
            continue;
        };
        let kinds = &schema::kind("condition").keys;
        let mut kinds = kinds.iter().filter(|key| require.has(key));
        let (Some(kind), None) = (kinds.next(), kinds.next()) else {
            problems.push(
                item.problem("a condition is one of `any_of`, `one_of`, `together` and `fits`"),
            );
            continue;
        };
        let mut indexes = Vec::new();
        for (name, spot) in require.texts(kind, problems) {
            match of.fields.iter().position(|field| field.wire == name) {
                Some(index) if of.fields.get(index).is_some_and(|field| field.required) => {
                    problems.push(spot.problem(format!("{name:?} is required anyway")));
                }
                Some(index) if indexes.contains(&index) => {
                    problems.push(spot.problem(format!("{name:?} occurs twice")));
                }
                Some(index) => indexes.push(index),
                None => {
                    let hint = hint(&name, of.fields.iter().map(|field| field.wire.as_str()));
                    problems.push(spot.problem(format!("there is no field {name:?}{hint}")));
                }
            }
        }
        let wanted = require
            .get(kind)
            .map(|spot| items(&spot, problems).len())
            .unwrap_or_default();
        if wanted < 2 {
            problems.push(item.problem("a condition needs at least two fields"));
        }
        all.push(match kind.as_str() {
            "any_of" => Require::AnyOf(indexes),
            "one_of" => Require::OneOf(indexes),
            "fits" => {
                match fits(of, &indexes) {
                    Some(fits) => fits,
                    None => {
                        problems.push(item.problem(
                            "`fits` needs a list and a uint with a default, in this order",
                        ));
                        continue;
                    }
                }
            }
            _ => Require::Together(indexes),
        });
    }
    all
}

/// The condition that a list is not longer than the page of its answer.
fn fits(of: &Struct, indexes: &[usize]) -> Option<Require> {
    let &[list, size] = indexes else {
        return None;
    };
    let (list_field, size_field) = (of.fields.get(list)?, of.fields.get(size)?);
    let default = match size_field.default.as_ref()? {
        Value::Number(digits) => digits.parse().ok()?,
        _ => return None,
    };
    let fine = matches!(list_field.ty, Ty::List(_)) && matches!(size_field.ty, Ty::Uint);
    fine.then_some(Require::Fits {
        list,
        size,
        default,
    })
}
