//! The MD5 of a mobile number, for those who must not send the number itself.

use std::fmt;

use md5::{Digest, Md5};
use standing_core::sign::hex;

/// How a number is written before it is hashed. The documentation of Indonesia does not say; that of
/// India says country code and digits. Another form gives another MD5, and the answer to a wrong
/// one looks like that for somebody unknown: try it with a number that you know to be found.
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

/// A number that is no mobile number of Indonesia. The text says why and does not repeat it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidMobile(&'static str);

impl fmt::Display for InvalidMobile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the mobile number {}", self.0)
    }
}

impl std::error::Error for InvalidMobile {}

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
    let plain: String = number.chars().filter(|c| !" -.()".contains(*c)).collect();
    let national = match plain.strip_prefix('+') {
        Some(rest) => rest.strip_prefix("62").ok_or("is not one of Indonesia")?,
        None => ["62", "0"]
            .iter()
            .find_map(|prefix| plain.strip_prefix(prefix))
            .unwrap_or(&plain),
    };
    if !national.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("must have digits only");
    }
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
    fn what_is_no_number_is_refused_and_not_repeated() {
        for number in [
            "",
            "62",
            "0",
            "+1 812 000 0000",
            "620812000000",
            "0062812000000",
            "021 000 0000",
            "0812",
            "08120000000000",
            "0812000000x",
            "0812\u{660}00000",
            "0812000000\n",
        ] {
            let refused = mobile_md5(number, MobileForm::CountryCode)
                .unwrap_err()
                .to_string();
            assert!(!refused.contains("812"), "{refused}");
        }
    }
}
