//! The JSON parser: strict, with the position of every problem.

use std::collections::HashMap;

use jsonc_parser::ast::Value as Ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::json::{Member, Node, Value};
use super::located::{JsonFile, Lines};
use super::problem::{Problem, Problems};

/// Parses strict JSON (RFC 8259) without duplicate keys.
pub fn parse(path: String, text: String, problems: &mut Problems) -> Option<JsonFile> {
    let lines = Lines::of(&text);
    let report = |problems: &mut Problems, offset: usize, message: String| {
        let (line, column) = lines.position(&text, offset);
        problems.push(Problem {
            file: path.clone(),
            line,
            column,
            pointer: None,
            message,
        });
    };
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let ast = match parse_to_ast(&text, &CollectOptions::default(), &strict) {
        Ok(result) => result.value,
        Err(error) => {
            let what = error.kind().to_string().to_lowercase();
            report(
                problems,
                error.range().start,
                format!("this is not JSON: {what}"),
            );
            return None;
        }
    };
    let Some(ast) = ast else {
        report(
            problems,
            0,
            "this is not JSON: the file is empty".to_owned(),
        );
        return None;
    };
    let mut conversion = Conversion {
        text: &text,
        lines: &lines,
        refused: Vec::new(),
        texts_end: 0,
    };
    let node = conversion.node(&ast);
    conversion.check_between_texts(text.len());
    let refused = conversion.refused;
    if refused.is_empty() {
        return Some(JsonFile {
            path,
            text,
            node,
            lines,
        });
    }
    for (offset, message) in refused {
        report(problems, offset, message);
    }
    None
}

/// Converts the parser's tree and finds what the parser accepts although JSON does not allow it.
struct Conversion<'a> {
    text: &'a str,
    lines: &'a Lines,
    /// Offset and message of each.
    refused: Vec<(usize, String)>,
    /// Where the last text literal ended.
    texts_end: usize,
}

impl Conversion<'_> {
    fn node(&mut self, ast: &Ast<'_>) -> Node {
        let value = match ast {
            Ast::NullKeyword(_) => Value::Null,
            Ast::BooleanLit(literal) => Value::Bool(literal.value),
            Ast::NumberLit(literal) => Value::Number(literal.value.to_owned()),
            Ast::StringLit(literal) => {
                self.check_text(literal.range.start, literal.range.end);
                Value::Text(literal.value.to_string())
            }
            Ast::Array(array) => Value::List(array.elements.iter().map(|e| self.node(e)).collect()),
            Ast::Object(object) => {
                let mut members: Vec<Member> = Vec::with_capacity(object.properties.len());
                let mut seen: HashMap<&str, usize> = HashMap::new();
                for property in &object.properties {
                    let range = property.name.range();
                    self.check_text(range.start, range.end);
                    let member = Member {
                        key: property.name.as_str().to_owned(),
                        offset: range.start,
                        node: self.node(&property.value),
                    };
                    let first = *seen.entry(property.name.as_str()).or_insert(member.offset);
                    if first != member.offset {
                        let (line, _) = self.lines.position(self.text, first);
                        let key = &member.key;
                        self.refused.push((
                            member.offset,
                            format!(
                                "the key {key:?} occurs twice; the first one is on line {line}"
                            ),
                        ));
                    }
                    members.push(member);
                }
                Value::Object(members)
            }
        };
        Node {
            offset: ast.start(),
            value,
        }
    }

    fn check_text(&mut self, start: usize, end: usize) {
        self.check_between_texts(start);
        let literal = self.part(start, end);
        if let Some(offset) = literal.bytes().position(|byte| byte < b' ') {
            self.refused.push((
                start + offset,
                "this is not JSON: a control character in a text must be escaped".to_owned(),
            ));
        }
        self.texts_end = end;
    }

    #[expect(
        clippy::expect_used,
        reason = "the parser's tree has the places of literals, in the order of the text"
    )]
    fn part(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).expect("a part of the text")
    }

    /// Checks what stands between the last text literal and the next: signs, numbers, words and blanks.
    fn check_between_texts(&mut self, until: usize) {
        let between = self.part(self.texts_end, until);
        if let Some(offset) = between.bytes().position(is_forbidden_between_texts) {
            self.refused.push((
                self.texts_end + offset,
                "this is not JSON: blanks are spaces, tabs and line ends".to_owned(),
            ));
        }
    }
}

/// Whether a byte cannot stand between two text literals: of blanks, JSON has only four.
fn is_forbidden_between_texts(byte: u8) -> bool {
    !byte.is_ascii() || (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, String> {
        let mut problems = Problems::default();
        parse("x.json".to_owned(), text.to_owned(), &mut problems)
            .map(|file| file.node)
            .ok_or_else(|| {
                let all = problems.into_sorted();
                all.iter().map(ToString::to_string).collect::<String>()
            })
    }

    #[test]
    fn strict_json_is_accepted() {
        for text in [
            "{}",
            "[]",
            " \t\r\n{\"a\": [1, -0.5e+3, null, true, \"\\u00e9\\n\"]} ",
            "\"\u{e9}\u{3000}\"",
            "{\"a\": {\"a\": {\"a\": 1}}}",
            "0",
        ] {
            assert!(read(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "   ",
            "{",
            "{\"a\" 1}",
            "{\"a\": 1 \"b\": 2}",
            "{\"a\": 1,}",
            "[1,]",
            "[1 2]",
            "{a: 1}",
            "{'a': 1}",
            "// x\n{}",
            "{} {}",
            "01",
            "+1",
            ".5",
            "5.",
            "1e",
            "0x1",
            "NaN",
            "-Infinity",
            "\"\\x41\"",
            "\"a\tb\"",
            "\"a",
            "{}\u{a0}",
            "\u{feff}{}",
            "nul",
            "[\u{b}]",
        ] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn duplicate_key_names_the_line_of_the_first() {
        let error = read("{\n  \"a\": 1,\n  \"b\": 2,\n  \"a\": 3\n}").unwrap_err();
        assert_eq!(
            error,
            "error: the key \"a\" occurs twice; the first one is on line 2\n  --> x.json:4:3\n"
        );
    }

    #[test]
    fn syntax_error_has_its_place() {
        let error = read("{\n  \"a\": 1\n  \"b\": 2\n}").unwrap_err();
        assert_eq!(
            error,
            "error: this is not JSON: expected comma\n  --> x.json:2:9\n"
        );
    }

    #[test]
    fn number_keeps_its_text() {
        let Value::Number(text) = read("12.500").unwrap().value else {
            panic!("a number");
        };
        assert_eq!(text, "12.500");
    }
}
