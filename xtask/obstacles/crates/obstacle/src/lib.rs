//! A provider that does not exist, with operations that are hard to generate.

mod operations;

use std::borrow::Cow;

pub use operations::*;
use standing_core::operation::{OperationInfo, Success};
use standing_core::provider::{
    CredentialVariables, Payload, Provider, RawObject, RawResponse, Request, ResponseError,
    ServiceError, SigningContext,
};
pub use standing_core::{Amount, Json};
use standing_core::{Credentials, CredentialsError};

/// A client of the provider.
pub type Client = standing_core::Client<Obstacle>;

/// Signs nothing and parses answers by the envelope of their operation.
#[derive(Debug, Default)]
pub struct Obstacle;

impl Provider for Obstacle {
    const NAME: &'static str = "obstacle";
    const VARIABLES: CredentialVariables =
        CredentialVariables::new("OBSTACLE_ID", "OBSTACLE_SECRET");

    fn sign(
        &self,
        _request: &mut Request,
        _info: &OperationInfo,
        _key: &Credentials,
        _at: &SigningContext,
    ) -> Result<(), CredentialsError> {
        Ok(())
    }

    fn parse_response<'r>(
        &self,
        answer: &'r RawResponse,
        info: &OperationInfo,
    ) -> Result<Payload<'r>, ResponseError> {
        let envelope = info.answer_envelope();
        let text = |at: &str| at_pointer(answer.text(), at).and_then(scalar);
        let request_id = envelope.request_id.and_then(text);
        let succeeded = match envelope.success {
            Success::Absent(at) => text(at).is_none(),
            Success::Equals(at, wanted) => text(at).is_some_and(|found| found == wanted),
            _ => false,
        };
        if succeeded {
            let payload = at_pointer(answer.text(), envelope.payload)
                .ok_or(ResponseError::Unreadable("has no payload"))?;
            return Ok(Payload {
                payload,
                request_id,
            });
        }
        let refusal = ServiceError::new(text(envelope.code), text(envelope.message));
        Err(refusal.request_id(request_id).into())
    }
}

/// The JSON at a pointer.
fn at_pointer<'r>(body: &'r str, pointer: &str) -> Option<&'r str> {
    pointer
        .split('/')
        .skip(1)
        .try_fold(body, |here, name| RawObject::read(here).ok()?.get(name))
}

/// The text of a scalar.
fn scalar(json: &str) -> Option<Cow<'_, str>> {
    let quoted = json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    Some(quoted.unwrap_or(json).into())
}
