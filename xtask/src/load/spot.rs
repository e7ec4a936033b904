//! Places in files: every value of a fixture knows its line, its column and its JSON pointer.

use super::json::{Member, Node, Value};
use super::problem::Problem;

/// A JSON file.
#[derive(Debug)]
pub struct File {
    /// Path relative to the root, with forward slashes.
    pub path: String,
    /// The text on disk.
    pub text: String,
    /// The value.
    pub root: Node,
    /// The lines of the text.
    pub(super) lines: Lines,
}

/// A value of a file.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    /// The file.
    pub file: &'a File,
    /// The value.
    pub node: &'a Node,
}

impl<'a> Spot<'a> {
    /// The root of a file.
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
        let (line, column) = self.file.lines.place(&self.file.text, self.node.at);
        format!("{}:{line}:{column}", self.file.path)
    }

    /// The JSON pointer of the value, found by a search.
    pub fn pointer(&self) -> String {
        let mut steps = Vec::new();
        path(&self.file.root, self.node, &mut steps);
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
        let (line, column) = self.file.lines.place(&self.file.text, at);
        Problem {
            file: self.file.path.clone(),
            line,
            column,
            pointer: Some(self.pointer()),
            message: message.into(),
        }
    }
}

/// Finds the path from one node to another, last step first. Values are in the order of the text, so
/// in each list only the last node that starts before the target can contain it.
fn path(from: &Node, to: &Node, steps: &mut Vec<String>) -> bool {
    if std::ptr::eq(from, to) {
        return true;
    }
    match &from.value {
        Value::List(nodes) => {
            let index = nodes.partition_point(|node| node.at <= to.at);
            let index = index.checked_sub(1);
            let found = index.filter(|i| nodes.get(*i).is_some_and(|node| path(node, to, steps)));
            steps.extend(found.map(|index| index.to_string()));
            found.is_some()
        }
        Value::Object(members) => {
            let index = members.partition_point(|member| member.node.at <= to.at);
            let member = index.checked_sub(1).and_then(|index| members.get(index));
            let found = member.filter(|member| path(&member.node, to, steps));
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
    pub(super) fn place(&self, text: &str, at: usize) -> (usize, usize) {
        let line = self.0.partition_point(|start| *start <= at);
        let start = self.0.get(line.saturating_sub(1)).copied();
        let before = text.get(start.unwrap_or_default()..at);
        (line, before.unwrap_or_default().chars().count() + 1)
    }
}
