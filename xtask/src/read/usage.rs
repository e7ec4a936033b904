//! Usage of named types: which are parts of the request and of the response, which fields are boxed,
//! and which types are unused or could never end.

use crate::load::problem::Problems;
use crate::model::{Enum, Field, NamedType, Struct, Type};

use super::types::TypeNames;

/// Completes the named types: marks which of them are parts of the request and of the response, boxes
/// fields, and adds the enumerations of the service that are used. Reports types that are unused, could
/// never end, or have a wrapped list in a request.
pub(super) fn resolve(
    names: &TypeNames<'_>,
    input: &Struct,
    output: &Struct,
    types: &mut Vec<NamedType>,
    problems: &mut Problems,
) {
    let in_request = reachable(input, types);
    let in_response = reachable(output, types);
    for ty in types.iter_mut() {
        if let NamedType::Struct(structure) = ty {
            structure.in_request = in_request.contains(&structure.name);
            structure.in_response = in_response.contains(&structure.name);
            report_wrapped_list(names, structure, problems);
        }
    }
    // A type that seems unused may be what a misspelt type of a field means.
    let has_unknown = |structure: &Struct| structure.fields.iter().any(|f| f.ty.is_unknown());
    let mut structs = types.iter().filter_map(NamedType::as_struct);
    if !has_unknown(input) && !has_unknown(output) && !structs.any(has_unknown) {
        for ty in types.iter() {
            let name = match ty {
                NamedType::Struct(structure) => &structure.name,
                NamedType::Enum(enumeration) => &enumeration.name,
            };
            if !in_request.contains(name) && !in_response.contains(name) {
                let message = format!("nothing uses the type {name:?}; use it or remove it");
                names.report(name, message, problems);
            }
        }
    }
    report_endless(names, types, problems);
    box_recursive_fields(types);
    let is_used =
        |shared: &&Enum| in_request.contains(&shared.name) || in_response.contains(&shared.name);
    let shared = names.shared.iter().filter(is_used).cloned();
    types.extend(shared.map(NamedType::Enum));
}

fn report_wrapped_list(names: &TypeNames<'_>, structure: &Struct, problems: &mut Problems) {
    let mut fields = structure.fields.iter();
    let wrapped = fields.find(|field| field.wrapper.is_some());
    if let Some(field) = wrapped.filter(|_| structure.in_request) {
        let message = format!(
            "the request uses this type, but {:?} is a wrapped list, which only responses have",
            field.wire
        );
        names.report(&structure.name, message, problems);
    }
}

/// The names of all types that a struct refers to.
fn reachable(from: &Struct, types: &[NamedType]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open: Vec<&Struct> = vec![from];
    while let Some(here) = open.pop() {
        for name in here.fields.iter().filter_map(|field| field.ty.type_name()) {
            if found.iter().any(|other| other == name) {
                continue;
            }
            found.push(name.to_owned());
            open.extend(NamedType::find(types, name));
        }
    }
    found
}

/// Reports structs that require themselves.
fn report_endless(names: &TypeNames<'_>, types: &[NamedType], problems: &mut Problems) {
    let is_required = |structure: &Struct, field: &Field| !structure.is_optional(field);
    for structure in types.iter().filter_map(NamedType::as_struct) {
        let is_endless = structure.fields.iter().any(|field| match &field.ty {
            Type::Struct(target) => {
                is_required(structure, field)
                    && leads_to(types, target, &structure.name, is_required)
            }
            _ => false,
        });
        if is_endless {
            let message = format!(
                "a {:?} requires another one; one of the fields between them cannot be required",
                structure.name
            );
            names.report(&structure.name, message, problems);
        }
    }
}

/// Boxes the fields by which a struct contains itself without a list or a map between, since its size
/// would have no end.
fn box_recursive_fields(types: &mut [NamedType]) {
    let mut recursive = Vec::new();
    for structure in types.iter().filter_map(NamedType::as_struct) {
        for field in &structure.fields {
            if let Type::Struct(target) = &field.ty
                && leads_to(types, target, &structure.name, |_, _| true)
            {
                recursive.push((structure.name.clone(), field.wire.clone()));
            }
        }
    }
    for ty in types {
        if let NamedType::Struct(Struct { name, fields, .. }) = ty {
            for field in fields {
                field.boxed = recursive.contains(&(name.clone(), field.wire.clone()));
            }
        }
    }
}

/// Whether the fields of one struct, and of those that they contain, lead to another; `follow` decides
/// which fields count.
fn leads_to(
    types: &[NamedType],
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
        let Some(structure) = NamedType::find(types, name).filter(|_| !seen.contains(&name)) else {
            continue;
        };
        seen.push(&structure.name);
        open.extend(structure.fields.iter().filter_map(|field| match &field.ty {
            Type::Struct(next) if follow(structure, field) => Some(next.as_str()),
            _ => None,
        }));
    }
    false
}
