//! The connection to one SSH server, as a stream of bytes.
//!
//! russh's session task owns the stream, and nothing in its interface ends that task while it waits for the
//! server. Therefore the stream itself can be cut from outside: a [`Cut`] that goes out of scope (deadline, fault,
//! cancellation) makes every further read and write fail, which ends the task and closes the socket.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use futures::task::AtomicWaker;
use parking_lot::Mutex;
use russh::ChannelStream;
use russh::client::Msg;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::domain::text::one_line;

/// russh reads a packet's length and its body apart; reading ahead halves the system calls.
const READ_AHEAD: usize = 4096;
/// How much of the server's first lines is kept to name the cause of a failure, in bytes.
const OPENING: usize = 1024;

/// What carries the bytes.
pub(super) enum Carrier {
    /// A connection of our own.
    Tcp(TcpStream),
    /// A connection that a jump host made for us.
    Jump(ChannelStream<Msg>),
}

/// What is known about a connection from its bytes alone.
#[derive(Default)]
pub(super) struct LinkState {
    cut: AtomicBool,
    patient: AtomicBool,
    flooded: AtomicBool,
    received: AtomicU64,
    waker: AtomicWaker,
    opening: Mutex<Vec<u8>>,
}

impl LinkState {
    /// How many bytes the server sent.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Whether it sent more than it may.
    pub(super) fn flooded(&self) -> bool {
        self.flooded.load(Ordering::Relaxed)
    }

    /// Stops requesting quick acknowledgements, each of which is a packet of its own: sshd turns Nagle's algorithm off when
    /// it runs a command.
    pub(super) fn be_patient(&self) {
        self.patient.store(true, Ordering::Relaxed);
    }

    /// The server's identification, `SSH-2.0-OpenSSH_6.6.1p1`, once it came.
    pub(super) fn server_id(&self) -> Option<String> {
        let opening = self.opening.lock();
        let mut lines = opening.split(|b| *b == b'\n');
        let line = lines.find(|line| is_protocol_2(line))?;
        Some(one_line(&String::from_utf8_lossy(line), 120))
    }

    /// What is wrong with the line by which the server identified itself, if anything is.
    pub(super) fn bad_identification(&self) -> Option<BadId> {
        BadId::of(identification(&self.opening.lock())?)
    }

    /// The first line that the server sent, whatever it is. Safe to show.
    pub(super) fn first_words(&self) -> Option<String> {
        let opening = self.opening.lock();
        let text = String::from_utf8_lossy(&opening);
        text.lines().map(|line| one_line(line, 60)).find(|line| !line.is_empty())
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }
}

/// What is wrong with an identification. The text is safe to show.
#[derive(Debug)]
pub(super) enum BadId {
    /// It names another version of the protocol: `SSH-1.5-OpenSSH_3.9`.
    OtherProtocol(String),
    /// It is not UTF-8.
    NotText(String),
}

impl BadId {
    fn of(line: &[u8]) -> Option<Self> {
        let shown = || one_line(&String::from_utf8_lossy(line), 120);
        if !is_protocol_2(line) {
            return Some(Self::OtherProtocol(shown()));
        }
        std::str::from_utf8(line).is_err().then(|| Self::NotText(shown()))
    }
}

/// The line by which the server identifies itself, once it is whole. Other lines may stand before it.
fn identification(opening: &[u8]) -> Option<&[u8]> {
    opening.split_inclusive(|b| *b == b'\n').find(|line| line.starts_with(b"SSH-") && line.ends_with(b"\n"))
}

/// Whether a line identifies a server that speaks SSH 2; 1.99 stands for both versions (RFC 4253, section 5.1).
fn is_protocol_2(line: &[u8]) -> bool {
    line.starts_with(b"SSH-2.0-") || line.starts_with(b"SSH-1.99-")
}

/// Cuts the connection when it goes out of scope.
pub(super) struct Cut {
    state: Arc<LinkState>,
    armed: bool,
}

impl Cut {
    /// Does not cut the connection: its session is over, and only the closing messages are on their way.
    pub(super) fn release(mut self) {
        self.armed = false;
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        if self.armed {
            self.state.cut.store(true, Ordering::Release);
            self.state.waker.wake();
        }
    }
}

/// Counts what comes in and keeps the server's first lines.
struct Meter {
    state: Arc<LinkState>,
    budget: u64,
    opened: bool,
}

impl Meter {
    fn note(&mut self, new: &[u8]) -> io::Result<()> {
        let received = self.state.received.fetch_add(new.len() as u64, Ordering::Relaxed) + new.len() as u64;
        if received > self.budget {
            self.state.flooded.store(true, Ordering::Relaxed);
            return Err(io::Error::other("the server sent too much"));
        }
        if !self.opened {
            let mut opening = self.state.opening.lock();
            let room = OPENING - opening.len();
            opening.extend_from_slice(&new[..new.len().min(room)]);
            let id = identification(&opening);
            self.opened = id.is_some() || opening.len() >= OPENING;
            // russh takes such a line for one before the identification and waits for another.
            if id.and_then(BadId::of).is_some() {
                return Err(io::Error::other("not the identification of an SSH 2 server"));
            }
        }
        Ok(())
    }
}

/// The stream that russh gets.
pub(super) struct Link {
    carrier: Carrier,
    meter: Meter,
    ahead: Box<[u8; READ_AHEAD]>,
    start: usize,
    end: usize,
}

impl Link {
    /// Wraps a connection; the server may send `budget` bytes in all.
    pub(super) fn new(carrier: Carrier, budget: u64) -> (Self, Cut, Arc<LinkState>) {
        let state = Arc::new(LinkState::default());
        let meter = Meter { state: Arc::clone(&state), budget, opened: false };
        let link = Self { carrier, meter, ahead: Box::new([0; READ_AHEAD]), start: 0, end: 0 };
        link.carrier.quick_ack();
        (link, Cut { state: Arc::clone(&state), armed: true }, state)
    }

    fn acknowledge(&self) {
        if !self.meter.state.patient.load(Ordering::Relaxed) {
            self.carrier.quick_ack();
        }
    }
}

fn was_cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "cut")
}

impl AsyncRead for Link {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.start < this.end {
            let n = out.remaining().min(this.end - this.start);
            out.put_slice(&this.ahead[this.start..this.start + n]);
            this.start += n;
            return Poll::Ready(Ok(()));
        }
        // Registered before the flag is read, so that a cut in between wakes this task again.
        this.meter.state.waker.register(cx.waker());
        if this.meter.state.is_cut() {
            return Poll::Ready(Err(was_cut()));
        }
        if out.remaining() >= READ_AHEAD {
            let before = out.filled().len();
            ready!(Pin::new(&mut this.carrier).poll_read(cx, out))?;
            let new = &out.filled()[before..];
            if !new.is_empty() {
                this.meter.note(new)?;
                this.acknowledge();
            }
            return Poll::Ready(Ok(()));
        }
        let mut ahead = ReadBuf::new(&mut this.ahead[..]);
        ready!(Pin::new(&mut this.carrier).poll_read(cx, &mut ahead))?;
        let new = ahead.filled();
        if new.is_empty() {
            return Poll::Ready(Ok(()));
        }
        this.meter.note(new)?;
        this.end = new.len();
        this.acknowledge();
        this.start = out.remaining().min(this.end);
        out.put_slice(&this.ahead[..this.start]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Link {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.meter.state.waker.register(cx.waker());
        if self.meter.state.is_cut() {
            return Poll::Ready(Err(was_cut()));
        }
        Pin::new(&mut self.carrier).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.meter.state.is_cut() {
            return Poll::Ready(Err(was_cut()));
        }
        Pin::new(&mut self.carrier).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.meter.state.is_cut() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.carrier).poll_shutdown(cx)
    }
}

impl Carrier {
    /// Requests quick acknowledgements: sshd leaves Nagle's algorithm on until the exec request, so a delayed one stalls
    /// its next packet for 40 ms. The kernel resets the option by itself, so it is set after every read.
    fn quick_ack(&self) {
        if let Self::Tcp(tcp) = self {
            // A failure only costs time.
            let _ = rustix::net::sockopt::set_tcp_quickack(tcp, true);
        }
    }
}

impl AsyncRead for Carrier {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, out),
            Self::Jump(channel) => Pin::new(channel).poll_read(cx, out),
        }
    }
}

impl AsyncWrite for Carrier {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Jump(channel) => Pin::new(channel).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Jump(channel) => Pin::new(channel).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Jump(channel) => Pin::new(channel).poll_shutdown(cx),
        }
    }
}
