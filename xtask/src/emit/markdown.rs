//! Markdown from fixtures as lines of a doc comment: wrapped, and with everything escaped that rustdoc
//! would read as something else.

use crate::characters::is_invisible;

/// The paragraphs of a text, as lines of at most `room` characters. A code span is never broken, and
/// the lines of a list item hang.
pub(super) fn blocks(markdown: &str, room: usize) -> Vec<Vec<String>> {
    let paragraphs = markdown.split("\n\n");
    let paragraphs = paragraphs.filter(|paragraph| !paragraph.trim().is_empty());
    let lines = paragraphs.map(|paragraph| {
        let items = items(paragraph).into_iter();
        let lines = items.flat_map(|(is_item, text)| {
            let marks = if is_item { ["- ", "  "] } else { [""; 2] };
            let [first, other] = marks;
            let lines = wrapped(&text, room - first.len()).into_iter().enumerate();
            lines.map(move |(index, line)| match index {
                0 => format!("{first}{line}"),
                _ => format!("{other}{line}"),
            })
        });
        lines.collect()
    });
    lines.collect()
}

/// The items and plain blocks of a paragraph, with whether each is an item.
fn items(paragraph: &str) -> Vec<(bool, String)> {
    let mut blocks: Vec<(bool, String)> = Vec::new();
    for line in paragraph.lines().map(str::trim) {
        if let Some(item) = line.strip_prefix("- ") {
            blocks.push((true, item.to_owned()));
        } else if let Some((_, text)) = blocks.last_mut() {
            text.push(' ');
            text.push_str(line);
        } else {
            blocks.push((false, line.to_owned()));
        }
    }
    blocks
}

fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut width = 0;
    for word in words(text) {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if width + 1 + length <= room => {
                line.push(' ');
                line.push_str(&word);
                width += 1 + length;
            }
            _ => {
                let word = harmless_at_line_start(word);
                width = word.chars().count();
                lines.push(word);
            }
        }
    }
    lines
}

/// The words of Markdown text: code spans are one word, and characters with another meaning for
/// rustdoc are escaped.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let chars: Vec<char> = text.chars().filter(|c| !is_invisible(*c)).collect();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let rest = chars.get(at + 1..).unwrap_or_default();
        let Some(word) = words.last_mut() else { break };
        at += 1;
        match c {
            c if c.is_whitespace() || c.is_control() => {
                if !word.is_empty() {
                    words.push(String::new());
                }
            }
            '`' => match code_span(rest) {
                Some(length) => {
                    word.push('`');
                    word.extend(rest.iter().take(length));
                    at += length;
                }
                None => word.push_str("\\`"),
            },
            '[' if !is_link(rest) => word.push_str("\\["),
            '<' | '\\' => {
                word.push('\\');
                word.push(c);
            }
            c => word.push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words.into_iter().map(linked).collect()
}

/// The length of a code span after its opening back-tick, with the closing one.
fn code_span(rest: &[char]) -> Option<usize> {
    let close = rest.iter().position(|c| *c == '`')?;
    // Fixtures need no runs of back-ticks, which have another meaning.
    (close > 0 && rest.get(close + 1) != Some(&'`')).then_some(close + 1)
}

/// Whether a bracket starts a link to a URL or a link that the generator wrote.
fn is_link(rest: &[char]) -> bool {
    let Some(close) = rest.iter().position(|c| *c == ']') else {
        return false;
    };
    let target: String = rest
        .iter()
        .skip(close + 1)
        .take_while(|c| **c != ')')
        .collect();
    let starts = ["(http://", "(https://", "(Self::", "(crate::"];
    // A target with a blank is not a link.
    starts.iter().any(|start| target.starts_with(start)) && !target.contains(char::is_whitespace)
}

/// Makes a link of a bare URL, wherever in the word it starts.
fn linked(word: String) -> String {
    let starts = ["https://", "http://"].map(|start| word.find(start));
    let Some(start) = starts.into_iter().flatten().min() else {
        return word;
    };
    let (before, address) = word.split_at(start);
    // The target of a link and a code span stay as they are.
    if before.contains('`') || (before.ends_with("](") && !before.contains("\\[")) {
        return word;
    }
    let end = address.find(['\\', '<', '>', '"', '`']);
    let address = address.split_at(end.unwrap_or(address.len())).0;
    let address = address.trim_end_matches(['.', ',', ';', ':', ')', '\'', '!', '?']);
    if address.ends_with("//") {
        return word;
    }
    let rest = word.get(start + address.len()..).unwrap_or_default();
    format!("{before}<{address}>{rest}")
}

/// Escapes a word that would make a heading, a quotation or a list of the line that it starts.
fn harmless_at_line_start(word: String) -> String {
    let marker = word.trim_start_matches(|c: char| c.is_ascii_digit());
    if marker.len() < word.len() && (marker == "." || marker == ")") {
        let digits = word.len() - marker.len();
        let (number, marker) = word.split_at(digits);
        return format!("{number}\\{marker}");
    }
    let is_marker = matches!(word.as_str(), "-" | "+" | "*")
        || word.starts_with(['>', '='])
        || (word.len() <= 6 && !word.is_empty() && word.chars().all(|c| c == '#'))
        || (word.len() > 1 && word.chars().all(|c| c == '-' || c == '_' || c == '*'))
        || word.starts_with("~~~");
    if is_marker { format!("\\{word}") } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doc(markdown: &str) -> String {
        let lines = blocks(markdown, 96).join(&String::new());
        let lines = lines.iter().map(|line| format!("/// {line}"));
        let lines = lines.map(|line| line.trim_end().to_owned() + "\n");
        lines.collect()
    }

    #[test]
    fn text_is_wrapped_and_its_markup_escaped() {
        let text = "word ".repeat(30);
        assert!(doc(&text).lines().all(|line| line.len() <= 100));
        assert_eq!(
            doc("A list:\n- one\n- two"),
            "/// A list:\n/// - one\n/// - two\n"
        );
        assert_eq!(doc("One.\n\nTwo."), "/// One.\n///\n/// Two.\n");
        assert_eq!(
            doc("[x] <b> `a [b] <c>` */"),
            "/// \\[x] \\<b> `a [b] <c>` */\n"
        );
        assert_eq!(
            doc("[page](https://x.example/a)"),
            "/// [page](https://x.example/a)\n"
        );
        assert_eq!(
            doc("See https://x.example/a."),
            "/// See <https://x.example/a>.\n"
        );
        assert_eq!(
            doc("(see https://x.example/a), \"https://x.example\" <http://x.example>"),
            "/// (see <https://x.example/a>), \"<https://x.example>\" \\<<http://x.example>>\n"
        );
        assert_eq!(
            doc("[a](https://x.example b) `https://x.example`"),
            "/// \\[a](<https://x.example> b) `https://x.example`\n"
        );
        assert_eq!(doc("odd ` tick"), "/// odd \\` tick\n");
        assert_eq!(doc("```rust"), "/// \\`\\`\\`rust\n");
        assert_eq!(doc("# x"), "/// \\# x\n");
        assert_eq!(doc("1. x"), "/// 1\\. x\n");
        assert_eq!(doc("a\\b"), "/// a\\\\b\n");
    }

    #[test]
    fn code_span_is_never_wrapped() {
        let text = format!("{}`a code span with blanks in it` end", "word ".repeat(17));
        assert!(doc(&text).contains("`a code span with blanks in it`"));
    }
}
