//! Text without characters that a terminal acts on.

/// Escapes control characters, which can control a terminal, and invisible marks, such as those that
/// change the reading direction.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            plain.extend(character.escape_unicode());
        } else {
            plain.push(character);
        }
    }
    plain
}

/// The joiner U+200D is excluded: emoji are composed with it.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{61C}' | '\u{200B}' | '\u{200C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            plain("\u{1b}[31mRed\u{7}\n云 👩\u{200d}🚀 \u{202e}\u{9b}"),
            "\\u{1b}[31mRed\\u{7}\\u{a}云 👩\u{200d}🚀 \\u{202e}\\u{9b}"
        );
    }
}
