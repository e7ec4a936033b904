//! The only file that knows the HTTP client.

use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Frame, SizeHint};

use crate::error::{Error, ErrorKind};
use crate::provider::Answer;
use crate::request::{Endpoint, Request};
use crate::retry::Outcome;

/// Servers of the providers close idle connections after about a minute; ours go before that.
const IDLE: Duration = Duration::from_secs(20);

/// How a client reaches its provider.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) connect: Duration,
    pub(crate) body_limit: usize,
    pub(crate) root_certificates: Vec<Vec<u8>>,
}

#[derive(Debug)]
pub(crate) struct Transport {
    http: reqwest::Client,
    body_limit: usize,
}

/// Why no answer came.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) outcome: Outcome,
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) status: Option<u16>,
}

impl Broken {
    fn new(outcome: Outcome, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            outcome,
            kind,
            message: message.into(),
            status: None,
        }
    }
}

impl Transport {
    pub(crate) fn new(settings: &Settings, endpoint: Option<&Endpoint>) -> Result<Self, Error> {
        let on_this_machine = endpoint.is_some_and(Endpoint::is_loopback);
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
            .pool_idle_timeout(IDLE);
        if on_this_machine {
            builder = builder.no_proxy();
        }
        builder = trusting(builder, settings, secure)?;
        let http = builder.build().map_err(|error| {
            Error::new(
                ErrorKind::Config,
                format!("no HTTP client can be built: {}", cause(&error)),
            )
        })?;
        Ok(Self {
            http,
            body_limit: settings.body_limit,
        })
    }

    /// Sends a request once and reads the whole answer, within `limit`.
    pub(crate) async fn send(&self, request: &Request, limit: Duration) -> Result<Answer, Broken> {
        let (message, left) = self.message(request)?;
        let work = async {
            let response = self
                .http
                .execute(message)
                .await
                .map_err(|error| classified(&error, &left, request))?;
            self.read(response, &left, request).await
        };
        tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            let outcome = if left.load(Ordering::Acquire) {
                Outcome::Unknown
            } else {
                Outcome::NotSent
            };
            Err(Broken::new(
                outcome,
                ErrorKind::Timeout,
                format!("no answer from {} in time", host(request)),
            ))
        })
    }

    fn message(&self, request: &Request) -> Result<(reqwest::Request, Arc<AtomicBool>), Broken> {
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
        Ok((message, left))
    }

    async fn read(
        &self,
        mut response: reqwest::Response,
        left: &AtomicBool,
        request: &Request,
    ) -> Result<Answer, Broken> {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let too_large = || {
            let mut broken = Broken::new(
                Outcome::Final,
                ErrorKind::TooLarge,
                format!("the answer is larger than {} bytes", self.body_limit),
            );
            broken.status = Some(status);
            broken
        };
        let length = response.content_length();
        if length.is_some_and(|length| length > self.body_limit as u64) {
            return Err(too_large());
        }
        let mut body = Vec::with_capacity(
            length
                .and_then(|l| usize::try_from(l).ok())
                .unwrap_or_default(),
        );
        loop {
            let chunk = response.chunk().await.map_err(|error| {
                let mut broken = classified(&error, left, request);
                broken.status = Some(status);
                broken
            })?;
            let Some(chunk) = chunk else { break };
            if body.len() + chunk.len() > self.body_limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let chunked = headers.contains_key(http::header::TRANSFER_ENCODING);
        let mut answer = Answer::new(status, headers, &body);
        answer.framed = length.is_some() || chunked;
        Ok(answer)
    }
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

fn host(request: &Request) -> &str {
    request.endpoint().authority()
}

/// What a failure of the HTTP client means. Its own text holds the URL, so only the innermost
/// cause is ever quoted.
fn classified(error: &reqwest::Error, left: &AtomicBool, request: &Request) -> Broken {
    let host = host(request);
    if error.is_connect() || !left.load(Ordering::Acquire) {
        return unreached(error, host, request);
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
        return Broken::new(
            Outcome::Final,
            ErrorKind::Protocol,
            format!("{host} did not answer in proper HTTP"),
        );
    }
    Broken::new(
        Outcome::Unknown,
        ErrorKind::Transport,
        format!("the connection to {host} broke: {}", cause(error)),
    )
}

/// No byte of the request left.
fn unreached(error: &reqwest::Error, host: &str, request: &Request) -> Broken {
    if error.is_timeout() {
        return Broken::new(
            Outcome::NotSent,
            ErrorKind::Timeout,
            format!("no connection to {host} in time"),
        );
    }
    // rustls reports what it refuses as invalid data; a handshake that is cut is another error.
    let refused_tls = request.endpoint().is_secure()
        && chain(error).any(|cause| {
            cause
                .downcast_ref::<io::Error>()
                .is_some_and(|cause| cause.kind() == io::ErrorKind::InvalidData)
        });
    if refused_tls {
        let message = format!("no trusted TLS connection to {host}: {}", cause(error));
        return Broken::new(Outcome::Final, ErrorKind::Tls, message);
    }
    let proxied = !request.endpoint().is_loopback()
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
