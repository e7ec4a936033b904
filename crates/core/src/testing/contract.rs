//! What contract tests share: a server with one response, the error that it leads to, and a clock on
//! which pauses take no time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::client::Client;
use crate::clock::{Clock, Sleep, SystemClock};
use crate::error::Error;
use crate::typed::Operation;

/// A response with a JSON body.
pub fn json(status: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body, "application/json;charset=utf-8")
}

/// A server that gives every request the same response.
pub async fn answering(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(response)
        .mount(&server)
        .await;
    server
}

/// The error of a call. The server received as many requests as the error counts attempts.
pub async fn refused<O: Operation>(
    server: &MockServer,
    client: &Client<O::Provider>,
    operation: &O,
) -> Error {
    let Err(error) = client.send(operation).await else {
        panic!("the call succeeded");
    };
    let requests = server.received_requests().await.expect("a record");
    assert_eq!(requests.len(), error.attempts() as usize, "{error}");
    error
}

/// The time of the system, moved forward by every pause. It notes the pauses and makes none.
#[derive(Debug, Default)]
pub struct Pauses(Mutex<Vec<Duration>>);

impl Pauses {
    /// The pauses so far.
    pub fn taken(&self) -> Vec<Duration> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Clock for Pauses {
    fn utc(&self) -> OffsetDateTime {
        SystemClock::default().utc() + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.taken().iter().sum()
    }

    fn sleep(&self, time: Duration) -> Sleep {
        let mut pauses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pauses.push(time);
        Box::pin(std::future::ready(()))
    }
}
