use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::context::{DEEPEST, MOST_DEVIATIONS};
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
fn documented_json_is_read_without_a_deviation() {
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
fn every_kind_of_deviation_is_accepted_and_recorded() {
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
fn integers_written_as_decimals_are_exact() {
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
fn null_reads_as_absent() {
    for field in [
        "Name", "Id", "Credit", "On", "Colour", "Rows", "Names", "Map",
    ] {
        let text = format!(r#"{{"{field}":null}}"#);
        assert_eq!(decode::<Row>(&text).unwrap().value, row(), "{field}");
    }
}

#[test]
fn ambiguous_values_are_refused_and_never_quoted() {
    const INTEGER: &str = "must be an unsigned 64-bit integer";
    for (text, pointer, problem) in [
        ("[]", "the payload", "must be an object"),
        ("[6]", "the payload", "must be an object"),
        ("null", "the payload", "must be an object"),
        ("\"SENTINEL\"", "the payload", "must be an object"),
        ("{}", "the payload", "has none of the documented fields"),
        (
            r#"{"SENTINEL":1}"#,
            "the payload",
            "has none of the documented fields",
        ),
        (
            r#"{"Rows":[{}]}"#,
            "/Rows/0",
            "has none of the documented fields",
        ),
        (
            r#"{"Rows":{}}"#,
            "/Rows",
            "has none of the documented fields",
        ),
        (r#"{"Rows":[[6]]}"#, "/Rows/0", "must be an object"),
        (r#"{"Rows":"SENTINEL"}"#, "/Rows", "must be a list"),
        (
            r#"{"Rows":[{"Id":1},{"Rows":[{"Id":"SENTINEL"}]}]}"#,
            "/Rows/1/Rows/0/Id",
            INTEGER,
        ),
        (
            r#"{"Names":{"SENTINEL":1}}"#,
            "/Names",
            "has an unexpected type",
        ),
        (r#"{"Id":""}"#, "/Id", INTEGER),
        (r#"{"Id":-1}"#, "/Id", INTEGER),
        (r#"{"Id":6.5}"#, "/Id", INTEGER),
        (r#"{"Id":18446744073709551616}"#, "/Id", INTEGER),
        (r#"{"Id":[6]}"#, "/Id", INTEGER),
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
        (r#"{"Map":{"SENTINEL":"x"}}"#, "/Map/*", INTEGER),
        (r#"{"Id":6,"#, "the payload", "ends too early"),
        (r#"{"Id":6} {"Id":6}"#, "the payload", "is not valid JSON"),
        (r#"{"Id":NaN}"#, "/Id", "is not valid JSON"),
        ("{\"Name\":\"\u{fffe}\"}", "/Name", "is not valid UTF-8"),
    ] {
        let message = refusal(text);
        assert_eq!(message, format!("{pointer} {problem}"), "{text}");
        assert!(!message.contains("SENTINEL"));
    }
}

#[test]
fn repeated_key_is_accepted_only_with_equal_values() {
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
    #[serde(deserialize_with = "crate::generated::non_empty")]
    result: Vec<Row>,
}

#[test]
fn missing_required_field_is_refused() {
    let message = |text| decode::<Needs>(text).unwrap_err().to_string();
    assert!(message(r#"{"id":1}"#).starts_with("the payload lacks result"));
    assert!(message(r#"{"id":1,"result":[]}"#).starts_with("/result must not be empty"));
    assert!(message(r#"{"id":1,"result":null}"#).starts_with("/result must not be empty"));
    assert!(message(r#"{"id":1,"result":{}}"#).starts_with("/result has none"));
    assert!(message(r#"{"id":1,"result":""}"#).starts_with("/result must be a list"));
    assert!(message(r#"{"id":null,"result":[{"Id":1}]}"#).starts_with("/id must be"));
    let single = decode::<Needs>(r#"{"id":1,"result":{"Id":1}}"#).unwrap();
    assert_eq!(single.value.result.len(), 1);
}

#[test]
fn strict_reading_refuses_deviations_and_suggests_names() {
    let message = |text| decode_strict::<Row>(text).unwrap_err().to_string();
    assert!(message(r#"{"Nmae":"x"}"#).starts_with("/Nmae is not known; did you mean Name?"));
    assert!(message(r#"{"name":"x"}"#).starts_with("/name is not known; did you mean Name?"));
    assert!(
        message(r#"{"Zzzzzzzz":"x"}"#)
            .starts_with("/Zzzzzzzz is not known; the known fields are Name, ")
    );
    assert!(
        message(r#"{"Rows":[{"Nam":1}]}"#)
            .starts_with("/Rows/0/Nam is not known; did you mean Name?")
    );
    assert!(message(r#"{"Id":"1"}"#).starts_with("/Id must be a number, not text"));
    assert!(message(r#"{"Name":1}"#).starts_with("/Name must be text, not a number"));
    assert!(message(r#"{"Rows":{"Id":1}}"#).starts_with("/Rows must be a list"));
    assert!(decode_strict::<Row>("{}").is_ok());
}

#[test]
fn written_row_reads_back_equal() {
    let text = r#"{"Name":"x","Id":1,"Credit":12.50,"Colour":"blue","Rows":[{"Id":2}]}"#;
    let row = decode::<Row>(text).unwrap().value;
    let again = decode::<Row>(&serde_json::to_string(&row).unwrap()).unwrap();
    assert_eq!(again.value, row);
    assert_eq!(again.deviations, []);
}

#[test]
fn deep_and_large_values_are_read_or_refused_without_a_crash() {
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

/// A `Row` nested in itself `levels` times, with every key repeated if `twice`.
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
                // The same code reads parameters that a person wrote.
                let error = decode_strict::<Row>(&rows(levels, twice)).unwrap_err();
                assert!(!error.problem.is_empty(), "{error}");
            }
        }
    };
    small.spawn(work).unwrap().join().unwrap();
}

#[test]
fn nested_single_objects_in_place_of_lists_count_as_levels() {
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
fn values_of_repeated_keys_are_compared_on_a_small_stack() {
    let small = std::thread::Builder::new().stack_size(256 * 1024);
    let work = || {
        for levels in [DEEPEST, DEEPEST + 1, 127, 3_000, 100_000] {
            for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
                let value = format!("{}1{}", open.repeat(levels), close.repeat(levels));
                let text = format!(r#"{{"Id":1,"Any":{value},"Any": {value} }}"#);
                assert!(decode::<Row>(&text).is_ok());
                assert!(crate::provider::RawObject::read(&text).is_ok());
                // The same value in another spelling.
                let other = format!("{} 1{}", open.repeat(levels), close.repeat(levels));
                let text = format!(r#"{{"Id":1,"Any":{value},"Any":{other}}}"#);
                assert_eq!(decode::<Row>(&text).is_ok(), levels == DEEPEST);
                assert_eq!(
                    crate::provider::RawObject::read(&text).is_ok(),
                    levels == DEEPEST
                );
            }
        }
    };
    small.spawn(work).unwrap().join().unwrap();
}

#[test]
fn type_that_accepts_any_value_has_the_same_depth_limit() {
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
