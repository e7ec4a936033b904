//! An HTTP client on a bare socket.

use std::io;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Far longer than any test takes, so that only a hang reaches it.
const TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    /// Whether the body has as many bytes as its `Content-Length`.
    pub(crate) whole: bool,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A keep-alive connection.
pub(crate) struct Connection(TcpStream);

impl Connection {
    pub(crate) async fn open(endpoint: &str) -> Self {
        Self(TcpStream::connect(authority(endpoint)).await.unwrap())
    }

    /// Sends one request and reads one response, or the part of it that arrives.
    pub(crate) async fn send(&mut self, request: &[u8]) -> io::Result<Response> {
        timeout(TIMEOUT, self.exchange(request))
            .await
            .expect("no response")
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Response> {
        self.0.write_all(request).await?;
        let mut bytes = Vec::new();
        loop {
            let response = parse(&bytes);
            if response.as_ref().is_some_and(|response| response.whole) {
                return Ok(response.unwrap());
            }
            if self.0.read_buf(&mut bytes).await? == 0 {
                return match response {
                    Some(response) => Ok(response),
                    None => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Response> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let mut response = Response {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
        whole: false,
    };
    let length: usize = response.header("content-length")?.parse().ok()?;
    response.whole = body.len() >= length;
    Some(response)
}

pub(crate) async fn send(endpoint: &str, request: &[u8]) -> io::Result<Response> {
    Connection::open(endpoint).await.send(request).await
}

pub(crate) fn authority(endpoint: &str) -> &str {
    let rest = endpoint.strip_prefix("http://").unwrap();
    rest.split('/').next().unwrap()
}

/// The path prefix of an endpoint, if it has one.
pub(crate) fn prefix(endpoint: &str) -> &str {
    endpoint
        .strip_prefix("http://")
        .unwrap()
        .strip_prefix(authority(endpoint))
        .unwrap()
}

/// A request that is not signed.
pub(crate) fn plain(endpoint: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    let (host, prefix, length) = (authority(endpoint), prefix(endpoint), body.len());
    format!(
        "POST {prefix}{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\
         {headers}\r\n{body}"
    )
    .into_bytes()
}
