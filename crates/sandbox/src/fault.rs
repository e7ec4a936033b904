//! Faults on demand: what can go wrong, for which requests, and how often.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use standing_sandbox::{Sandbox, fault};
//!
//! let sandbox = Sandbox::builder().start().await?;
//! sandbox.fault(fault::throttle().on("QueryCustomersCredit").times(2));
//! sandbox.fault(fault::cut_body_after(20).on_page(3).with_probability(0.5));
//! # Ok(())
//! # }
//! ```
//!
//! Credentials are verified all the same, so the log tells whether a faulted request was signed right. Faults that stand
//! in place of an answer (a status, a code, a page, a stale connection) keep the operation from running; the others hurt
//! the answer of an operation that ran, and used up quota.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::Provider;
use crate::people::{Seed, Use, mix};

/// One kind of trouble and the requests that it is for: every request, unless narrowed down.
#[derive(Clone, Debug)]
#[must_use = "a fault does nothing until it is given to `Sandbox::fault`"]
pub struct Fault {
    kind: Kind,
    provider: Option<Provider>,
    operation: Option<String>,
    page: Option<u64>,
    times: Option<u32>,
    probability: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Status(u16),
    Throttle(Option<Duration>),
    Code(String, Option<u16>),
    Latency(Duration),
    Drop,
    Reset,
    CutBody(usize),
    ResetBody(usize),
    Drip(Duration),
    Silent,
    StaleKeepalive,
    WrongClock(i64),
    Html502,
    NotJson,
    Redirect(String, u16),
    MutateBetweenPages,
}

/// An HTTP status with an empty body.
pub fn status(status: u16) -> Fault {
    Kind::Status(status).into()
}

/// The provider's own refusal for too many requests.
pub fn throttle() -> Fault {
    Kind::Throttle(None).into()
}

/// As [`throttle`], with a hint when to come back: Alibaba's `x-acs-retry-after` in milliseconds, or `Retry-After` in
/// whole seconds.
pub fn throttle_for(wait: Duration) -> Fault {
    Kind::Throttle(Some(wait)).into()
}

/// A failure with this code in the provider's envelope, with the HTTP status that the provider gives the code.
pub fn provider_code(code: impl Into<String>) -> Fault {
    Kind::Code(code.into(), None).into()
}

/// As [`provider_code`], with an HTTP status of one's own: several providers report failures under 200.
pub fn provider_code_at(status: u16, code: impl Into<String>) -> Fault {
    Kind::Code(code.into(), Some(status)).into()
}

/// The right answer, later.
pub fn latency(wait: Duration) -> Fault {
    Kind::Latency(wait).into()
}

/// The operation runs, the connection closes without a byte of the answer.
pub fn drop_before_response() -> Fault {
    Kind::Drop.into()
}

/// The operation runs, the connection is reset without a byte of the answer.
pub fn reset() -> Fault {
    Kind::Reset.into()
}

/// The connection closes after this many bytes of the body.
pub fn cut_body_after(bytes: usize) -> Fault {
    Kind::CutBody(bytes).into()
}

/// The connection is reset after this many bytes of the body.
pub fn reset_body_after(bytes: usize) -> Fault {
    Kind::ResetBody(bytes).into()
}

/// The answer comes one byte at a time, with this long a pause before each but the first.
pub fn drip(pause: Duration) -> Fault {
    Kind::Drip(pause).into()
}

/// No answer ever; the connection stays open.
pub fn silent() -> Fault {
    Kind::Silent.into()
}

/// The connection closes when a request arrives that is not its first, as a server does that had given the connection
/// up in the meantime: nothing runs. A first request is let through and not counted.
pub fn stale_keepalive() -> Fault {
    Kind::StaleKeepalive.into()
}

/// The server's clock is ahead by this long while it judges the request and dates the answer.
pub fn wrong_clock(ahead: Duration) -> Fault {
    Kind::WrongClock(i64::try_from(ahead.as_secs()).unwrap_or(i64::MAX)).into()
}

/// As [`wrong_clock`], behind instead of ahead.
pub fn clock_behind(behind: Duration) -> Fault {
    Kind::WrongClock(i64::try_from(behind.as_secs()).map_or(i64::MIN, |seconds| -seconds)).into()
}

/// A gateway's HTML page with status 502.
pub fn html_502() -> Fault {
    Kind::Html502.into()
}

/// Status 200 and a body that calls itself JSON and is none.
pub fn not_json() -> Fault {
    Kind::NotJson.into()
}

/// A redirect (307) to another address.
pub fn redirect_to(url: impl Into<String>) -> Fault {
    redirect_with(307, url)
}

/// As [`redirect_to`], with another status.
pub fn redirect_with(status: u16, url: impl Into<String>) -> Fault {
    Kind::Redirect(url.into(), status).into()
}

/// One more customer joins before every page but the first, so that a walk from the newest sees rows twice.
pub fn mutate_between_pages() -> Fault {
    Kind::MutateBetweenPages.into()
}

impl From<Kind> for Fault {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            provider: None,
            operation: None,
            page: None,
            times: None,
            probability: None,
        }
    }
}

impl Fault {
    /// Only at this provider.
    pub fn at(mut self, provider: Provider) -> Self {
        self.provider = Some(provider);
        self
    }

    /// Only for this operation: a name (`QueryCustomersCredit`) or a service and a name (`ip/QueryCustomersCredit`).
    pub fn on(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Only for this page, counted from 1.
    pub fn on_page(mut self, page: u64) -> Self {
        self.page = Some(page);
        self
    }

    /// Only so many times; without this for every request that fits.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Only for this share of the requests that fit, drawn from the seed: 0 is none, 1 is all.
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }
}

impl Kind {
    /// The word for it in the log and the report.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::Throttle(_) => "throttle",
            Self::Code(..) => "provider_code",
            Self::Latency(_) => "latency",
            Self::Drop => "drop_before_response",
            Self::Reset => "reset",
            Self::CutBody(_) => "cut_body_after",
            Self::ResetBody(_) => "reset_body_after",
            Self::Drip(_) => "drip",
            Self::Silent => "silent",
            Self::StaleKeepalive => "stale_keepalive",
            Self::WrongClock(_) => "wrong_clock",
            Self::Html502 => "html_502",
            Self::NotJson => "not_json",
            Self::Redirect(..) => "redirect_to",
            Self::MutateBetweenPages => "mutate_between_pages",
        }
    }

    /// Whether it stands in place of whatever the provider would have said.
    pub(crate) fn replaces_the_answer(&self) -> bool {
        matches!(
            self,
            Self::Status(_)
                | Self::Html502
                | Self::NotJson
                | Self::Redirect(..)
                | Self::StaleKeepalive
        )
    }

    /// Whether not even the head of an answer goes out.
    pub(crate) fn leaves_no_answer(&self) -> bool {
        matches!(
            self,
            Self::Drop | Self::Reset | Self::Silent | Self::StaleKeepalive
        )
    }

    /// Whether the client gets no usable answer.
    fn fails(&self) -> bool {
        !matches!(
            self,
            Self::Latency(_) | Self::Drip(_) | Self::MutateBetweenPages | Self::WrongClock(_)
        )
    }
}

/// What a request asks for, as far as faults and the log care.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    pub provider: Provider,
    pub service: &'static str,
    pub operation: &'static str,
    /// From 1.
    pub page: u64,
    /// Equal for a request and its repetitions.
    pub logical: u64,
}

impl Subject {
    fn is(&self, name: &str) -> bool {
        match name.split_once('/') {
            Some((service, operation)) => service == self.service && operation == self.operation,
            None => name == self.operation,
        }
    }
}

/// The faults of one sandbox.
#[derive(Debug)]
pub(crate) struct Faults {
    seed: Seed,
    /// The share of requests that chaos hits, in percent.
    chaos: u8,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    rules: Vec<Rule>,
    added: u64,
    /// How often in a row a request failed; gone as soon as it succeeds.
    streaks: HashMap<u64, u8>,
    /// How often requests of a kind came by, so that chaos does not always decide alike.
    visits: Vec<u32>,
}

#[derive(Debug)]
struct Rule {
    fault: Fault,
    number: u64,
    drawn: u64,
}

/// A client with three attempts survives this many failures.
const SURVIVED: u8 = 2;
/// Requests that fail and never come back are forgotten all at once beyond this number.
const STREAKS: usize = 65_536;
const VISITS: usize = 4_096;

impl Faults {
    pub(crate) fn new(seed: Seed, chaos: u8) -> Self {
        let state = State {
            rules: Vec::new(),
            added: 0,
            streaks: HashMap::new(),
            visits: vec![0; VISITS],
        };
        Self {
            seed,
            chaos: chaos.min(100),
            state: Mutex::new(state),
        }
    }

    pub(crate) fn add(&self, fault: Fault) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.added += 1;
        let number = state.added;
        state.rules.push(Rule {
            fault,
            number,
            drawn: 0,
        });
    }

    pub(crate) fn clear(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.rules.clear();
    }

    /// The fault for this request, if any: the first rule that fits, else chaos.
    pub(crate) fn pick(&self, subject: &Subject, first_on_connection: bool) -> Option<Kind> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let seed = self.seed;
        let hit = state
            .rules
            .iter_mut()
            .position(|rule| rule.hits(seed, subject, first_on_connection));
        let Some(place) = hit else {
            return self.chaos(&mut state, subject);
        };
        let rule = state.rules.get_mut(place)?;
        let kind = rule.fault.kind.clone();
        if let Some(times) = &mut rule.fault.times {
            *times -= 1;
            if *times == 0 {
                state.rules.remove(place);
            }
        }
        Some(kind)
    }

    /// Whether a real refusal for too many requests would be one failure too many for a client under chaos.
    pub(crate) fn spares(&self, subject: &Subject) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.chaos > 0 && state.streak(subject) >= SURVIVED
    }

    /// Learns how the request ended.
    pub(crate) fn ended(&self, subject: &Subject, fault: Option<&Kind>, retryable: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if retryable || fault.is_some_and(Kind::fails) {
            if state.streaks.len() >= STREAKS {
                state.streaks.clear();
            }
            let streak = state.streaks.entry(subject.logical).or_default();
            *streak = streak.saturating_add(1);
        } else {
            state.streaks.remove(&subject.logical);
        }
    }

    fn chaos(&self, state: &mut State, subject: &Subject) -> Option<Kind> {
        if self.chaos == 0 {
            return None;
        }
        let bucket = usize::try_from(subject.logical % VISITS as u64).unwrap_or_default();
        let visit = state.visits.get_mut(bucket)?;
        *visit = visit.wrapping_add(1);
        let word = self
            .seed
            .draw(Use::Chaos, mix(subject.logical) ^ u64::from(*visit));
        if word % 100 >= u64::from(self.chaos) || state.streak(subject) >= SURVIVED {
            return None;
        }
        Some(recoverable(subject.provider, mix(word)))
    }
}

impl State {
    fn streak(&self, subject: &Subject) -> u8 {
        self.streaks.get(&subject.logical).copied().unwrap_or(0)
    }
}

impl Rule {
    fn hits(&mut self, seed: Seed, subject: &Subject, first_on_connection: bool) -> bool {
        let fault = &self.fault;
        let fits = fault
            .provider
            .is_none_or(|provider| provider == subject.provider)
            && fault
                .operation
                .as_deref()
                .is_none_or(|name| subject.is(name))
            && fault.page.is_none_or(|page| page == subject.page)
            && fault.times != Some(0)
            && !(first_on_connection && fault.kind == Kind::StaleKeepalive)
            && !(subject.page < 2 && fault.kind == Kind::MutateBetweenPages);
        fits && fault.probability.is_none_or(|probability| {
            self.drawn += 1;
            chance(seed.draw(Use::Fault, self.number << 32 ^ self.drawn)) < probability
        })
    }
}

/// A draw as a number in 0..1.
#[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
fn chance(word: u64) -> f64 {
    (word >> 11) as f64 / (1u64 << 53) as f64
}

/// One of the troubles that a client must get over by itself. A look-up at AccuAuth costs money, so a client must not
/// repeat one of its own accord: there an answer is late at worst.
fn recoverable(provider: Provider, word: u64) -> Kind {
    let detail = word >> 32;
    if provider == Provider::AccuAuth {
        return Kind::Latency(Duration::from_millis(5 + detail % 20));
    }
    match word % 20 {
        0..=5 => Kind::Status(503),
        6..=8 => Kind::Throttle(None),
        9..=11 => Kind::Drop,
        12..=13 => Kind::Reset,
        14..=16 => Kind::CutBody(usize::try_from(detail % 20).unwrap_or_default()),
        17..=18 => Kind::Html502,
        _ => Kind::Code(provider.internal_error().to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(logical: u64) -> Subject {
        Subject {
            provider: Provider::Tencent,
            service: "ip",
            operation: "QueryCustomersCredit",
            page: 1,
            logical,
        }
    }

    fn names(faults: &Faults, requests: u64) -> Vec<&'static str> {
        (0..requests)
            .map(|_| {
                faults
                    .pick(&subject(1), false)
                    .map_or("none", |kind| kind.name())
            })
            .collect()
    }

    #[test]
    fn rules_are_used_up_in_order() {
        let faults = Faults::new(Seed(1), 0);
        faults.add(throttle().on("QueryCustomersCredit").times(2));
        faults.add(reset().on("ip/QueryCustomersCredit").times(1));
        faults.add(silent().on("intlpartnersmgt/QueryCustomersCredit"));
        faults.add(silent().on_page(2));
        faults.add(silent().times(0));
        assert_eq!(names(&faults, 4), ["throttle", "throttle", "reset", "none"]);
    }

    #[test]
    fn stale_keepalive_lets_the_first_request_through() {
        let faults = Faults::new(Seed(1), 0);
        faults.add(stale_keepalive().times(1));
        assert_eq!(faults.pick(&subject(1), true), None);
        assert_eq!(faults.pick(&subject(1), false), Some(Kind::StaleKeepalive));
    }

    #[test]
    fn probability_is_seeded() {
        let draw = |seed| {
            let faults = Faults::new(Seed(seed), 0);
            faults.add(reset().with_probability(0.25));
            names(&faults, 1_000)
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let hits = draw(1).iter().filter(|name| **name == "reset").count();
        assert!((200..300).contains(&hits), "{hits}");
    }

    #[test]
    fn chaos_spares_the_third_attempt() {
        let faults = Faults::new(Seed(1), 100);
        for logical in 0..1_000 {
            let subject = subject(logical);
            for attempt in 1..=3 {
                let fault = faults.pick(&subject, true);
                assert_eq!(fault.is_some(), attempt < 3, "{logical} {attempt}");
                faults.ended(&subject, fault.as_ref(), false);
            }
        }
        assert!(faults.state.lock().unwrap().streaks.is_empty());
    }

    #[test]
    fn chaos_hits_about_its_share_of_equal_requests() {
        let faults = Faults::new(Seed(1), 20);
        let mut hits = 0;
        for _ in 0..1_000 {
            let fault = faults.pick(&subject(7), true);
            hits += u32::from(fault.is_some());
            faults.ended(&subject(7), fault.as_ref(), false);
        }
        assert!((140..240).contains(&hits), "{hits}");
    }
}
