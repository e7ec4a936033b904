//! The visitor: compares each value with the shape that the target type asks for.

use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::access::{
    CollectedAccess, EmptyAccess, ListAccess, MapEntries, ObjectAccess, SingleAccess,
};
use super::adapter::{Reader, Shape, Shaped};
use super::deviation::DeviationKind;
use super::error::safe_message;
use super::fields::Fields;
use super::path::Path;
use super::raw::same;

impl<V> Shaped<'_, V> {
    /// Fails because the value has another shape. The problem does not contain the value.
    fn refuse<T, E: serde::de::Error>(self) -> Result<T, E> {
        let problem = match self.shape {
            Shape::List => "must be a list",
            Shape::Map | Shape::Struct(_) => "must be an object",
            Shape::Option | Shape::Newtype | Shape::Any => "has an unexpected type",
        };
        Err(self.context.fail(&self.path, problem))
    }
}

macro_rules! scalars {
    ($($visit:ident $type:ty;)*) => {$(
        fn $visit<E: serde::de::Error>(self, value: $type) -> Result<V::Value, E> {
            match self.shape {
                Shape::Any => self.visitor.$visit(value),
                _ => self.refuse(),
            }
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Shaped<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Value, E> {
        match self.shape {
            Shape::Any => self.visitor.visit_unit(),
            Shape::Option => self.visitor.visit_none(),
            Shape::List if !self.context.strict => self
                .visitor
                .visit_seq(EmptyAccess(std::marker::PhantomData)),
            Shape::Map if !self.context.strict => self
                .visitor
                .visit_map(EmptyAccess(std::marker::PhantomData)),
            _ => self.refuse(),
        }
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_some(Reader {
            inner,
            path: self.path,
            context: self.context,
        })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Reader {
            inner,
            path: self.path,
            context: self.context,
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        let Self {
            visitor,
            path,
            context,
            shape,
        } = self;
        match shape {
            Shape::List | Shape::Any => {
                let _level = context.enter(&path)?;
                visitor.visit_seq(ListAccess {
                    items,
                    index: 0,
                    path,
                    context,
                })
            }
            _ => Shaped {
                visitor,
                path,
                context,
                shape,
            }
            .refuse(),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<V::Value, A::Error> {
        let Self {
            visitor,
            path,
            context,
            shape,
        } = self;
        if matches!(shape, Shape::Newtype) {
            // serde_json passes the text of a `RawValue` as a map.
            return visitor.visit_map(members);
        }
        let _level = context.enter(&path)?;
        match shape {
            Shape::Newtype | Shape::Option => Shaped {
                visitor,
                path,
                context,
                shape,
            }
            .refuse(),
            Shape::List => {
                context.deviate(DeviationKind::SingleForList, &path)?;
                visitor.visit_seq(SingleAccess {
                    members: Some(members),
                    path,
                    context,
                })
            }
            Shape::Map | Shape::Any => visitor.visit_map(MapEntries {
                members,
                path,
                context,
            }),
            Shape::Struct(fields) if context.buffered => {
                let mut fields = Fields::new(fields, path, context);
                let mut collected: Vec<(&'static str, &'de RawValue)> = Vec::new();
                while let Some(field) = fields.next(&mut members)? {
                    let value = members.next_value::<&'de RawValue>()?;
                    let known = collected.iter().find(|(name, _)| *name == field);
                    match known {
                        Some((_, before)) if !context.strict && same(before, value) => {
                            context
                                .deviate(DeviationKind::KeySpelling, &Path::Field(&path, field))?;
                        }
                        Some(_) => {
                            return Err(context.fail(
                                &Path::Field(&path, field),
                                if context.strict {
                                    "comes twice"
                                } else {
                                    "comes twice, with different values"
                                },
                            ));
                        }
                        None => collected.push((field, value)),
                    }
                }
                let outcome = visitor.visit_map(CollectedAccess {
                    members: collected.into_iter(),
                    value: None,
                    path,
                    context,
                });
                outcome.map_err(|error: serde_json::Error| {
                    context.note(&path, safe_message(&error));
                    A::Error::custom("")
                })
            }
            Shape::Struct(fields) => {
                let fields = Fields::new(fields, path, context);
                let outcome = visitor.visit_map(ObjectAccess {
                    members,
                    fields,
                    current: None,
                });
                outcome.inspect_err(|_| context.note(&path, ""))
            }
        }
    }

    scalars! {
        visit_bool bool;
        visit_i64 i64;
        visit_u64 u64;
        visit_f64 f64;
        visit_str &str;
        visit_borrowed_str &'de str;
    }
}
