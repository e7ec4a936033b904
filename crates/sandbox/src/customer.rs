//! The customers. Each one is computed from the seed and its index, so a million of them use no
//! memory.

use time::{Duration, OffsetDateTime};

use crate::persona::Persona;
use crate::seed::{Seed, Stream};

impl Seed {
    pub(crate) fn persona(self, index: u64) -> Persona {
        let drawn = self.draw(Stream::Persona, index) % 100;
        let position = match usize::try_from(index) {
            Ok(index) if index < Persona::ALL.len() => index,
            // A fifth of the other customers has a random persona.
            _ if drawn < 20 => {
                let word = self.draw(Stream::Persona, index ^ 1 << 63);
                usize::try_from(word % Persona::ALL.len() as u64).unwrap_or_default()
            }
            _ => 0,
        };
        Persona::ALL
            .get(position)
            .copied()
            .unwrap_or(Persona::Clean)
    }

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
                let word = self.draw(Stream::Name, index);
                let (first, second) = (choose(&FIRST, word), choose(&SECOND, word >> 8));
                format!("{first} {second} {}", choose(&FORM, word >> 16))
            }
        }
    }

    /// When the customer joined: later for every higher index, first 36 hours apart and then a
    /// minute.
    pub(crate) fn joined_at(self, index: u64) -> OffsetDateTime {
        const FIRST_DAY: i64 = 1_546_300_800; // 2019-01-01
        const SPARSE: u64 = 1_000;
        const HOURS: u64 = 36 * 3600;
        let dense = index.saturating_sub(SPARSE).saturating_mul(60);
        let start = dense.saturating_add(index.min(SPARSE) * HOURS);
        let after = start.saturating_add(self.draw(Stream::Joined, index) % 60);
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        OffsetDateTime::from_unix_timestamp(FIRST_DAY.saturating_add(after))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// A date one to two years after the customer joined.
    pub(crate) fn expires_at(self, index: u64) -> OffsetDateTime {
        let days = 365 + self.draw(Stream::Joined, index ^ 1 << 63) % 365;
        let days = Duration::days(i64::try_from(days).unwrap_or(365));
        self.joined_at(index)
            .checked_add(days)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// The total and the remaining credit, as JSON numbers.
    pub(crate) fn credit(self, index: u64) -> (String, String) {
        let hundreds = 10 + self.draw(Stream::Credit, index) % 490;
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
                let cents = total * (30 + self.draw(Stream::Left, index) % 70);
                (
                    total.to_string(),
                    format!(
                        "{}.{:02}",
                        cents / 100,
                        self.draw(Stream::Left, index) % 100
                    ),
                )
            }
        }
    }
}

/// The item that `word` selects.
fn choose<'a>(from: &[&'a str], word: u64) -> &'a str {
    let position = word.checked_rem(from.len() as u64).unwrap_or_default();
    usize::try_from(position)
        .ok()
        .and_then(|position| from.get(position))
        .copied()
        .unwrap_or_default()
}

/// A mail address, masked as in the providers' examples.
pub(crate) fn masked_email(word: u64) -> String {
    let letter =
        char::from_digit(10 + u32::try_from(word % 26).unwrap_or_default(), 36).unwrap_or('x');
    format!("{letter}***{}@example.com", word >> 8 & 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_customers_have_every_persona_and_most_others_are_clean() {
        for (index, persona) in Persona::ALL.iter().enumerate() {
            assert_eq!(Seed(9).persona(index as u64), *persona);
        }
        let clean = (25..10_025)
            .filter(|index| Seed(9).persona(*index) == Persona::Clean)
            .count();
        assert!((7_500..9_000).contains(&clean), "{clean}");
    }

    #[test]
    fn higher_index_joined_later() {
        let seed = Seed(3);
        for index in [0, 1, 59, 998, 999, 1_000, 1_001, 999_998] {
            assert!(seed.joined_at(index) < seed.joined_at(index + 1), "{index}");
        }
        assert!(seed.joined_at(1_000_000).year() < 2026);
        seed.joined_at(u64::MAX);
    }

    #[test]
    fn clean_customer_has_at_least_29_percent_of_its_credit() {
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
    fn long_name_has_64_characters() {
        assert_eq!(Seed(1).name(24).chars().count(), 64);
    }
}
