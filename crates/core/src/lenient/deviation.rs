//! The liberties that the reader takes, as users see them.

/// A liberty that was taken with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deviation {
    /// What kind of liberty.
    pub kind: DeviationKind,
    /// Where, as a JSON pointer into the payload.
    pub pointer: String,
}

/// The kinds of liberties that are taken with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DeviationKind {
    /// One object where a list was promised.
    SingleForList,
    /// A key with blanks around it or in another case.
    KeySpelling,
    /// A number that came as text.
    TextForNumber,
    /// A text that came as a number.
    NumberForText,
    /// A flag that came as a number or as text.
    OtherForFlag,
    /// A key that the model does not have; its value is in [`Response::raw`](crate::Response::raw).
    UnknownField,
}

impl DeviationKind {
    /// The name of the kind in fixtures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SingleForList => "single_for_list",
            Self::KeySpelling => "key_spelling",
            Self::TextForNumber => "text_for_number",
            Self::NumberForText => "number_for_text",
            Self::OtherForFlag => "other_for_flag",
            Self::UnknownField => "unknown_field",
        }
    }

    /// What a strict reader says to it.
    pub(super) const fn refusal(self) -> &'static str {
        match self {
            Self::SingleForList => "must be a list",
            Self::KeySpelling | Self::UnknownField => "is not known",
            Self::TextForNumber => "must be a number, not text",
            Self::NumberForText => "must be text, not a number",
            Self::OtherForFlag => "must be true or false",
        }
    }
}
