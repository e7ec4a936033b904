//! Tencent Cloud: both versions of its signature, and `QueryCustomersCredit` in both of its dialects.

mod parameters;
mod v1;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use parameters::{Parameters, pairs};
use v1::Form;

use crate::desk::{Answer, Desk, Failure, House, Instead, Moment, Request, Window};
use crate::digest::{hmac, same, sha256, signed};
use crate::fault::Subject;
use crate::json::{array, object, text};
use crate::log::OK;
use crate::people::{Persona, Seed, Use, Verdict, masked_mail};
use crate::{Key, Provider};

/// The signature holds this long before and after the server's time.
const WINDOW: i64 = 5 * 60;
/// The provider names neither a default nor a maximum; these are the sandbox's own.
const PAGE_SIZE: i64 = 10;
const MAX_PAGE_SIZE: i64 = 1_000;

/// What a body may hold under TC3, and a query under either version.
const MAX_BODY: usize = 10 << 20;
const MAX_QUERY: usize = 32 << 10;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// One product that knows `QueryCustomersCredit`.
#[derive(Debug)]
struct Dialect {
    service: &'static str,
    version: &'static str,
    per_second: u32,
    filter_types: &'static [&'static str],
    /// What a request for page 0 is told.
    bad_page: &'static str,
    /// An empty list is `null`.
    empty_is_null: bool,
}

const DIALECTS: [Dialect; 2] = [
    Dialect {
        service: "ip",
        version: "2021-04-09",
        per_second: 20,
        filter_types: &["Uin", "Name", "Remark"],
        bad_page: "InvalidParameterValue",
        empty_is_null: true,
    },
    Dialect {
        service: "intlpartnersmgt",
        version: "2022-09-28",
        per_second: 5,
        filter_types: &["ClientUin", "Name", "Remark", "Email"],
        bad_page: "InvalidParameter.Page",
        empty_is_null: false,
    },
];
const OPERATION: &str = "QueryCustomersCredit";

#[derive(Debug)]
pub(crate) struct Tencent {
    house: Arc<House>,
    keys: Vec<Key>,
    windows: [Window; 2],
}

impl Tencent {
    pub(crate) fn new(house: Arc<House>, keys: Vec<Key>, rate: Option<u32>) -> Self {
        let windows = DIALECTS
            .each_ref()
            .map(|dialect| Window::new(rate.unwrap_or(dialect.per_second)));
        Self {
            house,
            keys,
            windows,
        }
    }

    fn run(&self, request: &Request, moment: &Moment) -> Result<String, Failure> {
        if !matches!(request.method.as_str(), "POST" | "GET")
            || request.route(&self.house) != Some("/")
        {
            return Err(failure(
                "UnsupportedProtocol",
                "Only POST and GET of `/` are supported.",
            )
            .refused());
        }
        let signed = Signed::read(request).map_err(Failure::refused)?;
        let service = signed.verify(request, &self.keys, moment.now)?;
        let version = signed.required(request, "Version")?;
        let action = signed.required(request, "Action")?;
        let mut windows = DIALECTS.iter().zip(&self.windows);
        let Some((dialect, window)) = windows.find(|(dialect, _)| dialect.version == version)
        else {
            return Err(failure("NoSuchVersion", "The API version is invalid."));
        };
        if service.is_some_and(|service| service != dialect.service) {
            return Err(signature(
                "The credential scope names another service than the version belongs to.",
            ));
        }
        if action != OPERATION {
            return Err(failure(
                "InvalidAction",
                "The requested API does not exist.",
            ));
        }
        match &moment.instead {
            Some(Instead::Throttle(wait)) => {
                return Err(too_fast(
                    window.limit.saturating_add(1),
                    window.limit,
                    *wait,
                ));
            }
            Some(Instead::Code(code, status)) => {
                return Err(Failure::injected(status.unwrap_or(200), code));
            }
            None => {}
        }
        if moment.limited
            && let Err(count) = window.enter(moment.now)
        {
            return Err(too_fast(count, window.limit, None));
        }
        let question = Question::read(&signed.parameters(request)?, dialect)?;
        Ok(question.answer(self.house.seed, moment.customers, dialect))
    }
}

impl Desk for Tencent {
    fn subject(&self, request: &Request) -> Subject {
        let signed = Signed::read(request).ok();
        let common = |name| signed.as_ref()?.common(request, name);
        let version = common("Version").unwrap_or_default();
        let known = common("Action") == Some(OPERATION);
        let dialect = DIALECTS.iter().find(|dialect| dialect.version == version);
        let page = signed
            .as_ref()
            .and_then(|signed| signed.parameters(request).ok())
            .and_then(|parameters| parameters.get("Page")?.int())
            .and_then(|page| u64::try_from(page).ok())
            .unwrap_or(1);
        Subject {
            provider: Provider::Tencent,
            service: dialect.map_or("unknown", |dialect| dialect.service),
            operation: if known { OPERATION } else { "unknown" },
            page,
            logical: match &signed {
                Some(Signed::V1(form)) => form.logical(request, version),
                _ => request.logical(version),
            },
        }
    }

    fn answer(&self, request: &Request, moment: &Moment) -> Answer {
        self.envelope(self.run(request, moment), moment)
    }
}

impl Tencent {
    /// Failures are HTTP 200 too, and the official SDK looks for them under exactly this content type only.
    fn envelope(&self, outcome: Result<String, Failure>, moment: &Moment) -> Answer {
        let id = text(&self.house.seed.uuid(Use::RequestId, moment.id));
        let mut headers = vec![("content-type", "application/json".to_owned())];
        let (members, failure) = match outcome {
            Ok(members) => (members, failure(OK, "")),
            Err(failure) => {
                let error = object([
                    ("Code", text(&failure.code)),
                    ("Message", text(&failure.message)),
                ]);
                (format!("\"Error\":{error}"), failure)
            }
        };
        headers.extend(
            failure
                .wait
                .map(|wait| ("retry-after", wait.as_secs().to_string())),
        );
        let body = format!("{{\"Response\":{{{members},\"RequestId\":{id}}}}}");
        Answer::new(failure, headers, body)
    }
}

/// A failure is HTTP 200 too.
fn failure(code: &'static str, message: impl Into<Cow<'static, str>>) -> Failure {
    Failure::new(200, code, message)
}

fn signature(message: &'static str) -> Failure {
    failure("AuthFailure.SignatureFailure", message).refused()
}

fn malformed(message: &'static str) -> Failure {
    failure("AuthFailure.InvalidAuthorization", message).refused()
}

fn out_of_range(message: impl Into<Cow<'static, str>>) -> Failure {
    failure("InvalidParameterValue", message)
}

fn too_fast(count: u32, limit: u32, wait: Option<Duration>) -> Failure {
    let message = format!(
        "Your current request times equals to `{count}` in a second, which exceeds the frequency limit `{limit}` for a \
         second. Please reduce the frequency of calls."
    );
    failure("RequestLimitExceeded", message).retryable(wait)
}

fn missing(name: &str) -> Failure {
    failure(
        "MissingParameter",
        format!("The request is missing a required parameter `{name}`."),
    )
}

/// A request by the version of its signature.
#[derive(Debug)]
enum Signed {
    /// TC3-HMAC-SHA256: an `Authorization` header, and the common parameters in headers of their own.
    V3,
    /// HmacSHA1 or HmacSHA256: everything in one form, which is the query or the body.
    V1(Form),
}

impl Signed {
    fn read(request: &Request) -> Result<Self, Failure> {
        let form = request.method == "GET" || request.media_type() == FORM;
        if form && !request.headers.contains_key("authorization") {
            Form::read(request).map(Self::V1)
        } else {
            Ok(Self::V3)
        }
    }

    /// A common parameter by its name in the form, such as `Version`.
    fn common<'a>(&'a self, request: &'a Request, name: &str) -> Option<&'a str> {
        match self {
            Self::V3 => request.header(&format!("x-tc-{name}")),
            Self::V1(form) => form.get(name),
        }
    }

    fn required<'a>(&'a self, request: &'a Request, name: &str) -> Result<&'a str, Failure> {
        self.common(request, name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| missing(name))
    }

    /// Verifies the signature and returns the product that it is for, if it names one.
    fn verify<'a>(
        &self,
        request: &'a Request,
        keys: &[Key],
        now: i64,
    ) -> Result<Option<&'a str>, Failure> {
        match self {
            Self::V3 => verify(request, keys, now),
            Self::V1(form) => form.verify(request, keys, now).map(|()| None),
        }
    }

    /// The parameters of the operation itself.
    fn parameters(&self, request: &Request) -> Result<Parameters, Failure> {
        match (self, request.method.as_str()) {
            (Self::V1(form), _) => Parameters::flat(form.operation()),
            (Self::V3, "GET") => {
                check_protocol(request, FORM, request.query.len(), MAX_QUERY)?;
                let pairs = pairs(&request.query)?;
                Parameters::flat(pairs.iter().map(|(name, value)| (&**name, &**value)))
            }
            (Self::V3, _) => {
                check_protocol(request, JSON, request.body.len(), MAX_BODY)?;
                Parameters::json(&request.body)
            }
        }
    }
}

/// TC3 takes JSON in a body and a form in a query; a form in a body takes version 1, and multipart no operation that is
/// served here.
fn check_protocol(
    request: &Request,
    media_type: &str,
    size: usize,
    max: usize,
) -> Result<(), Failure> {
    if request.media_type() != media_type {
        return Err(failure(
            "UnsupportedProtocol",
            format!("TC3-HMAC-SHA256 needs the Content-Type `{media_type}` here."),
        ));
    }
    if size > max {
        return Err(failure(
            "RequestSizeLimitExceeded",
            format!("The request exceeds the limit of {max} bytes."),
        ));
    }
    Ok(())
}

fn find_key<'a>(keys: &'a [Key], id: &str) -> Result<&'a Key, Failure> {
    keys.iter()
        .find(|key| key.id == id)
        .ok_or(failure("AuthFailure.SecretIdNotFound", "The SecretId is not found.").refused())
}

fn check_token(key: &Key, sent: Option<&str>) -> Result<(), Failure> {
    match &key.session_token {
        Some(token) if !sent.is_some_and(|sent| same(sent.as_bytes(), token.as_bytes())) => {
            Err(failure("AuthFailure.TokenFailure", "The token is wrong or missing.").refused())
        }
        _ => Ok(()),
    }
}

fn check_time(seconds: i64, now: i64) -> Result<(), Failure> {
    if now.abs_diff(seconds) > WINDOW.unsigned_abs() {
        return Err(failure(
            "AuthFailure.SignatureExpire",
            "The timestamp is more than five minutes from the server's time.",
        )
        .out_of_time());
    }
    Ok(())
}

/// The forms of the host that a signature may cover: as it was sent, or without the port, which the vendor's Node SDK
/// leaves out.
fn hosts(request: &Request) -> [&[u8]; 2] {
    let host = request.headers.get("host");
    let host = host.map_or(&b""[..], |host| host.as_bytes().trim_ascii());
    let port = host.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let digits = port.count();
    let bare = match host.split_at(host.len() - digits) {
        ([name @ .., b':'], [_, ..]) => name,
        _ => host,
    };
    [host, bare]
}

/// Whether `service` is what the vendor's Node SDK takes for the product: all of the endpoint before the first dot. In a
/// host of the provider's that is the product, and a wrong one is refused; elsewhere it says nothing.
fn is_of_endpoint(service: &str, request: &Request) -> bool {
    let [host, bare] = hosts(request).map(String::from_utf8_lossy);
    let domain = "tencentcloudapi.com";
    !bare.to_ascii_lowercase().ends_with(domain) && host.split('.').next() == Some(service)
}

/// Verifies TC3-HMAC-SHA256 and returns the product in the scope, or none for a scope that names the endpoint.
fn verify<'a>(request: &'a Request, keys: &[Key], now: i64) -> Result<Option<&'a str>, Failure> {
    let authorization = Authorization::read(request)?;
    let timestamp = request
        .header("x-tc-timestamp")
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .ok_or(malformed(
            "The header X-TC-Timestamp must be whole seconds since 1970.",
        ))?;
    let seconds: i64 = timestamp
        .parse()
        .map_err(|_| malformed("The header X-TC-Timestamp is out of range."))?;
    let key = find_key(keys, authorization.id)?;
    if date(seconds).as_deref() != Some(authorization.date) {
        return Err(signature(
            "The date in the credential scope is not the UTC date of X-TC-Timestamp.",
        ));
    }
    let service = authorization.service;
    let product = DIALECTS.iter().any(|dialect| dialect.service == service);
    if !product && !is_of_endpoint(service, request) {
        return Err(signature(
            "The credential scope names a service that is not served here.",
        ));
    }
    check_signature(request, &authorization, timestamp, &key.secret)?;
    check_token(key, request.header("x-tc-token"))?;
    check_time(seconds, now)?;
    Ok(product.then_some(service))
}

/// `TC3-HMAC-SHA256 Credential=ID/DATE/SERVICE/tc3_request, SignedHeaders=a;b, Signature=HEX`
#[derive(Debug)]
struct Authorization<'a> {
    id: &'a str,
    date: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn read(request: &'a Request) -> Result<Self, Failure> {
        let header = request
            .header("authorization")
            .ok_or(malformed("There is no Authorization header."))?;
        Self::parse(header).ok_or(malformed(
            "Authorization must be `TC3-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.",
        ))
    }

    fn parse(header: &'a str) -> Option<Self> {
        let rest = header.strip_prefix("TC3-HMAC-SHA256 Credential=")?;
        // Split from the end: nothing forbids a comma or a slash in the id.
        let (rest, signature) = rest.rsplit_once("Signature=")?;
        let (credential, signed_headers) = rest
            .trim_end()
            .strip_suffix(',')?
            .rsplit_once("SignedHeaders=")?;
        let credential = credential.trim_end().strip_suffix(',')?;
        let mut scope = credential.rsplitn(4, '/');
        (scope.next() == Some("tc3_request")).then_some(())?;
        Some(Self {
            service: scope.next()?,
            date: scope.next()?,
            id: scope.next()?,
            signed_headers,
            signature,
        })
    }
}

fn check_signature(
    request: &Request,
    authorization: &Authorization<'_>,
    timestamp: &str,
    secret: &str,
) -> Result<(), Failure> {
    let names = authorization.signed_headers;
    if !["content-type", "host"]
        .iter()
        .all(|name| names.split(';').any(|signed| signed == *name))
    {
        return Err(signature("SignedHeaders must hold content-type and host."));
    }
    for name in names.split(';') {
        if !request.headers.contains_key(name) {
            return Err(signature("A signed header was not sent."));
        }
    }
    let payload = match request.header("x-tc-content-sha256") {
        Some("UNSIGNED-PAYLOAD") => sha256(b"UNSIGNED-PAYLOAD"),
        _ => sha256(&request.body),
    };
    let Authorization { date, service, .. } = authorization;
    let day = hmac(format!("TC3{secret}").as_bytes(), date.as_bytes());
    let signing = hmac(&hmac(&day, service.as_bytes()), b"tc3_request");
    let right = |host: &[u8]| {
        let mut block = Vec::new();
        for name in names.split(';') {
            let value = match request.headers.get(name) {
                _ if name == "host" => host,
                value => value.map_or(&b""[..], |value| value.as_bytes()),
            };
            block.extend_from_slice(name.as_bytes());
            block.push(b':');
            block.extend_from_slice(&value.trim_ascii().to_ascii_lowercase());
            block.push(b'\n');
        }
        // Whatever path the endpoint has, the canonical one is `/`.
        let canonical = [
            request.method.as_bytes(),
            b"/",
            request.query.as_bytes(),
            &block,
            names.as_bytes(),
            payload.as_bytes(),
        ]
        .join(&b'\n');
        let string_to_sign = format!(
            "TC3-HMAC-SHA256\n{timestamp}\n{date}/{service}/tc3_request\n{}",
            sha256(&canonical)
        );
        signed(&signing, string_to_sign.as_bytes(), authorization.signature)
    };
    if hosts(request).into_iter().any(right) {
        Ok(())
    } else {
        Err(signature(
            "The signature is not the one that the server computed.",
        ))
    }
}

fn date(seconds: i64) -> Option<String> {
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    Some(day(time))
}

fn day(time: OffsetDateTime) -> String {
    format!(
        "{:04}-{:02}-{:02}",
        time.year(),
        u8::from(time.month()),
        time.day()
    )
}

fn instant(time: OffsetDateTime) -> String {
    format!(
        "{} {:02}:{:02}:{:02}",
        day(time),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// What `QueryCustomersCredit` is asked.
#[derive(Debug)]
struct Question {
    filter: Option<Filter>,
    first: u64,
    size: u64,
    ascending: bool,
}

/// The ids match whole, the texts in any part: the provider's page does not say.
#[derive(Debug)]
enum Filter {
    Uin(String),
    Name(String),
    Remark(String),
    Email(String),
}

impl Question {
    fn read(parameters: &Parameters, dialect: &Dialect) -> Result<Self, Failure> {
        let (mut page, mut size, mut ascending) = (1, PAGE_SIZE, false);
        let (mut kind, mut wanted) = (String::new(), String::new());
        for (name, value) in parameters.set() {
            let mistyped = || {
                failure(
                    "InvalidParameter",
                    format!("The type of the parameter `{name}` is wrong."),
                )
            };
            match name {
                "Page" => page = value.int().ok_or_else(mistyped)?,
                "PageSize" => size = value.int().ok_or_else(mistyped)?,
                "FilterType" => value.text().ok_or_else(mistyped)?.clone_into(&mut kind),
                "Filter" => value.text().ok_or_else(mistyped)?.clone_into(&mut wanted),
                "Order" => {
                    ascending = match value.text().ok_or_else(mistyped)? {
                        "asc" => true,
                        "desc" | "" => false,
                        _ => return Err(out_of_range("Order must be `asc` or `desc`.")),
                    }
                }
                _ => {
                    return Err(failure(
                        "UnknownParameter",
                        format!("The parameter `{name}` is not recognized."),
                    ));
                }
            }
        }
        let page = u64::try_from(page).ok().filter(|page| *page > 0);
        let page = page.ok_or(failure(dialect.bad_page, "Page must be at least 1."))?;
        if !(1..=MAX_PAGE_SIZE).contains(&size) {
            return Err(out_of_range(format!(
                "PageSize must be from 1 to {MAX_PAGE_SIZE}."
            )));
        }
        let size = size.unsigned_abs();
        let filter = Filter::read(&kind, wanted, dialect)?;
        Ok(Self {
            filter,
            first: (page - 1).saturating_mul(size),
            size,
            ascending,
        })
    }

    /// The members of the answer.
    fn answer(&self, seed: Seed, customers: u64, dialect: &Dialect) -> String {
        let place = |rank: u64| {
            if self.ascending {
                rank
            } else {
                customers - 1 - rank
            }
        };
        let mut total = 0;
        let mut rows = Vec::new();
        let mut take = |index| {
            if (self.first..self.first.saturating_add(self.size)).contains(&total) {
                rows.push(row(seed, index));
            }
            total += 1;
        };
        match &self.filter {
            None => {
                let last = self.first.saturating_add(self.size).min(customers);
                rows.extend((self.first.min(last)..last).map(|rank| row(seed, place(rank))));
                total = customers;
            }
            Some(Filter::Uin(wanted)) => {
                if let Some(index) = index(seed, wanted).filter(|index| *index < customers) {
                    take(index);
                }
            }
            Some(filter) => (0..customers)
                .map(place)
                .filter(|index| filter.fits(seed, *index))
                .for_each(take),
        }
        let data = if rows.is_empty() && dialect.empty_is_null {
            "null".to_owned()
        } else {
            array(rows)
        };
        format!("\"Data\":{data},\"Total\":{total}")
    }
}

impl Filter {
    /// Neither does the page say whether one half of a filter is legal alone; here it is not.
    fn read(kind: &str, wanted: String, dialect: &Dialect) -> Result<Option<Self>, Failure> {
        if kind.is_empty() && wanted.is_empty() {
            return Ok(None);
        }
        if kind.is_empty() || wanted.is_empty() {
            return Err(out_of_range("FilterType and Filter belong together."));
        }
        if !dialect.filter_types.contains(&kind) {
            let known = dialect.filter_types.join(", ");
            return Err(out_of_range(format!("FilterType must be one of {known}.")));
        }
        Ok(Some(match kind {
            "Name" => Self::Name(wanted),
            "Remark" => Self::Remark(wanted),
            "Email" => Self::Email(wanted),
            _ => Self::Uin(wanted),
        }))
    }

    fn fits(&self, seed: Seed, index: u64) -> bool {
        let nothing = seed.persona(index) == Persona::Nulls;
        match self {
            Self::Uin(wanted) => *wanted == uin(seed, index).to_string(),
            Self::Name(part) => !nothing && seed.name(index).contains(part),
            Self::Remark(part) => !nothing && remark(seed, index).contains(part),
            Self::Email(part) => !nothing && email(seed, index).contains(part),
        }
    }
}

/// Twelve digits that follow from the index and lead back to it.
const UIN_STEP: u64 = 7;

fn first_uin(seed: Seed) -> u64 {
    200_000_000_000 + seed.draw(Use::Ids, 0) % 10_000_000_000
}

pub(crate) fn uin(seed: Seed, index: u64) -> u64 {
    first_uin(seed).saturating_add(index.saturating_mul(UIN_STEP))
}

fn index(seed: Seed, uin: &str) -> Option<u64> {
    let after = uin.parse::<u64>().ok()?.checked_sub(first_uin(seed))?;
    (after % UIN_STEP == 0).then_some(after / UIN_STEP)
}

/// What a reader should make of the customer's credit.
pub(crate) fn verdict(persona: Persona) -> Verdict {
    match persona {
        Persona::CreditLow24 | Persona::CreditLow9 | Persona::Unverified => Verdict::Watch,
        Persona::CreditUsedUp | Persona::Frozen => Verdict::Blocked,
        // The mark is not one that is documented.
        Persona::Nulls | Persona::Arrears => Verdict::Unknown,
        _ => Verdict::Ok,
    }
}

fn remark(seed: Seed, index: u64) -> String {
    match seed.draw(Use::Contact, index) % 4 {
        0 => String::new(),
        group => format!("Group {group}"),
    }
}

fn email(seed: Seed, index: u64) -> String {
    masked_mail(seed.draw(Use::Contact, index))
}

fn row(seed: Seed, index: u64) -> String {
    let persona = seed.persona(index);
    let word = seed.draw(Use::Account, index);
    let (credit, left) = seed.credit(index);
    // The pages show both shapes of a date.
    let (joined, expires) = match word & 1 {
        0 => (instant(seed.joined(index)), instant(seed.expires(index))),
        _ => (day(seed.joined(index)), day(seed.expires(index))),
    };
    let digit = |number: u64| number.to_string();
    let members = [
        ("Name", text(&seed.name(index))),
        ("Type", text(if word >> 1 & 1 == 0 { "1" } else { "new" })),
        (
            "Mobile",
            text(&format!(
                "1{:02}****{:04}",
                word >> 8 & 63,
                word >> 16 & 4095
            )),
        ),
        ("Email", text(&email(seed, index))),
        (
            "Arrears",
            text(if persona == Persona::Arrears {
                "1"
            } else {
                "-"
            }),
        ),
        ("AssociationTime", text(&joined)),
        ("RecentExpiry", text(&expires)),
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
        ("Remark", text(&remark(seed, index))),
        (
            "Force",
            digit(if persona == Persona::Frozen { 2 } else { 0 }),
        ),
    ];
    let nothing = persona == Persona::Nulls;
    let rest = members.map(|(name, value)| (name, if nothing { "null".to_owned() } else { value }));
    object(
        [("ClientUin", digit(uin(seed, index)))]
            .into_iter()
            .chain(rest),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use hyper::header::{HeaderMap, HeaderName, HeaderValue};
    use serde_json::Value;

    /// Requests signed by the vendor's own SDK, and the documents' example.
    fn vectors() -> Vec<(Request, Value)> {
        let file = include_str!("../../../fixtures/signing/tencent.json");
        let file: Value = serde_json::from_str(file).unwrap();
        ["not_by_sdk", "vectors"]
            .iter()
            .flat_map(|list| file[list].as_array().unwrap().clone())
            .map(|vector| (request(&vector), vector))
            .collect()
    }

    fn request(vector: &Value) -> Request {
        let text = |key: &str| vector[key].as_str().unwrap_or_default().to_owned();
        let build = &vector["payload_build"];
        let body = if build.is_null() {
            text("payload")
        } else {
            let part = |key: &str| build[key].as_str().unwrap();
            let count = usize::try_from(build["count"].as_u64().unwrap()).unwrap();
            [
                part("prefix"),
                &part("repeat").repeat(count),
                part("suffix"),
            ]
            .concat()
        };
        let mut sent = vec![
            ("host".to_owned(), text("host")),
            ("content-type".to_owned(), text("content_type")),
            ("authorization".to_owned(), text("authorization")),
            ("x-tc-timestamp".to_owned(), vector["timestamp"].to_string()),
            ("x-tc-action".to_owned(), text("action")),
            ("x-tc-version".to_owned(), text("version")),
        ];
        if let Some(headers) = vector["headers"].as_object() {
            sent.extend(
                headers
                    .iter()
                    .map(|(name, value)| (name.to_lowercase(), value.as_str().unwrap().to_owned())),
            );
        }
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.insert(
                HeaderName::try_from(name).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        Request {
            method: text("method"),
            path: "/".to_owned(),
            query: text("query"),
            headers,
            body: Bytes::from(body),
        }
    }

    fn verdict_on(request: &Request, vector: &Value) -> Result<String, String> {
        let key = Key::new(
            vector["secret_id"].as_str().unwrap(),
            vector["secret_key"].as_str().unwrap(),
        );
        verify(request, &[key], vector["timestamp"].as_i64().unwrap())
            .map(|service| service.unwrap_or("the endpoint's").to_owned())
            .map_err(|failure| failure.code.into_owned())
    }

    #[test]
    fn accepts_what_the_vendors_sdk_signs() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 40);
        for (request, vector) in vectors {
            let authorization = Authorization::read(&request).unwrap();
            let timestamp = vector["timestamp"].to_string();
            let secret = vector["secret_key"].as_str().unwrap();
            let checked = check_signature(&request, &authorization, &timestamp, secret);
            assert!(checked.is_ok(), "{}: {checked:?}", vector["name"]);
            // Examples for a product that is not served are right but still refused.
            let expected = match vector["service"].as_str().unwrap() {
                "cvm" => Err("AuthFailure.SignatureFailure".to_owned()),
                service => Ok(service.to_owned()),
            };
            assert_eq!(
                verdict_on(&request, &vector),
                expected,
                "{}",
                vector["name"]
            );
        }
    }

    #[test]
    fn refuses_every_changed_byte_of_what_is_signed() {
        let (original, vector) = vectors().swap_remove(1 + 4);
        assert_eq!(vector["name"], "all_params_sdk_json");
        let refused = |request: &Request, what: &str| {
            let code = verdict_on(request, &vector).unwrap_err();
            assert!(code.starts_with("AuthFailure."), "{what}: {code}");
            code
        };
        let copy = || request(&vector);
        for place in 0..original.body.len() {
            let mut body = original.body.to_vec();
            body[place] ^= 1;
            let changed = Request {
                body: Bytes::from(body),
                ..copy()
            };
            assert_eq!(refused(&changed, "body"), "AuthFailure.SignatureFailure");
        }
        for name in ["host", "content-type", "x-tc-timestamp", "authorization"] {
            let value = original.headers[name].as_bytes();
            for place in 0..value.len() {
                let mut value = value.to_vec();
                value[place] = if value[place] == b'0' { b'1' } else { b'0' };
                let mut changed = copy();
                changed
                    .headers
                    .insert(name, HeaderValue::from_bytes(&value).unwrap());
                let code = refused(&changed, name);
                if name != "authorization" {
                    // A timestamp that leaves the signed day behind and one that stays in it fail alike.
                    assert_eq!(code, "AuthFailure.SignatureFailure", "{name} {place}");
                }
            }
        }
        for (method, query) in [("GET", ""), ("POST", "a=b")] {
            let changed = Request {
                method: method.to_owned(),
                query: query.to_owned(),
                ..copy()
            };
            assert_eq!(refused(&changed, "line"), "AuthFailure.SignatureFailure");
        }
    }

    #[test]
    fn tells_the_reasons_apart() {
        let (request, vector) = vectors().swap_remove(1);
        let (id, secret) = (
            vector["secret_id"].as_str().unwrap(),
            vector["secret_key"].as_str().unwrap(),
        );
        let now = vector["timestamp"].as_i64().unwrap();
        let code = |keys: &[Key], now| {
            verify(&request, keys, now).map_err(|failure| failure.code.into_owned())
        };
        let keys = [Key::new(id, secret)];
        let err = |code: &str| Err(code.to_owned());
        assert_eq!(code(&keys, now + WINDOW), Ok(Some("ip")));
        assert_eq!(code(&keys, now - WINDOW), Ok(Some("ip")));
        assert_eq!(
            code(&keys, now + WINDOW + 1),
            err("AuthFailure.SignatureExpire")
        );
        assert_eq!(
            code(&keys, now - WINDOW - 1),
            err("AuthFailure.SignatureExpire")
        );
        assert_eq!(
            code(&[Key::new(id, "wrong")], now),
            err("AuthFailure.SignatureFailure")
        );
        assert_eq!(
            code(&[Key::new("AKIDOTHER", secret)], now),
            err("AuthFailure.SecretIdNotFound")
        );
        assert_eq!(
            code(&keys.map(|key| key.with_session_token("t")), now),
            err("AuthFailure.TokenFailure")
        );
        for malformed in [
            "",
            "TC3-HMAC-SHA256",
            "TC3-HMAC-SHA256 Credential=a/b, SignedHeaders=c, Signature=d",
        ] {
            let mut changed = self::request(&vector);
            changed
                .headers
                .insert("authorization", HeaderValue::from_static(malformed));
            assert_eq!(
                verdict_on(&changed, &vector),
                Err("AuthFailure.InvalidAuthorization".to_owned())
            );
        }
    }

    #[test]
    fn the_signed_headers_must_hold_content_type_and_host() {
        let (original, vector) = vectors().swap_remove(1);
        let header = original.header("authorization").unwrap();
        for less in ["host", "content-type", "content-type;x-tc-action"] {
            let mut changed = request(&vector);
            let header = header.replace("content-type;host", less);
            changed
                .headers
                .insert("authorization", HeaderValue::from_str(&header).unwrap());
            assert_eq!(
                verdict_on(&changed, &vector),
                Err("AuthFailure.SignatureFailure".to_owned())
            );
        }
    }

    /// Requests signed by the vendor's Node SDK, in every mode that it has.
    fn node_vectors() -> Vec<(Request, Value)> {
        let file = include_str!("../../../fixtures/signing/tencent-node.json");
        let file: Value = serde_json::from_str(file).unwrap();
        let vectors = file["vectors"].as_array().unwrap().clone();
        vectors
            .into_iter()
            .map(|vector| (node_request(&vector), vector))
            .collect()
    }

    fn node_request(vector: &Value) -> Request {
        let text = |key: &str| vector[key].as_str().unwrap().to_owned();
        let mut headers = HeaderMap::new();
        for (name, value) in vector["headers"].as_object().unwrap() {
            headers.insert(
                HeaderName::try_from(name.to_lowercase()).unwrap(),
                HeaderValue::from_str(value.as_str().unwrap()).unwrap(),
            );
        }
        Request {
            method: text("method"),
            path: "/".to_owned(),
            query: text("query"),
            headers,
            body: Bytes::from(text("payload")),
        }
    }

    /// The product that the request names, or the code of the refusal.
    fn node_verdict(request: &Request, vector: &Value) -> Result<Option<String>, String> {
        let id = vector["secret_id"].as_str().unwrap();
        let mut key = Key::new(id, vector["secret_key"].as_str().unwrap());
        key.session_token = vector["token"].as_str().map(str::to_owned);
        let now = vector["timestamp"].as_i64().unwrap();
        Signed::read(request)
            .and_then(|signed| signed.verify(request, &[key], now))
            .map(|service| service.map(str::to_owned))
            .map_err(|failure| failure.code.into_owned())
    }

    #[test]
    fn node_sdk_request_in_every_mode_is_verified_and_read() {
        let vectors = node_vectors();
        assert_eq!(vectors.len(), 52);
        for (request, vector) in vectors {
            let (name, service) = (&vector["name"], vector["service"].as_str().unwrap());
            let host = request.header("host").unwrap();
            let names_product =
                vector["sign_method"] == "TC3-HMAC-SHA256" && host.contains("tencentcloudapi");
            let expected = names_product.then(|| service.to_owned());
            assert_eq!(node_verdict(&request, &vector), Ok(expected), "{name}");
            let signed = Signed::read(&request).unwrap();
            assert_eq!(signed.common(&request, "Action"), Some(OPERATION), "{name}");
            let version = signed.common(&request, "Version");
            assert!(
                DIALECTS
                    .iter()
                    .any(|dialect| dialect.service == service && Some(dialect.version) == version),
                "{name}"
            );
            let parameters = signed.parameters(&request).unwrap();
            let given = vector["parameters"].as_object().unwrap();
            assert_eq!(parameters.set().count(), given.len(), "{name}");
            for (parameter, value) in given {
                let read = parameters.get(parameter).unwrap();
                let right = match value.as_i64() {
                    Some(number) => read.int() == Some(number),
                    None => read.text() == value.as_str(),
                };
                assert!(right, "{name} {parameter}");
            }
        }
    }

    #[test]
    fn version_1_form_with_any_changed_byte_is_refused() {
        let wanted = [
            "hmacsha1_get_all_parameters",
            "hmacsha256_post_token_and_region",
        ];
        for (original, vector) in node_vectors() {
            if !wanted.contains(&vector["name"].as_str().unwrap()) {
                continue;
            }
            for place in 0..original.query.len() + original.body.len() {
                let change = |text: &str, place: usize| {
                    let mut bytes = text.as_bytes().to_vec();
                    bytes[place] ^= 1;
                    String::from_utf8(bytes).unwrap()
                };
                let mut changed = node_request(&vector);
                if place < original.query.len() {
                    changed.query = change(&original.query, place);
                } else {
                    let body = std::str::from_utf8(&original.body).unwrap();
                    changed.body = change(body, place - original.query.len()).into();
                }
                assert!(node_verdict(&changed, &vector).is_err(), "{place}");
            }
        }
    }

    #[test]
    fn version_1_of_another_method_host_or_query_is_refused() {
        let vectors = node_vectors();
        let get = |wanted: &str| {
            let found = vectors.iter().find(|(_, vector)| vector["name"] == wanted);
            found
                .map(|(_, vector)| (node_request(vector), vector))
                .unwrap()
        };
        let refused = Err("AuthFailure.SignatureFailure".to_owned());
        let (mut request, vector) = get("hmacsha256_post_all_parameters");
        request.method = "PUT".to_owned();
        assert_eq!(node_verdict(&request, vector), refused);
        let (mut request, vector) = get("hmacsha256_post_all_parameters");
        request.query = "Page2=1".to_owned();
        assert_eq!(node_verdict(&request, vector), refused);
        for host in [
            "",
            "ip.tencentcloudapi.com",
            "localhost",
            "localhost:8081",
            "localhost:",
        ] {
            for name in [
                "hmacsha256_post_name_with_port",
                "hmacsha1_get_name_with_port",
                "tc3_hmac_sha256_post_name_with_port",
            ] {
                let (mut request, vector) = get(name);
                let host = HeaderValue::from_static(host);
                request.headers.insert("host", host);
                assert_eq!(node_verdict(&request, vector), refused, "{name}");
            }
        }
    }

    #[test]
    fn host_is_compared_as_sent_and_without_its_port() {
        let both = |host: &'static str| {
            let (mut request, _) = vectors().swap_remove(1);
            request
                .headers
                .insert("host", HeaderValue::from_static(host));
            hosts(&request).map(|host| String::from_utf8_lossy(host).into_owned())
        };
        for (sent, bare) in [
            ("ip.tencentcloudapi.com", "ip.tencentcloudapi.com"),
            ("ip.tencentcloudapi.com:8443", "ip.tencentcloudapi.com"),
            ("[::1]:8080", "[::1]"),
            ("[::1]", "[::1]"),
            ("localhost:", "localhost:"),
            (":80", ""),
            ("80", "80"),
            ("", ""),
        ] {
            assert_eq!(both(sent), [sent, bare]);
        }
    }

    #[test]
    fn scope_that_names_the_endpoint_is_accepted_outside_the_providers_domain_only() {
        let of = |service: &str, host: &'static str| {
            let (mut request, _) = vectors().swap_remove(1);
            request
                .headers
                .insert("host", HeaderValue::from_static(host));
            is_of_endpoint(service, &request)
        };
        assert!(of("127", "127.0.0.1:8080"));
        assert!(of("localhost:8080", "localhost:8080"));
        assert!(of("[::1]:8080", "[::1]:8080"));
        assert!(!of("cvm", "cvm.tencentcloudapi.com"));
        assert!(!of("cvm", "cvm.intl.TencentCloudAPI.com:8443"));
        assert!(!of("cvm", "127.0.0.1:8080"));
        assert!(!of("localhost", "localhost:8080"));
    }

    #[test]
    fn ids_lead_back_to_their_customers() {
        let seed = Seed(7);
        for place in [0, 1, 59, 999_999] {
            let uin = uin(seed, place).to_string();
            assert_eq!(uin.len(), 12);
            assert_eq!(index(seed, &uin), Some(place));
        }
        for stranger in ["", "x", "1", "99999999999999999999999", "-5"] {
            assert_eq!(index(seed, stranger), None, "{stranger}");
        }
        assert_eq!(index(seed, &(uin(seed, 0) + 1).to_string()), None);
    }
}
