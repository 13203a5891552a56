//! Tests see nothing of the machine that they run on: scripts/hermetic, Cargo's runner, takes care of it. `make test` also
//! plants misleading files and variables outside, so that this and all other tests pass only if none of it gets in.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::fs;
use std::path::Path;

/// Whether the runner could hide the machine's folders, and whether it planted files in them.
fn hermetic() -> String {
    let told = std::env::var("HERMETIC").expect("Cargo runs tests by scripts/hermetic");
    assert!(!told.is_empty() || std::env::var_os("CI").is_none(), "CI has mount namespaces");
    told
}

#[test]
fn the_folders_of_the_product_are_empty() {
    if hermetic().is_empty() {
        eprintln!("skipped: this machine gives no mount namespace");
        return;
    }
    for folder in ["/etc/fuel-updates", "/etc/fuel", "/var/lib/fuel", "/var/lib/fuel-updates"] {
        let found: Vec<_> = fs::read_dir(folder).into_iter().flatten().collect();
        assert!(found.is_empty(), "{folder}: {found:?}");
        // Where files were planted the folder is there, and it is the empty one above them.
        assert!(hermetic() != "planted" || Path::new(folder).is_dir(), "{folder} was not planted");
    }
}

#[test]
fn no_variable_of_the_machine_comes_in() {
    hermetic();
    let allowed = ["FUEL_UPDATES_SHIPPED", "FUEL_UPDATES_OLDTOOLS"];
    for (name, value) in std::env::vars() {
        let ours = name.starts_with("FUEL_UPDATES_") && !allowed.contains(&name.as_str());
        let others = ["OS_", "SSH_", "XDG_", "LANG", "GREP_", "NO_COLOR"].iter().any(|start| name.starts_with(start));
        let proxy = name.to_lowercase().ends_with("_proxy") && name != "DEBOOTSTRAP_PROXY";
        assert!(!ours && !others && !proxy, "{name}={value}");
    }
    assert_eq!(std::env::var("LC_ALL").as_deref(), Ok("C.UTF-8"));
}

#[test]
fn the_home_is_empty() {
    hermetic();
    let home = std::env::var("HOME").expect("a home");
    assert_eq!(fs::read_dir(&home).expect("the home").count(), 0, "{home}");
}
