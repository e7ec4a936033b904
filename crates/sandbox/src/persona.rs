//! The special cases among the customers, and the expected reading of each.

/// What is special about a customer. The first [`Persona::ALL`]`.len()` customers of every
/// provider have these personas in this order; those of later customers are drawn from the seed,
/// most of them [`Persona::Clean`].
///
/// A persona that a provider's response cannot express is an ordinary customer there: a tag, for
/// example, has no credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Persona {
    /// Nothing is special.
    Clean,
    /// 24 % of the credit is left.
    CreditLow24,
    /// 9 % of the credit is left.
    CreditLow9,
    /// No credit is left.
    CreditUsedUp,
    /// In arrears. AccuAuth: many loans on many platforms.
    Arrears,
    /// Frozen. Tencent: the forced stop.
    Frozen,
    /// Unfrozen after a freeze.
    Thawed,
    /// Hosted: stopped by the provider when a payment is overdue.
    Hosted,
    /// No longer hosted.
    NotHosted,
    /// A status that is not documented.
    UnknownStatus,
    /// Without real-name verification. Huawei: the tag is an empty string.
    Unverified,
    /// A new-customer tag that has expired.
    TagLapsed,
    /// Entitled to a new-customer tag, but not qualified yet.
    TagUndetermined,
    /// No data. AccuAuth: `NOT_HIT`. Alibaba: `VnoNoDataError`. Huawei: the tag is missing.
    NoRecord,
    /// Numbers that a 64-bit float cannot represent.
    HugeNumbers,
    /// Amounts such as `12.50`.
    PlainAmounts,
    /// Amounts such as `0.1`.
    TinyAmounts,
    /// `null` for every value.
    Nulls,
    /// A Chinese name.
    NameChinese,
    /// A name with emoji that consist of several characters.
    NameEmoji,
    /// A right-to-left name.
    NameRightToLeft,
    /// A name that a spreadsheet evaluates as a formula.
    NameFormula,
    /// A name with a comma, quotes and a line break.
    NameQuoted,
    /// A name with terminal escape sequences.
    NameEscapes,
    /// A name of 64 characters.
    NameLong,
}

impl Persona {
    /// All personas, in the order of the customers that have them.
    pub const ALL: [Self; 25] = [
        Self::Clean,
        Self::CreditLow24,
        Self::CreditLow9,
        Self::CreditUsedUp,
        Self::Arrears,
        Self::Frozen,
        Self::Thawed,
        Self::Hosted,
        Self::NotHosted,
        Self::UnknownStatus,
        Self::Unverified,
        Self::TagLapsed,
        Self::TagUndetermined,
        Self::NoRecord,
        Self::HugeNumbers,
        Self::PlainAmounts,
        Self::TinyAmounts,
        Self::Nulls,
        Self::NameChinese,
        Self::NameEmoji,
        Self::NameRightToLeft,
        Self::NameFormula,
        Self::NameQuoted,
        Self::NameEscapes,
        Self::NameLong,
    ];
}

/// What a reader should conclude from a provider's response about a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing speaks against the customer.
    Ok,
    /// The customer needs attention soon.
    Watch,
    /// The customer is stopped or has no credit left.
    Blocked,
    /// The response does not say.
    Unknown,
}
