//! The client: a thin generic shell around the call loop. How one is made is in `builder`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::activity::Activity;
use crate::call::{CallLoop, Received};
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
    pub(crate) shared: Arc<CallLoop<P>>,
    /// The time for a whole call with all its attempts and pauses.
    pub(crate) deadline: Duration,
}

impl<P> Clone for Client<P> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            deadline: self.deadline,
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
        let (received, attempts) = self.call(&O::INFO, operation).await?;
        self.decode(received, attempts, &O::INFO)
    }

    /// Checks the limits of a request, as [`send`](Self::send) does before it sends anything.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`], with every broken limit.
    pub fn check<O: Operation<Provider = P>>(&self, operation: &O) -> Result<(), Error> {
        operation
            .validate()
            .map_err(|invalid| self.invalid_request(&O::INFO, &invalid))
    }

    /// Makes a call without a type for its parameters or its response. `parameters` is any object with
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
        let (received, attempts) = self.call(info, parameters).await?;
        self.decode(received, attempts, info)
    }

    /// Returns this client with another deadline for each call.
    #[must_use]
    pub fn with_deadline(&self, deadline: Duration) -> Self {
        Self {
            shared: self.shared.clone(),
            deadline,
        }
    }

    /// Returns what this client and its clones have sent so far, for a program that ends, or drops a
    /// call, before the response.
    pub fn activity(&self) -> Activity {
        self.shared.activity.activity()
    }

    /// Makes a call. Returns its response and the number of attempts.
    async fn call(
        &self,
        info: &OperationInfo,
        parameters: &impl Serialize,
    ) -> Result<(Received, u32), Error> {
        let params = self.shared.provider.params(info);
        let encoded = encode(parameters, info, params)
            .map_err(|invalid| self.invalid_request(info, &invalid))?;
        self.shared.call(info, &encoded, self.deadline).await
    }

    fn decode<T: DeserializeOwned>(
        &self,
        received: Received,
        attempts: u32,
        info: &OperationInfo,
    ) -> Result<Response<T>, Error> {
        #[expect(
            clippy::expect_used,
            reason = "the call loop took the span from this text"
        )]
        let payload = match &received.payload {
            PayloadSpan::Within(bytes) => received
                .response
                .text()
                .get(bytes.clone())
                .expect("the payload is a part of the response"),
            // An operation that has such a value has an `Option` as its output.
            PayloadSpan::NoRecord => "null",
        };
        match decode_payload(payload, info.effective_envelope(P::ENVELOPE)) {
            Ok(decoded) => Ok(Response {
                value: decoded.value,
                deviations: decoded.deviations,
                received,
                attempts,
            }),
            Err(error) => {
                Err(self
                    .error(info, ErrorKind::Decode, error.to_string())
                    .with(|parts| {
                        parts.status = Some(received.response.status());
                        parts.request_id = received.request_id;
                        parts.attempts = attempts;
                        parts.may_have_run = true;
                    }))
            }
        }
    }

    /// The rate limit of an operation's calls.
    pub(crate) fn rate_limit(&self, info: &OperationInfo) -> Option<RateLimit> {
        self.shared.rate.limit(info)
    }

    /// The error of a request that breaks a limit.
    pub(crate) fn invalid_request(&self, info: &OperationInfo, invalid: &InvalidRequest) -> Error {
        self.error(info, ErrorKind::InvalidRequest, invalid.to_string())
    }

    /// An error of an operation without an attempt.
    pub(crate) fn error(
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
            .field("attempt_timeout", &self.shared.timeouts.attempt)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
