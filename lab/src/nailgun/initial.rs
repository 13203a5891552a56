//! What Nailgun's database holds when the lab starts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::super::scenario::{Membership, NodeSpec, Scenario};
use super::super::seed::mos_uri;
use super::db::{Cluster, Db, Node, Owner};

pub(super) fn database(scenario: &Scenario, ips: &BTreeMap<u32, String>) -> Db {
    let cluster = |id: u32, status: &str| Cluster {
        id,
        name: format!("env{id}"),
        status: status.into(),
        version: scenario.mos_version.clone(),
        mos_uri: mos_uri(scenario, &scenario.mos_version),
    };
    let mut clusters = vec![cluster(scenario.env, &scenario.env_status)];
    for node in &scenario.nodes {
        if let Membership::Other(id) = node.membership
            && clusters.iter().all(|cluster| cluster.id != id)
        {
            clusters.push(cluster(id, "operational"));
        }
    }
    let mut db = Db {
        mode: scenario.nailgun,
        nodes: scenario.nodes.iter().filter(|node| node.in_nailgun).map(|node| row(scenario, node, ips)).collect(),
        plugins: BTreeSet::new(),
        graphs: Vec::new(),
        tasks: BTreeMap::new(),
        notifications: Vec::new(),
        next_graph: 1,
        next_task: 1,
        held: false,
        late_admitted: false,
        late_waiting: 0,
        taken_out: None,
        succeeded: BTreeSet::new(),
        clusters: Vec::new(),
        deployed: scenario.deployed,
    };
    for release in 1..=3 {
        let stages = json!({"tasks": [
            {"id": "pre_deployment_start", "type": "stage", "version": "1.0.0"},
            {"id": "deploy_start", "type": "stage", "version": "1.0.0", "requires": ["pre_deployment_start"]},
            {"id": "deploy_end", "type": "stage", "version": "1.0.0", "requires": ["deploy_start"]},
        ]});
        super::graphs::update(
            db.add_graph(Owner::Release(release), "default"),
            stages.as_object().cloned().unwrap_or_default(),
        );
    }
    // Every environment has an empty graph of its own from the start.
    for cluster in &clusters {
        db.add_graph(Owner::Cluster(cluster.id), "default");
    }
    db.clusters = clusters;
    if scenario.deployed {
        primaries(&mut db, scenario);
    }
    db
}

fn row(scenario: &Scenario, node: &NodeSpec, ips: &BTreeMap<u32, String>) -> Node {
    Node {
        id: node.id,
        name: node.label.clone().unwrap_or_else(|| node.name.clone()),
        hostname: node.name.clone(),
        ip: ips.get(&node.id).cloned().unwrap_or_default(),
        cluster: match node.membership {
            Membership::Scenario => Some(scenario.env),
            Membership::Other(env) => Some(env),
            Membership::None => None,
        },
        roles: node.roles.clone(),
        status: node.status.clone(),
        error_type: node.error_type.clone(),
        error_msg: None,
        online: node.online,
        progress: if node.online { 100 } else { 0 },
        pending_addition: node.pending_addition,
        pending_deletion: node.pending_deletion,
        primary_tags: BTreeSet::new(),
        reachable: node.reachable_by_astute,
    }
}

/// An environment that was deployed has its primary nodes: those that the scenario names, else the first.
fn primaries(db: &mut Db, scenario: &Scenario) {
    let named: Vec<u32> = scenario.nodes.iter().filter(|node| node.primary).map(|node| node.id).collect();
    super::serialize::promote(db, scenario.env, &named);
    let all: Vec<u32> = db.nodes.iter().filter(|n| n.cluster == Some(scenario.env)).map(|n| n.id).collect();
    super::serialize::promote(db, scenario.env, &all);
}
