//! Private keys and the agent.

use super::fault;
use crate::command::nodes::Nodes;
use crate::domain::doctor::{Diagnosis, Need};
use crate::domain::node::Node;

/// Looks at the keys that a login to these nodes would try.
pub(super) fn look(nodes: &Nodes<'_>, listed: &[Node]) -> Diagnosis {
    let keys = match nodes.keys(listed) {
        Ok(keys) => keys,
        Err(error) => return fault(Need::Keys, &error),
    };
    let usable = keys.usable.join(", ");
    if keys.passed_over.is_empty() {
        return Diagnosis::ok(Need::Keys, usable);
    }
    Diagnosis::warning(
        Need::Keys,
        format!("{usable}; not usable: {}", keys.passed_over.join("; ")),
        "ssh-add FILE loads a key into the agent; --ssh-key FILE names another".to_owned(),
    )
}
