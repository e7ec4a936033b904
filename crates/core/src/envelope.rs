//! The envelope of a response: where its payload, its success flag, its error and its request id are.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use crate::lenient::{DecodeError, Decoded, Deviation, DeviationKind, decode, same};
use crate::operation::{Envelope, OperationInfo, Success};
use crate::provider::Provider;
use crate::raw_object::{RawObject, scalar};
use crate::raw_response::{RawResponse, ResponseError, ServiceError};

/// The payload of a success, still to be decoded.
#[derive(Debug)]
pub(crate) struct Payload<'r> {
    /// A part of the response's text.
    pub(crate) json: &'r str,
    pub(crate) request_id: Option<Cow<'r, str>>,
}

/// Finds the payload of a success, or the error, at any HTTP status.
pub(crate) fn parse<'r, P: Provider>(
    provider: &P,
    response: &'r RawResponse,
    info: &OperationInfo,
) -> Result<Payload<'r>, ResponseError> {
    let envelope = info.effective_envelope(P::ENVELOPE);
    let root = RawObject::read(response.text())?;
    let mut members = Members {
        text: response.text(),
        root: &root,
        below: Vec::new(),
    };
    let code_json = members.get(envelope.code)?;
    // A blank code says nothing.
    let code = code_json
        .and_then(scalar)
        .filter(|code| !code.trim().is_empty());
    let code_is_flag = envelope.success.pointer() == envelope.code;
    let code_allows_success = code
        .as_ref()
        .is_none_or(|code| provider.is_success_code(code.trim()));
    let is_success = match envelope.success {
        Success::Equals(at, wanted) => {
            let flag = members.get(at)?.and_then(scalar);
            flag.is_some_and(|flag| flag_equals(&flag, wanted))
                && (code_is_flag || code_allows_success)
        }
        Success::Absent(at) => code_allows_success && (code_is_flag || members.get(at)?.is_none()),
    };
    let request_id = envelope.request_id.and_then(|at| members.text(at));
    let service_error = |mut error: ServiceError| {
        error.request_id = error
            .request_id
            .or_else(|| request_id.as_deref().map(str::to_owned));
        Err(provider.complete_error(error, response).into())
    };
    if !is_success && code.is_some() {
        return service_error(ServiceError::new(code, members.text(envelope.message)));
    }
    match provider.check_response(&root, response, info) {
        Err(ResponseError::Service(error)) => return service_error(*error),
        checked => checked?,
    }
    if code_json.is_some_and(|json| scalar(json).is_none()) {
        let problem = format!("has a code at {} that is no text", envelope.code);
        return Err(ResponseError::Unreadable(problem.into()));
    }
    if is_success {
        let json = members.get(envelope.payload)?.ok_or_else(|| {
            ResponseError::Unreadable(format!("has no payload at {}", envelope.payload).into())
        })?;
        return Ok(Payload { json, request_id });
    }
    // Without a code, a text alone is an error. Without either, a missing flag says nothing about what
    // became of the operation.
    let message = members.text(envelope.message);
    match envelope.success {
        Success::Equals(at, _) if message.is_none() => Err(ResponseError::Unreadable(
            format!("has no success at {at} and no code at {}", envelope.code).into(),
        )),
        _ => service_error(ServiceError::new(None::<String>, message)),
    }
}

/// Whether a success flag has the value that marks a success. `true` may be a text in any letter case.
fn flag_equals(flag: &str, wanted: &str) -> bool {
    let flag = flag.trim();
    flag == wanted || (matches!(wanted, "true" | "false") && flag.eq_ignore_ascii_case(wanted))
}

/// The members of a response by JSON pointers. Each object on the way is read once.
struct Members<'a, 'r> {
    text: &'r str,
    root: &'a RawObject<'r>,
    below: Vec<(&'static str, RawObject<'r>)>,
}

impl<'r> Members<'_, 'r> {
    /// The JSON at a pointer. Null counts as absent.
    fn get(&mut self, pointer: &'static str) -> Result<Option<&'r str>, ResponseError> {
        let Some((parent, name)) = pointer.rsplit_once('/') else {
            return Ok(Some(self.text));
        };
        if parent.is_empty() {
            return Ok(self.root.get(name));
        }
        if let Some((_, object)) = self.below.iter().find(|(at, _)| *at == parent) {
            return Ok(object.get(name));
        }
        let Some(json) = self.get(parent)? else {
            return Ok(None);
        };
        let object = RawObject::read(json).map_err(|error| match error {
            ResponseError::Unreadable(problem) => {
                ResponseError::Unreadable(format!("{problem} at {parent}").into())
            }
            error @ ResponseError::Service(_) => error,
        })?;
        let found = object.get(name);
        self.below.push((parent, object));
        Ok(found)
    }

    /// The text at a pointer, if it can be read.
    fn text(&mut self, pointer: &'static str) -> Option<Cow<'r, str>> {
        self.get(pointer).ok().flatten().and_then(scalar)
    }
}

/// Reads the payload of an operation. Parts of the envelope beside the output are not deviations.
pub(crate) fn decode_payload<T: DeserializeOwned>(
    text: &str,
    envelope: &Envelope,
) -> Result<Decoded<T>, DecodeError> {
    let mut decoded = decode(text)?;
    decoded.deviations.retain(|deviation: &Deviation| {
        deviation.kind != DeviationKind::UnknownField
            || !envelope.is_part_or_parent(&deviation.pointer)
    });
    Ok(decoded)
}

/// Whether each part of a response's envelope has one value under all spellings of its name: `status`
/// and `Status` are one member, and it is unknown which of two values counts.
pub(crate) fn agrees(text: &str, envelope: &Envelope) -> bool {
    let success = envelope.success.pointer();
    agree(text, &[envelope.payload, success, envelope.code])
}

fn agree(text: &str, pointers: &[&str]) -> bool {
    let parts: Vec<(&str, &str)> = pointers
        .iter()
        .filter_map(|pointer| pointer.strip_prefix('/'))
        .map(|pointer| pointer.split_at(pointer.find('/').unwrap_or(pointer.len())))
        .collect();
    if parts.is_empty() {
        return true;
    }
    // A value that is not an object has no members that could disagree.
    let Ok(members) = RawObject::unchecked(text) else {
        return true;
    };
    parts.iter().all(|(name, _)| {
        let mut values = members.spelt(name);
        let Some(first) = values.next() else {
            return true;
        };
        let below = parts.iter().filter(|(other, _)| other == name);
        let below: Vec<&str> = below.map(|(_, rest)| *rest).collect();
        values.all(|value| same(first, value)) && agree(first.get(), &below)
    })
}

/// Whether a response that reports a failure also reports a success: by its success flag, or by a
/// payload that is not empty.
pub(crate) fn reports_success(text: &str, envelope: &Envelope, info: &OperationInfo) -> bool {
    if let Success::Equals(pointer, wanted) = envelope.success
        && member_at(text, pointer)
            .and_then(scalar)
            .is_some_and(|found| found.trim().eq_ignore_ascii_case(wanted))
    {
        return true;
    }
    let Some(payload) = member_at(text, envelope.payload) else {
        return false;
    };
    if !envelope.has_parts_in_payload() {
        return !is_empty(payload);
    }
    let Ok(members) = RawObject::unchecked(payload) else {
        return false;
    };
    members.iter().any(|(name, value)| {
        let is_output = match info.output_fields {
            // Without known fields, a list or an object contradicts "no such record". Beside any other
            // failure it may describe that failure.
            [] => !info.no_record.is_empty() && value.starts_with(['{', '[']),
            _ => info.has_output_field(name),
        };
        is_output && !envelope.is_member_name(name) && !is_empty(value)
    })
}

/// The text of the member that a pointer leads to.
fn member_at<'r>(text: &'r str, pointer: &str) -> Option<&'r str> {
    pointer.split('/').skip(1).try_fold(text, |text, name| {
        RawObject::unchecked(text).ok()?.get(name)
    })
}

/// Whether a JSON value carries no information: null, false, a blank text, or a list or object of such
/// values.
fn is_empty(json: &str) -> bool {
    use serde_json::Value;
    fn empty(value: &Value) -> bool {
        match value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.trim().is_empty(),
            Value::Array(items) => items.iter().all(empty),
            Value::Object(members) => members.values().all(empty),
            Value::Bool(true) | Value::Number(_) => false,
        }
    }
    serde_json::from_str(json).is_ok_and(|value| empty(&value))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;

    use super::*;
    use crate::credentials::{Credentials, CredentialsError};
    use crate::operation::{Method, Service};
    use crate::provider::{CredentialVariables, Request, SigningContext};

    static SERVICE: Service = Service::new("p", "s", "h");
    const BARE: OperationInfo = OperationInfo::new(&SERVICE, "O", Method::Post, "/");

    /// A provider without code for parsing.
    #[derive(Default)]
    struct Plain;

    impl Provider for Plain {
        const NAME: &'static str = "plain";

        const VARIABLES: CredentialVariables = CredentialVariables::new("ID", "SECRET");

        fn sign(
            &self,
            _: &mut Request,
            _: &OperationInfo,
            _: &Credentials,
            _: &SigningContext,
        ) -> Result<(), CredentialsError> {
            Ok(())
        }
    }

    /// A provider with every function for what an envelope cannot describe.
    #[derive(Default)]
    struct Special;

    impl Provider for Special {
        const NAME: &'static str = "special";
        const ENVELOPE: &'static Envelope = &FLAG;

        const VARIABLES: CredentialVariables = CredentialVariables::new("ID", "SECRET");

        fn sign(
            &self,
            _: &mut Request,
            _: &OperationInfo,
            _: &Credentials,
            _: &SigningContext,
        ) -> Result<(), CredentialsError> {
            Ok(())
        }

        fn is_success_code(&self, code: &str) -> bool {
            code == "FINE"
        }

        fn check_response(
            &self,
            root: &RawObject<'_>,
            _: &RawResponse,
            _: &OperationInfo,
        ) -> Result<(), ResponseError> {
            match root.get("gateway") {
                Some("7") => Err(ResponseError::Unreadable("is odd".into())),
                Some(_) => Err(ServiceError::new(root.text("gateway"), None::<String>).into()),
                None => Ok(()),
            }
        }

        fn complete_error(&self, error: ServiceError, response: &RawResponse) -> ServiceError {
            error.retry_after(Some(Duration::from_secs(response.status().into())))
        }
    }

    /// What a body means: `payload #id`, `!code message #id`, or the problem.
    fn meaning<P: Provider>(info: &OperationInfo, body: &str) -> String {
        let response = RawResponse::new(200, HeaderMap::new(), body.as_bytes());
        let with_id = |text: String, id: Option<&str>| match id {
            Some(id) => format!("{text} #{id}"),
            None => text,
        };
        match parse(&P::default(), &response, info) {
            Ok(payload) => with_id(payload.json.to_owned(), payload.request_id.as_deref()),
            Err(ResponseError::Service(error)) => {
                let code = error.code.as_deref().unwrap_or("-");
                let message = error.message.as_deref().unwrap_or("-");
                with_id(format!("!{code} {message}"), error.request_id.as_deref())
            }
            Err(ResponseError::Unreadable(problem)) => problem.into_owned(),
        }
    }

    /// Checks the meaning of bodies whose quotes are single.
    fn assert_meanings<P: Provider>(envelope: &'static Envelope, cases: &[(&str, &str)]) {
        for (body, want) in cases {
            let body = body.replace('\'', "\"");
            let found = meaning::<P>(&BARE.envelope(envelope), &body);
            assert_eq!(found, want.replace('\'', "\""), "{body}");
        }
    }

    #[test]
    fn code_that_is_the_flag_decides_alone() {
        assert_meanings::<Plain>(
            &ALL,
            &[
                ("{'status':'OK','id':'r'}", "{'status':'OK','id':'r'} #r"),
                ("{'Status ':' OK '}", "{'Status ':' OK '}"),
                ("{'status':'NO','reason':'why','id':7}", "!NO why #7"),
                ("{'status':'ok'}", "!ok -"),
                ("{'status':true}", "!true -"),
                ("{'reason':'why'}", "!- why"),
                ("{}", "has no success at /status and no code at /status"),
                (
                    "{'status':null}",
                    "has no success at /status and no code at /status",
                ),
                (
                    "{'status':' '}",
                    "has no success at /status and no code at /status",
                ),
                ("{'status':['OK']}", "has a code at /status that is no text"),
                ("[]", "is not a JSON object"),
                (
                    "{'x':1,'x':2,'status':'OK'}",
                    "has a member twice, with different values",
                ),
            ],
        );
    }

    #[test]
    fn success_flag_needs_a_payload_and_no_code() {
        assert_meanings::<Plain>(
            &FLAG,
            &[
                ("{'Success':true,'Data':[1]}", "[1]"),
                ("{'Success':'True','Data':0,'Code':' '}", "0"),
                ("{'Success':true,'Data':1,'Code':null}", "1"),
                ("{'Success':true,'Data':null}", "has no payload at /Data"),
                ("{'Success':true,'Data':1,'Code':'Denied'}", "!Denied -"),
                (
                    "{'Success':true,'Data':1,'Code':{}}",
                    "has a code at /Code that is no text",
                ),
                (
                    "{'Success':false,'Data':1}",
                    "has no success at /Success and no code at /Code",
                ),
                ("{'Data':1,'Message':'why'}", "!- why"),
                ("{'Success':{},'Data':1,'Code':-5}", "!-5 -"),
            ],
        );
    }

    #[test]
    fn interface_without_a_flag_needs_no_code_of_its_own() {
        assert_meanings::<Plain>(
            &Envelope::PLAIN,
            &[
                ("{'a':1,'message':'fine'}", "{'a':1,'message':'fine'}"),
                ("{'code':null}", "{'code':null}"),
                ("{'code':''}", "{'code':''}"),
                ("{'code':0,'message':'why'}", "!0 why"),
                ("{'code':[]}", "has a code at /code that is no text"),
            ],
        );
        const APART: Envelope = Envelope {
            success: Success::Absent("/error"),
            ..Envelope::PLAIN
        };
        assert_meanings::<Plain>(
            &APART,
            &[
                ("{}", "{}"),
                ("{'error':true}", "!- -"),
                ("{'error':true,'code':'NO'}", "!NO -"),
                ("{'code':'NO'}", "!NO -"),
            ],
        );
    }

    #[test]
    fn nested_parts_are_found() {
        assert_meanings::<Plain>(
            &WITHIN,
            &[
                ("{'Response':{'a':1}}", "{'a':1}"),
                ("{'Response':{'Error':null}}", "{'Error':null}"),
                (
                    "{'Response':{'Error':{'Code':'NO','Message':'why'}}}",
                    "!NO why",
                ),
                ("{'Response':{'Error':{}}}", "!- -"),
                ("{'Response':null}", "has no payload at /Response"),
                ("{'Response':7}", "is not a JSON object at /Response"),
                (
                    "{'Response':{'Error':[]}}",
                    "is not a JSON object at /Response/Error",
                ),
                (
                    "{'Response':{'a':1,'a':2}}",
                    "has a member twice, with different values at /Response",
                ),
                (
                    "{'Response':{'Error':{'Code':{}}}}",
                    "has a code at /Response/Error/Code that is no text",
                ),
            ],
        );
        const APART: Envelope = Envelope {
            payload: "/body/out",
            success: Success::Equals("/head/ok", "1"),
            code: "/head/error/code",
            message: "/head/error/text",
            request_id: Some("/head/id"),
        };
        assert_meanings::<Plain>(
            &APART,
            &[
                ("{'head':{'ok':1,'id':'r'},'body':{'out':{}}}", "{} #r"),
                ("{'head':{'ok':1},'body':{}}", "has no payload at /body/out"),
                (
                    "{'head':{'ok':0,'id':'r','error':{'code':'NO','text':'why'}}}",
                    "!NO why #r",
                ),
            ],
        );
    }

    #[test]
    fn envelope_of_the_operation_precedes_the_service_and_the_service_the_provider() {
        static OWN: Service = Service::new("p", "s", "h").envelope(&WITHIN);
        const OF_SERVICE: OperationInfo = OperationInfo::new(&OWN, "O", Method::Post, "/");
        let body = r#"{"Success":true,"Data":1,"Response":{},"status":"OK"}"#;
        assert_eq!(meaning::<Special>(&BARE, body), "1");
        assert_eq!(meaning::<Special>(&OF_SERVICE, body), "{}");
        assert_eq!(meaning::<Special>(&OF_SERVICE.envelope(&ALL), body), body);
        assert_eq!(meaning::<Plain>(&BARE, body), body);
    }

    #[test]
    fn provider_adds_success_codes_and_errors_of_other_forms() {
        assert_meanings::<Special>(
            &FLAG,
            &[
                ("{'Success':true,'Data':1,'Code':' FINE '}", "1"),
                ("{'Success':false,'Data':1,'Code':'FINE'}", "!FINE -"),
                ("{'Success':true,'Data':1,'gateway':'NO'}", "!NO -"),
                ("{'Success':true,'Data':1,'gateway':7}", "is odd"),
                // The error of the envelope comes first.
                ("{'Success':false,'Code':'DENIED','gateway':7}", "!DENIED -"),
            ],
        );
        const BY_CODE: Envelope = Envelope {
            request_id: Some("/id"),
            ..Envelope::PLAIN
        };
        assert_meanings::<Special>(
            &BY_CODE,
            &[
                ("{'code':'FINE'}", "{'code':'FINE'}"),
                ("{'gateway':'NO','id':'r'}", "!NO - #r"),
            ],
        );
        for body in [
            r#"{"gateway":"NO"}"#,
            r#"{"Code":"NO"}"#,
            r#"{"Message":"why"}"#,
        ] {
            let response = RawResponse::new(503, HeaderMap::new(), body.as_bytes());
            let Err(ResponseError::Service(error)) = parse(&Special, &response, &BARE) else {
                panic!("{body}");
            };
            assert_eq!(error.retry_after, Some(Duration::from_secs(503)), "{body}");
        }
    }

    const FLAG: Envelope = Envelope {
        payload: "/Data",
        success: Success::Equals("/Success", "true"),
        code: "/Code",
        message: "/Message",
        request_id: None,
    };
    const ALL: Envelope = Envelope {
        payload: "",
        success: Success::Equals("/status", "OK"),
        code: "/status",
        message: "/reason",
        request_id: Some("/id"),
    };
    const WITHIN: Envelope = Envelope {
        payload: "/Response",
        success: Success::Absent("/Response/Error"),
        code: "/Response/Error/Code",
        message: "/Response/Error/Message",
        request_id: None,
    };

    #[test]
    fn envelope_agrees_only_with_equal_values_in_all_spellings() {
        for (envelope, text, want) in [
            (&ALL, r#"{"status":"OK","Status":"OK","x":1,"X":2}"#, true),
            (&ALL, r#"{"status":"OK","STATUS ":null}"#, true),
            (&ALL, r#"{"status":"OK","Status":"NOT_HIT"}"#, false),
            (&ALL, "[1]", true),
            (&WITHIN, r#"{"Response":{"a":1,"A":2}}"#, true),
            (&WITHIN, r#"{"Response":{"a":1},"response":{"a":2}}"#, false),
            (
                &WITHIN,
                r#"{"Response":{"Error":{"Code":"A"},"error":{"Code":"B"}}}"#,
                false,
            ),
            (
                &WITHIN,
                r#"{"Response":{"Error":{"Code":"A","code":"B"}}}"#,
                false,
            ),
            (
                &WITHIN,
                r#"{"Response":{"Error":{"Code":"A","code":"A"}}}"#,
                true,
            ),
        ] {
            assert_eq!(agrees(text, envelope), want, "{text}");
        }
    }

    #[test]
    fn success_flag_or_payload_in_any_spelling_reports_success() {
        const INFO: OperationInfo = BARE.output_fields(&["result", "Data"]);
        const NONE: OperationInfo = BARE.no_record(&["NO"]);
        for (info, text, want) in [
            (
                INFO.envelope(&ALL),
                r#"{"status":"NO","reason":"x","id":"y","took":7,"meta":{"a":1}}"#,
                false,
            ),
            (
                INFO.envelope(&ALL),
                r#"{"status":"NO","result":[{"a":null,"b":""}]}"#,
                false,
            ),
            (
                INFO.envelope(&ALL),
                r#"{"status":"NO"," Result":[{"a":0}]}"#,
                true,
            ),
            (
                INFO.envelope(&ALL),
                r#"{"status":"NO","result":true}"#,
                true,
            ),
            (BARE.envelope(&ALL), r#"{"status":"NO","took":7}"#, false),
            (
                BARE.envelope(&ALL),
                r#"{"status":"NO","anything":{"a":1}}"#,
                false,
            ),
            (
                NONE.envelope(&ALL),
                r#"{"status":"NO","anything":{"a":1}}"#,
                true,
            ),
            (
                BARE.envelope(&WITHIN),
                r#"{"Response":{"Error":{"Code":"A"}}}"#,
                false,
            ),
            (
                INFO.envelope(&WITHIN),
                r#"{"Response":{"Error":{"Code":"A"},"Data":[1]}}"#,
                true,
            ),
            (
                BARE.envelope(&FLAG),
                r#"{"Code":"A","Details":{"a":1},"Data":{}}"#,
                false,
            ),
            (
                BARE.envelope(&FLAG),
                r#"{"Code":"A","Data":null,"data":{"a":1}}"#,
                true,
            ),
            (
                BARE.envelope(&FLAG),
                r#"{"Code":"A","success":"True"}"#,
                true,
            ),
            (
                BARE.envelope(&FLAG),
                r#"{"Code":"A","Success":false}"#,
                false,
            ),
        ] {
            let envelope = info.effective_envelope(&Envelope::PLAIN);
            assert_eq!(reports_success(text, envelope, &info), want, "{text}");
        }
    }
}
