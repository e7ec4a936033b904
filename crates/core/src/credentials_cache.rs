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

use crate::credentials::{Credentials, CredentialsError, ProvideCredentials};

/// Credentials that expire within this time are renewed before they are used.
const RENEW_BEFORE: Duration = Duration::from_secs(120);

/// How long a call waits for a renewal while the current credentials are still valid.
const LONGEST_RENEWAL: Duration = Duration::from_secs(5);

/// The pause between requests to a source that returned credentials which are about to expire, or failed
/// while the current ones are still valid.
const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

/// The time at which credentials are needed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// The time of day by this machine's clock.
    pub(crate) own: OffsetDateTime,
    /// The time of day with the learnt correction.
    pub(crate) corrected: OffsetDateTime,
    /// Whether a recent response confirmed the correction.
    pub(crate) confirmed: bool,
    /// The time since a fixed origin. It never goes backwards.
    pub(crate) elapsed: Duration,
}

impl Moment {
    /// Whether the credentials have expired by both clocks.
    fn is_past(&self, credentials: &Credentials) -> bool {
        !credentials.lasts(self.own, Duration::ZERO)
            && !credentials.lasts(self.corrected, Duration::ZERO)
    }

    /// Whether the credentials have expired even if one of the clocks may be wrong.
    fn rules_out(&self, credentials: &Credentials) -> bool {
        self.confirmed && self.is_past(credentials)
    }

    /// Returns the credentials if a request with them can succeed.
    fn usable(&self, credentials: Credentials) -> Result<Credentials, CredentialsError> {
        if self.rules_out(&credentials) {
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
    fn new(credentials: Credentials, now: &Moment) -> Self {
        let no_renewal_before = if credentials.lasts(now.corrected, RENEW_BEFORE) {
            Duration::ZERO
        } else {
            let left = credentials.expires_at().map(|end| end - now.corrected);
            let left = left.and_then(|left| Duration::try_from(left).ok());
            // Short-lived credentials are renewed at their expiry, if that is still ahead.
            let pause = left.filter(|left| !left.is_zero()).unwrap_or(RENEWAL_PAUSE);
            now.elapsed.saturating_add(pause.min(RENEWAL_PAUSE))
        };
        Self {
            credentials,
            no_renewal_before,
        }
    }

    fn is_fresh(&self, now: &Moment) -> bool {
        self.credentials.lasts(now.corrected, RENEW_BEFORE) || now.elapsed < self.no_renewal_before
    }
}

/// A credentials cache with single flight and stale-while-revalidate.
pub(crate) struct CredentialsCache {
    source: Arc<dyn ProvideCredentials>,
    /// Whether the source is fixed credentials, which it cannot replace.
    fixed: bool,
    cached: Mutex<Option<Cached>>,
    /// Locked by the call that asks the source; has the failure of the last request, if it failed.
    flight: tokio::sync::Mutex<Option<CredentialsError>>,
    /// The number of finished requests to the source. If it has changed, a call that waited for the
    /// flight shares the failure instead of asking again.
    finished: AtomicU64,
}

impl CredentialsCache {
    pub(crate) fn new(source: Arc<dyn ProvideCredentials>, fixed: bool) -> Self {
        Self {
            source,
            fixed,
            cached: Mutex::new(None),
            flight: tokio::sync::Mutex::new(None),
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

    /// Returns credentials for a request at the time that `now` returns.
    pub(crate) async fn get(
        &self,
        now: impl Fn() -> Moment,
    ) -> Result<Credentials, CredentialsError> {
        let moment = now();
        if let Some(cached) = self.cached().filter(|cached| cached.is_fresh(&moment)) {
            return moment.usable(cached.credentials);
        }
        let finished_before = self.finished.load(Ordering::Acquire);
        let current = self
            .cached()
            .map(|cached| cached.credentials)
            .filter(|credentials| !moment.rules_out(credentials));
        // Renewal starts before expiry. While another call renews, this one uses the current credentials,
        // unless they have expired by both clocks.
        let valid = current
            .as_ref()
            .filter(|credentials| !moment.is_past(credentials));
        let mut flight = match (valid, self.flight.try_lock()) {
            (_, Ok(flight)) => flight,
            (Some(current), Err(_)) => return Ok(current.clone()),
            (None, Err(_)) => self.flight.lock().await,
        };
        let moment = now();
        if let Some(cached) = self.cached().filter(|cached| cached.is_fresh(&moment)) {
            return moment.usable(cached.credentials);
        }
        if self.finished.load(Ordering::Acquire) != finished_before
            && let Some(error) = flight.as_ref()
        {
            return current.ok_or_else(|| error.clone());
        }
        let request = self.source.provide();
        let result = match valid {
            Some(_) => tokio::time::timeout(LONGEST_RENEWAL, request)
                .await
                .unwrap_or_else(|_| {
                    Err(CredentialsError::new("the source did not respond in time"))
                }),
            None => request.await,
        };
        let result = result.and_then(|credentials| credentials.check().map(|()| credentials));
        self.finished.fetch_add(1, Ordering::AcqRel);
        let moment = now();
        match result {
            Ok(credentials) => {
                *flight = None;
                self.store(Some(Cached::new(credentials.clone(), &moment)));
                moment.usable(credentials)
            }
            // After a failed renewal the current credentials may still work, unless they were refused in
            // the meantime.
            Err(error) => match self
                .cached()
                .filter(|cached| !moment.rules_out(&cached.credentials))
            {
                Some(cached) => {
                    if !moment.is_past(&cached.credentials) {
                        self.store(Some(Cached::new(cached.credentials.clone(), &moment)));
                    }
                    Ok(cached.credentials)
                }
                None => {
                    *flight = Some(error.clone());
                    Err(error)
                }
            },
        }
    }

    /// Drops credentials that the provider refused, unless they were replaced in the meantime. Returns
    /// whether the source may provide another token.
    pub(crate) fn refused(&self, credentials: &Credentials) -> bool {
        if self.fixed {
            return false;
        }
        if self
            .cached()
            .is_some_and(|cached| cached.credentials.is_same(credentials))
        {
            self.store(None);
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

    /// A moment at which both clocks agree.
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
    async fn credentials_are_renewed_before_expiry_and_after_a_refusal() {
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
        assert!(cache.refused(&first), "the source may provide others");
        assert_eq!(
            cache.get(at(NOW)).await.unwrap().id(),
            "id1",
            "the refusal of old credentials drops no new ones"
        );
        let second = cache.get(at(NOW)).await.unwrap();
        cache.refused(&second);
        assert_eq!(cache.get(at(NOW)).await.unwrap().id(), "id2");
        let fixed = Credentials::new("fixed", "s").with_token("t");
        let cache = CredentialsCache::new(Arc::new(fixed.clone()), true);
        assert!(!cache.refused(&fixed), "the source has no others");
        let no_token = Credentials::new("id", "s").expiring_at(NOW + Duration::from_secs(600));
        let cache = CredentialsCache::new(Arc::new(no_token.clone()), false);
        assert!(
            !cache.refused(&no_token),
            "without a token the refusal is not about these"
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
