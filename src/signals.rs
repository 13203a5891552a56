//! Ctrl-C, SIGTERM and SIGHUP: a flag that work looks at, and waits that they end.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level::pipe};

use crate::error::Explain;
use crate::exit::Exit;

/// Listening is not possible: no descriptors are left, or the kernel refuses.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen to signals")]
pub(crate) struct SignalError(#[from] std::io::Error);

impl Explain for SignalError {}

/// Listens to signals. A second signal ends the process at once, for an operator who does not want to wait.
#[derive(Debug)]
pub(crate) struct Interrupt {
    flag: Arc<AtomicBool>,
    woken: UnixStream,
    /// Kept open: without any writer the other end would always be readable.
    _writer: UnixStream,
}

impl Interrupt {
    /// Starts to listen. Signals that were ignored when the process started stay ignored: `nohup` and a shell's `&`
    /// mean that.
    pub(crate) fn listen() -> Result<Self, SignalError> {
        let flag = Arc::new(AtomicBool::new(false));
        let (woken, writer) = UnixStream::pair()?;
        let ignored = fs::read_to_string("/proc/self/status").map_or(0, |status| ignored(&status));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if ignored & (1 << (signal - 1)) != 0 {
                continue;
            }
            // The order matters: the conditional exit looks at the flag before the flag is set.
            flag::register_conditional_shutdown(signal, Exit::Interrupted as i32, Arc::clone(&flag))
                .and_then(|_| flag::register(signal, Arc::clone(&flag)))?;
            pipe::register(signal, writer.try_clone()?)?;
        }
        Ok(Self { flag, woken, _writer: writer })
    }

    /// The flag, for work that looks at it by itself.
    pub(crate) fn flag(&self) -> &Arc<AtomicBool> {
        &self.flag
    }

    /// Whether a signal has come.
    pub(crate) fn came(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }

    /// Waits for `time`, or until a signal comes; returns whether one has come.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let time =
            Timespec { tv_sec: time.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: time.subsec_nanos().into() };
        // Whether a signal or the time ended it: the flag tells.
        let _ = poll(&mut [PollFd::new(&self.woken, PollFlags::IN)], Some(&time));
        self.came()
    }

    /// Waits until `stream` can be read or is closed, or until a signal comes; returns whether one has come.
    pub(crate) fn wait_for(&self, stream: BorrowedFd<'_>) -> bool {
        let woken = PollFd::from_borrowed_fd(self.woken.as_fd(), PollFlags::IN);
        let mut either = [woken, PollFd::from_borrowed_fd(stream, PollFlags::IN)];
        // A poll that a signal handler interrupts is repeated: the signal may be another one than ours.
        while poll(&mut either, None) == Err(rustix::io::Errno::INTR) && !self.came() {}
        self.came()
    }
}

/// The signals that a process ignores: bit 0 is signal 1, as in `SigIgn` of `/proc/PID/status`.
fn ignored(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_the_kernels_mask() {
        let mask =
            ignored("Name:\tsh\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000002\n");
        assert_eq!(mask, 1 | 1 << 12);
        assert_eq!(ignored("Name:\tsh\n"), 0);
    }
}
