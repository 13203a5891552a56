//! The command `fuel-lab` itself.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

#[test]
fn serve_says_how_to_reach_it_and_leaves_nothing() {
    let mut lab = Command::new(env!("CARGO_BIN_EXE_fuel-lab"))
        .args(["serve", "--nodes", "3"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(lab.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("export FUEL_UPDATES_STATE_DIR=") {
        assert_ne!(out.read_line(&mut text).unwrap(), 0, "{text}");
    }
    let value = |name: &str| {
        let start = format!("export {name}='");
        let line = text.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.trim_end_matches('\'').to_owned()
    };
    let inventory = value("FUEL_UPDATES_INVENTORY");
    assert!(Path::new(&inventory).exists() && Path::new(&value("FUEL_UPDATES_SSH_KEY")).exists());
    for name in ["FUEL_UPDATES_NAILGUN_URL", "FUEL_UPDATES_MIRROR"] {
        assert!(value(name).starts_with("http://127.77."), "{text}");
    }
    assert_eq!((value("OS_USERNAME").as_str(), value("OS_PASSWORD").as_str()), ("admin", "admin"));
    assert_eq!(text.lines().filter(|line| line.starts_with("# node-")).count(), 3);
    kill_process(Pid::from_child(&lab), Signal::TERM).unwrap();
    out.read_to_string(&mut text).unwrap();
    assert!(lab.wait().unwrap().success());
    assert!(!Path::new(&inventory).parent().unwrap().exists());
}

#[test]
fn a_demonstration_without_its_binary_says_so_and_leaves_nothing() {
    let out = Command::new(env!("CARGO_BIN_EXE_fuel-lab"))
        .args(["demo", "--binary", "/nonexistent/fuel-updates"])
        .env("TMPDIR", env!("CARGO_TARGET_TMPDIR"))
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(stderr.starts_with("error: /nonexistent/fuel-updates: No such file or directory"), "{stderr}");
}
