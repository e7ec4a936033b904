//! What a call can fail with.

use std::borrow::Cow;
use std::fmt;

/// Why a call failed: the kind, and what is known of it.
///
/// `Display` is one line with provider, operation, code, message, request id and attempts. Neither
/// it nor `Debug` holds a secret, a URL query, a body, or a value that the caller sent.
pub struct Error(Box<Parts>);

pub(crate) struct Parts {
    pub(crate) kind: ErrorKind,
    pub(crate) provider: &'static str,
    pub(crate) operation: Cow<'static, str>,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) full_message: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) attempts: u32,
    pub(crate) earlier: Vec<String>,
    pub(crate) retryable: bool,
    pub(crate) may_have_run: bool,
    pub(crate) cursor: Option<String>,
}

/// The kinds of failures, by what the caller can do about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client is set up wrongly. Mend the configuration; nothing was sent.
    Config,
    /// The request breaks a limit, here or in the provider's eyes. Mend the request.
    InvalidRequest,
    /// There are no keys to sign with. Provide them.
    Credentials,
    /// The provider refuses the keys. Check them; repeated failures can lock an account.
    Auth,
    /// The account may not do this. Ask for the permission.
    Permission,
    /// A quota is used up. Wait for the next period, or buy more.
    Quota,
    /// Too many requests. Slow down and try later.
    Throttled,
    /// What the request names does not exist.
    NotFound,
    /// The provider refuses our time. Check the clock of this machine.
    Clock,
    /// The provider failed. Try later.
    Server,
    /// The provider refused for a reason of its own; see the code.
    Service,
    /// The host could not be reached. Check name, network and proxy.
    Connect,
    /// No trusted TLS connection. Check the certificates; trying again does not help, unless what
    /// broke was a connection already in use: then [`Error::may_have_run`] is set.
    Tls,
    /// The connection broke.
    Transport,
    /// It took too long.
    Timeout,
    /// What came back is not HTTP as it should be.
    Protocol,
    /// The answer was a redirect, which is never followed: keys would go with it.
    Redirect,
    /// The answer is larger than allowed.
    TooLarge,
    /// The answer is a success that cannot be read.
    Decode,
    /// A walk over pages cannot go on; the error has the cursor.
    Paging,
}

impl ErrorKind {
    /// The kind in lower case, words joined by `_`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::InvalidRequest => "invalid_request",
            Self::Credentials => "credentials",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::Quota => "quota",
            Self::Throttled => "throttled",
            Self::NotFound => "not_found",
            Self::Clock => "clock",
            Self::Server => "server",
            Self::Service => "service",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Transport => "transport",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Redirect => "redirect",
            Self::TooLarge => "too_large",
            Self::Decode => "decode",
            Self::Paging => "paging",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error {
    /// An error before anything was sent.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            kind,
            provider: "",
            operation: "".into(),
            code: None,
            message: message.into(),
            full_message: None,
            request_id: None,
            status: None,
            attempts: 0,
            earlier: Vec::new(),
            retryable: false,
            may_have_run: false,
            cursor: None,
        }))
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        change(&mut self.0);
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The provider, in lower case; empty for an error that concerns none.
    pub fn provider(&self) -> &str {
        self.0.provider
    }

    /// The operation; empty for an error that concerns none.
    pub fn operation(&self) -> &str {
        &self.0.operation
    }

    /// The provider's error code.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What went wrong, in the provider's words or ours: at most 1 KiB, control characters
    /// escaped, keys and the caller's own values replaced.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The provider's message as it came, however long. It may repeat what the caller sent, so it
    /// is in no `Display` and no `Debug`.
    pub fn full_message(&self) -> Option<&str> {
        self.0.full_message.as_deref()
    }

    /// The id that the provider gave the request; there is none if no answer came.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The HTTP status of the last answer.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// How many attempts were made; 0 if nothing was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether trying again later is reasonable and safe.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Whether the operation may have been carried out, or billed, all the same: bytes had left,
    /// and no answer proves that nothing happened.
    pub fn may_have_run(&self) -> bool {
        self.0.may_have_run
    }

    /// Where a walk over pages can be taken up again.
    pub fn cursor(&self) -> Option<&str> {
        self.0.cursor.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &*self.0;
        for word in [parts.provider, &parts.operation]
            .into_iter()
            .filter(|word| !word.is_empty())
        {
            write!(f, "{word} ")?;
        }
        write!(f, "{}: ", parts.kind)?;
        if let Some(code) = &parts.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&parts.message)?;
        let mut facts = Vec::new();
        if let Some(id) = &parts.request_id {
            facts.push(format!("request id {id}"));
        }
        if let Some(status) = parts.status {
            facts.push(format!("HTTP {status}"));
        }
        match parts.attempts {
            0 => {}
            1 => facts.push("1 attempt".to_owned()),
            attempts => facts.push(format!("{attempts} attempts")),
        }
        if let Some((last, before)) = parts.earlier.split_last() {
            let skipped = before.len().saturating_sub(MOST_EARLIER - 1);
            let mut told: Vec<&str> = before.iter().skip(skipped).map(String::as_str).collect();
            if skipped > 0 {
                told.insert(0, "…");
            }
            told.push(last);
            facts.push(format!("before: {}", told.join(", ")));
        }
        if let Some(cursor) = &parts.cursor {
            facts.push(format!("go on from cursor {cursor}"));
        }
        if facts.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", facts.join(", "))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &*self.0;
        f.debug_struct("Error")
            .field("kind", &parts.kind)
            .field("provider", &parts.provider)
            .field("operation", &parts.operation)
            .field("code", &parts.code)
            .field("message", &parts.message)
            .field("request_id", &parts.request_id)
            .field("status", &parts.status)
            .field("attempts", &parts.attempts)
            .field("retryable", &parts.retryable)
            .field("may_have_run", &parts.may_have_run)
            .field("cursor", &parts.cursor)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {}

const MOST_BYTES: usize = 1024;

/// So much of a provider's text is looked at.
const MOST_SEARCHED: usize = 64 * 1024;

/// Of more failed attempts only the last are told.
const MOST_EARLIER: usize = 8;

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

    #[test]
    fn display_is_one_line_with_the_useful_facts() {
        let error = Error::new(ErrorKind::Server, "try later").with(|parts| {
            parts.provider = "tencent";
            parts.operation = "QueryCustomersCredit".into();
            parts.code = Some("InternalError".into());
            parts.request_id = Some("r-1".into());
            parts.status = Some(200);
            parts.attempts = 3;
            parts.earlier = vec!["HTTP 503".into(), "HTTP 503".into()];
        });
        assert_eq!(
            error.to_string(),
            "tencent QueryCustomersCredit server: InternalError: try later \
             (request id r-1, HTTP 200, 3 attempts, before: HTTP 503, HTTP 503)"
        );
        let error = error.with(|parts| parts.earlier = vec!["timeout".into(); 1000]);
        let told = error.to_string();
        assert!(told.len() < 300, "{told}");
        assert!(told.contains("before: …, timeout, "), "{told}");
    }
}
