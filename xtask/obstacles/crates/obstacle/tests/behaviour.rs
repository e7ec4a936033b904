//! What the generated code does beyond its examples.

#![allow(clippy::unwrap_used, reason = "a test")]

use standing_core::{Cursor, Operation, Paginated};
use standing_obstacle::hard::choose_one::*;
use standing_obstacle::hard::everything_at_once::{
    Deep, EverythingAtOnce, EverythingAtOnceOutput, Settings, Tag, Tree,
};
use standing_obstacle::hard::list_by_token::{ListByToken, ListByTokenOutput};
use standing_obstacle::hard::{ListByPage, ManyRequired};
use standing_obstacle::other::ListByOffset;

fn violations(operation: &impl Operation) -> Vec<String> {
    let invalid = operation.validate().unwrap_err();
    invalid
        .violations()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn every_violation_is_collected_with_the_way_to_it() {
    let request = EverythingAtOnce::new("", "no listed colour")
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
fn limits_hold_far_down_a_type_that_holds_itself() {
    let deep =
        Tree::new().with_children([Tree::new().with_left(Tree::new().with_label("0123456789x"))]);
    let request = EverythingAtOnce::new("i", "RED")
        .with_type("t")
        .with_tree(deep);
    assert_eq!(
        violations(&request),
        ["tree.children[0].left.label must have at most 10 characters"]
    );
}

#[test]
fn many_required_fields_are_reported_when_they_are_missing() {
    let missing = ["a", "b", "c", "d", "e"].map(|name| format!("{name} is required"));
    assert_eq!(violations(&ManyRequired::new()), missing);
}

#[test]
fn a_choice_is_made_by_the_constructor_and_checked_all_the_same() {
    assert!(ChooseOne::for_phone("because", "0000").validate().is_ok());
    let mut both = ChooseOne::for_phone("because", "0000");
    both.phone_md5 = Some("0".repeat(32));
    assert_eq!(
        violations(&both),
        ["phone, phone_md5 exclude each other, exactly one is needed"]
    );
    assert_eq!(
        violations(&ChooseOne::for_phone("because", " ")),
        ["phone must not be blank"]
    );
}

#[test]
fn a_hash_is_written_in_lower_case_and_a_list_fits_into_its_answer() {
    let request = ChooseOne::for_phone_md5("because", "ABCDEF00000000000000000000000000");
    let json = serde_json::to_string(&request).unwrap();
    assert!(json.contains("abcdef00000000000000000000000000"), "{json}");
    let request = EverythingAtOnce::new("i", "RED").with_type("t");
    assert_eq!(
        violations(&request.with_numbers([1, 2, 3, 4])),
        [
            "numbers has 4 items, and level lets only 3 of them be answered: set `level` to at least 4 (at most 9)"
        ]
    );
}

#[test]
fn debug_hides_what_is_sensitive_and_tells_what_is_absent() {
    let request = ChooseOne::for_phone("because", "0000-4711");
    let shown = format!("{request:?}");
    assert!(!shown.contains("4711"), "{shown}");
    assert!(
        shown.contains("phone: <redacted>, phone_md5: None"),
        "{shown}"
    );

    let json = r#"{"Id":"i","Rows":[{"camelCase":"c"}],"Promised":[],"fistName":"canary",
        "Secrets":["canary"],"Hidden":{"camelCase":"canary"}}"#;
    let output: EverythingAtOnceOutput = serde_json::from_str(json).unwrap();
    let shown = format!("{output:?}");
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn promises_are_kept_or_the_answer_is_refused() {
    let with = |rows: &str, promised: &str| {
        let json = format!(r#"{{"Id":"i","Rows":{rows},{promised}"Hidden":{{}}}}"#);
        serde_json::from_str::<EverythingAtOnceOutput>(&json)
    };
    assert!(with("[{}]", "\"Promised\":[],").is_ok());
    assert!(with("[]", "\"Promised\":[],").is_err());
    assert!(with("[{}]", "").is_err());
}

#[test]
fn absent_and_empty_lists_of_a_request_differ() {
    let request = ListByPage::new(1, 10);
    assert_eq!(
        serde_json::to_string(&request).unwrap(),
        r#"{"Page":1,"PageSize":10}"#
    );
    let request = request.with_status(Vec::<String>::new());
    let json = serde_json::to_string(&request).unwrap();
    assert_eq!(json, r#"{"Page":1,"PageSize":10,"Status":[]}"#);
}

#[test]
fn pages_are_walked_by_number_offset_and_token() {
    let mut request = ListByPage::new(1, 10);
    request.set_cursor(Cursor::Number(2));
    request.set_page_size(20);
    assert_eq!((request.page, request.page_size), (2, 20));
    assert_eq!(request.cursor(), Some(Cursor::Number(2)));
    // A cursor of another kind belongs to another operation.
    request.set_cursor(Cursor::Token("t".to_owned()));
    assert_eq!(request.page, 2);
    assert_eq!(ListByPage::PAGING.max_size, Some(100));

    assert_eq!(ListByOffset::PAGING.default_size, Some(10));
    assert_eq!(ListByOffset::new().page_size(), None);

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
fn facts_reach_the_operation() {
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
