//! What `validate` checks before a request is sent, as calls on `Violations`.

use std::fmt::Display;

use crate::model::{Field, Format, Limits, NamedType, Require, Struct, Type};

use super::literal::{float, quoted};

/// The calls on `Violations` that check a struct, in the order of its fields.
pub(super) fn checks(structure: &Struct, types: &[NamedType]) -> Vec<String> {
    let mut calls = Vec::new();
    for field in &structure.fields {
        field_checks(&mut calls, structure, field, types);
    }
    for require in &structure.require {
        let (method, indexes) = match require {
            Require::AnyOf(indexes) => ("any_of", indexes),
            Require::OneOf(indexes) => ("one_of", indexes),
            Require::Together(indexes) => ("together", indexes),
            Require::Fits {
                list,
                size,
                default,
            } => {
                let (list, size) = (structure.field(*list), structure.field(*size));
                calls.push(format!(
                    ".fits({}, self.{}.as_ref().map(Vec::len), {}, self.{}.unwrap_or({default}), {})",
                    quoted(&list.wire),
                    list.rust,
                    quoted(&size.wire),
                    size.rust,
                    size.limits.max.as_deref().unwrap_or("None"),
                ));
                continue;
            }
        };
        let pairs: Vec<String> = indexes
            .iter()
            .map(|index| structure.field(*index))
            .map(|field| format!("({}, self.{}.is_some())", quoted(&field.wire), field.rust))
            .collect();
        calls.push(format!(".{method}(&[{}])", pairs.join(", ")));
    }
    calls
}

fn field_checks(calls: &mut Vec<String>, structure: &Struct, field: &Field, types: &[NamedType]) {
    let optional = structure.is_optional(field);
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
        Type::String => {
            if let Some(range) = lengths(field.limits.min_len, field.limits.max_len) {
                calls.push(format!(".length({wire}, {text}, {range})"));
            }
            if let Some(format) = field.limits.format.filter(|format| format.is_validated()) {
                calls.push(format!(".format({wire}, {text}, Format::{format:?})"));
            }
        }
        Type::Struct(target) if is_checked(target, types, &mut Vec::new()) => {
            let value = if field.boxed { text } else { whole };
            calls.push(format!(".within({wire}, {value}, {target}::check)"));
        }
        Type::List(item) => {
            if let Some(range) = lengths(field.limits.min_items, field.limits.max_items) {
                calls.push(format!(".items({wire}, {count}, {range})"));
            }
            match item.as_ref() {
                Type::String => {
                    if let Some(range) = lengths(field.each.min_len, field.each.max_len) {
                        calls.push(format!(".each_length({wire}, {all}, {range})"));
                    }
                }
                Type::Struct(target) if is_checked(target, types, &mut Vec::new()) => {
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

/// Whether a struct, or one that it refers to, has checks.
pub(super) fn is_checked(name: &str, types: &[NamedType], seen: &mut Vec<String>) -> bool {
    let unseen = !seen.iter().any(|other| other == name);
    let Some(structure) = NamedType::find(types, name).filter(|_| unseen) else {
        return false;
    };
    seen.push(name.to_owned());
    !structure.require.is_empty()
        || structure.fields.iter().any(|field| {
            let limited = |limits: &Limits, ty: &Type| {
                lengths(limits.min_len, limits.max_len).is_some()
                    || lengths(limits.min_items, limits.max_items).is_some()
                    || limits.format.is_some_and(Format::is_validated)
                    || numbers(ty, limits).is_some()
            };
            let item = match &field.ty {
                Type::List(item) => item,
                ty => ty,
            };
            (field.required && structure.is_optional(field))
                || limited(&field.limits, &field.ty)
                || limited(&field.each, item)
                || matches!(item, Type::Struct(next) if is_checked(next, types, seen))
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

fn numbers(ty: &Type, limits: &Limits) -> Option<String> {
    let number = |text: &String| match ty {
        Type::Float => float(text),
        Type::Decimal => format!("Amount::from({text}_i64)"),
        _ => text.clone(),
    };
    if !matches!(ty, Type::Int | Type::Uint | Type::Float | Type::Decimal) {
        return None;
    }
    // Every uint is at least 0.
    let is_needed = |min: &&String| *ty != Type::Uint || *min != "0";
    let min = limits.min.as_ref().filter(is_needed);
    range(min.map(number), limits.max.as_ref().map(number))
}
