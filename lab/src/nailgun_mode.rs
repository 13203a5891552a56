//! The version of Nailgun that the lab imitates.

/// A version of Nailgun. Real servers of all five were recorded; `docs/nailgun-versions.md` lists how they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NailgunMode {
    /// MOS 9.0 as it was released: no `graphs/execute`, graphs of a name and tasks only, a bare history, and nothing
    /// that prevents a second run.
    V9_0,
    /// MOS 9.0 with its first updates: as 9.0, but it refuses a second run and its history has the tasks' fields.
    V9_0_1,
    /// MOS 9.1: `graphs/execute`, and a run that stops at the first failure.
    V9_1,
    /// MOS 9.2.
    V9_2,
    /// Fuel 10.0.
    V10_0,
}

impl NailgunMode {
    /// All of them, the oldest first.
    pub const ALL: [Self; 5] = [Self::V9_0, Self::V9_0_1, Self::V9_1, Self::V9_2, Self::V10_0];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::V9_0 => "9.0",
            Self::V9_0_1 => "9.0.1",
            Self::V9_1 => "9.1",
            Self::V9_2 => "9.2",
            Self::V10_0 => "10.0",
        }
    }

    /// The release that `/version` tells: 9.0.1 calls itself 9.0.
    pub fn release(self) -> &'static str {
        if self == Self::V9_0_1 { "9.0" } else { self.name() }
    }

    /// Whether it has `graphs/execute`: runs with a parent and a child for each graph, which stop at a failure.
    pub fn executes_graphs(self) -> bool {
        self >= Self::V9_1
    }
}
