//! Decides what a response means: a payload, "no such record", or an error of a kind, with or without
//! the chance that the operation was carried out.
//!
//! A code decides before the HTTP status. A status of failure never becomes a success, and a response
//! whose parts contradict each other proves nothing: the operation may have run.

use std::borrow::Cow;
use std::ops::Range;

use time::OffsetDateTime;

use crate::attempt_error::{AttemptError, Outcome, Passing};
use crate::envelope::{agrees, parse, reports_success};
use crate::error::ErrorKind;
use crate::operation::{CodeKind, ErrorCode, OperationInfo};
use crate::provider::{Provider, RawResponse, ResponseError, ServiceError};
use crate::retry::retry_after;
use crate::scrub::{Redaction, scrubbed, scrubbed_id, scrubbed_word, shortened};

/// How many characters of a code, a content type and a request id are shown.
const LONGEST_CODE: usize = 64;
const LONGEST_CONTENT_TYPE: usize = 60;
const LONGEST_REQUEST_ID: usize = 128;

/// The place of the payload.
#[derive(Debug, Clone)]
pub(crate) enum PayloadSpan {
    /// These bytes of the response's text.
    Within(Range<usize>),
    /// The provider says that there is no such record.
    NoRecord,
}

/// A response, with what is needed to describe it in an error.
pub(crate) struct Exchange<'e> {
    pub(crate) info: &'e OperationInfo,
    pub(crate) response: &'e RawResponse,
    pub(crate) request_id_headers: &'e [&'e str],
    pub(crate) redactions: &'e [Redaction],
}

impl Exchange<'_> {
    /// The request id from the body, or else from a header.
    pub(crate) fn request_id(&self, in_body: Option<String>) -> Option<String> {
        let mut headers = self.request_id_headers.iter();
        let in_header = || headers.find_map(|name| self.response.header(name).map(str::to_owned));
        in_body
            .filter(|id| !id.is_empty())
            .or_else(in_header)
            .map(|id| {
                let id = scrubbed_id(id.trim(), self.redactions);
                shortened(&id, LONGEST_REQUEST_ID)
            })
    }
}

/// Turns a response without a payload into the error of its attempt.
///
/// `clock_corrected` says, after a refusal of the time, whether a better time is known;
/// `credentials_refused` drops the credentials and says whether others may come.
pub(crate) fn attempt_error(
    error: ResponseError,
    exchange: &Exchange<'_>,
    now: OffsetDateTime,
    clock_corrected: impl FnOnce() -> bool,
    credentials_refused: impl Fn() -> bool,
) -> AttemptError {
    let Exchange {
        info,
        response,
        redactions,
        ..
    } = *exchange;
    let status = response.status();
    let in_body = match &error {
        ResponseError::Refused(refusal) => refusal.request_id.clone(),
        ResponseError::Unreadable(_) => None,
    };
    let base = AttemptError {
        status: Some(status),
        request_id: exchange.request_id(in_body),
        ..AttemptError::local(ErrorKind::Decode, "")
    };
    let refusal = match error {
        ResponseError::Refused(refusal) => *refusal,
        // Without any framing, a truncated body looks like one that ended.
        ResponseError::Unreadable(_)
            if only_body_decides(response, info) && !response.framed && !is_complete(response) =>
        {
            return AttemptError {
                outcome: Outcome::Unknown,
                kind: ErrorKind::Transport,
                message: "the response was truncated".to_owned(),
                may_have_run: true,
                ..base
            };
        }
        ResponseError::Unreadable(problem) if response.is_success() => {
            let content_type = response.header("content-type").unwrap_or("not given");
            // Scrub first, then shorten: half a secret would not be found.
            let content_type = scrubbed_word(content_type, LONGEST_CONTENT_TYPE, redactions);
            return AttemptError {
                message: format!("the response {problem} (content type {content_type})"),
                may_have_run: true,
                ..base
            };
        }
        ResponseError::Unreadable(_) => ServiceError::default(),
    };
    let known = refusal
        .code
        .as_deref()
        .and_then(|code| info.error_code(code));
    // "No such record" under another status than the documented one says nothing about the request.
    let misplaced = known.is_some_and(|known| {
        known.kind == CodeKind::NoData
            && known.status.is_some_and(|documented| documented != status)
    });
    let kind = match misplaced {
        true => refusal.kind,
        false => refusal.kind.or(known.map(|known| known.kind)),
    };
    let mut verdict = match kind {
        Some(kind) => by_code(
            kind,
            status,
            || Passing::Clock {
                corrected: clock_corrected(),
            },
            || Passing::Token {
                renewable: credentials_refused(),
            },
        ),
        None => by_status(status),
    };
    if refusal.has_run || misplaced {
        verdict.may_have_run = true;
        if matches!(verdict.outcome, Outcome::Refused(_)) {
            verdict.outcome = Outcome::Unknown;
        }
    }
    let mut message = match &refusal.message {
        Some(message) => scrubbed(message, redactions),
        None => known.map_or_else(
            || format!("the provider responded with HTTP {status}"),
            |known| known.doc.to_owned(),
        ),
    };
    // The source may have other credentials by now; the next call asks it.
    if verdict.kind == ErrorKind::Auth {
        credentials_refused();
    }
    if verdict.kind == ErrorKind::Clock {
        message = format!("check the clock of this machine: {message}");
    }
    if let Some(reason) = no_record_objection(&refusal, response, info) {
        message = format!("{reason}: {message}");
    }
    AttemptError {
        outcome: verdict.outcome,
        kind: verdict.kind,
        code: refusal
            .code
            .map(|code| scrubbed_word(&code, LONGEST_CODE, redactions)),
        message,
        full_message: refusal.message,
        may_have_run: verdict.may_have_run,
        hint: refusal.retry_after.or_else(|| retry_after(response, now)),
        ..base
    }
}

/// Locates the payload of a response that is a success in every respect, and reads its request id.
pub(crate) fn locate_payload<P: Provider>(
    provider: &P,
    response: &RawResponse,
    info: &OperationInfo,
) -> Result<(PayloadSpan, Option<String>), ResponseError> {
    if let Some(problem) = unreadable(response) {
        return Err(ResponseError::Unreadable(problem.into()));
    }
    let envelope = info.answer_envelope(P::ENVELOPE);
    let text = response.text();
    if !agrees(text, envelope) {
        return Err(contradictory(response));
    }
    match parse(provider, response, info) {
        Ok(payload) if response.is_success() => {
            let start = (payload.json.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
            let within = start..start.wrapping_add(payload.json.len());
            let request_id = payload.request_id.map(Cow::into_owned);
            Ok((PayloadSpan::Within(within), request_id))
        }
        // A body that reports success under a status of failure is not a success, and does not prove
        // that nothing happened.
        Ok(payload) => Err(ServiceError {
            has_run: true,
            ..ServiceError::default().request_id(payload.request_id)
        }
        .into()),
        Err(ResponseError::Refused(refusal)) => {
            let reports_success = reports_success(text, envelope, info);
            no_record_or_error(*refusal, reports_success, response, info)
        }
        Err(error) => Err(error),
    }
}

/// The error of a response whose envelope contradicts itself. If the status says nothing about the
/// request either, the status alone decides.
fn contradictory(response: &RawResponse) -> ResponseError {
    let status = response.status();
    if response.is_success() {
        return ResponseError::Unreadable("has a member twice, with different values".into());
    }
    let body_decides = (400..500).contains(&status) && !matches!(status, 408 | 429);
    ServiceError {
        has_run: true,
        kind: body_decides.then_some(CodeKind::Other),
        ..ServiceError::default()
    }
    .into()
}

/// Decides whether a refusal is the value "no such record": only under the status that is documented
/// for its code, and only if nothing else in the response contradicts it.
fn no_record_or_error(
    mut refusal: ServiceError,
    reports_success: bool,
    response: &RawResponse,
    info: &OperationInfo,
) -> Result<(PayloadSpan, Option<String>), ResponseError> {
    let no_record = no_record(&refusal, info);
    let documented = no_record.is_some_and(|known| known.status == Some(response.status()));
    if reports_success {
        refusal.has_run = true;
        if documented {
            refusal.kind = Some(CodeKind::Other);
        }
    } else if documented {
        return Ok((PayloadSpan::NoRecord, refusal.request_id));
    }
    Err(refusal.into())
}

/// The entry of the code if it means "no such record".
fn no_record(refusal: &ServiceError, info: &OperationInfo) -> Option<&'static ErrorCode> {
    let code = refusal.code.as_deref()?;
    info.no_record
        .contains(&code)
        .then(|| info.error_code(code))?
}

/// The reason for which a code that means "no such record" is an error here.
fn no_record_objection(
    refusal: &ServiceError,
    response: &RawResponse,
    info: &OperationInfo,
) -> Option<String> {
    let status = no_record(refusal, info)?.status;
    Some(match status {
        Some(status) if status == response.status() => {
            "\"no such record\" contradicts the rest of the response".to_owned()
        }
        Some(status) => format!("\"no such record\" is documented under HTTP {status} only"),
        None => "no HTTP status is documented for \"no such record\"".to_owned(),
    })
}

/// The problem that makes a response unreadable before its envelope is parsed.
fn unreadable(response: &RawResponse) -> Option<&'static str> {
    let encoded = response
        .header("content-encoding")
        .is_some_and(|e| !e.trim().eq_ignore_ascii_case("identity"));
    if encoded {
        return Some("has a content-encoding that was not asked for");
    }
    let charset = response.header("content-type").and_then(|content_type| {
        content_type.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("charset")
                .then(|| value.trim().trim_matches('"').to_ascii_lowercase())
        })
    });
    if charset.is_some_and(|charset| {
        !matches!(
            charset.as_str(),
            "" | "utf-8" | "utf8" | "us-ascii" | "ascii"
        )
    }) {
        return Some("is in a charset that is not UTF-8");
    }
    response.text().trim().is_empty().then_some("is empty")
}

/// Whether only the body can say what became of the operation: under a status of success, under one
/// that comes with codes of every kind, and under every refusal if "no such record" can come as one.
fn only_body_decides(response: &RawResponse, info: &OperationInfo) -> bool {
    let refused = (400..500).contains(&response.status()) && response.status() != 429;
    by_status(response.status()).kind == ErrorKind::Service
        || (refused && !info.no_record.is_empty())
}

/// Whether the body does not end in the middle of a JSON value.
fn is_complete(response: &RawResponse) -> bool {
    let read = serde_json::from_str::<serde::de::IgnoredAny>(response.text());
    !read.is_err_and(|error| error.is_eof())
}

/// The meaning of a code or a status.
struct Verdict {
    kind: ErrorKind,
    outcome: Outcome,
    may_have_run: bool,
}

fn verdict(kind: ErrorKind, outcome: Outcome, may_have_run: bool) -> Verdict {
    Verdict {
        kind,
        outcome,
        may_have_run,
    }
}

/// The meaning of a documented code.
fn by_code(
    kind: CodeKind,
    status: u16,
    clock: impl FnOnce() -> Passing,
    token: impl FnOnce() -> Passing,
) -> Verdict {
    let refused = |kind| verdict(kind, Outcome::Final, false);
    match kind {
        CodeKind::Auth => refused(ErrorKind::Auth),
        CodeKind::Permission => refused(ErrorKind::Permission),
        CodeKind::InvalidRequest => refused(ErrorKind::InvalidRequest),
        CodeKind::NotFound => refused(ErrorKind::NotFound),
        CodeKind::Quota => refused(ErrorKind::Quota),
        CodeKind::Throttled => verdict(
            ErrorKind::Throttled,
            Outcome::Refused(Passing::Throttled),
            false,
        ),
        CodeKind::Clock => verdict(ErrorKind::Clock, Outcome::Refused(clock()), false),
        CodeKind::Token => verdict(ErrorKind::Auth, Outcome::Refused(token()), false),
        // An earlier request with this nonce was accepted, so something may have run.
        CodeKind::Nonce => verdict(ErrorKind::Auth, Outcome::Refused(Passing::Nonce), true),
        CodeKind::Server => verdict(ErrorKind::Server, Outcome::Unknown, true),
        CodeKind::NoData => verdict(ErrorKind::NotFound, Outcome::Final, true),
        CodeKind::Other => {
            let outcome = if status >= 500 {
                Outcome::Unknown
            } else {
                Outcome::Final
            };
            verdict(ErrorKind::Service, outcome, true)
        }
    }
}

/// The meaning of an HTTP status, for a response without a code or with an unknown one.
fn by_status(status: u16) -> Verdict {
    let refused = |kind| verdict(kind, Outcome::Final, false);
    match status {
        401 => refused(ErrorKind::Auth),
        403 => refused(ErrorKind::Permission),
        404 | 405 => refused(ErrorKind::NotFound),
        413 | 414 | 415 | 431 => refused(ErrorKind::InvalidRequest),
        429 => verdict(
            ErrorKind::Throttled,
            Outcome::Refused(Passing::Throttled),
            false,
        ),
        300..400 => verdict(ErrorKind::Redirect, Outcome::Final, true),
        408 => verdict(ErrorKind::Server, Outcome::Unknown, true),
        200..300 | 400..500 => verdict(ErrorKind::Service, Outcome::Final, true),
        500..600 => verdict(ErrorKind::Server, Outcome::Unknown, true),
        _ => verdict(ErrorKind::Protocol, Outcome::Final, true),
    }
}

/// Whether a later retry by the caller is reasonable and safe.
pub(crate) fn is_retryable(outcome: Outcome, info: &OperationInfo) -> bool {
    match outcome {
        Outcome::NotSent | Outcome::Refused(Passing::Throttled) => true,
        Outcome::Unknown | Outcome::Refused(Passing::Nonce) => info.repeatable(),
        Outcome::Refused(Passing::Clock { corrected }) => corrected,
        Outcome::Refused(Passing::Token { renewable }) => renewable,
        Outcome::Final => false,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;
    use crate::operation::{Method, Service};

    fn response(status: u16, headers: &[(&'static str, &str)], body: &str) -> RawResponse {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        RawResponse::new(status, HeaderMap::from_iter(headers), body.as_bytes())
    }

    static SERVICE: Service = Service::new("p", "s", "h");

    #[test]
    fn status_without_code_gives_kind_outcome_and_may_have_run() {
        use ErrorKind::*;
        use Outcome::{Final, Unknown};
        let throttled = Outcome::Refused(Passing::Throttled);
        for (statuses, kind, outcome, may_have_run) in [
            (&[401][..], Auth, Final, false),
            (&[403], Permission, Final, false),
            (&[404, 405], NotFound, Final, false),
            (&[413, 414, 415, 431], InvalidRequest, Final, false),
            (&[429], Throttled, throttled, false),
            (
                &[300, 301, 302, 303, 304, 307, 308, 399],
                Redirect,
                Final,
                true,
            ),
            (&[408, 500, 502, 503, 504, 599], Server, Unknown, true),
            (&[200, 204, 400, 402, 418, 499], Service, Final, true),
            (&[101, 199, 600, 999], Protocol, Final, true),
        ] {
            for status in statuses {
                let verdict = by_status(*status);
                assert_eq!(
                    (verdict.kind, verdict.outcome, verdict.may_have_run),
                    (kind, outcome, may_have_run),
                    "{status}"
                );
                let (empty, info) = (
                    response(*status, &[], ""),
                    OperationInfo::new(&SERVICE, "O", Method::Post, "/"),
                );
                assert_eq!(
                    only_body_decides(&empty, &info),
                    kind == Service,
                    "{status}"
                );
                // If "no such record" can come as a refusal, only the body says whether it does.
                let with_no_record = info.no_record(&["NONE"]);
                let refused = matches!(kind, Auth | Permission | NotFound | InvalidRequest);
                let decides = only_body_decides(&empty, &with_no_record);
                assert_eq!(
                    decides,
                    kind == Service || refused || *status == 408,
                    "{status}"
                );
            }
        }
    }

    #[test]
    fn code_gives_kind_outcome_and_may_have_run() {
        use Outcome::{Final, Refused, Unknown};
        let clock = Passing::Clock { corrected: true };
        let token = Passing::Token { renewable: true };
        for (code, status, kind, outcome, may_have_run) in [
            (CodeKind::Auth, 200, ErrorKind::Auth, Final, false),
            (
                CodeKind::Permission,
                400,
                ErrorKind::Permission,
                Final,
                false,
            ),
            (
                CodeKind::InvalidRequest,
                500,
                ErrorKind::InvalidRequest,
                Final,
                false,
            ),
            (CodeKind::NotFound, 200, ErrorKind::NotFound, Final, false),
            (CodeKind::Quota, 403, ErrorKind::Quota, Final, false),
            (
                CodeKind::Throttled,
                403,
                ErrorKind::Throttled,
                Refused(Passing::Throttled),
                false,
            ),
            (
                CodeKind::Clock,
                200,
                ErrorKind::Clock,
                Refused(clock),
                false,
            ),
            (CodeKind::Token, 401, ErrorKind::Auth, Refused(token), false),
            (
                CodeKind::Nonce,
                400,
                ErrorKind::Auth,
                Refused(Passing::Nonce),
                true,
            ),
            (CodeKind::Server, 200, ErrorKind::Server, Unknown, true),
            (CodeKind::NoData, 400, ErrorKind::NotFound, Final, true),
            (CodeKind::Other, 400, ErrorKind::Service, Final, true),
            (CodeKind::Other, 503, ErrorKind::Service, Unknown, true),
        ] {
            let verdict = by_code(code, status, || clock, || token);
            assert_eq!(
                (verdict.kind, verdict.outcome, verdict.may_have_run),
                (kind, outcome, may_have_run),
                "{code:?} {status}"
            );
        }
    }

    #[test]
    fn later_retry_is_safe_only_if_the_call_cannot_have_run_or_is_repeatable() {
        const WRITE: OperationInfo = OperationInfo::new(&SERVICE, "O", Method::Post, "/");
        const READ: OperationInfo = WRITE.reads();
        for (outcome, read, write) in [
            (Outcome::NotSent, true, true),
            (Outcome::Refused(Passing::Throttled), true, true),
            (Outcome::Refused(Passing::Nonce), true, false),
            (
                Outcome::Refused(Passing::Clock { corrected: false }),
                false,
                false,
            ),
            (
                Outcome::Refused(Passing::Clock { corrected: true }),
                true,
                true,
            ),
            (
                Outcome::Refused(Passing::Token { renewable: false }),
                false,
                false,
            ),
            (
                Outcome::Refused(Passing::Token { renewable: true }),
                true,
                true,
            ),
            (Outcome::Unknown, true, false),
            (Outcome::Final, false, false),
        ] {
            assert_eq!(is_retryable(outcome, &READ), read, "{outcome:?}");
            assert_eq!(is_retryable(outcome, &WRITE), write, "{outcome:?}");
            assert_eq!(is_retryable(outcome, &READ.metered()), write, "{outcome:?}");
        }
    }

    #[test]
    fn body_that_is_encoded_or_empty_or_not_utf8_is_unreadable_before_parsing() {
        for (headers, body, problem) in [
            (&[][..], "{}", None),
            (&[("content-encoding", "identity")], "{}", None),
            (
                &[("content-encoding", "gzip")],
                "{}",
                Some("has a content-encoding"),
            ),
            (
                &[("content-type", "application/json; charset=\"UTF-8\"")],
                "{}",
                None,
            ),
            (
                &[("content-type", "text/json;charset=us-ascii")],
                "{}",
                None,
            ),
            (
                &[("content-type", "application/json; charset=GBK")],
                "{}",
                Some("is in a charset"),
            ),
            (
                &[("content-type", "application/json;charset=utf-16")],
                "{}",
                Some("is in a charset"),
            ),
            (&[], "", Some("is empty")),
            (&[], " \n", Some("is empty")),
        ] {
            let found = unreadable(&response(200, headers, body));
            match problem {
                Some(problem) => assert!(found.unwrap().starts_with(problem), "{headers:?}"),
                None => assert_eq!(found, None, "{headers:?}"),
            }
        }
    }
}
