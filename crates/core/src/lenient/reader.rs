//! The deserializer: reads scalars from their JSON text, and wraps the visitor of any other type.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::value::RawValue;

use super::adapter::{Reader, Shape, Shaped};
use super::context::Context;
use super::deviation::DeviationKind;
use super::path::Path;
use super::raw::INVALID;
use crate::amount;

impl<'de, 'c, D: Deserializer<'de>> Reader<'c, D> {
    /// The JSON text of the value. The caller refuses that of an object or a list.
    fn token(self) -> Result<(&'de str, Path<'c>, &'c Context), D::Error> {
        let token = <&'de RawValue>::deserialize(self.inner)?;
        Ok((token.get(), self.path, self.context))
    }

    fn integer<N: std::str::FromStr + TryFrom<i128>>(
        self,
        expected: &'static str,
    ) -> Result<N, D::Error> {
        let (token, path, context) = self.token()?;
        let digits = digits(token, &path, context)?;
        // `6.0` and `6e0` are exact integers as well.
        if let Ok(number) = digits.parse() {
            return Ok(number);
        }
        amount::exact(digits)
            .ok()
            .filter(|number| number.fract().is_zero())
            .and_then(|number| i128::try_from(number).ok())
            .and_then(|number| N::try_from(number).ok())
            .ok_or_else(|| context.fail(&path, expected))
    }

    fn number(self) -> Result<f64, D::Error> {
        let (token, path, context) = self.token()?;
        let digits = digits(token, &path, context)?;
        digits
            .parse()
            .ok()
            .filter(|number: &f64| {
                number.is_finite() && digits.ends_with(|c: char| c.is_ascii_digit())
            })
            .ok_or_else(|| context.fail(&path, "must be a number"))
    }

    fn flag(self) -> Result<bool, D::Error> {
        let (token, path, context) = self.token()?;
        let (flag, as_is) = match token {
            "true" => (true, true),
            "false" => (false, true),
            "1" => (true, false),
            "0" => (false, false),
            text if text.eq_ignore_ascii_case("\"true\"") => (true, false),
            text if text.eq_ignore_ascii_case("\"false\"") => (false, false),
            _ => return Err(context.fail(&path, "must be true or false")),
        };
        if !as_is {
            context.deviate(DeviationKind::OtherForFlag, &path)?;
        }
        Ok(flag)
    }

    fn text(self) -> Result<Cow<'de, str>, D::Error> {
        let (token, path, context) = self.token()?;
        if token.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            context.deviate(DeviationKind::NumberForText, &path)?;
            return Ok(token.into());
        }
        unquoted(token, &path, context)?.ok_or_else(|| context.fail(&path, "must be text"))
    }
}

/// The digits of a number, without the quotes of a text.
fn digits<'t, E: serde::de::Error>(
    token: &'t str,
    path: &Path<'_>,
    context: &Context,
) -> Result<&'t str, E> {
    match token
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
    {
        Some(text) => {
            context.deviate(DeviationKind::TextForNumber, path)?;
            Ok(text.trim())
        }
        None => Ok(token),
    }
}

/// The text of a JSON string token, or `None` for any other token.
fn unquoted<'t, E: serde::de::Error>(
    token: &'t str,
    path: &Path<'_>,
    context: &Context,
) -> Result<Option<Cow<'t, str>>, E> {
    let Some(inside) = token
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
    else {
        return Ok(None);
    };
    if inside.contains(INVALID) {
        return Err(context.fail(path, "is not valid UTF-8"));
    }
    if !inside.contains('\\') {
        return Ok(Some(inside.into()));
    }
    // The scanner accepts lone surrogates; decoding does not.
    match serde_json::from_str::<String>(token) {
        Ok(text) => Ok(Some(text.into())),
        Err(_) => Err(context.fail(path, "is not valid Unicode")),
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty, $expected:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            visitor.$visit(self.integer::<$type>($expected)?)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Reader<'_, D> {
    type Error = D::Error;

    integers! {
        deserialize_i8 visit_i8 i8, "must be an 8-bit integer";
        deserialize_i16 visit_i16 i16, "must be a 16-bit integer";
        deserialize_i32 visit_i32 i32, "must be a 32-bit integer";
        deserialize_i64 visit_i64 i64, "must be a 64-bit integer";
        deserialize_u8 visit_u8 u8, "must be an unsigned 8-bit integer";
        deserialize_u16 visit_u16 u16, "must be an unsigned 16-bit integer";
        deserialize_u32 visit_u32 u32, "must be an unsigned 32-bit integer";
        deserialize_u64 visit_u64 u64, "must be an unsigned 64-bit integer";
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_f64(self.number()?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_f64(self.number()?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_bool(self.flag()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        match self.text()? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Self {
            inner,
            path,
            context,
        } = self;
        inner.deserialize_option(Shaped {
            visitor,
            path,
            context,
            shape: Shape::Option,
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let Self {
            inner,
            path,
            context,
        } = self;
        inner.deserialize_newtype_struct(
            name,
            Shaped {
                visitor,
                path,
                context,
                shape: Shape::Newtype,
            },
        )
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Self {
            inner,
            path,
            context,
        } = self;
        inner.deserialize_any(Shaped {
            visitor,
            path,
            context,
            shape: Shape::List,
        })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Self {
            inner,
            path,
            context,
        } = self;
        inner.deserialize_any(Shaped {
            visitor,
            path,
            context,
            shape: Shape::Map,
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let Self {
            inner,
            path,
            context,
        } = self;
        inner.deserialize_any(Shaped {
            visitor,
            path,
            context,
            shape: Shape::Struct(fields),
        })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_ignored_any(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let Self {
            inner,
            path,
            context,
        } = self;
        inner.deserialize_any(Shaped {
            visitor,
            path,
            context,
            shape: Shape::Any,
        })
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_bytes(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_byte_buf(visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_unit(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_unit_struct(name, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_enum(name, variants, visitor)
    }
}
