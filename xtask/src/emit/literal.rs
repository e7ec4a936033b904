//! Literals in Rust.

use crate::characters::is_invisible;

/// A string literal on one line.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

/// A raw literal with as many `#` as the text needs.
pub(super) fn raw(text: &str) -> String {
    let mut hashes = "#".to_owned();
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}

/// A slice of string literals.
pub(super) fn strings<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(quoted).collect();
    format!("&[{}]", texts.join(", "))
}

/// A slice of pairs of string literals.
pub(super) fn pairs(pairs: &[(String, String)]) -> String {
    let pairs = pairs.iter();
    let pairs = pairs.map(|(name, value)| format!("({}, {})", quoted(name), quoted(value)));
    format!("&[{}]", pairs.collect::<Vec<_>>().join(", "))
}

/// A number as a literal of type `f64`, with as few digits as it needs.
pub(super) fn float(text: &str) -> String {
    let number = text.parse::<f64>();
    number.map_or_else(|_| text.to_owned(), |number| format!("{number:?}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_is_escaped_so_that_rust_reads_it_back() {
        for (text, literal) in [
            ("", r#""""#),
            ("plain", r#""plain""#),
            ("\"quoted\" \\ back", r#""\"quoted\" \\ back""#),
            ("line\nend\ttab\r", r#""line\nend\ttab\r""#),
            (
                "\u{202e}bidi\u{200b}\u{7}",
                r#""\u{202e}bidi\u{200b}\u{7}""#,
            ),
            ("\u{4e91}\u{5e06}", "\"\u{4e91}\u{5e06}\""),
        ] {
            assert_eq!(quoted(text), literal);
        }
    }

    #[test]
    fn raw_text_with_quotes_and_hashes_gets_more_hashes() {
        assert_eq!(raw("a"), "r#\"a\"#");
        assert_eq!(raw("a\"#b"), "r##\"a\"#b\"##");
    }
}
