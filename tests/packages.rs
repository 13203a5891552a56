//! The packages that `make dist` makes of the shipped binary: installed, upgraded and removed by real dpkg and rpm.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const CONFIG: &str = "etc/fuel-updates/config.yaml";

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder with the packages, made once. Nothing where it cannot be made or its packages cannot be installed; in CI that
/// is a failure.
fn packages() -> Option<&'static Path> {
    static MADE: OnceLock<Option<tempfile::TempDir>> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let usual = top().join("target/x86_64-unknown-linux-gnu/release/fuel-updates");
        let binary = std::env::var_os("FUEL_UPDATES_SHIPPED").map_or(usual, PathBuf::from);
        let missing = if !binary.exists() {
            Some(format!("{} is not built (make static)", binary.display()))
        } else if Command::new("rpmbuild").arg("--version").output().is_err() {
            Some("rpmbuild is missing".to_owned())
        } else if !rustix::process::geteuid().is_root() {
            Some("dpkg and rpm install only for root".to_owned())
        } else {
            None
        };
        if let Some(missing) = missing {
            assert!(std::env::var_os("CI").is_none(), "{missing}");
            println!("skipped: {missing}");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        run(Command::new(top().join("scripts/dist.sh")).arg(folder.path()).env("FUEL_UPDATES_SHIPPED", binary));
        Some(folder)
    });
    made.as_ref().map(tempfile::TempDir::path)
}

/// Runs a program that must succeed; its stdout.
fn run(command: &mut Command) -> String {
    let out = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(out.status.success(), "{command:?}\n{}{}", text(&out.stdout), text(&out.stderr));
    text(&out.stdout)
}

fn program(name: &str, words: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(words).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command
}

/// A root with nothing but what a package database needs.
struct Root(tempfile::TempDir);

impl Root {
    fn new() -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/rpm"] {
            fs::create_dir_all(root.path(folder)).unwrap();
        }
        fs::write(root.path("var/lib/dpkg/status"), "").unwrap();
        fs::write(root.path("var/lib/dpkg/available"), "").unwrap();
        root
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.0.path().join(inside)
    }

    fn read(&self, inside: &str) -> String {
        fs::read_to_string(self.path(inside)).unwrap_or_else(|e| panic!("{inside}: {e}"))
    }

    fn dpkg(&self, words: &[&str]) -> String {
        // The maintainer's script needs a shell, and this root has none: it runs outside and is told where the root is.
        let root = format!("--root={}", self.0.path().display());
        run(program("dpkg", &[&root, "--force-script-chrootless", "--log=/dev/null"]).args(words))
    }

    fn rpm(&self, words: &[&str]) -> String {
        run(program("rpm", &["--root", self.0.path().to_str().unwrap(), "--dbpath", "/var/lib/rpm"]).args(words))
    }

    /// The installed program with the installed configuration.
    fn fuel_updates(&self, words: &[&str]) -> String {
        run(program("/usr/sbin/chroot", &[self.0.path().to_str().unwrap(), "/usr/bin/fuel-updates"])
            .args(words)
            .env_clear())
    }
}

fn deb(packages: &Path) -> PathBuf {
    packages.join(format!("fuel-updates_{VERSION}_amd64.deb"))
}

/// The same package as a later version, with this line more in its configuration.
fn later(packages: &Path, version: &str, line: &str) -> PathBuf {
    let folder = tempfile::tempdir().unwrap();
    let unpacked = folder.path().join("tree");
    run(program("dpkg-deb", &["-R"]).arg(deb(packages)).arg(&unpacked));
    let control = fs::read_to_string(unpacked.join("DEBIAN/control")).unwrap();
    fs::write(
        unpacked.join("DEBIAN/control"),
        control.replace(&format!("Version: {VERSION}"), &format!("Version: {version}")),
    )
    .unwrap();
    let config = fs::read_to_string(unpacked.join(CONFIG)).unwrap();
    fs::write(unpacked.join(CONFIG), config + line).unwrap();
    let made = packages.join(format!("later-{version}.deb"));
    run(program("dpkg-deb", &["-Zgzip", "-z1", "-b"]).arg(&unpacked).arg(&made));
    made
}

#[test]
fn the_deb_is_installed_upgraded_removed_and_purged() {
    let Some(packages) = packages() else { return };
    let root = Root::new();
    root.dpkg(&["-i", deb(packages).to_str().unwrap()]);
    assert!(root.fuel_updates(&["--version"]).starts_with(&format!("fuel-updates {VERSION}")));
    let origin = |root: &Root| {
        let shown = root.fuel_updates(&["-q", "config", "show", "-f", "csv"]);
        shown.lines().find(|line| line.starts_with("mirror,")).expect("the mirror").to_owned()
    };
    assert_eq!(origin(&root), "mirror,http://mirror.fuel-infra.org,default");

    // The operator changes the configuration. An upgrade keeps it, and asks nobody while the package's own is the same.
    let changed = root.read(CONFIG) + "mirror: http://10.20.0.2:8080\n";
    fs::write(root.path(CONFIG), &changed).unwrap();
    root.dpkg(&["-i", later(packages, "0.9.1", "").to_str().unwrap()]);
    assert_eq!(root.read(CONFIG), changed);
    assert_eq!(origin(&root), "mirror,http://10.20.0.2:8080,/etc/fuel-updates/config.yaml");
    let newer = later(packages, "0.9.2", "# news\n");
    root.dpkg(&["--force-confdef", "--force-confold", "-i", newer.to_str().unwrap()]);
    assert_eq!(root.read(CONFIG), changed);
    assert!(root.read(&format!("{CONFIG}.dpkg-dist")).ends_with("# news\n"));

    fs::create_dir_all(root.path("var/lib/fuel-updates/runs")).unwrap();
    fs::write(root.path("var/lib/fuel-updates/known_hosts"), "a key").unwrap();
    root.dpkg(&["-r", "fuel-updates"]);
    assert!(!root.path("usr/bin/fuel-updates").exists() && !root.path("usr/share/fuel-updates").exists());
    assert_eq!((root.read(CONFIG), root.read("var/lib/fuel-updates/known_hosts")), (changed, "a key".to_owned()));
    root.dpkg(&["-P", "fuel-updates"]);
    for gone in ["etc/fuel-updates", "etc/logrotate.d/fuel-updates", "var/lib/fuel-updates"] {
        assert!(!root.path(gone).exists(), "{gone}");
    }
}

#[test]
fn the_rpms_are_installed_and_removed_and_rpm_4_11_can_read_them() {
    let Some(packages) = packages() else { return };
    let main = packages.join(format!("fuel-updates-{VERSION}-1.x86_64.rpm"));
    let plugin = packages.join(format!("fuel-updates-fuelclient-{VERSION}-1.noarch.rpm"));
    let (main, plugin) = (main.to_str().unwrap(), plugin.to_str().unwrap());
    for file in [main, plugin] {
        let header = "%{PAYLOADCOMPRESSOR} %{PAYLOADFORMAT} %{BUILDHOST}";
        assert_eq!(run(&mut program("rpm", &["-qp", "--qf", header, file])), "gzip cpio localhost");
        // All of them are older than rpm 4.11, which refuses a package with one that it does not know.
        let needs = run(&mut program("rpm", &["-qp", "--requires", file]));
        for need in needs.lines().filter(|need| need.starts_with("rpmlib(")) {
            let known = ["CompressedFileNames) <= 3.0.4", "FileDigests) <= 4.6.0", "PayloadFilesHavePrefix) <= 4.0"];
            assert!(known.iter().any(|known| need["rpmlib(".len()..].starts_with(known)), "{need}");
        }
        let others: Vec<&str> = needs.lines().filter(|need| !need.starts_with("rpmlib(")).collect();
        let expected = [format!("fuel-updates = {VERSION}-1"), "python-fuelclient".to_owned()];
        assert_eq!(others, expected.iter().take(if file == main { 0 } else { 2 }).collect::<Vec<_>>());
        // rpm 4.11 verifies by these two.
        let digests = run(&mut program("rpm", &["-Kv", file]));
        assert!(digests.contains("Header SHA1 digest: OK") && digests.contains("MD5 digest: OK"), "{digests}");
    }

    let root = Root::new();
    root.rpm(&["-i", main]);
    // python-fuelclient itself is not here.
    root.rpm(&["-i", "--nodeps", plugin]);
    assert_eq!(root.rpm(&["-V", "fuel-updates"]), "");
    assert!(root.fuel_updates(&["--version"]).starts_with(&format!("fuel-updates {VERSION}")));
    let site = "usr/lib/python2.7/site-packages";
    let entry = root.read(&format!("{site}/fuel_updates_fuelclient-{VERSION}-py2.7.egg-info/entry_points.txt"));
    assert_eq!(entry, "[fuelclient]\nupdates = fuel_updates_fuelclient:Updates\n");
    assert!(root.path(&format!("{site}/fuel_updates_fuelclient.py")).exists());

    let changed = root.read(CONFIG) + "mirror: http://10.20.0.2:8080\n";
    fs::write(root.path(CONFIG), &changed).unwrap();
    root.rpm(&["-U", "--force", main]);
    assert_eq!(root.read(CONFIG), changed, "an operator's configuration is kept");
    root.rpm(&["-e", "fuel-updates-fuelclient", "fuel-updates"]);
    assert!(
        !root.path("usr/bin/fuel-updates").exists() && !root.path(site).join("fuel_updates_fuelclient.py").exists()
    );
    assert_eq!(root.read(&format!("{CONFIG}.rpmsave")), changed);
}

#[test]
fn both_packages_hold_what_an_operator_needs() {
    let Some(packages) = packages() else { return };
    let rpm = packages.join(format!("fuel-updates-{VERSION}-1.x86_64.rpm"));
    let rpm = run(program("rpm", &["-qpl"]).arg(rpm));
    let deb = run(program("dpkg-deb", &["-c"]).arg(deb(packages)));
    let deb: Vec<&str> = deb.lines().filter_map(|line| line.split_whitespace().nth(5)?.strip_prefix('.')).collect();
    for file in [
        "/usr/bin/fuel-updates",
        "/usr/share/man/man1/fuel-updates.1.gz",
        "/usr/share/man/man1/fuel-updates-check-installed.1.gz",
        "/usr/share/man/man1/fuel-updates-install.1.gz",
        "/usr/share/bash-completion/completions/fuel-updates",
        "/usr/share/fish/vendor_completions.d/fuel-updates.fish",
        "/etc/fuel-updates/config.yaml",
        "/etc/logrotate.d/fuel-updates",
        "/usr/share/fuel-updates/graphs/mu/tasks.yaml",
        "/usr/share/fuel-updates/graphs/mu/scripts/lib.sh",
        "/usr/share/doc/fuel-updates/LICENSE",
        "/usr/share/doc/fuel-updates/THIRD-PARTY-LICENSES",
        "/usr/share/doc/fuel-updates/sbom.cdx.json",
        "/usr/share/doc/fuel-updates/README.md",
    ] {
        assert!(rpm.lines().any(|line| line == file), "rpm: {file}\n{rpm}");
        assert!(deb.contains(&file), "deb: {file}\n{deb:#?}");
    }
    assert!(rpm.contains("/usr/share/zsh/site-functions/_fuel-updates"), "{rpm}");
    assert!(deb.contains(&"/usr/share/zsh/vendor-completions/_fuel-updates"), "{deb:#?}");
}

#[test]
fn the_bill_of_materials_names_what_is_linked_in() {
    let Some(packages) = packages() else { return };
    let text = fs::read_to_string(packages.join(format!("fuel-updates-{VERSION}.cdx.json"))).unwrap();
    let bill: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    assert_eq!(bill["metadata"]["component"]["name"], "fuel-updates");
    let components = bill["components"].as_array().unwrap();
    let named = |name: &str| components.iter().any(|component| component["name"] == name);
    for name in ["russh", "tokio", "clap", "serde", "serde_json", "ureq", "indicatif", "futures", "ring", "glibc"] {
        assert!(named(name), "{name}");
    }
    // What tests and macros use is not in the binary.
    for name in ["insta", "proptest", "rcgen", "serde_derive", "fuel-lab"] {
        assert!(!named(name), "{name}");
    }
    for component in components {
        let crate_of = component["purl"].as_str().is_some_and(|purl| purl.starts_with("pkg:cargo/"));
        assert!(component["licenses"][0]["expression"].is_string(), "{component}");
        assert!(
            !crate_of || component["hashes"][0]["content"].as_str().is_some_and(|sum| sum.len() == 64),
            "{component}"
        );
    }
    // The checksums are those of the files.
    run(program("sha256sum", &["--quiet", "-c", "SHA256SUMS"]).current_dir(packages));
}
