//! `GetCustomerAccountInfo`.

use super::errors::error;
use crate::customer::masked_email;
use crate::encoding::parse_form;
use crate::json::{object, string};
use crate::persona::{Persona, Verdict};
use crate::request::Request;
use crate::response::ErrorResponse;
use crate::seed::{Seed, Stream};

/// The account of the customer that `OwnerId` names.
pub(super) fn account_info(
    request: &Request,
    seed: Seed,
    customers: u64,
) -> Result<String, ErrorResponse> {
    let index = requested_customer(request, seed, customers)?;
    Some(index)
        .filter(|index| *index < customers)
        .and_then(|index| render_account(seed, index))
        .ok_or(error(
            401,
            "VnoNoDataError",
            "There is no data by this request.",
        ))
}

/// The index of the customer that `OwnerId` names. Without it: the first customer, who exists only
/// if there are any.
fn requested_customer(request: &Request, seed: Seed, customers: u64) -> Result<u64, ErrorResponse> {
    let Some(owner) = parameter(request, "OwnerId").filter(|owner| !owner.is_empty()) else {
        return Ok(0);
    };
    let owner: i64 = owner
        .parse()
        .map_err(|_| error(400, "OwnerIdInvalid", "The specified OwnerId is invalid."))?;
    index_of(seed, owner)
        .filter(|index| *index < customers)
        .ok_or(error(
            400,
            "NotAuthorized",
            "This API is not authorized for caller.",
        ))
}

/// A parameter from the query, or from a form in the body.
fn parameter(request: &Request, name: &str) -> Option<String> {
    let content_type = request.header("content-type").unwrap_or_default();
    let body = if content_type.starts_with("application/x-www-form-urlencoded") {
        String::from_utf8_lossy(&request.body)
    } else {
        "".into()
    };
    parse_form(&request.query)
        .into_iter()
        .chain(parse_form(&body))
        .find(|(found, _)| found == name)
        .map(|(_, value)| value)
}

/// The difference between the ids of two successive customers.
const UID_STEP: u64 = 13;

fn first_uid(seed: Seed) -> u64 {
    1_000_000_000_000_000 + seed.draw(Stream::Ids, 4) % 900_000_000_000_000
}

/// The customer's id: sixteen digits.
pub(crate) fn uid(seed: Seed, index: u64) -> u64 {
    first_uid(seed).saturating_add(index.saturating_mul(UID_STEP))
}

/// The index of the customer with this id.
fn index_of(seed: Seed, uid: i64) -> Option<u64> {
    let after = u64::try_from(uid).ok()?.checked_sub(first_uid(seed))?;
    (after % UID_STEP == 0).then_some(after / UID_STEP)
}

/// What a reader should conclude from the customer's account.
pub(crate) fn verdict(persona: Persona) -> Verdict {
    match persona {
        Persona::Frozen => Verdict::Blocked,
        Persona::NotHosted | Persona::Unverified => Verdict::Watch,
        Persona::UnknownStatus | Persona::NoRecord | Persona::Nulls => Verdict::Unknown,
        _ => Verdict::Ok,
    }
}

/// The `Data` of the response; `None` for a customer without data.
///
/// **Assumption:** No public source settles how the service spells the states, so all spellings
/// occur.
fn render_account(seed: Seed, index: u64) -> Option<String> {
    let persona = seed.persona(index);
    let word = seed.draw(Stream::Account, index);
    let (hosting, credit) = match persona {
        Persona::NoRecord => return None,
        Persona::Frozen => ("FREEZE", "Freeze"),
        Persona::Hosted => ("Trusteeship", "Trusteeship"),
        Persona::NotHosted => ("TrusteeshipCancel", "TrusteeshipCancel"),
        Persona::UnknownStatus => ("SUSPENDED", "Suspended"),
        _ => ("TRUSTEESHIP", "Thaw"),
    };
    let own = 1_000_000_000_000_000 + seed.draw(Stream::Ids, 5) % 900_000_000_000_000;
    let parent = match persona {
        Persona::HugeNumbers => "6210322125051645960".to_owned(),
        // An older version of the provider's page shows a string.
        Persona::PlainAmounts => string(&own.to_string()),
        _ => own.to_string(),
    };
    let members = [
        ("Mpk", parent),
        ("LoginEmail", string(&masked_email(word))),
        ("HostingStatus", string(hosting)),
        (
            "AccountType",
            string(if word >> 16 & 1 == 0 { "0" } else { "1" }),
        ),
        ("CreditLimitStatus", string(credit)),
        ("IsCertified", (persona != Persona::Unverified).to_string()),
    ];
    let nulls = persona == Persona::Nulls;
    Some(object(members.map(|(name, value)| {
        (name, if nulls { "null".to_owned() } else { value })
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_leads_back_to_its_customer() {
        let seed = Seed(7);
        for position in [0, 1, 59, 999_999] {
            let uid = uid(seed, position);
            assert_eq!(uid.to_string().len(), 16);
            assert_eq!(index_of(seed, uid.cast_signed()), Some(position));
            assert_eq!(index_of(seed, uid.cast_signed() + 1), None);
        }
        assert_eq!(index_of(seed, -1), None);
        assert_eq!(index_of(seed, i64::MIN), None);
    }
}
