//! A stream that writes one byte at a time.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// A connection that sends one byte, waits, sends the next.
pub(super) struct Drip {
    stream: TcpStream,
    pause: Duration,
    waiting: Pin<Box<Sleep>>,
}

impl Drip {
    pub(super) fn new(stream: TcpStream, pause: Duration) -> Self {
        Self { stream, pause, waiting: Box::pin(sleep(Duration::ZERO)) }
    }
}

impl AsyncRead for Drip {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Drip {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.waiting.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, &bytes[..bytes.len().min(1)]);
        if written.is_ready() {
            self.waiting = Box::pin(sleep(self.pause));
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
