//! Mobile numbers of Indonesia: what is one, its one spelling, and its MD5.

use std::fmt;

#[cfg(feature = "md5")]
use md5::{Digest, Md5};
#[cfg(feature = "md5")]
use standing_core::sign::hex;

/// The form of a number before it is hashed. It is not documented for Indonesia; for India it is
/// country code and digits. Another form has another MD5, and a wrong one is answered like a person
/// who is not found, so try the form with a number that is known to be found.
#[cfg(feature = "md5")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MobileForm {
    /// `628123456789`
    CountryCode,
    /// `+628123456789`
    PlusCountryCode,
    /// `08123456789`
    LeadingZero,
    /// `8123456789`
    National,
}

#[cfg(feature = "md5")]
impl MobileForm {
    /// Every form.
    pub const ALL: [Self; 4] = [
        Self::CountryCode,
        Self::PlusCountryCode,
        Self::LeadingZero,
        Self::National,
    ];
}

/// A number that is no mobile number of Indonesia. The text says why and does not repeat it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidMobile(&'static str);

impl InvalidMobile {
    /// The reason alone, to follow the name of a field: `must have digits only`.
    pub const fn reason(&self) -> &'static str {
        self.0
    }
}

impl fmt::Display for InvalidMobile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the mobile number {}", self.0)
    }
}

impl std::error::Error for InvalidMobile {}

/// Writes a mobile number of Indonesia in one spelling: the digits with the country code and nothing
/// else, `628123456789`. Different spellings of one number become equal.
///
/// It accepts `+62 812-…`, `62812…`, `0812…` and `812…`, with spaces, `-`, `.` and brackets anywhere.
/// After the country code or the zero, the number must have 9 to 12 ASCII digits and begin with 8; that
/// is the range of the mobile numbers of Indonesia in the metadata of libphonenumber.
///
/// The provider's page does not document how a number is to be spelt. This is the form that the same
/// provider documents for India ahead of hashing, so it is an assumption here.
/// [`for_mobile`](crate::check::CheckDebtsReport::for_mobile) sends what it is given: pass the result.
///
/// ```
/// use standing_accuauth::normalize_mobile;
///
/// assert_eq!(normalize_mobile("0812-0000-0000")?, "6281200000000");
/// assert_eq!(normalize_mobile("+62 (812) 0000 0000")?, "6281200000000");
/// assert!(normalize_mobile("6.28E+11").is_err());
/// # Ok::<(), standing_accuauth::InvalidMobile>(())
/// ```
///
/// # Errors
///
/// [`InvalidMobile`] for any other text, with the reason.
pub fn normalize_mobile(number: &str) -> Result<String, InvalidMobile> {
    let national = national(number).map_err(InvalidMobile)?;
    Ok(format!("62{national}"))
}

/// The MD5, in lower case, of an Indonesian mobile number that may be given as `+62 812-…`, `62812…`,
/// `0812…` or `812…`, once it is written in `form`.
///
/// It hides nothing: all numbers of a country can be tried in seconds. Treat it like the number.
///
/// ```
/// use standing_accuauth::{MobileForm, mobile_md5};
///
/// let [a, b] = ["+62 812-0000-0000", "081200000000"];
/// assert_eq!(mobile_md5(a, MobileForm::CountryCode)?, mobile_md5(b, MobileForm::CountryCode)?);
/// # Ok::<(), standing_accuauth::InvalidMobile>(())
/// ```
///
/// # Errors
///
/// A text that is no such number.
#[cfg(feature = "md5")]
pub fn mobile_md5(number: &str, form: MobileForm) -> Result<String, InvalidMobile> {
    let national = national(number).map_err(InvalidMobile)?;
    let prefix = match form {
        MobileForm::CountryCode => "62",
        MobileForm::PlusCountryCode => "+62",
        MobileForm::LeadingZero => "0",
        MobileForm::National => "",
    };
    Ok(hex(&Md5::digest(format!("{prefix}{national}"))))
}

/// The digits after country code or leading zero.
fn national(number: &str) -> Result<String, &'static str> {
    // A number that went through floating point: the dot would pass for a separator.
    if let Some((_, "0" | "00")) = number.trim_end().rsplit_once('.') {
        return Err("is a decimal fraction, as a spreadsheet writes it");
    }
    let plain: String = number.chars().filter(|c| !" -.()".contains(*c)).collect();
    let (plus, digits) = match plain.strip_prefix('+') {
        Some(digits) => (true, digits),
        None => (false, plain.as_str()),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("must have digits only");
    }
    let national = if plus {
        digits.strip_prefix("62").ok_or("is not one of Indonesia")?
    } else {
        let mut prefixes = ["62", "0"].iter();
        prefixes
            .find_map(|prefix| digits.strip_prefix(prefix))
            .unwrap_or(digits)
    };
    if !national.starts_with('8') {
        return Err("must begin with 8 after country code or zero");
    }
    if !(9..=12).contains(&national.len()) {
        return Err("must have 9 to 12 digits after country code or zero");
    }
    Ok(national.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "md5")]
    #[test]
    fn the_four_forms_have_the_digests_of_their_texts() {
        // As md5sum gives them for 62812000000, +62812000000, 0812000000 and 812000000.
        for (form, want) in [
            (MobileForm::CountryCode, "b79b1bafb1fda67708e38ff2c3d9a2e1"),
            (
                MobileForm::PlusCountryCode,
                "0b43a7dceca75e3e47e24d6463faabf0",
            ),
            (MobileForm::LeadingZero, "769b774112b2c7fc1eb54302885e5858"),
            (MobileForm::National, "8b171c6d8351204a3c451449606208ab"),
        ] {
            for number in [
                "62812000000",
                "+62 (812) 000.000",
                "0812-000-000",
                "812000000",
            ] {
                assert_eq!(mobile_md5(number, form).unwrap(), want, "{form:?} {number}");
            }
        }
    }

    #[test]
    fn spellings_of_one_number_become_equal() {
        for number in [
            "628120000000",
            "+628120000000",
            "08120000000",
            "8120000000",
            "0812-000-0000",
            "+62 (812) 000.0000",
            " 62 812 000 0000 ",
        ] {
            assert_eq!(
                normalize_mobile(number).unwrap(),
                "628120000000",
                "{number}"
            );
        }
    }

    #[test]
    fn text_that_is_no_mobile_number_is_refused_without_its_value() {
        for number in [
            "",
            " ",
            "-",
            "+",
            "62",
            "0",
            "NULL",
            "null",
            "n/a",
            "#N/A",
            "6.28E+11",
            "6,28E+11",
            "6.28e11",
            "62812000000.0",
            "0812000000.00 ",
            "'08120000000",
            "+1 812 000 0000",
            "620812000000",
            "0062812000000",
            "+62+812000000",
            "021 000 0000",
            "0812",
            "08120000000000",
            "0812000000x",
            "0812\u{660}00000",
            "\u{ff10}812000000",
            "\u{ff0b}62812000000",
            "0812\u{a0}000000",
            "0812000000\n",
            "0812000000\0",
            "\0",
        ] {
            let refused = normalize_mobile(number).unwrap_err();
            assert!(!refused.to_string().contains("812"), "{refused}");
            assert!(!refused.reason().is_empty());
            #[cfg(feature = "md5")]
            assert_eq!(mobile_md5(number, MobileForm::CountryCode), Err(refused));
        }
    }
}
