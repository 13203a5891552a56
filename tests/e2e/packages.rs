//! Packages in several versions, and the repository that offers them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::program::mu;
use crate::sshd::output;

/// A package: who has it and what it does.
struct Package {
    name: &'static str,
    /// Roles that have it; empty is every node.
    roles: &'static [&'static str],
    /// Whether a service of this name comes with it.
    service: bool,
    depends: &'static str,
}

const fn package(name: &'static str, roles: &'static [&'static str], service: bool, depends: &'static str) -> Package {
    Package { name, roles, service, depends }
}

const PACKAGES: [Package; 10] = [
    package("fuel-misc", &[], false, ""),
    package("nailgun-agent", &[], false, ""),
    package("mcollective", &[], true, ""),
    package("python-nova", &["controller", "compute"], false, ""),
    package("nova-api", &["controller"], true, "python-nova"),
    package("neutron-server", &["controller"], true, ""),
    package("nova-compute", &["compute"], true, "python-nova"),
    package("neutron-openvswitch-agent", &["compute"], true, ""),
    package("libvirt-bin", &["compute"], true, ""),
    package("cinder-volume", &["cinder"], true, ""),
];

/// A version of all packages: 0 is that of the release, 1 and 2 those of the updates.
pub(crate) fn version(update: u64) -> String {
    format!("9.0.{update}-1")
}

/// `fuel-misc` of update 1 with an mu-version.json of its own that dpkg knows as a configuration file.
pub(crate) const FUEL_MISC_CONFFILE: &str = "9.0.1-1+conffile";
/// The same with a plain file.
pub(crate) const FUEL_MISC_PLAIN: &str = "9.0.1-1+plain";
/// `nova-api` of update 1 that takes another package's place.
pub(crate) const NOVA_API_REPLACING: &str = "9.0.1-1+replacing";
/// What takes that place.
pub(crate) const REPLACEMENT: (&str, &str) = ("python-nova-ng", "9.0.1-1");

/// The packages that a node of these roles has.
pub(crate) fn of_roles(roles: &[&str]) -> Vec<&'static str> {
    let has = |p: &&Package| p.roles.is_empty() || p.roles.iter().any(|role| roles.contains(role));
    PACKAGES.iter().filter(has).map(|p| p.name).collect()
}

/// The services among packages.
pub(crate) fn is_service(name: &str) -> bool {
    PACKAGES.iter().any(|p| p.name == name && p.service)
}

/// The packages of an update as the repository offers them.
pub(crate) fn offered(update: u64) -> Vec<(String, String)> {
    PACKAGES.iter().map(|p| (p.name.to_owned(), version(update))).collect()
}

/// Builds every version of every package into a folder, and the entry of each for an index.
pub(crate) fn build(pool: &Path) {
    for package in &PACKAGES {
        for update in 0..=2 {
            deb(pool, package.name, &version(update), package.depends, package.service, &[]);
        }
    }
    let own = mu(1);
    let ships =
        |listed: &'static str| [("etc/fuel/mu-version.json", own.clone()), ("DEBIAN/conffiles", listed.to_owned())];
    deb(pool, "fuel-misc", FUEL_MISC_CONFFILE, "", false, &ships("/etc/fuel/mu-version.json\n"));
    deb(pool, "fuel-misc", FUEL_MISC_PLAIN, "", false, &ships("")[..1]);
    deb(pool, "nova-api", NOVA_API_REPLACING, REPLACEMENT.0, true, &[]);
    let place = [(
        "DEBIAN/fields",
        "Provides: python-nova (= 9.0.1-1)\nConflicts: python-nova\nReplaces: python-nova\n".to_owned(),
    )];
    deb(pool, REPLACEMENT.0, REPLACEMENT.1, "", false, &place);
}

/// Offers these packages and versions in `mos9.0-updates` below `repository`, whose `pool` holds what [`build`] made.
pub(crate) fn publish(repository: &Path, offered: &[(String, String)]) {
    let entries: Vec<String> = offered
        .iter()
        .map(|(name, version)| {
            let entry = repository.join("pool").join(format!("{name}_{version}.entry"));
            fs::read_to_string(&entry).unwrap_or_else(|e| panic!("{}: {e}", entry.display()))
        })
        .collect();
    for (suite, entries) in [
        ("mos9.0", String::new()),
        ("mos9.0-updates", entries.join("\n")),
        ("mos9.0-security", String::new()),
        ("mos9.0-holdback", String::new()),
    ] {
        let folder = repository.join("dists").join(suite);
        let architecture = output(Command::new("dpkg").arg("--print-architecture"));
        let mut release = format!(
            "Origin: MOS\nSuite: {suite}\nCodename: {suite}\nArchitectures: {architecture}\nComponents: main restricted\n"
        );
        release += &format!("Date: {}\nSHA256:\n", output(Command::new("date").args(["-Ru"])));
        for (component, text) in [("main", entries.as_str()), ("restricted", "")] {
            let index = format!("{component}/binary-{architecture}/Packages");
            let path = folder.join(&index);
            fs::create_dir_all(path.parent().expect("a folder")).expect("the repository");
            fs::write(&path, text).expect("an index");
            release += &format!(" {} {} {index}\n", sha256(&path), text.len());
        }
        fs::write(folder.join("Release"), release).expect("a release file");
    }
}

fn sha256(path: &Path) -> String {
    output(Command::new("sha256sum").arg(path)).split_whitespace().next().expect("a sum").to_owned()
}

/// Builds one package. `DEBIAN/fields` among `files` are more fields of its control file.
fn deb(pool: &Path, name: &str, version: &str, depends: &str, service: bool, files: &[(&str, String)]) {
    let work = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str, mode: u32| {
        let path = work.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
    };
    let mut control = format!(
        "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: MOS <mos@example.org>\nDescription: {name} of MOS\n"
    );
    if !depends.is_empty() {
        control += &format!("Depends: {depends}\n");
    }
    for (path, text) in files {
        match *path {
            "DEBIAN/fields" => control += text,
            path => write(path, text, 0o644),
        }
    }
    write("DEBIAN/control", &control, 0o644);
    write("DEBIAN/postinst", &POSTINST.replace("@NAME@", name), 0o755);
    write(&format!("usr/share/doc/{name}/version"), version, 0o644);
    if service {
        write(&format!("etc/init.d/{name}"), &INIT.replace("@NAME@", name), 0o755);
    }
    fs::set_permissions(work.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let file = pool.join(format!("{name}_{version}.deb"));
    // The dpkg of Ubuntu 14.04 reads no other control member than a gzipped one.
    let options = ["--root-owner-group", "--no-uniform-compression", "-Znone", "--build"];
    output(Command::new("dpkg-deb").args(options).arg(work.path()).arg(&file));
    let size = fs::metadata(&file).expect("a package").len();
    let entry = format!("{control}Filename: pool/{name}_{version}.deb\nSize: {size}\nSHA256: {}\n", sha256(&file));
    fs::write(pool.join(format!("{name}_{version}.entry")), entry).expect("an entry");
}

/// What a package does when it is configured: as Debian's own it restarts its service, and a test can make it fail
/// (`/etc/e2e/fail-NAME`) or wait (`/etc/e2e/wait-NAME`, told by `/etc/e2e/waits-NAME`).
const POSTINST: &str = r#"#!/bin/sh
set -e
if [ -e /etc/e2e/wait-@NAME@ ]; then
    : >/etc/e2e/waits-@NAME@
    while [ -e /etc/e2e/wait-@NAME@ ]; do sleep 0.05; done
fi
[ ! -e /etc/e2e/fail-@NAME@ ] || { echo 'made to fail' >&2; exit 1; }
if [ -x /etc/init.d/@NAME@ ]; then
    update-rc.d @NAME@ defaults >/dev/null
    invoke-rc.d @NAME@ restart || exit $?
fi
"#;

/// A service: a real process, and a record of what was asked of it.
const INIT: &str = r#"#!/bin/sh
### BEGIN INIT INFO
# Provides:          @NAME@
# Required-Start:
# Required-Stop:
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: @NAME@
### END INIT INFO
PID=/run/@NAME@.pid
alive() { [ -s $PID ] && kill -0 "$(cat $PID)" 2>/dev/null; }
start() { alive || start-stop-daemon --start --quiet --background --make-pidfile --pidfile $PID --exec /bin/sleep -- infinity; }
stop() { ! alive || start-stop-daemon --stop --quiet --oknodo --retry 5 --remove-pidfile --pidfile $PID; }
case "$1" in
    status) alive || exit 3; exit 0 ;;
    start | stop | restart) echo "$(date +%s.%N) @NAME@ $1" >>/var/log/services ;;
    *) exit 2 ;;
esac
case "$1" in
    start) start ;;
    stop) stop ;;
    restart) stop; start ;;
esac
"#;
