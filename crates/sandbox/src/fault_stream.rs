//! A TCP stream that can truncate, reset or slow down what the server writes.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// What happens to the bytes of the next response.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum WriteFault {
    #[default]
    None,
    /// Nothing is sent; the connection is reset.
    Reset,
    /// The body ends early; the connection is closed or reset.
    CutBody(BodyCut),
    /// The response is sent one byte at a time, with this pause after each.
    Drip(Duration),
}

/// The progress of a response whose body is truncated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyCut {
    /// How many bytes of [`HEAD_END`] the written bytes end with.
    head_end_matched: usize,
    /// How many bytes of the body may still be written.
    left: usize,
    /// Whether the connection is reset rather than closed.
    reset: bool,
}

/// The end of the head of a response.
const HEAD_END: &[u8; 4] = b"\r\n\r\n";

impl WriteFault {
    pub(crate) fn cut_body_after(bytes: usize, reset: bool) -> Self {
        Self::CutBody(BodyCut {
            head_end_matched: 0,
            left: bytes,
            reset,
        })
    }
}

impl BodyCut {
    fn in_body(self) -> bool {
        self.head_end_matched == HEAD_END.len()
    }

    /// How many of `bytes` may be written at once: those up to the end of the head, or up to the
    /// cut.
    fn allowed(self, bytes: &[u8]) -> usize {
        if self.in_body() {
            return self.left.min(bytes.len());
        }
        let mut cut = self;
        bytes
            .iter()
            .take_while(|byte| {
                let in_head = !cut.in_body();
                cut.step(**byte);
                in_head
            })
            .count()
    }

    /// The state after `bytes` were written.
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

    /// Advances by one byte of the head.
    fn step(&mut self, byte: u8) {
        self.head_end_matched = match HEAD_END.get(self.head_end_matched) {
            Some(expected) if *expected == byte => self.head_end_matched + 1,
            _ => usize::from(byte == b'\r'),
        };
    }
}

/// Controls a [`FaultStream`] that hyper owns.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultHandle {
    fault: Arc<Mutex<WriteFault>>,
}

impl FaultHandle {
    /// Sets the fault for the next response.
    pub(crate) fn set(&self, fault: WriteFault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    fn get(&self) -> WriteFault {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A TCP stream with a fault that a [`FaultHandle`] sets.
#[derive(Debug)]
pub(crate) struct FaultStream {
    inner: TcpStream,
    handle: FaultHandle,
    pause: Option<Pin<Box<Sleep>>>,
}

impl FaultStream {
    pub(crate) fn new(inner: TcpStream, handle: FaultHandle) -> Self {
        Self {
            inner,
            handle,
            pause: None,
        }
    }

    /// Fails the write. The error makes hyper close the connection, which sends a reset.
    fn reset(&self) -> Poll<io::Result<usize>> {
        self.inner.set_zero_linger()?;
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }

    /// Writes up to the end of the head or to the cut, then fails.
    fn cut(&mut self, cx: &mut Context<'_>, bytes: &[u8], cut: BodyCut) -> Poll<io::Result<usize>> {
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
        self.handle.set(WriteFault::CutBody(cut.after(bytes)));
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
        match this.handle.get() {
            WriteFault::None => Pin::new(&mut this.inner).poll_write(cx, bytes),
            WriteFault::Reset => this.reset(),
            WriteFault::CutBody(cut) => this.cut(cx, bytes, cut),
            WriteFault::Drip(pause) => {
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
