//! Paging: the fields that a walk over pages reads and writes.

use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{Batch, Notes, PageStyle, Pagination, Require, RowId, Step, Struct, Ty, Type};
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
            let batch = batch(&paging, input, size, &item, types, problems);
            Some(Pagination {
                style,
                cursor,
                size,
                items,
                item: *item,
                total: total.map(|(steps, _)| steps).unwrap_or_default(),
                next: next.map(|(steps, _)| steps).unwrap_or_default(),
                batch,
            })
        });
    (pagination, notes)
}

/// The list of the request that `fits` the page, which a walk sends in parts.
fn batch(
    paging: &Object<'_>,
    input: &Struct,
    size: Option<usize>,
    row: &Ty,
    types: &[Type],
    problems: &mut Problems,
) -> Option<Batch> {
    let is_id = |ty: &Ty| matches!(ty, Ty::String | Ty::Int | Ty::Uint);
    let list = input.require.iter().find_map(|require| match require {
        Require::Fits {
            list, size: page, ..
        } if Some(*page) == size => Some(*list),
        _ => None,
    });
    let list = list.filter(|list| {
        let ty = input.fields.get(*list).map(|field| &field.ty);
        matches!(ty, Some(Ty::List(item)) if is_id(item))
    });
    let Some(list) = list else {
        let message = "no list of texts or whole numbers `fits` the `size` of a page";
        paging.complain("id", message, problems);
        return None;
    };
    let name = paging.text("id", problems);
    let id = name.zip(paging.get("id")).and_then(|(name, spot)| {
        let of = row.named().and_then(|name| Type::find(types, name));
        let Some(of) = of.filter(|_| !row.is_collection()) else {
            let is = row.spelling();
            problems.push(spot.problem(format!("a row is a `{is}`, which has no fields")));
            return None;
        };
        let Some(field) = of.fields.iter().find(|field| field.wire == name) else {
            let hint = hint(&name, of.fields.iter().map(|field| field.wire.as_str()));
            problems.push(spot.problem(format!("{} has no field {name:?}{hint}", of.name)));
            return None;
        };
        if !is_id(&field.ty) {
            let is = field.ty.spelling();
            let message = format!("this is a `{is}`, but \"id\" is a text or a whole number");
            problems.push(spot.problem(message));
            return None;
        }
        Some(RowId {
            wire: name,
            rust: field.rust.clone(),
            optional: of.is_optional(field),
        })
    });
    Some(Batch { list, id })
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
