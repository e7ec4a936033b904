//! Huawei Cloud: SDK-HMAC-SHA256 or a token, `ListSubCustomerNewTag`, and IAM's tokens.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::desk::{Answer, Desk, Failure, House, Instead, Moment, Request, Window, form};
use crate::digest::{hex, hmac, percent, same, sha256, signed};
use crate::fault::Subject;
use crate::json::{array, object, text};
use crate::log::OK;
use crate::people::{Persona, Seed, Use, Verdict};
use crate::{IamUser, Key, Provider};

/// The signature holds this long before and after the gateway's time.
const WINDOW: i64 = 15 * 60;
/// A key with more wrong signatures in a row is locked.
const FORGIVEN: u32 = 5;
const LOCKED: i64 = 5 * 60;
/// A token's life.
const LIFE: i64 = 24 * 3600;
const PER_SECOND: u32 = 10;

const TAGS: &str = "/v2/partners/sub-customers/new-customers-tags/batch-query";
const TOKENS: &str = "/v3/auth/tokens";
const LIST_TAGS: &str = "ListSubCustomerNewTag";
const CREATE_TOKEN: &str = "KeystoneCreateUserTokenByPassword";

/// Where the customers of the one indirect partner begin, and how many there are.
const RESOLD: u64 = 1 << 40;
const RESOLD_COUNT: u64 = 12;

const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");
const EXPIRY: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

#[derive(Debug)]
pub(crate) struct Huawei {
    house: Arc<House>,
    keys: Vec<Key>,
    window: Window,
    /// Wrong signatures in a row and the end of the lock-out, by key.
    strikes: Mutex<BTreeMap<String, Strikes>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Strikes {
    count: u32,
    locked_until: i64,
}

impl Huawei {
    pub(crate) fn new(house: Arc<House>, keys: Vec<Key>, rate: Option<u32>) -> Self {
        let window = Window::new(rate.unwrap_or(PER_SECOND));
        Self {
            house,
            keys,
            window,
            strikes: Mutex::default(),
        }
    }

    fn run(&self, request: &Request, moment: &Moment) -> Result<Success, Failure> {
        match (request.method.as_str(), request.route(&self.house)) {
            ("POST", Some(TAGS)) => {
                self.authenticate(request, moment.now)?;
                self.admit(moment)?;
                let question = Question::read(&request.body)?;
                Ok(Success {
                    status: 200,
                    body: question.answer(self.house.seed, moment.customers)?,
                    token: None,
                })
            }
            ("POST", Some(TOKENS)) => self.create_token(request, moment),
            _ => Err(gateway(
                404,
                "APIGW.0101",
                "The API does not exist or has not been published.",
            )
            .refused()),
        }
    }

    /// Faults that stand in for the operation, and the rate.
    fn admit(&self, moment: &Moment) -> Result<(), Failure> {
        let limit = self.window.limit;
        let too_fast = |wait: Option<Duration>| {
            let message = format!(
                "The throttling threshold has been reached: policy user over ratelimit,limit:{limit},time:1 second"
            );
            gateway(429, "APIGW.0308", message).retryable(wait)
        };
        match &moment.instead {
            Some(Instead::Throttle(wait)) => Err(too_fast(*wait)),
            Some(Instead::Code(code, status)) => {
                Err(Failure::injected(status.unwrap_or(status_of(code)), code))
            }
            None if moment.limited => self.window.enter(moment.now).map_err(|_| too_fast(None)),
            None => Ok(()),
        }
    }

    fn authenticate(&self, request: &Request, now: i64) -> Result<(), Failure> {
        if request.headers.contains_key("authorization") {
            return self.verify(request, now);
        }
        match request.header("x-auth-token") {
            Some(token) => self.check_token(token, now),
            None => Err(unauthorized("x-auth-token not found")),
        }
    }

    /// Verifies SDK-HMAC-SHA256 and keeps count of wrong signatures.
    fn verify(&self, request: &Request, now: i64) -> Result<(), Failure> {
        let authorization = request
            .header("authorization")
            .and_then(Authorization::parse)
            .ok_or(unauthorized("authorization format error"))?;
        let key = self
            .keys
            .iter()
            .find(|key| key.id == authorization.access)
            .ok_or(unauthorized("Get secretKey failed,err:ak not exist"))?;
        let mut all = self.strikes.lock().unwrap_or_else(PoisonError::into_inner);
        let strikes = all.entry(key.id.clone()).or_default();
        if now < strikes.locked_until {
            return Err(unauthorized(
                "verify aksk signature fail,the key is locked for too many failures",
            ));
        }
        if let Err(failure) = check_signature(request, &authorization, &key.secret) {
            strikes.count += 1;
            if strikes.count > FORGIVEN {
                *strikes = Strikes {
                    count: 0,
                    locked_until: now.saturating_add(LOCKED),
                };
            }
            return Err(failure);
        }
        strikes.count = 0;
        drop(all);
        if let Some(token) = &key.session_token
            && !request
                .header("x-security-token")
                .is_some_and(|sent| same(sent.as_bytes(), token.as_bytes()))
        {
            return Err(unauthorized(
                "verify aksk signature fail,the security token is wrong or missing",
            ));
        }
        let date = request.header("x-sdk-date").unwrap_or_default();
        let signed = moment_of(date).ok_or(unauthorized(
            "X-Sdk-Date must be written as 20060102T150405Z",
        ))?;
        if now.abs_diff(signed) > WINDOW.unsigned_abs() {
            let server = written(now, DATE);
            let message = format!(
                "calc aksk signature fail:signature expired, signature time:{date},server time:{server}"
            );
            return Err(unauthorized(&message).out_of_time());
        }
        Ok(())
    }

    fn check_token(&self, token: &str, now: i64) -> Result<(), Failure> {
        let constant = self.keys.iter().filter_map(|key| key.auth_token.as_deref());
        if constant
            .into_iter()
            .any(|known| same(known.as_bytes(), token.as_bytes()))
        {
            return Ok(());
        }
        let expires = self
            .expiry_of(token)
            .ok_or(unauthorized("decrypt token fail"))?;
        if now >= expires {
            return Err(gateway(401, "APIGW.0307", "The token must be updated.").refused());
        }
        Ok(())
    }

    /// IAM: a token for a user's password, or for an agency with a token of one's own.
    fn create_token(&self, request: &Request, moment: &Moment) -> Result<Success, Failure> {
        let body: Value = serde_json::from_slice(&request.body)
            .map_err(|_| iam(400, "The request body is not valid JSON.").refused())?;
        let identity = body.pointer("/auth/identity").unwrap_or(&Value::Null);
        let at = |pointer: &str| {
            identity
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let user = IamUser::of_sandbox();
        match at("/methods/0") {
            "password" => {
                let known = at("/password/user/domain/name") == user.account
                    && at("/password/user/name") == user.name;
                let password = at("/password/user/password");
                if !(same(password.as_bytes(), user.password.as_bytes()) && known) {
                    return Err(iam(401, "The username or password is wrong.").refused());
                }
            }
            "assume_role" => {
                let own = request.header("x-auth-token").unwrap_or_default();
                if self.check_token(own, moment.now).is_err() {
                    return Err(
                        iam(401, "The request you have made requires authentication.").refused(),
                    );
                }
                if at("/assume_role/agency_name") != user.agency {
                    return Err(iam(404, "Could not find the agency."));
                }
                if at("/assume_role/domain_name").is_empty()
                    && at("/assume_role/domain_id").is_empty()
                {
                    return Err(iam(400, "assume_role needs domain_id or domain_name."));
                }
            }
            _ => {
                return Err(
                    iam(400, "identity.methods must be password or assume_role.").refused(),
                );
            }
        }
        self.admit(moment)?;
        let domain = object([
            (
                "id",
                text(&self.house.seed.uuid(Use::Account, 0).replace('-', "")),
            ),
            ("name", text(&user.account)),
        ]);
        let expires = moment.now.saturating_add(LIFE);
        let mut members = vec![
            ("expires_at", text(&written(expires, EXPIRY))),
            ("issued_at", text(&written(moment.now, EXPIRY))),
            ("methods", array([text(at("/methods/0"))])),
            (
                "user",
                object([("domain", domain.clone()), ("name", text(&user.name))]),
            ),
            ("roles", array([])),
        ];
        if body.pointer("/auth/scope/domain").is_some() {
            members.push(("domain", domain));
        }
        let catalog = if form(&request.query)
            .iter()
            .any(|(name, _)| name == "nocatalog")
        {
            array([])
        } else {
            array([object([
                ("name", text("bss")),
                ("type", text("bssv1")),
                ("endpoints", array([])),
            ])])
        };
        members.push(("catalog", catalog));
        let body = object([("token", object(members))]);
        Ok(Success {
            status: 201,
            body,
            token: Some(self.token(expires)),
        })
    }

    /// A token carries its end and proves that this sandbox made it, so none need be remembered. It is as long as real ones.
    fn token(&self, expires: i64) -> String {
        let filler: String = (0..180)
            .map(|place| format!("{:016x}", self.house.seed.draw(Use::Token, place)))
            .collect();
        let content = format!("MIIsandbox.{expires}.{filler}");
        let proof = hex(&hmac(&self.token_key(), content.as_bytes()));
        format!("{content}.{proof}")
    }

    fn expiry_of(&self, token: &str) -> Option<i64> {
        let (content, proof) = token.rsplit_once('.')?;
        signed(&self.token_key(), content.as_bytes(), proof).then_some(())?;
        content.split('.').nth(1)?.parse().ok()
    }

    fn token_key(&self) -> Vec<u8> {
        hmac(
            b"sandbox token",
            &self.house.seed.draw(Use::Token, u64::MAX).to_be_bytes(),
        )
    }
}

#[derive(Debug)]
struct Success {
    status: u16,
    body: String,
    /// What IAM hands out in a header.
    token: Option<String>,
}

impl Desk for Huawei {
    fn subject(&self, request: &Request) -> Subject {
        let operation = match request.route(&self.house) {
            Some(TAGS) => LIST_TAGS,
            Some(TOKENS) => CREATE_TOKEN,
            _ => "unknown",
        };
        let page = Question::read(&request.body)
            .map_or(1, |question| question.offset / question.limit + 1);
        Subject {
            provider: Provider::Huawei,
            service: "bss",
            operation,
            page,
            logical: request.logical(""),
        }
    }

    fn answer(&self, request: &Request, moment: &Moment) -> Answer {
        let id = self
            .house
            .seed
            .uuid(Use::RequestId, moment.id)
            .replace('-', "");
        let mut headers = vec![
            ("content-type", "application/json;charset=UTF-8".to_owned()),
            ("x-request-id", id.clone()),
        ];
        let outcome = self.run(request, moment);
        let token = request.route(&self.house) == Some(TOKENS);
        if token {
            headers.push(("x-iam-trace-id", id.clone()));
        }
        match outcome {
            Ok(success) => {
                headers.extend(success.token.map(|token| ("x-subject-token", token)));
                let fine = Failure::new(success.status, OK, "");
                Answer::new(fine, headers, success.body)
            }
            Err(failure) => {
                headers.extend(
                    failure
                        .wait
                        .map(|wait| ("retry-after", wait.as_secs().to_string())),
                );
                let body = if failure.code == KEYSTONE {
                    keystone(&failure)
                } else {
                    error(&failure, &id)
                };
                Answer::new(failure, headers, body)
            }
        }
    }
}

/// The shape of BSS, with the request's id where the gateway itself answers.
fn error(failure: &Failure, id: &str) -> String {
    let mut members = vec![
        ("error_code", text(&failure.code)),
        ("error_msg", text(&failure.message)),
    ];
    if failure.code.starts_with("APIG") {
        members.push(("request_id", text(id)));
    }
    object(members)
}

/// IAM's own shape, whose code is a number.
fn keystone(failure: &Failure) -> String {
    let title = match failure.status {
        401 => "Unauthorized",
        404 => "Not Found",
        _ => "Bad Request",
    };
    let members = [
        ("code", failure.status.to_string()),
        ("message", text(&failure.message)),
        ("title", text(title)),
    ];
    object([("error", object(members))])
}

/// What the log calls a failure of IAM, whose answers carry no code but the status.
const KEYSTONE: &str = "IAM";

fn iam(status: u16, message: &'static str) -> Failure {
    Failure::new(status, KEYSTONE, message)
}

fn gateway(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> Failure {
    Failure::new(status, code, message)
}

fn unauthorized(why: &str) -> Failure {
    gateway(
        401,
        "APIGW.0301",
        format!("Incorrect IAM authentication information: {why}"),
    )
    .refused()
}

fn invalid(code: &'static str, message: &'static str) -> Failure {
    Failure::new(400, code, message)
}

/// The HTTP status that a code comes with.
fn status_of(code: &str) -> u16 {
    let number = code.split_once('.').map_or(code, |(_, number)| number);
    match (code.starts_with("CBC."), number) {
        (true, "0000" | "3002" | "5002" | "6055" | "30050007") => 200,
        (true, "0154") => 401,
        (true, "0151" | "0155" | "0156") => 403,
        (true, "0250") => 429,
        (true, "0999" | "7181" | "99007461") => 500,
        (true, _) => 400,
        (false, "0101" | "0004") => 404,
        (
            false,
            "0301" | "0303" | "0305" | "0307" | "0311" | "0001" | "0061" | "0062" | "0066" | "0067",
        ) => 401,
        (
            false,
            "0302" | "0304" | "0306" | "0310" | "0401" | "0402" | "0404" | "0801" | "0802" | "0002"
            | "0003",
        ) => 403,
        (false, "0308" | "0012") => 429,
        (false, "0501" | "0502") => 405,
        (false, "0601" | "0605" | "0606" | "0608" | "0609" | "0611" | "0612" | "0705" | "0006") => {
            500
        }
        (false, "0610") => 502,
        (false, "0613") => 503,
        (false, "0203") => 504,
        (false, _) => 400,
    }
}

/// `SDK-HMAC-SHA256 Access=AK, SignedHeaders=a;b, Signature=HEX`
#[derive(Debug)]
struct Authorization<'a> {
    access: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        // Split from the end: nothing forbids a comma in the access key.
        let (rest, signature) = header
            .strip_prefix("SDK-HMAC-SHA256 Access=")?
            .rsplit_once(", Signature=")?;
        let (access, signed_headers) = rest.rsplit_once(", SignedHeaders=")?;
        Some(Self {
            access,
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
    if !["host", "x-sdk-date"]
        .iter()
        .all(|name| names.contains(name))
    {
        return Err(unauthorized(
            "verify aksk signature fail,SignedHeaders must hold host and x-sdk-date",
        ));
    }
    let mut block = Vec::new();
    for name in &names {
        let value = request.headers.get(*name).ok_or(unauthorized(
            "verify aksk signature fail,a signed header was not sent",
        ))?;
        block.extend_from_slice(name.as_bytes());
        block.push(b':');
        block.extend_from_slice(value.as_bytes().trim_ascii());
        block.push(b'\n');
    }
    let canonical = [
        request.method.to_uppercase().as_bytes(),
        canonical_path(&request.path).as_bytes(),
        canonical_query(&request.query).as_bytes(),
        &block,
        authorization.signed_headers.as_bytes(),
        payload(request, &names).as_bytes(),
    ]
    .join(&b'\n');
    let date = request.header("x-sdk-date").unwrap_or_default();
    let string_to_sign = format!("SDK-HMAC-SHA256\n{date}\n{}", sha256(&canonical));
    if signed(
        secret.as_bytes(),
        string_to_sign.as_bytes(),
        authorization.signature,
    ) {
        return Ok(());
    }
    // The gateway shows its own canonical request, in one line.
    let canonical = String::from_utf8_lossy(&canonical).replace('\n', "|");
    Err(unauthorized(&format!(
        "verify aksk signature fail, canonicalRequest:{canonical}"
    )))
}

/// Decoded once, every segment encoded, with a slash at the end: `a%2Fb` on the wire is `a/b/` here.
fn canonical_path(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let segments: Vec<String> = decoded
        .split('/')
        .map(|segment| percent(segment.as_bytes()))
        .collect();
    let mut canonical = segments.join("/");
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// Sorted by the decoded names, then the decoded values.
fn canonical_query(query: &str) -> String {
    let decode = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", percent(name), percent(value)))
        .collect();
    pairs.join("&")
}

/// The hash of nothing for no body whatever else is said; a body may go unsigned when a signed header says so.
fn payload(request: &Request, names: &[&str]) -> String {
    const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
    let unsigned = request.header("x-sdk-content-sha256") == Some(UNSIGNED)
        && names.contains(&"x-sdk-content-sha256");
    if unsigned && !request.body.is_empty() {
        UNSIGNED.to_owned()
    } else {
        sha256(&request.body)
    }
}

fn moment_of(date: &str) -> Option<i64> {
    let date = PrimitiveDateTime::parse(date, DATE).ok()?;
    Some(date.assume_utc().unix_timestamp())
}

fn written(seconds: i64, format: &[BorrowedFormatItem<'_>]) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|time| time.format(format).ok())
        .unwrap_or_default()
}

/// What `ListSubCustomerNewTag` is asked.
#[derive(Debug)]
struct Question {
    /// None asks for everybody.
    ids: Option<BTreeSet<String>>,
    offset: u64,
    limit: u64,
    indirect_partner: Option<String>,
}

impl Question {
    fn read(body: &[u8]) -> Result<Self, Failure> {
        let mut question = Self {
            ids: None,
            offset: 0,
            limit: 10,
            indirect_partner: None,
        };
        // The official SDK sends nothing at all for a request without a body model.
        if body.is_empty() {
            return Ok(question);
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
            question.ids = (!ids.is_empty()).then(|| ids.into_iter().map(str::to_owned).collect());
        }
        let number = |value: &Value| {
            value
                .as_i64()
                .ok_or(invalid("CBC.0100", "offset and limit must be integers."))
        };
        if let Some(offset) = given("offset") {
            question.offset = u32::try_from(number(offset)?)
                .ok()
                .filter(|offset| *offset <= i32::MAX.unsigned_abs())
                .ok_or(invalid("CBC.0101", "offset must be from 0 to 2147483647."))?
                .into();
        }
        if let Some(limit) = given("limit") {
            question.limit = u64::try_from(number(limit)?)
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
            question.indirect_partner = (!partner.is_empty()).then(|| partner.to_owned());
        }
        Ok(question)
    }

    /// Ids of strangers are left out before the page is cut.
    fn answer(&self, seed: Seed, customers: u64) -> Result<String, Failure> {
        let range = match &self.indirect_partner {
            None => 0..customers,
            Some(id) if *id == indirect_partner(seed) => RESOLD..RESOLD + RESOLD_COUNT,
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
                // Newest first, as elsewhere; no walk over those that are skipped.
                let last = range.end.saturating_sub(self.offset);
                let first = last.saturating_sub(self.limit).max(range.start);
                (first..last.max(first))
                    .rev()
                    .map(|index| row(seed, index))
                    .collect::<Vec<_>>()
            }
            Some(ids) => {
                let known: BTreeSet<u64> = ids
                    .iter()
                    .filter_map(|id| index(seed, id))
                    .filter(|index| range.contains(index))
                    .collect();
                known
                    .into_iter()
                    .rev()
                    .skip(skip)
                    .take(take)
                    .map(|index| row(seed, index))
                    .collect()
            }
        };
        Ok(object([("new_customer_tags", array(rows))]))
    }
}

/// Thirty-two hexadecimal digits that lead back to the index.
pub(crate) fn customer_id(seed: Seed, index: u64) -> String {
    let (high, mask) = (seed.draw(Use::Ids, 1), seed.draw(Use::Ids, 2));
    format!("{high:016x}{:016x}", index ^ mask)
}

fn index(seed: Seed, id: &str) -> Option<u64> {
    let low = u64::from_str_radix(id.get(16..)?, 16).ok()?;
    let index = low ^ seed.draw(Use::Ids, 2);
    (customer_id(seed, index) == id).then_some(index)
}

/// The one cloud reseller whose customers can be asked for.
pub(crate) fn indirect_partner(seed: Seed) -> String {
    seed.uuid(Use::Ids, 3).replace('-', "")
}

/// What a reader should make of the customer's tag.
pub(crate) fn verdict(persona: Persona) -> Verdict {
    match persona {
        Persona::TagLapsed | Persona::TagUndetermined => Verdict::Watch,
        Persona::Unverified | Persona::NoRecord | Persona::Nulls | Persona::UnknownStatus => {
            Verdict::Unknown
        }
        _ => Verdict::Ok,
    }
}

/// The tag of a customer without real-name verification is empty, which the page leaves open: empty text, null or nothing.
fn row(seed: Seed, index: u64) -> String {
    let persona = seed.persona(index);
    let joined = seed.joined(index);
    let month = |year: i32| text(&format!("{year:04}-{:02}", u8::from(joined.month())));
    // Far enough away that the answer does not depend on the day of the test.
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
    let id = ("customer_id", text(&customer_id(seed, index)));
    let rest = [
        ("customer_tag_type", text("SMB")),
        ("new_customer_tag", text(tag)),
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
    use bytes::Bytes;
    use hyper::header::{HeaderMap, HeaderName, HeaderValue};

    /// Requests signed by the vendor's own SDK.
    fn vectors() -> Vec<(Request, Value)> {
        let file = include_str!("../../../fixtures/signing/huawei.json");
        let file: Value = serde_json::from_str(file).unwrap();
        file["vectors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|vector| (request(vector), vector.clone()))
            .collect()
    }

    fn request(vector: &Value) -> Request {
        let mut headers = HeaderMap::new();
        for (name, value) in vector["sent_headers"].as_object().unwrap() {
            // What a client would put on the wire; a server's parser trims the blanks.
            let value = value.as_str().unwrap().trim();
            headers.insert(
                HeaderName::try_from(name.to_lowercase()).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        let uri = vector["sent_uri"].as_str().unwrap();
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        Request {
            method: vector["method"].as_str().unwrap().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: Bytes::from(vector["body"].as_str().unwrap().to_owned()),
        }
    }

    fn check(request: &Request, vector: &Value) -> Result<(), String> {
        let authorization = request
            .header("authorization")
            .and_then(Authorization::parse);
        let authorization = authorization.ok_or("malformed")?;
        if authorization.access != vector["ak"].as_str().unwrap() {
            return Err("unknown key".to_owned());
        }
        check_signature(request, &authorization, vector["sk"].as_str().unwrap())
            .map_err(|failure| failure.message.into_owned())
    }

    #[test]
    fn accepts_what_the_vendors_sdk_signs() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 43);
        for (request, vector) in vectors {
            assert_eq!(check(&request, &vector), Ok(()), "{}", vector["name"]);
        }
    }

    #[test]
    fn refuses_every_changed_byte_of_what_is_signed() {
        for place in [0, 29] {
            let (original, vector) = vectors().swap_remove(place);
            let copy = || request(&vector);
            for place in 0..original.body.len() {
                let mut body = original.body.to_vec();
                body[place] ^= 1;
                let changed = Request {
                    body: Bytes::from(body),
                    ..copy()
                };
                assert!(
                    check(&changed, &vector)
                        .unwrap_err()
                        .contains("verify aksk signature fail")
                );
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
                    assert!(check(&changed, &vector).is_err(), "{name} {place}");
                }
            }
            for place in 1..original.path.len() {
                let mut path = original.path.clone().into_bytes();
                path[place] = if path[place] == b'x' { b'y' } else { b'x' };
                let changed = Request {
                    path: String::from_utf8(path).unwrap(),
                    ..copy()
                };
                assert!(check(&changed, &vector).is_err(), "path {place}");
            }
            let changed = Request {
                query: "a=b".to_owned(),
                ..copy()
            };
            assert!(check(&changed, &vector).is_err());
            let changed = Request {
                method: "GET".to_owned(),
                ..copy()
            };
            assert!(check(&changed, &vector).is_err());
        }
    }

    #[test]
    fn only_a_signed_header_lets_the_body_go_unsigned() {
        let (original, vector) = vectors()
            .into_iter()
            .find(|(_, vector)| vector["name"] == "post_tags_json")
            .unwrap();
        let mut changed = request(&vector);
        changed.headers.insert(
            "x-sdk-content-sha256",
            HeaderValue::from_static("UNSIGNED-PAYLOAD"),
        );
        assert_eq!(check(&changed, &vector), Ok(()));
        changed.body = Bytes::from_static(b"{}");
        assert!(check(&changed, &vector).is_err());
        assert_eq!(check(&original, &vector), Ok(()));
    }

    #[test]
    fn ids_lead_back_to_their_customers() {
        let seed = Seed(7);
        for place in [0, 1, 59, 999_999, RESOLD] {
            let id = customer_id(seed, place);
            assert_eq!(id.len(), 32);
            assert_eq!(index(seed, &id), Some(place));
        }
        for stranger in [
            "",
            "x",
            "0bb43f0000000000a10f19c014228fb580",
            "ééééééééééééééééé",
        ] {
            assert_eq!(index(seed, stranger), None, "{stranger}");
        }
        assert_eq!(index(Seed(8), &customer_id(seed, 0)), None);
    }
}
