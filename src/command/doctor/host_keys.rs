//! Recorded host keys.

use super::fault;
use crate::cli::HostKeys;
use crate::domain::doctor::{Diagnosis, Need};
use crate::domain::node::Node;
use crate::domain::text::counted;
use crate::fleet;
use crate::settings::Settings;

/// Looks the nodes up in the file of host keys.
pub(super) fn look(settings: &Settings, listed: &[Node]) -> Diagnosis {
    let path = settings.state_dir.join("known_hosts");
    let hosts: Vec<_> = listed.iter().map(|node| (node.host.clone(), node.port())).collect();
    let recorded = match fleet::recorded(&path, &hosts) {
        Ok(recorded) => recorded,
        Err(error) => return fault(Need::HostKeys, &error.into()),
    };
    let found = format!("{} of {} recorded in {}", recorded.known, counted(hosts.len(), "node"), path.display());
    let unknown = hosts.len() - recorded.known;
    if let Some(line) = recorded.unreadable.first() {
        let mend = format!("correct or remove line {line} of {}", path.display());
        return Diagnosis::warning(Need::HostKeys, format!("{found}; line {line} cannot be read"), mend);
    }
    match settings.ssh.host_keys {
        HostKeys::Off => Diagnosis::warning(
            Need::HostKeys,
            "not checked: another machine can pose as a node",
            "leave out --host-keys off".to_owned(),
        ),
        HostKeys::Strict if unknown > 0 => {
            let mend = "fuel-updates check installed --host-keys accept-new records them once".to_owned();
            Diagnosis::fault(Need::HostKeys, format!("{found}; --host-keys strict refuses the others"), mend)
        }
        _ => Diagnosis::ok(Need::HostKeys, found),
    }
}
