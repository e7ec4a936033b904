//! Types in Rust.

use crate::model::Type;

/// The type of a value.
pub(super) fn rust_type(ty: &Type) -> String {
    match ty {
        // `Unknown` is a problem, and problems end the run before anything is emitted.
        Type::String | Type::Unknown => "String".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Int => "i64".to_owned(),
        Type::Uint => "u64".to_owned(),
        Type::Float => "f64".to_owned(),
        Type::Decimal => "Amount".to_owned(),
        Type::Json => "Json".to_owned(),
        Type::List(item) => format!("Vec<{}>", rust_type(item)),
        Type::Map(item) => format!("BTreeMap<String, {}>", rust_type(item)),
        Type::Struct(name) | Type::Enum(name) | Type::IntEnum(name) => name.clone(),
    }
}

/// Whether the items of a collection argument are `impl Into<…>`. Items of a literal collection have
/// one type, so only those convert that are written as texts; a single argument can be of more types.
pub(super) fn takes_into(item: &Type) -> bool {
    matches!(item, Type::String | Type::Enum(_))
}
