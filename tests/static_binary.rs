//! The binary that is shipped: static-pie, without an interpreter or a needed library, and at home in an empty root.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec};

/// The artifact, or nothing where it was not built; in CI that is a failure.
fn shipped() -> Option<PathBuf> {
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/x86_64-unknown-linux-gnu/release/fuel-updates");
    let path = std::env::var_os("FUEL_UPDATES_SHIPPED").map_or(usual, PathBuf::from);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is not built: run `make static`", path.display());
    println!("skipped: {} is not built (make static)", path.display());
    None
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// Program headers of a 64-bit little-endian ELF file: type, offset, size in the file.
fn segments(elf: &[u8]) -> Vec<(u32, usize, usize)> {
    let (start, size, count) = (u64_at(elf, 32) as usize, u16_at(elf, 54) as usize, u16_at(elf, 56) as usize);
    let header = |i: usize| start + i * size;
    (0..count)
        .map(|i| (u32_at(elf, header(i)), u64_at(elf, header(i) + 8) as usize, u64_at(elf, header(i) + 32) as usize))
        .collect()
}

#[test]
fn no_interpreter_and_no_needed_library() {
    const PT_DYNAMIC: u32 = 2;
    const PT_INTERP: u32 = 3;
    const DT_NULL: u64 = 0;
    const DT_NEEDED: u64 = 1;
    const DT_FLAGS_1: u64 = 0x6fff_fffb;
    const DF_1_PIE: u64 = 0x0800_0000;
    let Some(path) = shipped() else { return };
    let elf = fs::read(path).unwrap();
    assert_eq!((&elf[..4], elf[4], elf[5]), (&b"\x7fELF"[..], 2, 1));
    let segments = segments(&elf);
    assert!(segments.iter().all(|s| s.0 != PT_INTERP), "it has an interpreter: it is linked dynamically");
    let (_, start, size) = segments.iter().find(|s| s.0 == PT_DYNAMIC).copied().expect("no dynamic segment: no PIE");
    let entries: Vec<(u64, u64)> = (start..start + size)
        .step_by(16)
        .map(|at| (u64_at(&elf, at), u64_at(&elf, at + 8)))
        .take_while(|entry| entry.0 != DT_NULL)
        .collect();
    assert!(entries.iter().all(|e| e.0 != DT_NEEDED), "it needs a library");
    assert!(entries.iter().any(|e| e.0 == DT_FLAGS_1 && e.1 & DF_1_PIE != 0), "it is not position independent");
}

#[test]
fn small_and_without_the_lab() {
    let Some(path) = shipped() else { return };
    let elf = fs::read(path).unwrap();
    assert!(elf.len() <= 9_000_000, "{} bytes", elf.len());
    for mark in ["FUEL_LAB", "fuel-lab", "127.77."] {
        let found = elf.windows(mark.len()).any(|w| w == mark.as_bytes());
        assert!(!found, "`{mark}` of the lab is in the shipped binary");
    }
}

/// The most memory that a check may have taken when it dials the first node, in KiB.
const BEGINNING: u32 = 6_000;

/// How long the program may take to dial a node, on a machine that does much else.
const PATIENCE: Timespec = Timespec { tv_sec: 60, tv_nsec: 0 };

/// Code that stands scattered comes into memory with all that stands around it.
#[test]
fn a_check_needs_little_memory_to_begin() {
    let Some(path) = shipped() else { return };
    let node = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (key, inventory) = (folder.path().join("key"), folder.path().join("inventory.yaml"));
    let keygen = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(keygen.unwrap().success());
    let port = node.local_addr().unwrap().port();
    fs::write(&inventory, format!("env: 1\nnodes: [{{id: 1, name: node-1, address: 127.0.0.1, port: {port}}}]\n"))
        .unwrap();
    let told = folder.path().join("stderr");
    let mut check = Command::new(path);
    check.args(["--env", "1", "check", "installed", "--inventory"]).arg(&inventory).arg("--ssh-key").arg(&key);
    check.env_clear().env("FUEL_UPDATES_STATE_DIR", folder.path().join("state")).current_dir(&folder);
    let mut check = check.stdout(Stdio::null()).stderr(fs::File::create(&told).unwrap()).spawn().unwrap();
    // The node has been dialled and greeted, and does not answer.
    let mut dialled = [PollFd::new(&node, PollFlags::IN)];
    rustix::event::poll(&mut dialled, Some(&PATIENCE)).unwrap();
    assert!(!dialled[0].revents().is_empty(), "{}", fs::read_to_string(told).unwrap());
    let (mut connection, _) = node.accept().unwrap();
    connection.read_exact(&mut [0; 8]).unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", check.id())).unwrap();
    check.kill().unwrap();
    check.wait().unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u32 = peak.trim_end_matches("kB").trim().parse().unwrap();
    assert!(peak <= BEGINNING, "{peak} KiB: `scripts/link/record.sh` records anew which functions stand together");
}

#[test]
fn no_second_crypto_stack() {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    for package in ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls", "libssh2-sys"] {
        assert!(!lock.contains(&format!("name = \"{package}\"")), "{package} came in");
    }
}

/// Runs the shipped binary in a root that holds nothing but itself, random devices and `files`.
fn in_empty_root(files: &[(&str, &str)], arguments: &[&str]) -> Option<(Option<i32>, String, String)> {
    let path = shipped()?;
    if !rustix::process::geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "CI must be root to test the empty root");
        println!("skipped: chroot needs root");
        return None;
    }
    let root = tempfile::tempdir().unwrap();
    let binary = root.path().join("fuel-updates");
    fs::copy(path, &binary).unwrap();
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(root.path().join("dev")).unwrap();
    for (name, minor) in [("random", "8"), ("urandom", "9")] {
        let made =
            Command::new("/usr/bin/mknod").arg(root.path().join("dev").join(name)).args(["c", "1", minor]).status();
        assert!(made.unwrap().success());
    }
    for (name, text) in files {
        let file = root.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let out = Command::new("/usr/sbin/chroot")
        .arg(root.path())
        .arg("/fuel-updates")
        .args(arguments)
        .env_clear()
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Some((out.status.code(), text(out.stdout), text(out.stderr)))
}

#[test]
fn it_runs_in_an_empty_root() {
    let Some((code, stdout, stderr)) = in_empty_root(&[], &["--version"]) else { return };
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let told =
        stdout.strip_prefix(concat!("fuel-updates ", env!("CARGO_PKG_VERSION"))).expect("the version").trim_end();
    // A binary of `make static` tells commit and day; without git it may not.
    let build: Vec<&str> = told.trim_start_matches(" (").trim_end_matches(')').split(' ').collect();
    let (commit, day) = (build[0], build.get(1).copied().unwrap_or("2000-01-01"));
    let hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
    assert!(hex(commit.trim_end_matches("-modified")) || commit.len() == 10, "{told}");
    assert!(day.len() == 10 && day.split('-').count() == 3, "{told}");
}

#[test]
fn names_are_resolved_without_nss_in_an_empty_root() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("key");
    let keygen = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&made).status();
    assert!(keygen.unwrap().success());
    let key = fs::read_to_string(made).unwrap();
    let key = key.as_str();
    let inventory = "env: 1\nnodes: [{id: 1, name: node-1, address: node-1.test, port: 1}]\n";
    let files = [("key", key), ("inventory.yaml", inventory), ("etc/hosts", "127.0.0.1 node-1.test\n")];
    let arguments = ["--env", "1", "--inventory", "/inventory.yaml", "--ssh-key", "/key", "check", "installed"];
    let Some((code, stdout, stderr)) = in_empty_root(&files, &arguments) else { return };
    // Port 1 refuses: the name was found, by the hosts file alone.
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(stdout.contains("unreachable") && stdout.contains("refused"), "{stdout}{stderr}");
}
