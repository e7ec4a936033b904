//! The walk over the pages of an operation: `impl Paginated`.

use std::fmt::Write as _;

use crate::load::json::Value;
use crate::model::{Operation, PageStyle, Pagination, Step};

use super::literal::quoted;
use super::value::rust_type;

/// Writes the implementation of `Paginated`.
pub(super) fn implementation(out: &mut String, operation: &Operation, pagination: &Pagination) {
    let input = &operation.input;
    let Some(cursor) = input.fields.get(pagination.cursor) else {
        return;
    };
    let size = pagination.size.and_then(|index| input.fields.get(index));
    let (variant, clone) = match pagination.style {
        PageStyle::Tokens => ("Token", ".clone()"),
        PageStyle::Pages(_) | PageStyle::Offsets(_) => ("Number", ""),
    };

    let mut paging = match pagination.style {
        PageStyle::Pages(first) => format!("pages({first})"),
        PageStyle::Offsets(first) => format!("offsets({first})"),
        PageStyle::Tokens => "tokens()".to_owned(),
    };
    let default = size.and_then(|size| size.default.as_ref());
    if let Some(Value::Number(default)) = default {
        let _ = write!(paging, ".default_size({default})");
    }
    if let Some(max) = size.and_then(|size| size.limits.max.as_ref()) {
        let _ = write!(paging, ".max_size({max})");
    }

    let batch = pagination.batch.as_ref();
    let list = batch.and_then(|batch| input.fields.get(batch.list));
    let id = batch.and_then(|batch| batch.id.as_ref());
    if let Some(list) = list {
        let _ = write!(paging, ".batch(Batch::new({})", quoted(&list.wire));
        if let Some(max) = list.limits.max_items {
            let _ = write!(paging, ".max_items({max})");
        }
        if let Some(id) = id {
            let _ = write!(paging, ".item_id({})", quoted(&id.wire));
        }
        paging.push(')');
    }

    let name = &cursor.rust;
    let (get_cursor, set_cursor) = match input.is_optional(cursor) {
        true => (
            format!("self.{name}{clone}.map(Cursor::{variant})"),
            format!("Some({name})"),
        ),
        false => (
            format!("Some(Cursor::{variant}(self.{name}{clone}))"),
            name.clone(),
        ),
    };
    let unused = if size.is_none() { "_" } else { "" };
    let (get_size, set_size) = match size {
        None => ("None".to_owned(), String::new()),
        Some(size) => {
            let name = &size.rust;
            match input.is_optional(size) {
                true => (format!("self.{name}"), format!("self.{name} = Some(size);")),
                false => (format!("Some(self.{name})"), format!("self.{name} = size;")),
            }
        }
    };
    let _ = write!(
        out,
        "impl Paginated for {} {{
            type Item = {};

            const PAGING: Paging = Paging::{paging};

            fn cursor(&self) -> Option<Cursor> {{
                {get_cursor}
            }}

            fn set_cursor(&mut self, cursor: Cursor) {{
                if let Cursor::{variant}({name}) = cursor {{
                    self.{name} = {set_cursor};
                }}
            }}

            fn page_size(&self) -> Option<u64> {{
                {get_size}
            }}

            fn set_page_size(&mut self, {unused}size: u64) {{
                {set_size}
            }}

        ",
        operation.name,
        rust_type(&pagination.item)
    );

    // An output that may be absent is one more step that may lead nowhere.
    let optional = !operation.no_record.is_empty();
    if !pagination.total.is_empty() {
        let total = reference(&pagination.total, optional, "");
        let _ = writeln!(
            out,
            "fn total(output: &Self::Output) -> Option<u64> {{ {total} }}\n"
        );
    }
    if !pagination.next.is_empty() {
        let next = reference(&pagination.next, optional, ".clone()");
        let _ = writeln!(
            out,
            "fn next_token(output: &Self::Output) -> Option<String> {{ {next} }}\n"
        );
    }
    let items = value(&pagination.items, optional);
    let _ = writeln!(
        out,
        "fn into_items(output: Self::Output) -> Vec<Self::Item> {{ {items} }}\n"
    );
    if let Some(list) = list {
        let list = &list.rust;
        let _ = writeln!(
            out,
            "fn batch_ids(&self) -> Vec<String> {{
                self.{list}.iter().flatten().map(ToString::to_string).collect()
            }}

            fn batches(&self, skip: usize, size: usize) -> Vec<Self> {{
                let mut rest = self.clone();
                let list = rest.{list}.take().unwrap_or_default();
                let parts = batches(list, skip, size).into_iter();
                parts.map(|part| Self {{ {list}: Some(part), ..rest.clone() }}).collect()
            }}\n"
        );
    }
    if let Some(id) = id {
        let name = &id.rust;
        let id = match id.optional {
            true => format!("item.{name}.as_ref().map(ToString::to_string)"),
            false => format!("Some(item.{name}.to_string())"),
        };
        let _ = writeln!(
            out,
            "fn item_id(item: &Self::Item) -> Option<String> {{ {id} }}\n"
        );
    }
    out.truncate(out.trim_end().len());
    out.push_str("\n}\n\n");
}

/// The expression that moves a list out of `output`, some fields down; empty if a step is absent.
fn value(steps: &[Step], mut optional: bool) -> String {
    let mut code = "output".to_owned();
    for step in steps {
        let name = &step.rust;
        code = match (optional, step.optional) {
            (false, _) => format!("{code}.{name}"),
            (true, true) => format!("{code}.and_then(|part| part.{name})"),
            (true, false) => format!("{code}.map(|part| part.{name})"),
        };
        optional |= step.optional;
    }
    match optional {
        true => code + ".unwrap_or_default()",
        false => code,
    }
}

/// The expression for an `Option` of a value in `output`, some fields down. `copy` takes the value
/// out of a reference.
fn reference(steps: &[Step], mut optional: bool, copy: &str) -> String {
    let mut code = "output".to_owned();
    if optional {
        code.push_str(".as_ref()");
    }
    for (index, step) in steps.iter().enumerate() {
        let name = &step.rust;
        let is_last = index + 1 == steps.len();
        let end = if is_last { copy } else { ".as_ref()" };
        code = match (optional, step.optional) {
            (false, true) => format!("{code}.{name}{end}"),
            (false, false) if is_last => format!("Some({code}.{name}{end})"),
            (false, false) => format!("{code}.{name}"),
            (true, true) => format!("{code}.and_then(|part| part.{name}{end})"),
            (true, false) if is_last => format!("{code}.map(|part| part.{name}{end})"),
            (true, false) => format!("{code}.map(|part| &part.{name})"),
        };
        optional |= step.optional;
    }
    code
}
