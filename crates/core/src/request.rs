//! A request as plain data, so that exactly the signed request is sent.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::endpoint::Endpoint;
use crate::operation::Method;
use crate::sign;

/// The body of a request: bytes and their content type.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// No body.
    Empty,
    /// These bytes, of this content type.
    Bytes(bytes::Bytes, &'static str),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes, content_type) => {
                write!(f, "{} bytes of {content_type}", bytes.len())
            }
        }
    }
}

/// How many headers a signed request has, and a few more.
const USUAL_HEADERS: usize = 12;

/// A header of a request.
#[derive(Clone)]
struct Header {
    name: Cow<'static, str>,
    value: Cow<'static, str>,
    sensitive: bool,
}

/// A request as plain data. A provider's signer adds headers to it; path, query and body never change.
/// After signing, the client adds only `accept` and `user-agent`, and the HTTP client what HTTP needs.
#[derive(Clone)]
pub struct Request {
    method: Method,
    endpoint: Arc<Endpoint>,
    path: String,
    query: String,
    headers: Vec<Header>,
    body: bytes::Bytes,
}

impl Request {
    /// A request to a path (percent-encoded, below the endpoint's prefix) with query pairs that
    /// are not encoded yet: they are sorted by name, then value, and encoded once.
    pub fn new(
        method: Method,
        endpoint: Arc<Endpoint>,
        path: &str,
        mut query: Vec<(String, String)>,
        body: Body,
    ) -> Self {
        query.sort();
        let mut encoded = String::new();
        for (name, value) in &query {
            if !encoded.is_empty() {
                encoded.push('&');
            }
            encoded.push_str(&sign::percent(name));
            encoded.push('=');
            encoded.push_str(&sign::percent(value));
        }
        let mut request = Self {
            method,
            path: [endpoint.prefix(), path].concat(),
            query: encoded,
            headers: Vec::with_capacity(USUAL_HEADERS),
            body: bytes::Bytes::new(),
            endpoint,
        };
        request.insert("host", request.endpoint.authority().to_owned());
        if let Body::Bytes(bytes, content_type) = body {
            request.insert("content-type", content_type);
            request.body = bytes;
        }
        request
    }

    /// The HTTP method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Where it goes.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The path as it is sent, prefix included.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query as it is sent: sorted and percent-encoded, without the `?`.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The body as it is sent.
    pub fn body(&self) -> &bytes::Bytes {
        &self.body
    }

    /// Sets a header; names are lower case.
    pub fn insert(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) {
        self.put(name.into(), value.into(), false);
    }

    /// Sets a header that must not appear in a log or a message.
    pub fn insert_sensitive(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) {
        self.put(name.into(), value.into(), true);
    }

    fn put(&mut self, name: Cow<'static, str>, value: Cow<'static, str>, sensitive: bool) {
        debug_assert!(!name.bytes().any(|b| b.is_ascii_uppercase()));
        let header = Header {
            name,
            value,
            sensitive,
        };
        let same = |known: &&mut Header| known.name == header.name;
        match self.headers.iter_mut().find(same) {
            Some(known) => *known = header,
            None => self.headers.push(header),
        }
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|header| header.name == name)
            .map(|header| header.value.as_ref())
    }

    /// Name, value and sensitivity of every header.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        self.headers.iter().map(|header| {
            (
                header.name.as_ref(),
                header.value.as_ref(),
                header.sensitive,
            )
        })
    }

    /// The canonical request over all headers that are set so far. Headers that are set later are not
    /// signed.
    pub fn canonical(&self, path: &str, payload_hash: &str) -> sign::Canonical {
        sign::canonical_of(
            self.method.as_str(),
            path,
            &self.query,
            self.headers().map(|(name, value, _)| (name, value)),
            payload_hash,
        )
    }
}

impl fmt::Debug for Request {
    /// Method, endpoint, path, header names and the body's length: no query, no values, no body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self
            .headers
            .iter()
            .map(|header| header.name.as_ref())
            .collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("endpoint", &self.endpoint)
            .field("path", &self.path)
            .field("headers", &names)
            .field("body_length", &self.body.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_is_sorted_by_name_then_value_and_encoded_once() {
        let pairs = [("b", "2"), ("a", "~ *+/中"), ("b", "1"), ("B", "")];
        let query = pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let endpoint = Arc::new(Endpoint::of_host("example.com").unwrap());
        let request = Request::new(Method::Get, endpoint, "/", query, Body::Empty);
        assert_eq!(request.query(), "B=&a=~%20%2A%2B%2F%E4%B8%AD&b=1&b=2");
    }

    #[test]
    fn debug_has_the_route_and_no_value() {
        let endpoint = Arc::new(Endpoint::of_host("example.com").unwrap());
        let query = vec![("q".to_owned(), "SENTINEL".to_owned())];
        let body = Body::Bytes("SENTINEL".into(), "text/plain");
        let mut request = Request::new(Method::Post, endpoint, "/path", query, body);
        request.insert_sensitive("x-secret", "SENTINEL");
        let shown = format!("{request:?}");
        assert!(!shown.contains("SENTINEL"), "{shown}");
        assert!(
            shown.contains("example.com") && shown.contains("/path") && shown.contains("x-secret")
        );
    }
}
