//! A client of Nailgun's REST API, as far as we use it. What the answers mean is decided elsewhere.
//!
//! The API is described as servers of 9.0, 9.0.1, 9.1, 9.2 and 10.0 were seen to answer (`docs/nailgun-versions.md`). Redirects are not followed, proxies are never used. A GET is
//! repeated once if the connection broke, and any request is repeated once if its token was refused.

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
