//! A JSON object whose members are kept as text.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::lenient::{Key, same};
use crate::raw_response::ResponseError;

/// A JSON object whose members are kept as text. It reads the parts of a response beside the
/// payload, which is decoded once and later.
///
/// Names are compared without surrounding blanks, first with case and then without.
///
/// ```
/// use standing_core::provider::RawObject;
///
/// let envelope = RawObject::read(r#"{"Response":{"Error":{"Code":"FailedOperation"}}}"#)?;
/// let code = envelope.object("Response").and_then(|r| r.object("Error")).and_then(|e| e.text("Code"));
/// assert_eq!(code.as_deref(), Some("FailedOperation"));
/// # Ok::<(), standing_core::provider::ResponseError>(())
/// ```
pub struct RawObject<'r>(Vec<(Cow<'r, str>, &'r RawValue)>);

impl<'r> RawObject<'r> {
    /// Reads the members of an object.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Unreadable`] if the text is not a JSON object, or has a
    /// member twice with different values: it is unknown which of them counts.
    pub fn read(text: &'r str) -> Result<Self, ResponseError> {
        let members = Self::unchecked(text)?;
        if members.disagree() {
            return Err(ResponseError::Unreadable(
                "has a member twice, with different values".into(),
            ));
        }
        Ok(members)
    }

    /// Reads the members of an object without comparing repeated ones.
    pub(crate) fn unchecked(text: &'r str) -> Result<Self, ResponseError> {
        serde_json::from_str(text).map_err(|error| {
            let problem = match error.classify() {
                serde_json::error::Category::Eof => "ends too early",
                serde_json::error::Category::Data => "is not a JSON object",
                _ => "is not JSON",
            };
            ResponseError::Unreadable(problem.into())
        })
    }

    /// The JSON text of a member. Null counts as absent.
    pub fn get(&self, name: &str) -> Option<&'r str> {
        let by = |same: fn(&str, &str) -> bool| {
            self.0
                .iter()
                .map(|(key, value)| (key.trim(), value.get()))
                .find(|(key, value)| *value != "null" && same(key, name))
                .map(|(_, value)| value)
        };
        by(|a, b| a == b).or_else(|| by(|a, b| a.eq_ignore_ascii_case(b)))
    }

    /// The values of a member under every spelling of its name. Null counts as absent.
    pub(crate) fn spelt<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'r RawValue> + 'a {
        self.0
            .iter()
            .filter(move |(key, value)| {
                value.get() != "null" && key.trim().eq_ignore_ascii_case(name)
            })
            .map(|(_, value)| *value)
    }

    /// Whether two members of one name have different values. Null does not count.
    fn disagree(&self) -> bool {
        let mut present: Vec<(&str, &RawValue)> = self
            .0
            .iter()
            .map(|(key, value)| (key.trim(), *value))
            .filter(|(_, value)| value.get() != "null")
            .collect();
        present.sort_by_key(|(key, _)| *key);
        present
            .windows(2)
            .any(|pair| matches!(pair, [(a, before), (b, after)] if a == b && !same(before, after)))
    }

    /// Every member, in the order of the text.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'r str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_ref(), value.get()))
    }

    /// A member that is an object.
    pub fn object(&self, name: &str) -> Option<Self> {
        self.get(name).and_then(|value| Self::read(value).ok())
    }

    /// Every member that is an object, in the order of the text.
    pub fn objects(&self) -> impl Iterator<Item = Self> {
        self.iter().filter_map(|(_, value)| Self::read(value).ok())
    }

    /// A member that is a scalar, as text: a provider may write a code as a number.
    pub fn text(&self, name: &str) -> Option<Cow<'r, str>> {
        self.get(name).and_then(scalar)
    }
}

impl<'de> Deserialize<'de> for RawObject<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;
        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = RawObject<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(RawObject(members))
            }
        }
        deserializer.deserialize_map(ObjectVisitor)
    }
}

impl fmt::Debug for RawObject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawObject({})", self.0.len())
    }
}

/// A scalar as text.
pub(crate) fn scalar(value: &str) -> Option<Cow<'_, str>> {
    match value.chars().next()? {
        '"' => serde_json::from_str::<String>(value).ok().map(Cow::Owned),
        '{' | '[' => None,
        _ => Some(value.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_is_found_despite_blanks_and_case() {
        let members =
            RawObject::read(r#"{"status ":"OK","requestId":"r","Code":4500,"Error":null}"#)
                .unwrap();
        assert_eq!(members.text("status").as_deref(), Some("OK"));
        assert_eq!(members.text("RequestId").as_deref(), Some("r"));
        assert_eq!(members.text("Code").as_deref(), Some("4500"));
        assert!(members.get("Error").is_none());
        assert!(members.object("Code").is_none());
        let members = RawObject::read(r#"{"a":[{}],"b":{"c":1},"d":null,"e":{}}"#).unwrap();
        assert_eq!(members.objects().count(), 2);
        assert_eq!(
            members.objects().find_map(|m| m.text("c")).as_deref(),
            Some("1")
        );
    }

    #[test]
    fn repeated_member_is_accepted_only_with_equal_values() {
        for text in [
            r#"{"status":"OK","status":"NOT_HIT"}"#,
            r#"{"status":"OK","x":1,"status ":"NOT_HIT"}"#,
            r#"{"Error":{"Code":"A"},"Error":{"Code":"B"}}"#,
        ] {
            assert!(RawObject::read(text).is_err(), "{text}");
            assert!(RawObject::unchecked(text).is_ok(), "{text}");
        }
        for text in [
            r#"{"Error":null,"Error":{"Code":"A"}}"#,
            r#"{"Error":null,"error":{"Code":"A"}}"#,
            r#"{"Error":{"Code":"A"},"Error":null}"#,
            r#"{"Error":{"Code":"A"},"Error":{ "Code" : "A" }}"#,
        ] {
            let members = RawObject::read(text).unwrap();
            assert!(members.object("Error").is_some(), "{text}");
        }
    }

    #[test]
    fn text_that_is_not_an_object_is_refused() {
        for text in ["", "[]", "null", "\"x\"", "7", "{", "{}x", "<html>"] {
            assert!(RawObject::read(text).is_err(), "{text}");
        }
    }
}
