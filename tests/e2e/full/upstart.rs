//! An update of nodes whose first process is upstart, as on Ubuntu 14.04.

use crate::e2e::node::Node;
use crate::e2e::site::Site;
use crate::e2e::tools::Tools;

/// The process of a job; none if it does not run.
fn process(node: &Node, job: &str) -> Option<u32> {
    node.run(&format!("initctl status {job}")).split_once("start/running, process ")?.1.trim().parse().ok()
}

const JOBS: [&str; 4] = ["mcollective", "nova-compute", "neutron-openvswitch-agent", "libvirt-bin"];

/// Jobs restart once and keep running; one that dies and is started again is not committed, though upstart says that it runs.
fn jobs_restart_and_one_that_keeps_dying_is_found(tools: Tools) {
    let mut site = Site::start(tools);
    site.boot_by_upstart(4, &JOBS.map(|job| (job, "/bin/sleep infinity")));
    let processes = |site: &Site| JOBS.map(|job| process(site.node(4), job).expect("it runs"));
    let before = processes(&site);
    site.release(1);
    site.install_well("");
    site.assert_complete(1);
    let after = processes(&site);
    for ((job, before), after) in JOBS.into_iter().zip(before).zip(after) {
        assert_eq!(before == after, job == "libvirt-bin", "{job}: process {before}, then {after}");
    }

    site.release(2);
    let job = "start on startup\nrespawn\nrespawn limit unlimited\nexec /bin/sleep 0.1\n";
    site.node(4).write("/etc/init/nova-compute.conf", job);
    site.node(4).run("initctl reload-configuration; initctl stop nova-compute; initctl start nova-compute");
    let ran = site.install("");
    assert_eq!(ran.code, Some(6), "{}", ran.picture());
    let reason = "not running any more: nova-compute (crashes and is started again)";
    assert!(ran.picture().contains(reason), "{}\n{}", ran.picture(), site.logs());
    assert_eq!(site.mus(), [Some(1); 8], "committed nowhere");
    // Repaired, the next run ends well.
    site.node(4).write("/etc/init/nova-compute.conf", "start on startup\nrespawn\nexec /bin/sleep infinity\n");
    site.node(4).run("initctl reload-configuration; initctl stop nova-compute; initctl start nova-compute");
    site.install_well("");
    site.assert_complete(2);
}

mod jobs_restart_and_one_that_keeps_dying_is_found {
    crate::e2e::inside::over!(jobs_restart_and_one_that_keeps_dying_is_found, trusty, Trusty);
}
