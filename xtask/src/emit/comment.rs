//! Doc comments, block by block.

use crate::model::Provenance;

use super::markdown;

/// Widest line of a comment, indentation included.
const WIDTH: usize = 100;

/// A doc comment: blocks with an empty line between them.
pub(super) struct Comment {
    prefix: &'static str,
    indent: usize,
    blocks: Vec<Vec<String>>,
}

impl Comment {
    /// A comment on the item that follows.
    pub(super) fn outer(indent: usize) -> Self {
        Self {
            prefix: "///",
            indent,
            blocks: Vec::new(),
        }
    }

    /// A comment on the module that contains it.
    pub(super) fn inner() -> Self {
        Self {
            prefix: "//!",
            ..Self::outer(0)
        }
    }

    /// Adds Markdown, wrapped, if there is any.
    pub(super) fn text(mut self, markdown: &str) -> Self {
        let room = WIDTH - self.indent - self.prefix.len() - 1;
        self.blocks.extend(markdown::blocks(markdown, room));
        self
    }

    /// Adds a list, if it has items.
    pub(super) fn list<S: AsRef<str>>(self, items: impl IntoIterator<Item = S>) -> Self {
        let items: Vec<String> = items
            .into_iter()
            .map(|item| format!("- {}", item.as_ref()))
            .collect();
        self.text(&items.join("\n"))
    }

    /// Adds lines as they are.
    pub(super) fn verbatim(mut self, lines: Vec<String>) -> Self {
        self.blocks.push(lines);
        self
    }

    /// Adds a section of list items under a heading, if there are any.
    pub(super) fn section(self, heading: &str, items: Vec<String>) -> Self {
        match items.is_empty() {
            true => self,
            false => self.verbatim(vec![format!("# {heading}")]).list(items),
        }
    }

    /// Adds where facts are from, under a heading of its own.
    pub(super) fn provenance(self, sentences: Vec<String>) -> Self {
        self.section("Provenance", sentences)
    }

    /// Adds where a fact is from, without a heading: for fields and values.
    pub(super) fn inline_provenance(self, provenance: &Provenance) -> Self {
        provenance.labelled().fold(self, |comment, (label, text)| {
            comment.text(&format!("**{label}:** {text}"))
        })
    }

    /// Writes the comment.
    pub(super) fn write(self, out: &mut String) {
        let Self {
            prefix,
            indent,
            blocks,
        } = self;
        for line in blocks.join(&String::new()) {
            let line = format!("{:indent$}{prefix} {line}", "");
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}
