//! Nailgun's REST API: what an installation needs of it, and nothing of what it means.
//!
//! Written against what was observed on servers of 9.2 and 10.0. Redirects are not followed, proxies are
//! never used, and nothing is repeated but reading (once, when the connection broke) and what was refused
//! for its token (once, with a new one).

mod client;
mod credentials;
mod error;
mod full_record;
mod graphs;
mod message;
mod read;
mod runs;
mod secret;
mod wire;

pub use client::{Nailgun, Options};
pub use credentials::{Credentials, CredentialsError, PartialCredentials};
pub use error::{ExecuteError, NailgunError, NailgunErrorKind};
pub use full_record::FullRecord;
pub use graphs::{Preview, PreviewTask, Relation, StoredGraph};
pub use runs::{HistoryFilter, StartApi};
pub use secret::Secret;
pub use wire::{Cluster, Repository, Task, TaskState, Version};
