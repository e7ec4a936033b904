//! Hexadecimal, percent-encoding and HTML forms.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str};

/// Every byte but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encodes every byte that is not an unreserved character of RFC 3986, in upper case.
pub(crate) fn percent_encode(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, RESERVED).to_string()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            for half in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(u32::from(half), 16));
            }
            text
        })
}

/// Decodes lower-case hexadecimal. The signing schemes do not allow upper case.
pub(crate) fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?))
        .collect()
}

/// Decodes `application/x-www-form-urlencoded`. Invalid UTF-8 becomes U+FFFD.
pub(crate) fn parse_form(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    split_pairs(text)
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// The pairs of `a=b&c=d`, not decoded. A pair without `=` has an empty value.
pub(crate) fn split_pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_encode_leaves_only_unreserved_characters() {
        assert_eq!(
            percent_encode("AZaz09-_.~ *+/中".as_bytes()),
            "AZaz09-_.~%20%2A%2B%2F%E4%B8%AD"
        );
    }
}
