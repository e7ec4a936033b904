//! Money, exact to the digit that was sent.

use std::borrow::Cow;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// An amount with the digits the provider sent: `12.50` stays `12.50`, never passes through a
/// floating-point number, and is written back as it came. No provider names a currency with it.
///
/// Reads a JSON number or text, with thousands separators (`"1,828.72"`) and exponents (`4.5e3`).
/// What cannot be held exactly (more than 28 digits, or so) is an error, not an approximation.
///
/// Amounts compare by value: `1.5` equals `1.50`. Sums and differences are exact; the operators
/// panic where [`checked_add`](Self::checked_add) returns `None`. Adding amounts of two currencies
/// is the caller's mistake to avoid, because an amount does not know its currency.
///
/// ```
/// use standing_core::Amount;
///
/// let credit: Amount = serde_json::from_str("123456789012345.67")?;
/// let left: Amount = serde_json::from_str("\"1,828.72\"")?;
/// assert!(left < credit);
/// assert_eq!(left.to_string(), "1828.72");
/// assert_eq!(left.token(), "\"1,828.72\"");
/// assert_eq!((&credit - &left).to_string(), "123456789010516.95");
///
/// let total: Amount = [credit, left].iter().sum();
/// assert_eq!(total.to_string(), "123456789014174.39");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Amount {
    value: Decimal,
    /// The JSON token as it came, where the value alone would be written otherwise.
    token: Option<Box<str>>,
}

/// The message of [`ParseAmountError`], by which the lenient reader recognises it.
pub(crate) const NOT_AN_AMOUNT: &str = "not an amount that can be held exactly";

/// A text that is not an amount, or not one that can be held exactly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", NOT_AN_AMOUNT)]
pub struct ParseAmountError;

impl Amount {
    /// The exact value, for arithmetic.
    pub fn decimal(&self) -> Decimal {
        self.value
    }

    /// The JSON token as the provider sent it: digits, or text in quotes. An amount that was
    /// computed has the token of its plain digits.
    pub fn token(&self) -> Cow<'_, str> {
        match &self.token {
            Some(token) => Cow::Borrowed(token),
            None => self.value.to_string().into(),
        }
    }

    /// The exact sum, or `None` if it has more digits than an amount can hold.
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        sum(self.value, other.value).map(Self::from)
    }

    /// The exact difference, or `None` if it has more digits than an amount can hold.
    pub fn checked_sub(&self, other: &Self) -> Option<Self> {
        sum(self.value, -other.value).map(Self::from)
    }

    /// Reads a JSON token.
    pub(crate) fn from_token(token: &str) -> Result<Self, ParseAmountError> {
        if let Some(value) = plain(token) {
            return Ok(value.into());
        }
        let digits = match token.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
            Some(quoted) => &ungrouped(quoted.trim())?,
            None => token,
        };
        let value = exact(digits)?;
        let token = (value.to_string() != token).then(|| token.into());
        Ok(Self { value, token })
    }
}

/// The value of a JSON number of at most 18 digits without exponent: the only text of that value.
fn plain(token: &str) -> Option<Decimal> {
    let digits = token.strip_prefix('-').unwrap_or(token);
    let (mut mantissa, mut scale, mut in_fraction) = (0_i64, 0, false);
    for byte in Some(digits).filter(|digits| digits.len() <= 18)?.bytes() {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + i64::from(byte - b'0');
                scale += u32::from(in_fraction);
            }
            b'.' => in_fraction = true,
            _ => return None,
        }
    }
    match digits.len() == token.len() {
        true => Some(Decimal::new(mantissa, scale)),
        // A decimal has no negative zero.
        false => (mantissa != 0).then(|| Decimal::new(-mantissa, scale)),
    }
}

/// `left` + `right`, exactly or not at all: the addition of the decimals themselves would round.
fn sum(left: Decimal, right: Decimal) -> Option<Decimal> {
    let exact = |left: Decimal, right: Decimal| {
        let scale = left.scale().max(right.scale());
        let mantissa = |value: Decimal| {
            let factor = 10_i128.checked_pow(scale - value.scale())?;
            value.mantissa().checked_mul(factor)
        };
        let sum = mantissa(left)?.checked_add(mantissa(right)?)?;
        Decimal::try_from_i128_with_scale(sum, scale).ok()
    };
    // Zeros at the end are kept (`1.50 + 1.50` is `3.00`) unless only their absence leaves room.
    exact(left, right).or_else(|| exact(left.normalize(), right.normalize()))
}

/// Takes the thousands separators out, if they are where thousands end.
fn ungrouped(text: &str) -> Result<String, ParseAmountError> {
    if !text.contains(',') {
        return Ok(text.to_owned());
    }
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text, None), |(w, f)| (w, Some(f)));
    let mut groups = whole.trim_start_matches('-').split(',');
    let first = groups.next().unwrap_or_default();
    if !(1..=3).contains(&first.len()) || groups.any(|group| group.len() != 3) {
        return Err(ParseAmountError);
    }
    let whole = whole.replace(',', "");
    Ok(fraction.map_or(whole.clone(), |fraction| format!("{whole}.{fraction}")))
}

/// Reads decimal digits with an optional fraction and exponent, or refuses.
pub(crate) fn exact(text: &str) -> Result<Decimal, ParseAmountError> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => {
            let (mantissa, exponent) = text.split_at(at);
            (
                mantissa,
                exponent
                    .get(1..)
                    .unwrap_or_default()
                    .parse::<i32>()
                    .map_err(|_| ParseAmountError)?,
            )
        }
        None => (text, 0),
    };
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let plain = unsigned.starts_with(|c: char| c.is_ascii_digit())
        && unsigned.ends_with(|c: char| c.is_ascii_digit())
        && unsigned.chars().all(|c| c.is_ascii_digit() || c == '.');
    if !plain {
        return Err(ParseAmountError);
    }
    let value = Decimal::from_str_exact(mantissa).map_err(|_| ParseAmountError)?;
    shifted(value, exponent)
}

/// `value` × 10^`exponent`, exactly or not at all.
fn shifted(value: Decimal, exponent: i32) -> Result<Decimal, ParseAmountError> {
    if value.is_zero() || exponent == 0 {
        return Ok(value);
    }
    let scale = i32::try_from(value.scale())
        .ok()
        .and_then(|scale| scale.checked_sub(exponent))
        .ok_or(ParseAmountError)?;
    let (mantissa, scale) = if scale >= 0 {
        (value.mantissa(), scale)
    } else {
        let factor = 10_i128
            .checked_pow(scale.unsigned_abs())
            .ok_or(ParseAmountError)?;
        (
            value
                .mantissa()
                .checked_mul(factor)
                .ok_or(ParseAmountError)?,
            0,
        )
    };
    let scale = u32::try_from(scale).map_err(|_| ParseAmountError)?;
    Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| ParseAmountError)
}

impl FromStr for Amount {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(exact(text)?.into())
    }
}

impl From<Decimal> for Amount {
    fn from(value: Decimal) -> Self {
        Self { value, token: None }
    }
}

macro_rules! from_integer {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Amount {
            fn from(value: $integer) -> Self {
                Decimal::from(value).into()
            }
        }
    )*};
}
from_integer!(i32, u32, i64, u64);

/// An operator on amounts and references to them, by the checked method of the same meaning.
macro_rules! operator {
    ($operator:ident, $method:ident, $checked:ident; $($left:ty, $right:ty);*) => {$(
        impl $operator<$right> for $left {
            type Output = Amount;

            /// # Panics
            ///
            /// If the result has more digits than an amount can hold, 28 or so.
            fn $method(self, other: $right) -> Amount {
                held(self.$checked(&other))
            }
        }
    )*};
}
operator!(Add, add, checked_add; Amount, Amount; Amount, &Amount; &Amount, Amount; &Amount, &Amount);
operator!(Sub, sub, checked_sub; Amount, Amount; Amount, &Amount; &Amount, Amount; &Amount, &Amount);

#[expect(clippy::expect_used, reason = "as integers do, and documented")]
fn held(result: Option<Amount>) -> Amount {
    result.expect("the result has more digits than an amount can hold")
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Decimal::ZERO.into(), Self::add)
    }
}

impl<'a> Sum<&'a Self> for Amount {
    fn sum<I: Iterator<Item = &'a Self>>(amounts: I) -> Self {
        amounts.fold(Decimal::ZERO.into(), |total, amount| total + amount)
    }
}

impl PartialEq for Amount {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Amount {}

impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Amount {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.cmp(&other.value)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.value, f)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Amount({})", self.value)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Digits, or the token that was read, are JSON.
        let token = self.token();
        let raw: &RawValue = serde_json::from_str(&token).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let token = Box::<RawValue>::deserialize(deserializer)?;
        // The value itself stays out of the message.
        Self::from_token(token.get()).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<String> {
        serde_json::from_str::<Amount>(json)
            .ok()
            .map(|amount| amount.to_string())
    }

    #[test]
    fn reads_numbers_and_text_exactly() {
        for (json, want) in [
            ("0", "0"),
            ("-0", "0"),
            ("0.0", "0.0"),
            ("12.50", "12.50"),
            ("0.1", "0.1"),
            ("-3.75", "-3.75"),
            ("123456789012345.67", "123456789012345.67"),
            (
                "9999999999999999999999999999",
                "9999999999999999999999999999",
            ),
            ("4.5e3", "4500"),
            ("4.5E-3", "0.0045"),
            ("\"1,828.72\"", "1828.72"),
            ("\"-1,000,000\"", "-1000000"),
            ("\" 12.30 \"", "12.30"),
        ] {
            assert_eq!(read(json).as_deref(), Some(want), "{json}");
        }
    }

    #[test]
    fn refuses_what_is_no_amount_or_not_exact() {
        for json in [
            "\"\"",
            "\"xx\"",
            "\"1,82.72\"",
            "\",1\"",
            "\"1.\"",
            "\".5\"",
            "\"+5\"",
            "\"0x10\"",
            "\"1_000\"",
            "\"1e\"",
            "null",
            "true",
            "[1]",
            "{}",
            "1e400",
            "1e-400",
            "12345678901234567890123456789012",
            "0.12345678901234567890123456789012",
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    #[test]
    fn sums_and_differences_are_exact_or_refused() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        for (left, right, sum, difference) in [
            ("0.1", "0.2", "0.3", "-0.1"),
            ("1.50", "1.50", "3.00", "0.00"),
            ("-2", "0.005", "-1.995", "-2.005"),
            (
                "9999999999999999999999999.999",
                "0.001",
                "10000000000000000000000000.000",
                "9999999999999999999999999.998",
            ),
        ] {
            let (left, right) = (amount(left), amount(right));
            assert_eq!((&left + &right).to_string(), sum);
            assert_eq!((left - right).to_string(), difference);
        }
        let largest = amount("79228162514264337593543950335");
        for (left, right) in [
            (&largest, "1"),
            (&largest, "0.1"),
            (&amount("1e-28"), "1e9"),
        ] {
            assert_eq!(left.checked_add(&amount(right)), None, "{left} {right}");
        }
        // Zeros at the end are given up before digits are.
        let cents = amount("1.0000000000000000000000000000");
        assert_eq!(
            (&largest - &cents).to_string(),
            "79228162514264337593543950334"
        );
        assert_eq!(largest.checked_sub(&amount("-1")), None);
        let total: Amount = ["1.5", "2.25"].map(amount).into_iter().sum();
        assert_eq!(total, amount("3.75"));
        assert_eq!(std::iter::empty::<Amount>().sum::<Amount>(), amount("0"));
    }

    #[test]
    #[should_panic = "more digits than an amount can hold"]
    fn a_sum_that_cannot_be_held_panics_instead_of_rounding() {
        let largest: Amount = "79228162514264337593543950335".parse().unwrap();
        let _ = &largest + &Amount::from(1);
    }

    #[test]
    fn is_written_back_as_it_came() {
        for json in [
            "12.50",
            "0.0",
            "4.5e3",
            "\"1,828.72\"",
            "123456789012345.67",
            "-0.50",
            "-0",
            "-0.0",
            "999999999999999.999",
            "9999999999999999999999999999",
            "\"12.50\"",
        ] {
            let amount: Amount = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&amount).unwrap(), json);
            assert_eq!(amount.token(), json);
        }
    }
}
