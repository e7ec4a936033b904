//! Encodes the fields of an operation as path, query, headers and body.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::endpoint::is_dots;
use crate::lenient::is_deeper;
use crate::operation::{Lists, Method, OperationInfo, Params, Place};
use crate::raw_object::RawObject;
use crate::request::Body;
use crate::sign::percent;
use crate::validate::InvalidRequest;

/// The fields of an operation, each at its place in the request.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) path: String,
    /// Every value with the path of its field, whatever its place in the request. It is not sent:
    /// messages are scrubbed of these values, and the path says whether the field has personal data. The
    /// path has no list indices.
    pub(crate) values: Vec<(String, String)>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
}

/// Encodes an operation, or any other object, as `info` describes. The fields are written as JSON once,
/// and every value is sent with the characters that it has there. `params` is the encoding that the
/// provider chose; it may differ from that of `info`.
pub(crate) fn encode(
    fields: &impl Serialize,
    info: &OperationInfo,
    params: Params,
) -> Result<Encoded, InvalidRequest> {
    // The message of a failed serialisation may contain a value.
    let json = serde_json::to_string(fields)
        .map_err(|_| InvalidRequest::one("the request", "cannot be written as JSON"))?;
    if is_deeper(&json, DEEPEST) {
        return Err(InvalidRequest::one("the request", "is nested too deeply"));
    }
    let members = RawObject::unchecked(&json)
        .map_err(|_| InvalidRequest::one("the request", "must be a JSON object"))?;
    let lists = info.service.lists;
    let (mut path, mut query, mut headers) = (info.path.to_owned(), Vec::new(), Vec::new());
    let (mut form, mut values) = (Vec::new(), Vec::new());
    // The members of the JSON body.
    let mut json_members: Vec<String> = Vec::new();
    for (name, value) in members.iter() {
        flatten(name, value, Lists::Repeated, &mut values);
        let place = info
            .places
            .iter()
            .find(|(field, _)| *field == name)
            .map(|(_, place)| *place);
        // Null counts as absent, but a JSON body has it, and in the path it is an error as an absent field is.
        match (place, params) {
            (Some(Place::Path), _) => {
                path = filled_path(&path, name, value)?;
            }
            (Some(Place::Header), _) => {
                if let Some(value) = header_value(name, value)? {
                    headers.push((header_name(name)?, value));
                }
            }
            (Some(Place::Query), _) | (None, Params::Query) => {
                flatten(name, value, lists, &mut query);
            }
            (Some(Place::Body), Params::Query) => {
                if value != "null" {
                    return Err(InvalidRequest::one(
                        name,
                        "belongs to the body, but this operation has none: its fields are its query",
                    ));
                }
            }
            (Some(Place::Body) | None, Params::Form) => flatten(name, value, lists, &mut form),
            (Some(Place::Body) | None, Params::Json) => {
                let key = serde_json::to_string(name)
                    .map_err(|_| InvalidRequest::one("the request", "cannot be written as JSON"))?;
                json_members.push(format!("{key}:{value}"));
            }
        }
    }
    if let Some((_, rest)) = path.split_once('{') {
        let field = rest.split_once('}').map_or(rest, |(field, _)| field);
        return Err(InvalidRequest::one(
            field,
            "is required because it is part of the path",
        ));
    }
    let body = match params {
        Params::Query => Body::Empty,
        Params::Json
            if matches!(info.method, Method::Get | Method::Delete) && json_members.is_empty() =>
        {
            Body::Empty
        }
        Params::Json => {
            let object = format!("{{{}}}", json_members.join(","));
            Body::Bytes(object.into(), "application/json")
        }
        Params::Form if form.is_empty() => Body::Empty,
        Params::Form => {
            let pairs: Vec<_> = form
                .iter()
                .map(|(name, value)| format!("{}={}", percent(name), percent(value)))
                .collect();
            Body::Bytes(pairs.join("&").into(), "application/x-www-form-urlencoded")
        }
    };
    Ok(Encoded {
        path,
        values,
        query,
        headers,
        body,
    })
}

/// The deepest nesting of lists and objects in a request. `flatten` recurses for each level, and the
/// stack is finite; no operation comes near the limit.
const DEEPEST: usize = 32;

/// Replaces `{name}` in the path. An empty segment, or one of dots, would lead to another route.
fn filled_path(path: &str, name: &str, value: &str) -> Result<String, InvalidRequest> {
    let value = scalar(value).filter(|value| !value.is_empty() && !is_dots(value));
    let value = value.ok_or_else(|| {
        InvalidRequest::one(
            name,
            "is part of the path and must not be empty or consist of dots",
        )
    })?;
    let placeholder = format!("{{{name}}}");
    if !path.contains(&placeholder) {
        return Err(InvalidRequest::one(
            name,
            "belongs to the path, but the path of this operation has no placeholder for it",
        ));
    }
    Ok(path.replace(&placeholder, &percent(&value)))
}

fn header_name(name: &str) -> Result<String, InvalidRequest> {
    let valid = http::HeaderName::from_bytes(name.as_bytes()).is_ok();
    valid
        .then(|| name.to_ascii_lowercase())
        .ok_or_else(|| InvalidRequest::one(name, "is not a valid header name"))
}

/// The text of a header, or `None` for null.
fn header_value(name: &str, json: &str) -> Result<Option<String>, InvalidRequest> {
    if json == "null" {
        return Ok(None);
    }
    let value = scalar(json).ok_or_else(|| {
        InvalidRequest::one(
            name,
            "is sent in a header and must be text, a number or a flag",
        )
    })?;
    if value.trim() != value || value.chars().any(char::is_control) {
        return Err(InvalidRequest::one(
            name,
            "is sent in a header and must not have surrounding blanks or control characters",
        ));
    }
    Ok(Some(value))
}

/// The text of a JSON scalar, or `None` for null, a list or an object.
fn scalar(json: &str) -> Option<String> {
    match json.chars().next()? {
        '"' => serde_json::from_str(json).ok(),
        '{' | '[' | 'n' => None,
        _ => Some(json.to_owned()),
    }
}

/// Collects the name and value of every scalar in a JSON value. The name contains the path to it.
fn flatten(name: &str, json: &str, lists: Lists, pairs: &mut Vec<(String, String)>) {
    if let Some(value) = scalar(json) {
        pairs.push((name.to_owned(), value));
    } else if let Ok(members) = RawObject::unchecked(json) {
        for (key, value) in members.iter() {
            flatten(&format!("{name}.{key}"), value, lists, pairs);
        }
    } else if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(json) {
        for (index, item) in items.iter().enumerate() {
            match lists {
                Lists::Repeated => flatten(name, item.get(), lists, pairs),
                Lists::Numbered => {
                    flatten(&format!("{name}.{}", index + 1), item.get(), lists, pairs)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Service;
    use serde_json::json;

    static PLAIN: Service = Service::new("p", "s", "h");
    static NUMBERED: Service = Service::new("p", "s", "h").lists(Lists::Numbered);

    fn pairs(query: &[(String, String)]) -> String {
        query
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect::<Vec<_>>()
            .join("&")
    }

    #[test]
    fn json_body_keeps_order_and_digits() {
        let info = OperationInfo::new(&PLAIN, "O", Method::Post, "/");
        let fields: Box<RawValue> =
            serde_json::from_str(r#"{"b":12.50,"a":"云帆 \"x\" 😀"}"#).unwrap();
        let encoded = encode(&fields, &info, info.params).unwrap();
        let Body::Bytes(body, content_type) = encoded.body else {
            panic!("no body")
        };
        assert_eq!(body, r#"{"b":12.50,"a":"云帆 \"x\" 😀"}"#);
        assert_eq!(content_type, "application/json");
        let empty = encode(&json!({}), &info, info.params).unwrap();
        assert_eq!(empty.body, Body::Bytes("{}".into(), "application/json"));
    }

    #[test]
    fn get_or_delete_without_json_fields_has_no_body() {
        for method in [Method::Get, Method::Delete] {
            let info = OperationInfo::new(&PLAIN, "O", method, "/");
            let empty = encode(&json!({}), &info, info.params).unwrap();
            assert_eq!(empty.body, Body::Empty, "{method}");
        }
    }

    #[test]
    fn each_field_is_encoded_at_its_place() {
        let info = OperationInfo::new(&PLAIN, "O", Method::Get, "/v2/orders/{order_id}/x")
            .params(Params::Query)
            .places(&[("order_id", Place::Path), ("X-Language", Place::Header)]);
        let fields = json!({"order_id": "a/b ~", "X-Language": "zh_CN", "limit": 10, "on": true, "no": null});
        let encoded = encode(&fields, &info, info.params).unwrap();
        assert_eq!(encoded.path, "/v2/orders/a%2Fb%20~/x");
        assert_eq!(
            encoded.headers,
            [("x-language".to_owned(), "zh_CN".to_owned())]
        );
        assert_eq!(pairs(&encoded.query), "limit=10&on=true");
        assert_eq!(encoded.body, Body::Empty);
    }

    #[test]
    fn lists_and_objects_are_flattened_into_query_or_form() {
        let tags = json!([{"Key": "a b", "Value": "中~*"}, {"Key": "l"}]);
        let fields = json!({"Id": ["x", "y"], "None": [], "Null": null, "On": true, "Tag": tags});
        let encoded = |service, params| {
            let info = OperationInfo::new(service, "O", Method::Post, "/");
            encode(&fields, &info, params).unwrap()
        };
        let query = |service| pairs(&encoded(service, Params::Query).query);
        assert_eq!(
            query(&NUMBERED),
            "Id.1=x&Id.2=y&On=true&Tag.1.Key=a b&Tag.1.Value=中~*&Tag.2.Key=l"
        );
        assert_eq!(
            query(&PLAIN),
            "Id=x&Id=y&On=true&Tag.Key=a b&Tag.Value=中~*&Tag.Key=l"
        );
        let form = encoded(&NUMBERED, Params::Form);
        assert_eq!(form.query, []);
        let body = Body::Bytes(
            "Id.1=x&Id.2=y&On=true&Tag.1.Key=a%20b&Tag.1.Value=%E4%B8%AD~%2A&Tag.2.Key=l".into(),
            "application/x-www-form-urlencoded",
        );
        assert_eq!(form.body, body);
    }

    #[test]
    fn nesting_beyond_the_limit_is_refused() {
        let nested = |depth: usize, open: &str, close: &str| {
            // Brackets in a text do not count.
            let text = r#""\"{[[""#;
            let (open, close) = (open.repeat(depth), close.repeat(depth));
            let text = format!(r#"{{"a":{open}{text}{close}}}"#);
            serde_json::value::RawValue::from_string(text).unwrap()
        };
        for params in [Params::Query, Params::Form, Params::Json] {
            let info = OperationInfo::new(&NUMBERED, "O", Method::Post, "/").params(params);
            for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
                assert!(encode(&nested(DEEPEST - 1, open, close), &info, params).is_ok());
                for depth in [DEEPEST, 50_000] {
                    let error = encode(&nested(depth, open, close), &info, params).unwrap_err();
                    assert!(error.to_string().contains("nested"), "{error}");
                }
            }
        }
    }

    #[test]
    fn value_that_changes_the_route_or_breaks_a_header_is_refused() {
        let info = OperationInfo::new(&PLAIN, "O", Method::Get, "/orders/{id}")
            .params(Params::Query)
            .places(&[("id", Place::Path), ("h", Place::Header)]);
        for fields in [
            json!({"id": ".."}),
            json!({"id": ""}),
            json!({"id": null}),
            json!({}),
            json!({"id": "%2e"}),
        ] {
            let error = encode(&fields, &info, info.params).unwrap_err();
            assert_eq!(error.violations()[0].field, "id", "{fields}");
        }
        let error = encode(&json!({"id": "1", "h": "a\nb"}), &info, info.params).unwrap_err();
        assert_eq!(error.violations()[0].field, "h");
        assert!(encode(&[1], &info, info.params).is_err());
    }

    #[test]
    fn field_without_a_place_is_refused_by_name() {
        let info = OperationInfo::new(&PLAIN, "O", Method::Post, "/").places(&[
            ("body", Place::Body),
            ("path", Place::Path),
            ("x-list", Place::Header),
        ]);
        for (params, fields, field) in [
            (Params::Query, json!({"a": 1, "body": 7}), "body"),
            (Params::Query, json!({"body": {"b": [1]}}), "body"),
            (Params::Json, json!({"path": "in no path"}), "path"),
            (Params::Form, json!({"x-list": [1]}), "x-list"),
            (Params::Json, json!({"x-list": {"a": 1}}), "x-list"),
        ] {
            let error = encode(&fields, &info, params).unwrap_err();
            assert_eq!(error.violations()[0].field, field, "{fields}");
        }
        // Null counts as absent in a query, a form and a header.
        let absent = json!({"body": null, "x-list": null});
        let encoded = encode(&absent, &info, Params::Query).unwrap();
        assert_eq!((encoded.body, encoded.headers), (Body::Empty, Vec::new()));
        for params in [Params::Json, Params::Form] {
            let encoded = encode(&json!({"body": 7}), &info, params).unwrap();
            assert!(matches!(encoded.body, Body::Bytes(..)), "{params:?}");
        }
    }

    #[test]
    fn deepest_request_is_encoded_on_a_small_stack() {
        let small = std::thread::Builder::new().stack_size(256 * 1024);
        let work = || {
            for params in [Params::Query, Params::Form, Params::Json] {
                let info = OperationInfo::new(&NUMBERED, "O", Method::Post, "/").params(params);
                for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
                    let (open, close) = (open.repeat(DEEPEST - 1), close.repeat(DEEPEST - 1));
                    let text = format!(r#"{{"a":{open}1{close}}}"#);
                    let fields = RawValue::from_string(text).unwrap();
                    assert!(encode(&fields, &info, params).is_ok());
                }
            }
        };
        small.spawn(work).unwrap().join().unwrap();
    }
}
