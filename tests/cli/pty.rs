//! A terminal of its own for the program.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::program::Program;

/// The program on a terminal of its own, which is its controlling terminal: typed keys make signals.
pub(super) struct Terminal {
    pub(super) keyboard: File,
    seen: Vec<u8>,
    pub(super) child: Child,
}

impl Terminal {
    /// Starts the program, by another one if `starter` names one, with these variables.
    pub(super) fn start(program: &Program, starter: &[String], line: &str, variables: &[(&str, &str)]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("a terminal for us");
        let name = ptsname(&master, Vec::new()).expect("its name");
        let slave = || {
            let path = OsStr::from_bytes(name.as_bytes());
            File::from(
                open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).expect("its other end"),
            )
        };
        let starter: Vec<&str> = ["setsid", "--ctty"].into_iter().chain(starter.iter().map(String::as_str)).collect();
        let mut command = program.started_by(&starter, line);
        command.envs(variables.iter().copied()).stdin(slave()).stdout(slave()).stderr(slave());
        let child = command.spawn().expect("setsid (util-linux)");
        Self { keyboard: File::from(master), seen: vec![], child }
    }

    /// Waits until the screen has shown `text`, or, for an empty text, until the program has left the terminal.
    pub(super) fn wait_for(&mut self, text: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        while text.is_empty() || !self.screen().contains(text) {
            let left = Timespec { tv_sec: 60, tv_nsec: 0 };
            let ready = poll(&mut [PollFd::new(&self.keyboard, PollFlags::IN)], Some(&left));
            assert!(ready == Ok(1) && Instant::now() < until, "`{text}` did not come: {}", self.screen());
            let mut piece = [0; 4096];
            match self.keyboard.read(&mut piece) {
                Ok(count) if count > 0 => self.seen.extend_from_slice(&piece[..count]),
                _ if text.is_empty() => return,
                _ => panic!("it ended without `{text}`: {}", self.screen()),
            }
        }
    }

    /// Makes the terminal this large, as a window's frame does, and tells the program.
    pub(super) fn resize(&self, columns: u16, rows: u16) {
        let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.keyboard, size).expect("a size");
    }

    /// Forgets what was seen: what comes now is looked at.
    pub(super) fn forget(&mut self) {
        self.seen.clear();
    }

    /// All that the terminal got, without returns of the carriage.
    pub(super) fn screen(&self) -> String {
        String::from_utf8_lossy(&self.seen).replace('\r', "")
    }

    /// Exit status and screen once the program has ended.
    pub(super) fn end(mut self) -> (Option<i32>, String) {
        self.wait_for("");
        (self.child.wait().expect("it ends").code(), self.screen())
    }
}
