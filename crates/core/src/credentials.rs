//! Keys: fixed ones, ones from the environment, and ones that expire.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::redact::Secret;

/// Keys that end sooner than this are renewed before they are used.
const RENEW_BEFORE: Duration = Duration::from_secs(120);

/// How long a call waits for a renewal while the current keys are still valid.
const RENEWAL: Duration = Duration::from_secs(5);

/// How long a source is left alone that handed back keys which are about to expire, or none while the
/// current ones are still valid.
const LEFT_ALONE: Duration = Duration::from_secs(10);

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

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn lasts(&self, now: OffsetDateTime, longer_than: Duration) -> bool {
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

/// The time at which keys are needed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// The time of day by this machine's own clock.
    pub(crate) own: OffsetDateTime,
    /// The time of day as the provider sees it, as far as is known.
    pub(crate) corrected: OffsetDateTime,
    /// An answer confirmed that correction a short while ago.
    pub(crate) confirmed: bool,
    /// The time since an origin, which never goes backwards.
    pub(crate) elapsed: Duration,
}

impl Moment {
    /// Whether keys have ended by both clocks.
    fn is_after(&self, keys: &Credentials) -> bool {
        !keys.lasts(self.own, Duration::ZERO) && !keys.lasts(self.corrected, Duration::ZERO)
    }

    /// Whether keys are not worth a request: not even the clocks could be wrong.
    fn rules_out(&self, keys: &Credentials) -> bool {
        self.confirmed && self.is_after(keys)
    }

    fn usable(&self, keys: Credentials) -> Result<Credentials, CredentialsError> {
        if self.rules_out(&keys) {
            return Err(CredentialsError::new(
                "the keys that were provided have expired",
            ));
        }
        Ok(keys)
    }
}

/// Keys that were provided.
#[derive(Clone)]
struct Kept {
    keys: Credentials,
    /// Until then the source is not asked again, however soon the keys end.
    settled_until: Duration,
}

impl Kept {
    fn new(keys: Credentials, now: &Moment) -> Self {
        let settled_until = if keys.lasts(now.corrected, RENEW_BEFORE) {
            Duration::ZERO
        } else {
            let left = keys.expires_at().map(|end| end - now.corrected);
            let left = left.and_then(|left| Duration::try_from(left).ok());
            // The end of short-lived keys is waited for; keys that seem to have ended have none.
            let pause = left.filter(|left| !left.is_zero()).unwrap_or(LEFT_ALONE);
            now.elapsed.saturating_add(pause.min(LEFT_ALONE))
        };
        Self {
            keys,
            settled_until,
        }
    }

    fn is_fresh(&self, now: &Moment) -> bool {
        self.keys.lasts(now.corrected, RENEW_BEFORE) || now.elapsed < self.settled_until
    }
}

/// Keys as the call loop gets them: kept while they last, asked for once at a time.
pub(crate) struct CredentialsCache {
    provider: Arc<dyn ProvideCredentials>,
    /// There are no other keys than these.
    fixed: bool,
    kept: Mutex<Option<Kept>>,
    flight: tokio::sync::Mutex<Option<CredentialsError>>,
    /// How many times the provider was asked, to let those who waited share the outcome.
    asked: AtomicU64,
}

impl CredentialsCache {
    pub(crate) fn new(provider: Arc<dyn ProvideCredentials>, fixed: bool) -> Self {
        Self {
            provider,
            fixed,
            kept: Mutex::new(None),
            flight: tokio::sync::Mutex::new(None),
            asked: AtomicU64::new(0),
        }
    }

    fn kept(&self) -> Option<Kept> {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn keep(&self, kept: Option<Kept>) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    /// Keys to use at the moment that `now` gives.
    pub(crate) async fn get(
        &self,
        now: impl Fn() -> Moment,
    ) -> Result<Credentials, CredentialsError> {
        let moment = now();
        if let Some(kept) = self.kept().filter(|kept| kept.is_fresh(&moment)) {
            return moment.usable(kept.keys);
        }
        let asked_before = self.asked.load(Ordering::Acquire);
        let old = self
            .kept()
            .map(|kept| kept.keys)
            .filter(|keys| !moment.rules_out(keys));
        // Renewal comes early: while another call sees to it, the old keys do, unless both clocks say
        // that they have ended.
        let valid = old.as_ref().filter(|keys| !moment.is_after(keys));
        let mut flight = match (valid, self.flight.try_lock()) {
            (_, Ok(flight)) => flight,
            (Some(old), Err(_)) => return Ok(old.clone()),
            (None, Err(_)) => self.flight.lock().await,
        };
        let moment = now();
        if let Some(kept) = self.kept().filter(|kept| kept.is_fresh(&moment)) {
            return moment.usable(kept.keys);
        }
        if self.asked.load(Ordering::Acquire) != asked_before
            && let Some(failure) = flight.as_ref()
        {
            return old.ok_or_else(|| failure.clone());
        }
        let keys = self.provider.provide();
        let provided = match valid {
            Some(_) => tokio::time::timeout(RENEWAL, keys)
                .await
                .unwrap_or_else(|_| Err(CredentialsError::new("no keys in time"))),
            None => keys.await,
        };
        let outcome = provided.and_then(|keys| keys.check().map(|()| keys));
        self.asked.fetch_add(1, Ordering::AcqRel);
        let moment = now();
        match outcome {
            Ok(keys) => {
                *flight = None;
                self.keep(Some(Kept::new(keys.clone(), &moment)));
                moment.usable(keys)
            }
            // A failed renewal is no reason to drop keys that may still work, unless they were refused
            // in the meantime.
            Err(failure) => match self.kept().filter(|kept| !moment.rules_out(&kept.keys)) {
                Some(kept) => {
                    if !moment.is_after(&kept.keys) {
                        self.keep(Some(Kept::new(kept.keys.clone(), &moment)));
                    }
                    Ok(kept.keys)
                }
                None => {
                    *flight = Some(failure.clone());
                    Err(failure)
                }
            },
        }
    }

    /// Drops keys that the provider has refused, unless they were replaced in the meantime: the
    /// source may know better ones by now. Tells whether another token may come.
    pub(crate) fn refused(&self, credentials: &Credentials) -> bool {
        if self.fixed {
            return false;
        }
        if self
            .kept()
            .is_some_and(|kept| kept.keys.is_same(credentials))
        {
            self.keep(None);
        }
        credentials.token().is_some()
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

    /// A moment by clocks that agree.
    fn at(time: OffsetDateTime) -> impl Fn() -> Moment {
        move || Moment {
            own: time,
            corrected: time,
            confirmed: true,
            elapsed: (time - NOW).try_into().unwrap(),
        }
    }

    struct Counting {
        asked: AtomicU64,
        fails: bool,
    }

    impl ProvideCredentials for Counting {
        fn provide(&self) -> CredentialsFuture<'_> {
            Box::pin(async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let number = self.asked.fetch_add(1, Ordering::Relaxed);
                if self.fails {
                    return Err(CredentialsError::new("no keys today"));
                }
                Ok(Credentials::new(format!("id{number}"), "s")
                    .with_token("t")
                    .expiring_at(NOW + Duration::from_secs(600)))
            })
        }
    }

    async fn two_hundred_tasks(fails: bool) -> (u64, usize) {
        let counting = Arc::new(Counting {
            asked: AtomicU64::new(0),
            fails,
        });
        let source = Arc::new(CredentialsCache::new(counting.clone(), false));
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let source = source.clone();
                tokio::spawn(async move { source.get(at(NOW)).await.is_ok() })
            })
            .collect();
        let mut fine = 0;
        for task in tasks {
            fine += usize::from(task.await.unwrap());
        }
        (counting.asked.load(Ordering::Relaxed), fine)
    }

    #[tokio::test]
    async fn many_tasks_ask_once_and_share_the_outcome() {
        assert_eq!(two_hundred_tasks(false).await, (1, 200));
        assert_eq!(two_hundred_tasks(true).await, (1, 0));
    }

    #[tokio::test]
    async fn keys_are_renewed_before_they_end_and_after_a_refusal() {
        let counting = Counting {
            asked: AtomicU64::new(0),
            fails: false,
        };
        let source = CredentialsCache::new(Arc::new(counting), false);
        let first = source.get(at(NOW)).await.unwrap();
        assert_eq!(
            source
                .get(at(NOW + Duration::from_secs(479)))
                .await
                .unwrap()
                .id(),
            "id0"
        );
        assert_eq!(
            source
                .get(at(NOW + Duration::from_secs(481)))
                .await
                .unwrap()
                .id(),
            "id1"
        );
        assert!(source.refused(&first), "others may come");
        assert_eq!(
            source.get(at(NOW)).await.unwrap().id(),
            "id1",
            "an old refusal drops nothing new"
        );
        let second = source.get(at(NOW)).await.unwrap();
        source.refused(&second);
        assert_eq!(source.get(at(NOW)).await.unwrap().id(), "id2");
        let fixed = Credentials::new("fixed", "s").with_token("t");
        let source = CredentialsCache::new(Arc::new(fixed.clone()), true);
        assert!(!source.refused(&fixed), "no others will come");
        let no_token = Credentials::new("id", "s").expiring_at(NOW + Duration::from_secs(600));
        let source = CredentialsCache::new(Arc::new(no_token.clone()), false);
        assert!(!source.refused(&no_token), "it was not about these keys");
    }

    /// Gives keys once, then never answers again.
    struct Hanging(AtomicU64);

    impl ProvideCredentials for Hanging {
        fn provide(&self) -> CredentialsFuture<'_> {
            Box::pin(async {
                if self.0.fetch_add(1, Ordering::Relaxed) > 0 {
                    std::future::pending::<()>().await;
                }
                Ok(Credentials::new("id", "s").expiring_at(NOW + Duration::from_secs(600)))
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_that_hangs_holds_up_one_call_for_a_while_and_the_others_not_at_all() {
        let source = Arc::new(CredentialsCache::new(
            Arc::new(Hanging(AtomicU64::new(0))),
            false,
        ));
        source.get(at(NOW)).await.unwrap();
        let late = NOW + Duration::from_secs(500);
        let first = {
            let source = source.clone();
            tokio::spawn(async move { source.get(at(late)).await })
        };
        tokio::task::yield_now().await;
        let second = source.get(at(late));
        assert_eq!(second.await.unwrap().id(), "id");
        assert!(!first.is_finished(), "the first still waits");
        assert_eq!(first.await.unwrap().unwrap().id(), "id");
    }
}
