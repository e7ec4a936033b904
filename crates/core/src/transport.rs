//! The only module that knows the HTTP client.

mod error;
mod proxy;

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Frame, SizeHint};
use hyper_util::client::proxy::matcher::Matcher;
use tokio::task::AbortHandle;

use crate::attempt_error::{AttemptError, Outcome};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};
use crate::provider::RawResponse;
use crate::request::Request;
use error::{Route, cause, transport_error};
use proxy::malformed_proxy;

/// The largest buffer that is allocated for a body before any of it arrives: the announced length is only
/// a claim of the server.
const LARGEST_FIRST_BUFFER: usize = 64 * 1024;

/// The connection settings of a client.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) connect: Duration,
    pub(crate) idle: Duration,
    pub(crate) body_limit: usize,
    #[cfg_attr(not(feature = "rustls"), expect(dead_code, reason = "there is no TLS"))]
    pub(crate) root_certificates: Vec<Vec<u8>>,
}

#[derive(Debug)]
pub(crate) struct Transport {
    settings: Settings,
    endpoint: Option<Endpoint>,
    /// The proxies of the environment; `None` for an endpoint on this machine.
    proxies: Option<Matcher>,
    /// The runtimes that calls came from. Ended ones are removed when a call comes from a new one.
    runtimes: Mutex<Vec<RuntimeEntry>>,
    /// Opens a connection for every request.
    unpooled: reqwest::Client,
}

/// What is known of a runtime from which calls are made. A connection is driven by the runtime that
/// opened it and stands still with it, so every runtime has a pool of its own.
#[derive(Debug)]
struct RuntimeEntry {
    runtime: tokio::runtime::Id,
    /// An idle task that ends with the runtime.
    alive: AbortHandle,
    /// Whether the runtime has a timer and can read from sockets.
    has_drivers: bool,
    /// Created at its first use.
    pool: Option<reqwest::Client>,
}

impl Drop for RuntimeEntry {
    fn drop(&mut self) {
        self.alive.abort();
    }
}

/// A request in the form of the HTTP client, ready to be sent.
pub(crate) struct PreparedRequest {
    http: reqwest::Client,
    connection: Connection,
    request: reqwest::Request,
    /// Whether a byte of the request may have been sent.
    sent: Arc<AtomicBool>,
    to: Endpoint,
    /// Whether the request goes through a proxy.
    proxied: bool,
}

impl PreparedRequest {
    /// A flag that becomes true when a byte of the request may have been sent.
    pub(crate) fn sent(&self) -> Arc<AtomicBool> {
        self.sent.clone()
    }
}

/// The connection that a request may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connection {
    /// An idle connection of the pool, or a new one if there is none.
    Pooled,
    /// A new connection. It carries nothing of an earlier call; and after one connection broke, the other
    /// idle ones are suspect.
    Fresh,
}

impl Transport {
    pub(crate) fn new(settings: Settings, endpoint: Option<&Endpoint>) -> Result<Self, Error> {
        if let Some(endpoint) = endpoint
            && !is_unchanged_by_url_parser(endpoint)
        {
            return Err(Error::new(
                ErrorKind::Config,
                "the HTTP client would rewrite the endpoint; write its host in canonical form",
            ));
        }
        let on_this_machine = endpoint.is_some_and(Endpoint::is_loopback);
        if !on_this_machine && let Some(name) = malformed_proxy(&|name| std::env::var_os(name)) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("the variable {name} is not a proxy of the form http://host:port"),
            ));
        }
        let unpooled = build_client(&settings, endpoint, 0)?;
        Ok(Self {
            settings,
            endpoint: endpoint.cloned(),
            proxies: (!on_this_machine).then(Matcher::from_env),
            runtimes: Mutex::default(),
            unpooled,
        })
    }

    /// Checks that the current runtime can drive calls; the result is cached for each runtime.
    pub(crate) fn check_runtime(&self) -> Result<(), AttemptError> {
        let refuse = |problem: &str| {
            Err(AttemptError::new(
                Outcome::Final,
                ErrorKind::Config,
                problem,
            ))
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return refuse("no Tokio runtime is running");
        };
        if self.with_entry(&runtime, |entry| entry.has_drivers) {
            Ok(())
        } else {
            refuse("the Tokio runtime has no drivers: build it with `enable_all`")
        }
    }

    /// Applies `use_entry` to the entry of a runtime, which is created if there is none.
    fn with_entry<T>(
        &self,
        runtime: &tokio::runtime::Handle,
        use_entry: impl FnOnce(&mut RuntimeEntry) -> T,
    ) -> T {
        let id = runtime.id();
        let mut runtimes = self.runtimes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = runtimes.iter_mut().find(|entry| entry.runtime == id) {
            return use_entry(entry);
        }
        let mut entry = RuntimeEntry {
            runtime: id,
            alive: runtime.spawn(std::future::pending::<()>()).abort_handle(),
            has_drivers: has_drivers(),
            pool: None,
        };
        let result = use_entry(&mut entry);
        runtimes.retain(|entry| !entry.alive.is_finished());
        runtimes.push(entry);
        result
    }

    /// The HTTP client for a request.
    fn client_for(&self, connection: Connection) -> Result<reqwest::Client, AttemptError> {
        if connection == Connection::Fresh {
            return Ok(self.unpooled.clone());
        }
        let runtime = tokio::runtime::Handle::current();
        if let Some(pool) = self.with_entry(&runtime, |entry| entry.pool.clone()) {
            return Ok(pool);
        }
        let created =
            build_client(&self.settings, self.endpoint.as_ref(), usize::MAX).map_err(|error| {
                AttemptError::new(
                    Outcome::Final,
                    ErrorKind::Config,
                    error.message().to_owned(),
                )
            })?;
        Ok(self.with_entry(&runtime, |entry| entry.pool.get_or_insert(created).clone()))
    }

    /// Sends a request once and reads the whole response, within `limit`.
    pub(crate) async fn send(
        &self,
        prepared: PreparedRequest,
        limit: Duration,
    ) -> Result<RawResponse, AttemptError> {
        let PreparedRequest {
            http,
            connection,
            request,
            sent,
            to,
            proxied,
        } = prepared;
        let route = Route { to: &to, proxied };
        let mut timer = pin!(tokio::time::sleep(limit));
        let timed_out = |status| {
            let outcome = if sent.load(Ordering::Acquire) {
                Outcome::Unknown
            } else {
                Outcome::NotSent
            };
            let message = format!("no response from {} in time", to.authority());
            AttemptError {
                status,
                ..AttemptError::new(outcome, ErrorKind::Timeout, message)
            }
        };
        let exchange = async {
            if connection == Connection::Pooled {
                let_runtime_see_closed_connections().await;
            }
            http.execute(request).await
        };
        let response = with_timeout(timer.as_mut(), exchange)
            .await
            .ok_or_else(|| timed_out(None))?
            .map_err(|error| transport_error(&error, &sent, route))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let framed = response.content_length().is_some()
            || headers.contains_key(http::header::TRANSFER_ENCODING);
        let body = with_timeout(timer, self.body(response, &sent, route))
            .await
            .unwrap_or_else(|| Err(timed_out(Some(status))));
        let (body, framed) = match body {
            Ok(body) => (body, framed),
            Err(error) if (200..300).contains(&status) => return Err(error),
            // The response is a failure in any case. As it counts as truncated, the status gives the kind,
            // unless only the body could say what became of the operation.
            Err(_) => (Vec::new(), false),
        };
        Ok(RawResponse::received(status, headers, body, framed))
    }

    /// Converts a request into the form of the HTTP client, and chooses its connection pool.
    ///
    /// # Errors
    ///
    /// The HTTP client cannot send the request exactly as it was signed.
    pub(crate) fn prepare(
        &self,
        request: &Request,
        connection: Connection,
    ) -> Result<PreparedRequest, AttemptError> {
        let cannot_send = |what: &str| {
            AttemptError::new(
                Outcome::Final,
                ErrorKind::Config,
                format!("{what} cannot be sent as it was signed"),
            )
        };
        let endpoint = request.endpoint();
        let scheme = if endpoint.is_secure() {
            "https"
        } else {
            "http"
        };
        let mut text = format!("{scheme}://{}{}", endpoint.authority(), request.path());
        if !request.query().is_empty() {
            text.push('?');
            text.push_str(request.query());
        }
        let Ok(uri) = text.parse::<http::Uri>() else {
            return Err(AttemptError::new(
                Outcome::Final,
                ErrorKind::InvalidRequest,
                "the request is too large or malformed to be sent",
            ));
        };
        let url = reqwest::Url::parse(&text).map_err(|_| cannot_send("the URL"))?;
        // A URL parser resolves dots, re-encodes, and rewrites hosts, which must not happen after signing.
        // If the whole text is unchanged, so are scheme, host, port, path and query.
        if url.as_str() != text {
            return Err(cannot_send("the URL"));
        }
        let proxied = (self.proxies.as_ref()).is_some_and(|proxies| {
            let proxy = proxies.intercept(&uri);
            proxy.is_some()
        });
        let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes())
            .map_err(|_| cannot_send("the method"))?;
        let mut http_request = reqwest::Request::new(method, url);
        *http_request.headers_mut() = headers(request).ok_or_else(|| cannot_send("a header"))?;
        let body = request.body().clone();
        // The HTTP client never polls an empty body, so assume that bytes have been sent.
        let sent = Arc::new(AtomicBool::new(body.is_empty()));
        if body.is_empty() {
            if http_request.method() != reqwest::Method::GET {
                http_request
                    .headers_mut()
                    .insert(http::header::CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
        } else {
            let tracked = TrackedBody {
                sent: sent.clone(),
                rest: Some(body),
            };
            *http_request.body_mut() = Some(reqwest::Body::wrap(tracked));
        }
        Ok(PreparedRequest {
            http: self.client_for(connection)?,
            connection,
            request: http_request,
            sent,
            to: endpoint.clone(),
            proxied,
        })
    }

    async fn body(
        &self,
        mut response: reqwest::Response,
        sent: &AtomicBool,
        route: Route<'_>,
    ) -> Result<Vec<u8>, AttemptError> {
        let status = Some(response.status().as_u16());
        let limit = self.settings.body_limit;
        let too_large = || AttemptError {
            status,
            may_have_run: true,
            ..AttemptError::new(
                Outcome::Final,
                ErrorKind::TooLarge,
                format!("the response is larger than {limit} bytes"),
            )
        };
        let length = response.content_length().unwrap_or(0);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > limit {
            return Err(too_large());
        }
        let mut body = Vec::with_capacity(length.min(LARGEST_FIRST_BUFFER));
        while let Some(chunk) = response.chunk().await.map_err(|error| AttemptError {
            status,
            ..transport_error(&error, sent, route)
        })? {
            if chunk.len() > limit - body.len() {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// Whether a URL parser leaves the endpoint unchanged. It turns `127.1` into `127.0.0.1`, for example,
/// and the request would not go to the host that was signed.
fn is_unchanged_by_url_parser(endpoint: &Endpoint) -> bool {
    let text = endpoint.to_string();
    reqwest::Url::parse(&text).is_ok_and(|url| url.as_str().trim_end_matches('/') == text)
}

/// Lets the runtime poll every socket once, so that an idle connection with a surplus response, or one
/// that the server closed, leaves the pool before a request is given to it.
///
/// The driver of a runtime works in rounds: it polls all sockets, then fires the timers that are due. The
/// first timer can fire in a round that polled the sockets before this call. The second timer is set after
/// that, so it fires in a later round, which has polled the sockets after the start of this call. This
/// holds for every kind of runtime and from any thread; it takes one to two milliseconds.
async fn let_runtime_see_closed_connections() {
    for _ in 0..2 {
        // The shortest sleep that is not complete at its first poll.
        tokio::time::sleep(Duration::from_micros(1)).await;
    }
}

/// Whether the current runtime has a timer and can read from sockets. Tokio has no query for this, so
/// both are tried: without its driver each of the two panics, and nothing else here can.
fn has_drivers() -> bool {
    let time = || drop(tokio::time::sleep(Duration::ZERO));
    let sockets = || {
        let socket = std::net::UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        tokio::net::UdpSocket::from_std(socket).map(drop)
    };
    std::panic::catch_unwind(time).is_ok()
        // An error here, such as a lack of sockets, is left to the call to report.
        && std::panic::catch_unwind(sockets).is_ok()
}

/// Builds an HTTP client that keeps up to `idle_connections` to each host.
fn build_client(
    settings: &Settings,
    endpoint: Option<&Endpoint>,
    idle_connections: usize,
) -> Result<reqwest::Client, Error> {
    let secure = endpoint.is_none_or(Endpoint::is_secure);
    if secure && cfg!(not(feature = "rustls")) {
        return Err(Error::new(
            ErrorKind::Config,
            "https needs the feature `rustls`",
        ));
    }
    let mut builder = reqwest::Client::builder()
        // A redirect would take the credentials, and a billed request, to another host.
        .redirect(reqwest::redirect::Policy::none())
        // The call loop counts attempts, so the HTTP client makes no retries of its own.
        .retry(reqwest::retry::never())
        .http1_only()
        .referer(false)
        .tcp_nodelay(true)
        .connect_timeout(settings.connect)
        .pool_idle_timeout(settings.idle)
        .pool_max_idle_per_host(idle_connections);
    if endpoint.is_some_and(Endpoint::is_loopback) {
        builder = builder.no_proxy();
    }
    with_roots(builder, settings, secure)?
        .build()
        .map_err(|error| {
            Error::new(
                ErrorKind::Config,
                format!("the HTTP client cannot be built: {}", cause(&error)),
            )
        })
}

/// Returns the result of `work`, or `None` if `timer` fires first. Unlike `tokio::time::timeout`, it lets
/// one timer cover several pieces of work.
async fn with_timeout<T>(
    mut timer: Pin<&mut tokio::time::Sleep>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => timer.as_mut().poll(cx).map(|()| None),
    })
    .await
}

fn headers(request: &Request) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value, sensitive) in request.headers() {
        let mut value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
        value.set_sensitive(sensitive);
        headers.append(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    Some(headers)
}

#[cfg(feature = "rustls")]
fn with_roots(
    builder: reqwest::ClientBuilder,
    settings: &Settings,
    secure: bool,
) -> Result<reqwest::ClientBuilder, Error> {
    if !secure {
        // Without this, plain HTTP would fail on a machine without a CA bundle.
        return Ok(builder.tls_certs_only([]));
    }
    let mut roots = Vec::new();
    for pem in &settings.root_certificates {
        let read = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| {
            Error::new(ErrorKind::Config, "a root certificate is not in PEM format")
        })?;
        if read.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "a root certificate is not in PEM format",
            ));
        }
        roots.extend(read);
    }
    Ok(if roots.is_empty() {
        builder
    } else {
        builder.tls_certs_merge(roots)
    })
}

#[cfg(not(feature = "rustls"))]
fn with_roots(
    builder: reqwest::ClientBuilder,
    _settings: &Settings,
    _secure: bool,
) -> Result<reqwest::ClientBuilder, Error> {
    Ok(builder)
}

/// A body that sets `sent` when it is first polled: only then has a connection accepted the request.
struct TrackedBody {
    sent: Arc<AtomicBool>,
    rest: Option<Bytes>,
}

impl http_body::Body for TrackedBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.sent.store(true, Ordering::Release);
        Poll::Ready(self.rest.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_of_ended_runtimes_are_dropped() {
        let endpoint = Endpoint::parse("http://127.0.0.1:9").unwrap();
        let settings = Settings {
            connect: Duration::from_secs(1),
            idle: Duration::from_secs(1),
            body_limit: 1,
            root_certificates: Vec::new(),
        };
        let transport = Transport::new(settings, Some(&endpoint)).unwrap();
        let count = || transport.runtimes.lock().unwrap().len();
        let runtime = || {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(1).enable_all().build().unwrap()
        };
        let enter = |runtime: &tokio::runtime::Runtime| {
            let _entered = runtime.enter();
            transport.check_runtime().unwrap();
            assert!(transport.client_for(Connection::Pooled).is_ok());
        };
        let kept = [runtime(), runtime()];
        for _ in 0..20 {
            let passing = runtime();
            enter(&passing);
            kept.iter().for_each(enter);
            // The live ones, and the one that has just ended.
            assert!(count() <= kept.len() + 2, "{}", count());
        }
        let tasks = || kept.each_ref().map(|r| r.metrics().num_alive_tasks());
        assert_eq!(tasks(), [1, 1]);
        drop(transport);
        for runtime in &kept {
            let ended = async {
                while runtime.metrics().num_alive_tasks() > 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            let limit = Duration::from_secs(20);
            let waited = async { tokio::time::timeout(limit, ended).await };
            assert!(runtime.block_on(waited).is_ok(), "no task remains");
        }
    }
}

#[cfg(all(test, not(feature = "rustls")))]
mod tests_without_tls {
    use super::*;

    #[test]
    fn https_needs_tls() {
        let settings = Settings {
            connect: Duration::from_secs(1),
            idle: Duration::from_secs(1),
            body_limit: 1,
            root_certificates: Vec::new(),
        };
        let secure = Endpoint::parse("https://example.com").unwrap();
        for endpoint in [None, Some(&secure)] {
            let error = Transport::new(settings.clone(), endpoint).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.message().contains("`rustls`"), "{error}");
        }
        let plain = Endpoint::parse("http://127.0.0.1:9").unwrap();
        assert!(Transport::new(settings, Some(&plain)).is_ok());
    }
}
