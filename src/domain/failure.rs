//! Why a node could not be asked. A failure is data in the report, never an early return.

/// The states of a node that could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// No connection: refused, no route, connect timed out, name unknown.
    Unreachable,
    /// Connected, and then it did not answer in time.
    Timeout,
    /// Its host key is not the recorded one, or is revoked, or is unknown under `strict`.
    HostKey,
    /// It refused every key.
    Auth,
    /// It answered, but not as a node does: no common algorithm, exec refused, connection lost, output cut.
    RemoteError,
    /// A signal ended this program before the node answered.
    Interrupted,
}

impl FailureKind {
    /// The state's name in tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::HostKey => "host-key",
            Self::Auth => "auth",
            Self::RemoteError => "remote-error",
            Self::Interrupted => "not-asked",
        }
    }
}

/// Why one node could not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFailure {
    /// The state that the node gets.
    pub kind: FailureKind,
    /// Stage and cause in a few words: `connect timed out after 5 s`. Safe to show.
    pub cause: String,
    /// What the operator can do about it. Safe to show.
    pub hint: Option<String>,
}

impl NodeFailure {
    /// A failure without a hint; `cause` must be safe to show.
    pub fn new(kind: FailureKind, cause: impl Into<String>) -> Self {
        Self { kind, cause: cause.into(), hint: None }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
