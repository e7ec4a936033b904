//! Credentials, fixed or from the environment, and the trait of their sources.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use crate::secret::{Hidden, Secret};
use crate::sign::DerivedKey;

/// The credentials of one account: a key id with its secret and an optional session token, or a token
/// alone, or explicitly none.
///
/// Cheap to clone. `Debug` shows which parts are present, never a part itself.
#[derive(Clone)]
pub struct Credentials(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    form: Form,
    expires_at: Option<OffsetDateTime>,
    derived: DerivedKeys,
}

#[derive(Clone)]
enum Form {
    Key {
        id: String,
        secret: Secret,
        session_token: Option<Secret>,
    },
    TokenOnly(Secret),
    Anonymous,
}

/// The signing keys derived from a secret: a key takes several HMACs and serves for a day. They are
/// dropped with the secret, and a copy of the credentials that is about to be changed has none.
#[derive(Default)]
struct DerivedKeys(Mutex<Vec<KeptKey>>);

struct KeptKey {
    prefix: &'static str,
    steps: Vec<String>,
    key: DerivedKey,
}

impl Clone for DerivedKeys {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// The secret of the forms without a key.
static NO_SECRET: LazyLock<Secret> = LazyLock::new(|| Secret::new(String::new()));

impl Credentials {
    /// Creates credentials from a key id and its secret. A client checks them when it is built.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self::of(Form::Key {
            id: id.into(),
            secret: Secret::new(secret.into()),
            session_token: None,
        })
    }

    /// Creates credentials from a token alone, for providers that accept one instead of keys.
    pub fn token_only(token: impl Into<String>) -> Self {
        Self::of(Form::TokenOnly(Secret::new(token.into())))
    }

    /// Creates empty credentials, for a call whose fields authenticate the caller.
    pub fn anonymous() -> Self {
        Self::of(Form::Anonymous)
    }

    fn of(form: Form) -> Self {
        Self(Arc::new(Parts {
            form,
            expires_at: None,
            derived: DerivedKeys::default(),
        }))
    }

    /// Sets the session token. Without a key, the token stands alone, as in
    /// [`token_only`](Self::token_only).
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        let token = Secret::new(token.into());
        match &mut Arc::make_mut(&mut self.0).form {
            Form::Key {
                id,
                secret,
                session_token,
            } if !id.is_empty() || !secret.expose().is_empty() => *session_token = Some(token),
            form => *form = Form::TokenOnly(token),
        }
        self
    }

    /// Sets the time of expiry.
    #[must_use]
    pub fn expiring_at(mut self, time: OffsetDateTime) -> Self {
        Arc::make_mut(&mut self.0).expires_at = Some(time);
        self
    }

    /// Sets the time of expiry from a text in the format of RFC 3339.
    ///
    /// # Errors
    ///
    /// The text is not a time in this format.
    pub fn expiring_at_text(self, text: &str) -> Result<Self, CredentialsError> {
        match OffsetDateTime::parse(text.trim(), &Rfc3339) {
            Ok(time) => Ok(self.expiring_at(time)),
            Err(_) => Err(CredentialsError::new("the time of expiry cannot be read")),
        }
    }

    /// Reads credentials from environment variables through `variable`. The session token comes from the
    /// first of `tokens` that is set.
    ///
    /// # Errors
    ///
    /// A variable is missing or has an unusable value. The error has its name, never its value.
    pub(crate) fn from_variables(
        variable: &dyn Fn(&str) -> Option<String>,
        id: &'static str,
        secret: &'static str,
        tokens: &[&'static str],
    ) -> Result<Self, CredentialsError> {
        let required = |name: &'static str| {
            let value = variable(name).ok_or(CredentialsError(Cause::NotSet(name)))?;
            check(name, &value).map(|()| value)
        };
        let credentials = Self::new(required(id)?, required(secret)?);
        match tokens
            .iter()
            .find_map(|name| variable(name).map(|token| (*name, token)))
        {
            Some((name, token)) => check(name, &token).map(|()| credentials.with_token(token)),
            None => Ok(credentials),
        }
    }

    /// Reads a token alone from an environment variable through `variable`; `None` if it is not set.
    ///
    /// # Errors
    ///
    /// The variable has an unusable value. The error has its name, never its value.
    pub(crate) fn token_from_variable(
        variable: &dyn Fn(&str) -> Option<String>,
        name: &'static str,
    ) -> Result<Option<Self>, CredentialsError> {
        variable(name)
            .map(|token| check(name, &token).map(|()| Self::token_only(token)))
            .transpose()
    }

    /// The key id; empty without a key.
    pub fn id(&self) -> &str {
        match &self.0.form {
            Form::Key { id, .. } => id,
            Form::TokenOnly(_) | Form::Anonymous => "",
        }
    }

    /// The secret; empty without a key.
    pub fn secret(&self) -> &Secret {
        match &self.0.form {
            Form::Key { secret, .. } => secret,
            Form::TokenOnly(_) | Form::Anonymous => &NO_SECRET,
        }
    }

    /// A signing key derived from the secret with `prefix` before it: each step, a date and the scope
    /// for example, is signed with the key before it. Without steps it is the key of the secret itself.
    ///
    /// These credentials and their clones keep the key. They drop it when one with another prefix or
    /// another first step is derived, such as that of the next day.
    pub fn derived_key(&self, prefix: &'static str, steps: &[&str]) -> DerivedKey {
        let kept = &self.0.derived.0;
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| {
            let first = kept.steps.first().map(String::as_str);
            kept.prefix == prefix && first == steps.first().copied()
        });
        if let Some(kept) = kept.iter().find(|kept| kept.steps.as_slice() == steps) {
            return kept.key.clone();
        }
        let start = Zeroizing::new([prefix, self.secret().expose()].concat());
        let start = DerivedKey::new(start.as_bytes());
        let key = steps.iter().fold(start, |key, step| key.step(step));
        kept.push(KeptKey {
            prefix,
            steps: steps.iter().map(|step| (*step).to_owned()).collect(),
            key: key.clone(),
        });
        key
    }

    /// The session token, or the token of [`token_only`](Self::token_only).
    pub fn token(&self) -> Option<&Secret> {
        match &self.0.form {
            Form::Key { session_token, .. } => session_token.as_ref(),
            Form::TokenOnly(token) => Some(token),
            Form::Anonymous => None,
        }
    }

    /// Whether there is only a token.
    pub fn is_token_only(&self) -> bool {
        matches!(self.0.form, Form::TokenOnly(_))
    }

    /// Whether these are the empty credentials of [`anonymous`](Self::anonymous).
    pub fn is_anonymous(&self) -> bool {
        matches!(self.0.form, Form::Anonymous)
    }

    /// Checks that there is a key id with its secret, for providers that require them.
    ///
    /// # Errors
    ///
    /// These are a token alone, or empty.
    pub fn require_secret(&self) -> Result<(), CredentialsError> {
        match self.0.form {
            Form::Key { .. } => Ok(()),
            Form::TokenOnly(_) | Form::Anonymous => Err(CredentialsError::new(
                "a key id with its secret is needed, not a token alone",
            )),
        }
    }

    /// The time of expiry, if it is known.
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.0.expires_at
    }

    /// Whether both are clones of the same credentials.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether the credentials are valid for longer than `time` after `now`.
    pub(crate) fn lasts(&self, now: OffsetDateTime, time: Duration) -> bool {
        self.0.expires_at.is_none_or(|end| end - now > time)
    }

    /// Checks that every part can travel in a header.
    pub(crate) fn check(&self) -> Result<(), CredentialsError> {
        if let Form::Key { id, secret, .. } = &self.0.form {
            check("the key id", id)?;
            check("the secret", secret.expose())?;
        }
        self.token()
            .map_or(Ok(()), |token| check("the token", token.expose()))
    }

    /// Every part that must not appear in a message.
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

/// Checks a part: a stray blank or line break, the most frequent mistake, cannot travel in a header.
fn check(field: &'static str, value: &str) -> Result<(), CredentialsError> {
    let problem = if value.is_empty() {
        "is empty"
    } else if value.trim() != value {
        "has leading or trailing whitespace"
    } else if value.chars().any(char::is_control) {
        "contains control characters"
    } else if !value.is_ascii() {
        "contains characters outside ASCII"
    } else {
        return Ok(());
    };
    Err(CredentialsError(Cause::Unusable { field, problem }))
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = matches!(self.0.form, Form::Key { .. }).then_some(());
        f.debug_struct("Credentials")
            .field("id", &Hidden::of(&key))
            .field("secret", &Hidden::of(&key))
            .field("token", &Hidden::of(&self.token()))
            .field("expires_at", &self.0.expires_at)
            .finish()
    }
}

/// Credentials that are missing or unusable. The message names the part, never its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct CredentialsError(Cause);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Cause {
    #[error("the environment variable {0} is not set")]
    NotSet(&'static str),
    #[error("{field} {problem}")]
    Unusable {
        field: &'static str,
        problem: &'static str,
    },
    #[error("{0}")]
    Other(Cow<'static, str>),
}

impl CredentialsError {
    /// Creates an error with a message. It is shown to users: keep secrets out of it.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(Cause::Other(text.into()))
    }

    /// Whether the credentials are missing, as opposed to unusable.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self.0, Cause::NotSet(_))
    }
}

/// What [`ProvideCredentials::provide`] returns.
pub type CredentialsFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Credentials, CredentialsError>> + Send + 'a>>;

/// A source of credentials, for credentials that expire or come from a secret store.
///
/// A client and its clones make one request to the source at a time and share its result
/// (single flight). They cache the credentials and ask again
///
/// - when the credentials expire within 120 s, by this machine's clock with the correction that the
///   `Date` of the last response asks for. During the renewal other calls use the current credentials
///   (stale-while-revalidate); if it fails or takes longer than 5 s, they remain in use. If the source
///   returns credentials that expire within 120 s or seem to have expired, the client uses them and
///   asks again after 10 s, or earlier at their expiry;
/// - when the provider refused the credentials;
/// - at the next call after a failure: failures are not cached.
///
/// # Credentials that seem to have expired
///
/// The clock of this machine can be wrong, and so can the `Date` of a response. Only another response
/// corrects either, so expiry does not stop a request that can bring one. A call fails with
/// [`ErrorKind::Credentials`](crate::ErrorKind::Credentials), with nothing sent, only if the credentials
/// have expired both by this machine's own clock and by the corrected one, and a response within the
/// last 60 s confirmed the correction: its `Date` asked for the same one, to 30 s, as was in use.
/// Otherwise the client sends the request with these credentials, and the provider refuses it if they
/// have really expired. The same holds for fixed credentials with a time of expiry.
///
/// The text of an error is shown to users: keep secrets out of it.
pub trait ProvideCredentials: Send + Sync + 'static {
    /// Returns the credentials to use from now on.
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
    use crate::sign::{hex, hmac_sha256};
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    #[test]
    fn unusable_part_is_named_and_not_shown() {
        for (id, secret, want) in [
            ("", "s", "the key id is empty"),
            (
                "id",
                " hunter2",
                "the secret has leading or trailing whitespace",
            ),
            ("id", "hun\nter2", "the secret contains control characters"),
            (
                "id",
                "hunter2é",
                "the secret contains characters outside ASCII",
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
        assert!(Credentials::new("", "").with_token("t").is_token_only());
        assert_eq!(
            Credentials::token_only("").check().unwrap_err().to_string(),
            "the token is empty"
        );
    }

    #[test]
    fn derived_key_is_kept_for_its_first_step_and_not_shown() {
        let credentials = Credentials::new("id", "hunter2");
        let kept = |of: &Credentials| {
            let kept = of.0.derived.0.lock().unwrap();
            kept.iter()
                .map(|kept| kept.steps.join("/"))
                .collect::<Vec<_>>()
        };
        let sign = |of: &Credentials, steps: &[&str]| of.derived_key("P", steps).sign("text");
        let stepwise = [&b"monday"[..], b"a"]
            .iter()
            .fold(b"Phunter2".to_vec(), |key, step| {
                hmac_sha256(&key, step).to_vec()
            });
        let by_hand = hex(&hmac_sha256(&stepwise, b"text"));
        for _ in 0..2 {
            assert_eq!(sign(&credentials, &["monday", "a"]), by_hand);
            assert_ne!(sign(&credentials.clone(), &["monday", "b"]), by_hand);
            assert_eq!(kept(&credentials), ["monday/a", "monday/b"]);
        }
        assert_ne!(sign(&credentials, &["tuesday", "a"]), by_hand);
        assert_eq!(kept(&credentials), ["tuesday/a"]);
        let other = Credentials::new("id", "another");
        assert_ne!(
            sign(&other, &["tuesday", "a"]),
            sign(&credentials, &["tuesday", "a"])
        );
        let changed = credentials.clone().with_token("t");
        assert_eq!((kept(&changed).len(), kept(&credentials).len()), (0, 1));
        let own = credentials.derived_key("", &[]);
        assert_eq!(own.sign("text"), hex(&hmac_sha256(b"hunter2", b"text")));
        assert_eq!(kept(&credentials), [""]);
        let shown = format!("{credentials:?} {own:?}");
        assert!(
            !shown.contains("hunter2") && !shown.contains("derived"),
            "{shown}"
        );
    }

    #[test]
    fn debug_output_shows_the_parts_that_are_present() {
        let debug = |credentials: Credentials| format!("{credentials:?}");
        let key = Credentials::new("AKID", "hunter2").with_token("hunter3");
        assert_eq!(
            debug(key),
            "Credentials { id: <redacted>, secret: <redacted>, token: <redacted>, expires_at: None }"
        );
        assert_eq!(
            debug(Credentials::token_only("hunter3")),
            "Credentials { id: None, secret: None, token: <redacted>, expires_at: None }"
        );
        assert_eq!(
            debug(Credentials::anonymous()),
            "Credentials { id: None, secret: None, token: None, expires_at: None }"
        );
    }

    #[test]
    fn missing_or_unusable_variable_is_named() {
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
            "KEY has leading or trailing whitespace"
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
        assert_eq!(
            error.to_string(),
            "TOKEN has leading or trailing whitespace"
        );
    }

    #[test]
    fn time_of_expiry_is_parsed_with_or_without_fractions() {
        let end = |text| Credentials::token_only("t").expiring_at_text(text);
        for text in ["2026-11-21T12:00:00.701000Z", "2026-11-21T13:00:00+01:00"] {
            let end = end(text).unwrap().expires_at().unwrap();
            assert_eq!(end.unix_timestamp(), NOW.unix_timestamp());
        }
        assert!(end("tomorrow").is_err());
    }
}
