//! Logging in to OpenSSH and bringing back what a command prints.

use super::common::*;
use fuel_updates::fleet::{FleetEvent, run};

#[test]
fn every_node_answers_for_itself_and_in_the_order_of_the_targets() {
    let trees = tempfile::tempdir().unwrap();
    let addresses = ["127.71.0.1", "127.71.0.2", "127.71.0.3"];
    let mut setup = Setup::on(&addresses);
    for address in addresses {
        setup = setup.root(address, &trees.path().join(address));
    }
    let Some(sshd) = Sshd::start(&setup) else { return };
    let targets: Vec<_> = addresses.iter().map(|address| target(&sshd, address)).collect();
    let mut events = Vec::new();
    let results = run(&targets, "printf %s \"$FUEL_MU_ROOT\"", &settings(sshd.dir()), &mut |event| match event {
        FleetEvent::Started { index } => events.push((index, false)),
        FleetEvent::Finished { index, result, .. } => events.push((index, result.is_ok())),
        FleetEvent::Waiting => {}
        FleetEvent::Warning { text } => panic!("{text}"),
    })
    .unwrap();
    for (address, outcome) in addresses.iter().zip(&results) {
        assert_eq!(text(outcome), trees.path().join(address).to_str().unwrap());
        assert_eq!(outcome.as_ref().unwrap().exit, Some(0));
    }
    events.sort_unstable();
    assert_eq!(events, [(0, false), (0, true), (1, false), (1, true), (2, false), (2, true)]);
}

#[test]
fn exit_status_and_the_last_complaint_come_along() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.71.1.1"])) else { return };
    let outcome = ask_one(
        &target(&sshd, "127.71.1.1"),
        "echo out; echo one >&2; printf 'two\\033[31m\\n' >&2; exit 3",
        &settings(sshd.dir()),
    );
    let answer = outcome.unwrap();
    assert_eq!((answer.stdout.as_slice(), answer.exit), (&b"out\n"[..], Some(3)));
    assert_eq!(answer.complaint().as_deref(), Some("two [31m"));
}

#[test]
fn the_whole_output_comes_back_however_it_is_cut_into_packets() {
    let Some(sshd) = Sshd::start(&Setup::on(&["127.71.2.1"]).noise("welcome to node", "bye")) else { return };
    let outcome = ask_one(&target(&sshd, "127.71.2.1"), "seq 1 50000", &settings(sshd.dir()));
    let expected: String = (1..=50000).map(|n| format!("{n}\n")).collect();
    assert_eq!(text(&outcome), format!("welcome to node\n{expected}bye\n"));
}
