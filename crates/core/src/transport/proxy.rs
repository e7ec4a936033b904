//! Checks the proxy variables of the environment.

use std::ffi::OsString;

use hyper_util::client::proxy::matcher::Matcher;

/// Returns the name of the variable that the HTTP client would use as the proxy for `https`, if its value
/// is not a proxy. The HTTP client uses the first variable of each pair that is set, and no variable in a
/// CGI script.
pub(super) fn malformed_proxy(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<&'static str> {
    if variable("REQUEST_METHOD").is_some() {
        return None;
    }
    let pairs = [["HTTPS_PROXY", "https_proxy"], ["ALL_PROXY", "all_proxy"]];
    let (name, value) = pairs.iter().find_map(|names| {
        let set = |name: &&'static str| variable(name).map(|value| (*name, value));
        names
            .iter()
            .find_map(set)
            .filter(|(_, value)| !value.is_empty())
    })?;
    let is_proxy = value.to_str().is_some_and(is_proxy);
    (!is_proxy).then_some(name)
}

/// Whether the HTTP client can use a text as a proxy.
fn is_proxy(text: &str) -> bool {
    let any_uri = http::Uri::from_static("https://example.com/");
    let matcher = Matcher::builder().https(text).build();
    matcher.intercept(&any_uri).is_some_and(|proxy| {
        let (uri, supported) = (proxy.uri(), ["http", "https"]);
        let host = uri.host().unwrap_or_default();
        let port = uri.authority().and_then(|a| a.as_str().strip_prefix(host));
        uri.scheme_str()
            .is_some_and(|scheme| supported.contains(&scheme))
            && !host.is_empty()
            && (port == Some("") || uri.port_u16().is_some_and(|port| port != 0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_proxy_is_named_and_one_that_is_not_used_is_not() {
        for (set, want) in [
            (&[][..], None),
            (&[("HTTPS_PROXY", "http://proxy:3128")][..], None),
            (&[("HTTPS_PROXY", "proxy")], None),
            (&[("HTTPS_PROXY", "proxy.example:3128")], None),
            (&[("HTTPS_PROXY", "https://u:p%40@proxy.example/")], None),
            (&[("HTTPS_PROXY", "http://[::1]:3128")], None),
            (&[("HTTPS_PROXY", "http://[::1")], Some("HTTPS_PROXY")),
            (&[("HTTPS_PROXY", "http://")], Some("HTTPS_PROXY")),
            (&[("HTTPS_PROXY", " ")], Some("HTTPS_PROXY")),
            (&[("HTTPS_PROXY", "a proxy")], Some("HTTPS_PROXY")),
            (&[("HTTPS_PROXY", "http://proxy:port")], Some("HTTPS_PROXY")),
            (
                &[("HTTPS_PROXY", "http://proxy:99999")],
                Some("HTTPS_PROXY"),
            ),
            (&[("HTTPS_PROXY", "http://proxy:0")], Some("HTTPS_PROXY")),
            (&[("HTTPS_PROXY", "ftp://proxy:21")], Some("HTTPS_PROXY")),
            (
                &[("HTTPS_PROXY", "socks5://proxy:1080")],
                Some("HTTPS_PROXY"),
            ),
            (&[("https_proxy", "http://[")], Some("https_proxy")),
            (&[("ALL_PROXY", "http://[")], Some("ALL_PROXY")),
            (&[("all_proxy", "http://[")], Some("all_proxy")),
            // The first one that is set counts; an empty one counts as a pair without a proxy.
            (&[("HTTPS_PROXY", "proxy"), ("https_proxy", "[")], None),
            (&[("HTTPS_PROXY", "proxy"), ("ALL_PROXY", "[")], None),
            (&[("HTTPS_PROXY", ""), ("https_proxy", "[")], None),
            (
                &[("HTTPS_PROXY", ""), ("ALL_PROXY", "[")],
                Some("ALL_PROXY"),
            ),
            // Plain HTTP never leaves this machine, and a CGI script uses no proxy.
            (&[("HTTP_PROXY", "["), ("http_proxy", "[")], None),
            (&[("REQUEST_METHOD", "GET"), ("HTTPS_PROXY", "[")], None),
        ] {
            let variable = |name: &str| {
                let found = set.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| OsString::from(value))
            };
            assert_eq!(malformed_proxy(&variable), want, "{set:?}");
        }
    }
}
