//! The items of a list and the members of an object, each read by a `Reader` of its own.

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess,
};
use serde_json::value::RawValue;

use super::adapter::Reader;
use super::context::Context;
use super::error::safe_message;
use super::fields::Fields;
use super::path::Path;

/// Null in place of a list or a map: reads as an empty one.
pub(super) struct EmptyAccess<E>(pub(super) std::marker::PhantomData<E>);

impl<'de, E: serde::de::Error> SeqAccess<'de> for EmptyAccess<E> {
    type Error = E;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, _: T) -> Result<Option<T::Value>, E> {
        Ok(None)
    }
}

impl<'de, E: serde::de::Error> MapAccess<'de> for EmptyAccess<E> {
    type Error = E;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, _: K) -> Result<Option<K::Value>, E> {
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, _: T) -> Result<T::Value, E> {
        Err(E::custom(""))
    }
}

/// The items of a list.
pub(super) struct ListAccess<'c, A> {
    pub(super) items: A,
    pub(super) index: usize,
    pub(super) path: Path<'c>,
    pub(super) context: &'c Context,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for ListAccess<'_, A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        let path = Path::Index(&self.path, self.index);
        self.index += 1;
        self.items
            .next_element_seed(Seed {
                seed,
                path,
                context: self.context,
            })
            .inspect_err(|_| self.context.note(&path, ""))
    }

    fn size_hint(&self) -> Option<usize> {
        self.items.size_hint()
    }
}

/// One object in place of a list: reads as a list of one.
pub(super) struct SingleAccess<'c, A> {
    pub(super) members: Option<A>,
    pub(super) path: Path<'c>,
    pub(super) context: &'c Context,
}

impl<'de, A: MapAccess<'de>> SeqAccess<'de> for SingleAccess<'_, A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        let Some(members) = self.members.take() else {
            return Ok(None);
        };
        let inner = MapAccessDeserializer::new(members);
        let path = Path::Only(&self.path);
        seed.deserialize(Reader {
            inner,
            path,
            context: self.context,
        })
        .map(Some)
        .inspect_err(|_| self.context.note(&path, "has an unexpected type"))
    }
}

/// The members of a map. Any key is accepted as it is.
pub(super) struct MapEntries<'c, A> {
    pub(super) members: A,
    pub(super) path: Path<'c>,
    pub(super) context: &'c Context,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for MapEntries<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.members.next_key_seed(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        // The key is data and may be a phone number, so the pointer does not contain it.
        let path = Path::Field(&self.path, "*");
        self.members
            .next_value_seed(Seed {
                seed,
                path,
                context: self.context,
            })
            .inspect_err(|_| self.context.note(&path, ""))
    }
}

/// The members of a struct, read in the order of the text.
pub(super) struct ObjectAccess<'c, A> {
    pub(super) members: A,
    pub(super) fields: Fields<'c>,
    /// The field whose key was read last.
    pub(super) current: Option<&'static str>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for ObjectAccess<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.current = self.fields.next(&mut self.members)?;
        self.current
            .map(|field| seed.deserialize(named(field)))
            .transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        let Fields { path, context, .. } = self.fields;
        let Some(field) = self.current.take() else {
            return Err(A::Error::custom(""));
        };
        let path = Path::Field(&path, field);
        self.members
            .next_value_seed(Seed {
                seed,
                path,
                context,
            })
            .inspect_err(|_| context.note(&path, ""))
    }
}

/// The members of a struct, collected and compared before they are read.
pub(super) struct CollectedAccess<'de, 'c> {
    pub(super) members: std::vec::IntoIter<(&'static str, &'de RawValue)>,
    pub(super) value: Option<(&'static str, &'de RawValue)>,
    pub(super) path: Path<'c>,
    pub(super) context: &'c Context,
}

impl<'de> MapAccess<'de> for CollectedAccess<'de, '_> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        self.value = self.members.next();
        self.value
            .map(|(field, _)| seed.deserialize(named(field)))
            .transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<T::Value, Self::Error> {
        let Some((field, value)) = self.value.take() else {
            return Err(serde_json::Error::custom(""));
        };
        let path = Path::Field(&self.path, field);
        let mut json = serde_json::Deserializer::from_str(value.get());
        seed.deserialize(Reader {
            inner: &mut json,
            path,
            context: self.context,
        })
        .inspect_err(|error| self.context.note(&path, safe_message(error)))
    }
}

fn named<E: serde::de::Error>(field: &'static str) -> StrDeserializer<'static, E> {
    field.into_deserializer()
}

/// A seed that reads through a `Reader`.
struct Seed<'c, T> {
    seed: T,
    path: Path<'c>,
    context: &'c Context,
}

impl<'de, T: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<'_, T> {
    type Value = T::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<T::Value, D::Error> {
        self.seed.deserialize(Reader {
            inner,
            path: self.path,
            context: self.context,
        })
    }
}
