//! The documented schema of the output, held against the output.

use serde_json::{Map, Value};
use standing_sandbox::{Provider, Sandbox, fault};

use crate::bench::{Bench, KEYS, Ran, closed, run};

/// As much of JSON Schema as the document uses. A word that is not known here fails: what is not
/// checked must not be promised.
struct Schema(Value);

impl Schema {
    fn new() -> Self {
        Self(serde_json::from_str(include_str!("../../report.schema.json")).unwrap())
    }

    fn part(&self, reference: &str) -> &Value {
        let pointer = reference.strip_prefix('#').unwrap();
        let part = self.0.pointer(pointer);
        part.unwrap_or_else(|| panic!("{reference} is not there"))
    }

    #[track_caller]
    fn check(&self, rule: &Value, value: &Value, at: &str) {
        for (word, expected) in rule.as_object().unwrap() {
            let holds = match word.as_str() {
                "$schema" | "$defs" | "title" | "description" => true,
                // These two are seen to with the properties.
                "additionalProperties" | "required" => true,
                "$ref" => {
                    self.check(self.part(expected.as_str().unwrap()), value, at);
                    true
                }
                "type" => match expected {
                    Value::Array(names) => names.iter().any(|name| is(value, name)),
                    name => is(value, name),
                },
                "enum" => expected.as_array().unwrap().contains(value),
                "minimum" => value.is_null() || value.as_u64() >= expected.as_u64(),
                "pattern" => {
                    assert_eq!(expected, "^-?[0-9]+(\\.[0-9]+)?$", "{at}");
                    value.as_str().is_none_or(is_amount)
                }
                "items" => {
                    for (place, item) in value.as_array().unwrap().iter().enumerate() {
                        self.check(expected, item, &format!("{at}/{place}"));
                    }
                    true
                }
                "properties" => {
                    let (expected, value) =
                        (expected.as_object().unwrap(), value.as_object().unwrap());
                    for (name, rule) in expected {
                        self.check(rule, &value[name], &format!("{at}/{name}"));
                    }
                    keys(expected) == keys(value)
                }
                _ => panic!("{at}: {word} is not checked"),
            };
            assert!(holds, "{at}: {word} {expected}, but there is {value}");
        }
    }

    #[track_caller]
    fn check_report(&self, text: &str) -> Value {
        let report = serde_json::from_str(text).unwrap();
        self.check(&self.0, &report, "");
        report
    }
}

fn keys(object: &Map<String, Value>) -> Vec<&String> {
    let mut keys: Vec<_> = object.keys().collect();
    keys.sort();
    keys
}

fn is(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other}"),
    }
}

fn is_amount(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let mut parts = text.split('.');
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.by_ref().take(2).all(digits) && parts.next().is_none()
}

#[test]
fn every_member_of_the_schema_is_described_and_required() {
    fn walk(rule: &Value, at: &str) {
        assert!(
            rule["$ref"].is_string() || rule["description"].is_string(),
            "{at} has no description"
        );
        if let Some(members) = rule["properties"].as_object() {
            assert_eq!(rule["additionalProperties"], false, "{at}");
            let mut required: Vec<_> = rule["required"].as_array().unwrap().iter().collect();
            required.sort_by_key(|name| name.as_str());
            assert_eq!(required, keys(members), "{at}");
            for (name, rule) in members {
                walk(rule, &format!("{at}/{name}"));
            }
        }
    }
    let schema = Schema::new();
    walk(&schema.0, "");
    for (name, rule) in schema.part("#/$defs").as_object().unwrap() {
        walk(rule, name);
    }
    assert_eq!(
        keys(schema.part("#/$defs/error/properties").as_object().unwrap()),
        KEYS
    );
}

#[test]
fn report_conforms_to_the_schema() {
    let schema = Schema::new();
    for more in [
        &["--customers", "200"][..],
        &["--chaos", "30"],
        &["--customers", "0"],
        &["--show-personal"],
    ] {
        let fixed = ["report", "--format", "json"];
        let report = schema.check_report(&run(&[&fixed, more].concat()).fine());
        assert_eq!(report["complete"], true);
        assert_eq!(report["summary"]["providers"].as_array().unwrap().len(), 4);
    }
    for line in run(&["report", "--format", "jsonl"]).fine().lines() {
        let row = serde_json::from_str(line).unwrap();
        schema.check(schema.part("#/$defs/row"), &row, "row");
    }
}

#[test]
fn incomplete_report_conforms_to_the_schema() {
    let schema = Schema::new();
    let bench = Bench::of(Sandbox::builder().customers(120));
    bench.sandbox.fault(fault::status(503).on_page(2));
    let tencent = format!("tencent={}", bench.sandbox.endpoint(Provider::Tencent));
    let huawei = format!("huawei={}", closed());
    let fixed = [
        "report",
        "--live",
        "--only",
        "tencent,huawei",
        "--endpoint",
        &tencent,
        "--endpoint",
        &huawei,
        "--format",
    ];
    let ran = Ran::of(bench.keyed(&fixed).arg("json"));
    let report = schema.check_report(&ran.out);
    assert_eq!(report["complete"], false);
    assert_eq!(report["errors"].as_array().unwrap().len(), 2);
    assert_eq!(report["summary"]["missing"], Value::Null);
    // The error object on standard error has the same schema.
    let error = ran.failed_midway(1);
    schema.check(schema.part("#/$defs/error"), &error, "error");

    let ran = Ran::of(bench.keyed(&fixed).arg("jsonl"));
    for line in ran.out.lines() {
        let row = serde_json::from_str(line).unwrap();
        schema.check(schema.part("#/$defs/row"), &row, "row");
    }
}
