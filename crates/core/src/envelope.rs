//! Looking into an answer's envelope without reading its payload.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::lenient::{Key, same};

/// The members of a JSON object by name, each as its own text: an envelope is looked into, its
/// payload is left for the one real decoding.
///
/// Names are compared without the blanks around them and, failing that, without case.
///
/// ```
/// use standing_core::Members;
///
/// let envelope = Members::read(r#"{"Response":{"Error":{"Code":"FailedOperation"}}}"#)?;
/// let code = envelope.object("Response").and_then(|r| r.object("Error")).and_then(|e| e.text("Code"));
/// assert_eq!(code.as_deref(), Some("FailedOperation"));
/// # Ok::<(), standing_core::Fault>(())
/// ```
pub struct Members<'r>(Vec<(Cow<'r, str>, &'r RawValue)>);

impl<'r> Members<'r> {
    /// Reads the members of an object.
    ///
    /// # Errors
    ///
    /// [`Fault::Unreadable`](crate::Fault::Unreadable) if the text is no JSON object, or has a
    /// member twice with different values: which of them counts is anybody's guess.
    pub fn read(text: &'r str) -> Result<Self, crate::Fault> {
        let members = Self::unchecked(text)?;
        if members.disagree() {
            return Err(crate::Fault::Unreadable(
                "has a member twice, with different values",
            ));
        }
        Ok(members)
    }

    /// The members of an object, whatever comes twice.
    pub(crate) fn unchecked(text: &'r str) -> Result<Self, crate::Fault> {
        serde_json::from_str(text).map_err(|error| {
            let problem = match error.classify() {
                serde_json::error::Category::Eof => "ends too early",
                serde_json::error::Category::Data => "is not a JSON object",
                _ => "is not JSON",
            };
            crate::Fault::Unreadable(problem)
        })
    }

    /// The text of a member; null counts as absent.
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

    /// Whether two members of one name have values that differ; null says nothing.
    fn disagree(&self) -> bool {
        let mut told: Vec<(&str, &RawValue)> = self
            .0
            .iter()
            .map(|(key, value)| (key.trim(), *value))
            .filter(|(_, value)| value.get() != "null")
            .collect();
        told.sort_by_key(|(key, _)| *key);
        told.windows(2)
            .any(|pair| matches!(pair, [(a, before), (b, after)] if a == b && !same(before, after)))
    }

    /// Every member, in the order they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'r str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_ref(), value.get()))
    }

    /// A member that is an object.
    pub fn object(&self, name: &str) -> Option<Self> {
        self.get(name).and_then(|value| Self::read(value).ok())
    }

    /// Every member that is an object, in the order they came.
    pub fn objects(&self) -> impl Iterator<Item = Self> {
        self.iter().filter_map(|(_, value)| Self::read(value).ok())
    }

    /// A member that is a scalar, as text: a provider's code may come as a number.
    pub fn text(&self, name: &str) -> Option<Cow<'r, str>> {
        let value = self.get(name)?;
        match value.chars().next()? {
            '"' => serde_json::from_str::<String>(value).ok().map(Cow::Owned),
            '{' | '[' => None,
            _ => Some(value.into()),
        }
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

impl fmt::Debug for Members<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Members({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_whatever_blanks_and_case() {
        let members =
            Members::read(r#"{"status ":"OK","requestId":"r","Code":4500,"Error":null}"#).unwrap();
        assert_eq!(members.text("status").as_deref(), Some("OK"));
        assert_eq!(members.text("RequestId").as_deref(), Some("r"));
        assert_eq!(members.text("Code").as_deref(), Some("4500"));
        assert!(members.get("Error").is_none());
        assert!(members.object("Code").is_none());
        let members = Members::read(r#"{"a":[{}],"b":{"c":1},"d":null,"e":{}}"#).unwrap();
        assert_eq!(members.objects().count(), 2);
        assert_eq!(
            members.objects().find_map(|m| m.text("c")).as_deref(),
            Some("1")
        );
    }

    #[test]
    fn what_comes_twice_must_agree() {
        for text in [
            r#"{"status":"OK","status":"NOT_HIT"}"#,
            r#"{"status":"OK","x":1,"status ":"NOT_HIT"}"#,
            r#"{"Error":{"Code":"A"},"Error":{"Code":"B"}}"#,
        ] {
            assert!(Members::read(text).is_err(), "{text}");
            assert!(Members::unchecked(text).is_ok(), "{text}");
        }
        for text in [
            r#"{"Error":null,"Error":{"Code":"A"}}"#,
            r#"{"Error":null,"error":{"Code":"A"}}"#,
            r#"{"Error":{"Code":"A"},"Error":null}"#,
            r#"{"Error":{"Code":"A"},"Error":{ "Code" : "A" }}"#,
        ] {
            let members = Members::read(text).unwrap();
            assert!(members.object("Error").is_some(), "{text}");
        }
    }

    #[test]
    fn anything_but_an_object_is_refused() {
        for text in ["", "[]", "null", "\"x\"", "7", "{", "{}x", "<html>"] {
            assert!(Members::read(text).is_err(), "{text}");
        }
    }
}
