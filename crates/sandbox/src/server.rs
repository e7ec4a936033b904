//! One listener on loopback: reads requests, lets faults have their say, and asks the provider's desk for the answer.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{DATE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::Provider;
use crate::clock::{Clock, shifted, unix};
use crate::fault::{Faults, Kind, Subject};
use crate::log::{Entry, Log, Proof};
use crate::people::{Seed, fold, mix};
use crate::wire::{FaultStream, Tap, Trouble};

/// The largest body that any of the providers documents.
const BODY_LIMIT: usize = 12 << 20;

/// What all desks of one sandbox share.
#[derive(Debug)]
pub(crate) struct House {
    pub seed: Seed,
    pub customers: u64,
    pub clock: Clock,
    pub faults: Faults,
    pub log: Log,
    pub rate_limits: bool,
    pub prefix: String,
}

/// A request as it came, with its head taken apart but nothing decoded.
#[derive(Debug)]
pub(crate) struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    /// The header's text; none when it is missing or no visible ASCII.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The path behind the configured prefix.
    pub(crate) fn route<'a>(&'a self, house: &House) -> Option<&'a str> {
        self.path.strip_prefix(house.prefix.as_str())
    }

    /// A number that is equal for a request and its repetitions, but hardly for any other.
    pub(crate) fn logical(&self, operation: &str) -> u64 {
        [
            operation.as_bytes(),
            self.path.as_bytes(),
            self.query.as_bytes(),
            &self.body,
        ]
        .iter()
        .fold(0, |sum, part| mix(sum ^ fold(part)))
    }
}

/// Decodes `a=b&c=d` as forms do: `+` is a blank, then percent signs, then UTF-8.
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// What a desk is told about the moment of a request.
#[derive(Debug)]
pub(crate) struct Moment {
    /// Seconds since 1970 by the clock that the desk is to believe.
    pub now: i64,
    /// Counts the requests of this desk from 1.
    pub number: u64,
    /// Customers there are: more than at the start when the data changes between pages.
    pub customers: u64,
    /// Whether too many requests are refused.
    pub limited: bool,
    /// What to answer instead of running the operation.
    pub instead: Option<Instead>,
}

/// An answer in the provider's own form that was asked for by a fault.
#[derive(Clone, Debug)]
pub(crate) enum Instead {
    /// Too many requests, with a hint when to come back.
    Throttle(Option<Duration>),
    Code(String, Option<u16>),
}

/// What a desk says.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    /// The code for the log.
    pub code: Cow<'static, str>,
    pub proof: Verification,
    /// A client may try again and get a better answer.
    pub retryable: bool,
}

/// How the credentials fared, with a word on time for the fault that makes the clock wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verification {
    Verified,
    Refused,
    /// All right but for the time.
    OutOfTime,
}

/// One provider behind a listener.
pub(crate) trait Desk: Send + Sync + fmt::Debug + 'static {
    /// What the request asks for, before anything in it is believed.
    fn subject(&self, request: &Request) -> Subject;

    /// Verifies the request and answers it.
    fn answer(&self, request: &Request, moment: &Moment) -> Answer;

    /// What a desk answers for a body above [`BODY_LIMIT`].
    fn too_large(&self, moment: &Moment) -> Answer;
}

/// Counts requests in fixed windows of one second.
#[derive(Debug)]
pub(crate) struct Window {
    pub limit: u32,
    counted: Mutex<(i64, u32)>,
}

impl Window {
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            limit,
            counted: Mutex::default(),
        }
    }

    /// Lets a request in, or says how many there were.
    pub(crate) fn enter(&self, now: i64) -> Result<(), u32> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.0 != now {
            *counted = (now, 0);
        }
        counted.1 = counted.1.saturating_add(1);
        if counted.1 > self.limit {
            Err(counted.1)
        } else {
            Ok(())
        }
    }
}

/// A running listener; its connections end with it.
#[derive(Debug)]
pub(crate) struct Listener {
    pub address: SocketAddr,
    task: AbortHandle,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener {
    pub(crate) async fn start(
        house: Arc<House>,
        provider: Provider,
        desk: Arc<dyn Desk>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let counter = Arc::new(AtomicU64::new(0));
        let server = Server {
            house,
            provider,
            desk,
            counter,
        };
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => {
                            connections.spawn(server.clone().connection(stream));
                        }
                        // Out of file descriptors, most likely: some will be given back.
                        Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                    },
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Ok(Self {
            address,
            task: task.abort_handle(),
        })
    }
}

#[derive(Clone, Debug)]
struct Server {
    house: Arc<House>,
    provider: Provider,
    desk: Arc<dyn Desk>,
    counter: Arc<AtomicU64>,
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
struct Hangup;

impl fmt::Display for Hangup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed without an answer")
    }
}

impl std::error::Error for Hangup {}

impl Server {
    async fn connection(self, stream: TcpStream) {
        // Small answers must not wait for one another's acknowledgement.
        let _ = stream.set_nodelay(true);
        let tap = Tap::default();
        let stream = FaultStream::new(stream, tap.clone());
        let arrived = AtomicU64::new(0);
        let service = service_fn(|request| {
            let first = arrived.fetch_add(1, Ordering::Relaxed) == 0;
            self.request(request, &tap, first)
        });
        // A client that breaks HTTP or goes away is no concern of the sandbox.
        let _ = hyper::server::conn::http1::Builder::new()
            .auto_date_header(false)
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn request(
        &self,
        request: hyper::Request<Incoming>,
        tap: &Tap,
        first: bool,
    ) -> Result<hyper::Response<Full<Bytes>>, Hangup> {
        tap.set(Trouble::None);
        let (head, body) = request.into_parts();
        let body = match Limited::new(body, BODY_LIMIT).collect().await {
            Ok(body) => Some(body.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => None,
            Err(_) => return Err(Hangup),
        };
        let too_large = body.is_none();
        let request = Request {
            method: head.method.as_str().to_owned(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            body: body.unwrap_or_default(),
        };
        let subject = self.desk.subject(&request);
        let fault = self.house.faults.pick(&subject, first);
        let time = match fault {
            Some(Kind::WrongClock(seconds)) => shifted(self.house.clock.now(), seconds),
            _ => self.house.clock.now(),
        };
        let moment = self.moment(&subject, fault.as_ref(), time);
        let answer = if too_large {
            self.desk.too_large(&moment)
        } else {
            self.desk.answer(&request, &moment)
        };
        self.house
            .faults
            .ended(&subject, fault.as_ref(), answer.retryable);
        let response = meddle(&answer, fault.as_ref(), time);
        self.record(
            &request,
            &subject,
            &moment,
            &answer,
            fault.as_ref(),
            &response,
        );
        match fault {
            Some(Kind::Drop | Kind::StaleKeepalive) => return Err(Hangup),
            Some(Kind::Silent) => std::future::pending::<()>().await,
            Some(Kind::Latency(wait)) => tokio::time::sleep(wait).await,
            Some(Kind::Reset) => tap.set(Trouble::Reset),
            Some(Kind::CutBody(bytes)) => tap.set(Trouble::cut_body_after(bytes)),
            Some(Kind::Drip(pause)) => tap.set(Trouble::Drip(pause)),
            _ => {}
        }
        Ok(response)
    }

    fn moment(&self, subject: &Subject, fault: Option<&Kind>, time: SystemTime) -> Moment {
        let joined = match fault {
            Some(Kind::MutateBetweenPages) => subject.page.saturating_sub(1),
            _ => 0,
        };
        Moment {
            now: unix(time),
            number: self.counter.fetch_add(1, Ordering::Relaxed) + 1,
            customers: self.house.customers.saturating_add(joined),
            limited: self.house.rate_limits && !self.house.faults.spares(subject),
            instead: match fault {
                Some(Kind::Throttle(wait)) => Some(Instead::Throttle(*wait)),
                Some(Kind::Code(code, status)) => Some(Instead::Code(code.clone(), *status)),
                // The desk's words are not used: this only keeps the operation from running.
                Some(Kind::Status(_) | Kind::Html502 | Kind::NotJson | Kind::Redirect(..)) => {
                    Some(Instead::Throttle(None))
                }
                _ => None,
            },
        }
    }

    fn record(
        &self,
        request: &Request,
        subject: &Subject,
        moment: &Moment,
        answer: &Answer,
        fault: Option<&Kind>,
        response: &hyper::Response<Full<Bytes>>,
    ) {
        let unanswered = matches!(
            fault,
            Some(Kind::Drop | Kind::StaleKeepalive | Kind::Silent | Kind::Reset)
        );
        let own_code = match fault {
            Some(Kind::Status(_) | Kind::Html502 | Kind::NotJson | Kind::Redirect(..)) => None,
            _ => Some(&answer.code),
        };
        self.house.log.add(Entry {
            number: moment.number,
            provider: self.provider,
            operation: subject.operation,
            page: subject.page,
            proof: match (answer.proof, fault) {
                (Verification::Verified, _)
                | (Verification::OutOfTime, Some(Kind::WrongClock(_))) => Proof::Verified,
                _ => Proof::Refused,
            },
            status: (!unanswered).then(|| response.status().as_u16()),
            code: own_code.map_or_else(
                || format!("HTTP {}", response.status().as_u16()),
                |code| code.to_string(),
            ),
            fault: fault.map(Kind::name),
            body_len: request.body.len(),
        });
    }
}

/// The response that goes out: the desk's answer, or what a fault puts in its place.
fn meddle(answer: &Answer, fault: Option<&Kind>, time: SystemTime) -> hyper::Response<Full<Bytes>> {
    const HTML: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
        <center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
    let plain = |status: u16, kind: &str, body: &'static str| {
        let mut headers = HeaderMap::new();
        insert(&mut headers, hyper::header::CONTENT_TYPE, kind);
        (status, headers, Bytes::from_static(body.as_bytes()))
    };
    let (status, mut headers, body) = match fault {
        Some(Kind::Status(status)) => (*status, HeaderMap::new(), Bytes::new()),
        Some(Kind::Html502) => plain(502, "text/html", HTML),
        Some(Kind::NotJson) => plain(200, "application/json", "this is not JSON"),
        Some(Kind::Redirect(url, status)) => {
            let mut headers = HeaderMap::new();
            insert(&mut headers, LOCATION, url);
            (*status, headers, Bytes::new())
        }
        _ => {
            let mut headers = HeaderMap::new();
            for (name, value) in &answer.headers {
                insert(&mut headers, HeaderName::from_static(name), value);
            }
            (answer.status, headers, Bytes::from(answer.body.clone()))
        }
    };
    insert(&mut headers, DATE, &httpdate::fmt_http_date(time));
    let mut response = hyper::Response::new(Full::new(body));
    *response.status_mut() =
        hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

/// A value that no header can carry is left out rather than taken for a reason to fail.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
