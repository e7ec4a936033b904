//! The customers. Each one is computed from the seed and its index, so a million of them use no
//! memory.

use std::time::Duration;

use time::OffsetDateTime;
use time::macros::datetime;

use crate::persona::Persona;
use crate::seed::{Seed, Stream};

impl Seed {
    pub(crate) fn persona(self, index: u64) -> Persona {
        let drawn = self.draw(Stream::Persona, index) % 100;
        let first = usize::try_from(index)
            .ok()
            .and_then(|index| Persona::ALL.get(index));
        match first {
            Some(persona) => *persona,
            // A fifth of the other customers has a random persona.
            None if drawn < 20 => {
                choose(&Persona::ALL, self.draw(Stream::Persona, index ^ 1 << 63))
            }
            None => Persona::Clean,
        }
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
    /// minute. From the four billionth customer on, all join at about the same time.
    pub(crate) fn joined_at(self, index: u64) -> OffsetDateTime {
        const FIRST_DAY: OffsetDateTime = datetime!(2019-01-01 0:00 UTC);
        const SPARSE: u64 = 1_000;
        const HOURS: u64 = 36 * 3600;
        const LATEST: u64 = 7_900 * 365 * 86_400;
        let dense = index.saturating_sub(SPARSE).saturating_mul(60);
        let start = dense.saturating_add(index.min(SPARSE) * HOURS);
        let after = start.min(LATEST) + self.draw(Stream::Joined, index) % 60;
        FIRST_DAY + Duration::from_secs(after)
    }

    /// A date one to two years after the customer joined.
    pub(crate) fn expires_at(self, index: u64) -> OffsetDateTime {
        let days = 365 + self.draw(Stream::Joined, index ^ 1 << 63) % 365;
        self.joined_at(index) + Duration::from_secs(days * 86_400)
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
#[expect(
    clippy::indexing_slicing,
    reason = "no list is empty, and a remainder is a valid index"
)]
fn choose<T: Copy>(from: &[T], word: u64) -> T {
    from[(word % from.len() as u64) as usize]
}

/// A mail address, masked as in the providers' examples.
pub(crate) fn masked_email(word: u64) -> String {
    let letter = char::from(b'a' + (word % 26) as u8);
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
        assert!(seed.joined_at(1_000_000) < seed.joined_at(u64::MAX));
        assert!(seed.joined_at(u64::MAX) < seed.expires_at(u64::MAX));
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
