//! What the pre-check finds on one node changes nothing on any.

use std::fs::OpenOptions;

use rustix::fs::{FlockOperation, fcntl_lock};

use crate::e2e::inside::real;
use crate::e2e::packages;
use crate::e2e::site::Site;

/// An installation is refused because of a node, for a reason; the nodes are as they were.
fn refused(site: &Site, node: u32, reason: &str) {
    let before = site.systems();
    let ran = site.install("");
    assert_eq!(ran.code, Some(6), "{}", ran.picture());
    let (name, said) = (format!("node-{node}"), ran.picture());
    assert!(said.contains(reason) && said.contains(&name), "{reason} on {name}: {said}");
    assert!(said.contains("nothing was changed on any node"), "{said}");
    for ((id, before), after) in (1..).zip(&before).zip(&site.systems()) {
        assert!(before == after, "node-{id} changed because of {reason}");
    }
    assert_eq!(site.mus(), [None; 8]);
    site.assert_clean();
}

/// Once repaired, the pre-check passes.
fn repaired(site: &Site) {
    let ran = site.program.run("-e 1 install --precheck");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
}

real! {
    fn a_lock_a_full_disk_a_hold_a_removal(tools) {
        let site = Site::start(tools);
        site.release(1);

        let lock = |name: &str| {
            let path = site.node(4).root.join("var/lib/dpkg").join(name);
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).expect("a lock");
            fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive).expect("the lock");
            file
        };
        let held = [lock("lock-frontend"), lock("lock")];
        refused(&site, 4, "another process held the lock of dpkg");
        drop(held);
        repaired(&site);

        let small = "small=$(dirname $0)/small; mkdir $small && mount -t tmpfs -o size=190m tmpfs $small && \
             cp -a $0/var/. $small && mount --bind $small $0/var";
        site.node(6).run_outside(small);
        refused(&site, 6, "not enough space on /var");
        site.node(6).run_outside("umount $0/var $(dirname $0)/small");
        repaired(&site);

        site.node(5).run("apt-mark hold nova-compute");
        refused(&site, 5, "held packages would stay behind: nova-compute");
        assert_eq!(site.node(5).run("apt-mark showhold"), "nova-compute");
        site.node(5).run("apt-mark unhold nova-compute");
        repaired(&site);

        let mut offered = packages::offered(1);
        offered.retain(|(name, _)| name != "nova-api");
        offered.push(("nova-api".to_owned(), packages::NOVA_API_REPLACING.to_owned()));
        offered.push((packages::REPLACEMENT.0.to_owned(), packages::REPLACEMENT.1.to_owned()));
        site.offer(&offered);
        refused(&site, 1, "packages would be removed: python-nova");

        // A hold that stands in nobody's way stays.
        site.release(1);
        site.node(1).run("apt-mark hold tzdata");
        repaired(&site);
        site.install_well("");
        site.assert_complete(1);
        assert_eq!(site.node(1).run("apt-mark showhold"), "tzdata");
    }
}
