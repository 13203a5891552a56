//! Sample sites: that of the demonstration, and bigger ones of the same kind.

use super::scenario::{NodeSpec, Scenario};

/// The version of a package that the repositories hold newer.
const NEWER: &str = "1:1.0-1~u14.04+mos45";

/// The update that the mirror publishes, and the one that the nodes have before.
const PUBLISHED: &str = "{\"id\": 2, \"title\": \"9.0-mu-2\", \"timestamp\": 1479340800, \"doc_link\": \"https://docs.example.org/mos-9.0-mu-2\"}\n";
const BEFORE: &str = "{\"id\": 1, \"title\": \"9.0-mu-1\", \"timestamp\": 1475193600, \"doc_link\": \"https://docs.example.org/mos-9.0-mu-1\"}\n";

/// Twelve nodes of four roles: three controllers, five computes, two for storage, two of Ubuntu alone. Node 8 never got
/// an update and is behind, node 12 is powered off.
pub fn demo() -> Scenario {
    let mut scenario = site(12);
    for node in &mut scenario.nodes {
        // Two services of each node show the restarts as well as eight, in half a minute.
        node.services.truncate(2);
        match node.id {
            8 => node.files.clear(),
            12 => *node = node.clone().offline(),
            _ => {}
        }
    }
    scenario
}

/// A site of `count` nodes, of which a quarter and at most three are controllers; all have the update before the one that
/// the mirror publishes.
pub fn site(count: u32) -> Scenario {
    let controllers = (count / 4).clamp(1, 3);
    let storage = count / 6;
    let others = count / 6;
    let mut scenario = Scenario::new().published(PUBLISHED);
    for package in ["nova-api", "nova-compute", "neutron-server", "cinder-volume", "ceph-osd", "nailgun-agent"] {
        scenario = scenario.repo(package, NEWER);
    }
    let names: Vec<String> = (1..=controllers).map(|id| format!("node-{id}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for id in 1..=count {
        let roles: &[&str] = match id {
            id if id <= controllers => &["controller"],
            id if id > count - others => &["base-os"],
            id if id > count - others - storage => &["ceph-osd", "cinder"],
            _ => &["compute"],
        };
        let node = NodeSpec::new(id, roles).installed(BEFORE);
        scenario = scenario.node(if id <= controllers { node.clustered(&names) } else { node });
    }
    scenario
}
