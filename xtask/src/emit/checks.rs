//! The checks of a request before it is sent, as calls on `Violations`.

use std::fmt::Display;

use crate::model::{Field, Format, Limits, Require, Struct, Ty, Type};

use super::literal::quoted;
use super::value::float;

/// The calls on `Violations` that check a struct, in the order of its fields.
pub(super) fn checks(of: &Struct, types: &[Type]) -> Vec<String> {
    let mut calls = Vec::new();
    for field in &of.fields {
        field_checks(&mut calls, of, field, types);
    }
    for require in &of.require {
        let (method, indexes) = match require {
            Require::AnyOf(indexes) => ("any_of", indexes),
            Require::OneOf(indexes) => ("one_of", indexes),
            Require::Together(indexes) => ("together", indexes),
            Require::Fits {
                list,
                size,
                default,
            } => {
                if let (Some(list), Some(size)) = (of.fields.get(*list), of.fields.get(*size)) {
                    calls.push(format!(
                        ".fits({}, self.{}.as_ref().map(Vec::len), {}, self.{}.unwrap_or({default}), {})",
                        quoted(&list.wire),
                        list.rust,
                        quoted(&size.wire),
                        size.rust,
                        size.limits.max.as_deref().unwrap_or("None"),
                    ));
                }
                continue;
            }
        };
        let pairs: Vec<String> = indexes
            .iter()
            .filter_map(|index| of.fields.get(*index))
            .map(|field| format!("({}, self.{}.is_some())", quoted(&field.wire), field.rust))
            .collect();
        calls.push(format!(".{method}(&[{}])", pairs.join(", ")));
    }
    calls
}

fn field_checks(calls: &mut Vec<String>, of: &Struct, field: &Field, types: &[Type]) {
    let optional = of.is_optional(field);
    let (wire, name) = (quoted(&field.wire), &field.rust);
    if field.required && optional {
        calls.push(format!(".required({wire}, self.{name}.is_some())"));
    }
    let [whole, text, all, count] = match optional {
        true => [
            format!("self.{name}.as_ref()"),
            format!("self.{name}.as_deref()"),
            format!("self.{name}.as_deref().unwrap_or_default()"),
            format!("self.{name}.as_ref().map(Vec::len)"),
        ],
        false => [
            format!("Some(&self.{name})"),
            format!("Some(self.{name}.as_str())"),
            format!("&self.{name}"),
            format!("self.{name}.len()"),
        ],
    };
    match &field.ty {
        Ty::String => {
            if let Some(range) = lengths(field.limits.min_len, field.limits.max_len) {
                calls.push(format!(".length({wire}, {text}, {range})"));
            }
            if let Some(format) = field.limits.format.and_then(Format::checked) {
                calls.push(format!(".format({wire}, {text}, {format})"));
            }
        }
        Ty::Struct(target) if is_checked(target, types, &mut Vec::new()) => {
            let value = if field.boxed { text } else { whole };
            calls.push(format!(".within({wire}, {value}, {target}::check)"));
        }
        Ty::List(item) => {
            if let Some(range) = lengths(field.limits.min_items, field.limits.max_items) {
                calls.push(format!(".items({wire}, {count}, {range})"));
            }
            match item.as_ref() {
                Ty::String => {
                    if let Some(range) = lengths(field.each.min_len, field.each.max_len) {
                        calls.push(format!(".each_length({wire}, {all}, {range})"));
                    }
                }
                Ty::Struct(target) if is_checked(target, types, &mut Vec::new()) => {
                    calls.push(format!(".within_each({wire}, {all}, {target}::check)"));
                }
                item => {
                    if let Some(range) = numbers(item, &field.each) {
                        calls.push(format!(".each_range({wire}, {all}, {range})"));
                    }
                }
            }
        }
        ty => {
            if let Some(range) = numbers(ty, &field.limits) {
                calls.push(format!(".range({wire}, {whole}, {range})"));
            }
        }
    }
}

/// Whether a struct or a part of it has checks.
pub(super) fn is_checked(name: &str, types: &[Type], seen: &mut Vec<String>) -> bool {
    let unseen = !seen.iter().any(|known| known == name);
    let Some(part) = Type::find(types, name).filter(|_| unseen) else {
        return false;
    };
    seen.push(name.to_owned());
    !part.require.is_empty()
        || part.fields.iter().any(|field| {
            let limited = |limits: &Limits, ty: &Ty| {
                lengths(limits.min_len, limits.max_len).is_some()
                    || lengths(limits.min_items, limits.max_items).is_some()
                    || limits.format.and_then(Format::checked).is_some()
                    || numbers(ty, limits).is_some()
            };
            let item = match &field.ty {
                Ty::List(item) => item,
                ty => ty,
            };
            (field.required && part.is_optional(field))
                || limited(&field.limits, &field.ty)
                || limited(&field.each, item)
                || matches!(item, Ty::Struct(next) if is_checked(next, types, seen))
        })
}

fn lengths(min: Option<u64>, max: Option<u64>) -> Option<String> {
    range(min.filter(|min| *min > 0), max)
}

fn range<T: Display>(min: Option<T>, max: Option<T>) -> Option<String> {
    match (min, max) {
        (None, None) => None,
        (Some(min), None) => Some(format!("{min}..")),
        (None, Some(max)) => Some(format!("..={max}")),
        (Some(min), Some(max)) => Some(format!("{min}..={max}")),
    }
}

fn numbers(ty: &Ty, limits: &Limits) -> Option<String> {
    let number = |text: &String| match ty {
        Ty::Float => float(text),
        Ty::Decimal => format!("Amount::from({text}_i64)"),
        _ => text.clone(),
    };
    if !matches!(ty, Ty::Int | Ty::Uint | Ty::Float | Ty::Decimal) {
        return None;
    }
    // Every uint is at least 0.
    let is_needed = |min: &&String| *ty != Ty::Uint || *min != "0";
    let min = limits.min.as_ref().filter(is_needed);
    range(min.map(number), limits.max.as_ref().map(number))
}
