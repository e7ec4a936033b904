//! The text form of a place in a walk.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::paginated::{Cursor, Paginated, PagingStyle};
use crate::provider::Provider;
use crate::sign::sha256_hex;

/// A place at which a walk resumes.
pub(super) struct Place {
    pub(super) position: Cursor,
    /// Items before the position.
    pub(super) seen: u64,
    /// Items of a full page, once it is known.
    pub(super) size: Option<u64>,
    pub(super) total: Option<u64>,
}

/// The walks between which cursors can be exchanged.
#[derive(Debug)]
pub(super) struct Scope {
    /// Provider, service, operation and a hash of the parameters. `None` if the parameters are no
    /// JSON: such a request is refused before it is sent, so no cursor leads to its pages.
    prefix: Option<String>,
    by_token: bool,
    /// The number of ids, if the request is sent in parts.
    ids: Option<u64>,
}

impl Scope {
    pub(super) fn new<O: Paginated>(operation: &O, ids: Option<u64>) -> Self {
        Self {
            prefix: parameters_hash(operation).map(|hash| {
                let (provider, info) = (<O::Provider as Provider>::NAME, O::INFO);
                format!("{provider} {}/{} {hash} ", info.service.name, info.name)
            }),
            by_token: O::PAGING.style == PagingStyle::Token,
            ids,
        }
    }

    pub(super) fn encode(&self, place: &Place) -> Option<String> {
        let prefix = self.prefix.as_deref()?;
        let (kind, position) = match &place.position {
            Cursor::Number(number) if self.ids.is_some() => ('i', number.to_string()),
            Cursor::Number(number) => ('n', number.to_string()),
            Cursor::Token(token) => ('t', token.clone()),
        };
        let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |n| n.to_string());
        Some(encode_cursor(&format!(
            "{prefix}{} {} {} {kind}{position}",
            place.seen,
            number(place.size),
            number(place.total),
        )))
    }

    /// The place that a cursor leads to, or `None` if the cursor is damaged or from another scope.
    pub(super) fn decode(&self, cursor: &str) -> Option<Place> {
        let text = decode_cursor(cursor)?;
        let mut words = text.strip_prefix(self.prefix.as_deref()?)?.splitn(4, ' ');
        let seen = words.next()?.parse().ok()?;
        let mut number = || match words.next()? {
            "-" => Some(None),
            number => number.parse().ok().map(Some),
        };
        let (size, total) = (number()?, number()?);
        let position = match (words.next()?.split_at_checked(1)?, self.ids) {
            (("i", number), Some(ids)) => {
                Cursor::Number(number.parse().ok().filter(|place| *place < ids)?)
            }
            (("n", number), None) if !self.by_token => Cursor::Number(number.parse().ok()?),
            (("t", token), None) if self.by_token => Cursor::Token(token.to_owned()),
            _ => return None,
        };
        Some(Place {
            position,
            seen,
            size,
            total,
        })
    }
}

/// A hash of the parameters without the position. By page number the page size counts, because with
/// another size the same number is another place.
///
/// The hash is short on purpose: it reveals a changed parameter, but no value by trial.
fn parameters_hash<O: Paginated>(operation: &O) -> Option<String> {
    let mut operation = operation.clone();
    match O::PAGING.style {
        PagingStyle::Token => operation.set_cursor(Cursor::Token(String::new())),
        PagingStyle::Page => operation.set_cursor(Cursor::Number(0)),
        PagingStyle::Offset => {
            operation.set_cursor(Cursor::Number(0));
            operation.set_page_size(1);
        }
    }
    let mut hash = sha256_hex(&serde_json::to_vec(&operation).ok()?);
    hash.truncate(3);
    Some(hash)
}

/// Encodes a text with URL-safe letters, after a checksum that reveals damage.
fn encode_cursor(text: &str) -> String {
    let mut sum = sha256_hex(text.as_bytes());
    sum.truncate(8);
    URL_SAFE_NO_PAD.encode(format!("{sum} {text}"))
}

fn decode_cursor(cursor: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (_, inside) = text.split_once(' ')?;
    (encode_cursor(inside) == cursor).then(|| inside.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_is_url_safe_and_damage_is_detected() {
        let cursor = encode_cursor("tencent ip/QueryCustomersCredit 7 n42");
        assert!(
            cursor
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        assert_eq!(
            decode_cursor(&cursor).as_deref(),
            Some("tencent ip/QueryCustomersCredit 7 n42")
        );
        for at in 0..cursor.len() {
            let mut damaged = cursor.clone().into_bytes();
            damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                decode_cursor(&String::from_utf8(damaged).unwrap()),
                None,
                "{at}"
            );
        }
        for text in ["", "n42", "%%%", "dGV4dA"] {
            assert_eq!(decode_cursor(text), None);
        }
    }
}
