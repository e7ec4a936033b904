//! The only file that knows the HTTP client.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Frame, SizeHint};

use crate::error::{Error, ErrorKind};
use crate::provider::Answer;
use crate::request::{Endpoint, Request};
use crate::retry::Outcome;

/// Pools are kept for so many runtimes; a program has one, a test suite one after another.
const MOST_POOLS: usize = 8;

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
    /// A connection is driven by the runtime that opened it and stands still with it, so every
    /// runtime has a pool of its own.
    pools: Mutex<Vec<(tokio::runtime::Id, reqwest::Client)>>,
    /// Opens a connection for every request.
    unpooled: reqwest::Client,
}

/// A request that is ready to be sent.
pub(crate) struct Message {
    http: reqwest::Client,
    message: reqwest::Request,
    /// Whether a byte of it may have left.
    left: Arc<AtomicBool>,
    to: Endpoint,
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
    /// One that is open already, if there is one.
    Any,
    /// A new one: when a connection broke, others of its age may be broken too.
    Fresh,
}

/// Why no answer came.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) outcome: Outcome,
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) status: Option<u16>,
    /// Bytes had left, and nothing proves that the operation was not carried out.
    pub(crate) may_have_run: bool,
}

impl Broken {
    fn new(outcome: Outcome, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            outcome,
            kind,
            message: message.into(),
            status: None,
            may_have_run: outcome == Outcome::Unknown,
        }
    }
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
        let unpooled = client(&settings, endpoint, 0)?;
        Ok(Self {
            settings,
            endpoint: endpoint.cloned(),
            pools: Mutex::default(),
            unpooled,
        })
    }

    /// The client for a request.
    fn http(&self, connection: Connection) -> Result<reqwest::Client, Broken> {
        if connection == Connection::Fresh {
            return Ok(self.unpooled.clone());
        }
        let runtime = tokio::runtime::Handle::current().id();
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, http)) = pools.iter().find(|(id, _)| *id == runtime) {
            return Ok(http.clone());
        }
        let http = client(&self.settings, self.endpoint.as_ref(), usize::MAX).map_err(|error| {
            Broken::new(
                Outcome::Final,
                ErrorKind::Config,
                error.message().to_owned(),
            )
        })?;
        if pools.len() == MOST_POOLS {
            pools.remove(0);
        }
        pools.push((runtime, http.clone()));
        Ok(http)
    }

    /// Sends a message once and reads the whole answer, within `limit`.
    pub(crate) async fn send(&self, message: Message, limit: Duration) -> Result<Answer, Broken> {
        let Message {
            http,
            message,
            left,
            to,
        } = message;
        let mut timer = pin!(tokio::time::sleep(limit));
        let late = |status| {
            let outcome = if left.load(Ordering::Acquire) {
                Outcome::Unknown
            } else {
                Outcome::NotSent
            };
            let message = format!("no answer from {} in time", to.authority());
            Broken {
                status,
                ..Broken::new(outcome, ErrorKind::Timeout, message)
            }
        };
        let response = before(timer.as_mut(), http.execute(message))
            .await
            .ok_or_else(|| late(None))?
            .map_err(|error| classified(&error, &left, &to))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let marked = response.content_length().is_some()
            || headers.contains_key(http::header::TRANSFER_ENCODING);
        let body = before(timer, self.body(response, &left, &to))
            .await
            .unwrap_or_else(|| Err(late(Some(status))));
        let (body, framed) = match body {
            Ok(body) => (body, marked),
            Err(broken) if (200..300).contains(&status) => return Err(broken),
            // No success can come of it any more, and most often the status tells what kind of
            // failure it is.
            Err(_) => (Vec::new(), false),
        };
        Ok(Answer::received(status, headers, body, framed))
    }

    /// The request in the HTTP client's form. Nothing is sent if there is none.
    pub(crate) fn message(
        &self,
        request: &Request,
        connection: Connection,
    ) -> Result<Message, Broken> {
        let unfit = |what: &str| {
            Broken::new(
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
        if text.parse::<http::Uri>().is_err() {
            return Err(Broken::new(
                Outcome::Final,
                ErrorKind::InvalidRequest,
                "the request is of a form or a size that cannot be sent",
            ));
        }
        let url = reqwest::Url::parse(&text).map_err(|_| unfit("the URL"))?;
        // A URL parser resolves dots and re-encodes; nothing of that may happen after signing.
        if url.path() != request.path() || url.query().unwrap_or_default() != request.query() {
            return Err(unfit("the URL"));
        }
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
            message,
            left,
            to: endpoint.clone(),
        })
    }

    async fn body(
        &self,
        mut response: reqwest::Response,
        left: &AtomicBool,
        to: &Endpoint,
    ) -> Result<Vec<u8>, Broken> {
        let status = Some(response.status().as_u16());
        let limit = self.settings.body_limit;
        let too_large = || Broken {
            status,
            may_have_run: true,
            ..Broken::new(
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
        while let Some(chunk) = response.chunk().await.map_err(|error| Broken {
            status,
            ..classified(&error, left, to)
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

/// What a failure of the HTTP client means. Its own text holds the URL, so only the innermost
/// cause is ever quoted.
fn classified(error: &reqwest::Error, left: &AtomicBool, to: &Endpoint) -> Broken {
    let host = to.authority();
    if error.is_connect() || !left.load(Ordering::Acquire) {
        return unreached(error, to);
    }
    let malformed = chain(error).any(|cause| {
        cause
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_parse)
            || cause.downcast_ref::<io::Error>().is_some_and(|cause| {
                matches!(
                    cause.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
                )
            })
    });
    if malformed {
        return Broken {
            may_have_run: true,
            ..Broken::new(
                Outcome::Final,
                ErrorKind::Protocol,
                format!("{host} did not answer in proper HTTP"),
            )
        };
    }
    Broken::new(
        Outcome::Unknown,
        ErrorKind::Transport,
        format!("the connection to {host} broke: {}", cause(error)),
    )
}

/// No byte of the request left.
fn unreached(error: &reqwest::Error, to: &Endpoint) -> Broken {
    let host = to.authority();
    if error.is_timeout() {
        return Broken::new(
            Outcome::NotSent,
            ErrorKind::Timeout,
            format!("no connection to {host} in time"),
        );
    }
    // rustls reports what it refuses as invalid data; a handshake that is cut is another error.
    let refused_tls = to.is_secure()
        && chain(error).any(|cause| {
            cause
                .downcast_ref::<io::Error>()
                .is_some_and(|cause| cause.kind() == io::ErrorKind::InvalidData)
        });
    if refused_tls {
        let message = format!("no trusted TLS connection to {host}: {}", cause(error));
        return Broken::new(Outcome::Final, ErrorKind::Tls, message);
    }
    let proxied = !to.is_loopback()
        && ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    let way = if proxied {
        " through the proxy that the environment names"
    } else {
        ""
    };
    Broken::new(
        Outcome::NotSent,
        ErrorKind::Connect,
        format!("cannot reach {host}{way}: {}", cause(error)),
    )
}

fn chain<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| inner(*error))
}

/// The cause of an error. An io::Error passes over what it wraps, which is what tells most.
fn inner<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match wrapped {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// The text of the innermost cause: the operating system's or the TLS library's.
fn cause(error: &reqwest::Error) -> String {
    let text = chain(error)
        .filter(|cause| !cause.is::<reqwest::Error>())
        .last()
        .map_or_else(|| "no cause given".to_owned(), ToString::to_string);
    crate::error::shown(&text.chars().take(200).collect::<String>(), &[])
}

#[cfg(all(test, not(feature = "rustls")))]
mod tests {
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
