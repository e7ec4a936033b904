//! Usage of types: which are sent, which are received, which fields are boxed, and which types are
//! unused or could never end.

use crate::load::problem::Problems;
use crate::model::{Enum, Field, Struct, Ty, Type};

use super::types::Types;

/// Marks which structs are sent and received and which fields are boxed, reports types that are
/// unused or could never end, and adds the enumerations of the service that are used.
pub(super) fn resolve(
    names: &Types<'_>,
    input: &mut Struct,
    output: &mut Struct,
    types: &mut Vec<Type>,
    problems: &mut Problems,
) {
    let sent = reachable(input, types);
    let received = reachable(output, types);
    // A type with a misspelt use is not unused.
    let all_known = {
        let parts = types
            .iter()
            .filter_map(Type::part)
            .chain([&*input, &*output]);
        !parts
            .flat_map(|part| &part.fields)
            .any(|field| field.ty.is_unknown())
    };
    for ty in types.iter_mut() {
        let name = match ty {
            Type::Struct(part) => {
                part.sent = sent.contains(&part.name);
                part.received = received.contains(&part.name);
                let wrapped = part.fields.iter().find(|field| field.wrapper.is_some());
                if let Some(field) = wrapped.filter(|_| part.sent) {
                    let message = format!(
                        "the request uses this type, but {:?} is a wrapped list, which only answers \
                         have",
                        field.wire
                    );
                    names.complain(&part.name, message, problems);
                }
                &part.name
            }
            Type::Enum(values) => &values.name,
        };
        if all_known && !sent.contains(name) && !received.contains(name) {
            let message = format!("nothing uses the type {name:?}; use it or remove it");
            names.complain(name, message, problems);
        }
    }
    boxes(names, types, problems);
    let is_used = |known: &&Enum| sent.contains(&known.name) || received.contains(&known.name);
    let shared = names.shared.iter().filter(is_used).cloned();
    types.extend(shared.map(Type::Enum));
}

/// The names of all types that a struct refers to.
fn reachable(from: &Struct, types: &[Type]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open: Vec<&Struct> = vec![from];
    while let Some(here) = open.pop() {
        for name in here.fields.iter().filter_map(|field| field.ty.named()) {
            if found.iter().any(|known| known == name) {
                continue;
            }
            found.push(name.to_owned());
            open.extend(Type::find(types, name));
        }
    }
    found
}

/// Boxes the fields by which a struct contains itself without a list or a map between, and reports
/// structs that require themselves.
fn boxes(names: &Types<'_>, types: &mut [Type], problems: &mut Problems) {
    let mut marks = Vec::new();
    for (index, ty) in types.iter().enumerate() {
        let Type::Struct(part) = ty else { continue };
        for (position, field) in part.fields.iter().enumerate() {
            let Ty::Struct(target) = &field.ty else {
                continue;
            };
            if leads_to(types, target, &part.name, |_, _| true) {
                marks.push((index, position));
            }
        }
        let must = |part: &Struct, field: &Field| !part.is_optional(field);
        let endless = part.fields.iter().any(|field| match &field.ty {
            Ty::Struct(target) => must(part, field) && leads_to(types, target, &part.name, must),
            _ => false,
        });
        if endless {
            let message = format!(
                "a {:?} requires another one; one of the fields between them cannot be required",
                part.name
            );
            names.complain(&part.name, message, problems);
        }
    }
    for (index, position) in marks {
        if let Some(Type::Struct(part)) = types.get_mut(index)
            && let Some(field) = part.fields.get_mut(position)
        {
            field.boxed = true;
        }
    }
}

fn leads_to(
    types: &[Type],
    from: &str,
    to: &str,
    follow: impl Fn(&Struct, &Field) -> bool,
) -> bool {
    let mut seen: Vec<&str> = Vec::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        let Some(part) = Type::find(types, name).filter(|_| !seen.contains(&name)) else {
            continue;
        };
        seen.push(&part.name);
        open.extend(part.fields.iter().filter_map(|field| match &field.ty {
            Ty::Struct(next) if follow(part, field) => Some(next.as_str()),
            _ => None,
        }));
    }
    false
}
