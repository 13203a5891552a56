//! Ctrl-C, SIGTERM and SIGHUP: a flag that work looks at, and a wait that they end.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level::pipe};

use crate::error::AppError;
use crate::exit::Exit;

/// Listens for signals. A second one ends the process at once, for an operator who has waited enough.
#[derive(Debug)]
pub(crate) struct Interrupt {
    flag: Arc<AtomicBool>,
    woken: UnixStream,
}

impl Interrupt {
    /// Begins to listen.
    pub(crate) fn listen() -> Result<Self, AppError> {
        let failed = |e: std::io::Error| AppError::from_error(Exit::Error, &e);
        let flag = Arc::new(AtomicBool::new(false));
        let (woken, writer) = UnixStream::pair().map_err(failed)?;
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // The order matters: the conditional exit looks at the flag before it is set.
            flag::register_conditional_shutdown(signal, Exit::Interrupted as i32, Arc::clone(&flag))
                .and_then(|_| flag::register(signal, Arc::clone(&flag)))
                .map_err(failed)?;
            pipe::register(signal, writer.try_clone().map_err(failed)?).map_err(failed)?;
        }
        Ok(Self { flag, woken })
    }

    /// The flag, for work that looks at it by itself.
    pub(crate) fn flag(&self) -> &Arc<AtomicBool> {
        &self.flag
    }

    /// Whether a signal has come.
    pub(crate) fn came(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }

    /// Waits so long, or until a signal comes; says whether one has.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let time =
            Timespec { tv_sec: time.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: time.subsec_nanos().into() };
        // Ended early by a signal or not: the flag tells.
        let _ = poll(&mut [PollFd::new(&self.woken, PollFlags::IN)], Some(&time));
        self.came()
    }
}
