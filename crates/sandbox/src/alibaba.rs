//! Alibaba Cloud: ACS3-HMAC-SHA256 and `GetCustomerAccountInfo`.

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use time::PrimitiveDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::desk::{Answer, Desk, Failure, House, Instead, Moment, Request, Window, form};
use crate::digest::{percent, same, sha256, signed};
use crate::fault::Subject;
use crate::json::{object, text};
use crate::log::OK;
use crate::people::{Persona, Seed, Use, Verdict, fold, masked_mail, mix};
use crate::{Key, Provider};

/// The signature holds this long before and after the server's time.
const WINDOW: i64 = 15 * 60;
const ALGORITHM: &str = "ACS3-HMAC-SHA256";
const OPERATION: &str = "GetCustomerAccountInfo";
const VERSION: &str = "2017-12-14";
const HOST_ID: &str = "business.aliyuncs.com";
const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

#[derive(Debug)]
pub(crate) struct Alibaba {
    house: Arc<House>,
    keys: Vec<Key>,
    /// The provider publishes no rate, so there is none unless it is set.
    window: Option<Window>,
    nonces: Mutex<Nonces>,
}

impl Alibaba {
    pub(crate) fn new(house: Arc<House>, keys: Vec<Key>, rate: Option<u32>) -> Self {
        Self {
            house,
            keys,
            window: rate.map(Window::new),
            nonces: Mutex::default(),
        }
    }

    fn run(&self, request: &Request, moment: &Moment) -> Result<String, Failure> {
        let method = request.method.as_str();
        if !matches!(method, "POST" | "GET") || request.route(&self.house) != Some("/") {
            return Err(
                failure(404, "InvalidApi.NotFound", "Specified api is not found.").refused(),
            );
        }
        self.verify(request, moment.now)?;
        if required(request, "x-acs-version")? != VERSION {
            return Err(failure(
                400,
                "InvalidVersion",
                "Specified parameter Version is not valid.",
            ));
        }
        if required(request, "x-acs-action")? != OPERATION {
            return Err(failure(
                404,
                "InvalidAction.NotFound",
                "Specified api is not found.",
            ));
        }
        let too_fast = || {
            failure(
                400,
                "Throttling.User",
                "Request was denied due to user flow control.",
            )
        };
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
            return Err(too_fast().retryable(Some(Duration::from_secs(1))));
        }
        let index = self.asked_for(request, moment.customers)?;
        Some(index)
            .filter(|index| *index < moment.customers)
            .and_then(|index| account(self.house.seed, index))
            .ok_or(failure(
                401,
                "VnoNoDataError",
                "There is no data by this request.",
            ))
    }

    /// Without an `OwnerId` the first customer is meant.
    fn asked_for(&self, request: &Request, customers: u64) -> Result<u64, Failure> {
        let Some(owner) = parameter(request, "OwnerId").filter(|owner| !owner.is_empty()) else {
            return Ok(0);
        };
        let owner: i64 = owner
            .parse()
            .map_err(|_| failure(400, "OwnerIdInvalid", "The specified OwnerId is invalid."))?;
        index(self.house.seed, owner)
            .filter(|index| *index < customers)
            .ok_or(failure(
                400,
                "NotAuthorized",
                "This API is not authorized for caller.",
            ))
    }

    /// Verifies ACS3-HMAC-SHA256 and uses up the nonce.
    fn verify(&self, request: &Request, now: i64) -> Result<(), Failure> {
        let authorization = request
            .header("authorization")
            .and_then(Authorization::parse)
            .ok_or(incomplete("Authorization must be `ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=…`."))?;
        let key = self
            .keys
            .iter()
            .find(|key| key.id == authorization.id)
            .ok_or(
                failure(
                    404,
                    "InvalidAccessKeyId.NotFound",
                    "Specified access key is not found.",
                )
                .refused(),
            )?;
        check_signature(request, &authorization, &key.secret)?;
        if let Some(token) = &key.session_token {
            let Some(sent) = request.header("x-acs-security-token") else {
                return Err(failure(
                    400,
                    "MissingSecurityToken",
                    "SecurityToken is mandatory for this action.",
                )
                .refused());
            };
            if !same(sent.as_bytes(), token.as_bytes()) {
                let code = "InvalidSecurityToken.MismatchWithAccessKey";
                return Err(failure(
                    400,
                    code,
                    "Specified SecurityToken does not match the access key.",
                )
                .refused());
            }
        }
        let date = required(request, "x-acs-date").map_err(Failure::refused)?;
        let date = PrimitiveDateTime::parse(date, DATE).map_err(|_| {
            failure(
                400,
                "InvalidTimeStamp.Format",
                "Specified time stamp or date value is not well formatted.",
            )
            .refused()
        })?;
        if now.abs_diff(date.assume_utc().unix_timestamp()) > WINDOW.unsigned_abs() {
            let message = "Specified time stamp or date value is expired.";
            return Err(failure(400, "InvalidTimeStamp.Expired", message).out_of_time());
        }
        let nonce = required(request, "x-acs-signature-nonce").map_err(Failure::refused)?;
        let nonce = mix(fold(key.id.as_bytes()) ^ fold(nonce.as_bytes()));
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        if nonces.enter(nonce, now) {
            Ok(())
        } else {
            Err(failure(
                400,
                "SignatureNonceUsed",
                "Specified signature nonce was used already.",
            )
            .refused())
        }
    }
}

/// The nonces of the window, as 64-bit digests: a million of them take some tens of megabytes, and no more.
#[derive(Debug, Default)]
struct Nonces {
    seen: HashSet<u64>,
    ends: VecDeque<(i64, u64)>,
}

impl Nonces {
    /// Whether the nonce is new.
    fn enter(&mut self, nonce: u64, now: i64) -> bool {
        while let Some((end, old)) = self.ends.front().copied()
            && end < now
        {
            self.ends.pop_front();
            self.seen.remove(&old);
        }
        let new = self.seen.insert(nonce);
        if new {
            // A request may come a window early, and again a window late.
            self.ends.push_back((now.saturating_add(2 * WINDOW), nonce));
        }
        new
    }
}

impl Desk for Alibaba {
    fn subject(&self, request: &Request) -> Subject {
        let action = request.header("x-acs-action").unwrap_or_default();
        Subject {
            provider: Provider::Alibaba,
            service: "bssopenapi",
            operation: if action == OPERATION {
                OPERATION
            } else {
                "unknown"
            },
            page: 1,
            logical: request.logical(action),
        }
    }

    fn answer(&self, request: &Request, moment: &Moment) -> Answer {
        let id = self
            .house
            .seed
            .uuid(Use::RequestId, moment.id)
            .to_uppercase();
        let mut headers = vec![
            ("content-type", "application/json;charset=utf-8".to_owned()),
            ("x-acs-request-id", id.clone()),
            ("x-acs-trace-id", id.replace('-', "").to_lowercase()),
        ];
        match self.run(request, moment) {
            Ok(data) => {
                let body = object([
                    ("Code", text("Success")),
                    ("Message", text("Successful!")),
                    ("RequestId", text(&id)),
                    ("Success", "true".to_owned()),
                    ("Data", data),
                ]);
                Answer::new(failure(200, OK, ""), headers, body)
            }
            Err(failure) => {
                headers.extend(
                    failure
                        .wait
                        .map(|wait| ("x-acs-retry-after", wait.as_millis().to_string())),
                );
                let body = error(&failure, &id);
                Answer::new(failure, headers, body)
            }
        }
    }
}

/// The gateway's shape, or that of the product itself, which reports some failures under 200.
fn error(failure: &Failure, id: &str) -> String {
    let (code, message, id) = (text(&failure.code), text(&failure.message), text(id));
    if failure.status == 200 {
        let success = "false".to_owned();
        return object([
            ("Code", code),
            ("Message", message),
            ("RequestId", id),
            ("Success", success),
        ]);
    }
    let recommend = format!(
        "https://api.aliyun.com/troubleshoot?q={}&product=BssOpenApi",
        failure.code
    );
    object([
        ("RequestId", id),
        ("HostId", text(HOST_ID)),
        ("Code", code),
        ("Message", message),
        ("Recommend", text(&recommend)),
    ])
}

fn failure(status: u16, code: &'static str, message: &'static str) -> Failure {
    Failure::new(status, code, message)
}

fn incomplete(message: impl Into<Cow<'static, str>>) -> Failure {
    Failure::new(400, "IncompleteSignature", message).refused()
}

/// The HTTP status that a code comes with.
fn status_of(code: &str) -> u16 {
    match code {
        "INSUFFICIENT.AVAILABLE.QUOTA" | "-116" => 200,
        "VnoNoDataError" => 401,
        "NotFoundRamAction" => 402,
        "InvalidAccessKeyId.NotFound" | "InvalidApi.NotFound" | "InvalidAction.NotFound" => 404,
        "InternalError" | "InternalFailure" | "UndefinedError" => 500,
        "ServiceUnavailable" | "ServiceUnavailableTemporary" => 503,
        _ if code.starts_with("Forbidden") => 403,
        _ => 400,
    }
}

fn required<'a>(request: &'a Request, name: &'static str) -> Result<&'a str, Failure> {
    request
        .header(name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| {
            Failure::new(
                400,
                "MissingParameter",
                format!("The header {name} is mandatory for this action."),
            )
        })
}

/// A parameter from the query, or from a form.
fn parameter(request: &Request, name: &str) -> Option<String> {
    let kind = request.header("content-type").unwrap_or_default();
    let body = if kind.starts_with("application/x-www-form-urlencoded") {
        String::from_utf8_lossy(&request.body)
    } else {
        "".into()
    };
    let mut pairs = form(&request.query).into_iter().chain(form(&body));
    pairs
        .find(|(found, _)| found == name)
        .map(|(_, value)| value)
}

/// `ACS3-HMAC-SHA256 Credential=ID,SignedHeaders=a;b,Signature=HEX`
#[derive(Debug)]
struct Authorization<'a> {
    id: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        let rest = header
            .strip_prefix(ALGORITHM)?
            .strip_prefix(" Credential=")?;
        let (rest, signature) = rest.rsplit_once(",Signature=")?;
        let (id, signed_headers) = rest.rsplit_once(",SignedHeaders=")?;
        Some(Self {
            id,
            signed_headers,
            signature,
        })
    }
}

fn check_signature(
    request: &Request,
    authorization: &Authorization<'_>,
    secret: &str,
) -> Result<(), Failure> {
    let names: Vec<&str> = authorization.signed_headers.split(';').collect();
    let sent = request
        .headers
        .keys()
        .map(hyper::header::HeaderName::as_str);
    for name in sent.filter(|name| *name == "host" || name.starts_with("x-acs-")) {
        if !names.contains(&name) {
            return Err(incomplete(format!(
                "The header {name} was sent but not signed."
            )));
        }
    }
    let mut block = Vec::new();
    for name in &names {
        let mut values: Vec<&[u8]> = request
            .headers
            .get_all(*name)
            .iter()
            .map(|value| value.as_bytes().trim_ascii())
            .collect();
        if values.is_empty() {
            return Err(incomplete("A signed header was not sent."));
        }
        values.sort_unstable();
        block.extend_from_slice(name.as_bytes());
        block.push(b':');
        block.extend_from_slice(&values.join(&b','));
        block.push(b'\n');
    }
    let payload = sha256(&request.body);
    let told = request.header("x-acs-content-sha256") == Some(payload.as_str());
    // Documents and SDKs differ on whether names are encoded; the answer shows the documents' form.
    let [written, other] = canonical_queries(&request.query).map(|query| {
        let canonical = [
            request.method.as_bytes(),
            request.path.as_bytes(),
            &query,
            &block,
            authorization.signed_headers.as_bytes(),
            payload.as_bytes(),
        ]
        .join(&b'\n');
        format!("{ALGORITHM}\n{}", sha256(&canonical))
    });
    let right = |text: &String| signed(secret.as_bytes(), text.as_bytes(), authorization.signature);
    if told && (right(&written) || right(&other)) {
        return Ok(());
    }
    let message = format!(
        "Specified signature is not matched with our calculation. server string to sign is:{written}"
    );
    Err(Failure::new(400, "SignatureDoesNotMatch", message).refused())
}

/// Sorted by the decoded names; with names encoded, and with names as they are.
fn canonical_queries(query: &str) -> [Vec<u8>; 2] {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).collect::<Vec<u8>>();
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    pairs.sort();
    let joined = |name: fn(&[u8]) -> Vec<u8>| {
        let pairs: Vec<Vec<u8>> = pairs
            .iter()
            .map(|pair| [&name(&pair.0), b"=".as_slice(), percent(&pair.1).as_bytes()].concat())
            .collect();
        pairs.join(&b'&')
    };
    [
        joined(|name| percent(name).into_bytes()),
        joined(<[u8]>::to_vec),
    ]
}

/// Sixteen digits that follow from the index and lead back to it.
const UID_STEP: u64 = 13;

fn first_uid(seed: Seed) -> u64 {
    1_000_000_000_000_000 + seed.draw(Use::Ids, 4) % 900_000_000_000_000
}

pub(crate) fn uid(seed: Seed, index: u64) -> u64 {
    first_uid(seed).saturating_add(index.saturating_mul(UID_STEP))
}

fn index(seed: Seed, uid: i64) -> Option<u64> {
    let after = u64::try_from(uid).ok()?.checked_sub(first_uid(seed))?;
    (after % UID_STEP == 0).then_some(after / UID_STEP)
}

/// What a reader should make of the customer's account.
pub(crate) fn verdict(persona: Persona) -> Verdict {
    match persona {
        Persona::Frozen => Verdict::Blocked,
        Persona::NotHosted | Persona::Unverified => Verdict::Watch,
        Persona::UnknownStatus | Persona::NoRecord | Persona::Nulls => Verdict::Unknown,
        _ => Verdict::Ok,
    }
}

/// The account's data; none for a customer without any. Nothing public settles which spelling of the states the service
/// sends, so all of them occur.
fn account(seed: Seed, index: u64) -> Option<String> {
    let persona = seed.persona(index);
    let word = seed.draw(Use::Account, index);
    let (hosting, credit) = match persona {
        Persona::NoRecord => return None,
        Persona::Frozen => ("FREEZE", "Freeze"),
        Persona::Hosted => ("Trusteeship", "Trusteeship"),
        Persona::NotHosted => ("TrusteeshipCancel", "TrusteeshipCancel"),
        Persona::UnknownStatus => ("SUSPENDED", "Suspended"),
        _ => ("TRUSTEESHIP", "Thaw"),
    };
    let own = 1_000_000_000_000_000 + seed.draw(Use::Ids, 5) % 900_000_000_000_000;
    let parent = match persona {
        Persona::HugeNumbers => "6210322125051645960".to_owned(),
        // An older page quotes it.
        Persona::PlainAmounts => text(&own.to_string()),
        _ => own.to_string(),
    };
    let members = [
        ("Mpk", parent),
        ("LoginEmail", text(&masked_mail(word))),
        ("HostingStatus", text(hosting)),
        (
            "AccountType",
            text(if word >> 16 & 1 == 0 { "0" } else { "1" }),
        ),
        ("CreditLimitStatus", text(credit)),
        ("IsCertified", (persona != Persona::Unverified).to_string()),
    ];
    let nothing = persona == Persona::Nulls;
    Some(object(members.map(|(name, value)| {
        (name, if nothing { "null".to_owned() } else { value })
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use hyper::header::{HeaderMap, HeaderName, HeaderValue};
    use serde_json::Value;

    /// Requests signed by the vendor's own SDK, and the documents' examples.
    fn vectors() -> Vec<(Request, Value)> {
        let file = include_str!("../../../fixtures/signing/alibaba.json");
        let file: Value = serde_json::from_str(file).unwrap();
        ["divergences", "vectors"]
            .iter()
            .flat_map(|list| file[list].as_array().unwrap().clone())
            .map(|vector| (request(&vector), vector))
            .collect()
    }

    fn request(vector: &Value) -> Request {
        let text = |key: &str| vector[key].as_str().unwrap().to_owned();
        let mut headers = HeaderMap::new();
        let sent = vector["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (&pair[0], &pair[1]));
        for (name, value) in sent {
            headers.insert(
                HeaderName::try_from(name.as_str().unwrap().to_lowercase()).unwrap(),
                HeaderValue::from_bytes(value.as_str().unwrap().trim().as_bytes()).unwrap(),
            );
        }
        headers.insert(
            "authorization",
            HeaderValue::from_str(&text("authorization")).unwrap(),
        );
        let url = text("sdk_wire_url");
        let query = url
            .split_once('?')
            .map_or("", |(_, query)| query)
            .to_owned();
        Request {
            method: text("method"),
            path: text("path"),
            query,
            headers,
            body: Bytes::from(text("body")),
        }
    }

    fn check(request: &Request, vector: &Value) -> Result<(), String> {
        let authorization = request
            .header("authorization")
            .and_then(Authorization::parse);
        let authorization = authorization.ok_or("IncompleteSignature")?;
        if authorization.id != vector["access_key_id"].as_str().unwrap() {
            return Err("InvalidAccessKeyId.NotFound".to_owned());
        }
        check_signature(
            request,
            &authorization,
            vector["access_key_secret"].as_str().unwrap(),
        )
        .map_err(|failure| failure.code.into_owned())
    }

    #[test]
    fn accepts_what_the_vendors_sdk_signs() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 35);
        for (request, vector) in vectors {
            assert_eq!(check(&request, &vector), Ok(()), "{}", vector["name"]);
        }
    }

    #[test]
    fn accepts_names_encoded_and_not() {
        let (mut request, vector) = vectors().swap_remove(0);
        assert_eq!(check(&request, &vector), Ok(()));
        let written = vector["authorization_by_written_rule"].as_str().unwrap();
        request
            .headers
            .insert("authorization", HeaderValue::from_str(written).unwrap());
        assert_eq!(check(&request, &vector), Ok(()));
    }

    #[test]
    fn refuses_every_changed_byte_of_what_is_signed() {
        for wanted in ["sdk_full_form_body", "sdk_full_sts", "owner_id"] {
            let (original, vector) = vectors()
                .into_iter()
                .find(|(_, vector)| vector["name"] == wanted)
                .unwrap();
            let copy = || request(&vector);
            let refused = |request: &Request| check(request, &vector).unwrap_err();
            for place in 0..original.body.len() {
                let mut body = original.body.to_vec();
                body[place] ^= 1;
                let changed = Request {
                    body: Bytes::from(body),
                    ..copy()
                };
                assert_eq!(refused(&changed), "SignatureDoesNotMatch");
            }
            let signed = vector["signed_headers"].as_str().unwrap();
            for name in signed.split(';').chain(["authorization"]) {
                let value = original.headers[name].as_bytes();
                for place in 0..value.len() {
                    let mut value = value.to_vec();
                    value[place] = if value[place] == b'0' { b'1' } else { b'0' };
                    let mut changed = copy();
                    changed.headers.insert(
                        HeaderName::try_from(name).unwrap(),
                        HeaderValue::from_bytes(&value).unwrap(),
                    );
                    let code = refused(&changed);
                    if name != "authorization" {
                        assert_eq!(code, "SignatureDoesNotMatch", "{name} {place}");
                    }
                }
            }
            for (method, path, query) in [
                ("GET", "/", None),
                ("POST", "/x", None),
                ("POST", "/", Some("OwnerId=43")),
            ] {
                let query = query.map_or(original.query.clone(), str::to_owned);
                let changed = Request {
                    method: method.to_owned(),
                    path: path.to_owned(),
                    query,
                    ..copy()
                };
                assert_eq!(refused(&changed), "SignatureDoesNotMatch");
            }
        }
    }

    #[test]
    fn headers_of_its_own_must_be_signed() {
        let (_, vector) = vectors().swap_remove(2);
        let mut changed = request(&vector);
        changed
            .headers
            .insert("x-acs-extra", HeaderValue::from_static("1"));
        assert_eq!(
            check(&changed, &vector),
            Err("IncompleteSignature".to_owned())
        );
        let mut changed = request(&vector);
        changed
            .headers
            .insert("accept", HeaderValue::from_static("*/*"));
        assert_eq!(check(&changed, &vector), Ok(()));
        changed.headers.remove("host");
        assert_eq!(
            check(&changed, &vector),
            Err("IncompleteSignature".to_owned())
        );
    }

    #[test]
    fn a_nonce_is_new_once_until_its_time_is_over() {
        let mut nonces = Nonces::default();
        assert!(nonces.enter(1, 100));
        assert!(!nonces.enter(1, 100 + 2 * WINDOW));
        assert!(nonces.enter(1, 101 + 2 * WINDOW));
        assert_eq!((nonces.seen.len(), nonces.ends.len()), (1, 1));
    }

    #[test]
    fn ids_lead_back_to_their_customers() {
        let seed = Seed(7);
        for place in [0, 1, 59, 999_999] {
            let uid = uid(seed, place);
            assert_eq!(uid.to_string().len(), 16);
            assert_eq!(index(seed, uid.cast_signed()), Some(place));
            assert_eq!(index(seed, uid.cast_signed() + 1), None);
        }
        assert_eq!(index(seed, -1), None);
        assert_eq!(index(seed, i64::MIN), None);
    }
}
