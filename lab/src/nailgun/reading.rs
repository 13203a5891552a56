//! What can be read and is not about graphs: version, environments, nodes, releases, notifications.

use crate::seed::MOS_REPOSITORIES;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::super::NailgunMode;
use super::super::web::{Request, Response};
use super::answer::{Answer, bad_method, json_answer, missing};
use super::db::{Cluster, Db, Node, RELEASE};
use super::graphs::body;

pub(super) fn version(mode: NailgunMode) -> Value {
    let mut version = json!({
        "release": mode.release(),
        "api": "1",
        "auth_required": true,
        "feature_groups": ["experimental", "advanced"],
    });
    if mode < NailgunMode::V9_2 {
        version["openstack_version"] = json!("mitaka-9.0");
    }
    version
}

pub(super) fn clusters(db: &Db) -> Answer {
    Ok(json_answer(200, &db.clusters.iter().map(|cluster| one_cluster(db, cluster)).collect()))
}

/// One environment. A client may change its status, which is how an operator frees one that is `error`.
pub(super) fn cluster(db: &mut Db, id: u32, request: &Request) -> Answer {
    let place = db.clusters.iter().position(|cluster| cluster.id == id).ok_or_else(|| missing("Cluster"))?;
    match request.method.as_str() {
        "GET" => {}
        "PUT" => {
            let body = body(request)?;
            if let Some(status) = body["status"].as_str() {
                status.clone_into(&mut db.clusters[place].status);
            }
        }
        _ => return Err(bad_method()),
    }
    Ok(json_answer(200, &one_cluster(db, &db.clusters[place])))
}

fn one_cluster(db: &Db, cluster: &Cluster) -> Value {
    let of_cluster = db.nodes.iter().filter(|node| node.cluster == Some(cluster.id));
    let general = ["attributes", "networks", "vmware_attributes"].map(|name| json!({"name": name, "node_id": null}));
    let own = of_cluster.flat_map(|node| ["interfaces", "disks"].map(|name| json!({"name": name, "node_id": node.id})));
    json!({
        "id": cluster.id,
        "name": cluster.name,
        "status": cluster.status,
        "release_id": RELEASE,
        "mode": "ha_compact",
        "net_provider": "neutron",
        // The master's release when the environment was made; its nodes carry the same.
        "fuel_version": cluster.version,
        "is_customized": false,
        "is_locked": false,
        "components": [],
        // Before 9.1 a deployment settles them.
        "changes": general.into_iter().chain(own).filter(|_| db.mode.executes_graphs()).collect::<Vec<_>>(),
        "ui_settings": {
            "view_mode": "standard", "filter": {}, "sort": [{"roles": "asc"}], "filter_by_labels": {}, "sort_by_labels": [],
            "search": "",
        },
    })
}

pub(super) fn attributes(db: &Db, id: u32) -> Answer {
    let cluster = db.cluster(id).ok_or_else(|| missing("Cluster"))?;
    let version = &cluster.version;
    let repository = |name: &str, uri: String, suite: String, section: &str, priority: Value| json!({"name": name, "type": "deb", "uri": uri, "suite": suite, "section": section, "priority": priority});
    let ubuntu = |name: &str, suite: &str| {
        let uri = "http://archive.example.org/ubuntu/".to_owned();
        repository(name, uri, suite.to_owned(), "main universe multiverse", Value::Null)
    };
    let mut repositories = vec![
        ubuntu("ubuntu", "trusty"),
        ubuntu("ubuntu-updates", "trusty-updates"),
        ubuntu("ubuntu-security", "trusty-security"),
    ];
    repositories.extend(MOS_REPOSITORIES.map(|(name, part)| {
        let priority = if name == "mos-holdback" { 1100 } else { 1050 };
        repository(name, cluster.mos_uri.clone(), format!("mos{version}{part}"), "main restricted", json!(priority))
    }));
    let body = json!({
        "generated": {"cobbler": {"profile": "ubuntu_1404_x86_64"}},
        "editable": {"repo_setup": {
            "metadata": {"group": "general", "label": "Repositories", "weight": 50, "always_editable": true},
            "repos": {
                "type": "custom_repo_configuration", "description": "Please note: …", "extra_priority": null,
                "value": repositories,
            },
        }},
    });
    Ok(json_answer(200, &body))
}

pub(super) fn releases(db: &Db) -> Answer {
    let versions = ["liberty-8.0", "mitaka-9.0", "newton-10.0"];
    let all: Vec<Value> = (1..)
        .zip(versions)
        .map(|(id, version)| {
            let state = if id == RELEASE { "available" } else { "unavailable" };
            json!({
                "id": id, "name": format!("Ubuntu release {version}"), "version": version, "operating_system": "Ubuntu",
                "state": state, "is_deployable": id == RELEASE, "description": "", "modes": ["ha_compact"],
            })
        })
        .collect();
    debug_assert!(!db.clusters.is_empty());
    Ok(json_answer(200, &all.into()))
}

/// Nodes, all of them or those of an environment; an empty value asks for those of none. The order is the
/// database's, which is to say none.
pub(super) fn nodes(db: &Db, request: &Request) -> Answer {
    let wanted = request.arg("cluster_id");
    let mut found: Vec<&Node> = db
        .nodes
        .iter()
        .filter(|node| match wanted {
            None => true,
            Some("") => node.cluster.is_none(),
            Some(id) => node.cluster.is_some_and(|cluster| cluster.to_string() == id),
        })
        .collect();
    if found.len() > 2 {
        found.rotate_left(2);
    }
    Ok(json_answer(200, &found.into_iter().map(node_form).collect()))
}

pub(super) fn node(db: &Db, id: u32) -> Answer {
    let node = db.nodes.iter().find(|node| node.id == id).ok_or_else(|| missing("Node"))?;
    Ok(json_answer(200, &node_form(node)))
}

pub(super) fn node_form(node: &Node) -> Value {
    let mac = format!("52:54:00:aa:{:02x}:{:02x}", node.id / 256 % 256, node.id % 256);
    let (roles, pending) = if node.pending_addition { (&[][..], &node.roles[..]) } else { (&node.roles[..], &[][..]) };
    let mut network = json!({"name": "public", "cidr": "172.16.0.0/24", "vlan": null, "dev": "eth0"});
    // Only controllers have an address in the public network.
    if node.roles.iter().any(|role| role == "controller") {
        network["ip"] = json!(format!("172.16.0.{}/24", node.id % 250 + 2));
        network["netmask"] = json!("255.255.255.0");
        network["brd"] = json!("172.16.0.255");
        network["gateway"] = json!("172.16.0.1");
    }
    json!({
        "id": node.id,
        "name": node.name,
        "hostname": node.hostname,
        "fqdn": format!("{}.domain.tld", node.hostname),
        "ip": node.ip,
        "mac": mac,
        "cluster": node.cluster,
        "group_id": node.cluster,
        "status": node.status,
        "online": node.online,
        "progress": node.progress,
        "error_type": node.error_type,
        "roles": roles,
        "pending_roles": pending,
        "pending_addition": node.pending_addition,
        "pending_deletion": node.pending_deletion,
        "labels": {},
        "kernel_params": null,
        "manufacturer": "Lab",
        "platform_name": "X9DRW",
        "os_platform": if node.status == "discover" { "bootstrap" } else { "ubuntu" },
        "network_data": [network],
        "meta": {
            "cpu": {"total": 4, "real": 1, "spec": [{"model": "Lab CPU", "frequency": 2600}]},
            "memory": {"total": 8_589_934_592_u64, "maximum_capacity": 8_589_934_592_u64},
            "disks": [{"name": "sda", "disk": "sda", "size": 107_374_182_400_u64, "model": "QEMU HARDDISK"}],
            "interfaces": [{"name": "eth0", "mac": mac, "ip": node.ip, "netmask": "255.255.255.0", "driver": "virtio_net"}],
            "system": {"product": "X9DRW", "manufacturer": "Lab", "family": "To be filled by O.E.M.", "serial": "0"},
        },
    })
}

pub(super) fn notifications(db: &Db) -> Response {
    let all: Vec<Value> = db
        .notifications
        .iter()
        .map(|one| {
            let at = one.at.to_zoned(TimeZone::UTC);
            json!({
                "id": one.id, "topic": one.topic, "status": "unread", "cluster": one.cluster, "node_id": one.node,
                "task_id": null, "message": one.message, "date": at.strftime("%d-%m-%Y").to_string(),
                "time": at.strftime("%H:%M:%S").to_string(),
            })
        })
        .collect();
    json_answer(200, &all.into())
}
