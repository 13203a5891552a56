//! stdout and stderr as the kernel sees them. The standard library takes a closed stdout for a successful write, and
//! gives up when a stream does not block; a report must not get lost in either way.

use std::cell::Cell;
use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, write};

use crate::domain::text::without_error_number;

/// stdout, and the first error of writing to it.
#[derive(Debug, Default)]
pub(super) struct Stdout {
    failure: Cell<Option<Errno>>,
}

impl Stdout {
    /// Writes all of `text`. After a failure nothing more is written: a report with a hole looks whole.
    pub(super) fn write(&self, text: &str) {
        if self.failure.get().is_none()
            && let Err(error) = write_all(io::stdout().as_fd(), text.as_bytes())
        {
            self.failure.set(Some(error));
        }
    }

    /// Whether something could not be written, for whatever reason.
    pub(super) fn lost(&self) -> bool {
        self.failure.get().is_some()
    }

    /// Why something could not be written. A reader that closed its end has what it wanted: that is no fault.
    pub(super) fn fault(&self) -> Option<String> {
        self.failure.get().filter(|error| *error != Errno::PIPE).map(words)
    }
}

/// Columns and lines of the terminal that stdout is; it may change its size at any time.
pub(super) fn stdout_size() -> (Option<u16>, Option<usize>) {
    let stdout = io::stdout();
    let size = stdout.is_terminal().then(|| rustix::termios::tcgetwinsize(&stdout).ok()).flatten();
    let width = size.map(|size| size.ws_col).filter(|columns| *columns > 0);
    (width, size.map(|size| usize::from(size.ws_row)).filter(|rows| *rows > 0))
}

/// Writes all of `text` to stderr.
pub(super) fn write_stderr(text: &str) -> Result<(), Errno> {
    write_all(io::stderr().as_fd(), text.as_bytes())
}

pub(super) fn write_all(stream: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match write(stream, bytes) {
            Ok(0) => return Err(Errno::IO),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            // Another program that shares the stream may have made it non-blocking.
            Err(Errno::AGAIN) => match poll(&mut [PollFd::from_borrowed_fd(stream, PollFlags::OUT)], None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            },
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn words(error: Errno) -> String {
    plain(&error.into())
}

/// `No space left on device`, without the error's number.
pub(super) fn plain(error: &io::Error) -> String {
    without_error_number(&error.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::net::UnixStream;
    use std::thread;

    use super::*;

    #[test]
    fn a_stream_that_does_not_block_and_takes_little_at_a_time_gets_every_byte() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let sent: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let reader = thread::spawn(move || {
            let mut got = Vec::new();
            theirs.read_to_end(&mut got).unwrap();
            got
        });
        write_all(ours.as_fd(), &sent).unwrap();
        drop(ours);
        assert_eq!(reader.join().unwrap(), sent);
    }

    #[test]
    fn a_stream_that_is_not_open_for_writing_is_an_error() {
        let read_only = std::fs::File::open("/dev/null").unwrap();
        assert_eq!(write_all(read_only.as_fd(), b"x").map_err(words), Err("Bad file descriptor".to_owned()));
    }
}
