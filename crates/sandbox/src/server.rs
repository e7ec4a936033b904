//! One HTTP server on loopback: reads requests, applies faults, and calls the provider's handler.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::clock::{shift, unix_seconds};
use crate::fault::FaultKind;
use crate::fault_stream::{FaultHandle, FaultStream, WriteFault};
use crate::handler::{Handler, InjectedError, RequestContext};
use crate::log::{Entry, Verification};
use crate::provider::Provider;
use crate::request::{BODY_LIMIT, Request, Target};
use crate::response::{CredentialCheck, Response};
use crate::state::SharedState;

/// A running server. Dropping it closes its connections.
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
        shared: Arc<SharedState>,
        provider: Provider,
        handler: Arc<dyn Handler>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let server = Server {
            shared,
            provider,
            handler,
            received: Arc::new(AtomicU64::new(0)),
        };
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => match accepted {
                        Ok((stream, _)) => {
                            connections.spawn(server.clone().serve(stream));
                        }
                        // The usual cause is a lack of file descriptors, which passes.
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
    shared: Arc<SharedState>,
    provider: Provider,
    handler: Arc<dyn Handler>,
    received: Arc<AtomicU64>,
}

/// Makes hyper close the connection without a response.
#[derive(Debug)]
struct CloseConnection;

impl fmt::Display for CloseConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed without a response")
    }
}

impl std::error::Error for CloseConnection {}

impl Server {
    async fn serve(self, stream: TcpStream) {
        // With Nagle's algorithm, a small response waits for the acknowledgement of the previous
        // one.
        let _ = stream.set_nodelay(true);
        let handle = FaultHandle::default();
        let stream = FaultStream::new(stream, handle.clone());
        let received = AtomicU64::new(0);
        let service = service_fn(|request| {
            let first = received.fetch_add(1, Ordering::Relaxed) == 0;
            self.respond(request, &handle, first)
        });
        // A client may violate HTTP or disconnect; the sandbox ignores both.
        let _ = hyper::server::conn::http1::Builder::new()
            .auto_date_header(false)
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    async fn respond(
        &self,
        request: hyper::Request<Incoming>,
        handle: &FaultHandle,
        first_on_connection: bool,
    ) -> Result<hyper::Response<Full<Bytes>>, CloseConnection> {
        handle.set(WriteFault::None);
        let (head, body) = request.into_parts();
        let (body, too_large) = match Limited::new(body, BODY_LIMIT).collect().await {
            Ok(body) => (body.to_bytes(), false),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => (Bytes::new(), true),
            Err(_) => return Err(CloseConnection),
        };
        let request = Request {
            method: head.method.as_str().to_owned(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            body,
        };
        let target = self.handler.target(&request);
        let fault = self.shared.faults.select(&target, first_on_connection);
        let time = match fault {
            Some(FaultKind::WrongClock(seconds)) => shift(self.shared.clock.now(), seconds),
            _ => self.shared.clock.now(),
        };
        let number = self.received.fetch_add(1, Ordering::Relaxed) + 1;
        let context = self.context(&target, fault.as_ref(), time, number);
        let response = if too_large {
            Response::body_too_large()
        } else {
            self.handler.handle(&request, &context)
        };
        self.shared
            .faults
            .record(&target, fault.as_ref(), response.retryable);
        let sent = http_response(&response, fault.as_ref(), time);
        let status = sent.status().as_u16();
        self.log(&request, &target, number, fault.as_ref(), &response, status);
        if !self.shared.latency.is_zero() {
            tokio::time::sleep(self.shared.latency).await;
        }
        match fault {
            Some(FaultKind::Drop | FaultKind::StaleKeepalive) => return Err(CloseConnection),
            Some(FaultKind::Silent) => std::future::pending::<()>().await,
            Some(FaultKind::Latency(wait)) => tokio::time::sleep(wait).await,
            Some(FaultKind::Reset) => handle.set(WriteFault::Reset),
            Some(FaultKind::CutBody(bytes)) => {
                handle.set(WriteFault::cut_body_after(bytes, false));
            }
            Some(FaultKind::ResetBody(bytes)) => {
                handle.set(WriteFault::cut_body_after(bytes, true));
            }
            Some(FaultKind::Drip(pause)) => handle.set(WriteFault::Drip(pause)),
            _ => {}
        }
        Ok(sent)
    }

    fn context(
        &self,
        target: &Target,
        fault: Option<&FaultKind>,
        time: SystemTime,
        number: u64,
    ) -> RequestContext {
        let joined = match fault {
            Some(FaultKind::MutateBetweenPages) => target.page.saturating_sub(1),
            _ => 0,
        };
        RequestContext {
            now: unix_seconds(time),
            id: number | (self.provider as u64) << 56,
            customers: self.shared.customers.saturating_add(joined),
            rate_limits: self.shared.rate_limits && !self.shared.faults.must_succeed(target),
            injected: match fault {
                Some(FaultKind::Throttle(wait)) => Some(InjectedError::Throttle(*wait)),
                Some(FaultKind::Code(code, status)) => {
                    Some(InjectedError::Code(code.clone(), *status))
                }
                // Any error keeps the operation from running; the fault replaces the response.
                Some(kind) if kind.replaces_response() => Some(InjectedError::Throttle(None)),
                _ => None,
            },
        }
    }

    fn log(
        &self,
        request: &Request,
        target: &Target,
        number: u64,
        fault: Option<&FaultKind>,
        response: &Response,
        status: u16,
    ) {
        let status = (!fault.is_some_and(FaultKind::sends_nothing)).then_some(status);
        let code = match (status, fault.is_some_and(FaultKind::replaces_response)) {
            (_, false) => response.code.to_string(),
            (Some(status), true) => format!("HTTP {status}"),
            (None, true) => "none".to_owned(),
        };
        let verification = match (response.credentials, fault) {
            (CredentialCheck::Passed, _)
            | (CredentialCheck::OutsideTimeWindow, Some(FaultKind::WrongClock(_))) => {
                Verification::Verified
            }
            _ => Verification::Refused,
        };
        self.shared.log.add(Entry {
            number,
            provider: self.provider,
            operation: target.operation,
            page: target.page,
            verification,
            status,
            code,
            fault: fault.map(FaultKind::name),
            body_len: request.body.len(),
        });
    }
}

/// The response to send: the provider's, unless a fault replaces it.
fn http_response(
    response: &Response,
    fault: Option<&FaultKind>,
    time: SystemTime,
) -> hyper::Response<Full<Bytes>> {
    const HTML: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
        <center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";
    let mut headers = HeaderMap::new();
    let (status, body) = match fault {
        Some(FaultKind::Status(status)) => (*status, Bytes::new()),
        Some(FaultKind::Html502) => {
            insert(&mut headers, CONTENT_TYPE, "text/html");
            (502, Bytes::from_static(HTML.as_bytes()))
        }
        Some(FaultKind::NotJson) => {
            insert(&mut headers, CONTENT_TYPE, "application/json");
            (200, Bytes::from_static(b"this is not JSON"))
        }
        Some(FaultKind::Redirect(url, status)) => {
            insert(&mut headers, LOCATION, url);
            (*status, Bytes::new())
        }
        _ => {
            for (name, value) in &response.headers {
                insert(&mut headers, HeaderName::from_static(name), value);
            }
            (response.status, Bytes::from(response.body.clone()))
        }
    };
    insert(&mut headers, DATE, &httpdate::fmt_http_date(time));
    let mut sent = hyper::Response::new(Full::new(body));
    *sent.status_mut() =
        hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    *sent.headers_mut() = headers;
    sent
}

/// Sets a header. Skips a value that no header can carry, such as a redirect to an invalid URL.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
