//! The Rust expression that makes the request of an example: a constructor and calls of setters.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::load::json::{Member, Value};
use crate::model::{NamedType, Operation, RequestSample, Struct, Type};

use super::constructors::{arguments, constructor_name, setter_name};
use super::json::compact;
use super::literal::{float, quoted};
use super::rust_type::{rust_type, takes_into};

/// Lines longer than this are broken in docs; elsewhere rustfmt decides.
const WIDTH: usize = 88;

/// Types of core that an expression may name.
const FROM_CORE: [&str; 2] = ["Amount", "Json"];

const MAP: &str = "BTreeMap";

/// Writes such expressions for one operation, and records the types that they name, for the imports.
pub(super) struct ExampleRequest<'a> {
    operation: &'a Operation,
    /// What follows an expression that can fail: `?` or `.unwrap()`.
    after_fallible: &'a str,
    names: RefCell<BTreeSet<String>>,
}

impl<'a> ExampleRequest<'a> {
    /// For requests of an operation.
    pub(super) fn new(operation: &'a Operation, after_fallible: &'a str) -> Self {
        Self {
            operation,
            after_fallible,
            names: RefCell::default(),
        }
    }

    /// The expression for a request.
    pub(super) fn request(&self, request: &RequestSample) -> String {
        self.construct(&self.operation.input, &request.value, 0)
    }

    /// The types of the operation's service that the expressions name.
    pub(super) fn own_types(&self) -> Vec<String> {
        self.recorded(|name| !FROM_CORE.contains(&name) && name != MAP)
    }

    /// The types of core that the expressions name.
    pub(super) fn core_types(&self) -> Vec<String> {
        self.recorded(|name| FROM_CORE.contains(&name))
    }

    /// Whether the expressions name `BTreeMap`.
    pub(super) fn has_map(&self) -> bool {
        self.names.borrow().contains(MAP)
    }

    fn recorded(&self, is: impl Fn(&str) -> bool) -> Vec<String> {
        let names = self.names.borrow();
        names.iter().filter(|name| is(name)).cloned().collect()
    }

    fn name<'n>(&self, name: &'n str) -> &'n str {
        self.names.borrow_mut().insert(name.to_owned());
        name
    }

    /// The name of a type, recorded.
    fn ty(&self, ty: &Type) -> String {
        match ty {
            Type::List(item) => format!("Vec<{}>", self.ty(item)),
            Type::Map(item) => format!("{}<String, {}>", self.name(MAP), self.ty(item)),
            ty => {
                let name = rust_type(ty);
                if matches!(ty, Type::Decimal | Type::Json) || ty.type_name().is_some() {
                    self.name(&name);
                }
                name
            }
        }
    }

    /// `Name::new(required).with_field(value)…`, one call a line unless it is short.
    fn construct(&self, structure: &Struct, value: &Value, indent: usize) -> String {
        let given = |wire: &str| value.member(wire).map(|node| &node.value);
        let choice = structure.choice();
        let mut choices = choice.iter().copied();
        let chosen = choices.find(|field| given(&field.wire).is_some());
        let arguments: Vec<String> = arguments(structure)
            .into_iter()
            .chain(chosen)
            .filter_map(|field| Some(self.value(&field.ty, given(&field.wire)?, false, indent + 4)))
            .collect();
        let mut calls = vec![format!(
            "{}::{}({})",
            self.name(&structure.name),
            constructor_name(chosen),
            arguments.join(", ")
        )];
        for field in &structure.fields {
            let is_choice = choice.iter().any(|other| other.wire == field.wire);
            if structure.is_optional(field)
                && !is_choice
                && let Some(value) = given(&field.wire)
            {
                let value = self.value(&field.ty, value, false, indent + 4);
                calls.push(format!(".{}({value})", setter_name(field)));
            }
        }
        joined(&calls, indent + 4)
    }

    /// A value as an argument. With `owned` it has the type itself: inside of collections that are not
    /// converted item by item. Otherwise it may be anything that converts.
    fn value(&self, ty: &Type, value: &Value, owned: bool, indent: usize) -> String {
        let after_fallible = self.after_fallible;
        match (ty, value) {
            (Type::Struct(name), value) => NamedType::find(&self.operation.types, name)
                .map(|structure| self.construct(structure, value, indent))
                .unwrap_or_default(),
            (Type::Enum(name), Value::Text(text)) | (Type::IntEnum(name), Value::Number(text)) => {
                let mut values = NamedType::values(&self.operation.types, name).iter();
                let known = values.find(|value| value.wire == *text);
                known.map_or(String::new(), |value| {
                    format!("{}::{}", self.name(name), value.rust)
                })
            }
            (Type::List(item), Value::List(nodes)) => {
                let nodes = nodes.iter();
                let items = nodes.map(|node| {
                    self.value(item, &node.value, owned || !takes_into(item), indent + 4)
                });
                let items: Vec<String> = items.collect();
                match items.is_empty() {
                    true => format!("Vec::<{}>::new()", self.ty(item)),
                    false => listed(if owned { "vec![" } else { "[" }, &items, "]", indent),
                }
            }
            (Type::Map(item), Value::Object(members)) => {
                let pair = |member: &Member| {
                    let value = self.value(
                        item,
                        &member.node.value,
                        owned || !takes_into(item),
                        indent + 4,
                    );
                    let key = self.value(
                        &Type::String,
                        &Value::Text(member.key.clone()),
                        owned,
                        indent,
                    );
                    format!("({key}, {value})")
                };
                let items: Vec<String> = members.iter().map(pair).collect();
                match (items.is_empty(), owned) {
                    (_, true) => {
                        let open = format!("{}::from([", self.name(MAP));
                        listed(&open, &items, "])", indent)
                    }
                    (true, _) => format!("Vec::<(String, {})>::new()", self.ty(item)),
                    (false, _) => listed("[", &items, "]", indent),
                }
            }
            (Type::Decimal, Value::Number(text)) if text.parse::<i64>().is_ok() => {
                // An integer literal without a suffix is an i32.
                let suffix = if text.parse::<i32>().is_ok() {
                    ""
                } else {
                    "_i64"
                };
                let number = format!("{text}{suffix}");
                match owned {
                    true => format!("{}::from({number})", self.ty(ty)),
                    false => number,
                }
            }
            (Type::Decimal, Value::Number(text)) => {
                format!(
                    "{}.parse::<{}>(){after_fallible}",
                    quoted(text),
                    self.ty(ty)
                )
            }
            (Type::Json, value) => {
                format!(
                    "{}::try_from({}.to_owned()){after_fallible}",
                    self.ty(ty),
                    quoted(&compact(value))
                )
            }
            (Type::Float, Value::Number(text)) => float(text),
            (_, Value::Number(text)) => text.clone(),
            (_, Value::Bool(flag)) => flag.to_string(),
            (_, Value::Text(text)) if owned => format!("{}.to_owned()", quoted(text)),
            (_, Value::Text(text)) => quoted(text),
            // Samples of other kinds are problems, which end the run before.
            _ => String::new(),
        }
    }
}

/// Calls of one chain: on one line if they are few and short.
fn joined(calls: &[String], indent: usize) -> String {
    let line = calls.concat();
    if calls.len() < 3 && !line.contains('\n') && indent + line.len() <= WIDTH {
        return line;
    }
    calls.join(&format!("\n{}", " ".repeat(indent)))
}

fn listed(open: &str, items: &[String], close: &str, indent: usize) -> String {
    let line = format!("{open}{}{close}", items.join(", "));
    if !line.contains('\n') && indent + line.len() <= WIDTH {
        return line;
    }
    let inner = " ".repeat(indent + 4);
    let items: String = items
        .iter()
        .map(|item| format!("{inner}{item},\n"))
        .collect();
    format!("{open}\n{items}{}{close}", " ".repeat(indent))
}
