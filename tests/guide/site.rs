//! The labs of the guide, and what happens to them.

use fuel_lab::{Lab, NodeSpec, Scenario};

use crate::program::{MU_FILE, mu};
use crate::repository::{SiteMirror, published};

/// The announcement of an update whose packages [`SiteMirror`] makes.
fn announced(update: i64) -> String {
    format!(
        r#"{{"id": {update}, "title": "9.0-mu-{update}", "timestamp": {}, "doc_link": "https://docs.example.org/9.0-mu-{update}"}}"#,
        published(update)
    )
}

/// A controller and two computes with update 1, and a mirror with update 2.
fn scenario() -> Scenario {
    let node = |id: u32, roles: &[&str]| {
        let mut node = NodeSpec::new(id, roles).file(MU_FILE, announced(1)).package("nova-api", "2:1.0-1~u14.04+mos1");
        node.services.truncate(1);
        node.repo("nova-api", "2:2.0-1~u14.04+mos2").file("/etc/nova/nova.conf", "[DEFAULT]\n")
    };
    let scenario = Scenario::new().published(announced(2));
    scenario.node(node(1, &["controller"])).node(node(2, &["compute"])).node(node(3, &["compute"]))
}

/// Starts a lab by its name.
pub(crate) fn start(name: &str) -> Lab {
    match name {
        "a site with an update to install" => Lab::start(scenario()).expect("a lab"),
        "a site with a mirror of packages" => {
            let lab = Lab::start(scenario()).expect("a lab");
            if let Some(mirror) = SiteMirror::with_update(2) {
                mirror.announce("9.0", &announced(2));
                mirror.copy_to(&lab.mirror_dir());
            }
            lab
        }
        other => panic!("no lab is called `{other}`"),
    }
}

/// What the guide says that happens.
pub(crate) fn happens(lab: &Lab, what: &str) {
    match what {
        "a package of node-2 cannot be installed" => {
            lab.node(2).set_stub_fault("postinst", "nova-api").expect("a fault");
        }
        "node-2 is repaired" => lab.node(2).clear_stub_fault("postinst").expect("no fault"),
        "node-3 is switched off" => {
            lab.node(3).set_ssh_faults(&[fuel_lab::SshFault::Offline]).expect("a fault");
            lab.nailgun().set_online(3, false);
        }
        "node-3 is back" => {
            lab.node(3).set_ssh_faults(&[]).expect("no fault");
            lab.nailgun().set_online(3, true);
        }
        "node-2 is reinstalled" => lab.node(2).change_host_key().expect("a key"),
        "the run ends" => {
            assert!(lab.nailgun().wait_until_idle(std::time::Duration::from_secs(120)), "it does not end");
        }
        other => panic!("nobody knows how `{other}` happens"),
    }
}

#[test]
fn the_names_of_the_old_update_are_those_of_the_lab() {
    assert_ne!(mu(1), announced(1), "the guide's announcements belong to its packages");
}
