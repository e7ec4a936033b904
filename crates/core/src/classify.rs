//! Decides what a response means: a payload, "no such record", or an error of a kind, with or without
//! the chance that the operation was carried out. Pure functions: what the client learns from a response
//! is in the call loop.
//!
//! A code decides before the HTTP status. A status of failure never becomes a success, and a response
//! whose parts contradict each other proves nothing: the operation may have run.

use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

use time::OffsetDateTime;

use crate::attempt_error::{AttemptError, Outcome, Rejection};
use crate::envelope::{agrees, parse, reports_success};
use crate::error::ErrorKind;
use crate::operation::{CodeKind, ErrorCode, OperationInfo};
use crate::provider::{Provider, RawResponse, ResponseError, ServiceError};
use crate::scrub::{Redaction, excerpt, scrubbed, scrubbed_excerpt, scrubbed_id};

// The largest numbers of characters that are shown.
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
pub(crate) struct ResponseContext<'e> {
    pub(crate) info: &'e OperationInfo,
    pub(crate) response: &'e RawResponse,
    pub(crate) request_id_headers: &'e [&'e str],
    pub(crate) redactions: &'e [Redaction],
}

impl ResponseContext<'_> {
    /// The request id from the body, or else from a header.
    pub(crate) fn request_id(&self, in_body: Option<String>) -> Option<String> {
        let mut headers = self.request_id_headers.iter();
        let in_header = || headers.find_map(|name| self.response.header(name).map(str::to_owned));
        in_body
            .filter(|id| !id.is_empty())
            .or_else(in_header)
            .map(|id| {
                let id = scrubbed_id(id.trim(), self.redactions);
                excerpt(&id, LONGEST_REQUEST_ID)
            })
    }

    /// An error with the status and the request id of the response.
    fn error(&self, verdict: Verdict, id_in_body: Option<String>, message: String) -> AttemptError {
        AttemptError {
            status: Some(self.response.status()),
            request_id: self.request_id(id_in_body),
            may_have_run: verdict.may_have_run,
            ..AttemptError::new(verdict.outcome, verdict.kind, message)
        }
    }
}

/// Turns a response without a payload into the error of its attempt. `now` is the time from which a
/// `Retry-After` date is counted.
pub(crate) fn classify<P: Provider>(
    provider: &P,
    error: ResponseError,
    context: &ResponseContext<'_>,
    now: OffsetDateTime,
) -> AttemptError {
    let response = context.response;
    match error {
        ResponseError::Service(error) => classify_service_error(*error, context, now),
        // Without any framing, a truncated body looks like one that ended.
        ResponseError::Unreadable(_)
            if only_body_decides(response, context.info)
                && !response.framed
                && !is_complete(response) =>
        {
            let truncated = verdict(ErrorKind::Transport, Outcome::Unknown, true);
            context.error(truncated, None, "the response was truncated".to_owned())
        }
        ResponseError::Unreadable(problem) if response.is_success() => {
            let content_type = response.header("content-type").unwrap_or("not given");
            // Scrub first, then shorten: half a secret would not be found.
            let content_type =
                scrubbed_excerpt(content_type, LONGEST_CONTENT_TYPE, context.redactions);
            context.error(
                verdict(ErrorKind::Decode, Outcome::Final, true),
                None,
                format!("the response {problem} (content type {content_type})"),
            )
        }
        // The status alone decides.
        ResponseError::Unreadable(_) => {
            classify_service_error(unnamed_error(provider, response), context, now)
        }
    }
}

/// The error of a response whose body names none. A gateway can ask for a wait all the same.
fn unnamed_error<P: Provider>(provider: &P, response: &RawResponse) -> ServiceError {
    provider.complete_error(ServiceError::default(), response)
}

/// Turns an error that the provider reports into the error of its attempt.
fn classify_service_error(
    error: ServiceError,
    context: &ResponseContext<'_>,
    now: OffsetDateTime,
) -> AttemptError {
    let ResponseContext {
        info,
        response,
        redactions,
        ..
    } = *context;
    let status = response.status();
    let known = error.code.as_deref().and_then(|code| info.error_code(code));
    let verdict = service_verdict(&error, known, status);
    let mut message = match &error.message {
        Some(message) => scrubbed(message, redactions),
        None => known.map_or_else(
            || format!("the provider responded with HTTP {status}"),
            |known| known.message.to_owned(),
        ),
    };
    if verdict.kind == ErrorKind::Clock {
        message = format!("check the clock of this machine: {message}");
    }
    if let Some(reason) = no_record_objection(&error, response, info) {
        message = format!("{reason}: {message}");
    }
    AttemptError {
        code: error
            .code
            .map(|code| scrubbed_excerpt(&code, LONGEST_CODE, redactions)),
        full_message: error.message,
        retry_after: error
            .retry_after
            .or_else(|| retry_after_header(response, now)),
        ..context.error(verdict, error.request_id, message)
    }
}

/// The verdict on an error that the provider reports. `known` is the documented entry of its code.
fn service_verdict(error: &ServiceError, known: Option<&ErrorCode>, status: u16) -> Verdict {
    // "No such record" under another status than the documented one says nothing about the request.
    let misplaced = known.is_some_and(|known| {
        known.kind == CodeKind::NoData
            && known.status.is_some_and(|documented| documented != status)
    });
    let kind = match misplaced {
        true => error.kind,
        false => error.kind.or(known.map(|known| known.kind)),
    };
    let mut verdict = match kind {
        Some(kind) => by_code(kind, status),
        None => by_status(status),
    };
    if error.may_have_run || misplaced {
        verdict.may_have_run = true;
        if matches!(verdict.outcome, Outcome::Rejected(_)) {
            verdict.outcome = Outcome::Unknown;
        }
    }
    verdict
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
    let envelope = info.effective_envelope(P::ENVELOPE);
    let text = response.text();
    if !agrees(text, envelope) {
        return Err(contradictory(provider, response));
    }
    match parse(provider, response, info) {
        Ok(payload) if response.is_success() => {
            // A struct cannot hold the response and a part borrowed from it, so the place is kept.
            let start = (payload.json.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
            let within = start..start.wrapping_add(payload.json.len());
            let request_id = payload.request_id.map(Cow::into_owned);
            Ok((PayloadSpan::Within(within), request_id))
        }
        // A body that reports success under a status of failure is not a success, and does not prove
        // that nothing happened.
        Ok(payload) => Err(ServiceError {
            may_have_run: true,
            ..unnamed_error(provider, response).request_id(payload.request_id)
        }
        .into()),
        Err(ResponseError::Service(error)) => {
            let reports_success = reports_success(text, envelope, info);
            no_record_or_error(*error, reports_success, response, info)
        }
        Err(error) => Err(error),
    }
}

/// The error of a response whose envelope contradicts itself, so that its code does not count. Under
/// 408, 429 and 5xx the status alone gives the kind. Other failures have statuses whose usual meaning,
/// such as "not found", would claim that nothing ran: their error has no such meaning.
fn contradictory<P: Provider>(provider: &P, response: &RawResponse) -> ResponseError {
    let status = response.status();
    if response.is_success() {
        return ResponseError::Unreadable("has a member twice, with different values".into());
    }
    let status_would_prove_too_much = (400..500).contains(&status) && !matches!(status, 408 | 429);
    ServiceError {
        may_have_run: true,
        kind: status_would_prove_too_much.then_some(CodeKind::Other),
        ..unnamed_error(provider, response)
    }
    .into()
}

/// Decides whether an error of the provider is the value "no such record": only under the status that is
/// documented for its code, and only if nothing else in the response contradicts it.
fn no_record_or_error(
    mut error: ServiceError,
    reports_success: bool,
    response: &RawResponse,
    info: &OperationInfo,
) -> Result<(PayloadSpan, Option<String>), ResponseError> {
    let known = no_record_code(&error, info);
    let documented = known.is_some_and(|known| known.status == Some(response.status()));
    if reports_success {
        error.may_have_run = true;
        if documented {
            error.kind = Some(CodeKind::Other);
        }
    } else if documented {
        return Ok((PayloadSpan::NoRecord, error.request_id));
    }
    Err(error.into())
}

/// The entry of the code if it means "no such record".
fn no_record_code(error: &ServiceError, info: &OperationInfo) -> Option<&'static ErrorCode> {
    let code = error.code.as_deref()?;
    info.no_record
        .contains(&code)
        .then(|| info.error_code(code))?
}

/// The reason for which a code that means "no such record" is an error here.
fn no_record_objection(
    error: &ServiceError,
    response: &RawResponse,
    info: &OperationInfo,
) -> Option<String> {
    let status = no_record_code(error, info)?.status;
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

/// Whether only the body can say what became of the operation: under 2xx, under the 4xx that have no
/// meaning of their own here (400 above all), and, if the operation has codes for "no such record", under
/// every 4xx except 429.
fn only_body_decides(response: &RawResponse, info: &OperationInfo) -> bool {
    let status = response.status();
    let has_no_meaning = by_status(status).kind == ErrorKind::Service;
    let may_be_no_record =
        (400..500).contains(&status) && status != 429 && !info.no_record.is_empty();
    has_no_meaning || may_be_no_record
}

/// Whether the body does not end in the middle of a JSON value.
fn is_complete(response: &RawResponse) -> bool {
    let read = serde_json::from_str::<serde::de::IgnoredAny>(response.text());
    !read.is_err_and(|error| error.is_eof())
}

/// The meaning of a code or a status: the kind for the caller, the outcome for the retry, and whether
/// the operation may have run.
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

/// The meaning of a documented code. The flags of a rejection are false: only the call loop knows them.
fn by_code(kind: CodeKind, status: u16) -> Verdict {
    let not_run = |kind| verdict(kind, Outcome::Final, false);
    let rejected = |kind, reason| verdict(kind, Outcome::Rejected(reason), false);
    match kind {
        CodeKind::Auth => not_run(ErrorKind::Auth),
        CodeKind::Permission => not_run(ErrorKind::Permission),
        CodeKind::InvalidRequest => not_run(ErrorKind::InvalidRequest),
        CodeKind::NotFound => not_run(ErrorKind::NotFound),
        CodeKind::Quota => not_run(ErrorKind::Quota),
        CodeKind::Throttled => rejected(ErrorKind::Throttled, Rejection::Throttled),
        CodeKind::Clock => rejected(ErrorKind::Clock, Rejection::Clock { corrected: false }),
        CodeKind::Token => rejected(
            ErrorKind::Auth,
            Rejection::TokenExpired { renewable: false },
        ),
        // An earlier request with this nonce was accepted, so something may have run.
        CodeKind::Nonce => verdict(
            ErrorKind::Auth,
            Outcome::Rejected(Rejection::NonceReplayed),
            true,
        ),
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
    let not_run = |kind| verdict(kind, Outcome::Final, false);
    match status {
        401 => not_run(ErrorKind::Auth),
        403 => not_run(ErrorKind::Permission),
        // 405: the path exists for another method only, so the operation does not.
        404 | 405 => not_run(ErrorKind::NotFound),
        413 | 414 | 415 | 431 => not_run(ErrorKind::InvalidRequest),
        429 => verdict(
            ErrorKind::Throttled,
            Outcome::Rejected(Rejection::Throttled),
            false,
        ),
        300..400 => verdict(ErrorKind::Redirect, Outcome::Final, true),
        // The server gave up waiting for the rest of a request that it may have begun to process.
        408 => verdict(ErrorKind::Server, Outcome::Unknown, true),
        200..300 | 400..500 => verdict(ErrorKind::Service, Outcome::Final, true),
        500..600 => verdict(ErrorKind::Server, Outcome::Unknown, true),
        _ => verdict(ErrorKind::Protocol, Outcome::Final, true),
    }
}

/// Parses `Retry-After`, as seconds or as a date.
fn retry_after_header(response: &RawResponse, now: OffsetDateTime) -> Option<Duration> {
    let text = response.header("retry-after")?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let then = OffsetDateTime::from(httpdate::parse_http_date(text).ok()?);
    (then - now).try_into().ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};
    use time::macros::datetime;

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
        let throttled = Outcome::Rejected(Rejection::Throttled);
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
                let client_error = matches!(kind, Auth | Permission | NotFound | InvalidRequest);
                let decides = only_body_decides(&empty, &with_no_record);
                assert_eq!(
                    decides,
                    kind == Service || client_error || *status == 408,
                    "{status}"
                );
            }
        }
    }

    #[test]
    fn code_gives_kind_outcome_and_may_have_run() {
        use Outcome::{Final, Rejected, Unknown};
        let clock = Rejection::Clock { corrected: false };
        let token = Rejection::TokenExpired { renewable: false };
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
                Rejected(Rejection::Throttled),
                false,
            ),
            (
                CodeKind::Clock,
                200,
                ErrorKind::Clock,
                Rejected(clock),
                false,
            ),
            (
                CodeKind::Token,
                401,
                ErrorKind::Auth,
                Rejected(token),
                false,
            ),
            (
                CodeKind::Nonce,
                400,
                ErrorKind::Auth,
                Rejected(Rejection::NonceReplayed),
                true,
            ),
            (CodeKind::Server, 200, ErrorKind::Server, Unknown, true),
            (CodeKind::NoData, 400, ErrorKind::NotFound, Final, true),
            (CodeKind::Other, 400, ErrorKind::Service, Final, true),
            (CodeKind::Other, 503, ErrorKind::Service, Unknown, true),
        ] {
            let verdict = by_code(code, status);
            assert_eq!(
                (verdict.kind, verdict.outcome, verdict.may_have_run),
                (kind, outcome, may_have_run),
                "{code:?} {status}"
            );
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

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00:00 UTC);

    #[test]
    fn retry_after_is_parsed_in_both_forms_and_malformed_ones_are_ignored() {
        for (text, want) in [
            ("2", Some(2)),
            (" 0 ", Some(0)),
            ("Sat, 21 Nov 2026 12:00:03 GMT", Some(3)),
            ("Sat, 21 Nov 2026 11:59:59 GMT", None),
            ("Fri, 21 Nov 2036 12:00:00 GMT", Some(315_619_200)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("", None),
            ("abc", None),
        ] {
            let wait = retry_after_header(&response(503, &[("retry-after", text)], ""), NOW);
            assert_eq!(wait, want.map(Duration::from_secs), "{text}");
        }
        assert_eq!(retry_after_header(&response(503, &[], ""), NOW), None);
    }
}
