//! Exit statuses.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Answered, and nothing needs attention; install: verified on every targeted node, or nothing to do.
    Ok = 0,
    /// Not answered at all, or refused. For install: nothing that changes anything was sent.
    Error = 1,
    /// Bad options.
    Usage = 2,
    /// Some nodes could not be asked or did not answer properly; install: verified, but nodes were left out.
    Partial = 3,
    /// All answered and they differ, or a node is updating, incomplete or ahead of the mirror.
    Drift = 4,
    /// At least one node can be updated.
    UpdateAvailable = 5,
    /// Execute was sent and the outcome is anything but verified.
    InstallFailed = 6,
    /// Another task runs in this environment, or another install of it here.
    Busy = 7,
    /// Ctrl-C, SIGTERM, SIGHUP.
    Interrupted = 130,
}

impl Exit {
    /// The same as a status of a Nagios plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
    pub fn of_plugin(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::UpdateAvailable | Self::Drift => 1,
            Self::Partial => 2,
            _ => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
