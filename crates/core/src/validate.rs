//! Checks the limits of request fields. Reports every violation and no value.

use std::fmt;
use std::ops::{Bound, RangeBounds};

/// A request that violates limits. It was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRequest {
    violations: Vec<Violation>,
}

impl InvalidRequest {
    pub(crate) fn one(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            violations: vec![Violation {
                field: field.into(),
                problem: problem.into(),
            }],
        }
    }

    /// Removes the violations of a field as a whole. Returns `None` if no other is left.
    pub(crate) fn without(mut self, field: &str) -> Option<Self> {
        self.violations.retain(|violation| violation.field != field);
        (!self.violations.is_empty()).then_some(self)
    }

    /// All violations.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.violations.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{violation}")?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidRequest {}

/// A violated limit: the field by the provider's name, and the problem. Contains no value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The field with its path, such as `Tags[3].Key`.
    pub field: String,
    /// The problem.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.problem)
    }
}

/// A documented format of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// 32 hexadecimal digits.
    Md5,
    /// A telephone number of any country: 7 to 15 ASCII digits (E.164 allows 15), optionally after `+`,
    /// with spaces, `-`, `.` and round brackets between them.
    Phone,
}

impl Format {
    fn matches(self, text: &str) -> bool {
        match self {
            Self::Md5 => text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            Self::Phone => {
                let number = text.strip_prefix('+').unwrap_or(text);
                let digits = number.bytes().filter(u8::is_ascii_digit).count();
                (7..=15).contains(&digits)
                    && number
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || b" -.()".contains(&byte))
            }
        }
    }

    const fn problem(self) -> &'static str {
        match self {
            Self::Md5 => "must be 32 hexadecimal digits",
            Self::Phone => "must be a telephone number of 7 to 15 digits",
        }
    }
}

/// Collects the violations of a request.
#[derive(Debug, Default)]
#[must_use]
pub struct Violations {
    within: String,
    found: Vec<Violation>,
}

impl Violations {
    /// Creates an empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    fn add(&mut self, field: &str, problem: impl Into<String>) {
        self.found.push(Violation {
            field: format!("{}{field}", self.within),
            problem: problem.into(),
        });
    }

    /// Requires a field.
    pub fn required(mut self, field: &str, present: bool) -> Self {
        if !present {
            self.add(field, "is required");
        }
        self
    }

    /// Requires a number to be within `limits`.
    pub fn range<T: PartialOrd + fmt::Display>(
        mut self,
        field: &str,
        value: Option<&T>,
        limits: impl RangeBounds<T>,
    ) -> Self {
        if value.is_some_and(|value| !limits.contains(value)) {
            self.add(field, format!("must be {}", described(&limits, "")));
        }
        self
    }

    /// Requires every number of a list to be within `limits`.
    pub fn each_range<T: PartialOrd + fmt::Display>(
        mut self,
        field: &str,
        values: &[T],
        limits: impl RangeBounds<T>,
    ) -> Self {
        for (index, value) in values.iter().enumerate() {
            if !limits.contains(value) {
                self.add(
                    &format!("{field}[{index}]"),
                    format!("must be {}", described(&limits, "")),
                );
            }
        }
        self
    }

    /// Requires the length of a text, in characters, to be within `limits`. A text that must not be empty
    /// must not be blank either.
    pub fn length(
        mut self,
        field: &str,
        value: Option<&str>,
        limits: impl RangeBounds<usize>,
    ) -> Self {
        if let Some(problem) = value.and_then(|value| length_problem(value, &limits)) {
            self.add(field, problem);
        }
        self
    }

    /// Requires the length of every text of a list to be within `limits`, as [`length`](Self::length).
    pub fn each_length(
        mut self,
        field: &str,
        values: &[impl AsRef<str>],
        limits: impl RangeBounds<usize>,
    ) -> Self {
        for (index, value) in values.iter().enumerate() {
            if let Some(problem) = length_problem(value.as_ref(), &limits) {
                self.add(&format!("{field}[{index}]"), problem);
            }
        }
        self
    }

    /// Requires a text to have a documented format.
    pub fn format(mut self, field: &str, value: Option<&str>, format: Format) -> Self {
        if value.is_some_and(|text| !format.matches(text)) {
            self.add(field, format.problem());
        }
        self
    }

    /// Requires the number of items of a list, if present, to be within `limits`.
    pub fn items(
        mut self,
        field: &str,
        count: impl Into<Option<usize>>,
        limits: impl RangeBounds<usize>,
    ) -> Self {
        if let Some(count) = count.into().filter(|count| !limits.contains(count)) {
            self.add(
                field,
                format!("must have {}, has {count}", described(&limits, " items")),
            );
        }
        self
    }

    /// Requires a list to ask for no more items than a page has: `size`, the value of `size_field`, which
    /// can be set to at most `max`.
    pub fn fits(
        mut self,
        field: &str,
        count: impl Into<Option<usize>>,
        size_field: &str,
        size: u64,
        max: impl Into<Option<u64>>,
    ) -> Self {
        let count = count.into().map(|count| count as u64);
        if let Some(count) = count.filter(|count| *count > size) {
            let remedy = match max.into() {
                Some(max) if count > max => format!("give at most {max} items at a time"),
                Some(max) => format!("set `{size_field}` to at least {count} (at most {max})"),
                None => format!("set `{size_field}` to at least {count}"),
            };
            self.add(
                field,
                format!(
                    "has {count} items, and {size_field} lets only {size} of them be answered: {remedy}"
                ),
            );
        }
        self
    }

    /// Requires at least one of the fields.
    pub fn any_of(mut self, fields: &[(&str, bool)]) -> Self {
        if !fields.iter().any(|(_, present)| *present) {
            self.add(&names(fields), "must not all be missing");
        }
        self
    }

    /// Requires exactly one of the fields.
    pub fn one_of(mut self, fields: &[(&str, bool)]) -> Self {
        match fields.iter().filter(|(_, present)| *present).count() {
            0 => self.add(&names(fields), "are all missing, exactly one is needed"),
            1 => {}
            _ => self.add(&names(fields), "exclude each other, exactly one is needed"),
        }
        self
    }

    /// Requires all of the fields or none.
    pub fn together(mut self, fields: &[(&str, bool)]) -> Self {
        let present = fields.iter().filter(|(_, present)| *present).count();
        if present != 0 && present != fields.len() {
            self.add(&names(fields), "must be given together");
        }
        self
    }

    /// Checks the object in a field, if present.
    pub fn within<T>(
        self,
        field: &str,
        value: Option<&T>,
        check: impl FnOnce(&T, Self) -> Self,
    ) -> Self {
        match value {
            Some(value) => self.nested(format!("{field}."), |violations| check(value, violations)),
            None => self,
        }
    }

    /// Checks every object of a list.
    pub fn within_each<T>(
        self,
        field: &str,
        values: &[T],
        check: impl Fn(&T, Self) -> Self,
    ) -> Self {
        values
            .iter()
            .enumerate()
            .fold(self, |violations, (index, value)| {
                violations.nested(format!("{field}[{index}]."), |violations| {
                    check(value, violations)
                })
            })
    }

    fn nested(mut self, step: String, check: impl FnOnce(Self) -> Self) -> Self {
        let outer = self.within.len();
        self.within.push_str(&step);
        let mut checked = check(self);
        checked.within.truncate(outer);
        checked
    }

    /// Returns the result of all checks.
    ///
    /// # Errors
    ///
    /// All violations, if there are any.
    pub fn finish(self) -> Result<(), InvalidRequest> {
        if self.found.is_empty() {
            return Ok(());
        }
        Err(InvalidRequest {
            violations: self.found,
        })
    }
}

fn length_problem(value: &str, limits: &impl RangeBounds<usize>) -> Option<String> {
    if !limits.contains(&value.chars().count()) {
        return Some(format!("must have {}", described(limits, " characters")));
    }
    (value.trim().is_empty() && !limits.contains(&0)).then(|| "must not be blank".to_owned())
}

fn names(fields: &[(&str, bool)]) -> String {
    fields
        .iter()
        .map(|(name, _)| *name)
        .collect::<Vec<_>>()
        .join(", ")
}

fn described<T: fmt::Display>(limits: &impl RangeBounds<T>, unit: &str) -> String {
    let low = match limits.start_bound() {
        Bound::Included(low) => Some(format!("at least {low}")),
        Bound::Excluded(low) => Some(format!("more than {low}")),
        Bound::Unbounded => None,
    };
    let high = match limits.end_bound() {
        Bound::Included(high) => Some(format!("at most {high}")),
        Bound::Excluded(high) => Some(format!("less than {high}")),
        Bound::Unbounded => None,
    };
    match (limits.start_bound(), limits.end_bound()) {
        (Bound::Included(low), Bound::Included(high)) => format!("{low} to {high}{unit}"),
        _ => match (low, high) {
            (Some(low), Some(high)) => format!("{low} and {high}{unit}"),
            (Some(bound), None) | (None, Some(bound)) => format!("{bound}{unit}"),
            (None, None) => "anything".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(violations: Violations) -> String {
        violations
            .finish()
            .map_or_else(|invalid| invalid.to_string(), |()| String::new())
    }

    #[test]
    fn all_violations_are_reported_without_values() {
        let message = text(
            Violations::new()
                .required("Name", false)
                .range("Page", Some(&0_u64), 1..)
                .length("Id", Some("secret-value"), ..=4)
                .items("ids", 201, ..=200)
                .items("left_out", None, 1..)
                .each_length("ids", &["", "x"], 1..=64)
                .format("mobile_md5", Some("secret-value"), Format::Md5)
                .within_each("Tags", &[(), ()], |(), violations| {
                    violations.required("Key", false)
                }),
        );
        assert_eq!(
            message,
            "Name is required; Page must be at least 1; Id must have at most 4 characters; \
             ids must have at most 200 items, has 201; ids[0] must have 1 to 64 characters; \
             mobile_md5 must be 32 hexadecimal digits; Tags[0].Key is required; Tags[1].Key is required"
        );
    }

    #[test]
    fn excluded_bound_is_described_as_excluded() {
        let range =
            |limits: (Bound<u64>, Bound<u64>)| text(Violations::new().range("n", Some(&9), limits));
        use Bound::{Excluded, Included, Unbounded};
        for (low, high, want) in [
            (Included(1), Included(5), "n must be 1 to 5"),
            (
                Included(1),
                Excluded(5),
                "n must be at least 1 and less than 5",
            ),
            (
                Excluded(9),
                Included(20),
                "n must be more than 9 and at most 20",
            ),
            (
                Excluded(9),
                Excluded(20),
                "n must be more than 9 and less than 20",
            ),
            (Excluded(9), Unbounded, "n must be more than 9"),
            (Unbounded, Excluded(9), "n must be less than 9"),
            (Unbounded, Included(8), "n must be at most 8"),
        ] {
            assert_eq!(range((low, high)), want);
        }
        assert_eq!(
            text(Violations::new().items("ids", 5, 1..5)),
            "ids must have at least 1 and less than 5 items, has 5"
        );
    }

    #[test]
    fn field_groups_report_too_few_and_too_many_fields() {
        let both = [("a", true), ("b", true)];
        let none = [("a", false), ("b", false)];
        let one = [("a", true), ("b", false)];
        assert!(
            Violations::new()
                .one_of(&one)
                .any_of(&both)
                .together(&both)
                .together(&none)
                .finish()
                .is_ok()
        );
        assert_eq!(
            text(Violations::new().one_of(&none)),
            "a, b are all missing, exactly one is needed"
        );
        assert_eq!(
            text(Violations::new().one_of(&both)),
            "a, b exclude each other, exactly one is needed"
        );
        assert_eq!(
            text(Violations::new().any_of(&none)),
            "a, b must not all be missing"
        );
        assert_eq!(
            text(Violations::new().together(&one)),
            "a, b must be given together"
        );
    }

    #[test]
    fn length_counts_characters_and_refuses_blank_text() {
        assert_eq!(text(Violations::new().length("f", Some("云帆"), 1..=2)), "");
        assert_eq!(
            text(Violations::new().length("f", Some("  "), 1..)),
            "f must not be blank"
        );
        assert_eq!(text(Violations::new().length("f", Some(""), ..=3)), "");
    }

    #[test]
    fn list_longer_than_a_page_is_refused_with_a_remedy() {
        assert_eq!(
            text(
                Violations::new()
                    .fits("ids", 10, "limit", 10, 20)
                    .fits("ids", None, "limit", 0, None)
            ),
            ""
        );
        for (count, max, remedy) in [
            (11, Some(20), "set `limit` to at least 11 (at most 20)"),
            (11, None, "set `limit` to at least 11"),
            (21, Some(20), "give at most 20 items at a time"),
        ] {
            assert_eq!(
                text(Violations::new().fits("ids", count, "limit", 10, max)),
                format!(
                    "ids has {count} items, and limit lets only 10 of them be answered: {remedy}"
                )
            );
        }
    }

    #[test]
    fn text_that_is_not_a_telephone_number_is_refused() {
        let check = |number| text(Violations::new().format("mobile", Some(number), Format::Phone));
        for number in [
            "+62 812-0000-0001",
            "081200000001",
            "+91 (98765) 43.210",
            "1234567",
        ] {
            assert_eq!(check(number), "", "{number}");
        }
        for number in [
            "",
            "-",
            "NULL",
            "n/a",
            "6.28E+11",
            "123456",
            "1234567890123456",
            "62812000000x",
            "62+812000000",
            "\u{ff10}\u{ff18}12000000",
            "0812000000\0",
            "0812000000\n",
        ] {
            assert_eq!(
                check(number),
                "mobile must be a telephone number of 7 to 15 digits",
                "{number:?}"
            );
        }
    }
}
