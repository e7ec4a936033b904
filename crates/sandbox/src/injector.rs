//! Decides which fault a request meets: the first matching rule, otherwise chaos.

use std::sync::{Mutex, PoisonError};

use crate::chaos::Chaos;
use crate::fault::{Fault, FaultKind};
use crate::request::Target;
use crate::seed::{Seed, Stream};

/// The faults of one sandbox.
#[derive(Debug)]
pub(crate) struct FaultInjector {
    seed: Seed,
    rules: Mutex<Rules>,
    chaos: Chaos,
}

#[derive(Debug, Default)]
struct Rules {
    active: Vec<Rule>,
    added: u64,
}

#[derive(Debug)]
struct Rule {
    fault: Fault,
    number: u64,
    /// How many random numbers the rule has used.
    drawn: u64,
}

impl FaultInjector {
    /// Creates an injector without rules whose chaos affects `percent` of the requests.
    pub(crate) fn new(seed: Seed, percent: u8) -> Self {
        Self {
            seed,
            rules: Mutex::default(),
            chaos: Chaos::new(seed, percent),
        }
    }

    pub(crate) fn add(&self, fault: Fault) {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.added += 1;
        let number = rules.added;
        rules.active.push(Rule {
            fault,
            number,
            drawn: 0,
        });
    }

    /// Removes all rules; chaos stays.
    pub(crate) fn clear(&self) {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.active.clear();
    }

    /// The fault for this request, if any.
    pub(crate) fn select(&self, target: &Target, first_on_connection: bool) -> Option<FaultKind> {
        self.select_rule(target, first_on_connection)
            .or_else(|| self.chaos.select(target))
    }

    fn select_rule(&self, target: &Target, first_on_connection: bool) -> Option<FaultKind> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let position = rules
            .active
            .iter_mut()
            .position(|rule| rule.applies(self.seed, target, first_on_connection))?;
        let rule = rules.active.get_mut(position)?;
        let kind = rule.fault.kind.clone();
        if let Some(times) = &mut rule.fault.times {
            *times -= 1;
            if *times == 0 {
                rules.active.remove(position);
            }
        }
        Some(kind)
    }

    /// Whether a rate limit must let this request pass; see [`Chaos::must_succeed`].
    pub(crate) fn must_succeed(&self, target: &Target) -> bool {
        self.chaos.must_succeed(target)
    }

    /// Records how the request ended; `retryable` describes the provider's response.
    pub(crate) fn record(&self, target: &Target, fault: Option<&FaultKind>, retryable: bool) {
        let failed = retryable || fault.is_some_and(FaultKind::fails_request);
        self.chaos.record(target, failed);
    }
}

impl Rule {
    /// Whether the rule applies to this request. Draws a random number if it has a probability.
    fn applies(&mut self, seed: Seed, target: &Target, first_on_connection: bool) -> bool {
        let fault = &self.fault;
        let matches = fault
            .provider
            .is_none_or(|provider| provider == target.provider)
            && fault
                .operation
                .as_deref()
                .is_none_or(|name| is_operation(target, name))
            && fault.page.is_none_or(|page| page == target.page)
            && fault.times != Some(0)
            && !(first_on_connection && fault.kind == FaultKind::StaleKeepalive)
            && !(target.page < 2 && fault.kind == FaultKind::MutateBetweenPages);
        matches
            && fault.probability.is_none_or(|probability| {
                self.drawn += 1;
                let word = seed.draw(Stream::Fault, self.number << 32 ^ self.drawn);
                unit_interval(word) < probability
            })
    }
}

/// Whether `name` is the target's operation, with or without its service.
fn is_operation(target: &Target, name: &str) -> bool {
    match name.split_once('/') {
        Some((service, operation)) => service == target.service && operation == target.operation,
        None => name == target.operation,
    }
}

/// Maps a random word to the interval from 0 to 1, without 1.
#[allow(clippy::cast_precision_loss, reason = "a float holds 53 bits exactly")]
fn unit_interval(word: u64) -> f64 {
    (word >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{reset, silent, stale_keepalive, throttle};
    use crate::provider::Provider;

    fn target(fingerprint: u64) -> Target {
        Target {
            provider: Provider::Tencent,
            service: "ip",
            operation: "QueryCustomersCredit",
            page: 1,
            fingerprint,
        }
    }

    fn names(injector: &FaultInjector, requests: u64) -> Vec<&'static str> {
        (0..requests)
            .map(|_| {
                injector
                    .select(&target(1), false)
                    .map_or("none", |kind| kind.name())
            })
            .collect()
    }

    #[test]
    fn matching_rules_are_used_up_in_order() {
        let injector = FaultInjector::new(Seed(1), 0);
        injector.add(throttle().on("QueryCustomersCredit").times(2));
        injector.add(reset().on("ip/QueryCustomersCredit").times(1));
        injector.add(silent().on("intlpartnersmgt/QueryCustomersCredit"));
        injector.add(silent().on_page(2));
        injector.add(silent().times(0));
        assert_eq!(
            names(&injector, 4),
            ["throttle", "throttle", "reset", "none"]
        );
    }

    #[test]
    fn stale_keepalive_spares_the_first_request_of_a_connection() {
        let injector = FaultInjector::new(Seed(1), 0);
        injector.add(stale_keepalive().times(1));
        assert_eq!(injector.select(&target(1), true), None);
        assert_eq!(
            injector.select(&target(1), false),
            Some(FaultKind::StaleKeepalive)
        );
    }

    #[test]
    fn probability_follows_the_seed() {
        let draw = |seed| {
            let injector = FaultInjector::new(Seed(seed), 0);
            injector.add(reset().with_probability(0.25));
            names(&injector, 1_000)
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let resets = draw(1).iter().filter(|name| **name == "reset").count();
        assert!((200..300).contains(&resets), "{resets}");
    }

    #[test]
    fn chaos_spares_the_third_attempt() {
        let injector = FaultInjector::new(Seed(1), 100);
        for fingerprint in 0..1_000 {
            let target = target(fingerprint);
            for attempt in 1..=3 {
                let fault = injector.select(&target, true);
                assert_eq!(fault.is_some(), attempt < 3, "{fingerprint} {attempt}");
                injector.record(&target, fault.as_ref(), false);
            }
        }
        assert_eq!(injector.chaos.failing_requests(), 0);
    }

    #[test]
    fn chaos_affects_about_its_share_of_equal_requests() {
        let injector = FaultInjector::new(Seed(1), 20);
        let mut faults = 0;
        for _ in 0..1_000 {
            let fault = injector.select(&target(7), true);
            faults += u32::from(fault.is_some());
            injector.record(&target(7), fault.as_ref(), false);
        }
        assert!((140..240).contains(&faults), "{faults}");
    }
}
