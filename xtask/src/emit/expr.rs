//! The Rust that makes the request of an example.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::load::json::{Member, Value};
use crate::model::{Operation, RequestSample, Struct, Ty, Type};

use super::constructors::{arguments, constructor_name, setter_name};
use super::json::compact;
use super::literal::quoted;
use super::value::{converts, float, rust_type};

/// Lines longer than this are broken in docs; elsewhere rustfmt decides.
const WIDTH: usize = 88;

/// Types of core that an expression may name.
const FROM_CORE: [&str; 2] = ["Amount", "Json"];

const MAP: &str = "BTreeMap";

/// Writes expressions for one operation, and records the types that they name.
pub(super) struct Expr<'a> {
    operation: &'a Operation,
    /// What follows an expression that can fail: `?` or `.unwrap()`.
    fallible: &'a str,
    names: RefCell<BTreeSet<String>>,
}

impl<'a> Expr<'a> {
    /// For requests of an operation.
    pub(super) fn new(operation: &'a Operation, fallible: &'a str) -> Self {
        Self {
            operation,
            fallible,
            names: RefCell::default(),
        }
    }

    /// The expression for a request.
    pub(super) fn request(&self, request: &RequestSample) -> String {
        self.make(&self.operation.input, &request.value, 0)
    }

    /// The types of the operation's service that the expressions name.
    pub(super) fn own_types(&self) -> Vec<String> {
        self.named(|name| !FROM_CORE.contains(&name) && name != MAP)
    }

    /// The types of core that the expressions name.
    pub(super) fn core_types(&self) -> Vec<String> {
        self.named(|name| FROM_CORE.contains(&name))
    }

    /// Whether the expressions name `BTreeMap`.
    pub(super) fn has_map(&self) -> bool {
        self.names.borrow().contains(MAP)
    }

    fn named(&self, is: impl Fn(&str) -> bool) -> Vec<String> {
        let names = self.names.borrow();
        names.iter().filter(|name| is(name)).cloned().collect()
    }

    fn name<'n>(&self, name: &'n str) -> &'n str {
        self.names.borrow_mut().insert(name.to_owned());
        name
    }

    /// The name of a type, recorded.
    fn ty(&self, ty: &Ty) -> String {
        match ty {
            Ty::List(item) => return format!("Vec<{}>", self.ty(item)),
            Ty::Map(item) => return format!("{}<String, {}>", self.name(MAP), self.ty(item)),
            Ty::Decimal | Ty::Json => self.name(&rust_type(ty)),
            ty => ty.named().map_or("", |name| self.name(name)),
        };
        rust_type(ty)
    }

    /// `Name::new(required).with_field(value)…`, one call a line unless it is short.
    fn make(&self, of: &Struct, value: &Value, indent: usize) -> String {
        let given = |wire: &str| value.member(wire).map(|node| &node.value);
        let chosen = of.choice().and_then(|choice| {
            let mut fields = choice.iter().filter_map(|index| of.fields.get(*index));
            fields.find(|field| given(&field.wire).is_some())
        });
        let arguments: Vec<String> = arguments(of)
            .into_iter()
            .chain(chosen)
            .filter_map(|field| Some(self.value(&field.ty, given(&field.wire)?, false, indent + 4)))
            .collect();
        let mut calls = vec![format!(
            "{}::{}({})",
            self.name(&of.name),
            constructor_name(chosen),
            arguments.join(", ")
        )];
        let skipped = of.choice().unwrap_or_default();
        for (index, field) in of.fields.iter().enumerate() {
            if of.is_optional(field)
                && !skipped.contains(&index)
                && let Some(value) = given(&field.wire)
            {
                let value = self.value(&field.ty, value, false, indent + 4);
                calls.push(format!(".{}({value})", setter_name(field)));
            }
        }
        joined(&calls, "", indent + 4)
    }

    /// A value as an argument. `owned` is for places that convert nothing, inside of collections.
    fn value(&self, ty: &Ty, value: &Value, owned: bool, indent: usize) -> String {
        let fallible = self.fallible;
        match (ty, value) {
            (Ty::Struct(name), value) => Type::find(&self.operation.types, name)
                .map(|part| self.make(part, value, indent))
                .unwrap_or_default(),
            (Ty::Enum(name), Value::Text(text)) | (Ty::IntEnum(name), Value::Number(text)) => {
                let mut values = Type::values(&self.operation.types, name).iter();
                let known = values.find(|known| known.wire == *text);
                known.map_or(String::new(), |known| {
                    format!("{}::{}", self.name(name), known.rust)
                })
            }
            (Ty::List(item), Value::List(nodes)) => {
                let nodes = nodes.iter();
                let items = nodes.map(|node| {
                    self.value(item, &node.value, owned || !converts(item), indent + 4)
                });
                let items: Vec<String> = items.collect();
                match items.is_empty() {
                    true => format!("Vec::<{}>::new()", self.ty(item)),
                    false => listed(if owned { "vec![" } else { "[" }, &items, "]", indent),
                }
            }
            (Ty::Map(item), Value::Object(members)) => {
                let pair = |member: &Member| {
                    let value = self.value(
                        item,
                        &member.node.value,
                        owned || !converts(item),
                        indent + 4,
                    );
                    let key =
                        self.value(&Ty::String, &Value::Text(member.key.clone()), owned, indent);
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
            (Ty::Decimal, Value::Number(text)) if text.parse::<i64>().is_ok() => {
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
            (Ty::Decimal, Value::Number(text)) => {
                format!("{}.parse::<{}>(){fallible}", quoted(text), self.ty(ty))
            }
            (Ty::Json, value) => {
                format!(
                    "{}::try_from({}.to_owned()){fallible}",
                    self.ty(ty),
                    quoted(&compact(value))
                )
            }
            (Ty::Float, Value::Number(text)) => float(text),
            (_, Value::Number(text)) => text.clone(),
            (_, Value::Bool(flag)) => flag.to_string(),
            (_, Value::Text(text)) if owned => format!("{}.to_owned()", quoted(text)),
            (_, Value::Text(text)) => quoted(text),
            _ => String::new(),
        }
    }
}

/// Calls of one chain: on one line if they are few and short.
fn joined(calls: &[String], separator: &str, indent: usize) -> String {
    let line = calls.join(separator);
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
