//! `install` against the lab: the unchanged graph runs on the nodes' trees, scripts and all.

use fuel_updates::lab::{Lab, NodeSpec, Scenario};

use crate::program::{MU_FILE, Program, mu};

/// A node with packages of its role, one of which the repositories have newer.
fn node(id: u32, role: &str) -> NodeSpec {
    let node =
        NodeSpec::new(id, &[role]).package("fuel-misc", "9.0.1").package("python-nova", "1").file(MU_FILE, mu(1));
    match role {
        "controller" => node.package("nova-api", "1").service("nova-api", true),
        _ => node.package("nova-compute", "1").service("nova-compute", true),
    }
}

fn scenario() -> Scenario {
    let roles = ["controller", "controller", "controller", "compute", "compute"];
    let nodes = (1..).zip(roles).map(|(id, role)| node(id, role));
    let repo = ["fuel-misc", "python-nova", "nova-api", "nova-compute"];
    let scenario = repo.iter().fold(Scenario::new().published(mu(2)), |s, package| s.repo(package, "9.0.2"));
    nodes.fold(scenario, Scenario::node)
}

#[test]
fn an_update_from_the_plan_to_the_proof() {
    let lab = Lab::start(scenario()).expect("a lab");
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 install --yes");
    println!("{}", ran.picture());
    assert_eq!(ran.code, Some(0));
    let again = program.run("-e 1 install --yes");
    println!("{}", again.picture());
}
