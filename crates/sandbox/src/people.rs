//! The customers: each follows from the seed and its index alone, so that a million of them take no memory.

use time::{Duration, OffsetDateTime};

/// What is special about a customer. The first [`Persona::ALL`]`.len()` customers of every provider are these, in this
/// order; later ones are drawn from the seed, most of them [`Persona::Clean`].
///
/// A persona that a provider's answer has no room for is an ordinary customer there: a tag knows no credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Persona {
    /// Nothing to remark on.
    Clean,
    /// 24 % of the credit is left.
    CreditLow24,
    /// 9 % of the credit is left.
    CreditLow9,
    /// No credit is left.
    CreditUsedUp,
    /// In arrears. AccuAuth: many loans on many platforms.
    Arrears,
    /// Frozen; Tencent: the forced stop.
    Frozen,
    /// Frozen once, thawed since.
    Thawed,
    /// Hosted: stopped by the provider when a payment is overdue.
    Hosted,
    /// No longer hosted.
    NotHosted,
    /// A status that no page names.
    UnknownStatus,
    /// Without real-name verification. Huawei: the tag is empty text.
    Unverified,
    /// A new-customer tag whose time is over.
    TagLapsed,
    /// Entitled to a new-customer tag, but not qualified yet.
    TagUndetermined,
    /// Nothing is known: AccuAuth `NOT_HIT`, Alibaba `VnoNoDataError`; Huawei leaves the tag out.
    NoRecord,
    /// Numbers that a 64-bit float cannot hold.
    HugeNumbers,
    /// Amounts written as `12.50`.
    PlainAmounts,
    /// Amounts written as `0.1`.
    TinyAmounts,
    /// `null` wherever there could be a value.
    Nulls,
    /// A Chinese name.
    NameChinese,
    /// A name with emoji joined from several characters.
    NameEmoji,
    /// A name written from right to left.
    NameRightToLeft,
    /// A name that a spreadsheet would calculate.
    NameFormula,
    /// A name with a comma, quotes and a line break.
    NameQuoted,
    /// A name with terminal escapes.
    NameEscapes,
    /// A name of 64 characters.
    NameLong,
}

impl Persona {
    /// All personas in the order of the customers that have them.
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

/// What a reader should conclude from a customer's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing speaks against the customer.
    Ok,
    /// Something will soon need attention.
    Watch,
    /// The customer is stopped or has nothing left.
    Blocked,
    /// The answer does not say.
    Unknown,
}

/// The seed of all randomness in a sandbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(pub u64);

/// What a number is drawn for, so that two draws for one customer do not agree.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Use {
    Persona = 1,
    Name,
    Joined,
    Credit,
    Left,
    Contact,
    Ids,
    RequestId,
    Fault,
    Chaos,
    Account,
    Token,
    Report,
}

impl Seed {
    /// The number drawn for one use and one index: always the same.
    pub(crate) fn draw(self, what: Use, index: u64) -> u64 {
        let stream = mix(self.0 ^ mix(what as u64));
        mix(stream.wrapping_add(index.wrapping_mul(GOLDEN)))
    }

    /// Two draws, 128 bits in the shape of a UUID.
    pub(crate) fn uuid(self, what: Use, index: u64) -> String {
        let (high, low) = (self.draw(what, index * 2), self.draw(what, index * 2 + 1));
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff,
        )
    }

    /// The customer's persona.
    pub(crate) fn persona(self, index: u64) -> Persona {
        let drawn = self.draw(Use::Persona, index) % 100;
        let place = match usize::try_from(index) {
            Ok(index) if index < Persona::ALL.len() => index,
            // One in five has something, spread over all personas.
            _ if drawn < 20 => {
                let word = self.draw(Use::Persona, index ^ 1 << 63);
                usize::try_from(word % Persona::ALL.len() as u64).unwrap_or_default()
            }
            _ => 0,
        };
        Persona::ALL.get(place).copied().unwrap_or(Persona::Clean)
    }

    /// The customer's name.
    pub(crate) fn name(self, index: u64) -> String {
        const FIRST: [&str; 16] = [
            "Amber",
            "Borneo",
            "Cedar",
            "Delta",
            "Ember",
            "Fern",
            "Garuda",
            "Harbour",
            "Indigo",
            "Java",
            "Kopi",
            "Lotus",
            "Merapi",
            "Nusantara",
            "Orchid",
            "Pacific",
        ];
        const SECOND: [&str; 16] = [
            "Analytics",
            "Bakery",
            "Cloud",
            "Digital",
            "Energy",
            "Foods",
            "Games",
            "Hotels",
            "Imports",
            "Jewels",
            "Kitchens",
            "Logistics",
            "Media",
            "Networks",
            "Outdoors",
            "Prints",
        ];
        const FORM: [&str; 4] = ["PT", "Ltd", "GmbH", "Pte. Ltd."];
        match self.persona(index) {
            Persona::NameChinese => "深圳云帆科技有限公司".to_owned(),
            Persona::NameEmoji => "🚀 Rocket 👩‍🚀 Café".to_owned(),
            Persona::NameRightToLeft => "شركة النور للتجارة".to_owned(),
            Persona::NameFormula => "=1+1".to_owned(),
            Persona::NameQuoted => "Comma, \"Quote\"\nand a second line".to_owned(),
            Persona::NameEscapes => "\u{1b}[31mRed\u{1b}[0m Alert\u{7}".to_owned(),
            Persona::NameLong => {
                "A name of sixty-four characters, no more and no less than those!".to_owned()
            }
            _ => {
                let word = self.draw(Use::Name, index);
                let (first, second) = (pick(&FIRST, word), pick(&SECOND, word >> 8));
                format!("{first} {second} {}", pick(&FORM, word >> 16))
            }
        }
    }

    /// When the customer joined: later for every higher index, days apart at first and then within minutes.
    pub(crate) fn joined(self, index: u64) -> OffsetDateTime {
        const FIRST_DAY: i64 = 1_546_300_800; // 2019-01-01
        const SPARSE: u64 = 1_000;
        const HOURS: u64 = 36 * 3600;
        let dense = index.saturating_sub(SPARSE).saturating_mul(60);
        let start = dense.saturating_add(index.min(SPARSE) * HOURS);
        let after = start.saturating_add(self.draw(Use::Joined, index) % 60);
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        OffsetDateTime::from_unix_timestamp(FIRST_DAY.saturating_add(after))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Some date after the customer joined.
    pub(crate) fn expires(self, index: u64) -> OffsetDateTime {
        let days = 365 + self.draw(Use::Joined, index ^ 1 << 63) % 365;
        let days = Duration::days(i64::try_from(days).unwrap_or(365));
        self.joined(index)
            .checked_add(days)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Credit and what is left of it, as the digits that an answer shows.
    pub(crate) fn credit(self, index: u64) -> (String, String) {
        let hundreds = 10 + self.draw(Use::Credit, index) % 490;
        let total = hundreds * 100;
        let percent = |share: u64| (total.to_string(), (total * share / 100).to_string());
        match self.persona(index) {
            Persona::CreditLow24 => percent(24),
            Persona::CreditLow9 => percent(9),
            Persona::CreditUsedUp => (total.to_string(), "0.0".to_owned()),
            Persona::HugeNumbers => (
                "123456789012345.67".to_owned(),
                "98765432109876.54".to_owned(),
            ),
            Persona::PlainAmounts => ("100".to_owned(), "62.50".to_owned()),
            Persona::TinyAmounts => ("0.3".to_owned(), "0.1".to_owned()),
            _ => {
                let cents = total * (30 + self.draw(Use::Left, index) % 70);
                (
                    total.to_string(),
                    format!("{}.{:02}", cents / 100, self.draw(Use::Left, index) % 100),
                )
            }
        }
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// One step of splitmix64.
pub(crate) fn mix(state: u64) -> u64 {
    let mut word = state.wrapping_add(GOLDEN);
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

/// A number that stands for `bytes` on every machine and in every release.
pub(crate) fn fold(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(bytes.len() as u64, |sum, byte| mix(sum ^ u64::from(*byte)))
}

/// One of several texts.
pub(crate) fn pick<'a>(from: &[&'a str], word: u64) -> &'a str {
    let place = word.checked_rem(from.len() as u64).unwrap_or_default();
    usize::try_from(place)
        .ok()
        .and_then(|place| from.get(place))
        .copied()
        .unwrap_or_default()
}

/// A mail address, masked as in the providers' own examples.
pub(crate) fn masked_mail(word: u64) -> String {
    let letter =
        char::from_digit(10 + u32::try_from(word % 26).unwrap_or_default(), 36).unwrap_or('x');
    format!("{letter}***{}@example.com", word >> 8 & 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_of_the_reference() {
        // First outputs of the reference implementation for the state 1234567.
        assert_eq!(mix(1_234_567), 6_457_827_717_110_365_317);
        assert_eq!(
            mix(1_234_567u64.wrapping_add(GOLDEN)),
            3_203_168_211_198_807_973
        );
    }

    #[test]
    fn first_customers_are_the_personas() {
        for (index, persona) in Persona::ALL.iter().enumerate() {
            assert_eq!(Seed(9).persona(index as u64), *persona);
        }
        let clean = (25..10_025)
            .filter(|index| Seed(9).persona(*index) == Persona::Clean)
            .count();
        assert!((7_500..9_000).contains(&clean), "{clean}");
    }

    #[test]
    fn joining_never_goes_back() {
        let seed = Seed(3);
        for index in [0, 1, 59, 998, 999, 1_000, 1_001, 999_998] {
            assert!(seed.joined(index) < seed.joined(index + 1), "{index}");
        }
        assert!(seed.joined(1_000_000).year() < 2026);
        seed.joined(u64::MAX);
    }

    #[test]
    fn ordinary_credit_is_well_above_the_warnings() {
        let seed = Seed(3);
        for index in 25..2_000 {
            if seed.persona(index) == Persona::Clean {
                let (total, left) = seed.credit(index);
                let (total, left): (f64, f64) = (total.parse().unwrap(), left.parse().unwrap());
                assert!(
                    left / total > 0.29 && left <= total,
                    "{index}: {left} of {total}"
                );
            }
        }
    }

    #[test]
    fn the_long_name_is_64_characters() {
        assert_eq!(Seed(1).name(24).chars().count(), 64);
    }
}
