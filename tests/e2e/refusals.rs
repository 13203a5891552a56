//! What must not be installed is not, and a failure stops the run before it spreads.

use fuel_lab::TaskFault;

use super::inside::real;
use super::node::PATIENCE;
use super::packages;
use super::site::{Site, Spoilt};

real! {
    fn an_update_whose_packages_are_not_there_is_committed_nowhere(tools) {
        let site = Site::start(tools);
        site.announce(1);
        let before = site.systems();
        let ran = site.install("");
        assert_eq!(ran.code, Some(6), "{}", ran.picture());
        assert!(ran.stderr.contains("the repositories hold nothing newer for node-[1-8]: is the package mirror synced?"), "{}", ran.picture());
        assert!(before == site.systems(), "something changed");
        assert_eq!(site.mus(), [None; 8]);
        site.assert_clean();

        // The repository of one controller is gone: found before anything changes anywhere.
        site.release(1);
        site.node(2).run_outside("umount $0/srv/mos");
        let ran = site.install("");
        assert_eq!(ran.code, Some(6), "{}", ran.picture());
        assert!(ran.picture().contains("node-2 | -      | -     | untouched | check failed; apt-get update"), "{}", ran.picture());
        assert!(before == site.systems(), "something changed");
        assert_eq!(site.mus(), [None; 8]);
        site.assert_clean();
        site.node(2).run_outside("mount --bind $1 $0/srv/mos");

        // A package is not in the repository, or is another one than its index says: the mirror may lack it only where one
        // role needs it, and still nothing changes anywhere.
        let what = "cinder-volume";
        for fault in [Spoilt::Missing, Spoilt::Damaged] {
            let whole = site.spoil(what, 1, fault);
            let ran = site.install("");
            assert_eq!(ran.code, Some(6), "{}", ran.picture());
            let reason = format!("FAILED: packages cannot be downloaded: E: Failed to fetch file:/srv/mos/pool/{what}_9.0.1-1.deb");
            assert!(ran.picture().contains("download failed"), "{}", ran.picture());
            assert!(ran.picture().contains(&reason), "{}", ran.picture());
            assert!(before == site.systems(), "something changed");
            assert_eq!(site.mus(), [None; 8]);
            site.assert_clean();
            site.mend(what, 1, &whole);
        }

        // Once the packages are on the nodes, the repositories are not needed any more.
        site.lab.nailgun().set_task_fault("mu_backup", None, Some(TaskFault::Hold));
        std::thread::scope(|scope| {
            let install = scope.spawn(|| site.install_well(""));
            for node in &site.nodes {
                assert!(site.lab.nailgun().wait_for("mu_download", node.kind.id, "ready", PATIENCE), "{}", site.logs());
            }
            assert!(before == site.systems(), "something changed");
            for node in &site.nodes {
                node.run_outside("umount $0/srv/mos");
            }
            site.lab.nailgun().set_task_fault("mu_backup", None, None);
            install.join().expect("the installation");
        });
        site.assert_complete(1);
    }

    fn a_package_that_fails_on_the_second_controller_stops_before_the_third(tools) {
        let site = Site::start(tools);
        site.release(1);
        site.node(2).write("/etc/e2e/fail-nova-api", "");
        let third = site.node(3).system();
        let ran = site.install("");
        assert_eq!(ran.code, Some(6), "{}", ran.picture());
        let said = ran.picture();
        assert!(said.contains("nova-api") && said.contains("node-2"), "{said}");

        assert_eq!(site.mus(), [None; 8], "nothing is committed anywhere");
        assert!(site.node(1).has_packages_of(1) && site.node(1).phase().as_deref() == Some("updated"));
        assert_eq!(site.node(2).phase().as_deref(), Some("packages"));
        assert!(site.node(2).version("nova-api").contains("iF"), "{}", site.node(2).version("nova-api"));
        // The third has the new agents, which go to all nodes first, and nothing else.
        let changed = ["nailgun-agent", "mcollective"];
        for name in site.node(3).packages() {
            assert_eq!(site.node(3).version(name), packages::version(u64::from(changed.contains(&name))), "{name}");
        }
        assert_ne!(third, site.node(3).system(), "the agents are there");
        site.assert_clean();
        let check = site.program.run("-e 1 -q check installed -f value -c name -c state");
        let states: Vec<&str> = check.stdout.lines().take(3).collect();
        assert_eq!(states, ["node-1 incomplete", "node-2 incomplete", "node-3 incomplete"], "{}", check.picture());

        // Repaired, the next run ends well, and does not do again what is done.
        site.node(2).remove("/etc/e2e/fail-nova-api");
        let restarts = site.node(1).restarts("nova-api");
        site.install_well("");
        site.assert_complete(1);
        assert_eq!(site.node(1).restarts("nova-api"), restarts, "a finished node passes");
    }
}
