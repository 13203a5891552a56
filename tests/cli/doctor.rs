//! `doctor`: each need with its state and what mends it, and nothing changed.

use fuel_lab::{Lab, MirrorFault, NodeSpec, Scenario, SshFault};

use crate::program::{MU_FILE, Program, exists, mu};

fn lab() -> Lab {
    let node = |id| NodeSpec::new(id, &["controller"]).file(MU_FILE, mu(1));
    Lab::start(Scenario::new().published(mu(2)).node(node(1)).node(node(2))).expect("a lab")
}

/// Need, state and whether something mends it.
fn states(program: &Program, line: &str) -> (Option<i32>, Vec<String>) {
    let ran = program.run(&format!("{line} -f json"));
    let document = ran.json();
    assert_eq!((&document["command"], &document["exit"]), (&"doctor".into(), &ran.code.into()), "{document}");
    let findings = document["findings"].as_array().expect("findings");
    let said = findings.iter().map(|finding| {
        let text = |key: &str| finding[key].as_str().unwrap_or("-").to_owned();
        if text("state") == "fault" {
            assert!(finding["mend"].is_string(), "a fault without a way out: {finding}");
        }
        format!("{}: {}", text("need"), text("state"))
    });
    (ran.code, said.collect())
}

#[test]
fn all_in_order_on_one_screen_and_nothing_is_changed() {
    let lab = lab();
    let program = Program::in_lab(&lab);
    let ran = program.run("-e 1 -q doctor");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    assert!(
        ran.stdout.starts_with("everything is in order\n") && ran.stdout.lines().count() <= 24,
        "{}",
        ran.picture()
    );
    for need in ["node list", "keys", "host keys", "login", "clock", "open files", "state folder", "mirror", "Nailgun"]
    {
        assert!(
            ran.stdout.lines().any(|line| line.starts_with(&format!("ok       {need} "))),
            "{need}: {}",
            ran.picture()
        );
    }
    assert!(!exists(&program.state()), "the state folder was made");
    assert_eq!((lab.node(2).connections(), lab.nailgun().started("deploy")), (0, 0));
}

#[test]
fn what_is_not_in_order_is_named_with_what_mends_it() {
    let broken = lab();
    let program = Program::in_lab(&broken);
    broken.node(1).set_ssh_faults(&[SshFault::RefuseAuth]).expect("a fault");
    broken.set_mirror_fault(MirrorFault::Status(404));
    let (code, said) = states(&program, "-e 1 -q doctor");
    assert_eq!(code, Some(1), "{said:?}");
    for line in ["node list: ok", "login: fault", "clock: skipped", "mirror: fault", "Nailgun: ok"] {
        assert!(said.contains(&line.to_owned()), "{line}: {said:?}");
    }
    // What only installations need does not stop a check.
    let fine = lab();
    let program = Program::in_lab(&fine).variable("OS_PASSWORD", "wr0ng-s3cret");
    let (code, said) = states(&program, "-e 1 -q doctor");
    assert_eq!((code, said.last().map(String::as_str)), (Some(3), Some("Nailgun: fault")), "{said:?}");
    assert!(!program.run("-e 1 doctor").picture().contains("wr0ng-s3cret"));
    // Without a node list the rest is still looked at.
    let (code, said) =
        states(&Program::new().variable("FUEL_UPDATES_MIRROR", "/nowhere"), "-e 7 -q doctor --mos-version 9.0");
    assert_eq!(code, Some(1));
    assert!(said.contains(&"node list: fault".to_owned()) && said.contains(&"mirror: fault".to_owned()), "{said:?}");
}
