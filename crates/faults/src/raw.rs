//! A server that follows a script, byte for byte: for everything that no HTTP library would send.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

/// No test sends more than this.
const LARGEST_REQUEST: usize = 32 << 20;

/// How to respond to a request.
#[derive(Clone)]
pub struct Reply(Arc<Respond>);

type Respond = dyn Fn(&str) -> Vec<u8> + Send + Sync;

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply")
    }
}

/// One step of a connection's script. After the last one the connection is closed.
#[derive(Debug, Clone)]
pub enum Step {
    /// Reads a whole request. The script ends if there is none.
    Read,
    /// Reads the head of a request and nothing of its body, and counts nothing.
    ReadHead,
    /// Reads a whole request and writes what it asks for.
    Reply(Reply),
    /// Writes these bytes at once.
    Write(Vec<u8>),
    /// Writes these bytes one by one, with this pause before each.
    Drip(Vec<u8>, Duration),
    /// Writes these bytes over and over until the client goes away.
    Endless(Vec<u8>),
    /// Waits so long.
    Wait(Duration),
    /// Waits for this to be notified.
    Await(Arc<Notify>),
    /// Closes the writing half and waits until the client has closed its own.
    Finish,
    /// Resets the connection.
    Reset,
    /// Keeps the connection open and says nothing, until the client closes it.
    Hold,
    /// Starts the script again.
    Again,
}

#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    closed: AtomicUsize,
    written: AtomicUsize,
    requests: Mutex<Vec<String>>,
    /// Notified whenever something was counted.
    changed: Notify,
}

impl Seen {
    fn requests(&self) -> MutexGuard<'_, Vec<String>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, counter: &AtomicUsize, by: usize) {
        counter.fetch_add(by, Ordering::AcqRel);
        self.changed.notify_waiters();
    }
}

/// A server on 127.0.0.1. Its connections end when it is dropped.
#[derive(Debug)]
pub struct Raw {
    address: SocketAddr,
    seen: Arc<Seen>,
    task: AbortHandle,
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Raw {
    /// A server whose every connection follows the same script.
    pub async fn always(script: Vec<Step>) -> Self {
        Self::each(move |_| script.clone()).await
    }

    /// A server whose connections, counted from 0, follow the script that they are given.
    pub async fn each(script: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self::on(listener, script)
    }

    /// A server on a listener of the test's own.
    pub fn on(
        listener: TcpListener,
        script: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static,
    ) -> Self {
        Self::through(listener, script, |stream| async { Some(stream) })
    }

    /// A server that does something to a connection, such as a TLS handshake, before the script
    /// begins.
    pub fn through<S, F>(
        listener: TcpListener,
        script: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static,
        accept: impl Fn(TcpStream) -> F + Send + Sync + 'static,
    ) -> Self
    where
        S: Connection,
        F: Future<Output = Option<S>> + Send + 'static,
    {
        let address = listener.local_addr().expect("a bound listener");
        let seen = Arc::new(Seen::default());
        let counters = seen.clone();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let number = counters.connections.load(Ordering::Acquire);
                counters.count(&counters.connections, 1);
                let (script, accepted, counters) =
                    (script(number), accept(stream), counters.clone());
                connections.spawn(async move {
                    if let Some(stream) = accepted.await {
                        // However the client breaks off, the test looks at the client.
                        let _ = play(stream, &script, &counters).await;
                    }
                    counters.count(&counters.closed, 1);
                });
            }
        });
        Self {
            address,
            seen,
            task: task.abort_handle(),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::Acquire)
    }

    /// How many bytes were written.
    pub fn written(&self) -> usize {
        self.seen.written.load(Ordering::Acquire)
    }

    /// The requests that arrived whole, heads and bodies.
    pub fn requests(&self) -> Vec<String> {
        self.seen.requests().clone()
    }

    /// Waits until so many requests have arrived.
    pub async fn requested(&self, count: usize) {
        self.until(|seen| seen.requests().len() >= count).await;
    }

    /// Waits until so many connections have ended.
    pub async fn closed(&self, count: usize) {
        self.until(|seen| seen.closed.load(Ordering::Acquire) >= count)
            .await;
    }

    async fn until(&self, reached: impl Fn(&Seen) -> bool) {
        loop {
            let changed = self.seen.changed.notified();
            let mut changed = std::pin::pin!(changed);
            changed.as_mut().enable();
            if reached(&self.seen) {
                return;
            }
            changed.await;
        }
    }
}

/// What a script is played on.
pub trait Connection: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Lets the next close be a reset.
    fn reset(&mut self) -> io::Result<()>;
}

impl Connection for TcpStream {
    fn reset(&mut self) -> io::Result<()> {
        self.set_zero_linger()
    }
}

async fn play(mut stream: impl Connection, script: &[Step], seen: &Seen) -> io::Result<()> {
    let mut steps: VecDeque<Step> = script.to_vec().into();
    let mut rest = Vec::new();
    while let Some(step) = steps.pop_front() {
        match step {
            Step::Read => match request(&mut stream, &mut rest).await? {
                Some(request) => {
                    seen.requests().push(request);
                    seen.changed.notify_waiters();
                }
                None => return Ok(()),
            },
            Step::Reply(reply) => match request(&mut stream, &mut rest).await? {
                Some(request) => {
                    let bytes = (reply.0)(&request);
                    seen.requests().push(request);
                    seen.changed.notify_waiters();
                    stream.write_all(&bytes).await?;
                    seen.count(&seen.written, bytes.len());
                }
                None => return Ok(()),
            },
            Step::ReadHead => {
                let mut byte = [0];
                while !rest.ends_with(b"\r\n\r\n") {
                    if stream.read(&mut byte).await? == 0 {
                        return Ok(());
                    }
                    rest.extend_from_slice(&byte);
                }
            }
            Step::Write(bytes) => {
                stream.write_all(&bytes).await?;
                stream.flush().await?;
                seen.count(&seen.written, bytes.len());
            }
            Step::Drip(bytes, pause) => {
                for byte in bytes {
                    if !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                    stream.write_all(&[byte]).await?;
                    stream.flush().await?;
                    seen.count(&seen.written, 1);
                }
            }
            Step::Endless(bytes) => loop {
                stream.write_all(&bytes).await?;
                seen.count(&seen.written, bytes.len());
            },
            Step::Wait(time) => tokio::time::sleep(time).await,
            Step::Await(notify) => notify.notified().await,
            Step::Finish => {
                stream.shutdown().await?;
                return gone(&mut stream).await;
            }
            Step::Reset => return stream.reset(),
            Step::Hold => return gone(&mut stream).await,
            Step::Again => steps = script.to_vec().into(),
        }
    }
    stream.shutdown().await
}

/// Waits until the client has closed the connection.
async fn gone(stream: &mut impl Connection) -> io::Result<()> {
    let mut bytes = [0; 4096];
    while stream.read(&mut bytes).await? > 0 {}
    Ok(())
}

/// One request, head and body; nothing if the connection ends before it is whole.
async fn request(stream: &mut impl Connection, rest: &mut Vec<u8>) -> io::Result<Option<String>> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        if let Some(length) = whole(rest) {
            let request: Vec<u8> = rest.drain(..length).collect();
            return Ok(Some(String::from_utf8_lossy(&request).into_owned()));
        }
        let count = stream.read(&mut bytes).await?;
        if count == 0 || rest.len() > LARGEST_REQUEST {
            return Ok(None);
        }
        rest.extend_from_slice(bytes.get(..count).unwrap_or_default());
    }
}

/// The length of the request that `bytes` begin with, if they hold all of it.
fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(bytes.get(..head)?).to_ascii_lowercase();
    let body = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(Some(0), |length| length.trim().parse().ok())?;
    (bytes.len() >= head + body).then_some(head + body)
}

/// The value of a header in a request as [`Raw::requests`] returns it.
pub fn header<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    request
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
}

/// A whole response. `head` is what stands between the status and the length: header lines that end
/// in CR LF.
pub fn response(status: u16, head: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\n{head}content-length: {length}\r\n\r\n{body}").into_bytes()
}

/// A whole response with status 200 that says it is JSON.
pub fn json(body: &str) -> Vec<u8> {
    response(200, "content-type: application/json\r\n", body)
}

/// The script of a server that responds to every request alike.
pub fn responding(response: Vec<u8>) -> Vec<Step> {
    vec![Step::Read, Step::Write(response), Step::Again]
}

/// The script of a server that responds to each request as the function says.
pub fn replying(reply: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Vec<Step> {
    vec![Step::Reply(Reply(Arc::new(reply))), Step::Again]
}
