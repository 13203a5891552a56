//! The mirror.

use std::sync::Arc;

use super::fault;
use crate::command::mirror_client::MirrorClient;
use crate::domain::doctor::{Diagnosis, Need};
use crate::domain::mos_version::MosVersion;
use crate::settings::Settings;
use crate::signals::Interrupt;

/// Asks the mirror for the update of this MOS version.
pub(super) fn look(settings: &Settings, version: Option<&MosVersion>, interrupt: &Interrupt) -> Diagnosis {
    let client = match MirrorClient::new(settings) {
        Ok(client) => Arc::new(client),
        Err(error) => return fault(Need::Mirror, &error),
    };
    let Some(version) = version else {
        let mend = "give --mos-version X.Y, or mos_version in the node list".to_owned();
        return Diagnosis::warning(Need::Mirror, "not asked: the MOS version of the environment is not known", mend);
    };
    let pending = match client.start(version) {
        Ok(pending) => pending,
        Err(error) => return Diagnosis::fault(Need::Mirror, format!("cannot ask it: {error}"), None),
    };
    match pending.wait(interrupt) {
        None => Diagnosis::fault(Need::Mirror, "interrupted", None),
        Some(Err(error)) => {
            let mut found = fault(Need::Mirror, &error.into());
            found.mend.get_or_insert_with(|| "name the mirror with --mirror URL|PATH".to_owned());
            found
        }
        Some(Ok(found)) => {
            let said = format!("{} (id {}) at {}", found.mu.title, found.mu.id, found.url);
            let doubts = found.doubts(version, jiff::Timestamp::now().as_second());
            match doubts.first() {
                None => Diagnosis::ok(Need::Mirror, said),
                Some(doubt) => Diagnosis::warning(Need::Mirror, doubt.clone(), None),
            }
        }
    }
}
