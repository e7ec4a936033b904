//! Keys: fixed ones, ones from the environment, and ones that expire.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::redact::Secret;

/// The keys of one account: an id with its secret, perhaps with a session token, or a token alone,
/// or expressly none.
///
/// Cheap to clone. `Debug` shows which parts there are, and no part.
#[derive(Clone)]
pub struct Credentials(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    id: String,
    secret: Secret,
    token: Option<Secret>,
    expires_at: Option<OffsetDateTime>,
    anonymous: bool,
}

impl Credentials {
    /// A key id with its secret. They are checked when a client is built with them.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self(Arc::new(Parts {
            id: id.into(),
            secret: Secret::new(secret.into()),
            token: None,
            expires_at: None,
            anonymous: false,
        }))
    }

    /// A token alone, for providers that take one instead of keys.
    pub fn token_only(token: impl Into<String>) -> Self {
        Self::new("", "").with_token(token)
    }

    /// No keys, for a call that proves in its fields who makes it.
    pub fn anonymous() -> Self {
        let mut keys = Self::new("", "");
        Arc::make_mut(&mut keys.0).anonymous = true;
        keys
    }

    /// These keys with a session token.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).token = Some(Secret::new(token.into()));
        self
    }

    /// These keys with the time at which they expire.
    #[must_use]
    pub fn expiring_at(mut self, time: OffsetDateTime) -> Self {
        Arc::make_mut(&mut self.0).expires_at = Some(time);
        self
    }

    /// These keys with the time at which they expire, written as in RFC 3339.
    ///
    /// # Errors
    ///
    /// A text that is no such time.
    pub fn expiring_at_text(self, text: &str) -> Result<Self, CredentialsError> {
        match OffsetDateTime::parse(text.trim(), &Rfc3339) {
            Ok(time) => Ok(self.expiring_at(time)),
            Err(_) => Err(CredentialsError::new("the time of expiry cannot be read")),
        }
    }

    /// Keys from environment variables, which `variable` looks up; the session token is that of
    /// the first of `tokens` that is set.
    ///
    /// # Errors
    ///
    /// A variable that is missing or holds no usable key; by its name, never its value.
    pub fn from_variables(
        variable: &dyn Fn(&str) -> Option<String>,
        id: &'static str,
        secret: &'static str,
        tokens: &[&'static str],
    ) -> Result<Self, CredentialsError> {
        let needed = |name: &'static str| {
            let value = variable(name).ok_or_else(|| CredentialsError::missing(name))?;
            check(name, &value).map(|()| value)
        };
        let keys = Self::new(needed(id)?, needed(secret)?);
        match tokens
            .iter()
            .find_map(|name| variable(name).map(|token| (*name, token)))
        {
            Some((name, token)) => check(name, &token).map(|()| keys.with_token(token)),
            None => Ok(keys),
        }
    }

    /// A token alone from an environment variable, which `variable` looks up; nothing if it is not
    /// set.
    ///
    /// # Errors
    ///
    /// A variable that holds no usable token; by its name, never its value.
    pub fn token_from_variable(
        variable: &dyn Fn(&str) -> Option<String>,
        name: &'static str,
    ) -> Result<Option<Self>, CredentialsError> {
        variable(name)
            .map(|token| check(name, &token).map(|()| Self::token_only(token)))
            .transpose()
    }

    /// The key id.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The secret.
    pub fn secret(&self) -> &Secret {
        &self.0.secret
    }

    /// The session token, or the token that stands alone.
    pub fn token(&self) -> Option<&Secret> {
        self.0.token.as_ref()
    }

    /// Whether there is a token and nothing else.
    pub fn is_token_only(&self) -> bool {
        self.0.token.is_some() && self.0.id.is_empty() && self.0.secret.expose().is_empty()
    }

    /// Whether there are expressly none.
    pub fn is_anonymous(&self) -> bool {
        self.0.anonymous && self.0.token.is_none()
    }

    /// Refuses a token alone, and none, for providers that need an id with its secret.
    ///
    /// # Errors
    ///
    /// There is no id with a secret.
    pub fn require_secret(&self) -> Result<(), CredentialsError> {
        if self.is_token_only() || self.is_anonymous() {
            return Err(CredentialsError::new(
                "a key id with its secret is needed, not a token alone",
            ));
        }
        Ok(())
    }

    /// When the keys expire.
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.0.expires_at
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn lasts(&self, now: OffsetDateTime, longer_than: Duration) -> bool {
        self.0.expires_at.is_none_or(|end| end - now > longer_than)
    }

    pub(crate) fn check(&self) -> Result<(), CredentialsError> {
        if !self.is_token_only() && !self.is_anonymous() {
            check("the key id", self.id())?;
            check("the secret", self.secret().expose())?;
        }
        self.token()
            .map_or(Ok(()), |token| check("the token", token.expose()))
    }

    /// Every text of these keys that must not appear in a message.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        [
            Some(self.id()),
            Some(self.secret().expose()),
            self.token().map(Secret::expose),
        ]
        .into_iter()
        .flatten()
    }
}

/// Keys travel in headers, and a stray blank or line break is the commonest way to break them.
fn check(field: &'static str, value: &str) -> Result<(), CredentialsError> {
    let problem = if value.is_empty() {
        "is empty"
    } else if value.trim() != value {
        "has blanks around it"
    } else if value.chars().any(char::is_control) {
        "has control characters in it"
    } else if !value.is_ascii() {
        "has characters outside ASCII in it"
    } else {
        return Ok(());
    };
    Err(CredentialsError {
        missing: false,
        text: format!("{field} {problem}").into(),
    })
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("id", &crate::Hidden::of(&self.0.id))
            .field("secret", &self.0.secret)
            .field("token", &crate::Hidden::of(&self.0.token))
            .field("expires_at", &self.0.expires_at)
            .finish()
    }
}

/// Keys that are missing or cannot be used; names the field, never its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct CredentialsError {
    /// Nothing was there, as opposed to something unusable.
    pub(crate) missing: bool,
    text: Cow<'static, str>,
}

impl CredentialsError {
    /// Keys that this provider cannot use.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            missing: false,
            text: text.into(),
        }
    }

    fn missing(variable: &'static str) -> Self {
        Self {
            missing: true,
            text: format!("the environment variable {variable} is not set").into(),
        }
    }
}

/// What [`ProvideCredentials::provide`] returns.
pub type CredentialsFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Credentials, CredentialsError>> + Send + 'a>>;

/// Where keys come from. A client asks for keys once at a time for all its clones, keeps them while
/// they last, and asks again
///
/// - when they end within 120 s, by this machine's clock with the correction that the `Date` of the
///   last answer asks for. Meanwhile the current keys are used (stale-while-revalidate); a renewal
///   that takes longer than 5 s, or fails, leaves them in use. If the source returns keys that end
///   within 120 s, or seem to have ended, they are used, and the source is asked again after 10 s at
///   the earliest, or when they end;
/// - when the provider refused them;
/// - after a failure at the next call: a failure is never remembered.
///
/// # Keys that seem to have expired
///
/// The clock of this machine may be wrong, and so may the `Date` of an answer. Only another answer
/// corrects either, so expiry does not stop a request that could bring one. A call fails with
/// [`ErrorKind::Credentials`](crate::ErrorKind::Credentials), and nothing is sent, only if the keys
/// have ended both by this machine's own clock and by the corrected one, and an answer within the
/// last 60 s confirmed the correction: its `Date` asked for the same one, to 30 s, as was in use.
/// Otherwise the request is sent with these keys; the provider refuses it if they have really
/// expired. The same holds for fixed keys with a time of expiry.
///
/// The text of an error is shown to users: keep secrets out of it.
pub trait ProvideCredentials: Send + Sync + 'static {
    /// The keys to use from now on.
    fn provide(&self) -> CredentialsFuture<'_>;
}

impl ProvideCredentials for Credentials {
    fn provide(&self) -> CredentialsFuture<'_> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    #[test]
    fn unusable_keys_are_named_and_not_shown() {
        for (id, secret, want) in [
            ("", "s", "the key id is empty"),
            ("id", " hunter2", "the secret has blanks around it"),
            ("id", "hun\nter2", "the secret has control characters in it"),
            (
                "id",
                "hunter2é",
                "the secret has characters outside ASCII in it",
            ),
        ] {
            let credentials = Credentials::new(id, secret);
            assert_eq!(credentials.check().unwrap_err().to_string(), want);
            assert!(!format!("{credentials:?}").contains("hun"));
        }
        assert!(Credentials::token_only("t").check().is_ok());
        let none = Credentials::anonymous();
        assert!(none.check().is_ok() && none.require_secret().is_err());
        assert!(none.with_token("t").is_token_only());
        assert!(Credentials::new("", "").check().is_err());
        assert_eq!(
            Credentials::token_only("").check().unwrap_err().to_string(),
            "the token is empty"
        );
    }

    #[test]
    fn variables_are_named() {
        let read = |set: &'static [(&str, &str)]| {
            let variable = |name: &str| {
                set.iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, v)| (*v).to_owned())
            };
            Credentials::from_variables(&variable, "ID", "KEY", &["TOKEN", "OLD_TOKEN"])
        };
        let full = read(&[("ID", "a"), ("KEY", "b"), ("OLD_TOKEN", "c")]).unwrap();
        assert_eq!(full.token().map(Secret::expose), Some("c"));
        assert_eq!(
            read(&[("ID", "a")]).unwrap_err().to_string(),
            "the environment variable KEY is not set"
        );
        assert_eq!(
            read(&[("ID", "a"), ("KEY", " b")]).unwrap_err().to_string(),
            "KEY has blanks around it"
        );
        let error = read(&[("ID", "a"), ("KEY", "b"), ("TOKEN", "")]).unwrap_err();
        assert_eq!(error.to_string(), "TOKEN is empty");

        let alone = |value: Option<&'static str>| {
            let variable = |_: &str| value.map(str::to_owned);
            Credentials::token_from_variable(&variable, "TOKEN")
        };
        assert!(alone(None).unwrap().is_none());
        let token = alone(Some("t")).unwrap().unwrap();
        assert!(token.is_token_only() && token.require_secret().is_err());
        assert!(full.require_secret().is_ok());
        let error = alone(Some("t ")).unwrap_err();
        assert_eq!(error.to_string(), "TOKEN has blanks around it");
    }

    #[test]
    fn a_time_of_expiry_is_read_with_or_without_fractions() {
        let end = |text| Credentials::token_only("t").expiring_at_text(text);
        for text in ["2026-11-21T12:00:00.701000Z", "2026-11-21T13:00:00+01:00"] {
            let end = end(text).unwrap().expires_at().unwrap();
            assert_eq!(end.unix_timestamp(), NOW.unix_timestamp());
        }
        assert!(end("tomorrow").is_err());
    }
}
