//! What every provider's desk in the sandbox is given and gives back.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::header::HeaderMap;
use percent_encoding::percent_decode_str;

use crate::clock::Clock;
use crate::fault::{Faults, Subject};
use crate::log::Log;
use crate::people::{Seed, fold, mix};

/// The largest body that any of the providers documents.
pub(crate) const BODY_LIMIT: usize = 12 << 20;

/// What all desks of one sandbox share.
#[derive(Debug)]
pub(crate) struct House {
    pub seed: Seed,
    pub customers: u64,
    pub clock: Clock,
    pub faults: Faults,
    pub log: Log,
    pub rate_limits: bool,
    pub latency: Duration,
    pub prefix: String,
}

/// A request as it came, with its head taken apart but nothing decoded.
#[derive(Debug)]
pub(crate) struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    /// The header's text; none when it is missing or no visible ASCII.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The `Content-Type` without its parameters; empty when there is none.
    pub(crate) fn media_type(&self) -> &str {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim()
    }

    /// The path behind the configured prefix.
    pub(crate) fn route<'a>(&'a self, house: &House) -> Option<&'a str> {
        self.path.strip_prefix(house.prefix.as_str())
    }

    /// A number that is equal for a request and its repetitions, but hardly for any other.
    pub(crate) fn logical(&self, operation: &str) -> u64 {
        [
            operation.as_bytes(),
            self.path.as_bytes(),
            self.query.as_bytes(),
            &self.body,
        ]
        .iter()
        .fold(0, |sum, part| mix(sum ^ fold(part)))
    }
}

/// Decodes `a=b&c=d` as forms do: `+` is a blank, then percent signs, then UTF-8.
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// What a desk is told about the moment of a request.
#[derive(Debug)]
pub(crate) struct Moment {
    /// Seconds since 1970 by the clock that the desk is to believe.
    pub now: i64,
    /// What the request's id is drawn for: no two requests of a sandbox have the same.
    pub id: u64,
    /// Customers there are: more than at the start when the data changes between pages.
    pub customers: u64,
    /// Whether too many requests are refused.
    pub limited: bool,
    /// What to answer instead of running the operation.
    pub instead: Option<Instead>,
}

/// An answer in the provider's own form that was asked for by a fault.
#[derive(Clone, Debug)]
pub(crate) enum Instead {
    /// Too many requests, with a hint when to come back.
    Throttle(Option<Duration>),
    Code(String, Option<u16>),
}

/// What a desk says.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    /// The code for the log.
    pub code: Cow<'static, str>,
    pub proof: Verification,
    /// A client may try again and get a better answer.
    pub retryable: bool,
}

impl Answer {
    /// An answer with the status, the code and the proof of `failure`, be it one or not.
    pub(crate) fn new(
        failure: Failure,
        headers: Vec<(&'static str, String)>,
        body: String,
    ) -> Self {
        let Failure {
            status,
            code,
            proof,
            retryable,
            ..
        } = failure;
        Self {
            status,
            headers,
            body,
            code,
            proof,
            retryable,
        }
    }

    /// For a body that no provider would take.
    pub(crate) fn too_large() -> Self {
        Self {
            status: 413,
            headers: Vec::new(),
            body: String::new(),
            code: Cow::Borrowed("HTTP 413"),
            proof: Verification::Refused,
            retryable: false,
        }
    }
}

/// How the credentials fared, with a word on time for the fault that makes the clock wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verification {
    Verified,
    Refused,
    /// All right but for the time.
    OutOfTime,
}

/// Why a request has no good answer. The credentials were right unless it says otherwise.
#[derive(Debug)]
pub(crate) struct Failure {
    pub status: u16,
    pub code: Cow<'static, str>,
    pub message: Cow<'static, str>,
    pub proof: Verification,
    /// A client may try again and get a better answer.
    pub retryable: bool,
    /// When it may.
    pub wait: Option<Duration>,
}

impl Failure {
    pub(crate) fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            proof: Verification::Verified,
            retryable: false,
            wait: None,
        }
    }

    /// A failure that a fault asked for.
    pub(crate) fn injected(status: u16, code: &str) -> Self {
        Self::new(status, code.to_owned(), "Asked for by the sandbox's user.")
    }

    /// The credentials were not right, or nobody looked at them.
    pub(crate) fn refused(self) -> Self {
        Self {
            proof: Verification::Refused,
            ..self
        }
    }

    /// The credentials were right at another time.
    pub(crate) fn out_of_time(self) -> Self {
        Self {
            proof: Verification::OutOfTime,
            ..self
        }
    }

    pub(crate) fn retryable(self, wait: Option<Duration>) -> Self {
        Self {
            retryable: true,
            wait,
            ..self
        }
    }
}

/// One provider behind a listener.
pub(crate) trait Desk: Send + Sync + fmt::Debug + 'static {
    /// What the request asks for, before anything in it is believed.
    fn subject(&self, request: &Request) -> Subject;

    /// Verifies the request and answers it.
    fn answer(&self, request: &Request, moment: &Moment) -> Answer;
}

/// Counts requests in fixed windows of one second.
#[derive(Debug)]
pub(crate) struct Window {
    pub limit: u32,
    counted: Mutex<(i64, u32)>,
}

impl Window {
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            limit,
            counted: Mutex::default(),
        }
    }

    /// Lets a request in, or says how many there were.
    pub(crate) fn enter(&self, now: i64) -> Result<(), u32> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.0 != now {
            *counted = (now, 0);
        }
        counted.1 = counted.1.saturating_add(1);
        if counted.1 > self.limit {
            Err(counted.1)
        } else {
            Ok(())
        }
    }
}
