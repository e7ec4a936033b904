//! Where a service is reached.

use std::fmt;

use crate::error::{Error, ErrorKind};

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
    /// to another machine. The message does not repeat the text, which may contain a password.
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

    /// Creates the `https` endpoint of a service's host. The host is checked like any endpoint,
    /// because a site may contain text from a user.
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

    /// Whether the scheme is `https`.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host, with the port if it is not the scheme's default: the text of the `Host` header.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The path that precedes the path of every operation: empty, or `/…` without a final slash.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_endpoint_is_normalized() {
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
    fn invalid_endpoint_is_an_error_that_does_not_repeat_it() {
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
    fn invalid_host_is_an_error_that_does_not_repeat_it() {
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
}
