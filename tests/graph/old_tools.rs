//! What the tools of Ubuntu 14.04 and 16.04 do otherwise than newer ones, and settings that change what tools do.

use crate::node::{NODE_PHASES, Node, scripts};

#[test]
fn a_lock_that_somebody_holds_stops_only_what_changes_packages() {
    let node = Node::new(&["compute"]);
    node.services(&["nova-compute"]);
    node.pass(&["check", "backup", "agents", "update"]);
    // apt 1.0 would take the lock for `update` and `-s`, too.
    node.fault("dpkg-lock", "");
    node.pass(&["agents", "update", "verify"]);
}

#[test]
fn only_apt_s_and_dpkg_s_own_words_mean_their_lock() {
    let mut node = Node::new(&["compute"]);
    node.pass(&["check", "backup", "agents"]);
    // The package prints `Could not get lock /run/lock/…`.
    node.fault("postinst", "nova-common");
    node.calls("");
    let reason = node.refusal("update");
    assert!(reason.starts_with("apt-get dist-upgrade: dpkg: error processing package nova-common"), "{reason}");
    assert_eq!(node.calls("apt-get").iter().filter(|call| call.contains("--no-remove")).count(), 1);
    node.values.run = "20261124T000000Z-0002".into();
    node.refusal("update");
    assert_eq!(node.calls("dpkg --force-confdef").len(), 1, "what a package says is no reason to try again");
}

/// What `apt-get update` of both old releases prints, and the reason that an operator gets.
#[test]
fn the_reason_of_apt_comes_with_its_url() {
    const REST: &str = "W: Some index files failed to download. They have been ignored, or old ones used instead.";
    let url = "http://10.20.0.2:8080/mos/dists/mos9.0";
    for (said, code, reason) in [
        (
            // 14.04, nobody listens.
            format!(
                "Err http://10.20.0.2:8080 mos9.0 InRelease\n  \nErr http://10.20.0.2:8080 mos9.0 Release.gpg\n  Unable to \
                 connect to 10.20.0.2:8080:\nW: Failed to fetch {url}/InRelease  \n\nW: Failed to fetch \
                 {url}/Release.gpg  Unable to connect to 10.20.0.2:8080:\n\n{REST}"
            ),
            0,
            format!("W: Failed to fetch {url}/Release.gpg  Unable to connect to 10.20.0.2:8080:"),
        ),
        (
            // 14.04, a repository that is not there.
            format!(
                "Ign http://10.20.0.2:8080 mos9.0 InRelease\nErr http://10.20.0.2:8080 mos9.0/main amd64 Packages\n  404  \
                 Not Found\nW: Failed to fetch {url}/main/binary-amd64/Packages  404  Not Found\n\nE: Some index files \
                 failed to download. They have been ignored, or old ones used instead."
            ),
            100,
            format!("W: Failed to fetch {url}/main/binary-amd64/Packages  404  Not Found"),
        ),
        (
            // 16.04, nobody listens.
            format!(
                "Err:1 http://10.20.0.2:8080/mos mos9.0 InRelease\n  Could not connect\nW: Failed to fetch {url}/InRelease  \
                 Could not connect to 10.20.0.2:8080 (10.20.0.2). - connect (111: Connection refused)\n{REST}"
            ),
            0,
            format!(
                "W: Failed to fetch {url}/InRelease  Could not connect to 10.20.0.2:8080 (10.20.0.2). - connect (111: \
                 Connection refused)"
            ),
        ),
    ] {
        let node = Node::new(&["compute"]);
        node.write("said", &said);
        let front = scripts(&[(
            "apt-get",
            &format!("case \"$*\" in *' update') cat \"$FUEL_MU_ROOT/said\"; exit {code} ;; *) exit 0 ;; esac"),
        )]);
        assert!(!node.run_behind(front.path(), "check"), "{said}");
        assert_eq!(node.report()["failed"], format!("apt-get update: {reason}"));
    }
}

#[test]
fn a_compression_that_a_repository_does_not_offer_is_no_failure() {
    let node = Node::new(&["compute"]);
    // As apt 1.0 prints it before it fetches the index in another form.
    let said = "Err http://10.20.0.2:8080 mos9.0/main amd64 Packages\n  \n";
    let text = format!("case \"$*\" in *' update') printf '{said}' ;; esac; PATH=${{PATH#*:}}; exec apt-get \"$@\"");
    let front = scripts(&[("apt-get", &text)]);
    assert!(node.run_behind(front.path(), "check"), "{}", node.log());
}

/// The text of the scripts has nothing that dash 0.5.7 or mawk 1.3.3 read otherwise.
#[test]
fn nothing_that_old_shells_and_awks_misread() {
    let script = fuel_updates::graph::Graph::builtin().unwrap().node_script().unwrap();
    for (number, line) in script.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#')) {
        let place = format!("line {}: {line}", number + 1);
        assert!(!line.contains("local ") && !line.contains("pipefail"), "{place}");
        assert!(!(line.contains("awk ") && line.contains("[[:")), "mawk 1.3.3 has no character classes: {place}");
        let splits = line.trim_start().strip_prefix("export ").is_some_and(|rest| rest.contains('='));
        assert!(!splits, "dash 0.5.7 splits what export is given: {place}");
    }
}

#[test]
fn settings_of_a_login_profile_do_not_reach_the_scripts() {
    let node = Node::new(&["compute"]);
    node.services(&["nova-compute"]);
    // As grep 2.16 of 14.04 does it; today's ignores the variable.
    let front = scripts(&[("grep", "exec /usr/bin/grep ${GREP_OPTIONS-} \"$@\"")]);
    let settings = [
        ("GREP_OPTIONS", "--color=always -n"),
        ("TAR_OPTIONS", "--no-such-option"),
        ("APT_CONFIG", "/nowhere"),
        ("DPKG_ADMINDIR", "/nowhere"),
        ("POSIXLY_CORRECT", "1"),
    ];
    for phase in NODE_PHASES {
        let mut command = node.command_behind(front.path(), phase);
        let out = command.envs(settings).output().unwrap();
        assert!(out.status.success(), "{phase}: {}", node.log());
    }
    assert_eq!(node.phase(), "done");
}
