//! Finds the fields of a struct among the keys of an object.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::context::Context;
use super::deviation::DeviationKind;
use super::path::{Path, printable_key};
use super::spelling::nearest;

/// Finds the fields of a struct among the keys of an object.
pub(super) struct Fields<'c> {
    pub(super) known: &'static [&'static str],
    pub(super) seen: Vec<bool>,
    pub(super) path: Path<'c>,
    pub(super) context: &'c Context,
}

impl<'c> Fields<'c> {
    pub(super) fn new(
        known: &'static [&'static str],
        path: Path<'c>,
        context: &'c Context,
    ) -> Self {
        Self {
            known,
            seen: vec![false; known.len()],
            path,
            context,
        }
    }

    /// The next field of the struct. Skips all other keys and records them.
    pub(super) fn next<'de, A: MapAccess<'de>>(
        &mut self,
        members: &mut A,
    ) -> Result<Option<&'static str>, A::Error> {
        while let Some(Key(key)) = members.next_key::<Key<'de>>()? {
            let Some((index, field)) = self.find(&key)? else {
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            let seen = self.seen.get_mut(index);
            let repeated = seen.is_some_and(|seen| std::mem::replace(seen, true));
            if repeated && !self.context.buffered {
                self.context.repeated_key.set(true);
                return Err(self
                    .context
                    .fail(&Path::Field(&self.path, field), "comes twice"));
            }
            return Ok(Some(field));
        }
        let nothing_known = !self.known.is_empty() && !self.seen.contains(&true);
        if nothing_known && self.path.is_record() && !self.context.strict {
            return Err(self
                .context
                .fail(&self.path, "has none of the documented fields"));
        }
        Ok(None)
    }

    /// The field that a key means: by its exact name, else without surrounding blanks, else without
    /// case.
    fn find<E: serde::de::Error>(&self, key: &str) -> Result<Option<(usize, &'static str)>, E> {
        let by = |matches: &dyn Fn(&str) -> bool| {
            let mut fields = self.known.iter().copied().enumerate();
            fields.find(|(_, known)| matches(known))
        };
        if let Some(exact) = by(&|known| known == key) {
            return Ok(Some(exact));
        }
        let path = Path::Field(&self.path, printable_key(key));
        if self.context.strict {
            let near = nearest(key.trim(), self.known.iter().copied());
            let problem = match near {
                Some(near) => format!("is not known; did you mean {near}?"),
                None if self.known.is_empty() => {
                    "is not known; no field is accepted here".to_owned()
                }
                None => format!(
                    "is not known; the known fields are {}",
                    self.known.join(", ")
                ),
            };
            return Err(self.context.fail(&path, problem));
        }
        let trimmed = key.trim();
        let found = by(&|known| known == trimmed)
            .or_else(|| by(&|known| known.eq_ignore_ascii_case(trimmed)));
        match found {
            Some((_, field)) => self
                .context
                .deviate(DeviationKind::KeySpelling, &Path::Field(&self.path, field))?,
            None => self.context.deviate(DeviationKind::UnknownField, &path)?,
        }
        Ok(found)
    }
}

/// A key, borrowed if its text has no escapes.
pub(crate) struct Key<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(key.into()))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(key.to_owned().into()))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}
