//! The path from the payload to a value, as a chain of borrowed steps.

#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
    /// The one object in place of a list.
    Only(&'a Path<'a>),
}

impl Path<'_> {
    /// Whether an object here is a payload or an item of a list. Without a single field of the model, it
    /// would pass for an item in which every value is absent.
    pub(super) fn is_record(&self) -> bool {
        !matches!(self, Path::Field(..))
    }

    pub(super) fn pointer(&self) -> String {
        match self {
            Path::Root => String::new(),
            Path::Field(above, name) => format!("{}/{name}", above.pointer()),
            Path::Index(above, index) => format!("{}/{index}", above.pointer()),
            Path::Only(above) => above.pointer(),
        }
    }
}

/// The key if it looks like a name, else `?`: a key that is not in the model may be a phone number.
pub(super) fn printable_key(key: &str) -> &str {
    let plain = key.len() <= 64
        && key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if plain { key } else { "?" }
}
