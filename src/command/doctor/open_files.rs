//! How many files this process may open: each connection is one.

use super::fault;
use crate::command::nodes::Nodes;
use crate::domain::doctor::{Diagnosis, Need};
use crate::domain::node::Node;
use crate::domain::text::counted;
use crate::settings::Settings;

/// Looks whether the limit bounds the fan-out.
pub(super) fn look(settings: &Settings, nodes: &Nodes<'_>, listed: &[Node]) -> Diagnosis {
    let wanted = settings.ssh.fanout.min(listed.len());
    match nodes.at_once(listed) {
        Err(error) => fault(Need::OpenFiles, &error),
        Ok(possible) if possible < wanted => Diagnosis::warning(
            Need::OpenFiles,
            format!("enough for {} at once, not for {wanted}", counted(possible, "node")),
            "ulimit -n 4096 raises the limit; --fanout lowers what is needed".to_owned(),
        ),
        Ok(_) => Diagnosis::ok(Need::OpenFiles, format!("enough for {} at once", counted(wanted, "node"))),
    }
}
