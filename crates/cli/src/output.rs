//! What the commands write: the standard streams, and the formats of a report.

pub(crate) mod csv;
pub(crate) mod escape;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod layout;
pub(crate) mod stdio;
pub(crate) mod table;
pub(crate) mod to_json;
