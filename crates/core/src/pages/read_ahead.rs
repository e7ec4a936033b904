//! Pages that are requested before the walk needs them.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::error::Error;
use crate::operation::RateLimit;
use crate::paginated::Paginated;
use crate::response::Response;

/// The most pages that are requested at a time, however long a round trip takes.
const MOST_AT_A_TIME: u64 = 8;
/// The pages that are requested at a time if the operation has no rate limit and the total is known.
const UNRATED_AT_A_TIME: u64 = 4;
/// The fewest parts of a list of ids that are requested at a time. Their number is known from the
/// beginning, and the rate limit spaces them.
pub(super) const PARTS_AT_A_TIME: u64 = 4;

/// The requested pages, in the order of their positions.
pub(super) struct ReadAhead<O: Paginated>(VecDeque<Requested<O>>);

/// A page that is requested; the request is cancelled when this is dropped.
struct Requested<O: Paginated> {
    position: u64,
    task: JoinHandle<Result<Response<O::Output>, Error>>,
}

impl<O: Paginated> Drop for Requested<O> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<O: Paginated> ReadAhead<O> {
    pub(super) fn new() -> Self {
        Self(VecDeque::new())
    }

    pub(super) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    pub(super) fn first(&self) -> Option<u64> {
        self.0.front().map(|page| page.position)
    }

    pub(super) fn last(&self) -> Option<u64> {
        self.0.back().map(|page| page.position)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Requests one more page.
    pub(super) fn request(
        &mut self,
        runtime: &Handle,
        client: Client<O::Provider>,
        operation: O,
        position: u64,
    ) {
        let task = runtime.spawn(async move { client.send(&operation).await });
        self.0.push_back(Requested { position, task });
    }

    /// The response with the first of the requested pages.
    pub(super) async fn next(
        &mut self,
    ) -> Result<Result<Response<O::Output>, Error>, &'static str> {
        let Some(mut page) = self.0.pop_front() else {
            return Err("no page was requested");
        };
        let outcome = (&mut page.task).await;
        outcome.map_err(|_| "the runtime ended while a page was requested")
    }
}

/// How many pages to request at a time: those that the rate limit admits during one round trip, and
/// one.
pub(super) fn pages_at_a_time(
    rate: Option<RateLimit>,
    round_trip: Duration,
    total_known: bool,
) -> u64 {
    let room = match rate {
        Some(rate) => {
            let meanwhile = round_trip
                .as_millis()
                .saturating_mul(u128::from(rate.requests))
                / (u128::from(rate.seconds.max(1)) * 1000);
            u64::try_from(meanwhile)
                .unwrap_or(MOST_AT_A_TIME)
                .saturating_add(1)
                .min(MOST_AT_A_TIME)
        }
        None => UNRATED_AT_A_TIME,
    };
    // Without a total, pages that are requested ahead may lie past the end.
    if total_known { room } else { room.min(2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_at_a_time_follow_rate_and_round_trip() {
        let rate = |requests| Some(RateLimit::new(requests, 1));
        let ms = Duration::from_millis;
        for (rate, round_trip, total_known, want) in [
            (rate(20), ms(3), true, 1),
            (rate(20), ms(100), true, 3),
            (rate(20), ms(100), false, 2),
            (rate(5), ms(100), true, 1),
            (rate(20), ms(60_000), true, MOST_AT_A_TIME),
            (None, ms(3), true, UNRATED_AT_A_TIME),
            (None, ms(3), false, 2),
        ] {
            assert_eq!(
                pages_at_a_time(rate, round_trip, total_known),
                want,
                "{rate:?} {round_trip:?}"
            );
        }
    }
}
