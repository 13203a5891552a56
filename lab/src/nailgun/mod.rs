//! The embedded Nailgun, faithful to what real servers of 9.0, 9.0.1, 9.1, 9.2 and 10.0 answered, oddities included;
//! behind it an Astute that runs graphs on the lab's trees.

mod answer;
mod astute;
mod conductor;
mod control;
mod db;
mod execute;
mod fault;
mod graphs;
mod history;
mod initial;
mod keystone;
mod preview;
mod python;
mod reading;
mod router;
mod schema;
mod serialize;
mod tasks;

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

pub use self::astute::TaskFault;
use self::astute::{Event, Site};
pub use self::control::{NailgunControl, Trace};
use self::db::Db;
pub use self::fault::NailgunFault;
pub use self::keystone::AuthMode;
use self::keystone::Keystone;
use super::NailgunMode;

/// Everything that the threads of one Nailgun share.
pub(super) struct Shared {
    mode: NailgunMode,
    db: Mutex<Db>,
    keystone: Mutex<Keystone>,
    faults: Mutex<Vec<NailgunFault>>,
    /// The runs that Astute works on, by the number of their deployment task.
    runs: Mutex<BTreeMap<u32, Sender<Event>>>,
    /// Whether Astute is gone.
    lost: Mutex<bool>,
    trace: Mutex<Vec<Trace>>,
    asked: Mutex<Vec<String>>,
    /// The requests that were answered, with the size of the answer in bytes.
    answered: Mutex<Vec<(String, usize)>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Something in the database changed.
    changed: Condvar,
    site: Arc<Site>,
    serialize_delay: Duration,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn db(&self) -> MutexGuard<'_, Db> {
        lock(&self.db)
    }

    fn runs(&self) -> MutexGuard<'_, BTreeMap<u32, Sender<Event>>> {
        lock(&self.runs)
    }

    fn astute_is_lost(&self) -> bool {
        *lock(&self.lost)
    }

    fn trace(&self, task: &str, node: &str, status: &'static str) {
        lock(&self.trace).push(Trace { task: task.to_owned(), node: node.to_owned(), status });
    }
}
