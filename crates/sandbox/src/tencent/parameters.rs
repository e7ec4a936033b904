//! The parameters of an operation: typed in JSON, or flattened into strings such as
//! `Filters.0.Name=zone`.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::errors::invalid_parameter;
use crate::response::ErrorResponse;

/// Limits the recursion of [`convert_lists`]; the provider's parameters have far fewer levels.
const MAX_LEVELS: usize = 32;

/// The parameters of one request.
#[derive(Debug)]
pub(super) struct Parameters {
    members: Map<String, Value>,
    flat: bool,
}

/// The value of a parameter. In a flattened one, numbers and booleans are strings.
#[derive(Clone, Copy, Debug)]
pub(super) enum Parameter<'a> {
    Json(&'a Value),
    Flat(&'a Value),
}

impl Parameters {
    pub(super) fn from_json(body: &[u8]) -> Result<Self, ErrorResponse> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self {
                members,
                flat: false,
            }),
            _ => Err(invalid_parameter("The body must be a JSON object.")),
        }
    }

    /// Builds objects and lists from flattened names: `A.0=x` is `{"A": ["x"]}`.
    pub(super) fn from_flat<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ErrorResponse> {
        let mut members = Map::new();
        for (name, value) in pairs {
            insert(&mut members, name, value)?;
        }
        members.values_mut().for_each(convert_lists);
        Ok(Self {
            members,
            flat: true,
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<Parameter<'_>> {
        self.members.get(name).map(|value| self.parameter(value))
    }

    /// All parameters except those that are `null`.
    pub(super) fn set(&self) -> impl Iterator<Item = (&str, Parameter<'_>)> {
        self.members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.as_str(), self.parameter(value)))
    }

    fn parameter<'a>(&self, value: &'a Value) -> Parameter<'a> {
        if self.flat {
            Parameter::Flat(value)
        } else {
            Parameter::Json(value)
        }
    }
}

impl<'a> Parameter<'a> {
    pub(super) fn int(self) -> Option<i64> {
        match self {
            Self::Json(value) => value.as_i64(),
            Self::Flat(value) => value.as_str()?.parse().ok(),
        }
    }

    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Self::Json(value) | Self::Flat(value) => value.as_str(),
        }
    }
}

/// Decodes `a=b&c=d`. Unlike a lenient form decoder, it rejects invalid UTF-8 and a name without
/// `=`.
pub(super) fn parse_pairs(text: &str) -> Result<Vec<(String, String)>, ErrorResponse> {
    let decode = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8()
            .map(|text| text.into_owned())
            .map_err(|_| invalid_parameter("The parameters must be UTF-8."))
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').ok_or(invalid_parameter(
                "A parameter's name and value must be separated by `=`.",
            ))?;
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn insert(members: &mut Map<String, Value>, name: &str, value: &str) -> Result<(), ErrorResponse> {
    let conflict =
        || invalid_parameter("A parameter comes twice, or both as a value and with parts.");
    if name.split('.').count() > MAX_LEVELS {
        return Err(invalid_parameter("A parameter has too many levels."));
    }
    let mut object = members;
    let mut path = name;
    while let Some((key, rest)) = path.split_once('.') {
        let part = object
            .entry(key)
            .or_insert_with(|| Value::Object(Map::new()));
        object = part.as_object_mut().ok_or_else(conflict)?;
        path = rest;
    }
    match object.insert(path.to_owned(), Value::from(value)) {
        None => Ok(()),
        Some(_) => Err(conflict()),
    }
}

/// Converts every object whose keys are 0, 1, 2 and so on without a gap to a list.
fn convert_lists(value: &mut Value) {
    let Value::Object(members) = value else {
        return;
    };
    members.values_mut().for_each(convert_lists);
    if (0..members.len()).all(|position| members.contains_key(&position.to_string())) {
        let items = (0..members.len()).filter_map(|position| members.remove(&position.to_string()));
        *value = Value::Array(items.collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn flat(text: &str) -> Result<Value, String> {
        let pairs = parse_pairs(text).map_err(|error| error.code.into_owned())?;
        let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
        Parameters::from_flat(pairs)
            .map(|parameters| Value::Object(parameters.members))
            .map_err(|error| error.code.into_owned())
    }

    #[test]
    fn flattened_names_become_objects_and_lists() {
        let long: Vec<_> = (0..12)
            .map(|position| format!("A.{position}={position}"))
            .collect();
        let items: Vec<_> = (0..12).map(|position| position.to_string()).collect();
        for (text, expected) in [
            ("", json!({})),
            (
                "Page=1&Filter=a+b%2B%E4%BA%91",
                json!({"Page": "1", "Filter": "a b+云"}),
            ),
            ("A.1=y&A.0=x", json!({"A": ["x", "y"]})),
            (&long.join("&"), json!({"A": items})),
            (
                "F.0.Name=n&F.0.Values.0=v&F.1.Name=m&T.Key=k",
                json!({"F": [{"Name": "n", "Values": ["v"]}, {"Name": "m"}], "T": {"Key": "k"}}),
            ),
            ("A.0=x&A.2=y", json!({"A": {"0": "x", "2": "y"}})),
            ("A.00=x", json!({"A": {"00": "x"}})),
        ] {
            assert_eq!(flat(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn contradictory_or_undecodable_forms_are_invalid_parameters() {
        let deep = format!("A{}=1", ".0".repeat(100_000));
        for text in [
            "A=1&A=1",
            "A=1&A.0=2",
            "A.0=2&A=1",
            "A",
            "A=%FF",
            "%FF=A",
            &deep,
        ] {
            let start: String = text.chars().take(20).collect();
            assert_eq!(flat(text), Err("InvalidParameter".to_owned()), "{start}");
        }
    }

    #[test]
    fn flattened_numbers_are_read_from_texts_and_json_numbers_are_not() {
        let flat = Parameters::from_flat([("Page", "7"), ("Text", "x"), ("List.0", "1")]).unwrap();
        let int = |name| flat.get(name).and_then(Parameter::int);
        assert_eq!(
            (int("Page"), int("Text"), int("List")),
            (Some(7), None, None)
        );
        assert!(flat.get("List").and_then(Parameter::text).is_none());
        let json = Parameters::from_json(br#"{"Page":7,"Text":"7","None":null}"#).unwrap();
        let int = |name| json.get(name).and_then(Parameter::int);
        assert_eq!((int("Page"), int("Text")), (Some(7), None));
        assert_eq!(json.set().count(), 2);
    }
}
