//! The way from the payload to a value, as a chain of borrowed steps.

#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
    /// The one object that stands for a list.
    Only(&'a Path<'a>),
}

impl Path<'_> {
    /// Whether an object here is an answer, or a row of one: without a single member that the
    /// model knows, it would pass for a row in which everything is absent.
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

/// A key that a provider made up may be a phone number for all we know.
pub(super) fn tellable(key: &str) -> &str {
    let plain = key.len() <= 64
        && key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if plain { key } else { "?" }
}
