//! What a failure of the HTTP client means.

use std::error::Error as StdError;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::attempt_error::{AttemptError, Outcome};
use crate::endpoint::Endpoint;
use crate::error::ErrorKind;
use crate::scrub::scrubbed;

/// Where a request goes, and whether through a proxy.
#[derive(Clone, Copy)]
pub(super) struct Way<'e> {
    pub(super) to: &'e Endpoint,
    pub(super) proxied: bool,
}

/// What a failure of the HTTP client means. Its own text holds the URL, so only the innermost
/// cause is ever quoted.
pub(super) fn classified(error: &reqwest::Error, left: &AtomicBool, way: Way<'_>) -> AttemptError {
    let host = way.to.authority();
    if error.is_connect() || !left.load(Ordering::Acquire) {
        return unreached(error, way);
    }
    // After the handshake: a record was altered on its way, and the request may have arrived.
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
                format!("{host} did not answer in proper HTTP"),
            )
        };
    }
    AttemptError::new(
        Outcome::Unknown,
        ErrorKind::Transport,
        format!("the connection to {host} broke: {}", cause(error)),
    )
}

/// No byte of the request left.
fn unreached(error: &reqwest::Error, Way { to, proxied }: Way<'_>) -> AttemptError {
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
    let way = if proxied {
        " through the proxy that the environment names"
    } else {
        ""
    };
    AttemptError::new(
        Outcome::NotSent,
        ErrorKind::Connect,
        format!("cannot reach {host}{way}: {}", cause(error)),
    )
}

/// Whether the TLS library refused something. A handshake that is cut is another error.
#[cfg(feature = "rustls")]
fn is_tls(error: &reqwest::Error) -> bool {
    chain(error).any(|cause| cause.is::<rustls::Error>())
}

#[cfg(not(feature = "rustls"))]
fn is_tls(_: &reqwest::Error) -> bool {
    false
}

fn chain<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| inner(*error))
}

/// The cause of an error. An io::Error passes over what it wraps, which is what tells most.
fn inner<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match wrapped {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// The text of the innermost cause: the operating system's or the TLS library's.
pub(super) fn cause(error: &reqwest::Error) -> String {
    let text = chain(error)
        .filter(|cause| !cause.is::<reqwest::Error>())
        .last()
        .map_or_else(|| "no cause given".to_owned(), ToString::to_string);
    scrubbed(&text.chars().take(200).collect::<String>(), &[])
}
