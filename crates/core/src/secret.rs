//! Secrets and personal data, kept out of all output.

use std::fmt;

use zeroize::Zeroizing;

/// A secret without `Display` and serialisation, whose `Debug` output is `<redacted>`. It is wiped when
/// it is dropped.
///
/// Wiping is best effort: it does not reach the copies of headers that the HTTP stack makes.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Returns the secret itself, for a signer.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

const REDACTED: &str = "<redacted>";

/// Replaces a value that must not appear in `Debug` output. The output shows only whether the value is
/// present.
///
/// ```
/// use standing_core::generated::Hidden;
///
/// assert_eq!(format!("{:?}", Hidden::of(&Some("0812"))), "<redacted>");
/// assert_eq!(format!("{:?}", Hidden::of(&None::<String>)), "None");
/// ```
pub struct Hidden(&'static str);

impl Hidden {
    /// Replaces `value`.
    pub fn of(value: &impl Presence) -> Self {
        Self(value.absent().unwrap_or(REDACTED))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A value that may be absent.
pub trait Presence {
    /// The `Debug` output of an absent value, or `None` if the value is present.
    fn absent(&self) -> Option<&'static str> {
        None
    }
}

impl<T> Presence for Option<T> {
    fn absent(&self) -> Option<&'static str> {
        self.is_none().then_some("None")
    }
}

impl<T> Presence for Vec<T> {
    fn absent(&self) -> Option<&'static str> {
        self.is_empty().then_some("[]")
    }
}

impl<K, V> Presence for std::collections::BTreeMap<K, V> {
    fn absent(&self) -> Option<&'static str> {
        self.is_empty().then_some("{}")
    }
}

impl Presence for String {}
impl Presence for bool {}
impl Presence for i64 {}
impl Presence for u64 {}
impl Presence for f64 {}
impl Presence for crate::Amount {}
impl Presence for crate::Json {}
