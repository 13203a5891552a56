//! Faults of a lab node's SSH server.

use std::time::Duration;

/// A fault of a node's SSH server. Several may be set at once; they apply to connections that begin
/// after the fault was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SshFault {
    /// Nothing listens: connection refused.
    Offline,
    /// Accepts the connection and sends nothing.
    Silent,
    /// Sends lines before its version for ever, as a tarpit does.
    EndlessBanner,
    /// Sends the handshake one byte at a time with this pause.
    DripHandshake(Duration),
    /// Speaks something else than SSH.
    NotSsh,
    /// Accepts no key.
    RefuseAuth,
    /// Drops the connection when a key is offered.
    DropInAuth,
    /// Sends a banner during authentication with escape sequences in it.
    AuthBanner,
    /// Refuses to execute anything.
    RefuseExec,
    /// Waits this long before it runs the command.
    SlowStart(Duration),
    /// Sends the command's output one byte at a time with this pause.
    DripOutput(Duration),
    /// Sends this many bytes in place of the command's output.
    Flood(u64),
    /// Sends lines for ever in place of the command's output.
    EndlessOutput,
    /// Sends escape sequences and control characters around the output and to standard error.
    Escapes,
    /// The profile prints before and after the command, on both streams.
    ProfileNoise,
    /// Sends the output but no exit status.
    NoExitStatus,
    /// Says that the command was killed by a signal.
    ExitSignal,
    /// Drops the connection after half of the output.
    DropInOutput,
}
