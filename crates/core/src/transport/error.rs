//! Classifies the failures of the HTTP client: of which kind they are, and whether bytes were sent.

use std::error::Error as StdError;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::attempt_error::{AttemptError, Outcome};
use crate::endpoint::Endpoint;
use crate::error::ErrorKind;
use crate::scrub::scrubbed;

/// How many characters of a cause are quoted.
const LONGEST_CAUSE: usize = 200;

/// The destination of a request.
#[derive(Clone, Copy)]
pub(super) struct Route<'e> {
    pub(super) to: &'e Endpoint,
    /// Whether the request goes through a proxy.
    pub(super) proxied: bool,
}

/// Turns a failure of the HTTP client into an [`AttemptError`]. Its own text contains the URL, so only
/// the innermost cause is quoted.
pub(super) fn transport_error(
    error: &reqwest::Error,
    sent: &AtomicBool,
    route: Route<'_>,
) -> AttemptError {
    let host = route.to.authority();
    if error.is_connect() || !sent.load(Ordering::Acquire) {
        return not_sent(error, route);
    }
    // After the handshake, a record was altered in transit, and the request may have arrived.
    if is_tls(error) {
        let message = format!("the TLS connection to {host} broke: {}", cause(error));
        return AttemptError::new(Outcome::Unknown, ErrorKind::Tls, message);
    }
    let malformed = chain(error).any(|cause| {
        cause
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_parse)
            || cause.downcast_ref::<io::Error>().is_some_and(|cause| {
                matches!(
                    cause.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
                )
            })
    });
    if malformed {
        return AttemptError {
            may_have_run: true,
            ..AttemptError::new(
                Outcome::Final,
                ErrorKind::Protocol,
                format!("the response of {host} is not valid HTTP"),
            )
        };
    }
    AttemptError::new(
        Outcome::Unknown,
        ErrorKind::Transport,
        format!("the connection to {host} broke: {}", cause(error)),
    )
}

/// The error of a request of which no byte was sent.
fn not_sent(error: &reqwest::Error, Route { to, proxied }: Route<'_>) -> AttemptError {
    let host = to.authority();
    if error.is_timeout() {
        return AttemptError::new(
            Outcome::NotSent,
            ErrorKind::Timeout,
            format!("no connection to {host} in time"),
        );
    }
    if is_tls(error) {
        let message = format!("no trusted TLS connection to {host}: {}", cause(error));
        return AttemptError::new(Outcome::Final, ErrorKind::Tls, message);
    }
    let via = if proxied {
        " through the proxy of the environment"
    } else {
        ""
    };
    AttemptError::new(
        Outcome::NotSent,
        ErrorKind::Connect,
        format!("cannot reach {host}{via}: {}", cause(error)),
    )
}

/// Whether the error comes from the TLS library. An interrupted handshake does not.
#[cfg(feature = "rustls")]
fn is_tls(error: &reqwest::Error) -> bool {
    chain(error).any(|cause| cause.is::<rustls::Error>())
}

#[cfg(not(feature = "rustls"))]
fn is_tls(_: &reqwest::Error) -> bool {
    false
}

/// The error and its causes, outermost first.
fn chain<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| source(*error))
}

/// The cause of an error. `source` of an `io::Error` skips the error that it wraps, which is the most
/// precise one.
fn source<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match wrapped {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// The text of the innermost cause, from the operating system or the TLS library.
pub(super) fn cause(error: &reqwest::Error) -> String {
    let text = chain(error)
        .filter(|cause| !cause.is::<reqwest::Error>())
        .last()
        .map_or_else(|| "no cause given".to_owned(), ToString::to_string);
    scrubbed(&text.chars().take(LONGEST_CAUSE).collect::<String>(), &[])
}
