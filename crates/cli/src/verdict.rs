//! Judges a customer by a provider's response. Missing information is never a good sign.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use standing_accuauth::check::DebtsReport;
use standing_alibaba::bss::{CreditLimitStatus, GetCustomerAccountInfoOutput, HostingStatus};
use standing_core::Amount;
use standing_huawei::bss::{NewCustomerTag, TagValue};
use standing_tencent::ip::{CustomerCredit, ForceState, IdentityState};

use crate::error_object::ErrorObject;

/// A customer's standing; the worse, the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// Nothing speaks against the customer.
    Ok,
    /// The answer does not say.
    Unknown,
    /// Something will soon need attention.
    Watch,
    /// The customer is stopped or has nothing left.
    Blocked,
    /// There is no answer.
    Missing,
}

impl Verdict {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Watch => "watch",
            Self::Blocked => "blocked",
            Self::Missing => "missing",
        }
    }
}

/// A verdict and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    pub(crate) why: String,
}

impl Judged {
    /// There is no answer, because of this error.
    pub(crate) fn missing(error: &ErrorObject) -> Self {
        Self {
            verdict: Verdict::Missing,
            why: error.in_short(),
        }
    }
}

/// The worst of several findings, with the reasons of all findings that are not ok.
fn worst(mut findings: Vec<(Verdict, String)>) -> Judged {
    // Stable: reasons of equal weight stay in the order in which they were found.
    findings.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
    let verdict = findings
        .first()
        .map_or(Verdict::Unknown, |(verdict, _)| *verdict);
    let reasons = findings
        .iter()
        .filter(|(each, _)| verdict == Verdict::Ok || *each != Verdict::Ok);
    let why: Vec<_> = reasons.map(|(_, why)| why.as_str()).collect();
    Judged {
        verdict,
        why: why.join("; "),
    }
}

/// Percentages of the credit. A customer with less credit left than one of them gets the verdict
/// watch. In ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Thresholds(Vec<Decimal>);

impl Thresholds {
    /// Parses `25,10,0`. The error text repeats no value, so it can be shown.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let percent = |word: &str| {
            let percent: Decimal = word.trim().parse().ok()?;
            (Decimal::ZERO..=Decimal::ONE_HUNDRED)
                .contains(&percent)
                .then_some(percent)
        };
        let shares: Option<Vec<_>> = text.split(',').map(percent).collect();
        let mut shares = shares.ok_or("must be percentages from 0 to 100, separated by commas")?;
        shares.sort_unstable();
        Ok(Self(shares))
    }

    /// The lowest threshold above this percentage.
    fn above(&self, percent: Decimal) -> Option<Decimal> {
        self.0.iter().copied().find(|share| percent < *share)
    }
}

impl fmt::Display for Thresholds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares: Vec<_> = self
            .0
            .iter()
            .map(|share| share.normalize().to_string())
            .collect();
        f.write_str(&shares.join(","))
    }
}

/// Tencent Cloud: by the credit left, the forced stop and the identity.
///
/// `Arrears` is documented to be `-` for every customer, which has no meaning.
pub(crate) fn tencent(customer: &CustomerCredit, thresholds: &Thresholds) -> Judged {
    let mut findings = vec![credit(
        customer.credit.as_ref(),
        customer.remaining_credit.as_ref(),
        thresholds,
    )];
    match customer.force {
        // Absent in the documentation, so its absence means nothing.
        None | Some(ForceState::Normal) => {}
        Some(ForceState::Stopped) => {
            findings.push((Verdict::Blocked, "stopped by force".to_owned()))
        }
        Some(other) => {
            let why = format!("force is {other}, which is not documented");
            findings.push((Verdict::Unknown, why));
        }
    }
    // Documented to be `-` for every customer. Any other value is unknown, not good.
    match customer.arrears.as_deref().map(str::trim) {
        None | Some("" | "-") => {}
        Some(other) => {
            let why = format!("arrears mark {other} is not documented");
            findings.push((Verdict::Unknown, why));
        }
    }
    if customer.identify_type == Some(IdentityState::NotVerified) {
        findings.push((Verdict::Watch, "identity not verified".to_owned()));
    }
    worst(findings)
}

/// Huawei Cloud: by the new-customer tag, which grants discounts. The dates are not judged, because
/// an expired tag reads `N`.
pub(crate) fn huawei(tag: &NewCustomerTag) -> Judged {
    let until = tag.expire_time.as_deref().filter(|time| !time.is_empty());
    let judged = |verdict, why: String| worst(vec![(verdict, why)]);
    match &tag.new_customer_tag {
        Some(TagValue::New) => judged(
            Verdict::Ok,
            match until {
                Some(until) => format!("new-customer tag until {until}"),
                None => "new-customer tag".to_owned(),
            },
        ),
        Some(TagValue::NotNew) => judged(
            Verdict::Watch,
            match until {
                Some(until) => format!("new-customer tag ended {until}"),
                None => "no new-customer tag".to_owned(),
            },
        ),
        Some(TagValue::Undetermined) => {
            judged(Verdict::Watch, "new-customer tag undetermined".to_owned())
        }
        Some(other) if !other.as_str().is_empty() => judged(
            Verdict::Unknown,
            format!("tag {} is not documented", other.as_str()),
        ),
        _ => judged(
            Verdict::Unknown,
            "no tag reported; customers without verified identity have none".to_owned(),
        ),
    }
}

/// Alibaba Cloud: by the states of hosting and credit and the identity. The documentation spells
/// the states in several ways and gives both fields the same values.
pub(crate) fn alibaba(account: Option<&GetCustomerAccountInfoOutput>) -> Judged {
    let Some(account) = account else {
        return worst(vec![(Verdict::Unknown, "no data for this id".to_owned())]);
    };
    let state = |subject: &str, state: Option<&str>| {
        let text = state.unwrap_or_default();
        match text.to_ascii_lowercase().as_str() {
            "freeze" => (Verdict::Blocked, format!("{subject} frozen")),
            "trusteeshipcancel" => (Verdict::Watch, format!("{subject} no longer hosted")),
            "thaw" => (Verdict::Ok, format!("{subject} not frozen")),
            "trusteeship" => (Verdict::Ok, format!("{subject} hosted")),
            "" => (Verdict::Unknown, format!("{subject} not reported")),
            _ => (
                Verdict::Unknown,
                format!("{subject} {text} is not documented"),
            ),
        }
    };
    let mut findings = vec![
        state(
            "business",
            account.hosting_status.as_ref().map(HostingStatus::as_str),
        ),
        state(
            "credit",
            account
                .credit_limit_status
                .as_ref()
                .map(CreditLimitStatus::as_str),
        ),
    ];
    if account.is_certified == Some(false) {
        findings.push((Verdict::Watch, "identity not verified".to_owned()));
    }
    worst(findings)
}

/// Loans from this many platforms give the verdict watch. The rule is this program's own, not the
/// provider's.
const MANY_PLATFORMS: u64 = 10;

/// AccuAuth: by the number of platforms that gave loans.
pub(crate) fn accuauth(reports: Option<&[DebtsReport]>) -> Judged {
    let Some(reports) = reports else {
        return worst(vec![(Verdict::Unknown, "person not found".to_owned())]);
    };
    if reports.is_empty() {
        return worst(vec![(
            Verdict::Unknown,
            "person found, but no report".to_owned(),
        )]);
    }
    let findings = reports
        .iter()
        .map(|report| match report.platform_loan_total {
            None => (Verdict::Unknown, "loans not reported".to_owned()),
            Some(count) if count >= MANY_PLATFORMS => {
                (Verdict::Watch, format!("loans from {count} platforms"))
            }
            Some(count) => (Verdict::Ok, format!("loans from {count} platforms")),
        });
    worst(findings.collect())
}

fn credit(
    credit: Option<&Amount>,
    left: Option<&Amount>,
    thresholds: &Thresholds,
) -> (Verdict, String) {
    let finding = |verdict, why: &str| (verdict, why.to_owned());
    let (Some(credit), Some(left)) = (credit, left) else {
        return finding(Verdict::Unknown, "credit not reported");
    };
    let (credit, left) = (credit.decimal(), left.decimal());
    if left < Decimal::ZERO {
        return finding(Verdict::Blocked, "credit overdrawn");
    }
    if credit.is_zero() {
        return finding(Verdict::Unknown, "no credit granted");
    }
    if left.is_zero() {
        return finding(Verdict::Blocked, "credit used up");
    }
    let Some(percent) = percent(credit, left).filter(|percent| *percent > Decimal::ZERO) else {
        return finding(Verdict::Unknown, "credit figures contradict each other");
    };
    let shown = shown(percent);
    match thresholds.above(percent) {
        Some(share) => (
            Verdict::Watch,
            format!("{shown} % left, below {} %", share.normalize()),
        ),
        None => (Verdict::Ok, format!("{shown} % left")),
    }
}

/// The credit left, as a percentage of the credit.
pub(crate) fn percent(credit: Decimal, left: Decimal) -> Option<Decimal> {
    // Divide first: multiplying a large amount by 100 could overflow.
    let share = left.checked_div(credit)?;
    share.checked_mul(Decimal::ONE_HUNDRED)
}

/// A percentage as it is shown: rounded down, since 24.99 must not read as 25.
pub(crate) fn shown(percent: Decimal) -> Decimal {
    percent.trunc_with_scale(1).normalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(json: &str) -> (Verdict, String) {
        let customer: CustomerCredit = serde_json::from_str(json).unwrap();
        let judged = tencent(&customer, &Thresholds::parse("25,10,0").unwrap());
        (judged.verdict, judged.why)
    }

    #[test]
    fn tencent_customer_is_judged_by_the_credit_left() {
        for (credit, left, verdict, why) in [
            ("8000", "640.00", Verdict::Watch, "8 % left, below 10 %"),
            ("1000", "249.999", Verdict::Watch, "24.9 % left, below 25 %"),
            ("1000", "250", Verdict::Ok, "25 % left"),
            ("1000", "100", Verdict::Watch, "10 % left, below 25 %"),
            ("1000", "1500", Verdict::Ok, "150 % left"),
            ("1000", "0.0", Verdict::Blocked, "credit used up"),
            ("1000", "-0.01", Verdict::Blocked, "credit overdrawn"),
            ("0.0", "0.0", Verdict::Unknown, "no credit granted"),
            (
                "-5",
                "1",
                Verdict::Unknown,
                "credit figures contradict each other",
            ),
            ("null", "1", Verdict::Unknown, "credit not reported"),
            ("1", "null", Verdict::Unknown, "credit not reported"),
            (
                "123456789012345.67",
                "98765432109876.54",
                Verdict::Ok,
                "80 % left",
            ),
        ] {
            let json = format!(r#"{{"Credit":{credit},"RemainingCredit":{left}}}"#);
            assert_eq!(judged(&json), (verdict, why.to_owned()), "{json}");
        }
    }

    #[test]
    fn several_findings_give_the_worst_verdict_and_all_reasons() {
        let fine = r#""Credit":100,"RemainingCredit":50,"Arrears":"-""#;
        let low = r#""Credit":100,"RemainingCredit":5"#;
        for (json, verdict, why) in [
            (
                format!(r#"{{{fine},"Force":0,"IdentifyType":1}}"#),
                Verdict::Ok,
                "50 % left",
            ),
            (
                format!(r#"{{{fine},"Force":2}}"#),
                Verdict::Blocked,
                "stopped by force",
            ),
            (
                format!(r#"{{{fine},"Force":1}}"#),
                Verdict::Unknown,
                "force is 1, which is not documented",
            ),
            (
                r#"{"Credit":100,"RemainingCredit":50,"Arrears":"1"}"#.to_owned(),
                Verdict::Unknown,
                "arrears mark 1 is not documented",
            ),
            (
                format!(r#"{{{low},"Force":1}}"#),
                Verdict::Watch,
                "5 % left, below 10 %; force is 1, which is not documented",
            ),
            (
                format!(r#"{{{fine},"IdentifyType":0}}"#),
                Verdict::Watch,
                "identity not verified",
            ),
            (
                r#"{"Name":"x"}"#.to_owned(),
                Verdict::Unknown,
                "credit not reported",
            ),
        ] {
            assert_eq!(judged(&json), (verdict, why.to_owned()), "{json}");
        }
    }

    #[test]
    fn thresholds_that_are_not_percentages_are_refused() {
        assert_eq!(Thresholds::parse("10, 25,0"), Thresholds::parse("0,10,25"));
        for text in ["", "a", "10,,5", "-1", "101", "10%"] {
            assert!(Thresholds::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn person_not_found_or_without_report_is_unknown() {
        for reports in [None, Some(&[] as &[DebtsReport])] {
            let judged = accuauth(reports);
            assert_eq!(judged.verdict, Verdict::Unknown);
            assert!(!judged.why.is_empty());
        }
    }
}
