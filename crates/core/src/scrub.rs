//! Removes keys, signatures and the caller's own values from texts that a provider, a proxy or the
//! operating system wrote, so that errors and logs can show them.
//!
//! [`redactions`] collects the values of a request in every form in which they are written;
//! [`scrubbed`] replaces them in a text, escapes control characters and bounds the length.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::credentials::Credentials;
use crate::encode::Encoded;
use crate::lenient::INVALID;
use crate::operation::OperationInfo;
use crate::request::Request;
use crate::sign;

/// How many bytes of a text are shown.
const LONGEST_MESSAGE: usize = 1024;

/// How many bytes of a text are searched for values.
const LONGEST_SEARCHED: usize = 64 * 1024;

/// The length from which a value in an id of random digits is there on purpose: eight given digits stand
/// in one UUID of hundreds of millions, five in one of less than a hundred thousand.
const SHORTEST_NOT_BY_CHANCE: usize = 8;

/// A value that messages must not repeat: a key, a signature, or a value that the caller sent.
pub(crate) struct Redaction {
    text: String,
    /// The value without its letter case.
    folded: String,
    /// Whether it is a key, or a value of a field with personal data.
    sensitive: bool,
}

impl Redaction {
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

    /// Whether it is replaced only where it is a word of its own: plain words and short texts occur
    /// inside many other words.
    fn is_replaced_as_word(&self) -> bool {
        let is_number = self.text.bytes().all(|byte| byte.is_ascii_digit());
        self.text.bytes().all(|byte| byte.is_ascii_alphabetic()) || is_short(&self.text, is_number)
    }
}

/// Whether a value is so short that it occurs in many texts by chance: a number of four digits is also a
/// year or a port, and two characters are also a word or the code of a country.
fn is_short(value: &str, is_number: bool) -> bool {
    value.chars().count() < if is_number { 5 } else { 3 }
}

/// A character without its case, by full case folding (`ß` is `ss`, `ς` is `σ`), and without the
/// combining dot above, the only difference between `İ` and `i`.
fn folded(character: char) -> impl Iterator<Item = char> {
    character
        .to_uppercase()
        .flat_map(char::to_lowercase)
        .filter(|folded| *folded != '\u{307}')
}

/// The text with the given values replaced and control characters escaped, at most 1 KiB.
pub(crate) fn scrubbed(text: &str, redactions: &[Redaction]) -> String {
    scrub(text, redactions, Redaction::is_replaced_as_word)
}

/// An id, scrubbed with care, because an id that lacks a part is useless: keys and sensitive values are
/// replaced wherever they occur, other values only where they are words of their own. In an id of random
/// digits, such as a UUID, a short value occurs by chance; there a sensitive one must be a word, too.
pub(crate) fn scrubbed_id(text: &str, redactions: &[Redaction]) -> String {
    let is_random = is_random(text);
    scrub(text, redactions, |redaction| {
        let may_be_chance = is_random && redaction.text.len() < SHORTEST_NOT_BY_CHANCE;
        !redaction.sensitive || may_be_chance || redaction.is_replaced_as_word()
    })
}

/// Whether an id is written as random ones are: 32 to 40 hexadecimal digits and hyphens.
fn is_random(id: &str) -> bool {
    (32..=40).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// The message with a remark at its end, at most 1 KiB.
pub(crate) fn with_remark(message: &str, remark: &str) -> String {
    let end = boundary(message, LONGEST_MESSAGE.saturating_sub(remark.len() + 2));
    format!("{}; {remark}", part(message, 0..end))
}

fn scrub(text: &str, redactions: &[Redaction], as_word: impl Fn(&Redaction) -> bool) -> String {
    // Searching a text of any length for hundreds of values would take too long.
    let (searched, rest) = text.split_at(boundary(text, LONGEST_SEARCHED));
    let mut clean = replaced(searched, redactions, as_word);
    if !rest.is_empty() {
        // The searched part may end inside a value.
        let longest = redactions
            .iter()
            .map(|redaction| redaction.text.len())
            .max();
        // In another letter case a value can be up to three times as long.
        let longest = longest.unwrap_or(0).saturating_mul(3);
        clean.truncate(boundary(&clean, clean.len().saturating_sub(longest)));
        clean.push('…');
    }
    let mut shown = String::with_capacity(clean.len().min(LONGEST_MESSAGE));
    for character in clean.chars() {
        let escaped: String = if character.is_control() || is_invisible(character) {
            character.escape_unicode().collect()
        } else {
            character.into()
        };
        if shown.len() + escaped.len() > LONGEST_MESSAGE - '…'.len_utf8() {
            shown.push('…');
            break;
        }
        shown.push_str(&escaped);
    }
    shown
}

/// The last character boundary up to `at`.
fn boundary(text: &str, at: usize) -> usize {
    let end = at.min(text.len());
    (0..=end)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// A part of the text between two of its character boundaries.
#[expect(
    clippy::expect_used,
    reason = "both callers have found the boundaries in the text itself"
)]
fn part(text: &str, range: Range<usize>) -> &str {
    text.get(range).expect("the range is of this text")
}

/// Whether a character changes the reading direction or is invisible: it can make a log line say
/// something else.
pub fn is_invisible(character: char) -> bool {
    matches!(character, '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

/// The text with `[…]` in place of the given values, in any letter case.
fn replaced(text: &str, redactions: &[Redaction], as_word: impl Fn(&Redaction) -> bool) -> String {
    let folded_text = FoldedText::new(text);
    let mut found: Vec<Range<usize>> = redactions
        .iter()
        .flat_map(|redaction| folded_text.find(&redaction.folded, as_word(redaction)))
        .collect();
    found.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    for range in found {
        if range.start >= at {
            kept.push_str(part(text, at..range.start));
            kept.push_str("[…]");
        }
        at = at.max(range.end);
    }
    kept.push_str(part(text, at..text.len()));
    kept
}

/// A text without its letter case, and where each part of it comes from.
struct FoldedText {
    folded: String,
    /// For each byte of `folded`, the range of the original character. Folding changes lengths.
    origins: Vec<Range<usize>>,
}

impl FoldedText {
    fn new(text: &str) -> Self {
        let mut folded_text = String::with_capacity(text.len());
        let mut origins = Vec::with_capacity(text.len());
        for (at, character) in text.char_indices() {
            folded_text.extend(folded(character));
            origins.resize(folded_text.len(), at..at + character.len_utf8());
        }
        Self {
            folded: folded_text,
            origins,
        }
    }

    /// The ranges of the original text in which a folded value occurs; with `as_word`, only those at
    /// which it does not go on as a word.
    fn find(&self, value: &str, as_word: bool) -> Vec<Range<usize>> {
        if value.is_empty() {
            return Vec::new();
        }
        let text = self.folded.as_str();
        text.match_indices(value)
            .map(|(start, _)| start..start + value.len())
            .filter(|range| {
                !as_word
                    || !(joins(character_before(text, range.start), value.chars().next())
                        || joins(value.chars().next_back(), character_at(text, range.end)))
            })
            .filter_map(|range| {
                let first = self.origins.get(range.start)?;
                let last = self.origins.get(range.end - 1)?;
                Some(first.start..last.end)
            })
            .collect()
    }
}

fn character_before(text: &str, end: usize) -> Option<char> {
    text.get(..end).and_then(|text| text.chars().next_back())
}

fn character_at(text: &str, start: usize) -> Option<char> {
    text.get(start..).and_then(|text| text.chars().next())
}

/// Whether two neighbouring characters belong to one word.
fn joins(a: Option<char>, b: Option<char>) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    letter(a) && letter(b)
}

/// Collects every value that a message must not repeat: the credentials, the signature, and the values
/// that the caller sent. Short values are left out unless they are personal data: without every `1`, a
/// message would be unreadable.
pub(crate) fn redactions(
    encoded: &Encoded,
    info: &OperationInfo,
    request: &Request,
    credentials: &Credentials,
) -> Vec<Redaction> {
    let mut sensitive = Vec::new();
    for text in credentials.texts() {
        sensitive.push(sign::hex(text.as_bytes()));
        sensitive.push(STANDARD_NO_PAD.encode(text));
        push_spellings(text, &mut sensitive);
    }
    for (_, value, _) in request
        .headers()
        .filter(|(_, _, is_sensitive)| *is_sensitive)
    {
        push_spellings(value, &mut sensitive);
        // Where a provider's signature header has several parts, the signature is the last of them.
        sensitive.extend(
            value
                .rsplit_once("Signature=")
                .map(|(_, signature)| signature.to_owned()),
        );
    }
    let mut plain = Vec::new();
    for (field, value) in &encoded.values {
        // A decimal number counts as a number here, because `1.25` would occur in many messages. If it is
        // personal data it is kept, and replaced wherever it occurs.
        let is_number = value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let into = if is_sensitive(field, info) {
            &mut sensitive
        } else if is_short(value, is_number) || matches!(value.as_str(), "true" | "false") {
            continue;
        } else {
            &mut plain
        };
        if value.chars().any(char::is_alphanumeric) {
            push_spellings(value, into);
            push_telephone(value, into);
        }
    }
    let marked = |texts: Vec<String>, sensitive| {
        texts
            .into_iter()
            .filter(|text| !text.is_empty())
            .map(move |text| Redaction::new(text, sensitive))
    };
    let mut redactions: Vec<Redaction> = marked(sensitive, true)
        .chain(marked(plain, false))
        .collect();
    // Of two equal texts the sensitive one is kept: it comes first.
    redactions.sort_by(|a, b| (a.text(), b.is_sensitive()).cmp(&(b.text(), a.is_sensitive())));
    redactions.dedup_by(|later, first| later.text() == first.text());
    redactions
}

/// Whether a field, or an object that it is in, is declared as personal data.
fn is_sensitive(field: &str, info: &OperationInfo) -> bool {
    info.sensitive.iter().any(|known| {
        field
            .strip_prefix(known)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Pushes a value as it is, percent-encoded, form-encoded and JSON-escaped.
fn push_spellings(value: &str, into: &mut Vec<String>) {
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

/// A text as the content of a JSON string; with `in_ascii`, other characters are escaped too, as many
/// servers write them.
fn json_escaped(value: &str, in_ascii: bool) -> String {
    let json = serde_json::Value::from(value).to_string();
    let inside = json
        .strip_prefix('"')
        .and_then(|json| json.strip_suffix('"'));
    #[expect(clippy::expect_used, reason = "a JSON string stands in quotes")]
    let json = inside.expect("a text in quotes");
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

/// Pushes a telephone number as bare digits, and its last digits alone: providers write the country
/// code in several ways.
fn push_telephone(value: &str, into: &mut Vec<String>) {
    /// How many digits identify a subscriber without the country code.
    const OWN: usize = 8;
    /// The longest number, by ITU-T E.164.
    const LONGEST: usize = 15;
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    let is_number = value
        .chars()
        .all(|c| c.is_ascii_digit() || "+-.() ".contains(c));
    if is_number
        && (OWN..=LONGEST).contains(&digits.len())
        && let Some(own) = digits.get(digits.len() - OWN..)
    {
        into.push(own.to_owned());
        into.push(digits);
    }
}

/// The first `most` characters of a scrubbed text.
pub(crate) fn scrubbed_excerpt(text: &str, most: usize, redactions: &[Redaction]) -> String {
    excerpt(&scrubbed(text.trim(), redactions), most)
}

/// The first `most` characters of a text, without the marks of bytes that are not UTF-8.
pub(crate) fn excerpt(text: &str, most: usize) -> String {
    text.chars().filter(|c| *c != INVALID).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactions(texts: &[&str], sensitive: bool) -> Vec<Redaction> {
        let redaction = |text: &&str| Redaction::new((*text).to_owned(), sensitive);
        texts.iter().map(redaction).collect()
    }

    #[test]
    fn value_in_any_letter_case_is_replaced() {
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
            assert_eq!(scrubbed(text, &redactions(&[value], true)), want, "{value}");
        }
        let overlapping = redactions(&["one two", "two three", "+62812", "62812"], true);
        assert_eq!(scrubbed("one two three +62812", &overlapping), "[…] […]");
    }

    #[test]
    fn id_loses_plain_values_as_words_and_sensitive_values_anywhere() {
        let id = "7c9e6679-e07fc12345ae-12345";
        let own = redactions(&["12345"], false);
        assert_eq!(scrubbed_id(id, &own), "7c9e6679-e07fc12345ae-[…]");
        let personal = redactions(&["12345"], true);
        assert_eq!(scrubbed_id(id, &personal), "7c9e6679-e07fc[…]ae-[…]");
        assert_eq!(scrubbed(id, &own), "7c9e6679-e07fc[…]ae-[…]");
    }

    #[test]
    fn id_of_random_digits_keeps_what_stands_in_it_by_chance() {
        let id = "7c920000-7425-40de-944b-e07fc12345ae";
        let md5 = "0cc175b9c0f1b6a831c399e269772661";
        for (value, id, want) in [
            ("20000", id, id),
            ("12345", id, id),
            ("c12345ae", id, "7c920000-7425-40de-944b-e07f[…]"),
            ("7425", id, "7c920000-[…]-40de-944b-e07fc12345ae"),
            (md5, md5, "[…]"),
            (md5, &md5.to_uppercase(), "[…]"),
            ("0cc175b9", md5, "[…]c0f1b6a831c399e269772661"),
            ("20000", "req-20000", "req-[…]"),
            ("20000", "r20000", "r[…]"),
        ] {
            let shown = scrubbed_id(id, &redactions(&[value], true));
            assert_eq!(shown, want, "{value} in {id}");
        }
    }

    #[test]
    fn remark_on_a_long_message_keeps_the_bound() {
        assert_eq!(with_remark("no", "why"), "no; why");
        let long = with_remark(&"云".repeat(400), "why");
        assert!(long.len() <= LONGEST_MESSAGE && long.ends_with("云; why"));
    }

    #[test]
    fn message_is_bounded_escaped_and_scrubbed() {
        let redactions = redactions(&["+62812", "62812", "desc", "ABCdef"], false);
        assert_eq!(
            scrubbed(
                "no +62812, no 62812; desc of description abcDEF\n\u{1b}[31m\u{202e}\u{61c}\u{e0041}",
                &redactions
            ),
            "no […], no […]; […] of description […]\\u{a}\\u{1b}[31m\\u{202e}\\u{61c}\\u{e0041}"
        );
        let long = scrubbed(&"云".repeat(100_000), &[]);
        assert!(long.len() <= LONGEST_MESSAGE && long.ends_with('…'));
    }

    #[test]
    fn text_beyond_the_searched_length_is_never_cut_inside_a_value() {
        let secret = "s3cret/".repeat(1000);
        for before in 0..20 {
            let text = format!("{}{}", "x".repeat(before), secret.repeat(20));
            let shown = scrubbed(&text, &redactions(&[&secret], true));
            assert!(!shown.contains("s3c"), "{shown}");
        }
    }
}
