//! Takes secrets and the caller's values out of texts of providers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::credentials::Credentials;
use crate::encode::Encoded;
use crate::lenient::INVALID;
use crate::operation::OperationInfo;
use crate::request::Request;
use crate::sign;

const MOST_BYTES: usize = 1024;

/// So much of a provider's text is looked at.
const MOST_SEARCHED: usize = 64 * 1024;

/// A text that messages must not repeat: a key, a signature, a value of the caller's.
pub(crate) struct Secret {
    text: String,
    folded: String,
    /// A key, or a value of a field with personal data.
    sensitive: bool,
}

impl Secret {
    pub(crate) fn new(text: String, sensitive: bool) -> Self {
        Self {
            folded: text.chars().flat_map(folded).collect(),
            text,
            sensitive,
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// Whether it counts only where it stands as a word of its own: plain words and short texts are
    /// parts of many words.
    fn is_word(&self) -> bool {
        let is_number = self.text.bytes().all(|byte| byte.is_ascii_digit());
        self.text.bytes().all(|byte| byte.is_ascii_alphabetic())
            || self.text.chars().count() < if is_number { 5 } else { 3 }
    }
}

/// A character without its case, as full case folding has it: `ß` is `ss`, `ς` is `σ`; and without
/// the dot above, in which alone `İ` and `i` differ.
fn folded(character: char) -> impl Iterator<Item = char> {
    character
        .to_uppercase()
        .flat_map(char::to_lowercase)
        .filter(|folded| *folded != '\u{307}')
}

/// What can be shown of a provider's text: without the given values, without control characters,
/// at most 1 KiB.
pub(crate) fn shown(text: &str, secrets: &[Secret]) -> String {
    clean(text, secrets, Secret::is_word)
}

/// What can be shown of an id: it loses a key and a sensitive value wherever they stand in it, and
/// other values only where they stand as a word, for an id is no use without a part of it.
pub(crate) fn shown_id(text: &str, secrets: &[Secret]) -> String {
    clean(text, secrets, |secret| {
        !secret.sensitive || secret.is_word()
    })
}

/// A message with a remark at its end, still at most 1 KiB.
pub(crate) fn noted(message: &str, remark: &str) -> String {
    let end = boundary(message, MOST_BYTES.saturating_sub(remark.len() + 2));
    format!("{}; {remark}", message.get(..end).unwrap_or_default())
}

fn clean(text: &str, secrets: &[Secret], is_word: impl Fn(&Secret) -> bool) -> String {
    // A text without measure is not searched to its end for hundreds of values.
    let (searched, rest) = text.split_at(boundary(text, MOST_SEARCHED));
    let mut clean = without(searched, secrets, is_word);
    if !rest.is_empty() {
        // The search may have ended inside a value.
        let longest = secrets.iter().map(|secret| secret.text.len()).max();
        // In another case a text may be longer, up to three bytes for one.
        let longest = longest.unwrap_or(0).saturating_mul(3);
        clean.truncate(boundary(&clean, clean.len().saturating_sub(longest)));
        clean.push('…');
    }
    let mut shown = String::with_capacity(clean.len().min(MOST_BYTES));
    for character in clean.chars() {
        let escaped: String = if character.is_control() || is_invisible(character) {
            character.escape_unicode().collect()
        } else {
            character.into()
        };
        if shown.len() + escaped.len() > MOST_BYTES - '…'.len_utf8() {
            shown.push('…');
            break;
        }
        shown.push_str(&escaped);
    }
    shown
}

/// The last place up to `at` where a text can be cut.
fn boundary(text: &str, at: usize) -> usize {
    let end = at.min(text.len());
    (0..=end)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or_default()
}

/// Marks that turn the reading direction, or that nobody sees: they can make a log line say something
/// else.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

/// The text without the given values, in whatever case.
fn without(text: &str, secrets: &[Secret], is_word: impl Fn(&Secret) -> bool) -> String {
    let mut lower = String::with_capacity(text.len());
    // For every byte of the folded text, the character of the text that it comes from.
    let mut origins = Vec::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        lower.extend(folded(character));
        origins.resize(lower.len(), at..at + character.len_utf8());
    }
    let mut found = Vec::new();
    for secret in secrets.iter().filter(|secret| !secret.folded.is_empty()) {
        let is_word = is_word(secret);
        for (start, _) in lower.match_indices(&secret.folded) {
            let end = start + secret.folded.len();
            let inside_a_word = is_word
                && (joins(last(&lower, start), secret.folded.chars().next())
                    || joins(secret.folded.chars().next_back(), first(&lower, end)));
            if let (false, Some(from), Some(to)) =
                (inside_a_word, origins.get(start), origins.get(end - 1))
            {
                found.push(from.start..to.end);
            }
        }
    }
    found.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    for range in found {
        if range.start >= at {
            kept.push_str(text.get(at..range.start).unwrap_or_default());
            kept.push_str("[…]");
        }
        at = at.max(range.end);
    }
    kept.push_str(text.get(at..).unwrap_or_default());
    kept
}

fn last(text: &str, end: usize) -> Option<char> {
    text.get(..end).and_then(|text| text.chars().next_back())
}

fn first(text: &str, start: usize) -> Option<char> {
    text.get(start..).and_then(|text| text.chars().next())
}

/// Whether two neighbours are of one word.
fn joins(a: Option<char>, b: Option<char>) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    letter(a) && letter(b)
}

/// Every text that a provider's message must not repeat: the caller's own values, the keys, the
/// signature. Short values are left out, for scrubbing every `1` would leave no message, but not
/// those of fields with personal data.
pub(crate) fn secrets(
    encoded: &Encoded,
    info: &OperationInfo,
    request: &Request,
    key: &Credentials,
) -> Vec<Secret> {
    let mut personal = Vec::new();
    for text in key.texts() {
        personal.push(sign::hex(text.as_bytes()));
        personal.push(STANDARD_NO_PAD.encode(text));
        written(text, &mut personal);
    }
    for (_, value, _) in request.headers().filter(|(_, _, sensitive)| *sensitive) {
        written(value, &mut personal);
        personal.extend(
            value
                .rsplit_once("Signature=")
                .map(|(_, signature)| signature.to_owned()),
        );
    }
    let mut plain = Vec::new();
    for (field, value) in &encoded.values {
        let is_number = value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let is_short = value.chars().count() < if is_number { 5 } else { 3 };
        let into = if is_sensitive(field, info) {
            &mut personal
        } else if is_short || matches!(value.as_str(), "true" | "false") {
            continue;
        } else {
            &mut plain
        };
        if value.chars().any(char::is_alphanumeric) {
            written(value, into);
            telephone(value, into);
        }
    }
    let known = |texts: Vec<String>, sensitive| {
        texts
            .into_iter()
            .filter(|text| !text.is_empty())
            .map(move |text| Secret::new(text, sensitive))
    };
    let mut secrets: Vec<Secret> = known(personal, true).chain(known(plain, false)).collect();
    // Of two alike the sensitive one stays, for it comes first.
    secrets.sort_by(|a, b| (a.text(), b.is_sensitive()).cmp(&(b.text(), a.is_sensitive())));
    secrets.dedup_by(|later, first| later.text() == first.text());
    secrets
}

/// Whether a field holds personal data, by the way to it or to what it is in.
fn is_sensitive(field: &str, info: &OperationInfo) -> bool {
    info.sensitive.iter().any(|known| {
        field
            .strip_prefix(known)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// A value as it is, and as it travels in URLs, forms and JSON.
fn written(value: &str, into: &mut Vec<String>) {
    let encoded = sign::percent(value);
    if encoded != value {
        into.push(encoded.replace("%20", "+"));
        into.push(encoded.into_owned());
    }
    for escaped in [json_escaped(value, false), json_escaped(value, true)] {
        if escaped != value {
            into.push(escaped);
        }
    }
    into.push(value.to_owned());
}

/// A text as it stands between the quotes of a JSON string; with escapes for what is not ASCII, as
/// many servers write it.
fn json_escaped(value: &str, in_ascii: bool) -> String {
    let json = serde_json::Value::from(value).to_string();
    let json = json
        .strip_prefix('"')
        .and_then(|json| json.strip_suffix('"'))
        .unwrap_or(&json);
    if !in_ascii {
        return json.to_owned();
    }
    json.chars().fold(String::new(), |mut text, character| {
        if character.is_ascii() {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
        text
    })
}

/// A telephone number without its punctuation, and without what stands before the subscriber's own
/// digits: providers write the country's code in ways of their own.
fn telephone(value: &str, into: &mut Vec<String>) {
    const OWN: usize = 8;
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let is_number = value
        .chars()
        .all(|c| c.is_ascii_digit() || "+-.() ".contains(c));
    if is_number
        && (OWN..=15).contains(&digits.len())
        && let Some(own) = digits.get(digits.len() - OWN..)
    {
        into.push(own.to_owned());
        into.push(digits);
    }
}

/// A code: a short word, whatever was sent in its place.
pub(crate) fn bounded(text: &str, most: usize, secrets: &[Secret]) -> String {
    short(&shown(text.trim(), secrets), most)
}

pub(crate) fn short(text: &str, most: usize) -> String {
    text.chars().filter(|c| *c != INVALID).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(texts: &[&str], sensitive: bool) -> Vec<Secret> {
        let secret = |text: &&str| Secret::new((*text).to_owned(), sensitive);
        texts.iter().map(secret).collect()
    }

    #[test]
    fn values_are_scrubbed_in_every_letter_case() {
        for (value, text, want) in [
            ("Ünal", "ÜNAL, ünal; Ünalan", "[…], […]; […]an"),
            ("straße", "STRASSE straSSe STRAẞE", "[…] […] STRAẞE"),
            ("STRASSE", "straße", "[…]"),
            ("ΟΔΟΣ", "οδος οδοσ", "[…] […]"),
            ("İzmir", "İZMİR", "[…]"),
            ("李", "李 (李)", "[…] ([…])"),
            ("7", "7 of 77, 7a, -7", "[…] of 77, 7a, -[…]"),
            ("+1", "+1 +14", "[…] +14"),
            ("a-a", "a-a-A", "[…]-A"),
        ] {
            assert_eq!(shown(text, &secrets(&[value], true)), want, "{value}");
        }
        let overlapping = secrets(&["one two", "two three", "+62812", "62812"], true);
        assert_eq!(shown("one two three +62812", &overlapping), "[…] […]");
    }

    #[test]
    fn an_id_loses_values_that_stand_as_words_and_sensitive_ones_anywhere() {
        let id = "7c9e6679-e07fc12345ae-12345";
        let own = secrets(&["12345"], false);
        assert_eq!(shown_id(id, &own), "7c9e6679-e07fc12345ae-[…]");
        let personal = secrets(&["12345"], true);
        assert_eq!(shown_id(id, &personal), "7c9e6679-e07fc[…]ae-[…]");
        assert_eq!(shown(id, &own), "7c9e6679-e07fc[…]ae-[…]");
    }

    #[test]
    fn a_remark_fits_into_the_bound() {
        assert_eq!(noted("no", "why"), "no; why");
        let long = noted(&"云".repeat(400), "why");
        assert!(long.len() <= MOST_BYTES && long.ends_with("云; why"));
    }

    #[test]
    fn messages_are_bounded_escaped_and_scrubbed() {
        let secrets = secrets(&["+62812", "62812", "desc", "ABCdef"], false);
        assert_eq!(
            shown(
                "no +62812, no 62812; desc of description abcDEF\n\u{1b}[31m\u{202e}\u{61c}\u{e0041}",
                &secrets
            ),
            "no […], no […]; […] of description […]\\u{a}\\u{1b}[31m\\u{202e}\\u{61c}\\u{e0041}"
        );
        let long = shown(&"云".repeat(100_000), &[]);
        assert!(long.len() <= MOST_BYTES && long.ends_with('…'));
    }

    #[test]
    fn a_text_without_measure_is_not_cut_inside_a_value() {
        let secret = "s3cret/".repeat(1000);
        for before in 0..20 {
            let text = format!("{}{}", "x".repeat(before), secret.repeat(20));
            let told = shown(&text, &secrets(&[&secret], true));
            assert!(!told.contains("s3c"), "{told}");
        }
    }
}
