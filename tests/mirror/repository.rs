//! A mirror with package repositories that apt's own tools made.

// Not every test needs all of it.
#![allow(dead_code)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// When the packages of update 1 were built; those of the next updates ten days later each.
pub(crate) const FIRST: i64 = 1_467_000_000;
const TEN_DAYS: i64 = 864_000;

/// When the packages of an update were built.
pub(crate) fn built(update: i64) -> i64 {
    FIRST + (update - 1) * TEN_DAYS
}

/// When the repository of an update was published: an hour later.
pub(crate) fn published(update: i64) -> i64 {
    built(update) + 3600
}

/// A mirror in a folder; dropping it removes it.
pub(crate) struct SiteMirror {
    dir: TempDir,
}

impl SiteMirror {
    /// A mirror with the packages of an update of MOS 9.0, and no announcement. `None`, and a line that says so, where the tools
    /// are missing, which CI does not forgive.
    pub(crate) fn with_update(update: i64) -> Option<Self> {
        for tool in ["apt-ftparchive", "dpkg-deb", "gzip"] {
            if let Err(error) = Command::new(tool).arg("--version").output() {
                assert!(std::env::var_os("CI").is_none(), "{tool}: {error}");
                eprintln!("skipped: {tool} is not installed");
                return None;
            }
        }
        let mirror = Self { dir: tempfile::tempdir().expect("a folder") };
        fs::set_permissions(mirror.dir.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
        mirror.update(update);
        Some(mirror)
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The folder of its repository.
    pub(crate) fn repository(&self) -> PathBuf {
        self.path().join("mos-repos/ubuntu/9.0")
    }

    /// A package of an update.
    pub(crate) fn package(&self, name: &str, update: i64) -> PathBuf {
        self.repository().join(format!("pool/main/{name}_{update}_all.deb"))
    }

    /// The announcement of MOS 9.0.
    pub(crate) fn signal(&self) -> PathBuf {
        self.path().join("mcv/mos/9.0/mu-version.json")
    }

    /// Announces an update as a publisher before us would have.
    pub(crate) fn announce(&self, folder: &str, text: &str) {
        let folder = self.path().join("mcv/mos").join(folder);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("mu-version.json"), text).expect("a file");
    }

    /// Replaces the packages by those of an update.
    pub(crate) fn update(&self, update: i64) {
        let repository = self.repository();
        let _ = fs::remove_dir_all(repository.join("pool"));
        fs::create_dir_all(repository.join("pool/main")).expect("a folder");
        for (name, number) in [("nova-api", update), ("fuel-misc", update), ("python-nova", 1)] {
            self.build(name, number);
        }
        self.index(published(update));
    }

    fn build(&self, name: &str, update: i64) {
        let work = tempfile::tempdir().expect("a folder");
        fs::set_permissions(work.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
        fs::create_dir_all(work.path().join("DEBIAN")).expect("a folder");
        fs::create_dir_all(work.path().join("usr/share")).expect("a folder");
        let control = format!(
            "Package: {name}\nVersion: 2:{update}.0-1~u14.04+mos{update}\nArchitecture: all\nMaintainer: MOS <mos@example.org>\nDescription: {name}\n"
        );
        fs::write(work.path().join("DEBIAN/control"), control).expect("a file");
        fs::write(work.path().join("usr/share").join(name), format!("{name} {update}\n").repeat(500)).expect("a file");
        let deb = self.package(name, update);
        run(Command::new("dpkg-deb")
            .args(["--root-owner-group", "-Znone", "--build"])
            .args([work.path(), &deb])
            .env("SOURCE_DATE_EPOCH", built(update).to_string()));
    }

    /// Makes the indexes and Release files of all suites anew.
    pub(crate) fn index(&self, date: i64) {
        let repository = self.repository();
        for suite in ["mos9.0-updates", "mos9.0-security", "mos9.0-holdback"] {
            let folder = repository.join("dists").join(suite);
            let binary = folder.join("main/binary-amd64");
            fs::create_dir_all(&binary).expect("a folder");
            let text = if suite == "mos9.0-updates" {
                run(Command::new("apt-ftparchive").args(["packages", "pool"]).current_dir(&repository))
            } else {
                Vec::new()
            };
            fs::write(binary.join("Packages"), text).expect("an index");
            run(Command::new("gzip").args(["-kfn9"]).arg(binary.join("Packages")));
            let _ = fs::remove_file(folder.join("Release"));
            let release = run(Command::new("apt-ftparchive")
                .args(["-o", "APT::FTPArchive::Release::Origin=Mirantis", "-o"])
                .arg(format!("APT::FTPArchive::Release::Suite={suite}"))
                .args(["-o", "APT::FTPArchive::Release::Architectures=amd64", "release"])
                .arg(&folder)
                .env("SOURCE_DATE_EPOCH", date.to_string()));
            let release = String::from_utf8(release).expect("text");
            let stamp = run(Command::new("date").args(["-Ru", "-d"]).arg(format!("@{date}")));
            let stamp = String::from_utf8(stamp).expect("text");
            // Whatever this version of the tool makes of the variable.
            let lines = release.lines().map(|line| match line.strip_prefix("Date: ") {
                Some(_) => format!("Date: {}", stamp.trim()),
                None => line.to_owned(),
            });
            fs::write(folder.join("Release"), lines.collect::<Vec<_>>().join("\n") + "\n").expect("a file");
            // Only that there is one is looked at.
            fs::write(folder.join("Release.gpg"), "a signature\n").expect("a file");
        }
    }

    /// Copies everything to another place.
    pub(crate) fn copy_to(&self, folder: &Path) {
        run(Command::new("cp").arg("-a").arg(self.path().join(".")).arg(folder));
    }
}

/// Runs a program that must succeed and returns what it prints.
pub(crate) fn run(command: &mut Command) -> Vec<u8> {
    let out = command.output().expect("the program");
    let program = command.get_program().display().to_string();
    let arguments: Vec<&OsStr> = command.get_args().collect();
    assert!(out.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

/// Changes one byte in the middle of a file.
pub(crate) fn damage(path: &Path) {
    let mut bytes = fs::read(path).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("a file");
}
