//! Pagination: the fields that hold the cursor, the size, the items, the total and the next token.

use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{Batch, ItemId, NamedType, PageStyle, Pagination, Require, Step, Struct, Type};
use crate::wording::hint;

use super::doc::provenance;

/// Reads the `pagination` of an operation.
pub(super) fn pagination(
    object: &Object<'_>,
    input: &Struct,
    output: &Struct,
    types: &[NamedType],
    problems: &mut Problems,
) -> Option<Pagination> {
    let object = object
        .get("pagination")
        .and_then(|located| Object::open(&located, "pagination", problems))?;
    let provenance = provenance(&object, problems);
    let style = style(&object, problems);
    let cursor_type = match style {
        Some(Style::Token) => Type::String,
        Some(Style::Page | Style::Offset) => Type::Uint,
        None => Type::Unknown,
    };
    let cursor = input_field(&object, "cursor", &cursor_type, input, problems);
    let size = input_field(&object, "size", &Type::Uint, input, problems);
    let items = output_path(&object, "items", output, types, problems);
    let total = output_path(&object, "total", output, types, problems);
    let next = output_path(&object, "next", output, types, problems);
    let first = object.count("first", problems);
    let mut expect = |key: &str, ty: Option<&Type>, is_expected: fn(&Type) -> bool, name: &str| {
        if let Some(ty) = ty.filter(|ty| **ty != Type::Unknown && !is_expected(ty)) {
            let message = format!("this is a `{}`, but {key:?} is a `{name}`", ty.spelling());
            object.report_if_present(key, message, problems);
        }
    };
    let type_of = |path: &Option<(Vec<Step>, Type)>| path.as_ref().map(|(_, ty)| ty.clone());
    expect(
        "items",
        type_of(&items).as_ref(),
        |ty| matches!(ty, Type::List(_)),
        "list<…>",
    );
    expect(
        "total",
        type_of(&total).as_ref(),
        |ty| *ty == Type::Uint,
        "uint",
    );
    expect(
        "next",
        type_of(&next).as_ref(),
        |ty| *ty == Type::String,
        "string",
    );
    let (items, Type::List(item)) = items? else {
        return None;
    };
    let style = match style? {
        Style::Page => PageStyle::Pages(first?),
        Style::Offset => PageStyle::Offsets(first?),
        Style::Token => PageStyle::Tokens,
    };
    Some(Pagination {
        style,
        cursor: cursor?,
        size,
        batch: batch(&object, input, size, &item, types, problems),
        items,
        item: *item,
        total: total.map(|(steps, _)| steps).unwrap_or_default(),
        next: next.map(|(steps, _)| steps).unwrap_or_default(),
        provenance,
    })
}

/// The values of `style`.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    Page,
    Offset,
    Token,
}

/// Reads the style, and checks that its keys are there and those of other styles are not.
fn style(object: &Object<'_>, problems: &mut Problems) -> Option<Style> {
    let styles = [
        ("page", Style::Page),
        ("offset", Style::Offset),
        ("token", Style::Token),
    ];
    let style = object.choice("style", &styles, problems)?;
    let (needed, misplaced) = match style {
        Style::Token => ("next", "first"),
        Style::Page | Style::Offset => ("first", "next"),
    };
    object.require(needed, problems);
    let name = object.text("style", problems).unwrap_or_default();
    let message = format!("paging by {name} does not use {misplaced:?}");
    object.report_if_present(misplaced, message, problems);
    Some(style)
}

/// The list of ids in the request that `fits` the page.
fn batch(
    object: &Object<'_>,
    input: &Struct,
    size: Option<usize>,
    item: &Type,
    types: &[NamedType],
    problems: &mut Problems,
) -> Option<Batch> {
    let is_id = |ty: &Type| matches!(ty, Type::String | Type::Int | Type::Uint);
    let list = input.require.iter().find_map(|require| match require {
        Require::Fits {
            list, size: page, ..
        } if Some(*page) == size => Some(*list),
        _ => None,
    });
    let list = list.filter(|list| matches!(&input.field(*list).ty, Type::List(id) if is_id(id)));
    let Some(list) = list else {
        let message = "no list of texts or whole numbers `fits` the `size` of a page";
        object.report_if_present("id", message, problems);
        return None;
    };
    let name = object.text("id", problems);
    let id = name.zip(object.get("id")).and_then(|(name, located)| {
        let structure = item
            .type_name()
            .and_then(|name| NamedType::find(types, name));
        let Some(structure) = structure.filter(|_| !item.is_collection()) else {
            let is = item.spelling();
            problems.push(located.problem(format!("an item is a `{is}`, which has no fields")));
            return None;
        };
        let Some(field) = structure.fields.iter().find(|field| field.wire == name) else {
            let hint = hint(
                &name,
                structure.fields.iter().map(|field| field.wire.as_str()),
            );
            problems
                .push(located.problem(format!("{} has no field {name:?}{hint}", structure.name)));
            return None;
        };
        if !is_id(&field.ty) {
            let is = field.ty.spelling();
            let message = format!("this is a `{is}`, but \"id\" is a text or a whole number");
            problems.push(located.problem(message));
            return None;
        }
        Some(ItemId {
            wire: name,
            rust: field.rust.clone(),
            optional: structure.is_optional(field),
        })
    });
    Some(Batch { list, id })
}

/// The input field that a key of `pagination` names.
fn input_field(
    object: &Object<'_>,
    key: &str,
    wanted: &Type,
    input: &Struct,
    problems: &mut Problems,
) -> Option<usize> {
    let name = object.text(key, problems)?;
    let located = object.get(key)?;
    let Some(index) = input.fields.iter().position(|field| field.wire == name) else {
        let hint = hint(&name, input.fields.iter().map(|field| field.wire.as_str()));
        problems.push(located.problem(format!("the input has no field {name:?}{hint}")));
        return None;
    };
    let ty = &input.field(index).ty;
    if ty != wanted && !matches!((ty, wanted), (Type::Unknown, _) | (_, Type::Unknown)) {
        let (is, wanted) = (ty.spelling(), wanted.spelling());
        problems
            .push(located.problem(format!("{name:?} is a `{is}`, but {key:?} is a `{wanted}`")));
        return None;
    }
    Some(index)
}

/// The steps to the output field that a key of `pagination` names, and its type.
fn output_path(
    object: &Object<'_>,
    key: &str,
    output: &Struct,
    types: &[NamedType],
    problems: &mut Problems,
) -> Option<(Vec<Step>, Type)> {
    let path = object.text(key, problems)?;
    let located = object.get(key)?;
    let mut steps = Vec::new();
    let mut here = output;
    let mut found = Type::Unknown;
    for (index, name) in path.split('.').enumerate() {
        if index > 0 {
            let Some(next) = found
                .type_name()
                .filter(|_| !found.is_collection())
                .and_then(|name| NamedType::find(types, name))
            else {
                if found != Type::Unknown {
                    let is = found.spelling();
                    problems.push(located.problem(format!("a `{is}` has no field {name:?}")));
                }
                return None;
            };
            here = next;
        }
        let Some(field) = here.fields.iter().find(|field| field.wire == name) else {
            let hint = hint(name, here.fields.iter().map(|field| field.wire.as_str()));
            let parent = if index == 0 {
                "the output"
            } else {
                here.name.as_str()
            };
            problems.push(located.problem(format!("{parent} has no field {name:?}{hint}")));
            return None;
        };
        found = field.ty.clone();
        steps.push(Step {
            rust: field.rust.clone(),
            optional: here.is_optional(field),
        });
    }
    Some((steps, found))
}
