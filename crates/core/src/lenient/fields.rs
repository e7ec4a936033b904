//! Finds the fields of a struct among the keys of an object.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::context::Context;
use super::deviation::DeviationKind;
use super::path::{Path, tellable};
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

    /// The next field that the struct knows; everything else is passed over and recorded.
    pub(super) fn next<'de, A: MapAccess<'de>>(
        &mut self,
        members: &mut A,
    ) -> Result<Option<&'static str>, A::Error> {
        while let Some(Key(key)) = members.next_key::<Key<'de>>()? {
            let Some(index) = self.find(&key)? else {
                members.next_value::<IgnoredAny>()?;
                continue;
            };
            let field = self.known.get(index).copied().unwrap_or_default();
            match self.seen.get_mut(index) {
                Some(seen) if *seen && !self.context.compares => {
                    self.context.key_twice.set(true);
                    return Err(self
                        .context
                        .fail(&Path::Field(&self.path, field), "comes twice"));
                }
                Some(seen) => *seen = true,
                None => {}
            }
            return Ok(Some(field));
        }
        let nothing_known = !self.known.is_empty() && !self.seen.contains(&true);
        if nothing_known && self.path.is_record() && !self.context.strict {
            return Err(self
                .context
                .fail(&self.path, "has none of the members that are promised"));
        }
        Ok(None)
    }

    fn find<E: serde::de::Error>(&self, key: &str) -> Result<Option<usize>, E> {
        if let Some(exact) = self.known.iter().position(|known| *known == key) {
            return Ok(Some(exact));
        }
        let path = Path::Field(&self.path, tellable(key));
        if self.context.strict {
            let near = nearest(key.trim(), self.known.iter().copied());
            let problem = match near {
                Some(near) => format!("is not known; did you mean {near}?"),
                None if self.known.is_empty() => {
                    "is not known; nothing can be given here".to_owned()
                }
                None => format!("is not known; known are {}", self.known.join(", ")),
            };
            return Err(self.context.fail(&path, problem));
        }
        let trimmed = key.trim();
        let found = self
            .known
            .iter()
            .position(|known| *known == trimmed)
            .or_else(|| {
                self.known
                    .iter()
                    .position(|known| known.eq_ignore_ascii_case(trimmed))
            });
        match found.and_then(|index| self.known.get(index)) {
            Some(field) => self
                .context
                .deviate(DeviationKind::KeySpelling, &Path::Field(&self.path, field))?,
            None => self.context.deviate(DeviationKind::UnknownField, &path)?,
        }
        Ok(found)
    }
}

/// A key, borrowed where its text has no escapes.
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
