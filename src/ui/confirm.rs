//! Questions to the operator.

use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;

use rustix::io::Errno;

use super::{Ui, streams};
use crate::signals::Interrupt;

/// What the operator said to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmation {
    /// Go on.
    Yes,
    /// Do not; also when the question could not be shown or nobody could answer.
    No,
    /// A signal came first.
    Interrupted,
}

impl Ui {
    /// Whether there is a terminal to ask a question on.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a question whose default is no. A signal ends the wait for the answer.
    pub(crate) fn confirm(&self, question: &str, interrupt: &Interrupt) -> Confirmation {
        // Whoever did not see what the question is about must not be able to say yes.
        if self.stdout.lost() || streams::write_stderr(&format!("{question} [y/N] ")).is_err() {
            return Confirmation::No;
        }
        let stdin = io::stdin();
        let mut line = Vec::new();
        while !line.contains(&b'\n') && line.len() < 1024 {
            if interrupt.wait_for(stdin.as_fd()) {
                self.line("", "", "");
                return Confirmation::Interrupted;
            }
            let mut piece = [0; 256];
            match rustix::io::read(&stdin, &mut piece) {
                Ok(0) => break,
                Ok(read) => line.extend_from_slice(&piece[..read]),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => break,
            }
        }
        match (interrupt.came(), line.trim_ascii()) {
            (true, _) => Confirmation::Interrupted,
            (false, b"y" | b"Y" | b"yes" | b"Yes") => Confirmation::Yes,
            _ => Confirmation::No,
        }
    }
}
