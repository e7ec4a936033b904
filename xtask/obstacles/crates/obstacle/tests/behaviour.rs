//! The behaviour of generated code beyond its examples.

#![allow(clippy::unwrap_used, reason = "a test")]

use standing_core::paginated::Cursor;
use standing_core::{Operation, Paginated};
use standing_obstacle::hard::{
    ChooseOne, Colour, Couple, Deep, EverythingAtOnce, EverythingAtOnceOutput, Grade, ListByPage,
    ListByToken, ListByTokenOutput, ManyRequired, Settings, Span, Tag, Tree,
};
use standing_obstacle::other::{ListByOffset, ListBySize};

fn violations(operation: &impl Operation) -> Vec<String> {
    let invalid = operation.validate().unwrap_err();
    invalid
        .violations()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn invalid_request_reports_every_violation_with_its_path() {
    let request = EverythingAtOnce::new("", Colour::from("no listed colour"))
        .with_x_count(6)
        .with_tag([Tag::new("k"), Tag::new(""), Tag::new("k"), Tag::new("k")])
        .with_amount(-1)
        .with_ratio(1.5)
        .with_delta(-11)
        .with_level(10)
        .with_md5("not a hash")
        .with_ids(Vec::<String>::new())
        .with_numbers([0, 5, 10])
        .with_settings(Settings::for_a("1").with_deep(Deep::new().with_v(6)))
        .with_both("alone");
    assert_eq!(
        violations(&request),
        [
            "thing_id must have 1 to 64 characters",
            "X-Count must be -5 to 5",
            "tag must have at most 3 items, has 4",
            "tag[1].Key must have at least 1 characters",
            "amount must be 0 to 1000000",
            "ratio must be 0 to 1",
            "delta must be at least -10",
            "level must be at most 9",
            "md5 must be 32 hexadecimal digits",
            "ids must have 1 to 2 items, has 0",
            "numbers[0] must be 1 to 9",
            "numbers[2] must be 1 to 9",
            "settings.deep.v must be at most 5",
            "settings.deep.w is required",
            "settings.deep.x is required",
            "settings.deep.y is required",
            "settings.deep.z is required",
            "type, name must not all be missing",
            "both, with must be given together",
        ]
    );
}

#[test]
fn nested_value_in_a_recursive_type_is_checked() {
    let deep =
        Tree::new().with_children([Tree::new().with_left(Tree::new().with_label("0123456789x"))]);
    let request = EverythingAtOnce::new("i", Colour::Red)
        .with_type("t")
        .with_tree(deep);
    assert_eq!(
        violations(&request),
        ["tree.children[0].left.label must have at most 10 characters"]
    );
}

#[test]
fn required_fields_without_arguments_are_reported_when_missing() {
    let missing = ["a", "b", "c", "d", "e"].map(|name| format!("{name} is required"));
    assert_eq!(violations(&ManyRequired::new()), missing);
    assert_eq!(
        violations(&ChooseOne::for_phone("0000")),
        ["reason is required"]
    );
}

#[test]
fn required_fields_that_could_be_swapped_are_set_by_name() {
    let request = ManyRequired::new()
        .with_a("1")
        .with_b(2)
        .with_c(Couple::new("k"))
        .with_d(["x"])
        .with_e(3);
    assert_eq!(
        violations(&request.clone().with_g(Span::new().with_from(1))),
        ["g.to is required"]
    );
    assert!(
        request
            .with_g(Span::new().with_from(1).with_to(2))
            .validate()
            .is_ok()
    );
}

#[test]
fn unknown_number_of_an_enumeration_is_kept() {
    let read = |json: &str| serde_json::from_str::<Grade>(json).unwrap();
    assert_eq!([read("-1"), read("0")], [Grade::Low, Grade::Middle]);
    for unknown in ["7", "-9223372036854775808"] {
        let grade = read(unknown);
        assert!(matches!(grade, Grade::Unknown(number) if number.get().to_string() == unknown));
        assert_eq!(grade.to_string(), unknown);
        assert_eq!(serde_json::to_string(&grade).unwrap(), unknown);
    }
    assert_eq!(Grade::from(0), Grade::Middle);
    for wrong in ["\"0\"", "0.5", "null"] {
        assert!(serde_json::from_str::<Grade>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn both_fields_of_a_choice_are_refused() {
    let mut both = ChooseOne::for_phone("0000").with_reason("because");
    assert!(both.validate().is_ok());
    both.phone_md5 = Some("0".repeat(32));
    assert_eq!(
        violations(&both),
        ["phone, phone_md5 exclude each other, exactly one is needed"]
    );
    assert_eq!(
        violations(&ChooseOne::for_phone(" ").with_reason("because")),
        ["phone must not be blank"]
    );
}

#[test]
fn hash_in_upper_case_is_sent_in_lower_case() {
    let request = ChooseOne::for_phone_md5("ABCDEF00000000000000000000000000");
    let json = serde_json::to_string(&request).unwrap();
    assert!(json.contains("abcdef00000000000000000000000000"), "{json}");
}

#[test]
fn list_that_is_longer_than_its_page_is_refused() {
    let request = EverythingAtOnce::new("i", Colour::Red).with_type("t");
    assert_eq!(
        violations(&request.with_numbers([1, 2, 3, 4])),
        [
            "numbers has 4 items, and level lets only 3 of them be answered: set `level` to at least 4 (at most 9)"
        ]
    );
}

#[test]
fn debug_redacts_sensitive_fields_and_shows_absent_ones() {
    let request = ChooseOne::for_phone("0000-4711");
    let shown = format!("{request:?}");
    assert!(!shown.contains("4711"), "{shown}");
    assert!(
        shown.contains("phone: <redacted>, phone_md5: None"),
        "{shown}"
    );

    let json = r#"{"Id":"i","Rows":[{"camelCase":"c"}],"Promised":[],"Grade":-1,"fistName":"canary",
        "Secrets":["canary"],"Hidden":{"camelCase":"canary"}}"#;
    let output: EverythingAtOnceOutput = serde_json::from_str(json).unwrap();
    let shown = format!("{output:?}");
    assert!(
        !shown.contains("canary") && !shown.contains("Low"),
        "{shown}"
    );
}

#[test]
fn response_that_breaks_a_promise_is_refused() {
    let with = |rows: &str, promised: &str| {
        let json = format!(r#"{{"Id":"i","Rows":{rows},{promised}"Grade":0,"Hidden":{{}}}}"#);
        serde_json::from_str::<EverythingAtOnceOutput>(&json)
    };
    assert!(with("[{}]", "\"Promised\":[],").is_ok());
    assert!(with("[]", "\"Promised\":[],").is_err());
    assert!(with("[{}]", "").is_err());
}

#[test]
fn absent_and_empty_lists_of_a_request_are_sent_differently() {
    let request = ListByPage::new(1);
    assert_eq!(serde_json::to_string(&request).unwrap(), r#"{"Page":1}"#);
    let request = request.with_status(Vec::<String>::new());
    let json = serde_json::to_string(&request).unwrap();
    assert_eq!(json, r#"{"Page":1,"Status":[]}"#);
}

#[test]
fn cursors_of_pages_offsets_and_tokens_are_read_and_set() {
    let mut request = ListByPage::new(1);
    request.set_cursor(Cursor::Number(2));
    request.set_page_size(20);
    assert_eq!((request.page, request.page_size), (2, Some(20)));
    assert_eq!(request.cursor(), Some(Cursor::Number(2)));
    // A cursor of another kind belongs to another operation.
    request.set_cursor(Cursor::Token("t".to_owned()));
    assert_eq!(request.page, 2);
    assert_eq!(ListByPage::PAGING.max_size, Some(100));

    assert_eq!(ListByOffset::PAGING.default_size, Some(10));
    assert_eq!(ListByOffset::new().page_size(), None);

    let mut request = ListBySize::new(10);
    request.set_page_size(20);
    assert_eq!(request.page_size(), Some(20));

    let mut request = ListByToken::new();
    request.set_cursor(Cursor::Token("t".to_owned()));
    assert_eq!(request.cursor(), Some(Cursor::Token("t".to_owned())));
    let output = |json: &str| -> Option<ListByTokenOutput> { serde_json::from_str(json).unwrap() };
    let page = output(r#"{"Page":{"Items":{"Item":[{"N":1}]},"Next":"u","Sum":{"All":7}}}"#);
    assert_eq!(ListByToken::next_token(&page).as_deref(), Some("u"));
    assert_eq!(ListByToken::total(&page), Some(7));
    assert_eq!(ListByToken::into_items(page).len(), 1);
    for nothing in ["null", "{}", r#"{"Page":{}}"#] {
        let page = output(nothing);
        assert_eq!(ListByToken::next_token(&page), None);
        assert_eq!(ListByToken::total(&page), None);
        assert!(ListByToken::into_items(page).is_empty());
    }
}

#[test]
fn facts_of_the_fixture_are_in_the_operation_info() {
    let info = ChooseOne::INFO;
    assert!(info.metered && !info.repeatable());
    assert_eq!(info.sensitive, ["phone", "phone_md5"]);
    assert_eq!(info.no_record, ["Gone"]);
    let info = EverythingAtOnce::INFO;
    assert!(info.idempotent && info.repeatable());
    assert_eq!(
        info.sensitive,
        ["Name", "groups.Value", "name", "tag.Value"]
    );
    assert_eq!(info.summary, "Does `everything` at once, e.g. this.");
    let kind = |code| {
        info.error_code(code)
            .map(|known| format!("{:?}", known.kind))
    };
    assert_eq!(kind("Slow.Down.More.Yet").as_deref(), Some("Throttled"));
    assert_eq!(kind("Slow.Down").as_deref(), Some("Quota"));
    assert_eq!(kind("Slow.Up").as_deref(), Some("Throttled"));
}

#[test]
fn list_that_fits_a_page_comes_in_parts_without_repetitions() {
    let batch = ListByToken::PAGING.batch.unwrap();
    assert_eq!(
        (batch.field, batch.max_items, batch.item_id),
        ("Ids", Some(20), Some("N"))
    );
    assert_eq!(ListByPage::PAGING.batch, None);
    let request = ListByToken::new().with_max(2).with_ids([3, 1, 3, 2, 5, 1]);
    assert_eq!(request.batch_ids(), ["3", "1", "3", "2", "5", "1"]);
    let parts = request.batches(1, 2);
    let lists: Vec<_> = parts.iter().map(|part| part.ids.clone().unwrap()).collect();
    assert_eq!(lists, [vec![1, 2], vec![5]]);
    assert!(parts.iter().all(|part| part.max == Some(2)));
    assert!(ListByToken::new().batches(0, 2).is_empty());
    assert!(request.batches(9, 2).is_empty());
    let row = serde_json::from_str(r#"{"N": 7}"#).unwrap();
    assert_eq!(ListByToken::item_id(&row), Some("7".to_owned()));
    let row = serde_json::from_str("{}").unwrap();
    assert_eq!(ListByToken::item_id(&row), None);
}
