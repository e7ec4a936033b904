//! One mistake at a time: each is reported with its place and the correction, and nothing is written.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed test is a panic"
)]
#![allow(missing_docs, reason = "a test")]

mod common;

use std::fs;

use common::Tree;

/// A change to a file of the obstacle course.
enum Change {
    /// One text is replaced by another.
    Replace(&'static str, &'static str),
    /// The file is added.
    Add(&'static str),
    /// The file is removed.
    Remove,
}
use Change::{Add, Remove, Replace};

/// The mistake, the file under `fixtures/obstacle`, the change, and the whole report.
type Mutation = (&'static str, &'static str, Change, &'static str);

const SYNTAX: &[Mutation] = &[
    (
        "a comma is missing",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""operation": "EverythingAtOnce","#,
            r#""operation": "EverythingAtOnce""#,
        ),
        r#"error: this is not JSON: expected comma
  --> hard/everything_at_once/operation.json:3:34

1 problem; nothing was written."#,
    ),
    (
        "a duplicate key",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""access": "Everyone; # not a heading.","#,
            r#""access": "Everyone.",
  "access": "Other.","#,
        ),
        r#"error: the key "access" occurs twice; the first one is on line 5
  --> hard/everything_at_once/operation.json:6:3

1 problem; nothing was written."#,
    ),
    (
        "a comment",
        "hard/nothing/operation.json",
        Replace(r#""input": {},"#, r#""input": {}, // nothing"#),
        r#"error: this is not JSON: comments are not allowed
  --> hard/nothing/operation.json:11:16

1 problem; nothing was written."#,
    ),
    (
        "a sample that is not JSON",
        "hard/nothing/plain.response.json",
        Replace(r#""Data": {}"#, r#""Data": {"#),
        r#"error: this is not JSON: unterminated object
  --> hard/nothing/plain.response.json:1:1

1 problem; nothing was written."#,
    ),
    (
        "a provider that is not JSON",
        "provider.json",
        Replace(r#""marker": "Obstacle","#, r#""marker": Obstacle,"#),
        r#"error: this is not JSON: unexpected token
  --> provider.json:4:13

1 problem; nothing was written."#,
    ),
];

const VOCABULARY: &[Mutation] = &[
    (
        "a misspelt key",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""Ratio": { "type": "float", "doc""#,
            r#""Ratio": { "type": "float", "docs""#,
        ),
        r#"error: the key "docs" is not known here; did you mean "doc"?
  --> hard/everything_at_once/operation.json:86:33
   at /output/Ratio/docs

1 problem; nothing was written."#,
    ),
    (
        "a misspelt key of the operation",
        "hard/everything_at_once/operation.json",
        Replace(r#""rate_limit""#, r#""rate_limits""#),
        r#"error: the key "rate_limits" is not known here; did you mean "rate_limit"?
  --> hard/everything_at_once/operation.json:15:3
   at /rate_limits

1 problem; nothing was written."#,
    ),
    (
        "a misspelt type",
        "hard/everything_at_once/operation.json",
        Replace(r#""dry": { "type": "bool""#, r#""dry": { "type": "boool""#),
        r#"error: there is no type "boool"; did you mean "bool"?
  --> hard/everything_at_once/operation.json:27:22
   at /input/dry/type

1 problem; nothing was written."#,
    ),
    (
        "a type of other formats",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""dry": { "type": "bool""#,
            r#""dry": { "type": "boolean""#,
        ),
        r#"error: the type `boolean` of other formats is `bool` here
  --> hard/everything_at_once/operation.json:27:22
   at /input/dry/type

1 problem; nothing was written."#,
    ),
    (
        "an array of other formats",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""ids": {
      "type": "list<string>""#,
            r#""ids": {
      "type": "array""#,
        ),
        r#"error: the type `array` of other formats is `list<…>` here
  --> hard/everything_at_once/operation.json:60:15
   at /input/ids/type

1 problem; nothing was written."#,
    ),
    (
        "a misspelt named type",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""settings": { "type": "Settings""#,
            r#""settings": { "type": "Setings""#,
        ),
        r#"error: there is no type "Setings"; did you mean "Settings"?
  --> hard/everything_at_once/operation.json:72:27
   at /input/settings/type

1 problem; nothing was written."#,
    ),
    (
        "an unknown deviation",
        "hard/everything_at_once/operation.json",
        Replace(r#""other_for_flag": 1"#, r#""other_for_flags": 1"#),
        r#"error: the key "other_for_flags" is not known here; did you mean "other_for_flag"?
  --> hard/everything_at_once/operation.json:195:9
   at /examples/bent/deviations/other_for_flags

1 problem; nothing was written."#,
    ),
    (
        "a misspelt effect",
        "hard/everything_at_once/operation.json",
        Replace(r#""effect": "write""#, r#""effect": "wirte""#),
        r#"error: "wirte" is not a value of "effect"; did you mean "write"?
  --> hard/everything_at_once/operation.json:14:27
   at /behavior/effect

1 problem; nothing was written."#,
    ),
    (
        "a misspelt place",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""in": "query", "doc": "Only tries.""#,
            r#""in": "qurey", "doc": "Only tries.""#,
        ),
        r#"error: "qurey" is not a value of "in"; did you mean "query"?
  --> hard/everything_at_once/operation.json:27:36
   at /input/dry/in

1 problem; nothing was written."#,
    ),
    (
        "a misspelt kind of error",
        "hard/everything_at_once/operation.json",
        Replace(r#""kind": "other""#, r#""kind": "others""#),
        r#"error: "others" is not a value of "kind"; did you mean "other"?
  --> hard/everything_at_once/operation.json:176:15
   at /errors/Mine/kind

1 problem; nothing was written."#,
    ),
    (
        "a misspelt format",
        "hard/everything_at_once/operation.json",
        Replace(r#""format": "md5""#, r#""format": "sha1""#),
        r#"error: "sha1" is not a value of "format"; expected `md5`, `phone`, `month`, `date`, `date_time` or `utc`
  --> hard/everything_at_once/operation.json:57:42
   at /input/md5/format

1 problem; nothing was written."#,
    ),
    (
        "a misspelt origin",
        "hard/everything_at_once/operation.json",
        Replace(r#""origin": "recorded""#, r#""origin": "record""#),
        r#"error: "record" is not a value of "origin"; did you mean "recorded"?
  --> hard/everything_at_once/operation.json:188:17
   at /examples/bent/origin

1 problem; nothing was written."#,
    ),
    (
        "a number for a text",
        "hard/everything_at_once/operation.json",
        Replace(r#""unit": "euros""#, r#""unit": 1"#),
        r#"error: this is a number, but a text is expected
  --> hard/everything_at_once/operation.json:47:70
   at /input/amount/unit

1 problem; nothing was written."#,
    ),
    (
        "an object for a list",
        "hard/choose_one/operation.json",
        Replace(r#""no_record": ["Gone"]"#, r#""no_record": {}"#),
        r#"error: this is an object, but a list is expected
  --> hard/choose_one/operation.json:11:16
   at /no_record

1 problem; nothing was written."#,
    ),
    (
        "a control character and an invisible one",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""dry": { "type": "bool""#,
            r#""dry": { "type": "bo\u0007o\u202el""#,
        ),
        r#"error: there is no type "bo\u{7}o\u{202e}l"; did you mean "bool"?
  --> hard/everything_at_once/operation.json:27:22
   at /input/dry/type

1 problem; nothing was written."#,
    ),
];

const FOLDERS: &[Mutation] = &[
    (
        "an undeclared service",
        "harder/thing/operation.json",
        Add(r#"{}
"#),
        r#"error: provider.json declares no service "harder"; did you mean "hard"?
  --> harder

1 problem; nothing was written."#,
    ),
    (
        "a service without a folder",
        "provider.json",
        Replace(
            r#""other": {
      "doc": "A service with"#,
            r#""another": {
      "doc": "A service with"#,
        ),
        r#"error: provider.json declares no service "other"; did you mean "another"?
  --> other

error: there is no folder another
  --> provider.json:43:5
   at /services/another

2 problems; nothing was written."#,
    ),
    (
        "a folder of another name",
        "hard/nothing/operation.json",
        Replace(r#""operation": "Nothing""#, r#""operation": "NothingElse""#),
        r#"error: "NothingElse" belongs in the folder "nothing_else", not "nothing"
  --> hard/nothing/operation.json:3:16
   at /operation

1 problem; nothing was written."#,
    ),
    (
        "a provider of another name",
        "provider.json",
        Replace(r#""provider": "obstacle""#, r#""provider": "obstacles""#),
        r#"error: the folder is called "obstacle", so "provider" must be "obstacle"
  --> provider.json:3:15
   at /provider

1 problem; nothing was written."#,
    ),
    (
        "a folder without a description",
        "hard/empty/plain.request.json",
        Add(r#"{}
"#),
        r#"error: operation.json is missing: every folder of a service describes an operation
  --> hard/empty/operation.json

1 problem; nothing was written."#,
    ),
    (
        "a stray file",
        "hard/nothing/notes.txt",
        Add(r#"notes
"#),
        r#"error: this file does not belong here; samples are called NAME.request.json, NAME.response.json and NAME.error.json
  --> hard/nothing/notes.txt

1 problem; nothing was written."#,
    ),
    (
        "a stray file among operations",
        "hard/notes.txt",
        Add(r#"notes
"#),
        r#"error: this file does not belong here: a service has one folder per operation
  --> hard/notes.txt

1 problem; nothing was written."#,
    ),
];

const MEANING: &[Mutation] = &[
    (
        "no behaviour",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""behavior": { "effect": "write", "idempotent": true, "assumed": "It looks like it." },"#,
            "",
        ),
        r#"error: "behavior" is missing
  --> hard/everything_at_once/operation.json:1:1
   at the root

1 problem; nothing was written."#,
    ),
    (
        "an unfinished doc",
        "hard/everything_at_once/operation.json",
        Replace(r#""doc": "Money.""#, r#""doc": "TODO""#),
        r#"error: this is not finished: it contains TODO
  --> hard/everything_at_once/operation.json:47:86
   at /input/amount/doc

1 problem; nothing was written."#,
    ),
    (
        "a doc that is not a sentence",
        "hard/everything_at_once/operation.json",
        Replace(r#""doc": "Always there.""#, r#""doc": "always there""#),
        r#"error: "doc" is documentation: write whole sentences, with a full stop at the end
  --> hard/everything_at_once/operation.json:84:56
   at /output/Id/doc

1 problem; nothing was written."#,
    ),
    (
        "an empty doc",
        "hard/everything_at_once/operation.json",
        Replace(r#""doc": "Always there.""#, r#""doc": " ""#),
        r#"error: "doc" is empty; remove it or fill it
  --> hard/everything_at_once/operation.json:84:56
   at /output/Id/doc

1 problem; nothing was written."#,
    ),
    (
        "an undefined type",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""tree": { "type": "Tree""#,
            r#""tree": { "type": "Forest""#,
        ),
        r#"error: there is no type "Forest"; describe it under `types`
  --> hard/everything_at_once/operation.json:71:23
   at /input/tree/type

1 problem; nothing was written."#,
    ),
    (
        "an unused type",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""types": {"#,
            r#""types": {
    "Unused": { "doc": "Unused.", "fields": {} },"#,
        ),
        r#"error: nothing uses the type "Unused"; use it or remove it
  --> hard/everything_at_once/operation.json:115:15
   at /types/Unused

1 problem; nothing was written."#,
    ),
    (
        "a limit for another kind",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""X-Count": { "type": "int", "in": "header", "min": -5,"#,
            r#""X-Count": { "type": "int", "in": "header", "max_len": 5,"#,
        ),
        r#"error: `max_len` is a limit for texts, but this is a `int`
  --> hard/everything_at_once/operation.json:26:60
   at /input/X-Count/max_len

1 problem; nothing was written."#,
    ),
    (
        "limits that cross",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""min": 0, "max": 1, "default": 0.5"#,
            r#""min": 2, "max": 1, "default": 0.5"#,
        ),
        r#"error: `max` is below `min`
  --> hard/everything_at_once/operation.json:49:50
   at /input/ratio/max

1 problem; nothing was written."#,
    ),
    (
        "`each` without a list",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""level": { "type": "uint","#,
            r#""level": { "type": "uint", "each": { "min": 1 },"#,
        ),
        r#"error: `each` is for lists, but this is a `uint`
  --> hard/everything_at_once/operation.json:51:40
   at /input/level/each

1 problem; nothing was written."#,
    ),
    (
        "a default that is not a value",
        "hard/everything_at_once/operation.json",
        Replace(r#""default": "light blue""#, r#""default": "light blu""#),
        r#"error: "light blu" is not among the values of Colour; did you mean "light blue"?
  --> hard/everything_at_once/operation.json:53:46
   at /input/colour/default

1 problem; nothing was written."#,
    ),
    (
        "a default beyond the limits",
        "hard/everything_at_once/operation.json",
        Replace(r#""default": 0.5"#, r#""default": 1.5"#),
        r#"error: 1.5 is above 1
  --> hard/everything_at_once/operation.json:49:64
   at /input/ratio/default

1 problem; nothing was written."#,
    ),
    (
        "a default of a required field",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""kind": { "type": "Colour", "required": true,"#,
            r#""kind": { "type": "Colour", "required": true, "default": "RED","#,
        ),
        r#"error: a required field has no default
  --> hard/everything_at_once/operation.json:24:62
   at /input/kind/default

1 problem; nothing was written."#,
    ),
    (
        "null in a request",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""old": { "type": "string","#,
            r#""old": { "type": "string", "nullable": true,"#,
        ),
        r#"error: a request omits a field instead of null; `nullable` is for responses
  --> hard/everything_at_once/operation.json:74:44
   at /input/old/nullable

1 problem; nothing was written."#,
    ),
    (
        "a place in a response",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""Count": { "type": "uint","#,
            r#""Count": { "type": "uint", "in": "header","#,
        ),
        r#"error: only fields of the input have a place
  --> hard/everything_at_once/operation.json:85:38
   at /output/Count/in

1 problem; nothing was written."#,
    ),
    (
        "paging by a field that is not there",
        "hard/list_by_page/operation.json",
        Replace(r#""cursor": "Page""#, r#""cursor": "Pages""#),
        r#"error: the input has no field "Pages"; did you mean "Page"?
  --> hard/list_by_page/operation.json:13:15
   at /pagination/cursor

1 problem; nothing was written."#,
    ),
    (
        "paging by a text",
        "hard/list_by_page/operation.json",
        Replace(
            r#""Page": { "type": "uint", "required": true, "min": 1,"#,
            r#""Page": { "type": "string", "required": true,"#,
        ),
        r#"error: "Page" is a `string`, but "cursor" is a `uint`
  --> hard/list_by_page/operation.json:13:15
   at /pagination/cursor

1 problem; nothing was written."#,
    ),
    (
        "paging over no list",
        "hard/list_by_page/operation.json",
        Replace(r#""items": "Rows""#, r#""items": "Total""#),
        r#"error: this is a `uint`, but "items" is a `list<…>`
  --> hard/list_by_page/operation.json:16:14
   at /pagination/items

1 problem; nothing was written."#,
    ),
    (
        "paging over a field far down that is not there",
        "hard/list_by_token/operation.json",
        Replace(r#""items": "Page.Items""#, r#""items": "Page.Item""#),
        r#"error: Page has no field "Item"; did you mean "Items"?
  --> hard/list_by_token/operation.json:15:14
   at /pagination/items

1 problem; nothing was written."#,
    ),
    (
        "rows named by a field that is not there",
        "hard/list_by_token/operation.json",
        Replace(r#""id": "N""#, r#""id": "M""#),
        r#"error: TokenRow has no field "M"; expected `N`
  --> hard/list_by_token/operation.json:18:11
   at /pagination/id

1 problem; nothing was written."#,
    ),
    (
        "rows named by an amount",
        "hard/list_by_token/operation.json",
        Replace(r#""N": { "type": "int""#, r#""N": { "type": "decimal""#),
        r#"error: this is a `decimal`, but "id" is a text or a whole number
  --> hard/list_by_token/operation.json:18:11
   at /pagination/id

1 problem; nothing was written."#,
    ),
    (
        "rows named without a list that fits the page",
        "hard/list_by_token/operation.json",
        Replace(
            r#"  "require": [{ "fits": ["Ids", "Max"] }],
"#,
            "",
        ),
        r#"error: no list of texts or whole numbers `fits` the `size` of a page
  --> hard/list_by_token/operation.json:18:11
   at /pagination/id

1 problem; nothing was written."#,
    ),
    (
        "items without fields named by a field",
        "other/list_by_offset/operation.json",
        Replace(
            r#""limit", "items": "rows" },
  "input": {"#,
            r#""limit", "items": "rows", "id": "n" },
  "require": [{ "fits": ["ids", "limit"] }],
  "input": {
    "ids": { "type": "list<uint>", "doc": "Ids." },"#,
        ),
        r#"error: an item is a `string`, which has no fields
  --> other/list_by_offset/operation.json:10:110
   at /pagination/id

1 problem; nothing was written."#,
    ),
    (
        "a code for no record without a status",
        "provider.json",
        Replace(
            r#""Gone": { "kind": "no_data", "status": 404,"#,
            r#""Gone": { "kind": "no_data","#,
        ),
        r#"error: "Gone" means "no such record" under one HTTP status only; set its `status`
  --> hard/choose_one/operation.json:11:17
   at /no_record/0

error: "Gone" means "no such record" under one HTTP status only; set its `status`
  --> hard/list_by_token/operation.json:21:17
   at /no_record/0

2 problems; nothing was written."#,
    ),
    (
        "a sample of no record under another status",
        "hard/list_by_token/operation.json",
        Replace(
            r#""gone": { "origin": "constructed" }"#,
            r#""gone": { "origin": "constructed", "status": 200 }"#,
        ),
        r#"error: "Gone" means "no such record" under HTTP 404 only, but this is HTTP 200
  --> hard/list_by_token/gone.error.json:3:11
   at /Code

1 problem; nothing was written."#,
    ),
    (
        "paging by page without a first one",
        "hard/list_by_page/operation.json",
        Replace(r#""first": 1,"#, ""),
        r#"error: "first" is missing
  --> hard/list_by_page/operation.json:11:17
   at /pagination

1 problem; nothing was written."#,
    ),
    (
        "two fields of one name",
        "hard/everything_at_once/operation.json",
        Replace(r#""rust": "name_in_capitals","#, ""),
        r#"error: "name" and "Name" are both `name` in Rust; set another name for one of them with `rust`
  --> hard/everything_at_once/operation.json:40:13
   at /input/Name

1 problem; nothing was written."#,
    ),
    (
        "a name that Rust refuses",
        "hard/everything_at_once/operation.json",
        Replace(r#""rust": "name_in_capitals""#, r#""rust": "fn""#),
        r#"error: "fn" cannot name a field; use snake_case and no keyword
  --> hard/everything_at_once/operation.json:42:15
   at /input/Name/rust

1 problem; nothing was written."#,
    ),
    (
        "a value without a name",
        "hard/everything_at_once/operation.json",
        Replace(r#""1": { "name": "Number", "doc""#, r#""1": { "doc""#),
        r#"error: the value "1" gives no usable name in Rust ("1"); set `name`, in PascalCase
  --> hard/everything_at_once/operation.json:121:14
   at /types/Colour/values/1

1 problem; nothing was written."#,
    ),
    (
        "two values of one name",
        "hard/everything_at_once/operation.json",
        Replace(r#""1": { "name": "Number","#, r#""1": { "name": "Red","#),
        r#"error: "RED" and "1" are both `Red` in Rust; set another `name` for one of them
  --> hard/everything_at_once/operation.json:121:14
   at /types/Colour/values/1

1 problem; nothing was written."#,
    ),
    (
        "a type with a reserved name",
        "hard/many_required/operation.json",
        Replace(r#""Answer""#, r#""Amount""#),
        r#"error: there is no type "Amount"; describe it under `types`
  --> hard/many_required/operation.json:19:30
   at /output/A/type

1 problem; nothing was written."#,
    ),
    (
        "a type that could never end",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""left": { "type": "Tree","#,
            r#""left": { "type": "Tree", "required": true,"#,
        ),
        r#"error: a "Tree" requires another one; one of the fields between them cannot be required
  --> hard/everything_at_once/operation.json:133:13
   at /types/Tree

1 problem; nothing was written."#,
    ),
    (
        "a condition over a field that is not there",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""together": ["both", "with"]"#,
            r#""together": ["both", "width"]"#,
        ),
        r#"error: there is no field "width"; did you mean "with"?
  --> hard/everything_at_once/operation.json:80:28
   at /require/1/together/1

1 problem; nothing was written."#,
    ),
    (
        "a condition over a required field",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""any_of": ["type", "name"]"#,
            r#""any_of": ["type", "thing_id"]"#,
        ),
        r#"error: "thing_id" is required anyway
  --> hard/everything_at_once/operation.json:79:26
   at /require/0/any_of/1

1 problem; nothing was written."#,
    ),
    (
        "a condition over one field",
        "hard/everything_at_once/operation.json",
        Replace(r#""together": ["both", "with"]"#, r#""together": ["both"]"#),
        r#"error: a condition needs at least two fields
  --> hard/everything_at_once/operation.json:80:5
   at /require/1

1 problem; nothing was written."#,
    ),
    (
        "a list that fits into nothing",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""fits": ["numbers", "level"]"#,
            r#""fits": ["level", "numbers"]"#,
        ),
        r#"error: `fits` needs a list and a uint with a default, in this order
  --> hard/everything_at_once/operation.json:81:5
   at /require/2

1 problem; nothing was written."#,
    ),
    (
        "a path without its field",
        "hard/everything_at_once/operation.json",
        Replace(
            "/v1/things/{thing_id}/{kind}",
            "/v1/things/{thing_id}/{kinds}",
        ),
        r#"error: the path "/v1/things/{thing_id}/{kinds}" has no `{kind}`; did you mean `{kinds}`?
  --> hard/everything_at_once/operation.json:24:13
   at /input/kind

1 problem; nothing was written."#,
    ),
    (
        "a body of a GET",
        "hard/list_by_page/operation.json",
        Replace(r#""params": "query""#, r#""params": "json""#),
        r#"error: a GET has no body; set `http.params` to `query`, or `in` of the field
  --> hard/list_by_page/operation.json:20:13
   at /input/Page

1 problem; nothing was written."#,
    ),
    (
        "a structure in a path",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""kind": { "type": "Colour", "required": true, "in": "path""#,
            r#""kind": { "type": "Tag", "required": true, "in": "path""#,
        ),
        r#"error: a path has single values, not structures
  --> hard/everything_at_once/operation.json:24:13
   at /input/kind

1 problem; nothing was written."#,
    ),
    (
        "an undescribed code for no record",
        "hard/choose_one/operation.json",
        Replace(r#""no_record": ["Gone"]"#, r#""no_record": ["Gon"]"#),
        r#"error: the error code "Gon" is not described; did you mean "Gone"?
  --> hard/choose_one/operation.json:11:17
   at /no_record/0

1 problem; nothing was written."#,
    ),
    (
        "a wrapped list in a request",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""Key": { "type": "string", "required": true, "min_len": 1, "doc": "Its key." },"#,
            r#""Key": { "type": "string", "required": true, "min_len": 1, "doc": "Its key." },
        "Odd": { "type": "list<string>", "wrapper": "O", "doc": "Odd." },"#,
        ),
        r#"error: the request uses this type, but "Odd" is a wrapped list, which only responses have
  --> hard/everything_at_once/operation.json:126:12
   at /types/Tag

1 problem; nothing was written."#,
    ),
    (
        "an idempotent read",
        "hard/nothing/operation.json",
        Replace(
            r#""effect": "read""#,
            r#""effect": "read", "idempotent": true"#,
        ),
        r#"error: reads are always retried; `idempotent` is for writes
  --> hard/nothing/operation.json:10:49
   at /behavior/idempotent

1 problem; nothing was written."#,
    ),
    (
        "an envelope without a value for success",
        "provider.json",
        Replace(
            r#""success": { "at": "/Ok", "equals": true }"#,
            r#""success": { "at": "/Ok" }"#,
        ),
        r#"error: "equals" is missing
  --> provider.json:9:16
   at /envelope/success

1 problem; nothing was written."#,
    ),
    (
        "a key of a request that is not described",
        "hard/list_by_page/first.request.json",
        Replace(r#""PageSize": 20"#, r#""PageSize": 20, "Pagesize": 20"#),
        r#"error: "Pagesize" is not described; did you mean "PageSize"?
  --> hard/list_by_page/first.request.json:3:19
   at /Pagesize

1 problem; nothing was written."#,
    ),
    (
        "an operation called like something of the module",
        "hard/nothing/operation.json",
        Replace(r#""operation": "Nothing""#, r#""operation": "Option""#),
        r#"error: "Option" belongs in the folder "option", not "nothing"
  --> hard/nothing/operation.json:3:16
   at /operation

error: the generated code uses the name "Option" itself
  --> hard/nothing/operation.json:3:16
   at /operation

2 problems; nothing was written."#,
    ),
    (
        "a setter of another field",
        "hard/everything_at_once/operation.json",
        Replace(r#""rust": "name_in_capitals""#, r#""rust": "name_""#),
        r#"error: "name_" cannot name a field; use snake_case and no keyword
  --> hard/everything_at_once/operation.json:42:15
   at /input/Name/rust

1 problem; nothing was written."#,
    ),
    (
        "a name that the compiler refuses",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""rust": "name_in_capitals""#,
            r#""rust": "name__in_capitals""#,
        ),
        r#"error: "name__in_capitals" cannot name a field; use snake_case and no keyword
  --> hard/everything_at_once/operation.json:42:15
   at /input/Name/rust

1 problem; nothing was written."#,
    ),
    (
        "an alias that is another field",
        "hard/everything_at_once/operation.json",
        Replace(r#""aliases": ["firstName"]"#, r#""aliases": ["Colour"]"#),
        r#"error: "Colour" would be read as "Colour" and as "fistName"; an alias belongs to one field
  --> hard/everything_at_once/operation.json:99:17
   at /output/fistName

1 problem; nothing was written."#,
    ),
    (
        "a number beyond every float",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""max": 1, "default": 0.5"#,
            r#""max": 1, "default": 1e400"#,
        ),
        r#"error: 1e400 does not fit a `float`
  --> hard/everything_at_once/operation.json:49:64
   at /input/ratio/default

1 problem; nothing was written."#,
    ),
    (
        "paging of no style",
        "hard/list_by_token/operation.json",
        Replace(r#""style": "token""#, r#""style": "Token""#),
        r#"error: "Token" is not a value of "style"; did you mean "token"?
  --> hard/list_by_token/operation.json:12:14
   at /pagination/style

1 problem; nothing was written."#,
    ),
    (
        "a header that no request could have",
        "hard/everything_at_once/operation.json",
        Replace(r#""X-Language": {"#, r#""X Language": {"#),
        r#"error: "X Language" cannot name a header; use letters, digits and `-`
  --> hard/everything_at_once/operation.json:25:19
   at /input/X Language

1 problem; nothing was written."#,
    ),
    (
        "a header that the client sets",
        "hard/everything_at_once/operation.json",
        Replace(r#""X-Count": {"#, r#""Content-Length": {"#),
        r#"error: the client sets the header "Content-Length" itself
  --> hard/everything_at_once/operation.json:26:23
   at /input/Content-Length

1 problem; nothing was written."#,
    ),
    (
        "a path with a query",
        "hard/nothing/operation.json",
        Replace(r#""path": "/nothing""#, r#""path": "/nothing?all=1""#),
        r#"error: a path has letters, digits, `{field}` and the signs of a URL path; other characters are percent-encoded, and a query belongs in `in: query`
  --> hard/nothing/operation.json:9:38
   at /http/path

1 problem; nothing was written."#,
    ),
    (
        "a path with an open brace",
        "hard/nothing/operation.json",
        Replace(r#""path": "/nothing""#, r#""path": "/{nothing""#),
        r#"error: a path has letters, digits, `{field}` and the signs of a URL path; other characters are percent-encoded, and a query belongs in `in: query`
  --> hard/nothing/operation.json:9:38
   at /http/path

1 problem; nothing was written."#,
    ),
    (
        "a link into the code",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""doc": "Which thing.""#,
            r#""doc": "As [this](Self::id).""#,
        ),
        r#"error: a link must have an address that starts with https://
  --> hard/everything_at_once/operation.json:22:14
   at /input/thing_id/doc

1 problem; nothing was written."#,
    ),
    (
        "a text among numbers",
        "provider.json",
        Replace(r#""-1": { "name": "Low""#, r#""low": { "name": "Low""#),
        r#"error: "low" is not a whole number, but the type has whole numbers
  --> provider.json:35:13
   at /services/hard/types/Grade/values/low

1 problem; nothing was written."#,
    ),
    (
        "a number that is written in another way",
        "provider.json",
        Replace(r#""-1": { "name": "Low""#, r#""-01": { "name": "Low""#),
        r#"error: "-01" is not a whole number, but the type has whole numbers
  --> provider.json:35:13
   at /services/hard/types/Grade/values/-01

1 problem; nothing was written."#,
    ),
    (
        "a number that is not a value",
        "hard/everything_at_once/full.request.json",
        Replace(r#""grade": -1"#, r#""grade": 1"#),
        r#"error: 1 is not among the values of Grade; did you mean "-1"?
  --> hard/everything_at_once/full.request.json:22:12
   at /grade

1 problem; nothing was written."#,
    ),
    (
        "a text for a number that is a value",
        "hard/everything_at_once/full.request.json",
        Replace(r#""grade": -1"#, r#""grade": "-1""#),
        r#"error: "-1" is a text, but a `Grade` is described
  --> hard/everything_at_once/full.request.json:22:12
   at /grade

1 problem; nothing was written."#,
    ),
    (
        "an enumeration of flags",
        "provider.json",
        Replace(r#""type": "int""#, r#""type": "bool""#),
        r#"error: "0" is a number, but a `Grade` is described
  --> hard/everything_at_once/operation.json:55:44
   at /input/grade/default

error: "bool" is not a value of "type"; expected `string` or `int`
  --> provider.json:32:19
   at /services/hard/types/Grade/type

2 problems; nothing was written."#,
    ),
    (
        "a struct that a service shares",
        "provider.json",
        Replace(
            r#""types": {"#,
            r#""types": {
        "Pair": { "doc": "A pair.", "fields": {} },"#,
        ),
        r#"error: operations share only enumerations; describe this type in the operation that uses it
  --> provider.json:30:17
   at /services/hard/types/Pair

1 problem; nothing was written."#,
    ),
    (
        "a shared type without a use",
        "provider.json",
        Replace(
            r#""types": {"#,
            r#""types": {
        "Size": { "doc": "A size.", "values": { "Big": { "doc": "Big." } } },"#,
        ),
        r#"error: nothing uses the type "Size"; use it or remove it
  --> provider.json:29:16
   at /services/hard/types

1 problem; nothing was written."#,
    ),
    (
        "a type that the service has as well",
        "hard/everything_at_once/operation.json",
        Replace(
            r#""Kind": {
      "doc": "A kind.""#,
            r#""Grade": {
      "doc": "A kind.""#,
        ),
        r#"error: "0" is a number, but a `Grade` is described
  --> hard/everything_at_once/operation.json:55:44
   at /input/grade/default

error: there is no type "Kind"; did you mean "int"?
  --> hard/everything_at_once/operation.json:166:28
   at /types/Row/fields/third/type

error: the service has a type "Grade"; use it, or another name
  --> hard/everything_at_once/operation.json:169:14
   at /types/Grade

3 problems; nothing was written."#,
    ),
    (
        "a type that another operation of the service has",
        "hard/many_required/operation.json",
        Replace(r#""Answer": {"#, r#""Pair": {"#),
        r#"error: there is no type "Answer"; describe it under `types`
  --> hard/many_required/operation.json:19:30
   at /output/A/type

error: ChooseOne uses the name "Pair", and the service exports both; use another name, or describe an enumeration under `types` of the service
  --> hard/many_required/operation.json:32:13
   at /types/Pair

2 problems; nothing was written."#,
    ),
    (
        "an operation with the name of a type of another one",
        "hard/choose_one/operation.json",
        Replace(r#""Pair": {"#, r#""Nothing": {"#),
        r#"error: there is no type "Pair"; describe it under `types`
  --> hard/choose_one/operation.json:17:23
   at /input/pair/type

error: ChooseOne uses the name "Nothing", and the service exports both; use another name there
  --> hard/nothing/operation.json:3:16
   at /operation

2 problems; nothing was written."#,
    ),
];

const SAMPLES: &[Mutation] = &[
    (
        "a request that breaks a limit",
        "hard/list_by_page/first.request.json",
        Replace(r#""PageSize": 20"#, r#""PageSize": 101"#),
        r#"error: 101 is above 100
  --> hard/list_by_page/first.request.json:3:15
   at /PageSize

1 problem; nothing was written."#,
    ),
    (
        "a request that lacks what is required",
        "hard/list_by_page/first.request.json",
        Replace(r#""Page": 1,"#, ""),
        r#"error: "Page" is required and missing
  --> hard/list_by_page/first.request.json:1:1
   at the root

1 problem; nothing was written."#,
    ),
    (
        "a request of both",
        "hard/choose_one/phone.request.json",
        Replace(
            r#""phone": "0000-0000""#,
            r#""phone": "0000-0000", "phone_md5": "00000000000000000000000000000000""#,
        ),
        r#"error: exactly one of `phone` and `phone_md5` must be given
  --> hard/choose_one/phone.request.json:1:1
   at the root

1 problem; nothing was written."#,
    ),
    (
        "a request of none",
        "hard/choose_one/phone.request.json",
        Replace(
            r#",
  "phone": "0000-0000""#,
            "",
        ),
        r#"error: exactly one of `phone` and `phone_md5` must be given
  --> hard/choose_one/phone.request.json:1:1
   at the root

1 problem; nothing was written."#,
    ),
    (
        "a wrong hash",
        "hard/choose_one/hash.request.json",
        Replace("00000000000000000000000000000000", "000"),
        r#"error: "000" must be 32 hexadecimal digits
  --> hard/choose_one/hash.request.json:3:16
   at /phone_md5

1 problem; nothing was written."#,
    ),
    (
        "a hash in upper case",
        "hard/choose_one/hash.request.json",
        Replace(
            r#""00000000000000000000000000000000""#,
            r#""ABCDEF00000000000000000000000000""#,
        ),
        r#"error: a hash is sent in lower case
  --> hard/choose_one/hash.request.json:3:16
   at /phone_md5

1 problem; nothing was written."#,
    ),
    (
        "a list longer than its page",
        "hard/everything_at_once/full.request.json",
        Replace(r#""level": 9"#, r#""level": 1"#),
        r#"error: 2 items, but a page has at most 1
  --> hard/everything_at_once/full.request.json:1:1
   at the root

1 problem; nothing was written."#,
    ),
    (
        "a null in a sample request",
        "hard/many_required/plain.request.json",
        Replace(r#""b": 2"#, r#""b": null"#),
        r#"error: a request omits a field instead of null
  --> hard/many_required/plain.request.json:5:8
   at /b

1 problem; nothing was written."#,
    ),
    (
        "a value that is not listed",
        "hard/everything_at_once/least.request.json",
        Replace(r#""RED""#, r#""Red""#),
        r#"error: "Red" is not among the values of Colour; did you mean "RED"?
  --> hard/everything_at_once/least.request.json:3:11
   at /kind

1 problem; nothing was written."#,
    ),
    (
        "a key of a response that is not described",
        "hard/list_by_page/first.response.json",
        Replace(r#""Total": 1"#, r#""Total": 1, "Totals": 1"#),
        r#"error: "Totals" is not described; did you mean "Total"? (if the source does so, declare `"deviations": { "unknown_field": 1 }` at /examples/first)
  --> hard/list_by_page/first.response.json:3:47
   at /Data/Totals

1 problem; nothing was written."#,
    ),
    (
        "a deviation that is not declared",
        "hard/list_by_page/first.response.json",
        Replace(r#""Total": 1"#, r#""Total": "1""#),
        r#"error: a text in place of a number (if the source does so, declare `"deviations": { "text_for_number": 1 }` at /examples/first)
  --> hard/list_by_page/first.response.json:3:44
   at /Data/Total

1 problem; nothing was written."#,
    ),
    (
        "a deviation that is declared and gone",
        "hard/everything_at_once/bent.response.json",
        Replace(r#""Ratio": "0.25""#, r#""Ratio": 0.25"#),
        r#"error: text_for_number is declared 3 times, and the sample has 2; write 2
  --> hard/everything_at_once/operation.json:193:28
   at /examples/bent/deviations/text_for_number

1 problem; nothing was written."#,
    ),
    (
        "a promise that is not kept",
        "hard/list_by_page/first.response.json",
        Replace(r#", "Total": 1"#, ""),
        r#"error: "Total" is promised (`required`) and missing; if the source omits it, remove `required`
  --> hard/list_by_page/first.response.json:3:11
   at /Data

1 problem; nothing was written."#,
    ),
    (
        "a response of another type",
        "hard/list_by_page/first.response.json",
        Replace(r#""Total": 1"#, r#""Total": true"#),
        r#"error: "true" is a boolean, but a `uint` is described
  --> hard/list_by_page/first.response.json:3:44
   at /Data/Total

1 problem; nothing was written."#,
    ),
    (
        "an empty list that was promised to hold something",
        "hard/everything_at_once/least.response.json",
        Replace(r#""Rows": [{ "camelCase": "c" }]"#, r#""Rows": []"#),
        r#"error: 0 items are fewer than 1
  --> hard/everything_at_once/least.response.json:3:44
   at /Data/Rows

1 problem; nothing was written."#,
    ),
    (
        "a row of nothing",
        "hard/list_by_page/first.response.json",
        Replace(r#"{ "N": 1 }"#, "{}"),
        r#"error: this has none of the described fields, so the decoder refuses it
  --> hard/list_by_page/first.response.json:3:22
   at /Data/Rows/0

1 problem; nothing was written."#,
    ),
    (
        "a failure filed as a success",
        "hard/list_by_page/first.response.json",
        Replace(r#""Ok": true"#, r#""Ok": false"#),
        r#"error: by the envelope, this is a failure: "/Ok" is "false", not "true"; call it first.error.json
  --> hard/list_by_page/first.response.json:1:1
   at the root

1 problem; nothing was written."#,
    ),
    (
        "a success filed as a failure",
        "hard/choose_one/denied.error.json",
        Replace(r#""Ok": false"#, r#""Ok": true"#),
        r#"error: by the envelope, this is a success; call it denied.response.json
  --> hard/choose_one/denied.error.json:1:1
   at the root

1 problem; nothing was written."#,
    ),
    (
        "an undescribed code",
        "hard/choose_one/denied.error.json",
        Replace(r#""Denied""#, r#""Deneid""#),
        r#"error: the error code "Deneid" is not described; did you mean "Denied"?
  --> hard/choose_one/denied.error.json:3:11
   at /Code

1 problem; nothing was written."#,
    ),
    (
        "no payload",
        "hard/list_by_page/first.response.json",
        Replace(r#""Data""#, r#""Date""#),
        r#"error: there is no payload: "/Data" is not an object
  --> hard/list_by_page/first.response.json:1:1
   at the root

1 problem; nothing was written."#,
    ),
    (
        "a file without an entry",
        "hard/nothing/plane.response.json",
        Add(r#"{ "Ok": true, "Data": {} }
"#),
        r#"error: operation.json has no example "plane"; did you mean "plain"?
  --> hard/nothing/plane.response.json

1 problem; nothing was written."#,
    ),
    (
        "an entry without a file",
        "hard/nothing/operation.json",
        Replace(
            r#""plain": { "origin": "constructed" }"#,
            r#""plain": { "origin": "constructed" },
    "second": { "origin": "constructed" }"#,
        ),
        r#"error: there is no file second.request.json, second.response.json or second.error.json
  --> hard/nothing/operation.json:14:15
   at /examples/second

1 problem; nothing was written."#,
    ),
    (
        "no request at all",
        "hard/nothing/plain.request.json",
        Remove,
        r#"error: no example has a request; the documentation shows one
  --> hard/nothing/operation.json:1:1
   at the root

1 problem; nothing was written."#,
    ),
    (
        "a text that is not a number",
        "other/remove_thing/plain.response.json",
        Replace(r#""left": 0"#, r#""left": "7 or so""#),
        r#"error: "7 or so" is a text, but a `uint` is described
  --> other/remove_thing/plain.response.json:3:23
   at /detail/left

1 problem; nothing was written."#,
    ),
    (
        "a flag that no decoder takes",
        "hard/everything_at_once/full.response.json",
        Replace(r#""Flag": true"#, r#""Flag": "1""#),
        r#"error: "1" is a text, but a `bool` is described
  --> hard/everything_at_once/full.response.json:9:13
   at /Data/Flag

1 problem; nothing was written."#,
    ),
    (
        "a negative zero among whole numbers",
        "hard/everything_at_once/full.request.json",
        Replace(r#""delta": -10"#, r#""delta": -0"#),
        r#"error: -0 does not fit a `int`
  --> hard/everything_at_once/full.request.json:18:12
   at /delta

1 problem; nothing was written."#,
    ),
    (
        "a line end in a header",
        "hard/everything_at_once/full.request.json",
        Replace(r#""X-Language": "en_US""#, r#""X-Language": "en\nUS""#),
        r#"error: a header has no line ends, and no blanks at either end
  --> hard/everything_at_once/full.request.json:4:17
   at /X-Language

1 problem; nothing was written."#,
    ),
    (
        "a path that leads elsewhere",
        "other/remove_thing/plain.request.json",
        Replace(r#""id": "%/x""#, r#""id": "..""#),
        r#"error: this segment would lead to another path
  --> other/remove_thing/plain.request.json:2:9
   at /id

1 problem; nothing was written."#,
    ),
];

fn assert_reported(mutations: &[Mutation]) {
    for (what, file, change, report) in mutations {
        let tree = Tree::obstacles();
        let path = format!("fixtures/obstacle/{file}");
        match change {
            Replace(old, new) => {
                let text = tree.read(&path);
                assert!(text.contains(old), "{what}: {old:?} is not in {file}");
                tree.write(&path, &text.replacen(old, new, 1));
            }
            Add(text) => tree.write(&path, text),
            Remove => fs::remove_file(tree.0.join(&path)).unwrap(),
        }
        let before = tree.bytes();
        let (code, out, error) = tree.xtask(&["codegen"]);
        assert_eq!(code, 2, "{what}");
        assert_eq!(out, "", "{what}");
        assert_eq!(
            error.replace("fixtures/obstacle/", "").trim_end(),
            *report,
            "{what}"
        );
        assert!(tree.bytes() == before, "{what}: a file changed");
    }
}

#[test]
fn mistake_of_syntax_is_reported() {
    assert_reported(SYNTAX);
}

#[test]
fn unknown_word_is_reported() {
    assert_reported(VOCABULARY);
}

#[test]
fn misplaced_file_is_reported() {
    assert_reported(FOLDERS);
}

#[test]
fn contradiction_is_reported() {
    assert_reported(MEANING);
}

#[test]
fn sample_that_contradicts_the_description_is_reported() {
    assert_reported(SAMPLES);
}

#[test]
fn mistakes_of_several_files_are_reported_at_once() {
    let tree = Tree::obstacles();
    for (file, old, new) in [
        (
            "provider.json",
            "\"kind\": \"quota\"",
            "\"kind\": \"qouta\"",
        ),
        (
            "hard/nothing/operation.json",
            "\"effect\": \"read\"",
            "\"effect\": \"red\"",
        ),
        ("hard/list_by_page/operation.json", "\"first\": 1,", ""),
        (
            "other/list_by_offset/none.response.json",
            "\"rows\"",
            "\"row\"",
        ),
    ] {
        let path = format!("fixtures/obstacle/{file}");
        let text = tree.read(&path);
        assert!(text.contains(old), "{file}");
        tree.write(&path, &text.replace(old, new));
    }
    let (code, _, error) = tree.xtask(&["codegen"]);
    assert_eq!(code, 2);
    let messages: Vec<&str> = error
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(
        messages,
        [
            "error: \"first\" is missing",
            "error: \"red\" is not a value of \"effect\"; did you mean \"read\"?",
            "error: \"rows\" is promised (`required`) and missing; if the source omits it, remove `required`",
            "error: this has none of the described fields, so the decoder refuses it",
            "error: \"row\" is not described; did you mean \"rows\"? (if the source does so, declare `\"deviations\": { \"unknown_field\": 1 }` at /examples/none)",
            "error: \"qouta\" is not a value of \"kind\"; did you mean \"quota\"?",
        ]
    );
    assert!(
        error.ends_with("6 problems; nothing was written.\n"),
        "{error}"
    );
}
