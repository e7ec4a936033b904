//! Reading JSON the way providers really write it, in one pass, without quoting a value.
//!
//! An adapter around serde_json's streaming deserializer bends the JSON towards what the target
//! type asks for: keys with blanks or in another case, numbers as text and text as numbers, one
//! object where a list was promised. Every liberty is recorded. What must not be bent is refused:
//! an array is no object, an empty text is no number, two spellings of one key must agree.
//!
//! serde_json's own messages quote the offending value, so they are never passed on: an error
//! here has a JSON pointer, a place, and a sentence about what was expected.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny, IntoDeserializer,
    MapAccess, SeqAccess, Visitor,
};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::amount;
use crate::operation::OperationInfo;

/// Stands in a body for bytes that are not UTF-8: a noncharacter, so no text holds it by chance.
pub(crate) const INVALID: char = '\u{FFFE}';

/// The most lists and objects inside each other that a type reads. Each takes about 8 KiB of stack in
/// a build without optimisation, and a thread may have no more than 256 KiB. What no type asks for,
/// and what is kept as text, may be nested in any depth.
const DEEPEST: usize = 16;

/// More deviations than this are counted no further: a page of thousands of rows repeats itself.
const MOST_DEVIATIONS: usize = 256;

/// A liberty that was taken with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deviation {
    /// What kind of liberty.
    pub kind: DeviationKind,
    /// Where, as a JSON pointer into the payload.
    pub pointer: String,
}

/// The kinds of liberties that are taken with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DeviationKind {
    /// One object where a list was promised.
    SingleForList,
    /// A key with blanks around it or in another case.
    KeySpelling,
    /// A number that came as text.
    TextForNumber,
    /// A text that came as a number.
    NumberForText,
    /// A flag that came as a number or as text.
    OtherForFlag,
    /// A key that the model does not have; its value is in [`Response::raw`](crate::Response::raw).
    UnknownField,
}

impl DeviationKind {
    /// The name of the kind in fixtures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SingleForList => "single_for_list",
            Self::KeySpelling => "key_spelling",
            Self::TextForNumber => "text_for_number",
            Self::NumberForText => "number_for_text",
            Self::OtherForFlag => "other_for_flag",
            Self::UnknownField => "unknown_field",
        }
    }

    /// What a strict reader says to it.
    const fn refusal(self) -> &'static str {
        match self {
            Self::SingleForList => "must be a list",
            Self::KeySpelling | Self::UnknownField => "is not known",
            Self::TextForNumber => "must be a number, not text",
            Self::NumberForText => "must be text, not a number",
            Self::OtherForFlag => "must be true or false",
        }
    }
}

/// What came of a reading.
#[derive(Debug)]
pub(crate) struct Decoded<T> {
    pub(crate) value: T,
    pub(crate) deviations: Vec<Deviation>,
}

/// Why a text could not be read; holds no value of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DecodeError {
    pub(crate) pointer: String,
    pub(crate) problem: Cow<'static, str>,
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// The text ended in the middle of a value.
    pub(crate) cut: bool,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() {
            "the payload"
        } else {
            &self.pointer
        };
        write!(
            f,
            "{pointer} {} (line {}, column {})",
            self.problem, self.line, self.column
        )
    }
}

impl std::error::Error for DecodeError {}

/// Reads an answer's payload, with every liberty recorded.
pub(crate) fn decode<T: DeserializeOwned>(text: &str) -> Result<Decoded<T>, DecodeError> {
    read(text, false)
}

/// Reads the payload of an operation, in which parts of the envelope may stand beside the output.
pub(crate) fn decode_payload<T: DeserializeOwned>(
    text: &str,
    info: &OperationInfo,
) -> Result<Decoded<T>, DecodeError> {
    let envelope = info.answer_envelope();
    let mut decoded = decode(text)?;
    decoded.deviations.retain(|deviation: &Deviation| {
        deviation.kind != DeviationKind::UnknownField || !envelope.owns(&deviation.pointer)
    });
    Ok(decoded)
}

/// Reads parameters that a person wrote: no liberty is taken, an unknown name is refused.
pub(crate) fn decode_strict<T: DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    read(text, true).map(|decoded| decoded.value)
}

fn read<T: DeserializeOwned>(text: &str, strict: bool) -> Result<Decoded<T>, DecodeError> {
    let quick = Context {
        strict,
        ..Context::default()
    };
    match quick.read(text) {
        // Two spellings of one key can only be compared with both values at hand. That costs a
        // second scan of every object, so it is done only for the rare text that needs it.
        Err(_) if quick.key_twice.get() => Context {
            strict,
            compares: true,
            ..Context::default()
        }
        .read(text),
        outcome => outcome,
    }
}

#[derive(Default)]
struct Context {
    strict: bool,
    /// Holds all values of an object before it is read, to compare what comes twice.
    compares: bool,
    key_twice: Cell<bool>,
    /// How many lists and objects the reader is inside of. serde_json counts too, but anew for each
    /// value that is held for comparison.
    levels: Cell<usize>,
    deviations: RefCell<Vec<Deviation>>,
    /// The first failure is the innermost one.
    failure: RefCell<Option<(String, Cow<'static, str>)>>,
}

impl Context {
    fn read<T: DeserializeOwned>(&self, text: &str) -> Result<Decoded<T>, DecodeError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let top = Reader {
            inner: &mut json,
            path: Path::Root,
            context: self,
        };
        let outcome = T::deserialize(top).and_then(|value| json.end().map(|()| value));
        match outcome {
            Ok(value) => Ok(Decoded {
                value,
                deviations: self.deviations.take(),
            }),
            Err(error) => {
                let (pointer, noted) = self.failure.take().unwrap_or_default();
                let problem = if noted.is_empty() {
                    told(&error)
                } else {
                    noted
                };
                Err(DecodeError {
                    pointer,
                    problem,
                    line: error.line(),
                    column: error.column(),
                    cut: error.classify() == Category::Eof,
                })
            }
        }
    }

    fn note(&self, path: &Path<'_>, problem: impl Into<Cow<'static, str>>) {
        let mut failure = self.failure.borrow_mut();
        if failure.is_none() {
            *failure = Some((path.pointer(), problem.into()));
        }
    }

    fn fail<E: serde::de::Error>(
        &self,
        path: &Path<'_>,
        problem: impl Into<Cow<'static, str>>,
    ) -> E {
        self.note(path, problem);
        E::custom("")
    }

    /// Goes one level down, until the result is dropped.
    fn enter<E: serde::de::Error>(&self, path: &Path<'_>) -> Result<Level<'_>, E> {
        let levels = self.levels.get();
        if levels == DEEPEST {
            return Err(self.fail(path, "is nested too deeply"));
        }
        self.levels.set(levels + 1);
        Ok(Level(&self.levels))
    }

    fn deviate<E: serde::de::Error>(&self, kind: DeviationKind, path: &Path<'_>) -> Result<(), E> {
        if self.strict {
            return Err(self.fail(path, kind.refusal()));
        }
        let mut deviations = self.deviations.borrow_mut();
        if deviations.len() < MOST_DEVIATIONS {
            deviations.push(Deviation {
                kind,
                pointer: path.pointer(),
            });
        }
        Ok(())
    }
}

/// A list or an object that is being read.
struct Level<'c>(&'c Cell<usize>);

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// What may be passed on of serde_json's own text.
fn told(error: &serde_json::Error) -> Cow<'static, str> {
    match error.classify() {
        Category::Eof => "ends too early".into(),
        Category::Syntax | Category::Io => "is not valid JSON".into(),
        Category::Data => {
            let text = error.to_string();
            let field = text
                .strip_prefix("missing field `")
                .and_then(|rest| rest.split_once('`'))
                .map(|(field, _)| field);
            match field {
                Some(field) => format!("lacks {field}").into(),
                None if text.starts_with("not an amount") => {
                    "must be an amount that can be held exactly".into()
                }
                None if text.starts_with("an empty list") => "must not be empty".into(),
                None => "does not fit".into(),
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Field(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
    /// The one object that stands for a list.
    Only(&'a Path<'a>),
}

impl Path<'_> {
    /// Whether an object here is an answer, or a row of one: without a single member that the
    /// model knows, it would pass for a row in which everything is absent.
    fn is_record(&self) -> bool {
        !matches!(self, Path::Field(..))
    }

    fn pointer(&self) -> String {
        match self {
            Path::Root => String::new(),
            Path::Field(above, name) => format!("{}/{name}", above.pointer()),
            Path::Index(above, index) => format!("{}/{index}", above.pointer()),
            Path::Only(above) => above.pointer(),
        }
    }
}

/// A key that a provider made up may be a phone number for all we know.
fn tellable(key: &str) -> &str {
    let plain = key.len() <= 64
        && key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if plain { key } else { "?" }
}

/// The nearest of `known` to a misspelt `name`, if any is near.
pub(crate) fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let name = name.to_ascii_lowercase();
    known
        .into_iter()
        .map(|candidate| (distance(&name, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance over bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut left = i + 1;
        let mut diagonal = i;
        for (j, y) in b.bytes().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX - 1);
            let cell = (left + 1)
                .min(above + 1)
                .min(diagonal + usize::from(x != y));
            if let Some(permit) = row.get_mut(j) {
                *permit = left;
            }
            diagonal = above;
            left = cell;
        }
        if let Some(permit) = row.last_mut() {
            *permit = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

struct Reader<'c, D> {
    inner: D,
    path: Path<'c>,
    context: &'c Context,
}

impl<'de, 'c, D: Deserializer<'de>> Reader<'c, D> {
    /// The value's own text; objects and lists too, which the caller then refuses.
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
        // The plain form first; `6.0` and `6e0` are exact integers, too.
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

/// The digits of a number, out of their quotes if need be.
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

/// The text of a JSON string token; `None` if it is another kind of token.
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
    // Lone surrogates are the one thing that scanning does not find.
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
        deserialize_i8 visit_i8 i8, "must be a small whole number";
        deserialize_i16 visit_i16 i16, "must be a small whole number";
        deserialize_i32 visit_i32 i32, "must be a whole number of 32 bits";
        deserialize_i64 visit_i64 i64, "must be a whole number of 64 bits";
        deserialize_u8 visit_u8 u8, "must be a small whole number that is not negative";
        deserialize_u16 visit_u16 u16, "must be a small whole number that is not negative";
        deserialize_u32 visit_u32 u32, "must be a whole number of 32 bits that is not negative";
        deserialize_u64 visit_u64 u64, "must be a whole number of 64 bits that is not negative";
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

/// The shape that the target type asked for.
#[derive(Clone, Copy)]
enum Shape {
    Option,
    Newtype,
    List,
    Map,
    Struct(&'static [&'static str]),
    /// Any value; only the levels are counted.
    Any,
}

/// A visitor that holds what comes against the shape that was asked for.
struct Shaped<'c, V> {
    visitor: V,
    path: Path<'c>,
    context: &'c Context,
    shape: Shape,
}

impl<V> Shaped<'_, V> {
    /// A scalar came instead of an object or a list; the scalar itself stays unsaid.
    fn refuse<T, E: serde::de::Error>(self) -> Result<T, E> {
        let problem = match self.shape {
            Shape::List => "must be a list",
            Shape::Map | Shape::Struct(_) => "must be an object",
            Shape::Option | Shape::Newtype | Shape::Any => "does not fit",
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
            Shape::List if !self.context.strict => {
                self.visitor.visit_seq(Nothing(std::marker::PhantomData))
            }
            Shape::Map if !self.context.strict => {
                self.visitor.visit_map(Nothing(std::marker::PhantomData))
            }
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
            // How serde_json hands over a value's own text.
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
                visitor.visit_seq(Single {
                    members: Some(members),
                    path,
                    context,
                })
            }
            Shape::Map | Shape::Any => visitor.visit_map(Pairs {
                members,
                path,
                context,
            }),
            Shape::Struct(fields) if context.compares => {
                let mut fields = Fields::new(fields, path, context);
                let mut held: Vec<(&'static str, &'de RawValue)> = Vec::new();
                while let Some(field) = fields.next(&mut members)? {
                    let value = members.next_value::<&'de RawValue>()?;
                    let known = held.iter().find(|(name, _)| *name == field);
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
                        None => held.push((field, value)),
                    }
                }
                let outcome = visitor.visit_map(Held {
                    held: held.into_iter(),
                    value: None,
                    path,
                    context,
                });
                outcome.map_err(|error: serde_json::Error| {
                    context.note(&path, told(&error));
                    A::Error::custom("")
                })
            }
            Shape::Struct(fields) => {
                let fields = Fields::new(fields, path, context);
                let outcome = visitor.visit_map(ObjectAccess {
                    members,
                    fields,
                    current: "",
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

/// Whether a JSON text has more than `most` lists and objects inside each other.
pub(crate) fn is_deeper(json: &str, most: usize) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    json.bytes().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > most
    })
}

/// Whether two values are the same; deep ones are only if they are written alike.
pub(crate) fn same(a: &RawValue, b: &RawValue) -> bool {
    let value = |raw: &RawValue| {
        let json = Some(raw.get()).filter(|json| !is_deeper(json, DEEPEST))?;
        serde_json::from_str::<serde_json::Value>(json).ok()
    };
    a.get() == b.get() || value(a).is_some_and(|a| Some(a) == value(b))
}

/// Null, where a list or a map was promised.
struct Nothing<E>(std::marker::PhantomData<E>);

impl<'de, E: serde::de::Error> SeqAccess<'de> for Nothing<E> {
    type Error = E;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, _: T) -> Result<Option<T::Value>, E> {
        Ok(None)
    }
}

impl<'de, E: serde::de::Error> MapAccess<'de> for Nothing<E> {
    type Error = E;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, _: K) -> Result<Option<K::Value>, E> {
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, _: T) -> Result<T::Value, E> {
        Err(E::custom(""))
    }
}

/// The items of a list.
struct ListAccess<'c, A> {
    items: A,
    index: usize,
    path: Path<'c>,
    context: &'c Context,
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

/// One object, where a list was promised.
struct Single<'c, A> {
    members: Option<A>,
    path: Path<'c>,
    context: &'c Context,
}

impl<'de, A: MapAccess<'de>> SeqAccess<'de> for Single<'_, A> {
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
        .inspect_err(|_| self.context.note(&path, "does not fit"))
    }
}

/// The members of a map: keys as they are.
struct Pairs<'c, A> {
    members: A,
    path: Path<'c>,
    context: &'c Context,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Pairs<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.members.next_key_seed(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        // The key is the provider's, and may be anybody's number.
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

/// Finds the fields of a struct among the keys of an object.
struct Fields<'c> {
    known: &'static [&'static str],
    seen: Vec<bool>,
    path: Path<'c>,
    context: &'c Context,
}

impl<'c> Fields<'c> {
    fn new(known: &'static [&'static str], path: Path<'c>, context: &'c Context) -> Self {
        Self {
            known,
            seen: vec![false; known.len()],
            path,
            context,
        }
    }

    /// The next field that the struct knows; everything else is passed over and recorded.
    fn next<'de, A: MapAccess<'de>>(
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

/// The members of a struct, as they come.
struct ObjectAccess<'c, A> {
    members: A,
    fields: Fields<'c>,
    current: &'static str,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for ObjectAccess<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let field = self.fields.next(&mut self.members)?;
        self.current = field.unwrap_or_default();
        field
            .map(|field| seed.deserialize(named(field)))
            .transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        let Fields { path, context, .. } = self.fields;
        let path = Path::Field(&path, self.current);
        self.members
            .next_value_seed(Seed {
                seed,
                path,
                context,
            })
            .inspect_err(|_| context.note(&path, ""))
    }
}

/// The members of a struct, held for comparison before.
struct Held<'de, 'c> {
    held: std::vec::IntoIter<(&'static str, &'de RawValue)>,
    value: Option<(&'static str, &'de RawValue)>,
    path: Path<'c>,
    context: &'c Context,
}

impl<'de> MapAccess<'de> for Held<'de, '_> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        self.value = self.held.next();
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
        .inspect_err(|error| self.context.note(&path, told(error)))
    }
}

fn named<E: serde::de::Error>(field: &'static str) -> StrDeserializer<'static, E> {
    field.into_deserializer()
}

/// Passes the reader on to what a seed reads.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::*;
    use crate::{Amount, Json};

    crate::open_enum! {
        /// Colours.
        enum Colour {
            /// Red.
            Red = "RED",
        }
    }

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Row {
        name: Option<String>,
        id: Option<u64>,
        balance: Option<i64>,
        credit: Option<Amount>,
        ratio: Option<f64>,
        on: Option<bool>,
        colour: Option<Colour>,
        any: Option<Json>,
        #[serde(default)]
        rows: Vec<Row>,
        #[serde(default)]
        names: Vec<String>,
        #[serde(default)]
        map: BTreeMap<String, u64>,
    }

    fn row() -> Row {
        Row::default()
    }

    fn kinds(text: &str) -> Vec<(DeviationKind, String)> {
        let decoded = decode::<Row>(text).unwrap();
        decoded
            .deviations
            .into_iter()
            .map(|deviation| (deviation.kind, deviation.pointer))
            .collect()
    }

    fn refusal(text: &str) -> String {
        match decode::<Row>(text) {
            Ok(decoded) => panic!("{text} was read as {:?}", decoded.value),
            Err(error) => error.to_string().split(" (line").next().unwrap().to_owned(),
        }
    }

    #[test]
    fn what_is_right_is_read_without_a_deviation() {
        let text = r#"{"Name":"云 \\ \u4e91","Id":18446744073709551615,"Balance":-1,"Credit":12.50,"Ratio":1e3,
            "On":true,"Colour":"RED","Any":[1,{"x":null}],"Rows":[{"Id":1},{"Rows":null,"Id":2}],
            "Names":["a"],"Map":{"k":1}}"#;
        let decoded = decode::<Row>(text).unwrap();
        assert_eq!(decoded.deviations, []);
        let row = decoded.value;
        assert_eq!(row.name.as_deref(), Some("云 \\ 云"));
        assert_eq!((row.id, row.balance), (Some(u64::MAX), Some(-1)));
        assert_eq!((row.ratio, row.on), (Some(1000.0), Some(true)));
        assert_eq!(row.credit.unwrap().to_string(), "12.50");
        assert_eq!(row.colour, Some(Colour::Red));
        assert_eq!(Colour::from("red").folded(), Colour::Red);
        assert_eq!(row.any.unwrap().as_str(), r#"[1,{"x":null}]"#);
        assert_eq!(row.rows.len(), 2);
        assert_eq!(row.map["k"], 1);
    }

    #[test]
    fn every_liberty_is_taken_and_recorded() {
        use DeviationKind::*;
        let id = |id| Row {
            id: Some(id),
            ..row()
        };
        for (text, kind, pointer, want) in [
            (r#"{"Id ":6}"#, KeySpelling, "/Id", id(6)),
            ("{\"\u{a0}Id\\t\":6}", KeySpelling, "/Id", id(6)),
            (r#"{"id":6}"#, KeySpelling, "/Id", id(6)),
            (r#"{"Id":" 6 "}"#, TextForNumber, "/Id", id(6)),
            (
                r#"{"Ratio":"0.5"}"#,
                TextForNumber,
                "/Ratio",
                Row {
                    ratio: Some(0.5),
                    ..row()
                },
            ),
            (
                r#"{"Name":1051360339779133.10}"#,
                NumberForText,
                "/Name",
                Row {
                    name: Some("1051360339779133.10".into()),
                    ..row()
                },
            ),
            (
                r#"{"Colour":7}"#,
                NumberForText,
                "/Colour",
                Row {
                    colour: Some("7".into()),
                    ..row()
                },
            ),
            (
                r#"{"On":"True"}"#,
                OtherForFlag,
                "/On",
                Row {
                    on: Some(true),
                    ..row()
                },
            ),
            (
                r#"{"On":0}"#,
                OtherForFlag,
                "/On",
                Row {
                    on: Some(false),
                    ..row()
                },
            ),
            (
                r#"{"Rows":{"Id":1}}"#,
                SingleForList,
                "/Rows",
                Row {
                    rows: vec![id(1)],
                    ..row()
                },
            ),
            (
                r#"{"Id":6,"More":{"deep":[1]}}"#,
                UnknownField,
                "/More",
                id(6),
            ),
        ] {
            assert_eq!(decode::<Row>(text).unwrap().value, want, "{text}");
            assert_eq!(kinds(text), [(kind, pointer.to_owned())], "{text}");
        }
        assert_eq!(kinds(r#"{"Rows":{"id":"1"}}"#).len(), 3);
        assert_eq!(
            kinds(r#"{"Id":1,"+6281234567":2}"#),
            [(UnknownField, "/?".to_owned())]
        );
    }

    #[test]
    fn integers_may_be_written_as_decimals_and_are_exact() {
        for (text, want) in [
            ("6.0", 6),
            ("6e0", 6),
            ("60e-1", 6),
            ("-0", 0),
            ("0", 0),
            ("4.5e3", 4500),
        ] {
            let read = decode::<Row>(&format!(r#"{{"Id":{text}}}"#))
                .unwrap()
                .value
                .id;
            assert_eq!(read, Some(want), "{text}");
        }
    }

    #[test]
    fn null_and_absent_are_the_same() {
        for field in [
            "Name", "Id", "Credit", "On", "Colour", "Rows", "Names", "Map",
        ] {
            let text = format!(r#"{{"{field}":null}}"#);
            assert_eq!(decode::<Row>(&text).unwrap().value, row(), "{field}");
        }
    }

    #[test]
    fn what_must_not_be_bent_is_refused_and_never_quoted() {
        const WHOLE: &str = "must be a whole number of 64 bits that is not negative";
        for (text, pointer, problem) in [
            ("[]", "the payload", "must be an object"),
            ("[6]", "the payload", "must be an object"),
            ("null", "the payload", "must be an object"),
            ("\"SENTINEL\"", "the payload", "must be an object"),
            (
                "{}",
                "the payload",
                "has none of the members that are promised",
            ),
            (
                r#"{"SENTINEL":1}"#,
                "the payload",
                "has none of the members that are promised",
            ),
            (
                r#"{"Rows":[{}]}"#,
                "/Rows/0",
                "has none of the members that are promised",
            ),
            (
                r#"{"Rows":{}}"#,
                "/Rows",
                "has none of the members that are promised",
            ),
            (r#"{"Rows":[[6]]}"#, "/Rows/0", "must be an object"),
            (r#"{"Rows":"SENTINEL"}"#, "/Rows", "must be a list"),
            (
                r#"{"Rows":[{"Id":1},{"Rows":[{"Id":"SENTINEL"}]}]}"#,
                "/Rows/1/Rows/0/Id",
                WHOLE,
            ),
            (r#"{"Names":{"SENTINEL":1}}"#, "/Names", "does not fit"),
            (r#"{"Id":""}"#, "/Id", WHOLE),
            (r#"{"Id":-1}"#, "/Id", WHOLE),
            (r#"{"Id":6.5}"#, "/Id", WHOLE),
            (r#"{"Id":18446744073709551616}"#, "/Id", WHOLE),
            (r#"{"Id":[6]}"#, "/Id", WHOLE),
            (r#"{"Ratio":1e400}"#, "/Ratio", "must be a number"),
            (r#"{"Ratio":"NaN"}"#, "/Ratio", "must be a number"),
            (r#"{"Ratio":"inf"}"#, "/Ratio", "must be a number"),
            (r#"{"On":"SENTINEL"}"#, "/On", "must be true or false"),
            (r#"{"On":2}"#, "/On", "must be true or false"),
            (r#"{"Name":["SENTINEL"]}"#, "/Name", "must be text"),
            (r#"{"Name":true}"#, "/Name", "must be text"),
            (r#"{"Name":"\ud800"}"#, "/Name", "is not valid Unicode"),
            (
                r#"{"Credit":"SENTINEL"}"#,
                "/Credit",
                "must be an amount that can be held exactly",
            ),
            (
                r#"{"Credit":1e400}"#,
                "/Credit",
                "must be an amount that can be held exactly",
            ),
            (r#"{"Map":{"SENTINEL":"x"}}"#, "/Map/*", WHOLE),
            (r#"{"Id":6,"#, "the payload", "ends too early"),
            (r#"{"Id":6} {"Id":6}"#, "the payload", "is not valid JSON"),
            (r#"{"Id":NaN}"#, "/Id", "is not valid JSON"),
            ("{\"Name\":\"\u{fffe}\"}", "/Name", "is not valid UTF-8"),
        ] {
            let told = refusal(text);
            assert_eq!(told, format!("{pointer} {problem}"), "{text}");
            assert!(!told.contains("SENTINEL"));
        }
    }

    #[test]
    fn two_spellings_of_a_key_must_agree() {
        let twice = r#"{"Rows":[{"Id":6,"Id ":6,"Name":"x"}],"Id":1}"#;
        let decoded = decode::<Row>(twice).unwrap();
        assert_eq!(decoded.value.rows[0].id, Some(6));
        assert_eq!(decoded.value.rows[0].name.as_deref(), Some("x"));
        let differing = r#"{"Rows":[{"Id":6,"Id ":7}],"Id":1}"#;
        assert_eq!(
            refusal(differing),
            "/Rows/0/Id comes twice, with different values"
        );
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only read")]
    struct Needs {
        id: u64,
        #[serde(deserialize_with = "crate::non_empty")]
        result: Vec<Row>,
    }

    #[test]
    fn what_is_required_must_be_there() {
        let told = |text| decode::<Needs>(text).unwrap_err().to_string();
        assert!(told(r#"{"id":1}"#).starts_with("the payload lacks result"));
        assert!(told(r#"{"id":1,"result":[]}"#).starts_with("/result must not be empty"));
        assert!(told(r#"{"id":1,"result":null}"#).starts_with("/result must not be empty"));
        assert!(told(r#"{"id":1,"result":{}}"#).starts_with("/result has none"));
        assert!(told(r#"{"id":1,"result":""}"#).starts_with("/result must be a list"));
        assert!(told(r#"{"id":null,"result":[{"Id":1}]}"#).starts_with("/id must be"));
        let single = decode::<Needs>(r#"{"id":1,"result":{"Id":1}}"#).unwrap();
        assert_eq!(single.value.result.len(), 1);
    }

    #[test]
    fn a_strict_reader_takes_no_liberty_and_suggests_names() {
        let told = |text| decode_strict::<Row>(text).unwrap_err().to_string();
        assert!(told(r#"{"Nmae":"x"}"#).starts_with("/Nmae is not known; did you mean Name?"));
        assert!(told(r#"{"name":"x"}"#).starts_with("/name is not known; did you mean Name?"));
        assert!(
            told(r#"{"Zzzzzzzz":"x"}"#).starts_with("/Zzzzzzzz is not known; known are Name, ")
        );
        assert!(
            told(r#"{"Rows":[{"Nam":1}]}"#)
                .starts_with("/Rows/0/Nam is not known; did you mean Name?")
        );
        assert!(told(r#"{"Id":"1"}"#).starts_with("/Id must be a number, not text"));
        assert!(told(r#"{"Name":1}"#).starts_with("/Name must be text, not a number"));
        assert!(told(r#"{"Rows":{"Id":1}}"#).starts_with("/Rows must be a list"));
        assert!(decode_strict::<Row>("{}").is_ok());
    }

    #[test]
    fn a_row_survives_being_written_and_read_again() {
        let text = r#"{"Name":"x","Id":1,"Credit":12.50,"Colour":"blue","Rows":[{"Id":2}]}"#;
        let row = decode::<Row>(text).unwrap().value;
        let again = decode::<Row>(&serde_json::to_string(&row).unwrap()).unwrap();
        assert_eq!(again.value, row);
        assert_eq!(again.deviations, []);
    }

    #[test]
    fn depth_and_size_are_no_danger() {
        let deep = format!(
            r#"{{"Id":1,"More":{}{}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert_eq!(decode::<Row>(&deep).unwrap().value.id, Some(1));
        let nested = format!(
            "{}{{\"Id\":1}}{}",
            r#"{"Rows":["#.repeat(1000),
            "]}".repeat(1000)
        );
        assert!(decode::<Row>(&nested).is_err());
        let rows = vec![r#"{"Id":1,"More":2}"#; 10_000].join(",");
        let decoded = decode::<Row>(&format!(r#"{{"Rows":[{rows}]}}"#)).unwrap();
        assert_eq!(decoded.value.rows.len(), 10_000);
        assert_eq!(decoded.deviations.len(), MOST_DEVIATIONS);
    }

    /// A row as `Row` has it, `levels` times inside itself, with every key twice if `twice`.
    fn rows(levels: usize, twice: bool) -> String {
        let open = if twice {
            r#"{"Id":1,"Id":1,"Rows":["#
        } else {
            r#"{"Id":1,"Rows":["#
        };
        format!("{}{}", open.repeat(levels), "]}".repeat(levels))
    }

    #[test]
    fn nesting_beyond_the_limit_is_a_decode_error_on_a_small_stack() {
        let small = std::thread::Builder::new().stack_size(256 * 1024);
        let work = || {
            for twice in [false, true] {
                let deepest = decode::<Row>(&rows(DEEPEST / 2, twice)).unwrap();
                assert_eq!(deepest.value.id, Some(1));
                drop(format!("{:?}", deepest.value));
                drop(serde_json::to_string(&deepest.value).unwrap());
                for levels in [DEEPEST / 2 + 1, 3_000, 100_000] {
                    let error = decode::<Row>(&rows(levels, twice)).unwrap_err();
                    assert!(error.problem.contains("nested"), "{error}");
                    assert!(error.to_string().len() < 1024, "{error}");
                    // Parameters that a person wrote are read by the same code.
                    let error = decode_strict::<Row>(&rows(levels, twice)).unwrap_err();
                    assert!(!error.problem.is_empty(), "{error}");
                }
            }
        };
        small.spawn(work).unwrap().join().unwrap();
    }

    #[test]
    fn single_objects_for_lists_are_levels_too() {
        let small = std::thread::Builder::new().stack_size(256 * 1024);
        let work = || {
            for levels in [3_000, 100_000] {
                let (open, close) = (
                    r#"{"Id":1,"Id":1,"Rows":"#.repeat(levels),
                    "}".repeat(levels),
                );
                let error = decode::<Row>(&format!("{open}{{\"Id\":1}}{close}")).unwrap_err();
                assert!(error.problem.contains("nested"), "{error}");
            }
        };
        small.spawn(work).unwrap().join().unwrap();
    }

    #[test]
    fn values_that_come_twice_are_compared_on_a_small_stack() {
        let small = std::thread::Builder::new().stack_size(256 * 1024);
        let work = || {
            for levels in [DEEPEST, DEEPEST + 1, 127, 3_000, 100_000] {
                for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
                    let value = format!("{}1{}", open.repeat(levels), close.repeat(levels));
                    let text = format!(r#"{{"Id":1,"Any":{value},"Any": {value} }}"#);
                    assert!(decode::<Row>(&text).is_ok());
                    assert!(crate::RawObject::read(&text).is_ok());
                    // The same value in another spelling.
                    let other = format!("{} 1{}", open.repeat(levels), close.repeat(levels));
                    let text = format!(r#"{{"Id":1,"Any":{value},"Any":{other}}}"#);
                    assert_eq!(decode::<Row>(&text).is_ok(), levels == DEEPEST);
                    assert_eq!(crate::RawObject::read(&text).is_ok(), levels == DEEPEST);
                }
            }
        };
        small.spawn(work).unwrap().join().unwrap();
    }

    #[test]
    fn a_type_that_takes_anything_has_the_same_limit() {
        let small = std::thread::Builder::new().stack_size(256 * 1024);
        let work = || {
            type Any = serde_json::Value;
            let text = r#"{"a":[1,-2,0.5,"x","\n",true,null,{}],"b":{"c":18446744073709551615}}"#;
            let decoded = decode::<Any>(text).unwrap();
            assert_eq!(decoded.value, serde_json::from_str::<Any>(text).unwrap());
            assert_eq!(decoded.deviations, []);
            for levels in [DEEPEST, DEEPEST + 1, 3_000, 100_000] {
                for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
                    let value = format!("{}1{}", open.repeat(levels), close.repeat(levels));
                    match decode::<Any>(&value) {
                        Ok(_) => assert_eq!(levels, DEEPEST),
                        Err(error) => assert!(error.problem.contains("nested"), "{error}"),
                    }
                }
            }
        };
        small.spawn(work).unwrap().join().unwrap();
    }
}
