//! Work in the background that a signal can end the wait for.

use std::io::{self, PipeReader};
use std::os::fd::AsFd as _;
use std::thread::{self, JoinHandle};

use crate::signals::Interrupt;

/// The result of work on another thread, on its way. Dropping it leaves the work to itself.
pub(crate) struct Pending<T> {
    thread: JoinHandle<T>,
    over: PipeReader,
}

impl<T: Send + 'static> Pending<T> {
    /// Starts the work on a thread of this name.
    pub(crate) fn start(name: &str, work: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        let (over, writer) = io::pipe()?;
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Closed when the thread ends, in whatever way: the reader waits for that.
            let _writer = writer;
            work()
        })?;
        Ok(Self { thread, over })
    }

    /// Waits for the result; nothing if a signal comes first.
    pub(crate) fn wait(self, interrupt: &Interrupt) -> Option<T> {
        if interrupt.wait_for(self.over.as_fd()) && !self.thread.is_finished() {
            return None;
        }
        self.thread.join().ok()
    }
}
