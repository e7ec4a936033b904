//! A received request, and its target: the facts that faults and the log need.

use bytes::Bytes;
use hyper::header::HeaderMap;

use crate::provider::Provider;
use crate::seed::{hash, splitmix64};

/// The largest body that any of the providers documents: 12 MiB.
pub(crate) const BODY_LIMIT: usize = 12 << 20;

/// A received request. Nothing in it is decoded, because signatures cover the raw bytes.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    /// The value of a header; `None` if it is missing or not visible ASCII.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The `Content-Type` without its parameters; empty if there is none.
    pub(crate) fn media_type(&self) -> &str {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim()
    }

    /// The path after `prefix`; `None` if it does not start with the prefix.
    pub(crate) fn route(&self, prefix: &str) -> Option<&str> {
        self.path.strip_prefix(prefix)
    }

    /// A number that a request shares with its retries, and hardly ever with another request.
    pub(crate) fn fingerprint(&self, operation: &str) -> u64 {
        fingerprint([
            operation.as_bytes(),
            self.path.as_bytes(),
            self.query.as_bytes(),
            &self.body,
        ])
    }
}

/// One number for a sequence of byte strings.
pub(crate) fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    parts
        .into_iter()
        .fold(0, |sum, part| splitmix64(sum ^ hash(part)))
}

/// What a request asks for, read before its credentials are verified.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub provider: Provider,
    pub service: &'static str,
    pub operation: &'static str,
    /// Counts from 1.
    pub page: u64,
    /// Equal for a request and its retries.
    pub fingerprint: u64,
}

/// The operation of a request that names none that the sandbox implements.
pub(crate) const UNKNOWN: &str = "unknown";

#[cfg(test)]
pub(crate) mod testing {
    use hyper::header::{HeaderName, HeaderValue};

    use super::{Bytes, HeaderMap, Request};

    /// A request as a client would send it. Header names may be in any case, and a name that comes
    /// twice has its last value.
    pub(crate) fn request<N: AsRef<str>, V: AsRef<str>>(
        (method, path, query): (&str, &str, &str),
        headers: impl IntoIterator<Item = (N, V)>,
        body: impl Into<String>,
    ) -> Request {
        let mut request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::from(body.into()),
        };
        for (name, value) in headers {
            set_header(&mut request, name.as_ref(), value.as_ref());
        }
        request
    }

    /// Copies of a request, in each of which one byte of the body or of one of these headers is another,
    /// and the name of that part.
    pub(crate) fn with_changed_bytes<'h>(
        original: &Request,
        headers: impl IntoIterator<Item = &'h str>,
    ) -> Vec<(&'h str, Request)> {
        let changed = |bytes: &[u8]| -> Vec<Vec<u8>> {
            let positions = 0..bytes.len();
            let changed = positions.map(|position| {
                let mut bytes = bytes.to_vec();
                bytes[position] = if bytes[position] == b'0' { b'1' } else { b'0' };
                bytes
            });
            changed.collect()
        };
        let mut copies = Vec::new();
        for body in changed(&original.body) {
            let mut copy = original.clone();
            copy.body = body.into();
            copies.push(("body", copy));
        }
        for name in headers {
            for value in changed(original.headers[name].as_bytes()) {
                let mut copy = original.clone();
                set_header(&mut copy, name, value);
                copies.push((name, copy));
            }
        }
        copies
    }

    /// Sets a header, in place of any with this name.
    pub(crate) fn set_header(request: &mut Request, name: &str, value: impl AsRef<[u8]>) {
        request.headers.insert(
            HeaderName::try_from(name.to_lowercase()).unwrap(),
            HeaderValue::from_bytes(value.as_ref()).unwrap(),
        );
    }
}
