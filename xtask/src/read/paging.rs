//! Paging: the fields that a walk over pages reads and writes.

use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{Notes, PageStyle, Pagination, Step, Struct, Ty, Type};
use crate::words::hint;

use super::facts;

/// Reads the paging of an operation, with its provenance.
pub(super) fn pagination(
    object: &Object<'_>,
    input: &Struct,
    output: &Struct,
    types: &[Type],
    problems: &mut Problems,
) -> (Option<Pagination>, Notes) {
    let Some(paging) = object
        .get("pagination")
        .and_then(|spot| Object::open(&spot, "pagination", problems))
    else {
        return (None, Notes::default());
    };
    let notes = facts::notes(&paging, problems);
    let styles = ["page", "offset", "token"].map(|style| (style, style));
    let style = paging.choice("style", &styles, problems);
    let is_token = style == Some("token");
    for (key, belongs) in [("first", !is_token), ("next", is_token)] {
        if style.is_none() {
            // Which keys it needs is unknown.
        } else if belongs {
            paging.need(key, problems);
        } else if let (Some(spot), Some(style)) = (paging.get(key), style) {
            problems.push(spot.problem(format!("paging by {style} does not use {key:?}")));
        }
    }
    let first = paging.count("first", problems);
    let cursor_type = match style {
        Some("token") => Ty::String,
        Some(_) => Ty::Uint,
        None => Ty::Unknown,
    };
    let cursor = paging_input(&paging, "cursor", &cursor_type, input, problems);
    let size = paging_input(&paging, "size", &Ty::Uint, input, problems);
    let items = paging_output(&paging, "items", output, types, problems);
    let total = paging_output(&paging, "total", output, types, problems);
    let next = paging_output(&paging, "next", output, types, problems);
    let mut complain = |key: &str, ty: Option<&Ty>, fits: fn(&Ty) -> bool, wanted: &str| {
        if let Some(ty) = ty.filter(|ty| **ty != Ty::Unknown && !fits(ty))
            && let Some(spot) = paging.get(key)
        {
            let name = ty.spelling();
            problems.push(spot.problem(format!("this is a `{name}`, but {key:?} is {wanted}")));
        }
    };
    complain(
        "items",
        items.as_ref().map(|(_, ty)| ty),
        |ty| matches!(ty, Ty::List(_)),
        "a `list<…>`",
    );
    complain(
        "total",
        total.as_ref().map(|(_, ty)| ty),
        |ty| *ty == Ty::Uint,
        "a `uint`",
    );
    complain(
        "next",
        next.as_ref().map(|(_, ty)| ty),
        |ty| *ty == Ty::String,
        "a `string`",
    );
    let style = match style {
        Some("page") => first.map(PageStyle::Pages),
        Some("offset") => first.map(PageStyle::Offsets),
        _ => Some(PageStyle::Tokens),
    };
    let pagination = style
        .zip(cursor)
        .zip(items)
        .and_then(|((style, cursor), (items, ty))| {
            let Ty::List(item) = ty else {
                return None;
            };
            Some(Pagination {
                style,
                cursor,
                size,
                items,
                item: *item,
                total: total.map(|(steps, _)| steps).unwrap_or_default(),
                next: next.map(|(steps, _)| steps).unwrap_or_default(),
            })
        });
    (pagination, notes)
}

/// The input field that a key of `pagination` names.
fn paging_input(
    paging: &Object<'_>,
    key: &str,
    wanted: &Ty,
    input: &Struct,
    problems: &mut Problems,
) -> Option<usize> {
    let name = paging.text(key, problems)?;
    let spot = paging.get(key)?;
    let Some(index) = input.fields.iter().position(|field| field.wire == name) else {
        let hint = hint(&name, input.fields.iter().map(|field| field.wire.as_str()));
        problems.push(spot.problem(format!("the input has no field {name:?}{hint}")));
        return None;
    };
    let ty = &input.fields.get(index)?.ty;
    if ty != wanted && !matches!((ty, wanted), (Ty::Unknown, _) | (_, Ty::Unknown)) {
        let (is, wanted) = (ty.spelling(), wanted.spelling());
        problems.push(spot.problem(format!("{name:?} is a `{is}`, but {key:?} is a `{wanted}`")));
        return None;
    }
    Some(index)
}

/// The steps to the output field that a key of `pagination` names, and its type.
fn paging_output(
    paging: &Object<'_>,
    key: &str,
    output: &Struct,
    types: &[Type],
    problems: &mut Problems,
) -> Option<(Vec<Step>, Ty)> {
    let path = paging.text(key, problems)?;
    let spot = paging.get(key)?;
    let mut steps = Vec::new();
    let mut here = output;
    let mut found = Ty::Unknown;
    for (index, name) in path.split('.').enumerate() {
        if index > 0 {
            let Some(next) = found
                .named()
                .filter(|_| !found.is_collection())
                .and_then(|name| Type::find(types, name))
            else {
                if found != Ty::Unknown {
                    let is = found.spelling();
                    problems.push(spot.problem(format!("a `{is}` has no field {name:?}")));
                }
                return None;
            };
            here = next;
        }
        let Some(field) = here.fields.iter().find(|field| field.wire == name) else {
            let hint = hint(name, here.fields.iter().map(|field| field.wire.as_str()));
            let place = if index == 0 {
                "the output"
            } else {
                here.name.as_str()
            };
            problems.push(spot.problem(format!("{place} has no field {name:?}{hint}")));
            return None;
        };
        found = field.ty.clone();
        steps.push(Step {
            rust: field.rust.clone(),
            optional: here.is_optional(field),
            boxed: field.boxed,
        });
    }
    Some((steps, found))
}
