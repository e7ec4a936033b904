//! Characters that generated code and messages cannot contain as they are.

/// Whether rustc and clippy refuse a character because it is invisible. Core has a set of its own, for
/// texts that are shown: this crate depends on none that it generates code for.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
