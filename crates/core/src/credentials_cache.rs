//! The cache between the call loop and a credentials source.
//!
//! - Single flight: one request to the source at a time; calls that waited for it share its result.
//! - Stale-while-revalidate: while one call renews credentials that are about to expire, the others use
//!   the current ones.
//! - A failure is not cached; a failed renewal leaves the current credentials in use.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;

use crate::clock_skew::ClockReading;
use crate::credentials::{Credentials, CredentialsError, ProvideCredentials};

/// Credentials that expire within this time are renewed before they are used.
const RENEW_BEFORE: Duration = Duration::from_secs(120);

/// How long a call waits for a renewal while the current credentials are still valid.
const LONGEST_RENEWAL: Duration = Duration::from_secs(5);

/// The pause between requests to a source that returned credentials which are about to expire, or failed
/// while the current ones are still valid.
const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

/// One instant by this machine's clocks, and what is known about their error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CorrectedReading {
    pub(crate) own: ClockReading,
    /// The time of day with the learnt correction.
    pub(crate) corrected_utc: OffsetDateTime,
    /// Whether a recent response confirmed the correction.
    pub(crate) confirmed: bool,
}

impl CorrectedReading {
    /// Whether the credentials have expired, with and without the correction. The correction may still
    /// be wrong.
    fn shows_expired(&self, credentials: &Credentials) -> bool {
        !credentials.lasts(self.own.utc, Duration::ZERO)
            && !credentials.lasts(self.corrected_utc, Duration::ZERO)
    }

    /// Whether the credentials have certainly expired, so that a request with them is useless. Until a
    /// response has confirmed the correction, they are sent: only a response can correct the clock.
    fn proves_expired(&self, credentials: &Credentials) -> bool {
        self.confirmed && self.shows_expired(credentials)
    }

    /// Returns the credentials if a request with them can succeed.
    fn usable(&self, credentials: Credentials) -> Result<Credentials, CredentialsError> {
        if self.proves_expired(&credentials) {
            return Err(CredentialsError::new(
                "the credentials from the source have expired",
            ));
        }
        Ok(credentials)
    }
}

/// Credentials in the cache.
#[derive(Clone)]
struct Cached {
    credentials: Credentials,
    /// The source is not asked before this time, however soon the credentials expire.
    no_renewal_before: Duration,
}

impl Cached {
    fn new(credentials: Credentials, now: &CorrectedReading) -> Self {
        let no_renewal_before = if credentials.lasts(now.corrected_utc, RENEW_BEFORE) {
            Duration::ZERO
        } else {
            let lifetime = credentials.expires_at().map(|end| end - now.corrected_utc);
            let lifetime = lifetime.and_then(|time| Duration::try_from(time).ok());
            // Short-lived credentials are renewed at their expiry, if that is still ahead.
            let pause = lifetime
                .filter(|time| !time.is_zero())
                .unwrap_or(RENEWAL_PAUSE);
            now.own.elapsed.saturating_add(pause.min(RENEWAL_PAUSE))
        };
        Self {
            credentials,
            no_renewal_before,
        }
    }

    fn is_fresh(&self, now: &CorrectedReading) -> bool {
        self.credentials.lasts(now.corrected_utc, RENEW_BEFORE)
            || now.own.elapsed < self.no_renewal_before
    }
}

/// A credentials cache with single flight and stale-while-revalidate.
pub(crate) struct CredentialsCache {
    source: Arc<dyn ProvideCredentials>,
    /// Whether the source is fixed credentials, which it cannot replace.
    fixed: bool,
    cached: Mutex<Option<Cached>>,
    /// The failure of the last request to the source, if it left no usable credentials. The lock is the
    /// single flight: the call that asks the source holds it until the source has responded.
    last_failure: tokio::sync::Mutex<Option<CredentialsError>>,
    /// The number of finished requests to the source. If it has changed, a call that waited for the
    /// lock shares the failure instead of asking again.
    finished: AtomicU64,
}

impl CredentialsCache {
    pub(crate) fn new(source: Arc<dyn ProvideCredentials>, fixed: bool) -> Self {
        Self {
            source,
            fixed,
            cached: Mutex::new(None),
            last_failure: tokio::sync::Mutex::new(None),
            finished: AtomicU64::new(0),
        }
    }

    fn cached(&self) -> Option<Cached> {
        self.cached
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn store(&self, cached: Option<Cached>) {
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = cached;
    }

    /// Returns the cached credentials that need no renewal.
    fn fresh(&self, now: &CorrectedReading) -> Option<Credentials> {
        let cached = self.cached().filter(|cached| cached.is_fresh(now))?;
        Some(cached.credentials)
    }

    /// Returns credentials for a request at the time that `read_clock` returns. It is read again after
    /// each wait.
    pub(crate) async fn get(
        &self,
        read_clock: impl Fn() -> CorrectedReading,
    ) -> Result<Credentials, CredentialsError> {
        let now = read_clock();
        if let Some(credentials) = self.fresh(&now) {
            return now.usable(credentials);
        }
        let finished_before = self.finished.load(Ordering::Acquire);
        // The credentials in the cache before this call waits for anything.
        let old = self
            .cached()
            .map(|cached| cached.credentials)
            .filter(|credentials| !now.proves_expired(credentials));
        // Renewal starts before expiry. While another call renews, this one uses the old credentials,
        // unless they have expired by both clocks.
        let valid = old
            .as_ref()
            .filter(|credentials| !now.shows_expired(credentials));
        let mut last_failure = match (valid, self.last_failure.try_lock()) {
            (_, Ok(lock)) => lock,
            (Some(valid), Err(_)) => return Ok(valid.clone()),
            (None, Err(_)) => self.last_failure.lock().await,
        };
        // Another call may have renewed them while this one waited for the lock.
        let now = read_clock();
        if let Some(credentials) = self.fresh(&now) {
            return now.usable(credentials);
        }
        if self.finished.load(Ordering::Acquire) != finished_before
            && let Some(error) = last_failure.as_ref()
        {
            return old.ok_or_else(|| error.clone());
        }
        let result = self.request(valid.is_some()).await;
        self.finished.fetch_add(1, Ordering::AcqRel);
        let now = read_clock();
        let error = match result {
            Ok(credentials) => {
                *last_failure = None;
                self.store(Some(Cached::new(credentials.clone(), &now)));
                return now.usable(credentials);
            }
            Err(error) => error,
        };
        if let Some(credentials) = self.keep(&now) {
            return Ok(credentials);
        }
        *last_failure = Some(error.clone());
        Err(error)
    }

    /// Requests credentials from the source. If the old ones are `still_valid`, the wait is bounded.
    async fn request(&self, still_valid: bool) -> Result<Credentials, CredentialsError> {
        let request = self.source.provide();
        let credentials = if still_valid {
            tokio::time::timeout(LONGEST_RENEWAL, request)
                .await
                .map_err(|_| CredentialsError::new("the source did not respond in time"))??
        } else {
            request.await?
        };
        credentials.check()?;
        Ok(credentials)
    }

    /// Keeps the cached credentials after a failed renewal: they may still work. There are none if they
    /// were invalidated in the meantime.
    fn keep(&self, now: &CorrectedReading) -> Option<Credentials> {
        let credentials = self.cached()?.credentials;
        if now.proves_expired(&credentials) {
            return None;
        }
        // The source is left alone for a while, unless the credentials seem to have expired: a request
        // with those is only sent to have the clock corrected, and the next call asks the source again.
        if !now.shows_expired(&credentials) {
            self.store(Some(Cached::new(credentials.clone(), now)));
        }
        Some(credentials)
    }

    /// Drops credentials that the provider rejected, unless they were replaced in the meantime. Returns
    /// whether a retry could have another token.
    pub(crate) fn invalidate(&self, credentials: &Credentials) -> bool {
        if self.fixed {
            return false;
        }
        if self
            .cached()
            .is_some_and(|cached| cached.credentials.is_same(credentials))
        {
            self.store(None);
        }
        // Only a token expires. A key without one was rejected for another reason, which a retry would
        // meet again, and rejected keys are locked after a few attempts.
        credentials.token().is_some()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::credentials::CredentialsFuture;

    const NOW: OffsetDateTime = datetime!(2026-11-21 12:00 UTC);

    /// A reading at which both clocks agree.
    fn at(time: OffsetDateTime) -> impl Fn() -> CorrectedReading {
        move || CorrectedReading {
            own: ClockReading {
                utc: time,
                elapsed: (time - NOW).try_into().unwrap(),
            },
            corrected_utc: time,
            confirmed: true,
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
                    return Err(CredentialsError::new("no credentials today"));
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
        let cache = Arc::new(CredentialsCache::new(counting.clone(), false));
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let cache = cache.clone();
                tokio::spawn(async move { cache.get(at(NOW)).await.is_ok() })
            })
            .collect();
        let mut fine = 0;
        for task in tasks {
            fine += usize::from(task.await.unwrap());
        }
        (counting.asked.load(Ordering::Relaxed), fine)
    }

    #[tokio::test]
    async fn two_hundred_concurrent_calls_make_one_request_and_share_its_result() {
        assert_eq!(two_hundred_tasks(false).await, (1, 200));
        assert_eq!(two_hundred_tasks(true).await, (1, 0));
    }

    #[tokio::test]
    async fn credentials_are_renewed_before_expiry_and_after_a_rejection() {
        let counting = Counting {
            asked: AtomicU64::new(0),
            fails: false,
        };
        let cache = CredentialsCache::new(Arc::new(counting), false);
        let first = cache.get(at(NOW)).await.unwrap();
        assert_eq!(
            cache
                .get(at(NOW + Duration::from_secs(479)))
                .await
                .unwrap()
                .id(),
            "id0"
        );
        assert_eq!(
            cache
                .get(at(NOW + Duration::from_secs(481)))
                .await
                .unwrap()
                .id(),
            "id1"
        );
        assert!(cache.invalidate(&first), "the source may provide others");
        assert_eq!(
            cache.get(at(NOW)).await.unwrap().id(),
            "id1",
            "a rejection of old credentials drops no new ones"
        );
        let second = cache.get(at(NOW)).await.unwrap();
        cache.invalidate(&second);
        assert_eq!(cache.get(at(NOW)).await.unwrap().id(), "id2");
        let fixed = Credentials::new("fixed", "s").with_token("t");
        let cache = CredentialsCache::new(Arc::new(fixed.clone()), true);
        assert!(!cache.invalidate(&fixed), "the source has no others");
        let no_token = Credentials::new("id", "s").expiring_at(NOW + Duration::from_secs(600));
        let cache = CredentialsCache::new(Arc::new(no_token.clone()), false);
        assert!(
            !cache.invalidate(&no_token),
            "a key without a token cannot be renewed"
        );
    }

    /// A source that provides credentials once and then hangs.
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
    async fn hanging_renewal_delays_one_call_for_a_bounded_time_and_no_other() {
        let cache = Arc::new(CredentialsCache::new(
            Arc::new(Hanging(AtomicU64::new(0))),
            false,
        ));
        cache.get(at(NOW)).await.unwrap();
        let late = NOW + Duration::from_secs(500);
        let first = {
            let cache = cache.clone();
            tokio::spawn(async move { cache.get(at(late)).await })
        };
        tokio::task::yield_now().await;
        let second = cache.get(at(late));
        assert_eq!(second.await.unwrap().id(), "id");
        assert!(!first.is_finished(), "the first call still waits");
        assert_eq!(first.await.unwrap().unwrap().id(), "id");
    }
}
