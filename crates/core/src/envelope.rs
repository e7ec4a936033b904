//! The envelope of a response, read without decoding its payload.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::lenient::{DecodeError, Decoded, Deviation, DeviationKind, Key, decode, same};
use crate::operation::{Envelope, OperationInfo, Success};

/// A JSON object whose members are kept as text. A provider reads the envelope with it and leaves the
/// payload to be decoded once.
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
    /// [`ResponseError::Unreadable`](crate::raw_response::ResponseError::Unreadable) if the text is not a JSON object, or has a
    /// member twice with different values: it is unknown which of them counts.
    pub fn read(text: &'r str) -> Result<Self, crate::raw_response::ResponseError> {
        let members = Self::unchecked(text)?;
        if members.disagree() {
            return Err(crate::raw_response::ResponseError::Unreadable(
                "has a member twice, with different values",
            ));
        }
        Ok(members)
    }

    /// Reads the members of an object without comparing repeated ones.
    pub(crate) fn unchecked(text: &'r str) -> Result<Self, crate::raw_response::ResponseError> {
        serde_json::from_str(text).map_err(|error| {
            let problem = match error.classify() {
                serde_json::error::Category::Eof => "ends too early",
                serde_json::error::Category::Data => "is not a JSON object",
                _ => "is not JSON",
            };
            crate::raw_response::ResponseError::Unreadable(problem)
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
    fn spelt<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'r RawValue> + 'a {
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

/// Reads the payload of an operation. Parts of the envelope beside the output are not deviations.
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

/// Whether each part of a response's envelope has one value under all spellings of its name: `status`
/// and `Status` are one member, and it is unknown which of two values counts.
pub(crate) fn agrees(text: &str, envelope: &Envelope) -> bool {
    let (Success::Absent(success) | Success::Equals(success, _)) = envelope.success;
    agree(text, &[envelope.payload, success, envelope.code])
}

fn agree(text: &str, pointers: &[&str]) -> bool {
    let parts: Vec<(&str, &str)> = pointers
        .iter()
        .filter_map(|pointer| pointer.strip_prefix('/'))
        .map(|pointer| pointer.split_at(pointer.find('/').unwrap_or(pointer.len())))
        .collect();
    if parts.is_empty() {
        return true;
    }
    // A value that is not an object has no members that could disagree.
    let Ok(members) = RawObject::unchecked(text) else {
        return true;
    };
    parts.iter().all(|(name, _)| {
        let mut values = members.spelt(name);
        let Some(first) = values.next() else {
            return true;
        };
        let below = parts.iter().filter(|(other, _)| other == name);
        let below: Vec<&str> = below.map(|(_, rest)| *rest).collect();
        values.all(|value| same(first, value)) && agree(first.get(), &below)
    })
}

/// Whether a response that reports a failure also reports a success: by its success flag, or by a
/// payload that is not empty.
pub(crate) fn reports_success(text: &str, info: &OperationInfo) -> bool {
    let envelope = info.answer_envelope();
    if let Success::Equals(pointer, wanted) = envelope.success
        && member_at(text, pointer)
            .and_then(scalar)
            .is_some_and(|found| found.trim().eq_ignore_ascii_case(wanted))
    {
        return true;
    }
    let Some(payload) = member_at(text, envelope.payload) else {
        return false;
    };
    if !envelope.is_within_payload() {
        return !is_empty(payload);
    }
    let Ok(members) = RawObject::unchecked(payload) else {
        return false;
    };
    members.iter().any(|(name, value)| {
        let is_output = match info.output_fields {
            // Without known fields, a list or an object contradicts "no such record". Beside any other
            // failure it may describe that failure.
            [] => !info.no_record.is_empty() && value.starts_with(['{', '[']),
            _ => info.has_output_field(name),
        };
        is_output && !envelope.owns_member(name) && !is_empty(value)
    })
}

/// The text of the member that a pointer leads to.
fn member_at<'r>(text: &'r str, pointer: &str) -> Option<&'r str> {
    pointer.split('/').skip(1).try_fold(text, |text, name| {
        RawObject::unchecked(text).ok()?.get(name)
    })
}

fn scalar(value: &str) -> Option<Cow<'_, str>> {
    match value.chars().next()? {
        '"' => serde_json::from_str::<String>(value).ok().map(Cow::Owned),
        '{' | '[' => None,
        _ => Some(value.into()),
    }
}

/// Whether a JSON value carries no information: null, false, a blank text, or a list or object of such
/// values.
fn is_empty(json: &str) -> bool {
    use serde_json::Value;
    fn empty(value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.trim().is_empty(),
            Value::Array(items) => items.iter().all(empty),
            Value::Object(members) => members.values().all(empty),
            Value::Bool(true) | Value::Number(_) => false,
        }
    }
    serde_json::from_str(json).is_ok_and(|value| empty(&value))
}

impl fmt::Debug for RawObject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawObject({})", self.0.len())
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

    const ALL: Envelope = Envelope {
        payload: "",
        success: Success::Equals("/status", "OK"),
        code: "/status",
        message: "/reason",
        request_id: Some("/id"),
    };
    const WITHIN: Envelope = Envelope {
        payload: "/Response",
        success: Success::Absent("/Response/Error"),
        code: "/Response/Error/Code",
        message: "/Response/Error/Message",
        request_id: None,
    };

    #[test]
    fn envelope_agrees_only_with_equal_values_in_all_spellings() {
        for (envelope, text, want) in [
            (&ALL, r#"{"status":"OK","Status":"OK","x":1,"X":2}"#, true),
            (&ALL, r#"{"status":"OK","STATUS ":null}"#, true),
            (&ALL, r#"{"status":"OK","Status":"NOT_HIT"}"#, false),
            (&ALL, "[1]", true),
            (&WITHIN, r#"{"Response":{"a":1,"A":2}}"#, true),
            (&WITHIN, r#"{"Response":{"a":1},"response":{"a":2}}"#, false),
            (
                &WITHIN,
                r#"{"Response":{"Error":{"Code":"A"},"error":{"Code":"B"}}}"#,
                false,
            ),
            (
                &WITHIN,
                r#"{"Response":{"Error":{"Code":"A","code":"B"}}}"#,
                false,
            ),
            (
                &WITHIN,
                r#"{"Response":{"Error":{"Code":"A","code":"A"}}}"#,
                true,
            ),
        ] {
            assert_eq!(agrees(text, envelope), want, "{text}");
        }
    }

    #[test]
    fn success_flag_or_payload_in_any_spelling_reports_success() {
        use crate::operation::{Method, Service};
        const OTHER: Envelope = Envelope {
            payload: "/Data",
            success: Success::Equals("/Success", "true"),
            code: "/Code",
            message: "/Message",
            request_id: None,
        };
        static SERVICE: Service = Service::new("p", "s", "h");
        const BARE: OperationInfo = OperationInfo::new(&SERVICE, "O", Method::Post, "/");
        const INFO: OperationInfo = BARE.output_fields(&["result", "Data"]);
        const NONE: OperationInfo = BARE.no_record(&["NO"]);
        for (info, text, want) in [
            (
                INFO.envelope(&ALL),
                r#"{"status":"NO","reason":"x","id":"y","took":7,"meta":{"a":1}}"#,
                false,
            ),
            (
                INFO.envelope(&ALL),
                r#"{"status":"NO","result":[{"a":null,"b":""}]}"#,
                false,
            ),
            (
                INFO.envelope(&ALL),
                r#"{"status":"NO"," Result":[{"a":0}]}"#,
                true,
            ),
            (
                INFO.envelope(&ALL),
                r#"{"status":"NO","result":true}"#,
                true,
            ),
            (BARE.envelope(&ALL), r#"{"status":"NO","took":7}"#, false),
            (
                BARE.envelope(&ALL),
                r#"{"status":"NO","anything":{"a":1}}"#,
                false,
            ),
            (
                NONE.envelope(&ALL),
                r#"{"status":"NO","anything":{"a":1}}"#,
                true,
            ),
            (
                BARE.envelope(&WITHIN),
                r#"{"Response":{"Error":{"Code":"A"}}}"#,
                false,
            ),
            (
                INFO.envelope(&WITHIN),
                r#"{"Response":{"Error":{"Code":"A"},"Data":[1]}}"#,
                true,
            ),
            (
                BARE.envelope(&OTHER),
                r#"{"Code":"A","Details":{"a":1},"Data":{}}"#,
                false,
            ),
            (
                BARE.envelope(&OTHER),
                r#"{"Code":"A","Data":null,"data":{"a":1}}"#,
                true,
            ),
            (
                BARE.envelope(&OTHER),
                r#"{"Code":"A","success":"True"}"#,
                true,
            ),
            (
                BARE.envelope(&OTHER),
                r#"{"Code":"A","Success":false}"#,
                false,
            ),
        ] {
            assert_eq!(reports_success(text, &info), want, "{text}");
        }
    }

    #[test]
    fn text_that_is_not_an_object_is_refused() {
        for text in ["", "[]", "null", "\"x\"", "7", "{", "{}x", "<html>"] {
            assert!(RawObject::read(text).is_err(), "{text}");
        }
    }
}
