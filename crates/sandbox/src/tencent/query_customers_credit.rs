//! `QueryCustomersCredit` of both products.

use time::OffsetDateTime;

use super::errors::{error, invalid_parameter, invalid_value};
use super::parameters::Parameters;
use super::product::Product;
use crate::customer::masked_email;
use crate::json::{array, object, string};
use crate::persona::{Persona, Verdict};
use crate::response::ErrorResponse;
use crate::seed::{Seed, Stream};

/// **Assumption:** The provider documents neither a default nor a maximum of `PageSize`.
const PAGE_SIZE: i64 = 10;
const MAX_PAGE_SIZE: i64 = 1_000;

/// The parameters of `QueryCustomersCredit`.
#[derive(Debug)]
pub(super) struct Query {
    filter: Option<Filter>,
    offset: u64,
    limit: u64,
    ascending: bool,
}

/// **Assumption:** An id matches exactly, a text in any part.
#[derive(Debug)]
enum Filter {
    Uin(String),
    Name(String),
    Remark(String),
    Email(String),
}

impl Query {
    pub(super) fn parse(parameters: &Parameters, product: &Product) -> Result<Self, ErrorResponse> {
        let (mut page, mut size, mut ascending) = (1, PAGE_SIZE, false);
        let (mut filter_type, mut filter) = (String::new(), String::new());
        for (name, value) in parameters.set() {
            let mistyped =
                || invalid_parameter(format!("The type of the parameter `{name}` is wrong."));
            match name {
                "Page" => page = value.int().ok_or_else(mistyped)?,
                "PageSize" => size = value.int().ok_or_else(mistyped)?,
                "FilterType" => value
                    .text()
                    .ok_or_else(mistyped)?
                    .clone_into(&mut filter_type),
                "Filter" => value.text().ok_or_else(mistyped)?.clone_into(&mut filter),
                "Order" => {
                    ascending = match value.text().ok_or_else(mistyped)? {
                        "asc" => true,
                        "desc" | "" => false,
                        _ => return Err(invalid_value("Order must be `asc` or `desc`.")),
                    }
                }
                _ => {
                    return Err(error(
                        "UnknownParameter",
                        format!("The parameter `{name}` is not recognized."),
                    ));
                }
            }
        }
        let page = u64::try_from(page).ok().filter(|page| *page > 0);
        let page = page.ok_or(error(product.bad_page, "Page must be at least 1."))?;
        if !(1..=MAX_PAGE_SIZE).contains(&size) {
            return Err(invalid_value(format!(
                "PageSize must be from 1 to {MAX_PAGE_SIZE}."
            )));
        }
        let limit = size.unsigned_abs();
        let filter = Filter::parse(&filter_type, filter, product)?;
        Ok(Self {
            filter,
            offset: (page - 1).saturating_mul(limit),
            limit,
            ascending,
        })
    }

    /// The members of the response.
    pub(super) fn execute(&self, seed: Seed, customers: u64, product: &Product) -> String {
        let index_at = |rank: u64| {
            if self.ascending {
                rank
            } else {
                customers - 1 - rank
            }
        };
        let mut total = 0;
        let mut rows = Vec::new();
        let mut take = |index| {
            if (self.offset..self.offset.saturating_add(self.limit)).contains(&total) {
                rows.push(render_row(seed, index));
            }
            total += 1;
        };
        match &self.filter {
            None => {
                let last = self.offset.saturating_add(self.limit).min(customers);
                rows.extend(
                    (self.offset.min(last)..last).map(|rank| render_row(seed, index_at(rank))),
                );
                total = customers;
            }
            Some(Filter::Uin(id)) => {
                if let Some(index) = index_of(seed, id).filter(|index| *index < customers) {
                    take(index);
                }
            }
            Some(filter) => (0..customers)
                .map(index_at)
                .filter(|index| filter.matches(seed, *index))
                .for_each(take),
        }
        let data = if rows.is_empty() && product.empty_is_null {
            "null".to_owned()
        } else {
            array(rows)
        };
        format!("\"Data\":{data},\"Total\":{total}")
    }
}

impl Filter {
    /// **Assumption:** `FilterType` and `Filter` must be set together.
    fn parse(
        filter_type: &str,
        filter: String,
        product: &Product,
    ) -> Result<Option<Self>, ErrorResponse> {
        if filter_type.is_empty() && filter.is_empty() {
            return Ok(None);
        }
        if filter_type.is_empty() || filter.is_empty() {
            return Err(invalid_value("FilterType and Filter belong together."));
        }
        if !product.filter_types.contains(&filter_type) {
            let known = product.filter_types.join(", ");
            return Err(invalid_value(format!("FilterType must be one of {known}.")));
        }
        Ok(Some(match filter_type {
            "Name" => Self::Name(filter),
            "Remark" => Self::Remark(filter),
            "Email" => Self::Email(filter),
            _ => Self::Uin(filter),
        }))
    }

    fn matches(&self, seed: Seed, index: u64) -> bool {
        let nulls = seed.persona(index) == Persona::Nulls;
        match self {
            Self::Uin(id) => *id == uin(seed, index).to_string(),
            Self::Name(part) => !nulls && seed.name(index).contains(part),
            Self::Remark(part) => !nulls && remark(seed, index).contains(part),
            Self::Email(part) => !nulls && email(seed, index).contains(part),
        }
    }
}

/// The difference between the ids of two successive customers.
const UIN_STEP: u64 = 7;

fn first_uin(seed: Seed) -> u64 {
    200_000_000_000 + seed.draw(Stream::Ids, 0) % 10_000_000_000
}

/// The customer's id: twelve digits.
pub(crate) fn uin(seed: Seed, index: u64) -> u64 {
    first_uin(seed).saturating_add(index.saturating_mul(UIN_STEP))
}

/// The index of the customer with this id.
fn index_of(seed: Seed, uin: &str) -> Option<u64> {
    let after = uin.parse::<u64>().ok()?.checked_sub(first_uin(seed))?;
    (after % UIN_STEP == 0).then_some(after / UIN_STEP)
}

/// What a reader should conclude from the customer's credit.
pub(crate) fn verdict(persona: Persona) -> Verdict {
    match persona {
        Persona::CreditLow24 | Persona::CreditLow9 | Persona::Unverified => Verdict::Watch,
        Persona::CreditUsedUp | Persona::Frozen => Verdict::Blocked,
        // The value of `Arrears` is not documented.
        Persona::Nulls | Persona::Arrears => Verdict::Unknown,
        _ => Verdict::Ok,
    }
}

fn remark(seed: Seed, index: u64) -> String {
    match seed.draw(Stream::Contact, index) % 4 {
        0 => String::new(),
        group => format!("Group {group}"),
    }
}

fn email(seed: Seed, index: u64) -> String {
    masked_email(seed.draw(Stream::Contact, index))
}

/// One row of the response.
fn render_row(seed: Seed, index: u64) -> String {
    let persona = seed.persona(index);
    let word = seed.draw(Stream::Account, index);
    let (credit, left) = seed.credit(index);
    // The provider's pages show both formats of a date.
    let (joined, expires) = match word & 1 {
        0 => (
            format_time(seed.joined_at(index)),
            format_time(seed.expires_at(index)),
        ),
        _ => (
            format_date(seed.joined_at(index)),
            format_date(seed.expires_at(index)),
        ),
    };
    let digit = |number: u64| number.to_string();
    let members = [
        ("Name", string(&seed.name(index))),
        ("Type", string(if word >> 1 & 1 == 0 { "1" } else { "new" })),
        (
            "Mobile",
            string(&format!(
                "1{:02}****{:04}",
                word >> 8 & 63,
                word >> 16 & 4095
            )),
        ),
        ("Email", string(&email(seed, index))),
        (
            "Arrears",
            string(if persona == Persona::Arrears {
                "1"
            } else {
                "-"
            }),
        ),
        ("AssociationTime", string(&joined)),
        ("RecentExpiry", string(&expires)),
        ("Credit", credit),
        ("RemainingCredit", left),
        (
            "IdentifyType",
            digit(if persona == Persona::Unverified {
                0
            } else {
                1 + (word >> 2 & 1)
            }),
        ),
        ("Remark", string(&remark(seed, index))),
        (
            "Force",
            digit(if persona == Persona::Frozen { 2 } else { 0 }),
        ),
    ];
    let nulls = persona == Persona::Nulls;
    let rest = members.map(|(name, value)| (name, if nulls { "null".to_owned() } else { value }));
    object(
        [("ClientUin", digit(uin(seed, index)))]
            .into_iter()
            .chain(rest),
    )
}

fn format_date(time: OffsetDateTime) -> String {
    format!(
        "{:04}-{:02}-{:02}",
        time.year(),
        u8::from(time.month()),
        time.day()
    )
}

fn format_time(time: OffsetDateTime) -> String {
    format!(
        "{} {:02}:{:02}:{:02}",
        format_date(time),
        time.hour(),
        time.minute(),
        time.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_leads_back_to_its_customer() {
        let seed = Seed(7);
        for position in [0, 1, 59, 999_999] {
            let uin = uin(seed, position).to_string();
            assert_eq!(uin.len(), 12);
            assert_eq!(index_of(seed, &uin), Some(position));
        }
        for unknown in ["", "x", "1", "99999999999999999999999", "-5"] {
            assert_eq!(index_of(seed, unknown), None, "{unknown}");
        }
        assert_eq!(index_of(seed, &(uin(seed, 0) + 1).to_string()), None);
    }
}
