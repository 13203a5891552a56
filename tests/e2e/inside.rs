//! Namespaces of its own for each test.

use std::path::Path;
use std::process::Command;

use super::tools::Tools;

/// Set where a test runs in its namespaces.
const INSIDE: &str = "FUEL_UPDATES_E2E_INSIDE";
/// What the tests need of the machine.
const PROGRAMS: [&str; 6] = [
    "/usr/sbin/debootstrap",
    "/usr/bin/dpkg-deb",
    "/usr/bin/unshare",
    "/usr/bin/nsenter",
    "/usr/bin/setpriv",
    "/usr/sbin/chroot",
];

/// Runs `body` in mount and process namespaces that end with it: the test program starts itself again there, for
/// this one test. Where that cannot be, says what is skipped; in CI that is a failure, unless it is the older tools
/// that are not there: the repository does not hold them.
pub(crate) fn inside(test: &str, tools: Tools, body: impl FnOnce(Tools)) {
    if std::env::var_os(INSIDE).is_some() {
        return body(tools);
    }
    if let Some(reason) = tools.missing() {
        println!("SKIPPED: {test}: {reason}");
        return;
    }
    if let Some(reason) = impossible() {
        assert!(std::env::var_os("CI").is_none(), "{reason}");
        println!("SKIPPED: {test}: {reason}");
        return;
    }
    // Without the name of the crate: as the test program itself names its tests.
    let name = test.split_once("::").map_or(test, |(_, name)| name);
    // Process numbers begin anew in there, and names of temporary folders are made of them.
    let folder = tempfile::tempdir().expect("a folder");
    let out = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"])
        .arg(std::env::current_exe().expect("the test program"))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .env("TMPDIR", folder.path())
        .output()
        .expect("namespaces");
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    println!("{said}");
    assert!(out.status.success(), "{name} fails");
    assert!(said.contains("test result: ok. 1 passed"), "{name} was not run");
}

fn impossible() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("needs root".to_owned());
    }
    let missing = PROGRAMS.into_iter().find(|program| !Path::new(program).exists())?;
    Some(format!("{missing} is missing: scripts/prepare.sh installs it"))
}

/// Defines tests that run [`inside`] their namespaces, once with the tools of each release; those of Ubuntu 16.04 belong
/// to the long part of the suite.
macro_rules! real {
    ($($(#[$about:meta])* fn $name:ident($tools:ident) $body:block)+) => {
        $(
            $(#[$about])*
            fn $name($tools: crate::e2e::tools::Tools) $body

            mod $name {
                crate::e2e::inside::over!($name, debian, Debian);
                crate::e2e::inside::over!($name, trusty, Trusty);
                #[cfg(feature = "e2e-full")]
                crate::e2e::inside::over!($name, xenial, Xenial);
            }
        )+
    };
}
pub(crate) use real;

/// One test over one release's tools.
macro_rules! over {
    ($body:ident, $name:ident, $tools:ident) => {
        #[test]
        fn $name() {
            let test = concat!(module_path!(), "::", stringify!($name));
            crate::e2e::inside::inside(test, crate::e2e::tools::Tools::$tools, super::$body);
        }
    };
}
pub(crate) use over;
