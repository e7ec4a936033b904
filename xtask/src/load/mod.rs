//! From disk to values with places: files, JSON, the schema, typed access to objects, problems.

pub mod files;
pub mod json;
pub mod object;
pub mod parse;
pub mod problem;
pub mod schema;
pub mod spot;
