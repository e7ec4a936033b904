//! JSON with positions: every value knows where it stands, numbers keep their text, keys keep their
//! order, and a key that stands twice is found.

use std::collections::HashMap;

use jsonc_parser::ast::Value as Ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::diag::{Problem, Problems};

/// A JSON file that was read.
#[derive(Debug)]
pub struct File {
    /// Path relative to the root, with forward slashes.
    pub path: String,
    /// The text as it is on disk.
    pub text: String,
    /// The value.
    pub root: Node,
    /// Where each line starts.
    lines: Vec<usize>,
}

impl File {
    fn line_and_column(&self, at: usize) -> (usize, usize) {
        line_and_column(&self.text, &self.lines, at)
    }
}

/// A value and where it starts.
#[derive(Debug, Clone)]
pub struct Node {
    /// Byte offset in the text.
    pub at: usize,
    /// The value itself.
    pub value: Value,
}

/// A JSON value.
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// An object, in the order of the file.
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Debug, Clone)]
pub struct Member {
    /// The key.
    pub key: String,
    /// Byte offset of the key.
    pub at: usize,
    /// The value.
    pub node: Node,
}

impl Value {
    /// What a reader calls this kind of value.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// Whether two values say the same; the order of members says nothing.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) | (Self::Text(a), Self::Text(b)) => a == b,
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.value.same(&b.value))
            }
            (Self::Object(a), Self::Object(b)) => {
                let has = |member: &Member| other.member(&member.key);
                a.len() == b.len()
                    && a.iter()
                        .all(|a| has(a).is_some_and(|b| a.node.value.same(&b.value)))
            }
            _ => false,
        }
    }

    /// The member of that name, if this is an object that has it.
    pub fn member(&self, key: &str) -> Option<&Node> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|member| member.key == key)
                .map(|member| &member.node),
            _ => None,
        }
    }
}

impl Node {
    /// The value at a JSON pointer (without escapes: wire names hold no `/`).
    pub fn at_pointer(&self, pointer: &str) -> Option<&Node> {
        pointer
            .split('/')
            .skip(1)
            .try_fold(self, |node, key| node.value.member(key))
    }
}

/// A value and the file that it stands in.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    /// The file.
    pub file: &'a File,
    /// The value.
    pub node: &'a Node,
}

impl<'a> Spot<'a> {
    /// The whole of a file.
    pub fn root(file: &'a File) -> Self {
        Self {
            file,
            node: &file.root,
        }
    }

    /// Another value of the same file.
    pub fn with(self, node: &'a Node) -> Self {
        Self { node, ..self }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Path, line and column.
    pub fn place(&self) -> String {
        let (line, column) = self.file.line_and_column(self.node.at);
        format!("{}:{line}:{column}", self.file.path)
    }

    /// JSON pointer of the value. It is looked for only when somebody wants to know.
    pub fn pointer(&self) -> String {
        let mut steps = Vec::new();
        way(&self.file.root, self.node, &mut steps);
        steps.iter().rev().fold(String::new(), |pointer, step| {
            format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"))
        })
    }

    /// A problem with this value.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        self.problem_at(self.node.at, message)
    }

    /// A problem with the key of a member of this object.
    pub fn problem_with_key(&self, member: &'a Member, message: impl Into<String>) -> Problem {
        self.with(&member.node).problem_at(member.at, message)
    }

    fn problem_at(&self, at: usize, message: impl Into<String>) -> Problem {
        let (line, column) = self.file.line_and_column(at);
        Problem {
            file: self.file.path.clone(),
            line,
            column,
            pointer: Some(self.pointer()),
            message: message.into(),
        }
    }
}

/// Finds the way from one node to another, last step first. Values stand in the order of the text,
/// so of each list only the last one that starts early enough can lead there.
fn way(from: &Node, to: &Node, steps: &mut Vec<String>) -> bool {
    if std::ptr::eq(from, to) {
        return true;
    }
    match &from.value {
        Value::List(nodes) => {
            let index = nodes.partition_point(|node| node.at <= to.at);
            let index = index.checked_sub(1);
            let found = index.filter(|i| nodes.get(*i).is_some_and(|node| way(node, to, steps)));
            steps.extend(found.map(|index| index.to_string()));
            found.is_some()
        }
        Value::Object(members) => {
            let index = members.partition_point(|member| member.node.at <= to.at);
            let member = index.checked_sub(1).and_then(|index| members.get(index));
            let found = member.filter(|member| way(&member.node, to, steps));
            steps.extend(found.map(|member| member.key.clone()));
            found.is_some()
        }
        _ => false,
    }
}

/// Where each line of a text starts.
fn line_starts(text: &str) -> Vec<usize> {
    let ends = text.match_indices('\n');
    std::iter::once(0)
        .chain(ends.map(|(at, _)| at + 1))
        .collect()
}

fn line_and_column(text: &str, lines: &[usize], at: usize) -> (usize, usize) {
    let line = lines.partition_point(|start| *start <= at);
    let start = lines.get(line.saturating_sub(1)).copied();
    let before = text.get(start.unwrap_or_default()..at);
    (line, before.unwrap_or_default().chars().count() + 1)
}

/// Reads a text as strict JSON (RFC 8259) in which no key stands twice.
pub fn parse(path: String, text: String, problems: &mut Problems) -> Option<File> {
    let lines = line_starts(&text);
    let complain = |problems: &mut Problems, at: usize, message: String| {
        let (line, column) = line_and_column(&text, &lines, at);
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
            complain(
                problems,
                error.range().start,
                format!("this is not JSON: {what}"),
            );
            return None;
        }
    };
    let Some(ast) = ast else {
        complain(
            problems,
            0,
            "this is not JSON: the file is empty".to_owned(),
        );
        return None;
    };
    let mut scan = Scan {
        text: &text,
        lines: &lines,
        faults: Vec::new(),
        texts_end: 0,
    };
    let root = scan.node(&ast);
    scan.blank(text.len());
    let faults = scan.faults;
    if faults.is_empty() {
        return Some(File {
            path,
            text,
            root,
            lines,
        });
    }
    for (at, message) in faults {
        complain(problems, at, message);
    }
    None
}

/// Turns the parser's tree into ours and finds what the parser lets through.
struct Scan<'a> {
    text: &'a str,
    lines: &'a [usize],
    faults: Vec<(usize, String)>,
    /// Where the last text literal ended: between literals only four blanks may stand.
    texts_end: usize,
}

impl Scan<'_> {
    fn node(&mut self, ast: &Ast<'_>) -> Node {
        let value = match ast {
            Ast::NullKeyword(_) => Value::Null,
            Ast::BooleanLit(literal) => Value::Bool(literal.value),
            Ast::NumberLit(literal) => Value::Number(literal.value.to_owned()),
            Ast::StringLit(literal) => {
                self.literal(literal.range.start, literal.range.end);
                Value::Text(literal.value.to_string())
            }
            Ast::Array(array) => Value::List(array.elements.iter().map(|e| self.node(e)).collect()),
            Ast::Object(object) => {
                let mut members: Vec<Member> = Vec::with_capacity(object.properties.len());
                let mut seen: HashMap<&str, usize> = HashMap::new();
                for property in &object.properties {
                    let range = property.name.range();
                    self.literal(range.start, range.end);
                    let member = Member {
                        key: property.name.as_str().to_owned(),
                        at: range.start,
                        node: self.node(&property.value),
                    };
                    let first = *seen.entry(property.name.as_str()).or_insert(member.at);
                    if first != member.at {
                        let (line, _) = line_and_column(self.text, self.lines, first);
                        let key = &member.key;
                        self.faults.push((
                            member.at,
                            format!(
                                "the key {key:?} stands twice; the first one is on line {line}"
                            ),
                        ));
                    }
                    members.push(member);
                }
                Value::Object(members)
            }
        };
        Node {
            at: ast.start(),
            value,
        }
    }

    fn literal(&mut self, start: usize, end: usize) {
        self.blank(start);
        let literal = self.text.get(start..end).unwrap_or_default();
        if let Some(offset) = literal.bytes().position(|byte| byte < b' ') {
            self.faults.push((
                start + offset,
                "this is not JSON: a control character in a text is written as an escape"
                    .to_owned(),
            ));
        }
        self.texts_end = end;
    }

    /// Looks at what stands between two text literals: structure, numbers, words and blanks.
    fn blank(&mut self, until: usize) {
        let between = self.text.get(self.texts_end..until).unwrap_or_default();
        if let Some(offset) = between.bytes().position(is_no_blank) {
            self.faults.push((
                self.texts_end + offset,
                "this is not JSON: blanks are space, tab and line ends".to_owned(),
            ));
        }
    }
}

/// What may not stand between two text literals.
fn is_no_blank(byte: u8) -> bool {
    !byte.is_ascii() || (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, String> {
        let mut problems = Problems::default();
        parse("x.json".to_owned(), text.to_owned(), &mut problems)
            .map(|file| file.root)
            .ok_or_else(|| {
                let all = problems.into_sorted();
                all.iter().map(ToString::to_string).collect::<String>()
            })
    }

    #[test]
    fn json_is_accepted() {
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
    fn what_is_not_json_is_refused() {
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
    fn a_key_that_stands_twice_names_the_first_line() {
        let error = read("{\n  \"a\": 1,\n  \"b\": 2,\n  \"a\": 3\n}").unwrap_err();
        assert_eq!(
            error,
            "error: the key \"a\" stands twice; the first one is on line 2\n  --> x.json:4:3\n"
        );
    }

    #[test]
    fn a_syntax_error_is_placed() {
        let error = read("{\n  \"a\": 1\n  \"b\": 2\n}").unwrap_err();
        assert_eq!(
            error,
            "error: this is not JSON: expected comma\n  --> x.json:2:9\n"
        );
    }

    #[test]
    fn numbers_keep_their_text() {
        let Value::Number(text) = read("12.500").unwrap().value else {
            panic!("a number");
        };
        assert_eq!(text, "12.500");
    }
}
