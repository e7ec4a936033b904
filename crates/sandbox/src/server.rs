//! One listener on loopback: reads requests, lets faults have their say, and asks the provider's desk for the answer.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{DATE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::Provider;
use crate::clock::{shifted, unix};
use crate::desk::{Answer, BODY_LIMIT, Desk, House, Instead, Moment, Request, Verification};
use crate::fault::{Kind, Subject};
use crate::log::{Entry, Proof};
use crate::wire::{FaultStream, Tap, Trouble};

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
        let number = self.counter.fetch_add(1, Ordering::Relaxed) + 1;
        let moment = self.moment(&subject, fault.as_ref(), time, number);
        let answer = if too_large {
            Answer::too_large()
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
            number,
            &answer,
            fault.as_ref(),
            &response,
        );
        if !self.house.latency.is_zero() {
            tokio::time::sleep(self.house.latency).await;
        }
        match fault {
            Some(Kind::Drop | Kind::StaleKeepalive) => return Err(Hangup),
            Some(Kind::Silent) => std::future::pending::<()>().await,
            Some(Kind::Latency(wait)) => tokio::time::sleep(wait).await,
            Some(Kind::Reset) => tap.set(Trouble::Reset),
            Some(Kind::CutBody(bytes)) => tap.set(Trouble::cut_body_after(bytes, false)),
            Some(Kind::ResetBody(bytes)) => tap.set(Trouble::cut_body_after(bytes, true)),
            Some(Kind::Drip(pause)) => tap.set(Trouble::Drip(pause)),
            _ => {}
        }
        Ok(response)
    }

    fn moment(
        &self,
        subject: &Subject,
        fault: Option<&Kind>,
        time: SystemTime,
        number: u64,
    ) -> Moment {
        let joined = match fault {
            Some(Kind::MutateBetweenPages) => subject.page.saturating_sub(1),
            _ => 0,
        };
        Moment {
            now: unix(time),
            id: number | (self.provider as u64) << 56,
            customers: self.house.customers.saturating_add(joined),
            limited: self.house.rate_limits && !self.house.faults.spares(subject),
            instead: match fault {
                Some(Kind::Throttle(wait)) => Some(Instead::Throttle(*wait)),
                Some(Kind::Code(code, status)) => Some(Instead::Code(code.clone(), *status)),
                // The desk's words are not used: this only keeps the operation from running.
                Some(kind) if kind.replaces_the_answer() => Some(Instead::Throttle(None)),
                _ => None,
            },
        }
    }

    fn record(
        &self,
        request: &Request,
        subject: &Subject,
        number: u64,
        answer: &Answer,
        fault: Option<&Kind>,
        response: &hyper::Response<Full<Bytes>>,
    ) {
        let status =
            (!fault.is_some_and(Kind::leaves_no_answer)).then(|| response.status().as_u16());
        let code = match (status, fault.is_some_and(Kind::replaces_the_answer)) {
            (_, false) => answer.code.to_string(),
            (Some(status), true) => format!("HTTP {status}"),
            (None, true) => "none".to_owned(),
        };
        self.house.log.add(Entry {
            number,
            provider: self.provider,
            operation: subject.operation,
            page: subject.page,
            proof: match (answer.proof, fault) {
                (Verification::Verified, _)
                | (Verification::OutOfTime, Some(Kind::WrongClock(_))) => Proof::Verified,
                _ => Proof::Refused,
            },
            status,
            code,
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
