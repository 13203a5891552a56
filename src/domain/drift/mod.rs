//! Drift: in what nodes differ that should be alike.
//!
//! ```text
//! ask      the commands that nodes run, and what an answer says
//! read     reads an answer
//! kind     the kinds of facts
//! fact     all facts of all nodes, each text kept once
//! compare  groups of nodes, what most of them have, and who differs
//! report   what follows: verdict, conditions, warnings
//! snapshot all facts in a file; what changed since, or between environments
//! of_run   the snapshots before and after an installation
//! ```

pub mod ask;
mod compare;
mod fact;
mod kind;
mod of_run;
mod read;
mod report;
mod snapshot;

pub use compare::{Comparison, Difference, OtherValue, RoleGroup, Scope};
pub use fact::{Compared, DriftNode, FactId, FactPool, KeyId};
pub use kind::Kind;
pub use of_run::RunSnapshots;
pub use report::{DriftConclusion, DriftReport, not_compared};
pub use snapshot::{ChangedFact, Changes, SNAPSHOT_LIMIT, Snapshot, SnapshotError};
