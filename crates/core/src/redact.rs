//! Keeping secrets and personal data out of everything that is printed.

use std::fmt;

use zeroize::Zeroizing;

/// A secret: no `Display`, no serialisation, a `Debug` that shows nothing, wiped when dropped.
///
/// Wiping is best effort: copies that the HTTP stack makes of a header are beyond its reach.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret itself, for a signer.
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

/// Stands in `Debug` output for a value that must not appear there; it still tells whether there
/// is one.
///
/// ```
/// use standing_core::Hidden;
///
/// assert_eq!(format!("{:?}", Hidden::of(&Some("0812"))), "<redacted>");
/// assert_eq!(format!("{:?}", Hidden::of(&None::<String>)), "None");
/// ```
pub struct Hidden(&'static str);

impl Hidden {
    /// Stands for `value`.
    pub fn of(value: &impl Presence) -> Self {
        Self(value.absent().unwrap_or(REDACTED))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Whether there is anything to hide.
pub trait Presence {
    /// What to print when there is nothing.
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
