//! The contract that a provider meets: functions over values that sign requests, name hosts, and
//! recognize errors that the envelope does not describe. None of them waits, reads a clock or does
//! I/O.

use std::borrow::Cow;
use std::time::Duration;

use time::{OffsetDateTime, UtcOffset};

use crate::credentials::{Credentials, CredentialsError};
pub use crate::endpoint::Endpoint;
use crate::operation::{Envelope, OperationInfo, Params, Service};
pub use crate::raw_object::RawObject;
pub use crate::raw_response::{RawResponse, ResponseError, ServiceError};
pub use crate::request::{Body, Request};

/// A provider: how its requests are signed, and what its responses have beside their [`Envelope`].
///
/// Core parses responses by the envelope of the operation, so a provider needs no code for it. The last
/// three functions are for providers whose responses have more than an envelope can describe.
///
/// All functions are pure: no clock, no network, nothing to wait for. The call loop does the rest.
pub trait Provider: Default + Send + Sync + 'static {
    /// The provider's name in lower case, for errors.
    const NAME: &'static str;

    /// The environment variables that have the credentials.
    const VARIABLES: CredentialVariables;

    /// How long calls may take unless the client says otherwise.
    const TIMEOUTS: Timeouts = Timeouts::DEFAULT;

    /// The envelope of responses, unless the service or the operation has its own; most often the
    /// `ENVELOPE` that is generated from the fixtures.
    const ENVELOPE: &'static Envelope = &Envelope::PLAIN;

    /// Headers that hold the request's id where the body has none, in lower case, the best first.
    const REQUEST_ID_HEADERS: &'static [&'static str] = &[];

    /// Checks the settings of the provider when a client is built.
    ///
    /// # Errors
    ///
    /// A sentence that names the setting and the reason, without the value.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// The host of a service: a host name in lower case, without a port. The name that is signed for
    /// the service does not depend on it.
    fn host<'s>(&'s self, service: &'s Service) -> Cow<'s, str> {
        service.host.into()
    }

    /// Where the fields of an operation are sent.
    fn params(&self, info: &OperationInfo) -> Params {
        info.params
    }

    /// Adds the headers that identify and sign the request. Headers that are set before
    /// [`Request::canonical`] are signed, later ones are not.
    ///
    /// # Errors
    ///
    /// Credentials of a form that this provider does not accept.
    fn sign(
        &self,
        request: &mut Request,
        info: &OperationInfo,
        credentials: &Credentials,
        context: &SigningContext,
    ) -> Result<(), CredentialsError>;

    /// Whether a success may come with this code, which has no blanks around it. Beside a success
    /// flag, or where a code marks an error, any other code makes the response an error.
    fn is_success_code(&self, _code: &str) -> bool {
        false
    }

    /// Looks for errors of other forms than the envelope's: those of a gateway or of an older
    /// interface. Core asks at any HTTP status, if the envelope has no error code.
    ///
    /// # Errors
    ///
    /// [`ResponseError::Service`] for an error that the provider reports,
    /// [`ResponseError::Unreadable`] for a response that must not count as a success.
    fn check_response(
        &self,
        _root: &RawObject<'_>,
        _response: &RawResponse,
        _info: &OperationInfo,
    ) -> Result<(), ResponseError> {
        Ok(())
    }

    /// Adds to an error what neither the envelope nor the tables of codes say: a wait from a header,
    /// the kind of a code that has several meanings. Core asks once for each error, with an error
    /// without code and message if the body names none.
    fn complete_error(&self, error: ServiceError, _response: &RawResponse) -> ServiceError {
        error
    }
}

/// The names of the environment variables that have a provider's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CredentialVariables {
    /// The key id.
    pub id: &'static str,
    /// The secret of the key.
    pub secret: &'static str,
    /// The session token that goes with the key: the first of these that is set.
    pub session_tokens: &'static [&'static str],
    /// A token in place of a key; if it is set, the others are ignored.
    pub token: Option<&'static str>,
}

impl CredentialVariables {
    /// The variables of a key without a session token.
    pub const fn new(id: &'static str, secret: &'static str) -> Self {
        Self {
            id,
            secret,
            session_tokens: &[],
            token: None,
        }
    }

    /// The variables of the session token, in order of precedence.
    #[must_use]
    pub const fn session_tokens(mut self, names: &'static [&'static str]) -> Self {
        self.session_tokens = names;
        self
    }

    /// The variable of a token in place of a key.
    #[must_use]
    pub const fn token(mut self, name: &'static str) -> Self {
        self.token = Some(name);
        self
    }

    /// Reads the variables, which `variable` looks up.
    ///
    /// # Errors
    ///
    /// A variable that is missing or has no usable value; by its name, never its value.
    pub fn read(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Credentials, CredentialsError> {
        if let Some(name) = self.token
            && let Some(credentials) = Credentials::token_from_variable(variable, name)?
        {
            return Ok(credentials);
        }
        Credentials::from_variables(variable, self.id, self.secret, self.session_tokens)
    }
}

/// How long calls may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// For reaching the host, TLS included.
    pub connect: Duration,
    /// For one attempt, until the last byte of the response.
    pub attempt: Duration,
    /// For the whole call with all attempts and pauses.
    pub deadline: Duration,
}

impl Timeouts {
    /// 5 s to connect, 10 s an attempt, 30 s a call.
    pub const DEFAULT: Self = Self {
        connect: Duration::from_secs(5),
        attempt: Duration::from_secs(10),
        deadline: Duration::from_secs(30),
    };

    /// These timeouts with others for attempts and calls.
    pub const fn with(mut self, attempt: Duration, deadline: Duration) -> Self {
        self.attempt = attempt;
        self.deadline = deadline;
        self
    }
}

/// The instant and the nonce that a request is signed with.
#[derive(Debug, Clone)]
pub struct SigningContext {
    /// The time, corrected for a clock that is known to be off.
    pub time: OffsetDateTime,
    /// 32 lower-case hexadecimal digits that no other request has.
    pub nonce: String,
}

impl SigningContext {
    /// The date in UTC: `2026-11-21`.
    pub fn date(&self) -> String {
        let mut text = self.date_time();
        text.truncate("2026-11-21".len());
        text
    }

    /// The second in UTC: `2026-11-21T08:30:12Z`.
    pub fn date_time(&self) -> String {
        let time = self.time.to_offset(UtcOffset::UTC);
        let (year, month) = (time.year().unsigned_abs(), u8::from(time.month()));
        let (century, year) = ((year / 100 % 100) as u8, (year % 100) as u8);
        let mut text = String::with_capacity("2026-11-21T08:30:12Z".len());
        for (number, after) in [
            (century, ""),
            (year, "-"),
            (month, "-"),
            (time.day(), "T"),
            (time.hour(), ":"),
            (time.minute(), ":"),
            (time.second(), "Z"),
        ] {
            text.push(char::from(b'0' + number / 10));
            text.push(char::from(b'0' + number % 10));
            text.push_str(after);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn signing_context_in_another_offset_is_written_in_utc() {
        for (time, want) in [
            (datetime!(2024-02-29 23:59:59 UTC), "2024-02-29T23:59:59Z"),
            (
                datetime!(2026-12-31 23:30:01.999 -1:00),
                "2027-01-01T00:30:01Z",
            ),
            (datetime!(0999-01-02 03:04:05 UTC), "0999-01-02T03:04:05Z"),
        ] {
            let nonce = String::new();
            assert_eq!(SigningContext { time, nonce }.date_time(), want);
        }
    }
}
