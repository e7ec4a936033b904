//! From disk to values that know their position: files, JSON, the schema, typed access to objects,
//! problems.

pub mod files;
pub mod json;
pub mod located;
pub mod object;
pub mod parse;
pub mod problem;
pub mod schema;
