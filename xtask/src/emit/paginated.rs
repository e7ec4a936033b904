//! `impl Paginated` for an operation: one function here for each constant or method there.

use std::fmt::Write as _;

use crate::load::json::Value;
use crate::model::{Batch, Field, Operation, PageStyle, Pagination, Step, Struct};

use super::literal::quoted;
use super::rust_type::rust_type;

/// Writes the implementation of `Paginated`.
pub(super) fn write(out: &mut String, operation: &Operation, pagination: &Pagination) {
    let input = &operation.input;
    let cursor = input.field(pagination.cursor);
    let size = pagination.size.map(|index| input.field(index));
    let batch = pagination.batch.as_ref();
    let batch = batch.map(|batch| (batch, input.field(batch.list)));

    let mut items = vec![
        format!("type Item = {};", rust_type(&pagination.item)),
        paging(pagination.style, size, batch),
        cursor_methods(input, cursor, pagination.style),
        size_methods(input, size),
    ];
    // With `no_record` the output is an `Option`.
    let is_optional = !operation.no_record.is_empty();
    if !pagination.total.is_empty() {
        let total = borrowed(&pagination.total, is_optional, "");
        items.push(format!(
            "fn total(output: &Self::Output) -> Option<u64> {{ {total} }}"
        ));
    }
    if !pagination.next.is_empty() {
        let next = borrowed(&pagination.next, is_optional, ".clone()");
        items.push(format!(
            "fn next_token(output: &Self::Output) -> Option<String> {{ {next} }}"
        ));
    }
    let list = moved(&pagination.items, is_optional);
    items.push(format!(
        "fn into_items(output: Self::Output) -> Vec<Self::Item> {{ {list} }}"
    ));
    items.extend(batch.map(|(batch, list)| batch_methods(batch, list)));
    let _ = write!(
        out,
        "impl Paginated for {} {{\n{}\n}}\n\n",
        operation.name,
        items.join("\n\n")
    );
}

/// `PAGING`: the facts about the pages.
fn paging(style: PageStyle, size: Option<&Field>, batch: Option<(&Batch, &Field)>) -> String {
    let mut paging = match style {
        PageStyle::Pages(first) => format!("pages({first})"),
        PageStyle::Offsets(first) => format!("offsets({first})"),
        PageStyle::Tokens => "tokens()".to_owned(),
    };
    if let Some(Value::Number(default)) = size.and_then(|size| size.default.as_ref()) {
        let _ = write!(paging, ".default_size({default})");
    }
    if let Some(max) = size.and_then(|size| size.limits.max.as_ref()) {
        let _ = write!(paging, ".max_size({max})");
    }
    if let Some((batch, list)) = batch {
        let _ = write!(paging, ".batch(Batch::new({})", quoted(&list.wire));
        if let Some(max) = list.limits.max_items {
            let _ = write!(paging, ".max_items({max})");
        }
        if let Some(id) = &batch.id {
            let _ = write!(paging, ".item_id({})", quoted(&id.wire));
        }
        paging.push(')');
    }
    format!("const PAGING: Paging = Paging::{paging};")
}

/// `cursor` and `set_cursor`.
fn cursor_methods(input: &Struct, cursor: &Field, style: PageStyle) -> String {
    let (variant, clone) = match style {
        PageStyle::Tokens => ("Token", ".clone()"),
        PageStyle::Pages(_) | PageStyle::Offsets(_) => ("Number", ""),
    };
    let name = &cursor.rust;
    let (get, set) = match input.is_optional(cursor) {
        true => (
            format!("self.{name}{clone}.map(Cursor::{variant})"),
            format!("Some({name})"),
        ),
        false => (
            format!("Some(Cursor::{variant}(self.{name}{clone}))"),
            name.clone(),
        ),
    };
    format!(
        "fn cursor(&self) -> Option<Cursor> {{
            {get}
        }}

        fn set_cursor(&mut self, cursor: Cursor) {{
            if let Cursor::{variant}({name}) = cursor {{
                self.{name} = {set};
            }}
        }}"
    )
}

/// `page_size` and `set_page_size`.
fn size_methods(input: &Struct, size: Option<&Field>) -> String {
    let (get, argument, set) = match size {
        None => ("None".to_owned(), "_size", String::new()),
        Some(field) => {
            let name = &field.rust;
            let (get, set) = match input.is_optional(field) {
                true => (format!("self.{name}"), "Some(size)"),
                false => (format!("Some(self.{name})"), "size"),
            };
            (get, "size", format!("self.{name} = {set};"))
        }
    };
    format!(
        "fn page_size(&self) -> Option<u64> {{
            {get}
        }}

        fn set_page_size(&mut self, {argument}: u64) {{
            {set}
        }}"
    )
}

/// `batch_ids`, `batches` and, if the items have their id, `item_id`.
fn batch_methods(batch: &Batch, list: &Field) -> String {
    let list = &list.rust;
    let methods = format!(
        "fn batch_ids(&self) -> Vec<String> {{
            self.{list}.iter().flatten().map(ToString::to_string).collect()
        }}

        fn batches(&self, skip: usize, size: usize) -> Vec<Self> {{
            let mut rest = self.clone();
            let list = rest.{list}.take().unwrap_or_default();
            let parts = batches(list, skip, size).into_iter();
            parts.map(|part| Self {{ {list}: Some(part), ..rest.clone() }}).collect()
        }}"
    );
    let Some(id) = &batch.id else {
        return methods;
    };
    let name = &id.rust;
    let id = match id.optional {
        true => format!("item.{name}.as_ref().map(ToString::to_string)"),
        false => format!("Some(item.{name}.to_string())"),
    };
    format!(
        "{methods}

        fn item_id(item: &Self::Item) -> Option<String> {{ {id} }}"
    )
}

/// The expression that moves a list out of `output`, some fields down; empty if a step is absent.
/// `is_optional` says whether `output` itself may be absent.
fn moved(steps: &[Step], mut is_optional: bool) -> String {
    let mut code = "output".to_owned();
    for step in steps {
        let name = &step.rust;
        code = match (is_optional, step.optional) {
            (false, _) => format!("{code}.{name}"),
            (true, true) => format!("{code}.and_then(|part| part.{name})"),
            (true, false) => format!("{code}.map(|part| part.{name})"),
        };
        is_optional |= step.optional;
    }
    match is_optional {
        true => code + ".unwrap_or_default()",
        false => code,
    }
}

/// The expression for an `Option` of a value in the borrowed `output`, some fields down. `copy` takes
/// the value out of a reference.
fn borrowed(steps: &[Step], mut is_optional: bool, copy: &str) -> String {
    let mut code = "output".to_owned();
    if is_optional {
        code.push_str(".as_ref()");
    }
    for (index, step) in steps.iter().enumerate() {
        let name = &step.rust;
        let is_last = index + 1 == steps.len();
        let end = if is_last { copy } else { ".as_ref()" };
        code = match (is_optional, step.optional) {
            (false, true) => format!("{code}.{name}{end}"),
            (false, false) if is_last => format!("Some({code}.{name}{end})"),
            (false, false) => format!("{code}.{name}"),
            (true, true) => format!("{code}.and_then(|part| part.{name}{end})"),
            (true, false) if is_last => format!("{code}.map(|part| part.{name}{end})"),
            (true, false) => format!("{code}.map(|part| &part.{name})"),
        };
        is_optional |= step.optional;
    }
    code
}
