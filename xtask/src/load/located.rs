//! Values with their file: for problems, each has a line, a column and a JSON pointer.

use super::json::{Member, Node, Value};
use super::problem::Problem;

/// A JSON file.
#[derive(Debug)]
pub struct JsonFile {
    /// Path relative to the root, with forward slashes.
    pub path: String,
    /// The text on disk.
    pub text: String,
    /// The value of the whole file.
    pub node: Node,
    /// The lines of the text.
    pub(super) lines: Lines,
}

/// A value of a file.
#[derive(Debug, Clone, Copy)]
pub struct Located<'a> {
    /// The file.
    pub file: &'a JsonFile,
    /// The value.
    pub node: &'a Node,
}

impl<'a> Located<'a> {
    /// The value of a whole file.
    pub fn whole(file: &'a JsonFile) -> Self {
        Self {
            file,
            node: &file.node,
        }
    }

    /// Another value of the same file.
    pub fn in_same_file(self, node: &'a Node) -> Self {
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
    pub fn position(&self) -> String {
        let (line, column) = self.file.lines.position(&self.file.text, self.node.offset);
        format!("{}:{line}:{column}", self.file.path)
    }

    /// The JSON pointer of the value. It is searched from the root: only problems need it, so values do
    /// not keep it.
    pub fn pointer(&self) -> String {
        let mut steps = Vec::new();
        steps_to(self.node, &self.file.node, &mut steps);
        steps.iter().rev().fold(String::new(), |pointer, step| {
            format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"))
        })
    }

    /// A problem with this value.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        self.problem_at(self.node.offset, message)
    }

    /// A problem with the key of a member of this object.
    pub fn problem_with_key(&self, member: &'a Member, message: impl Into<String>) -> Problem {
        self.in_same_file(&member.node)
            .problem_at(member.offset, message)
    }

    fn problem_at(&self, offset: usize, message: impl Into<String>) -> Problem {
        let (line, column) = self.file.lines.position(&self.file.text, offset);
        Problem {
            file: self.file.path.clone(),
            line,
            column,
            pointer: Some(self.pointer()),
            message: message.into(),
        }
    }
}

/// Collects the steps that lead from one node down to another, last step first. Children stand one
/// after the other in the text, so only one of them can contain the target: the last that starts at it
/// or before it.
fn steps_to(to: &Node, from: &Node, steps: &mut Vec<String>) -> bool {
    if std::ptr::eq(from, to) {
        return true;
    }
    match &from.value {
        Value::List(nodes) => {
            let index = nodes.partition_point(|node| node.offset <= to.offset);
            let index = index.checked_sub(1);
            let found =
                index.filter(|i| nodes.get(*i).is_some_and(|node| steps_to(to, node, steps)));
            steps.extend(found.map(|index| index.to_string()));
            found.is_some()
        }
        Value::Object(members) => {
            let index = members.partition_point(|member| member.node.offset <= to.offset);
            let member = index.checked_sub(1).and_then(|index| members.get(index));
            let found = member.filter(|member| steps_to(to, &member.node, steps));
            steps.extend(found.map(|member| member.key.clone()));
            found.is_some()
        }
        _ => false,
    }
}

/// Where each line of a text starts.
#[derive(Debug)]
pub(super) struct Lines(Vec<usize>);

impl Lines {
    /// The lines of a text.
    pub(super) fn of(text: &str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(ends).collect())
    }

    /// Line and column of an offset, both from 1.
    pub(super) fn position(&self, text: &str, offset: usize) -> (usize, usize) {
        let line = self.0.partition_point(|start| *start <= offset);
        let start = self.0.get(line.saturating_sub(1)).copied();
        let before = text.get(start.unwrap_or_default()..offset);
        (line, before.unwrap_or_default().chars().count() + 1)
    }
}
