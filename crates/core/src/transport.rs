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
use error::{Way, cause, classified};
use proxy::malformed_proxy;

/// Room that is made for a body before any of it has come: a length that a server announces is
/// only a claim.
const ROOM: usize = 64 * 1024;

/// How a client reaches its provider.
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
    /// The proxies of the environment; none on this machine.
    proxies: Option<Matcher>,
    /// The runtimes that live, and those that have ended since a call came from a new one.
    homes: Mutex<Vec<Home>>,
    /// Opens a connection for every request.
    unpooled: reqwest::Client,
}

/// A runtime that calls came from. A connection is driven by the runtime that opened it and stands
/// still with it, so every runtime has a pool of its own.
#[derive(Debug)]
struct Home {
    runtime: tokio::runtime::Id,
    /// A task that does nothing and ends with the runtime.
    alive: AbortHandle,
    has_drivers: bool,
    /// Made when it is needed first.
    pool: Option<reqwest::Client>,
}

impl Drop for Home {
    fn drop(&mut self) {
        self.alive.abort();
    }
}

/// A request that is ready to be sent.
pub(crate) struct Message {
    http: reqwest::Client,
    connection: Connection,
    message: reqwest::Request,
    /// Whether a byte of it may have left.
    left: Arc<AtomicBool>,
    to: Endpoint,
    /// Whether it goes through a proxy.
    proxied: bool,
}

impl Message {
    /// Becomes true when a byte of the message may have left.
    pub(crate) fn left(&self) -> Arc<AtomicBool> {
        self.left.clone()
    }
}

/// Which connection a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connection {
    /// One that is open already and quiet, if there is one.
    Any,
    /// A new one: nothing of an earlier call can be on it, and when a connection broke, others of its age may be broken too.
    Fresh,
}

impl Transport {
    pub(crate) fn new(settings: Settings, endpoint: Option<&Endpoint>) -> Result<Self, Error> {
        if let Some(endpoint) = endpoint
            && !is_kept(endpoint)
        {
            return Err(Error::new(
                ErrorKind::Config,
                "the endpoint would be sent in another form than it is written in",
            ));
        }
        let on_this_machine = endpoint.is_some_and(Endpoint::is_loopback);
        if !on_this_machine && let Some(name) = malformed_proxy(&|name| std::env::var_os(name)) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("the variable {name} holds no proxy of the form http://host:port"),
            ));
        }
        let unpooled = client(&settings, endpoint, 0)?;
        Ok(Self {
            settings,
            endpoint: endpoint.cloned(),
            proxies: (!on_this_machine).then(Matcher::from_env),
            homes: Mutex::default(),
            unpooled,
        })
    }

    /// Checks, once for each runtime, that calls can be made from the current one.
    pub(crate) fn enter(&self) -> Result<(), AttemptError> {
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
        if self.home(&runtime, |home| home.has_drivers) {
            Ok(())
        } else {
            refuse("the Tokio runtime has no drivers: build it with `enable_all`")
        }
    }

    /// Looks at what is known of a runtime.
    fn home<T>(&self, runtime: &tokio::runtime::Handle, look: impl FnOnce(&mut Home) -> T) -> T {
        let id = runtime.id();
        let mut homes = self.homes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(home) = homes.iter_mut().find(|home| home.runtime == id) {
            return look(home);
        }
        let mut home = Home {
            runtime: id,
            alive: runtime.spawn(std::future::pending::<()>()).abort_handle(),
            has_drivers: has_drivers(),
            pool: None,
        };
        let looked = look(&mut home);
        homes.retain(|home| !home.alive.is_finished());
        homes.push(home);
        looked
    }

    /// The client for a request.
    fn http(&self, connection: Connection) -> Result<reqwest::Client, AttemptError> {
        if connection == Connection::Fresh {
            return Ok(self.unpooled.clone());
        }
        let runtime = tokio::runtime::Handle::current();
        if let Some(pool) = self.home(&runtime, |home| home.pool.clone()) {
            return Ok(pool);
        }
        let made = client(&self.settings, self.endpoint.as_ref(), usize::MAX).map_err(|error| {
            AttemptError::new(
                Outcome::Final,
                ErrorKind::Config,
                error.message().to_owned(),
            )
        })?;
        Ok(self.home(&runtime, |home| home.pool.get_or_insert(made).clone()))
    }

    /// Sends a message once and reads the whole answer, within `limit`.
    pub(crate) async fn send(
        &self,
        message: Message,
        limit: Duration,
    ) -> Result<RawResponse, AttemptError> {
        let Message {
            http,
            connection,
            message,
            left,
            to,
            proxied,
        } = message;
        let way = Way { to: &to, proxied };
        let mut timer = pin!(tokio::time::sleep(limit));
        let late = |status| {
            let outcome = if left.load(Ordering::Acquire) {
                Outcome::Unknown
            } else {
                Outcome::NotSent
            };
            let message = format!("no answer from {} in time", to.authority());
            AttemptError {
                status,
                ..AttemptError::new(outcome, ErrorKind::Timeout, message)
            }
        };
        let exchange = async {
            if connection == Connection::Any {
                settled().await;
            }
            http.execute(message).await
        };
        let response = before(timer.as_mut(), exchange)
            .await
            .ok_or_else(|| late(None))?
            .map_err(|error| classified(&error, &left, way))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let marked = response.content_length().is_some()
            || headers.contains_key(http::header::TRANSFER_ENCODING);
        let body = before(timer, self.body(response, &left, way))
            .await
            .unwrap_or_else(|| Err(late(Some(status))));
        let (body, framed) = match body {
            Ok(body) => (body, marked),
            Err(broken) if (200..300).contains(&status) => return Err(broken),
            // No success can come of it any more, and most often the status tells what kind of
            // failure it is.
            Err(_) => (Vec::new(), false),
        };
        Ok(RawResponse::received(status, headers, body, framed))
    }

    /// The request in the HTTP client's form. Nothing is sent if there is none.
    pub(crate) fn message(
        &self,
        request: &Request,
        connection: Connection,
    ) -> Result<Message, AttemptError> {
        let unfit = |what: &str| {
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
                "the request is of a form or a size that cannot be sent",
            ));
        };
        let url = reqwest::Url::parse(&text).map_err(|_| unfit("the URL"))?;
        // A URL parser resolves dots, re-encodes and rewrites hosts; nothing of that may happen after
        // signing. Scheme, host, port, path and query are those of the text if the whole is.
        if url.as_str() != text {
            return Err(unfit("the URL"));
        }
        let proxied = (self.proxies.as_ref()).is_some_and(|proxies| {
            let proxy = proxies.intercept(&uri);
            proxy.is_some()
        });
        let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes())
            .map_err(|_| unfit("the method"))?;
        let mut message = reqwest::Request::new(method, url);
        *message.headers_mut() = headers(request).ok_or_else(|| unfit("a header"))?;
        let body = request.body().clone();
        // An empty body is never asked for, so it tells nothing: be on the safe side.
        let left = Arc::new(AtomicBool::new(body.is_empty()));
        if body.is_empty() {
            if message.method() != reqwest::Method::GET {
                message
                    .headers_mut()
                    .insert(http::header::CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
        } else {
            let tracked = Tracked {
                left: left.clone(),
                rest: Some(body),
            };
            *message.body_mut() = Some(reqwest::Body::wrap(tracked));
        }
        Ok(Message {
            http: self.http(connection)?,
            connection,
            message,
            left,
            to: endpoint.clone(),
            proxied,
        })
    }

    async fn body(
        &self,
        mut response: reqwest::Response,
        left: &AtomicBool,
        way: Way<'_>,
    ) -> Result<Vec<u8>, AttemptError> {
        let status = Some(response.status().as_u16());
        let limit = self.settings.body_limit;
        let too_large = || AttemptError {
            status,
            may_have_run: true,
            ..AttemptError::new(
                Outcome::Final,
                ErrorKind::TooLarge,
                format!("the answer is larger than {limit} bytes"),
            )
        };
        let length = response.content_length().unwrap_or_default();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > limit {
            return Err(too_large());
        }
        let mut body = Vec::with_capacity(length.min(ROOM));
        while let Some(chunk) = response.chunk().await.map_err(|error| AttemptError {
            status,
            ..classified(&error, left, way)
        })? {
            if chunk.len() > limit - body.len() {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// Whether a URL parser leaves the endpoint as it is: it takes `127.1` for an address, and what is
/// signed would not be where it is sent to.
fn is_kept(endpoint: &Endpoint) -> bool {
    let text = endpoint.to_string();
    reqwest::Url::parse(&text).is_ok_and(|url| url.as_str().trim_end_matches('/') == text)
}

/// Lets the runtime look at every connection once, so that an idle one on which an answer came that
/// nobody asked for, or that the server closed, is closed before a request is given to it.
///
/// A runtime asks the system which sockets are readable, then sees to the timers that are due. The
/// first timer may belong to a round that began before this call; the second one belongs to a whole
/// round after it, in which everything was noticed that had arrived by then. This holds for every
/// kind of runtime and from any thread; it takes one to two milliseconds.
async fn settled() {
    for _ in 0..2 {
        // The shortest pause that is never over by the time it is asked for.
        tokio::time::sleep(Duration::from_micros(1)).await;
    }
}

/// Whether the current runtime has a timer and can read from sockets. There is no way to ask but to
/// try: what lacks the one or the other panics, and nothing else is done here that could.
fn has_drivers() -> bool {
    let time = || drop(tokio::time::sleep(Duration::ZERO));
    let sockets = || {
        let socket = std::net::UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        tokio::net::UdpSocket::from_std(socket).map(drop)
    };
    std::panic::catch_unwind(time).is_ok()
        // Where no socket is to be had, the call will find out.
        && std::panic::catch_unwind(sockets).is_ok()
}

/// An HTTP client that keeps so many idle connections.
fn client(
    settings: &Settings,
    endpoint: Option<&Endpoint>,
    kept: usize,
) -> Result<reqwest::Client, Error> {
    let secure = endpoint.is_none_or(Endpoint::is_secure);
    if secure && cfg!(not(feature = "rustls")) {
        return Err(Error::new(
            ErrorKind::Config,
            "https needs the feature `rustls`",
        ));
    }
    let mut builder = reqwest::Client::builder()
        // A redirect would take the keys, and a billed request, to another place.
        .redirect(reqwest::redirect::Policy::none())
        // Attempts are counted here, so nobody else makes any.
        .retry(reqwest::retry::never())
        .http1_only()
        .referer(false)
        .tcp_nodelay(true)
        .connect_timeout(settings.connect)
        .pool_idle_timeout(settings.idle)
        .pool_max_idle_per_host(kept);
    if endpoint.is_some_and(Endpoint::is_loopback) {
        builder = builder.no_proxy();
    }
    trusting(builder, settings, secure)?
        .build()
        .map_err(|error| {
            Error::new(
                ErrorKind::Config,
                format!("no HTTP client can be built: {}", cause(&error)),
            )
        })
}

/// What comes of `work`, unless the time is up first.
async fn before<T>(
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
fn trusting(
    builder: reqwest::ClientBuilder,
    settings: &Settings,
    secure: bool,
) -> Result<reqwest::ClientBuilder, Error> {
    if !secure {
        // Without this, a machine that has no CA bundle could not even speak plain HTTP.
        return Ok(builder.tls_certs_only([]));
    }
    let mut roots = Vec::new();
    for pem in &settings.root_certificates {
        let read = reqwest::Certificate::from_pem_bundle(pem)
            .map_err(|_| Error::new(ErrorKind::Config, "a root certificate is not in PEM form"))?;
        if read.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "a root certificate is not in PEM form",
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
fn trusting(
    builder: reqwest::ClientBuilder,
    _settings: &Settings,
    _secure: bool,
) -> Result<reqwest::ClientBuilder, Error> {
    Ok(builder)
}

/// A body that tells when it is first asked for: only then has a connection taken the request up.
struct Tracked {
    left: Arc<AtomicBool>,
    rest: Option<Bytes>,
}

impl http_body::Body for Tracked {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.left.store(true, Ordering::Release);
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
    fn runtimes_that_have_ended_are_forgotten() {
        let endpoint = Endpoint::parse("http://127.0.0.1:9").unwrap();
        let settings = Settings {
            connect: Duration::from_secs(1),
            idle: Duration::from_secs(1),
            body_limit: 1,
            root_certificates: Vec::new(),
        };
        let transport = Transport::new(settings, Some(&endpoint)).unwrap();
        let count = || transport.homes.lock().unwrap().len();
        let runtime = || {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(1).enable_all().build().unwrap()
        };
        let enter = |runtime: &tokio::runtime::Runtime| {
            let _entered = runtime.enter();
            transport.enter().unwrap();
            assert!(transport.http(Connection::Any).is_ok());
        };
        let kept = [runtime(), runtime()];
        for _ in 0..20 {
            let passing = runtime();
            enter(&passing);
            kept.iter().for_each(enter);
            // Those that live, and the one that has just ended.
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
            assert!(runtime.block_on(waited).is_ok(), "no task is left behind");
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
