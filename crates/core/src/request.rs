//! A request as plain data: what is signed is what is sent.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::operation::Method;
use crate::sign;

/// Where a service is reached: scheme, host, port and path prefix.
///
/// `https` anywhere, `http` on this machine only (`localhost`, 127.0.0.0/8, `[::1]`): secrets and
/// personal data never cross a network in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    secure: bool,
    authority: String,
    prefix: String,
}

impl Endpoint {
    /// Reads `https://host[:port][/prefix]`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for another scheme, a user name, a query, a fragment, or plain `http`
    /// to another machine. The text itself is not repeated: it may hold a password.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse =
            |problem: &str| Error::new(ErrorKind::Config, format!("the endpoint {problem}"));
        let (scheme, rest) = text
            .trim()
            .split_once("://")
            .ok_or_else(|| refuse("must look like https://host"))?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(refuse("must begin with https://")),
        };
        if rest.contains(['?', '#']) {
            return Err(refuse("must have no query and no fragment"));
        }
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        if authority.contains('@') {
            return Err(refuse("must have no user name and no password"));
        }
        let (host, port) =
            split_port(authority).ok_or_else(|| refuse("has a port that is no port"))?;
        if !valid_host(host) {
            return Err(refuse("has a host that is no host name"));
        }
        let mut host = host.to_ascii_lowercase();
        // An IPv6 address has many spellings; this one is sent.
        if let Some(address) = ipv6(&host) {
            host = format!("[{address}]");
        }
        if !secure && !loopback(&host) {
            return Err(refuse("must be https: plain http is for this machine only"));
        }
        let default_port = if secure { 443 } else { 80 };
        let authority = match port.filter(|port| *port != default_port) {
            Some(port) => format!("{host}:{port}"),
            None => host,
        };
        let prefix = path.trim_end_matches('/');
        if !valid_prefix(prefix) {
            return Err(refuse(
                "has a path that is not percent-encoded or has `.` segments",
            ));
        }
        Ok(Self {
            secure,
            authority,
            prefix: prefix.to_owned(),
        })
    }

    /// The host of a provider's service, by `https`. It is as suspect as an endpoint: a site may be
    /// made of text that somebody typed.
    pub(crate) fn of_host(host: &str) -> Result<Self, Error> {
        Self::parse(&format!("https://{host}"))
            .ok()
            .filter(|endpoint| endpoint.authority == host && endpoint.prefix.is_empty())
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Config,
                    "the site gives a host that is no host name in lower case",
                )
            })
    }

    /// Whether it is reached by TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host, with the port where it is not the scheme's own: the text of the `Host` header.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        split_port(&self.authority).is_some_and(|(host, _)| loopback(host))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.prefix)
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    // The colons of an IPv6 address lie inside brackets.
    let after_host = authority.rfind(']').map_or(0, |at| at + 1);
    match authority.get(after_host..)?.find(':') {
        Some(at) => {
            let (host, port) = authority.split_at(after_host + at);
            let port = port.get(1..)?;
            let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
            Some((
                host,
                Some(port.parse().ok().filter(|port| digits && *port != 0)?),
            ))
        }
        None => Some((authority, None)),
    }
}

fn valid_host(host: &str) -> bool {
    if host.starts_with('[') {
        return ipv6(host).is_some();
    }
    !host.is_empty()
        && host.split('.').all(|label| !label.is_empty())
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

fn ipv6(host: &str) -> Option<std::net::Ipv6Addr> {
    let address = host.strip_prefix('[')?.strip_suffix(']')?;
    address.parse().ok()
}

fn loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
        || host == "[::1]"
}

/// Percent-encoded as it will be sent, without segments that a URL parser would resolve.
fn valid_prefix(prefix: &str) -> bool {
    let mut bytes = prefix.bytes();
    while let Some(byte) = bytes.next() {
        let fine = match byte {
            b'%' => {
                let hex = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_hexdigit());
                hex(bytes.next()) && hex(bytes.next())
            }
            _ => byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte),
        };
        if !fine {
            return false;
        }
    }
    prefix.split('/').all(|segment| !is_dots(segment))
}

/// `.` or `..`, encoded or not.
pub(crate) fn is_dots(segment: &str) -> bool {
    let plain = segment.replace("%2e", ".").replace("%2E", ".");
    plain == "." || plain == ".."
}

/// The body of a request before it is bytes.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// No body.
    Empty,
    /// These bytes, of this content type.
    Bytes(bytes::Bytes, &'static str),
}

/// A header that is about to be sent.
#[derive(Clone)]
struct Header {
    name: Cow<'static, str>,
    value: String,
    sensitive: bool,
}

/// A request as plain data. A provider's signer adds headers to it; nothing else of it changes
/// between signing and sending.
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
        let query = query
            .iter()
            .map(|(name, value)| format!("{}={}", sign::percent(name), sign::percent(value)))
            .collect::<Vec<_>>()
            .join("&");
        let mut request = Self {
            method,
            path: format!("{}{path}", endpoint.prefix),
            query,
            headers: Vec::new(),
            body: bytes::Bytes::new(),
            endpoint,
        };
        request.insert("host", request.endpoint.authority.clone());
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
    pub fn insert(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        self.put(name.into(), value.into(), false);
    }

    /// Sets a header that never appears in a log or a message.
    pub fn insert_sensitive(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) {
        self.put(name.into(), value.into(), true);
    }

    fn put(&mut self, name: Cow<'static, str>, value: String, sensitive: bool) {
        debug_assert!(!name.bytes().any(|b| b.is_ascii_uppercase()));
        self.headers.retain(|header| header.name != name);
        self.headers.push(Header {
            name,
            value,
            sensitive,
        });
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|header| header.name == name)
            .map(|header| header.value.as_str())
    }

    /// Name, value and sensitivity of every header.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        self.headers.iter().map(|header| {
            (
                header.name.as_ref(),
                header.value.as_str(),
                header.sensitive,
            )
        })
    }

    /// The canonical request over every header that is set by now: sign first what is to be signed.
    pub fn canonical(&self, path: &str, payload_hash: &str) -> sign::Canonical {
        let headers: Vec<_> = self
            .headers()
            .map(|(name, value, _)| (name, value))
            .collect();
        sign::canonical(
            self.method.as_str(),
            path,
            &self.query,
            &headers,
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
    fn endpoints() {
        for (text, want) in [
            ("https://bss.example.com", "https://bss.example.com"),
            ("HTTPS://BSS.Example.com:443/", "https://bss.example.com"),
            (
                "https://bss.example.com:8443/gw/%7Ebss/",
                "https://bss.example.com:8443/gw/%7Ebss",
            ),
            ("http://localhost:80", "http://localhost"),
            ("http://127.3.2.1:8080", "http://127.3.2.1:8080"),
            ("http://[::1]:9", "http://[::1]:9"),
            ("http://[0:0:0:0:0:0:0:1]:9", "http://[::1]:9"),
            ("https://[2001:DB8:0:0::1]", "https://[2001:db8::1]"),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().to_string(), want);
        }
    }

    #[test]
    fn endpoints_that_are_refused_are_not_repeated() {
        for text in [
            "bss.example.com",
            "ftp://bss.example.com",
            "http://bss.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://localhost.",
            "http://0x7f.1",
            "http://2130706433",
            "http://0.0.0.0",
            "http://[::ffff:127.0.0.1]",
            "http://[::1].example.com",
            "http://127.0.0.1\\@example.com",
            "http://127.0.0.1%2eexample.com",
            "https://user:hunter2@example.com",
            "https://example.com?token=hunter2",
            "https://example.com/#hunter2",
            "https://example.com:0",
            "https://example.com:99999",
            "https://example.com:+443",
            "https://:443",
            "https://",
            "https://exa mple.com",
            "https://example.com/a/../hunter2",
            "https://example.com/%2e%2e/hunter2",
            "https://example.com/hunter2%zz",
            "https://[::1",
        ] {
            let error = Endpoint::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn hosts_that_are_no_host_names_are_refused_and_not_repeated() {
        for host in ["ip.tencentcloudapi.com", "bss.myhuaweicloud.eu"] {
            let endpoint = Endpoint::of_host(host).unwrap();
            assert_eq!(endpoint.to_string(), format!("https://{host}"));
        }
        for host in [
            "",
            " ",
            "ip.hunter2.example#.tencentcloudapi.com",
            "ip.hunter2.example/.tencentcloudapi.com",
            "ip.hunter2.example?.tencentcloudapi.com",
            "ip.hunter2\\.tencentcloudapi.com",
            "ip.a@hunter2.tencentcloudapi.com",
            "ip.hunter2 .tencentcloudapi.com",
            "ip.HUNTER2.tencentcloudapi.com",
            "ip.hunter2\u{fc}.tencentcloudapi.com",
            "ip.hunter2\r\n.tencentcloudapi.com",
            "ip..tencentcloudapi.com",
            "ip....tencentcloudapi.com",
            "ip.hunter2:443",
            "https://hunter2",
            "hunter2/",
            " hunter2",
        ] {
            let error = Endpoint::of_host(host).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{host}");
            let shown = format!("{error} {error:?}").to_lowercase();
            assert!(!shown.contains("hunter2"), "{error}");
        }
    }

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
    fn debug_shows_the_route_and_no_value() {
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
