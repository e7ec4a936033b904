//! The client: a thin generic shell around the call loop.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::activity::Activity;
use crate::call::{Done, Shared};
use crate::classify::PayloadSpan;
use crate::encode::encode;
use crate::envelope::decode_payload;
use crate::error::{Error, ErrorKind};
use crate::model::Json;
use crate::operation::{OperationInfo, RateLimit};
use crate::provider::Provider;
use crate::response::Response;
use crate::typed::Operation;
use crate::validate::InvalidRequest;

/// A client of one provider.
///
/// Cheap to clone; clones share connections, rate limit, retry budget and clock correction.
pub struct Client<P> {
    pub(crate) shared: Arc<Shared<P>>,
    pub(crate) time: Duration,
}

impl<P> Clone for Client<P> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            time: self.time,
        }
    }
}

impl<P: Provider> Client<P> {
    /// Makes a call, with retries where they are safe.
    ///
    /// # Errors
    ///
    /// See [`ErrorKind`]. If [`Error::attempts`] is 0, nothing was sent.
    pub async fn send<O: Operation<Provider = P>>(
        &self,
        operation: &O,
    ) -> Result<Response<O::Output>, Error> {
        self.check(operation)?;
        let done = self.call(&O::INFO, operation).await?;
        self.decoded(done, &O::INFO)
    }

    /// Checks the limits of a request, as [`send`](Self::send) does before it sends anything.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`], with every broken limit.
    pub fn check<O: Operation<Provider = P>>(&self, operation: &O) -> Result<(), Error> {
        operation
            .validate()
            .map_err(|invalid| self.invalid(&O::INFO, &invalid))
    }

    /// Makes a call without a type for its parameters or its answer. `parameters` is any object with
    /// the provider's own names; it is not checked, and signed like any other.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn raw(
        &self,
        info: &OperationInfo,
        parameters: &impl Serialize,
    ) -> Result<Response<Json>, Error> {
        let done = self.call(info, parameters).await?;
        self.decoded(done, info)
    }

    /// Returns this client with another deadline for each call.
    #[must_use]
    pub fn with_deadline(&self, time: Duration) -> Self {
        Self {
            shared: self.shared.clone(),
            time,
        }
    }

    /// Returns what this client and its clones have sent so far, for a program that ends, or drops a
    /// call, before the answer.
    pub fn activity(&self) -> Activity {
        self.shared.log.so_far()
    }

    async fn call(&self, info: &OperationInfo, fields: &impl Serialize) -> Result<Done, Error> {
        let params = self.shared.provider.params(info);
        let encoded =
            encode(fields, info, params).map_err(|invalid| self.invalid(info, &invalid))?;
        self.shared.call(info, &encoded, self.time).await
    }

    fn decoded<T: DeserializeOwned>(
        &self,
        done: Done,
        info: &OperationInfo,
    ) -> Result<Response<T>, Error> {
        #[expect(
            clippy::expect_used,
            reason = "the call loop took the span from this text"
        )]
        let payload = match &done.payload {
            PayloadSpan::Within(bytes) => done
                .answer
                .text()
                .get(bytes.clone())
                .expect("the payload is a part of the answer"),
            PayloadSpan::NoRecord => "null",
        };
        match decode_payload(payload, info.answer_envelope(P::ENVELOPE)) {
            Ok(decoded) => Ok(Response {
                value: decoded.value,
                deviations: decoded.deviations,
                done,
            }),
            Err(error) => Err(
                Error::new(ErrorKind::Decode, error.to_string()).with(|parts| {
                    parts.provider = P::NAME;
                    parts.operation = info.name.into();
                    parts.request_id = done.request_id;
                    parts.status = Some(done.answer.status());
                    parts.attempts = done.attempts;
                    parts.may_have_run = true;
                }),
            ),
        }
    }

    pub(crate) fn rate_of(&self, info: &OperationInfo) -> Option<RateLimit> {
        self.shared.rate_of(info)
    }

    pub(crate) fn invalid(&self, info: &OperationInfo, invalid: &InvalidRequest) -> Error {
        self.failed(info, ErrorKind::InvalidRequest, invalid.to_string())
    }

    pub(crate) fn failed(
        &self,
        info: &OperationInfo,
        kind: ErrorKind,
        message: impl Into<String>,
    ) -> Error {
        Error::new(kind, message).with(|parts| {
            parts.provider = P::NAME;
            parts.operation = info.name.into();
        })
    }
}

impl<P: Provider> fmt::Debug for Client<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("provider", &P::NAME)
            .field("endpoint", &self.shared.endpoint)
            .field("attempts", &self.shared.policy.attempts)
            .field("attempt_time", &self.shared.limits.attempt)
            .field("call_time", &self.time)
            .finish_non_exhaustive()
    }
}
