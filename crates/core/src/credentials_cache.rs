//! Keys as the call loop gets them: kept while they last, asked for once at a time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use crate::credentials::{Credentials, CredentialsError, ProvideCredentials};

/// Keys that end sooner than this are renewed before they are used.
const RENEW_BEFORE: Duration = Duration::from_secs(120);

/// How long a call waits for a renewal while the current keys are still valid.
const RENEWAL: Duration = Duration::from_secs(5);

/// How long a source is left alone that handed back keys which are about to expire, or none while the
/// current ones are still valid.
const LEFT_ALONE: Duration = Duration::from_secs(10);

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
    use time::macros::datetime;

    use super::*;
    use crate::credentials::CredentialsFuture;

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

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
