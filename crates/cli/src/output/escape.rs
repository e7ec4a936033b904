//! Text without characters that a terminal acts on.

use standing_core::text::is_invisible;

/// Emoji are composed with it.
const JOINER: char = '\u{200D}';

/// Escapes control characters, which can control a terminal, and invisible marks, such as those that
/// change the reading direction.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || (is_invisible(character) && character != JOINER) {
            plain.extend(character.escape_unicode());
        } else {
            plain.push(character);
        }
    }
    plain
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
