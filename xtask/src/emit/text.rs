//! Text that is safe in Rust: literals, doc comments, imports.

use std::collections::BTreeSet;

use crate::diag::is_invisible;

/// Widest line of generated code and docs.
const WIDTH: usize = 100;

/// A literal longer than this is broken: rustfmt gives up on a whole statement when one literal in
/// it does not fit.
const LITERAL: usize = 60;

/// A string literal on one line.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

/// A string literal, broken into lines with `\` if it is long. [`align`] indents the lines.
pub(super) fn literal(text: &str) -> String {
    if text.chars().count() <= LITERAL {
        return quoted(text);
    }
    let mut lines = vec![String::new()];
    let mut width = 0;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let word_end = rest.find(' ').map_or(rest.len(), |space| space + 1);
        let word = rest.split_at(word_end).0.chars().count();
        // A word longer than a line is broken anywhere.
        let fits = width + word <= LITERAL || (word > LITERAL && width < LITERAL);
        if width > 0 && !fits {
            lines.push(String::new());
            width = 0;
        }
        let take = if word > LITERAL {
            c.len_utf8()
        } else {
            word_end
        };
        let (part, after) = rest.split_at(take);
        if let Some(line) = lines.last_mut() {
            // Blanks at the start of a continued line would be skipped.
            let part = if width == 0 && part.starts_with(' ') {
                line.push_str("\\x20");
                part.get(1..).unwrap_or_default()
            } else {
                part
            };
            line.extend(part.chars().map(escaped));
        }
        width += part.chars().count();
        rest = after;
    }
    format!("\"{}\"", lines.join("\\\n"))
}

fn escaped(c: char) -> String {
    match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        '\r' => "\\r".to_owned(),
        c if c.is_control() || is_invisible(c) => format!("\\u{{{:x}}}", u32::from(c)),
        c => c.to_string(),
    }
}

/// Indents the continued lines of broken literals like the literal itself, which rustfmt does not.
pub fn align(code: &str) -> String {
    let mut aligned = String::with_capacity(code.len());
    let mut indent: Option<usize> = None;
    for line in code.lines() {
        let continues = line.ends_with('\\') && !line.trim_start().starts_with("//");
        match indent {
            Some(column) => {
                aligned.push_str(&" ".repeat(column));
                aligned.push_str(line.trim_start());
            }
            None => aligned.push_str(line),
        }
        aligned.push('\n');
        indent = match (continues, indent) {
            (false, _) => None,
            (true, Some(column)) => Some(column),
            (true, None) => open_quote(line).map(|column| column + 1),
        };
    }
    aligned
}

/// The column of the quote that opens a literal which the line does not close.
fn open_quote(line: &str) -> Option<usize> {
    let mut open = None;
    let mut escape = false;
    for (column, c) in line.chars().enumerate() {
        match c {
            _ if escape => escape = false,
            '\\' if open.is_some() => escape = true,
            '"' => open = if open.is_some() { None } else { Some(column) },
            _ => {}
        }
    }
    open
}

/// Writes Markdown as doc comments, wrapped; never inside `` `code` ``, with a hanging indent for
/// list items.
pub(super) fn docs(out: &mut String, indent: usize, prefix: &str, markdown: &str) {
    let room = WIDTH - indent - prefix.len() - 1;
    let mut first = true;
    for paragraph in markdown
        .split("\n\n")
        .filter(|paragraph| !paragraph.trim().is_empty())
    {
        if !first {
            push_doc(out, indent, prefix, "");
        }
        first = false;
        for (is_item, text) in blocks(paragraph) {
            let hang = if is_item { 2 } else { 0 };
            for (index, line) in wrapped(&text, room - hang).into_iter().enumerate() {
                let start = match (is_item, index) {
                    (false, _) => "",
                    (true, 0) => "- ",
                    (true, _) => "  ",
                };
                push_doc(out, indent, prefix, &format!("{start}{line}"));
            }
        }
    }
}

/// Writes one line of a doc comment as it is.
pub(super) fn push_doc(out: &mut String, indent: usize, prefix: &str, line: &str) {
    let line = format!("{}{prefix} {line}", " ".repeat(indent));
    out.push_str(line.trim_end());
    out.push('\n');
}

/// The list items and plain blocks of a paragraph.
fn blocks(paragraph: &str) -> Vec<(bool, String)> {
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

/// The words of Markdown text, code spans whole, everything escaped that rustdoc would take for
/// something else.
fn words(text: &str) -> Vec<String> {
    // Most texts are plain, and most of the time went here.
    let is_plain = |byte: u8| {
        matches!(byte, b' ' | b'\n') || (byte.is_ascii_graphic() && !b"`[<\\".contains(&byte))
    };
    if text.bytes().all(is_plain) {
        return text
            .split_ascii_whitespace()
            .map(|word| linked(word.to_owned()))
            .collect();
    }
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

/// The length of what follows an opening back-tick, closing one included.
fn code_span(rest: &[char]) -> Option<usize> {
    let close = rest.iter().position(|c| *c == '`')?;
    // Runs of back-ticks are another construct, and none that fixtures need.
    (close > 0 && rest.get(close + 1) != Some(&'`')).then_some(close + 1)
}

/// Whether a bracket starts a link to an address, or one of the generator's own.
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
    // With a blank in it, it leads nowhere.
    starts.iter().any(|start| target.starts_with(start)) && !target.contains(char::is_whitespace)
}

/// A bare address becomes a link, wherever in the word it starts.
fn linked(word: String) -> String {
    // Most words are none; a single character is found much faster than a text.
    if !word.contains(':') {
        return word;
    }
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

/// A word that would make a heading, a quotation or a list of the line that it starts.
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

/// The words of code, without those in comments and literals: what an import could be needed for.
/// Of a path only the first name counts. Raw literals are not understood; modules have none.
pub(super) fn code_words(code: &str) -> BTreeSet<&str> {
    let mut words = BTreeSet::new();
    let (mut in_literal, mut escape) = (false, false);
    for line in code.lines() {
        if !in_literal && line.trim_start().starts_with("//") {
            continue;
        }
        let mut start = 0;
        for (at, byte) in line.bytes().chain([b'\n']).enumerate() {
            if in_literal {
                in_literal = escape || byte != b'"';
                escape = byte == b'\\' && !escape;
                start = at + 1;
            } else if !(byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':') {
                let path = line.get(start..at).unwrap_or_default();
                words.extend(path.split(':').next());
                in_literal = byte == b'"';
                start = at + 1;
            }
        }
        escape = false;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doc(markdown: &str) -> String {
        let mut out = String::new();
        docs(&mut out, 0, "///", markdown);
        out
    }

    /// What rustc reads in a literal.
    fn unescaped(literal: &str) -> String {
        let inner = literal
            .strip_prefix('"')
            .unwrap()
            .strip_suffix('"')
            .unwrap();
        let mut text = String::new();
        let mut chars = inner.chars().peekable();
        while let Some(c) = chars.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next().unwrap() {
                '\n' => while chars.next_if(|c| " \n\t".contains(*c)).is_some() {},
                'n' => text.push('\n'),
                't' => text.push('\t'),
                'r' => text.push('\r'),
                'x' => {
                    let digits: String = [chars.next().unwrap(), chars.next().unwrap()]
                        .iter()
                        .collect();
                    text.push(char::from(u8::from_str_radix(&digits, 16).unwrap()));
                }
                'u' => {
                    assert_eq!(chars.next(), Some('{'));
                    let digits: String = chars.by_ref().take_while(|c| *c != '}').collect();
                    text.push(char::from_u32(u32::from_str_radix(&digits, 16).unwrap()).unwrap());
                }
                c => text.push(c),
            }
        }
        text
    }

    #[test]
    fn literals_say_what_they_are_made_of() {
        let long = "lorem ipsum ".repeat(20);
        let dense = "x".repeat(200);
        let blanks = " ".repeat(200);
        for text in [
            "",
            "plain",
            "\"quoted\" \\ back",
            "line\nend\ttab\r",
            "\u{202e}bidi\u{200b}",
            "\u{4e91}\u{5e06}",
            &long,
            &dense,
            &blanks,
            &format!("{long}{dense}{blanks}x"),
        ] {
            let literal = literal(text);
            assert_eq!(unescaped(&literal), text);
            assert!(
                literal.lines().all(|line| line.chars().count() <= 130),
                "{literal}"
            );
            assert_eq!(
                unescaped(&align(&format!("    {literal}")).trim().replace("\r", "")),
                text
            );
        }
    }

    #[test]
    fn broken_literals_line_up() {
        let code = "const A: &str = \"one \\\ntwo \\\n  three\";\nlet b = 1;\n";
        let column = " ".repeat(17);
        assert_eq!(
            align(code),
            format!("const A: &str = \"one \\\n{column}two \\\n{column}three\";\nlet b = 1;\n")
        );
    }

    #[test]
    fn docs_are_wrapped_and_harmless() {
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
    fn code_spans_are_never_wrapped() {
        let text = format!("{}`a code span with blanks in it` end", "word ".repeat(17));
        assert!(doc(&text).contains("`a code span with blanks in it`"));
    }

    #[test]
    fn only_code_asks_for_imports() {
        let words = code_words(
            "/// Amount\nlet x = Vec::new(); // y\nf(\"Json \\\" Method\");\nfn a(b: Place) {}",
        );
        assert!(words.contains("Vec") && words.contains("Place"));
        assert!(!words.contains("Amount") && !words.contains("Json") && !words.contains("Method"));
    }
}
