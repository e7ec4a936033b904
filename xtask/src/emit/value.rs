//! Rust types and literals of values.

use crate::model::Ty;

/// The type of a value.
pub(super) fn rust_type(ty: &Ty) -> String {
    match ty {
        Ty::String | Ty::Unknown => "String".to_owned(),
        Ty::Bool => "bool".to_owned(),
        Ty::Int => "i64".to_owned(),
        Ty::Uint => "u64".to_owned(),
        Ty::Float => "f64".to_owned(),
        Ty::Decimal => "Amount".to_owned(),
        Ty::Json => "Json".to_owned(),
        Ty::List(item) => format!("Vec<{}>", rust_type(item)),
        Ty::Map(item) => format!("BTreeMap<String, {}>", rust_type(item)),
        Ty::Struct(name) | Ty::Enum(name) | Ty::IntEnum(name) => name.clone(),
    }
}

/// Whether the items of a collection are converted from what the caller gives.
pub(super) fn converts(item: &Ty) -> bool {
    matches!(item, Ty::String | Ty::Enum(_))
}

/// A number as a literal of type `f64`, with as few digits as it needs.
pub(super) fn float(text: &str) -> String {
    let number = text.parse::<f64>();
    number.map_or_else(|_| text.to_owned(), |number| format!("{number:?}"))
}
