//! `graph show --compiled`: one file for fuel2.

use fuel_lab::{Lab, NodeSpec, Scenario};
use insta::assert_snapshot;

use crate::program::{Program, mu};

#[test]
fn one_file_for_what_the_mirror_announces() {
    let lab = Lab::start(Scenario::new().published(mu(2)).node(NodeSpec::new(1, &["controller"]))).expect("a lab");
    let program = Program::in_lab(&lab);
    let ran = program.run("graph show --compiled --env 1 --mos-version 9.0 --batch 3");
    assert_eq!(ran.code, Some(0), "{}", ran.picture());
    assert!(ran.stdout.starts_with("# Brings 9.0-mu-2 (id 2, "), "{:.300}", ran.stdout);
    assert!(ran.stdout.contains(&format!("#   {}\n# Read first: https://example.org/mu2\n", mu(2))));
    assert!(ran.stdout.contains("\"amount\":3") || ran.stdout.contains("amount: 3"), "the batch is in it");
    assert!(!ran.stdout.contains("@scripts") && !ran.stdout.contains("@env"));
    assert!(ran.stderr.contains("compiled for 9.0-mu-2 from http://"), "{}", ran.stderr);
    assert_eq!(lab.nailgun().asked(), Vec::<String>::new(), "nobody but the mirror is asked");
    assert_eq!(lab.node(1).logins(), 0);
}

#[test]
fn what_it_needs() {
    let program = Program::new();
    let mut pictures = String::new();
    for line in [
        "graph show --compiled",
        "graph show --compiled --env 1",
        "graph show --compiled --env-neutral",
        "graph show --compiled --env-neutral --env 1",
        "graph show --env-neutral",
        "graph show --batch 3",
        "graph show --compiled --env 1 --mos-version 9.0 --mirror /nowhere",
    ] {
        pictures.push_str(&format!("{line}: {}", program.run(line).picture()));
    }
    assert_snapshot!(pictures, @"
    graph show --compiled: exit 2
    --- stderr
    error: a compiled graph is for one environment; give --env ID
    hint: for all environments of a MOS version give --env-neutral
    graph show --compiled --env 1: exit 2
    --- stderr
    error: the environment's MOS version is not known
    hint: give --mos-version X.Y, or mos_version in the inventory
    graph show --compiled --env-neutral: exit 2
    --- stderr
    error: a graph for any environment is for one MOS version
    hint: give --mos-version X.Y
    graph show --compiled --env-neutral --env 1: exit 2
    --- stderr
    error: --env has no effect with --env-neutral
    graph show --env-neutral: exit 2
    --- stderr
    error: the following required arguments were not provided:
      --compiled

    Usage: fuel-updates graph show --compiled --env-neutral [DIR]

    For more information, try '--help'.
    graph show --batch 3: exit 2
    --- stderr
    error: the following required arguments were not provided:
      --compiled

    Usage: fuel-updates graph show --compiled --batch <N> [DIR]

    For more information, try '--help'.
    graph show --compiled --env 1 --mos-version 9.0 --mirror /nowhere: exit 1
    --- stderr
    error: mirror /nowhere: no such file or folder
    ");
}
