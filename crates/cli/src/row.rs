//! A customer's standing, as a sweep finds it and as the report shows it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use standing_core::Amount;

use crate::verdict::{Judged, Verdict};

/// The prefix of the MD5 of a mobile number.
pub(crate) const MD5: &str = "md5 ";

/// A customer's standing.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) provider: &'static str,
    /// The provider's id; empty where it has none, and in placeholder rows.
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) mobile: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) credit: Option<Amount>,
    pub(crate) left: Option<Amount>,
    pub(crate) judged: Judged,
}

impl Standing {
    /// A standing with a verdict and no other data.
    pub(crate) fn new(provider: &'static str, judged: Judged) -> Self {
        Self {
            provider,
            id: String::new(),
            name: None,
            mobile: None,
            email: None,
            credit: None,
            left: None,
            judged,
        }
    }

    /// The standing of a customer that has not been queried yet.
    pub(crate) fn missing(provider: &'static str) -> Self {
        let verdict = Verdict::Missing;
        let why = String::new();
        Self::new(provider, Judged { verdict, why })
    }
}

/// A row of the report, with personal data masked unless `--show-personal` is given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ReportRow {
    pub(crate) provider: Cow<'static, str>,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) mobile: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) verdict: Verdict,
    pub(crate) credit: Option<String>,
    pub(crate) left: Option<String>,
    pub(crate) why: String,
}

impl ReportRow {
    pub(crate) fn new(standing: &Standing, show_personal: bool) -> Self {
        let masked = |text: &Option<String>, mask: fn(&str) -> String| {
            let text = text.as_deref().filter(|text| !text.is_empty());
            text.map(|text| {
                if show_personal {
                    text.to_owned()
                } else {
                    mask(text)
                }
            })
        };
        Self {
            provider: standing.provider.into(),
            id: Some(standing.id.clone()).filter(|id| !id.is_empty()),
            // Some providers give an e-mail address or a mobile number as the name.
            name: masked(&standing.name, |name| {
                if name.contains('@') {
                    email(name)
                } else if is_number(name) {
                    mobile(name)
                } else {
                    name.to_owned()
                }
            }),
            mobile: masked(&standing.mobile, mobile),
            email: masked(&standing.email, email),
            verdict: standing.judged.verdict,
            credit: standing.credit.as_ref().map(Amount::to_string),
            left: standing.left.as_ref().map(Amount::to_string),
            why: standing.judged.why.clone(),
        }
    }
}

/// Masks a mobile number as `+62…6789`: country code and last digits, if that hides enough digits.
/// Of an MD5, which can be reversed by trial, only the first digits are shown.
fn mobile(number: &str) -> String {
    if let Some(digest) = number.strip_prefix(MD5) {
        let kept: String = digest.chars().take(6).collect();
        return format!("{MD5}{kept}…");
    }
    let characters: Vec<char> = number.trim().chars().collect();
    let head = if characters.first() == Some(&'+') {
        3
    } else {
        2
    };
    let (head, tail) = if characters.len() >= head + 4 + 4 {
        (head, 4)
    } else {
        (0, 2.min(characters.len() / 4))
    };
    let kept = |characters: &[char]| characters.iter().collect::<String>();
    let (start, rest) = characters.split_at(head.min(characters.len()));
    let (_, end) = rest.split_at(rest.len().saturating_sub(tail));
    format!("{}…{}", kept(start), kept(end))
}

/// Whether a text looks like a telephone number.
fn is_number(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_of_number =
        |character: char| character.is_ascii_digit() || "+-() ./".contains(character);
    digits >= 7 && text.chars().all(is_of_number)
}

/// Masks an e-mail address as `a…@x.com`.
fn email(address: &str) -> String {
    match address.trim().rsplit_once('@') {
        Some((local, domain)) => {
            let first = local.chars().next().filter(|_| local.chars().count() > 1);
            format!("{}…@{domain}", first.map(String::from).unwrap_or_default())
        }
        None => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mobile_number_and_email_address_are_masked() {
        for (number, masked) in [
            ("+6281234566789", "+62…6789"),
            ("081234566789", "08…6789"),
            ("112****0042", "11…0042"),
            ("12345678", "…78"),
            ("123", "…"),
            ("", "…"),
            ("电话号码", "…码"),
            ("md5 9f86d081884c7d659a2feaa0c55ad015", "md5 9f86d0…"),
        ] {
            assert_eq!(mobile(number), masked);
        }
        assert!(is_number("+62 812-3456-6789") && is_number("1234567"));
        assert!(!is_number("7-Eleven") && !is_number("云帆 1234567") && !is_number("123456"));
        for (address, masked) in [
            ("anna@x.com", "a…@x.com"),
            ("a@x.com", "…@x.com"),
            ("a@b@x.com", "a…@x.com"),
            ("no-at-sign", "…"),
        ] {
            assert_eq!(email(address), masked);
        }
    }

    #[test]
    fn name_that_is_an_address_or_a_number_is_masked() {
        let verdict = Verdict::Ok;
        let why = String::new();
        for (name, masked) in [
            ("anna@x.com", "a…@x.com"),
            ("+62 812-3456-6789", "+62…6789"),
            ("Kopi Nusantara PT", "Kopi Nusantara PT"),
        ] {
            let judged = Judged {
                verdict,
                why: why.clone(),
            };
            let standing = Standing {
                name: Some(name.to_owned()),
                ..Standing::new("tencent", judged)
            };
            assert_eq!(
                ReportRow::new(&standing, false).name.as_deref(),
                Some(masked)
            );
            assert_eq!(ReportRow::new(&standing, true).name.as_deref(), Some(name));
        }
    }
}
