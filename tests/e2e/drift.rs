//! Drift on real nodes: what is planted is found, and nothing else is.

use std::collections::BTreeSet;

use serde_json::Value;

use super::inside::real;
use super::node::Node;
use super::packages;
use super::site::Site;
use super::tools::Tools;
use crate::program::{MU_FILE, mu};

/// The package lists of the MOS repositories alone: without Debian's own nothing is asked of a network.
const UPDATE: &str = "rm -rf /var/lib/apt/lists/* && mkdir -p /var/lib/apt/lists/partial && apt-get update -o Dir::Etc::sourcelist=/dev/null >/dev/null";

/// Installs a package of an update, by dpkg alone.
fn install(node: &Node, name: &str, update: u64) {
    let version = packages::version(update);
    node.run(&format!("dpkg -i /srv/mos/pool/{name}_{version}.deb >/dev/null 2>&1 || [ -e /etc/e2e/fail-{name} ]"));
}

/// Makes a service one that is written in Python, as those of OpenStack are: its process is the interpreter.
fn serve_by_python(node: &Node, service: &str) {
    node.run(&format!(
        "kill $(cat /run/{service}.pid); python3 -c 'import time; time.sleep(100000)' >/dev/null 2>&1 </dev/null &
         echo $! >/run/{service}.pid"
    ));
}

/// Each difference of a report as `KIND NAME: VALUE on NODES` for each value that is not the majority's. Checksums and times are
/// not the same twice.
fn found(report: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for difference in report["differences"].as_array().expect("differences") {
        for other in difference["others"].as_array().expect("values") {
            let value = other["value"].as_str().unwrap_or("-");
            let value = match value.split_once(" (") {
                Some(("changed", _)) => "changed",
                _ => value,
            };
            let text = |name: &str| difference[name].as_str().expect(name).to_owned();
            let value = match text("kind").as_str() {
                "config" | "key" => "a checksum",
                // The kernel of this machine runs on all nodes.
                "reboot" if value.starts_with("required: kernel 99.0.0-1-generic is installed, ") => {
                    "required by a kernel"
                }
                "clock" if value.ends_with(" s ahead") => "ahead",
                _ => value,
            };
            found.insert(format!(
                "{} {}: {value} on {}",
                text("kind"),
                text("name"),
                other["nodes"].as_str().expect("nodes")
            ));
        }
    }
    found
}

/// All that was planted is found, and nothing is invented.
fn assert_same(found: &BTreeSet<String>, planted: &BTreeSet<String>) {
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>().join("\n  ");
    assert!(found == planted, "not found:\n  {}\ninvented:\n  {}", only(planted, found), only(found, planted));
}

/// Plants differences of every kind. Each line says what must be found of it.
fn plant(site: &Site) -> Vec<&'static str> {
    let [one, two, three, four, five, six, seven, eight] = [1, 2, 3, 4, 5, 6, 7, 8].map(|id| site.node(id));
    let mut planted = Vec::new();
    let mut expect = |lines: &[&'static str]| planted.extend_from_slice(lines);

    // Packages: another version, one missing, one that came from elsewhere, one held, one that failed, one out of date.
    install(one, "nova-api", 1);
    expect(&[
        "package nova-api: 9.0.1-1 on node-1",
        "unknown-origin nova-api: this version in no repository on node-1",
    ]);
    two.run("service neutron-server stop; dpkg --purge neutron-server >/dev/null 2>&1");
    expect(&["package neutron-server: - on node-2", "service neutron-server: - on node-2"]);
    // Built by this machine's tools, as all packages here: an old dpkg-deb does not know a new tar.
    three.run_outside(
        "mkdir -p \"$0/tmp/c/DEBIAN\" && printf 'Package: customers-tool\\nVersion: 1\\nArchitecture: all\\nMaintainer: x\\nDescription: x\\n' \
         >\"$0/tmp/c/DEBIAN/control\" && dpkg-deb --root-owner-group --no-uniform-compression -Znone --build \"$0/tmp/c\" \"$0/tmp/c.deb\" >/dev/null",
    );
    three.run("dpkg -i /tmp/c.deb >/dev/null && rm -r /tmp/c /tmp/c.deb");
    expect(&["package customers-tool: 1 on node-3"]);
    four.run("echo nova-compute hold | dpkg --set-selections");
    expect(&["held nova-compute: held on node-4"]);
    five.write("/etc/e2e/fail-neutron-openvswitch-agent", "");
    install(five, "neutron-openvswitch-agent", 0);
    expect(&["half-configured neutron-openvswitch-agent: half-configured on node-5"]);
    let mut offered = packages::offered(0);
    offered.retain(|(name, _)| name != "libvirt-bin");
    offered.push(("libvirt-bin".to_owned(), packages::version(1)));
    site.offer(&offered);
    for node in [four, five, six, seven] {
        node.run(UPDATE);
    }
    for node in [four, five, seven] {
        install(node, "libvirt-bin", 1);
    }
    expect(&["package libvirt-bin: 9.0.0-1 on node-6", "upgradable libvirt-bin: 9.0.1-1 on node-6"]);

    // What apt is told.
    four.write("/etc/apt/sources.list.d/lab.list", "deb http://user:secret@mirror.example.org/lab trusty main\n");
    expect(&["source deb http://***@mirror.example.org/lab trusty main: listed on node-4"]);
    five.write("/etc/apt/preferences.d/lab.pref", "Package: nova-*\nPin: version 9.0.0-1\nPin-Priority: 1001\n");
    expect(&["pin nova-*, version 9.0.0-1: 1001 on node-5"]);
    six.write("/etc/apt/trusted.gpg.d/lab.gpg", "a key");
    expect(&["key trusted.gpg.d/lab.gpg: a checksum on node-6"]);
    one.write("/etc/apt/apt.conf.d/99lab", "Acquire::Retries \"7\";\n");
    expect(&["apt-config Acquire::Retries: 7 on node-1"]);

    // The system.
    two.write("/boot/vmlinuz-99.0.0-1-generic", "");
    expect(&["kernel newest installed: 99.0.0-1-generic on node-2", "reboot reboot: required by a kernel on node-2"]);
    three.write("/run/reboot-required", "");
    three.write("/run/reboot-required.pkgs", "libc6\nlinux-base\nlibc6\n");
    expect(&["reboot reboot: required by libc6 linux-base on node-3"]);
    one.write("/etc/timezone", "Europe/Berlin\n");
    expect(&["time-zone time zone: Europe/Berlin on node-1"]);
    two.write("/usr/local/bin/date", "#!/bin/sh\nexec /bin/date -d '+10 minutes' \"$@\"\n");
    two.run("chmod 755 /usr/local/bin/date");
    expect(&["clock clock: ahead on node-2"]);

    // Services.
    four.run("service nova-compute stop");
    expect(&["service nova-compute: stopped on node-4"]);
    // Each process begins before the one before it ends: at every moment one runs. It goes before everything else on a busy
    // machine: between two looks of a check there must be another process. What comes and goes is where `everything` does not look.
    six.run(
        "mkdir -p /.lab; setsid nice -n -20 sh -c 'old=$(cat /run/libvirt-bin.pid); while :; do sleep 1000 & echo $! >/.lab/pid; \
         mv /.lab/pid /run/libvirt-bin.pid; sleep 0.02; kill $old; old=$!; done' >/dev/null 2>&1 </dev/null &",
    );
    expect(&["service libvirt-bin: keeps restarting on node-6"]);
    five.run("cp /bin/sleep /bin/sleep.new && mv /bin/sleep.new /bin/sleep");
    expect(&[
        "service mcollective: runs old code on node-5",
        "service nova-compute: runs old code on node-5",
        "service libvirt-bin: runs old code on node-5",
        "service neutron-openvswitch-agent: runs old code on node-5",
    ]);
    // Of a service in Python no mapped file is replaced: a package that it depends on was unpacked after its start.
    install(two, "python-nova", 0);
    expect(&["service nova-api: runs old code on node-2"]);

    // The update.
    four.write(MU_FILE, &mu(1));
    expect(&[
        "update mu-version.json: 9.0-mu-1 (id 1, timestamp 1467733677) on node-4",
        "update fuel-misc beside mu-version.json: 9.0.0-1 beside 9.0-mu-1 on node-4",
    ]);
    // This one ships a mu-version.json, which somebody then changed.
    three.run(&format!("dpkg -i /srv/mos/pool/fuel-misc_{}.deb >/dev/null", packages::FUEL_MISC_CONFFILE));
    three.run(&format!("echo >>{MU_FILE}"));
    expect(&[
        "package fuel-misc: 9.0.1-1+conffile on node-3",
        "update mu-version.json: 9.0-mu-1 (id 1, timestamp 1467733677) on node-3",
        "update mu-version.json of fuel-misc: another than fuel-misc ships on node-3",
        "update fuel-misc beside mu-version.json: 9.0.1-1+conffile beside 9.0-mu-1 on node-3",
        "unknown-origin fuel-misc: this version in no repository on node-3",
    ]);
    let astute = three.read("/etc/astute.yaml").expect("its settings");
    three.write("/etc/astute.yaml", &astute.replace("9.0", "9.1"));
    expect(&["update fuel_version: 9.1 on node-3"]);

    // Nodes that are alone in their roles are compared with all others in what they share.
    install(seven, "python-nova", 1);
    expect(&[
        "package python-nova: 9.0.1-1 on node-7",
        "unknown-origin python-nova: this version in no repository on node-7",
    ]);
    eight.run("echo nailgun-agent hold | dpkg --set-selections");
    expect(&["held nailgun-agent: held on node-8"]);
    planted
}

real! {
    fn what_is_planted_is_found_and_nothing_else(tools) {
        let site = Site::start(tools);
        for node in &site.nodes {
            node.run(UPDATE);
            // The node's own name and number are no difference of a configuration file.
            let id = node.kind.id;
            node.write("/etc/nova/nova.conf", &format!("# written for node-{id}\n[DEFAULT]\nhost = node-{id}\ndebug = false\n"));
        }
        for id in 1..=3 {
            serve_by_python(site.node(id), "nova-api");
        }
        let before: Vec<String> = site.nodes.iter().map(Node::everything).collect();
        for run in 0..10 {
            let ran = site.program.run("-e 1 -q check drift");
            assert_eq!((ran.code, ran.stdout.lines().next()), (Some(0), Some("all 8 nodes agree")), "run {run}: {}", ran.picture());
        }
        let all = site.program.run("-e 1 -q check drift --files --config-files");
        assert_eq!(all.code, Some(0), "{}", all.picture());
        assert!(before == site.nodes.iter().map(Node::everything).collect::<Vec<_>>(), "a check changes a node");

        let mut planted: BTreeSet<String> = plant(&site).into_iter().map(str::to_owned).collect();
        let before: Vec<String> = site.nodes.iter().map(Node::system).collect();
        let ran = site.program.run("-e 1 -q check drift -f json --save before.json");
        assert_eq!(ran.code, Some(4), "{}", ran.picture());
        assert_same(&found(&ran.json()), &planted);
        assert!(planted.len() >= 15, "{}", planted.len());

        // What is only looked at when it is asked for.
        site.node(6).run("echo '# mine' >>/etc/init.d/nova-compute; rm /usr/bin/yes");
        site.node(2).write("/etc/nova/nova.conf", "[DEFAULT]\nhost = node-2\ndebug = true\n");
        planted.extend(["file /etc/init.d/nova-compute: changed on node-6", "config /etc/nova/nova.conf: a checksum on node-2"].map(str::to_owned));
        planted.insert("file /usr/bin/yes: missing of coreutils on node-6".to_owned());
        let ran = site.program.run("-e 1 -q check drift --files --config-files -f json");
        assert_same(&found(&ran.json()), &planted);
        let after: Vec<String> = site.nodes.iter().map(Node::system).collect();
        let changed: Vec<u32> = (1..).zip(before.iter().zip(&after)).filter(|(_, (b, a))| b != a).map(|(id, _)| id).collect();
        assert_eq!(changed, [2, 6], "only what the test itself changed");

        // One node repaired: nothing but that is different from before.
        install(site.node(1), "nova-api", 0);
        let since = site.program.run("-e 1 -q check drift --against before.json -f json").json();
        let names: Vec<&str> = since["against"]["changes"].as_array().expect("changes").iter().map(|c| c["name"].as_str().expect("a name")).collect();
        assert_eq!(names, ["nova-api", "nova-api"], "its version, and its origin: {since}");

        // While dpkg is at work on a node it is not compared.
        let lock = r#"perl -MFcntl -e 'open F,">>","/var/lib/dpkg/lock"; my $l=pack("s s x4 q q i x4",F_WRLCK,0,0,0,0);
            fcntl(F,F_SETLK,$l) or die; open G,">","/run/held"; sleep 1000' >/dev/null 2>&1 </dev/null &
            while [ ! -e /run/held ]; do kill -0 $! || exit 1; sleep 0.01; done"#;
        site.node(1).run(lock);
        let ran = site.program.run("-e 1 -q check drift");
        assert_eq!(ran.code, Some(3), "{}", ran.picture());
        assert!(ran.stdout.contains("not compared: busy node-1 (somebody holds the lock of dpkg"), "{}", ran.picture());
    }
}

/// Jobs of upstart, which Ubuntu 14.04's nodes have.
fn jobs_of_upstart(tools: Tools) {
    let mut site = Site::start(tools);
    for id in 1..=3 {
        site.node(id).run(UPDATE);
        site.node(id).run("cp /bin/sleep /usr/bin/served");
        let [sleep, served] = ["sleep infinity", "served infinity"];
        site.boot_by_upstart(id, &[("mcollective", sleep), ("nova-api", served), ("neutron-server", sleep)]);
    }
    let check = "-e 1 -q --nodes 1-3 check drift";
    for run in 0..5 {
        let ran = site.program.run(check);
        let first = ran.stdout.lines().next();
        assert_eq!((ran.code, first), (Some(0), Some("all 3 nodes agree")), "run {run}: {}", ran.picture());
    }
    let one = site.program.run(&format!("{check} --package neutron-server"));
    assert!(one.stdout.contains("\nservice neutron-server: running on node-[1-3]\n"), "{}", one.picture());

    site.node(1).run("initctl stop mcollective");
    site.node(2).run("cp /usr/bin/served /usr/bin/served.new && mv /usr/bin/served.new /usr/bin/served");
    // One that dies and is started again: upstart says at each look that it runs, with another process.
    site.node(3).write("/etc/init/neutron-server.conf", "respawn\nrespawn limit unlimited\nexec sleep 0.02\n");
    site.node(3).run("initctl reload-configuration; initctl stop neutron-server; initctl start neutron-server");
    let ran = site.program.run(&format!("{check} -f json"));
    let planted = [
        "service mcollective: stopped on node-1",
        "service nova-api: runs old code on node-2",
        "service neutron-server: keeps restarting on node-3",
    ];
    assert_same(&found(&ran.json()), &planted.map(str::to_owned).into());
}

mod jobs_of_upstart {
    #[test]
    fn trusty() {
        super::super::inside::inside(concat!(module_path!(), "::trusty"), super::Tools::Trusty, super::jobs_of_upstart);
    }
}
