//! The deviations that users see.

/// A difference between a response and its documentation that the reader accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deviation {
    /// The kind of difference.
    pub kind: DeviationKind,
    /// The JSON pointer to the value in the payload.
    pub pointer: String,
}

/// The differences between a response and its documentation that the reader accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DeviationKind {
    /// One object in place of a list.
    SingleForList,
    /// A key with surrounding blanks or in another case.
    KeySpelling,
    /// Text in place of a number.
    TextForNumber,
    /// A number in place of text.
    NumberForText,
    /// A number or text in place of a flag.
    OtherForFlag,
    /// A key that is not in the model. Its value is in [`Response::raw`](crate::Response::raw).
    UnknownField,
}

impl DeviationKind {
    /// The name of the kind, as fixtures write it.
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

    /// The problem that a strict reading reports.
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
