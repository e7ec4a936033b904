//! A TCP stream that can cut, reset or slow down what the server writes.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// What happens to the bytes of the next answer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Trouble {
    #[default]
    None,
    /// No byte goes out; the peer sees a reset.
    Reset,
    /// The body ends early; the peer sees the end of the connection, or a reset.
    CutBody(Cut),
    /// One byte at a time.
    Drip(Duration),
}

/// Where an answer that is to be cut stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// How many bytes of the head's closing CR LF CR LF were written.
    closing: usize,
    /// How many bytes of the body may still go out.
    left: usize,
    reset: bool,
}

const CLOSING: &[u8; 4] = b"\r\n\r\n";

impl Trouble {
    pub(crate) fn cut_body_after(bytes: usize, reset: bool) -> Self {
        Self::CutBody(Cut {
            closing: 0,
            left: bytes,
            reset,
        })
    }
}

impl Cut {
    fn in_body(self) -> bool {
        self.closing == CLOSING.len()
    }

    /// How many of `bytes` may be written at once: the head, or what is left of the body.
    fn allowed(self, bytes: &[u8]) -> usize {
        if self.in_body() {
            return self.left.min(bytes.len());
        }
        let mut cut = self;
        bytes
            .iter()
            .take_while(|byte| !cut.in_body() && cut.step(**byte))
            .count()
    }

    /// Where it stands after `bytes` were written.
    fn after(mut self, bytes: &[u8]) -> Self {
        if self.in_body() {
            self.left -= bytes.len().min(self.left);
        } else {
            for byte in bytes {
                self.step(*byte);
            }
        }
        self
    }

    /// Takes one byte of the head.
    fn step(&mut self, byte: u8) -> bool {
        self.closing = match CLOSING.get(self.closing) {
            Some(expected) if *expected == byte => self.closing + 1,
            _ => usize::from(byte == b'\r'),
        };
        true
    }
}

/// The server's hand on a [`FaultStream`] that hyper owns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tap {
    trouble: Arc<Mutex<Trouble>>,
}

impl Tap {
    /// Arms the trouble for the answer that is about to be written, or disarms that of the one before.
    pub(crate) fn set(&self, trouble: Trouble) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    fn get(&self) -> Trouble {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(crate) struct FaultStream {
    inner: TcpStream,
    tap: Tap,
    pause: Option<Pin<Box<Sleep>>>,
}

impl FaultStream {
    pub(crate) fn new(inner: TcpStream, tap: Tap) -> Self {
        Self {
            inner,
            tap,
            pause: None,
        }
    }

    /// Makes closing the connection, which the error leads to, a reset.
    fn reset(&self) -> Poll<io::Result<usize>> {
        self.inner.set_zero_linger()?;
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }

    /// Writes no further than the end of the head, or of what may be seen of the body.
    fn cut(&mut self, cx: &mut Context<'_>, bytes: &[u8], cut: Cut) -> Poll<io::Result<usize>> {
        let bytes = bytes.get(..cut.allowed(bytes)).unwrap_or(bytes);
        if bytes.is_empty() && cut.reset {
            return self.reset();
        }
        if bytes.is_empty() {
            ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes))?;
        let bytes = bytes.get(..written).unwrap_or(bytes);
        self.tap.set(Trouble::CutBody(cut.after(bytes)));
        Poll::Ready(Ok(written))
    }
}

impl AsyncWrite for FaultStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        match this.tap.get() {
            Trouble::None => Pin::new(&mut this.inner).poll_write(cx, bytes),
            Trouble::Reset => this.reset(),
            Trouble::CutBody(cut) => this.cut(cx, bytes, cut),
            Trouble::Drip(pause) => {
                if let Some(pause) = &mut this.pause {
                    ready!(pause.as_mut().poll(cx));
                    this.pause = None;
                }
                let written = ready!(
                    Pin::new(&mut this.inner).poll_write(cx, bytes.get(..1).unwrap_or(bytes))
                )?;
                this.pause = Some(Box::pin(sleep(pause)));
                Poll::Ready(Ok(written))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl AsyncRead for FaultStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}
