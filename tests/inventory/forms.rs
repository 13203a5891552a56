//! One environment of six nodes in every form: two controllers, one node with two roles, one renamed, one about to be
//! deleted, one of another environment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fuel_updates::domain::inventory::Inventory;
use fuel_updates::domain::node::Node;
use fuel_updates::domain::numbers::EnvId;
use fuel_updates::domain::select::Selection;
use fuel_updates::inventory;
use insta::assert_snapshot;

const FORMS: &[&str] = &[
    "native.yaml",
    "nailgun.json",
    "fuel-v1.json",
    "fuel2.json",
    "ansible.ini",
    "astute-7.0.yaml",
    "astute-8.0.yaml",
    "astute-9.2-slave.yaml",
    "astute-9.2-master.yaml",
    "cluster-10.0.yaml",
];

pub(super) fn six(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inventory/six").join(name)
}

fn read(name: &str) -> Inventory {
    inventory::read(&six(name), Some(EnvId(2))).unwrap_or_else(|e| panic!("{e}")).inventory
}

/// Address → node: the one key that every form carries.
fn by_address(inventory: &Inventory) -> BTreeMap<String, &Node> {
    inventory.nodes.iter().map(|n| (n.host.to_string(), n)).collect()
}

#[test]
fn every_form_agrees_with_nailguns_own() {
    let truth = read("nailgun.json");
    let truth = by_address(&truth);
    assert_eq!(truth.len(), 4, "without the one about to be deleted and the other environment's");
    for form in FORMS {
        let inventory = read(form);
        for (address, node) in &by_address(&inventory) {
            if address == "10.20.0.10" {
                // About to be deleted: only Nailgun's full lists know; it is listed, not lost.
                assert_eq!((node.id.map_or(8, |id| id.0), node.roles.join("+")), (8, "cinder".to_owned()), "{form}");
                continue;
            }
            let expected = truth.get(address).unwrap_or_else(|| panic!("{form}: {address} is no node of it"));
            // The sections of an INI file come by name; the roles are the same.
            let roles = |node: &Node| BTreeSet::from_iter(node.roles.clone());
            assert_eq!(roles(node), roles(expected), "{form}: {address}");
            assert_eq!(node.roles.len(), expected.roles.len(), "{form}: {address}");
            assert_eq!(node.port(), 22, "{form}: {address}");
            if *form != "fuel2.json" {
                assert_eq!(node.name, expected.name, "{form}: {address}");
            }
            for (own, theirs) in [(&node.fqdn, &expected.fqdn), (&node.label, &expected.label)] {
                assert!(own.is_none() || own == theirs, "{form}: {address}: {own:?}, not {theirs:?}");
            }
            assert!(node.id.is_none() || node.id == expected.id, "{form}: {address}");
        }
        let addresses = by_address(&inventory);
        assert!(truth.keys().all(|a| addresses.contains_key(a)), "{form} misses one of {truth:?}");
    }
}

/// The table of `inventory/README.md`, from what is really read.
#[test]
fn what_each_form_lacks() {
    let mark = |has: bool| if has { "yes" } else { "no" };
    let mut table =
        "| form | env | MOS version | id | host name | fqdn | label | left out |\n|---|---|---|---|---|---|---|---|\n"
            .to_owned();
    for form in FORMS {
        let text = std::fs::read_to_string(six(form)).expect("a fixture");
        let list = read(form);
        let all = |f: &dyn Fn(&Node) -> bool| mark(list.nodes.iter().all(f));
        // The renamed node tells whether the host name is the real one.
        let renamed = list.nodes.iter().any(|n| n.name == "rack3-kvm");
        let left_out: Vec<String> = list.left_out.iter().map(|(r, n)| format!("{n} {}", r.as_str())).collect();
        // A list of several environments does not say which one is meant.
        let env = match (inventory::parse(&text, None), form.ends_with(".json")) {
            (Ok(list), _) => list.env.map_or("no".to_owned(), |env| env.to_string()),
            (Err(_), true) => "several".to_owned(),
            (Err(error), false) => panic!("{form}: {error:?}"),
        };
        table += &format!(
            "| {form} | {env} | {} | {} | {} | {} | {} | {} |\n",
            list.mos_version.as_deref().unwrap_or("no"),
            all(&|n| n.id.is_some()),
            mark(renamed),
            all(&|n| n.fqdn.is_some()),
            all(&|n| n.label.is_some()),
            left_out.join(", "),
        );
    }
    let page = include_str!("../../inventory/README.md");
    assert!(page.contains(&table), "inventory/README.md must hold this table:\n{table}");
}

#[test]
fn six_one_says_what_it_lacks() {
    let error =
        inventory::read(&six("astute-6.1.yaml"), Some(EnvId(2))).expect_err("no addresses of the admin network");
    assert_snapshot!(error.to_string().replace(&six("").display().to_string(), ""), @"astute-6.1.yaml: this astute.yaml has no `network_metadata`: MOS 6.1 and older do not list the other nodes' addresses in the admin network; write an inventory, or import one of Nailgun's node lists");
}

#[test]
fn a_selection_means_the_same_in_every_form_that_has_ids() {
    for form in FORMS.iter().filter(|f| **f != "ansible.ini") {
        let pick = |nodes: &str, roles: &str, exclude: &str| -> Vec<u32> {
            let list = |t: &str| if t.is_empty() { vec![] } else { vec![t.to_owned()] };
            let selection = Selection { nodes: list(nodes), roles: list(roles), exclude: list(exclude) };
            let picked = selection.apply(read(form).nodes).unwrap_or_else(|e| panic!("{form}: {e}"));
            picked.iter().filter_map(|n| n.id.map(|id| id.0)).collect()
        };
        assert_eq!(pick("1-7", "compute", ""), [5, 7], "{form}");
        assert_eq!(pick("node-[1-2],7", "", "1"), [2, 7], "{form}");
        assert_eq!(pick("", "primary-controller,ceph-osd", ""), [1, 2, 5], "{form}");
    }
}
