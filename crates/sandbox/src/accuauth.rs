//! AccuAuth: two static headers and `check/debts_report`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use md5::{Digest, Md5};
use serde_json::Value;

use crate::desk::{Answer, Desk, Failure, House, Instead, Moment, Request, Window, form};
use crate::digest::{hex, same};
use crate::fault::Subject;
use crate::json::{array, object, text};
use crate::log::OK;
use crate::people::{Persona, Seed, Use, Verdict, fold};
use crate::{Key, Provider};

const PATH: &str = "/check/debts_report";
const OPERATION: &str = "CheckDebtsReport";

#[derive(Debug)]
pub(crate) struct AccuAuth {
    house: Arc<House>,
    keys: Vec<Key>,
    /// The provider publishes no rate, so there is none unless it is set.
    window: Option<Window>,
    /// How many look-ups are left.
    quota: AtomicU64,
}

impl AccuAuth {
    pub(crate) fn new(house: Arc<House>, keys: Vec<Key>, rate: Option<u32>, quota: u64) -> Self {
        Self {
            house,
            keys,
            window: rate.map(Window::new),
            quota: AtomicU64::new(quota),
        }
    }

    fn run(&self, request: &Request, moment: &Moment) -> Result<String, Failure> {
        if request.method != "POST" || request.route(&self.house) != Some(PATH) {
            return Err(failure("NOT_FOUND", "requested API cannot be found").refused());
        }
        self.authenticate(request)?;
        let too_fast = || failure("RATE_LIMIT_EXCEEDED", "request frequency exceeds the limit");
        match &moment.instead {
            Some(Instead::Throttle(wait)) => return Err(too_fast().retryable(*wait)),
            Some(Instead::Code(code, status)) => {
                return Err(Failure::injected(status.unwrap_or(status_of(code)), code));
            }
            None => {}
        }
        if moment.limited
            && let Some(window) = &self.window
            && window.enter(moment.now).is_err()
        {
            return Err(too_fast().retryable(None));
        }
        let person = person(&parameters(request)?)?;
        // A look-up that finds nobody costs as much as one that does.
        let spend = |left: u64| left.checked_sub(1);
        self.quota
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend)
            .map_err(|_| failure("OUT_OF_QUOTA", "API calls quota exceeded"))?;
        let decision = Decision::of(self.house.seed, &person);
        decision
            .report(self.house.seed)
            .ok_or(failure("NOT_HIT", "target is not hit"))
    }

    fn authenticate(&self, request: &Request) -> Result<(), Failure> {
        let id = request.header("x-df-api-id").unwrap_or_default();
        let secret = request.header("x-df-api-secret").unwrap_or_default();
        self.keys
            .iter()
            .find(|key| key.id == id)
            .filter(|key| same(key.secret.as_bytes(), secret.as_bytes()))
            .map(|_| ())
            .ok_or(failure("UNAUTHORIZED", "unauthorized or access is denied").refused())
    }
}

impl Desk for AccuAuth {
    fn subject(&self, request: &Request) -> Subject {
        let known = request.route(&self.house) == Some(PATH);
        Subject {
            provider: Provider::AccuAuth,
            service: "check",
            operation: if known { OPERATION } else { "unknown" },
            page: 1,
            logical: request.logical(""),
        }
    }

    fn answer(&self, request: &Request, moment: &Moment) -> Answer {
        let id = self
            .house
            .seed
            .uuid(Use::RequestId, moment.id)
            .replace('-', "");
        let id = ("request_id", text(&format!("TID{id}")));
        let mut headers = vec![("content-type", "application/json".to_owned())];
        match self.run(request, moment) {
            Ok(result) => {
                let body = object([("status", text("OK")), ("result", result), id]);
                Answer::new(Failure::new(200, OK, ""), headers, body)
            }
            Err(failure) => {
                headers.extend(
                    failure
                        .wait
                        .map(|wait| ("retry-after", wait.as_secs().to_string())),
                );
                let body = object([
                    ("status", text(&failure.code)),
                    ("reason", text(&failure.message)),
                    id,
                ]);
                Answer::new(failure, headers, body)
            }
        }
    }
}

fn failure(code: &'static str, reason: &'static str) -> Failure {
    Failure::new(status_of(code), code, reason)
}

fn invalid(argument: &str, why: &str) -> Failure {
    Failure::new(
        400,
        "INVALID_ARGUMENT",
        format!("argument '{argument}': {why}"),
    )
}

/// The HTTP status that a code comes with.
fn status_of(code: &str) -> u16 {
    match code {
        "UNAUTHORIZED" | "KEY_EXPIRED" => 401,
        "NO_PERMISSION" | "OUT_OF_QUOTA" | "RATE_LIMIT_EXCEEDED" => 403,
        "NOT_FOUND" => 404,
        "INTERNAL_ERROR" => 500,
        "SOURCE_SERVICE_UNAVAILABLE" => 512,
        "SOURCE_SERVICE_TIMEOUT" => 513,
        _ => 400,
    }
}

/// The fields of a form or of a JSON object: the provider does not say which it wants.
fn parameters(request: &Request) -> Result<Vec<(String, String)>, Failure> {
    let kind = request.header("content-type").unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Ok(form(&String::from_utf8_lossy(&request.body)));
    }
    let Ok(Value::Object(members)) = serde_json::from_slice(&request.body) else {
        return Err(invalid("body", "not a JSON object"));
    };
    members
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| match value {
            Value::String(value) => Ok((name, value)),
            _ => Err(invalid("body", "all arguments are strings")),
        })
        .collect()
}

/// The MD5 that stands for the person, asked for by number or by the MD5 itself.
fn person(parameters: &[(String, String)]) -> Result<String, Failure> {
    let given = |wanted: &str| {
        parameters
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    match (given("mobile"), given("mobile_md5")) {
        (None, None) => Err(invalid("mobile", "not found")),
        (Some(_), Some(_)) => Err(invalid("mobile_md5", "given together with 'mobile'")),
        (Some(mobile), None) => digits(mobile)
            .map(|digits| md5(&digits))
            .ok_or(invalid("mobile", "invalid")),
        (None, Some(md5)) => Some(md5.to_ascii_lowercase())
            .filter(|md5| md5.len() == 32 && md5.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .ok_or(invalid("mobile_md5", "invalid")),
    }
}

/// A number with its country code and nothing else: `+62…`, `62…`, `0…` and `8…` mean the same.
fn digits(mobile: &str) -> Option<String> {
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

/// The number of the customer with this index. Numbers are tried from a range of the customer's own until the answer for
/// its MD5 suits the persona, for the answer must be the same for the MD5 alone.
pub(crate) fn mobile(seed: Seed, index: u64) -> String {
    const RANGE: u64 = 1_024;
    let first = 1_000_000_000_u64.saturating_add(index.saturating_mul(RANGE));
    let number = |offset: u64| format!("628{:010}", first.saturating_add(offset) % 10_000_000_000);
    // Beyond the personas a number has whatever answer it has.
    let fixed = usize::try_from(index).is_ok_and(|index| index < Persona::ALL.len());
    let wanted = Shape::of(seed.persona(index));
    (0..RANGE)
        .map(number)
        .find(|number| !fixed || Decision::of(seed, &md5(number)).shape == wanted)
        .unwrap_or_else(|| number(0))
}

/// What the answer for a customer is like: that of its number.
pub(crate) fn persona(seed: Seed, index: u64) -> Persona {
    let persona = seed.persona(index);
    let shape = Decision::of(seed, &md5(&mobile(seed, index))).shape;
    if Shape::of(persona) == shape {
        persona
    } else {
        shape.persona()
    }
}

/// What a reader should make of the report.
pub(crate) fn verdict(persona: Persona) -> Verdict {
    match persona {
        Persona::NoRecord | Persona::Nulls => Verdict::Unknown,
        // More platforms than there can be are more than a few.
        Persona::Arrears | Persona::HugeNumbers => Verdict::Watch,
        _ => Verdict::Ok,
    }
}

/// What the sandbox knows about a person: about half of them nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    NotHit,
    Few,
    Many,
    Huge,
    Plain,
    Tiny,
    Nulls,
}

impl Shape {
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

/// All that the answer depends on, drawn from the seed and the person's MD5.
#[derive(Clone, Copy, Debug)]
struct Decision {
    shape: Shape,
    word: u64,
}

impl Decision {
    fn of(seed: Seed, person: &str) -> Self {
        let word = seed.draw(Use::Report, fold(person.as_bytes()));
        let shape = match word % 32 {
            0..16 => Shape::NotHit,
            16..27 => Shape::Few,
            27 => Shape::Many,
            28 => Shape::Huge,
            29 => Shape::Plain,
            30 => Shape::Tiny,
            _ => Shape::Nulls,
        };
        Self {
            shape,
            word: word >> 8,
        }
    }

    /// `result`, in one of the dialects that the page contradicts itself with: an object or an array of one, and keys that
    /// end in a blank as in the sample or do not.
    fn report(self, seed: Seed) -> Option<String> {
        /// Counts first, then amounts; two keys of the sample end in no blank.
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
        let (in_array, blanks) = (self.word & 3 == 0, self.word >> 2 & 1 == 0);
        let scale = match self.shape {
            Shape::NotHit => return None,
            Shape::Many => 10,
            _ => 1,
        };
        let members = KEYS.iter().zip(0..).map(|((name, blank), place)| {
            let word = seed.draw(Use::Report, self.word ^ place << 56);
            // Least, average and most stay in this order.
            let step = match name.rsplit_once('_') {
                Some((_, "min")) => Some(1 + self.word % 3),
                Some((_, "avg")) => Some(4 + self.word % 3),
                Some((_, "max")) => Some(7 + self.word % 3),
                _ => None,
            };
            let value = match (self.shape, step) {
                (Shape::Nulls, _) => "null".to_owned(),
                (Shape::Huge, Some(step)) => format!("123456789012345{step}.67"),
                (Shape::Huge, None) => (9_007_199_254_740_993 + word % 100).to_string(),
                (Shape::Plain, Some(step)) => format!("{step}2.50"),
                (Shape::Tiny, Some(step)) => format!("0.{step}"),
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
    fn all_spellings_of_a_number_are_one_person() {
        let person = |name: &str, value: &str| {
            super::person(&[(name.to_owned(), value.to_owned())]).unwrap()
        };
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
    fn about_half_are_not_hit() {
        let seed = Seed(7);
        let missing = (0..10_000)
            .filter(|number| {
                Decision::of(seed, &md5(&format!("62812{number:08}"))).shape == Shape::NotHit
            })
            .count();
        assert!((4_800..5_200).contains(&missing), "{missing}");
        let missing = (0..1_000)
            .filter(|index| persona(seed, *index) == Persona::NoRecord)
            .count();
        assert!((400..600).contains(&missing), "{missing}");
    }

    #[test]
    fn the_personas_are_where_they_belong() {
        for seed in 0..20 {
            for (index, expected) in (0..).zip(Persona::ALL) {
                assert_eq!(persona(Seed(seed), index), expected, "seed {seed}");
            }
        }
    }

    #[test]
    fn all_dialects_occur() {
        let seed = Seed(7);
        let reports: Vec<String> = (0..500)
            .filter_map(|number| Decision::of(seed, &md5(&number.to_string())).report(seed))
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
