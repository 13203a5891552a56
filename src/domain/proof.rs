//! When a node has proved that it runs an update.

use super::mu::Mu;
use super::row::{Row, State};

/// What is missing to the proof that a node runs `target`; nothing if it is proven: its own file names the update, a
/// finished installation of this update is recorded, and its evidence has no faults.
pub fn proof_fault(row: &Row, target: &Mu) -> Option<String> {
    let seen = row.mu.as_ref().map_or_else(|| "none".to_owned(), |mu| mu.title.clone());
    if row.state != State::Installed {
        let detail = row.detail.as_ref().map_or_else(String::new, |d| format!(" ({d})"));
        return Some(format!("{}{detail}", row.state.as_str()));
    }
    if !row.mu.as_ref().is_some_and(|mu| mu.same_as(target)) {
        return Some(format!("runs {seen}, not {}", target.title));
    }
    let Some(update) = row.update.as_ref().filter(|u| u.finished() && u.target.same_as(target)) else {
        return Some("its file names the update, but no finished installation does".to_owned());
    };
    match &update.evidence {
        None => Some("it recorded no evidence".to_owned()),
        Some(evidence) => {
            let faults = evidence.faults();
            (!faults.is_empty()).then(|| faults.join("; "))
        }
    }
}
