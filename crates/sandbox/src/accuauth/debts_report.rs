//! `check/debts_report`: the parameters, and the generated reports.

use md5::{Digest, Md5};
use serde_json::Value;

use super::errors::invalid_argument;
use crate::encoding::{hex, parse_form};
use crate::json::{array, object};
use crate::persona::{Persona, Verdict};
use crate::request::Request;
use crate::response::ErrorResponse;
use crate::seed::{Seed, Stream, hash};

/// The parameters from a form or from a JSON object: the provider's page does not say which one it
/// expects.
pub(super) fn parameters(request: &Request) -> Result<Vec<(String, String)>, ErrorResponse> {
    let content_type = request.header("content-type").unwrap_or_default();
    if !content_type.starts_with("application/json") {
        return Ok(parse_form(&String::from_utf8_lossy(&request.body)));
    }
    let Ok(Value::Object(members)) = serde_json::from_slice(&request.body) else {
        return Err(invalid_argument("body", "not a JSON object"));
    };
    members
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| match value {
            Value::String(value) => Ok((name, value)),
            _ => Err(invalid_argument("body", "all arguments are strings")),
        })
        .collect()
}

/// The MD5 that identifies the person, from the number or from the MD5 in the request.
pub(super) fn person_md5(parameters: &[(String, String)]) -> Result<String, ErrorResponse> {
    let parameter = |wanted: &str| {
        parameters
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    match (parameter("mobile"), parameter("mobile_md5")) {
        (None, None) => Err(invalid_argument("mobile", "not found")),
        (Some(_), Some(_)) => Err(invalid_argument(
            "mobile_md5",
            "given together with 'mobile'",
        )),
        (Some(mobile), None) => normalize(mobile)
            .map(|number| md5(&number))
            .ok_or(invalid_argument("mobile", "invalid")),
        (None, Some(md5)) => Some(md5.to_ascii_lowercase())
            .filter(|md5| md5.len() == 32 && md5.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .ok_or(invalid_argument("mobile_md5", "invalid")),
    }
}

/// The digits of a number with its country code: `+62…`, `62…`, `0…` and `8…` are the same number.
fn normalize(mobile: &str) -> Option<String> {
    let plain = mobile.strip_prefix('+').unwrap_or(mobile);
    if !(8..=15).contains(&plain.len()) || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let national = match plain.strip_prefix('0') {
        Some(national) => Some(national),
        None => plain.starts_with('8').then_some(plain),
    };
    Some(national.map_or(plain.to_owned(), |national| format!("62{national}")))
}

fn md5(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

/// The number of the customer with this index. A request may hold only its MD5, so the report
/// follows from the MD5; to get the report of the persona, the function searches a range of numbers
/// that belongs to this customer.
pub(crate) fn mobile(seed: Seed, index: u64) -> String {
    const RANGE: u64 = 1_024;
    let first = 1_000_000_000_u64.saturating_add(index.saturating_mul(RANGE));
    let number = |offset: u64| format!("628{:010}", first.saturating_add(offset) % 10_000_000_000);
    // A later customer takes the first number of its range, and the persona follows from that.
    let fixed = usize::try_from(index).is_ok_and(|index| index < Persona::ALL.len());
    let wanted = RecordShape::of(seed.persona(index));
    (0..RANGE)
        .map(number)
        .find(|number| !fixed || PersonRecord::generate(seed, &md5(number)).shape == wanted)
        .unwrap_or_else(|| number(0))
}

/// The customer's persona, which follows from the report of its number.
pub(crate) fn persona(seed: Seed, index: u64) -> Persona {
    let persona = seed.persona(index);
    let shape = PersonRecord::generate(seed, &md5(&mobile(seed, index))).shape;
    if RecordShape::of(persona) == shape {
        persona
    } else {
        shape.persona()
    }
}

/// What a reader should conclude from the report.
pub(crate) fn verdict(persona: Persona) -> Verdict {
    match persona {
        Persona::NoRecord | Persona::Nulls => Verdict::Unknown,
        Persona::Arrears | Persona::HugeNumbers => Verdict::Watch,
        _ => Verdict::Ok,
    }
}

/// The kind of a person's report. About half of all persons have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RecordShape {
    NotHit,
    Few,
    Many,
    Huge,
    Plain,
    Tiny,
    Nulls,
}

impl RecordShape {
    fn of(persona: Persona) -> Self {
        match persona {
            Persona::NoRecord => Self::NotHit,
            Persona::Arrears => Self::Many,
            Persona::HugeNumbers => Self::Huge,
            Persona::PlainAmounts => Self::Plain,
            Persona::TinyAmounts => Self::Tiny,
            Persona::Nulls => Self::Nulls,
            _ => Self::Few,
        }
    }

    fn persona(self) -> Persona {
        match self {
            Self::NotHit => Persona::NoRecord,
            Self::Few => Persona::Clean,
            Self::Many => Persona::Arrears,
            Self::Huge => Persona::HugeNumbers,
            Self::Plain => Persona::PlainAmounts,
            Self::Tiny => Persona::TinyAmounts,
            Self::Nulls => Persona::Nulls,
        }
    }
}

/// A person's report before it is written: drawn from the seed and the person's MD5.
#[derive(Clone, Copy, Debug)]
pub(super) struct PersonRecord {
    shape: RecordShape,
    random: u64,
}

impl PersonRecord {
    pub(super) fn generate(seed: Seed, person: &str) -> Self {
        let word = seed.draw(Stream::Report, hash(person.as_bytes()));
        let shape = match word % 32 {
            0..16 => RecordShape::NotHit,
            16..27 => RecordShape::Few,
            27 => RecordShape::Many,
            28 => RecordShape::Huge,
            29 => RecordShape::Plain,
            30 => RecordShape::Tiny,
            _ => RecordShape::Nulls,
        };
        Self {
            shape,
            random: word >> 8,
        }
    }

    /// The `result` of the response; `None` for a person without a report.
    ///
    /// The provider's page contradicts itself, so all forms occur: an object or an array of one
    /// object, and keys with a trailing blank, as in the sample, or without.
    pub(super) fn to_json(self, seed: Seed) -> Option<String> {
        /// Each key, and whether the sample has a trailing blank in it.
        const KEYS: [(&str, bool); 16] = [
            ("reg_total_num", false),
            ("apply_total_num", true),
            ("approved_total_num", true),
            ("reject_total_num", true),
            ("loan_total_num", true),
            ("apply_amount_min", true),
            ("apply_amount_max", true),
            ("apply_amount_avg", true),
            ("loan_amount_min", true),
            ("loan_amount_max", true),
            ("loan_amount_avg", true),
            ("platform_reg_total", true),
            ("platform_apply_total", false),
            ("platform_approved_total", true),
            ("platform_reject_total", true),
            ("platform_loan_total", true),
        ];
        let (in_array, blanks) = (self.random & 3 == 0, self.random >> 2 & 1 == 0);
        let scale = match self.shape {
            RecordShape::NotHit => return None,
            RecordShape::Many => 10,
            _ => 1,
        };
        let members = KEYS.iter().zip(0..).map(|((name, blank), position)| {
            let word = seed.draw(Stream::Report, self.random ^ position << 56);
            // Ensures minimum < average < maximum.
            let step = match name.rsplit_once('_') {
                Some((_, "min")) => Some(1 + self.random % 3),
                Some((_, "avg")) => Some(4 + self.random % 3),
                Some((_, "max")) => Some(7 + self.random % 3),
                _ => None,
            };
            let value = match (self.shape, step) {
                (RecordShape::Nulls, _) => "null".to_owned(),
                (RecordShape::Huge, Some(step)) => format!("123456789012345{step}.67"),
                (RecordShape::Huge, None) => (9_007_199_254_740_993 + word % 100).to_string(),
                (RecordShape::Plain, Some(step)) => format!("{step}2.50"),
                (RecordShape::Tiny, Some(step)) => format!("0.{step}"),
                (_, Some(step)) => (step * 1_000).to_string(),
                (_, None) => (scale * (1 + word % 9)).to_string(),
            };
            (
                format!("{name}{}", if blanks && *blank { " " } else { "" }),
                value,
            )
        });
        let report = object(members);
        Some(if in_array { array([report]) } else { report })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_in_any_spelling_and_its_md5_identify_the_same_person() {
        let person =
            |name: &str, value: &str| person_md5(&[(name.to_owned(), value.to_owned())]).unwrap();
        let expected = person("mobile", "628123456789");
        for mobile in ["+628123456789", "08123456789", "8123456789"] {
            assert_eq!(person("mobile", mobile), expected);
        }
        assert_eq!(person("mobile_md5", &expected), expected);
        assert_eq!(person("mobile_md5", &expected.to_uppercase()), expected);
        // RFC 1321.
        assert_eq!(md5("abc"), "900150983cd24fb0d6963f7d28e17f72");
    }

    #[test]
    fn about_half_of_all_numbers_are_not_hit() {
        let seed = Seed(7);
        let missing = (0..10_000)
            .filter(|number| {
                PersonRecord::generate(seed, &md5(&format!("62812{number:08}"))).shape
                    == RecordShape::NotHit
            })
            .count();
        assert!((4_800..5_200).contains(&missing), "{missing}");
        let missing = (0..1_000)
            .filter(|index| persona(seed, *index) == Persona::NoRecord)
            .count();
        assert!((400..600).contains(&missing), "{missing}");
    }

    #[test]
    fn first_customers_have_every_persona_for_any_seed() {
        for seed in 0..20 {
            for (index, expected) in (0..).zip(Persona::ALL) {
                assert_eq!(persona(Seed(seed), index), expected, "seed {seed}");
            }
        }
    }

    #[test]
    fn reports_occur_in_every_form() {
        let seed = Seed(7);
        let reports: Vec<String> = (0..500)
            .filter_map(|number| {
                PersonRecord::generate(seed, &md5(&number.to_string())).to_json(seed)
            })
            .collect();
        let count = |part: &str| {
            reports
                .iter()
                .filter(|report| report.contains(part))
                .count()
        };
        assert!(count("[{") > 20 && count("[{") < reports.len());
        assert!(count(r#""loan_total_num ""#) > 20 && count(r#""loan_total_num""#) > 20);
        assert_eq!(count(r#""reg_total_num":"#), reports.len());
        assert!(
            count("null") > 0
                && count(".50") > 0
                && count(":0.") > 0
                && count("123456789012345") > 0
        );
    }
}
