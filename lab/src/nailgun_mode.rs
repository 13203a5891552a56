//! The version of Nailgun that the lab imitates.

/// A version of Nailgun. What is known of 9.0 was read in its source and never seen on a running server;
/// 9.2 and 10.0 were observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NailgunMode {
    /// MOS 9.0 GA: no `graphs/execute`, graphs of a name and tasks only. Taken from its source, never observed.
    V9_0,
    /// MOS 9.2.
    V9_2,
    /// Fuel 10.0.
    V10_0,
}

impl NailgunMode {
    /// The release that `/version` tells.
    pub fn release(self) -> &'static str {
        match self {
            Self::V9_0 => "9.0",
            Self::V9_2 => "9.2",
            Self::V10_0 => "10.0",
        }
    }
}
