//! Whatever breaks off in the middle, nothing is lost: the next run ends well.

use std::fs;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::e2e::inside::real;
use crate::e2e::node::Node;
use crate::e2e::packages;
use crate::e2e::site::Site;
use crate::program::Ran;

/// Processes of a node whose command line holds a word.
fn processes(node: &Node, word: &str) -> Vec<Pid> {
    let entries =
        fs::read_dir("/proc").expect("/proc").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let there = |pid: &i32| fs::read_link(format!("/proc/{pid}/root")).is_ok_and(|root| root == node.root);
    let named = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains(word));
    entries.filter(there).filter(named).filter_map(Pid::from_raw).collect()
}

/// Runs an installation; once the second controller waits in the middle of its upgrade, `then` happens.
fn in_the_middle(site: &Site, then: impl FnOnce()) -> Ran {
    site.node(2).write("/etc/e2e/wait-nova-api", "");
    std::thread::scope(|scope| {
        let run = scope.spawn(|| site.install(""));
        site.node(2).wait_for_file("/etc/e2e/waits-nova-api");
        then();
        run.join().expect("a run")
    })
}

/// The run failed at the second controller, and the third is as the agents left it.
fn assert_stopped(site: &Site, ran: &Ran) {
    let said = ran.picture();
    assert_eq!(ran.code, Some(6), "{said}\n{}", site.logs());
    assert!(said.contains("node-2"), "{said}");
    assert_eq!(site.mus(), [None; 8], "nothing is committed");
    assert_eq!(site.node(3).version("nova-api"), packages::version(0), "the third is untouched");
    assert_eq!(site.node(1).phase().as_deref(), Some("updated"));
}

/// The next run ends well, and passes the node that was finished.
fn assert_goes_on(site: &Site) {
    let restarts = site.node(1).restarts("nova-api");
    site.install_well("");
    site.assert_complete(1);
    assert_eq!(site.node(1).restarts("nova-api"), restarts, "a finished node passes");
    assert_eq!(site.node(2).restarts("neutron-server"), 1, "{:?}", site.node(2).asked());
}

real! {
    fn the_script_is_killed(tools) {
        let site = Site::start(tools);
        site.release(1);
        let ran = in_the_middle(&site, || {
            let scripts = processes(site.node(2), "node.sh");
            assert!(!scripts.is_empty(), "a script is at work");
            // A subshell may be gone with the script that waited for it.
            let killed = scripts.into_iter().filter(|script| kill_process(*script, Signal::KILL).is_ok()).count();
            assert!(killed > 0, "it is killed");
            site.node(2).remove("/etc/e2e/wait-nova-api");
        });
        assert_stopped(&site, &ran);
        site.assert_clean();
        assert_goes_on(&site);
    }

    fn the_node_loses_power(tools) {
        let mut site = Site::start(tools);
        site.release(1);
        let pid = site.node(2).init_pid();
        let ran = in_the_middle(&site, || {
            site.lab.nailgun().set_online(2, false);
            site.lab.nailgun().set_reachable(2, false);
            kill_process(pid, Signal::KILL).expect("power off");
        });
        assert_stopped(&site, &ran);
        assert!(ran.picture().contains("node-2: temporary changes may remain (it could not be asked"), "{}", ran.picture());
        site.node(2).remove("/etc/e2e/wait-nova-api");
        site.boot(2);
        site.lab.nailgun().set_online(2, true);
        site.lab.nailgun().set_reachable(2, true);
        assert_goes_on(&site);
    }

    fn the_client_is_killed(tools) {
        let site = Site::start(tools);
        site.release(1);
        site.node(2).write("/etc/e2e/wait-nova-api", "");
        let mut client = site.program.command("-e 1 install --yes").stderr(Stdio::null()).spawn().expect("a client");
        site.node(2).wait_for_file("/etc/e2e/waits-nova-api");
        client.kill().expect("it is killed");
        client.wait().expect("it is gone");
        let check = site.program.run("-e 1 -q check installed -f value -c name -c state");
        assert!(check.stdout.contains("node-1 incomplete\nnode-2 updating\nnode-3 "), "{}", check.picture());
        site.node(2).remove("/etc/e2e/wait-nova-api");
        let ran = site.program.run("-e 1 install --attach");
        assert_eq!(ran.code, Some(0), "{}\n{}", ran.picture(), site.logs());
        site.assert_complete(1);
    }
}
