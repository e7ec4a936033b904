//! `ListSubCustomerNewTag`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::errors::invalid;
use crate::json::{array, object, string};
use crate::persona::{Persona, Verdict};
use crate::response::ErrorResponse;
use crate::seed::{Seed, Stream};

/// The index of the first customer of the indirect partner: beyond all direct customers.
const FIRST_RESOLD: u64 = 1 << 40;
const RESOLD_CUSTOMERS: u64 = 12;

/// The parameters of `ListSubCustomerNewTag`.
#[derive(Debug)]
pub(super) struct Query {
    /// `None` means all customers.
    ids: Option<BTreeSet<String>>,
    offset: u64,
    limit: u64,
    indirect_partner: Option<String>,
}

impl Query {
    pub(super) fn parse(body: &[u8]) -> Result<Self, ErrorResponse> {
        let mut query = Self {
            ids: None,
            offset: 0,
            limit: 10,
            indirect_partner: None,
        };
        // The vendor's SDK sends no body if no parameter is set.
        if body.is_empty() {
            return Ok(query);
        }
        let body: Value = serde_json::from_slice(body)
            .map_err(|_| invalid("CBC.0100", "The body must be JSON."))?;
        let members = body
            .as_object()
            .ok_or(invalid("CBC.0100", "The body must be a JSON object."))?;
        let given = |name: &str| members.get(name).filter(|value| !value.is_null());
        if let Some(ids) = given("customer_ids") {
            let mistyped = || invalid("CBC.0100", "customer_ids must be an array of strings.");
            let ids = ids.as_array().ok_or_else(mistyped)?;
            let ids: Option<Vec<&str>> = ids.iter().map(Value::as_str).collect();
            let ids = ids.ok_or_else(mistyped)?;
            if ids.len() > 200 || ids.iter().any(|id| !(1..=64).contains(&id.chars().count())) {
                return Err(invalid(
                    "CBC.0101",
                    "customer_ids takes 200 ids of 1 to 64 characters.",
                ));
            }
            query.ids = (!ids.is_empty()).then(|| ids.into_iter().map(str::to_owned).collect());
        }
        let number = |value: &Value| {
            value
                .as_i64()
                .ok_or(invalid("CBC.0100", "offset and limit must be integers."))
        };
        if let Some(offset) = given("offset") {
            query.offset = u32::try_from(number(offset)?)
                .ok()
                .filter(|offset| *offset <= i32::MAX.unsigned_abs())
                .ok_or(invalid("CBC.0101", "offset must be from 0 to 2147483647."))?
                .into();
        }
        if let Some(limit) = given("limit") {
            query.limit = u64::try_from(number(limit)?)
                .ok()
                .filter(|limit| (1..=200).contains(limit))
                .ok_or(invalid("CBC.0101", "limit must be from 1 to 200."))?;
        }
        if let Some(partner) = given("indirect_partner_id") {
            let partner = partner
                .as_str()
                .ok_or(invalid("CBC.0100", "indirect_partner_id must be a string."))?;
            if partner.chars().count() > 64 {
                return Err(invalid(
                    "CBC.0101",
                    "indirect_partner_id takes at most 64 characters.",
                ));
            }
            query.indirect_partner = (!partner.is_empty()).then(|| partner.to_owned());
        }
        Ok(query)
    }

    /// The number of the page, from 1.
    pub(super) fn page(&self) -> u64 {
        self.offset / self.limit + 1
    }

    /// The body of the response. The offset counts only ids that belong to customers.
    pub(super) fn execute(&self, seed: Seed, customers: u64) -> Result<String, ErrorResponse> {
        let range = match &self.indirect_partner {
            None => 0..customers,
            Some(id) if *id == indirect_partner(seed) => {
                FIRST_RESOLD..FIRST_RESOLD + RESOLD_CUSTOMERS
            }
            Some(_) => {
                return Err(invalid(
                    "CBC.99000037",
                    "You have no right over this cloud reseller.",
                ));
            }
        };
        let skip = usize::try_from(self.offset).unwrap_or(usize::MAX);
        let take = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let rows = match &self.ids {
            None => {
                // Newest first.
                let last = range.end.saturating_sub(self.offset);
                let first = last.saturating_sub(self.limit).max(range.start);
                (first..last.max(first))
                    .rev()
                    .map(|index| render_row(seed, index))
                    .collect::<Vec<_>>()
            }
            Some(ids) => {
                let known: BTreeSet<u64> = ids
                    .iter()
                    .filter_map(|id| index_of(seed, id))
                    .filter(|index| range.contains(index))
                    .collect();
                known
                    .into_iter()
                    .rev()
                    .skip(skip)
                    .take(take)
                    .map(|index| render_row(seed, index))
                    .collect()
            }
        };
        Ok(object([("new_customer_tags", array(rows))]))
    }
}

/// The customer's id: 32 hexadecimal digits.
pub(crate) fn customer_id(seed: Seed, index: u64) -> String {
    let (high, mask) = (seed.draw(Stream::Ids, 1), seed.draw(Stream::Ids, 2));
    format!("{high:016x}{:016x}", index ^ mask)
}

/// The index of the customer with this id.
fn index_of(seed: Seed, id: &str) -> Option<u64> {
    let low = u64::from_str_radix(id.get(16..)?, 16).ok()?;
    let index = low ^ seed.draw(Stream::Ids, 2);
    (customer_id(seed, index) == id).then_some(index)
}

/// The id of the only indirect partner.
pub(crate) fn indirect_partner(seed: Seed) -> String {
    seed.uuid(Stream::Ids, 3).replace('-', "")
}

/// What a reader should conclude from the customer's tag.
pub(crate) fn verdict(persona: Persona) -> Verdict {
    match persona {
        Persona::TagLapsed | Persona::TagUndetermined => Verdict::Watch,
        Persona::Unverified | Persona::NoRecord | Persona::Nulls | Persona::UnknownStatus => {
            Verdict::Unknown
        }
        _ => Verdict::Ok,
    }
}

/// One row of the response.
///
/// **Assumption:** The tag of a customer without real-name verification is an empty string. The
/// provider's page calls it empty, which may also mean `null` or a missing member.
fn render_row(seed: Seed, index: u64) -> String {
    let persona = seed.persona(index);
    let joined = seed.joined_at(index);
    let month = |year: i32| string(&format!("{year:04}-{:02}", u8::from(joined.month())));
    // 20 years, so that only a lapsed tag has expired, whatever the date of a test.
    let (from, until) = (month(joined.year()), month(joined.year() + 20));
    let tag = match persona {
        Persona::TagLapsed => "N",
        Persona::TagUndetermined => "UNDETERMINED",
        Persona::UnknownStatus => "SUSPENDED",
        Persona::Unverified => "",
        _ => "Y",
    };
    let until = if persona == Persona::TagLapsed {
        month(joined.year() + 1)
    } else {
        until
    };
    let id = ("customer_id", string(&customer_id(seed, index)));
    let rest = [
        ("customer_tag_type", string("SMB")),
        ("new_customer_tag", string(tag)),
        ("effective_time", from),
        ("expire_time", until),
    ];
    match persona {
        Persona::NoRecord => object([id]),
        Persona::Nulls => object(
            [id].into_iter()
                .chain(rest.map(|(name, _)| (name, "null".to_owned()))),
        ),
        _ => object([id].into_iter().chain(rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_leads_back_to_its_customer() {
        let seed = Seed(7);
        for position in [0, 1, 59, 999_999, FIRST_RESOLD] {
            let id = customer_id(seed, position);
            assert_eq!(id.len(), 32);
            assert_eq!(index_of(seed, &id), Some(position));
        }
        for unknown in [
            "",
            "x",
            "0bb43f0000000000a10f19c014228fb580",
            "ééééééééééééééééé",
        ] {
            assert_eq!(index_of(seed, unknown), None, "{unknown}");
        }
        assert_eq!(index_of(Seed(8), &customer_id(seed, 0)), None);
    }
}
