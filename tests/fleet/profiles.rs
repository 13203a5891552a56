//! What the profile of the node's user, a forced command or another login shell does to a check.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use fuel_updates::domain::failure::FailureKind;
use fuel_updates::domain::probe::{FileAnswer, Uid};

use super::common::*;

/// A node's file tree with an update, a number and a release.
fn tree(dir: &Path) {
    fs::create_dir_all(dir.join("etc/fuel")).unwrap();
    fs::write(dir.join("etc/fuel/mu-version.json"), "{}").unwrap();
    fs::write(dir.join("etc/nailgun_uid"), "17\n").unwrap();
    fs::write(dir.join("etc/astute.yaml"), "fuel_version: '9.0'\n").unwrap();
}

/// A server at which the command runs in bash after `profile`.
fn with_profile(address: &str, dir: &Path, profile: &str) -> Option<Sshd> {
    let (rc, read) = (dir.join("profile"), dir.join("profile-was-read"));
    fs::write(&rc, format!(": >{}\n{profile}\n", read.display())).unwrap();
    // Without the variables of ssh every bash takes this file, and not the one of whoever runs the test.
    let variables = format!("-u SSH_CLIENT -u SSH_CONNECTION BASH_ENV={}", rc.display());
    let forced = format!("ForceCommand exec env {variables} bash -c \"$SSH_ORIGINAL_COMMAND\"");
    Sshd::start(&Setup::on(&[address]).root(address, dir).line(forced))
}

/// Whether the profile of [`with_profile`] has been read.
fn was_read(dir: &Path) -> bool {
    dir.join("profile-was-read").exists()
}

#[test]
fn a_profile_that_changes_shell_and_programs_changes_no_answer() {
    let dir = tempfile::tempdir().unwrap();
    tree(dir.path());
    // The grep of Ubuntu 14.04 and 16.04 takes options from the environment; that of later systems does not.
    let bin = dir.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let grep = bin.join("grep");
    fs::write(&grep, "#!/bin/sh\nPATH=/usr/bin:/bin\nexec grep $GREP_OPTIONS \"$@\"\n").unwrap();
    fs::set_permissions(&grep, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let profile = format!(
        "export PATH={}:/usr/bin:/bin GREP_OPTIONS=--color=always IFS=: CDPATH=/etc LC_ALL=tr_TR.UTF-8 2>/dev/null\n\
         shopt -s expand_aliases; alias od='od -c' printf=false; flock() {{ false; }}\n\
         echo welcome; trap 'echo trapped; exit 1' ERR; set -euCf -o pipefail\n",
        bin.display()
    );
    let Some(sshd) = with_profile("127.80.0.1", dir.path(), &profile) else { return };
    let answer = probe(&target(&sshd, "127.80.0.1"), &settings(sshd.dir())).unwrap();
    assert!(was_read(dir.path()));
    assert_eq!((answer.uid, answer.mos_version), (Uid::Number(17), "9.0".parse().ok()));
    assert_eq!(answer.mu, FileAnswer::Content(b"{}".to_vec()));
}

#[test]
fn a_missing_program_and_a_restricted_shell_are_no_fault_of_a_file() {
    let dir = tempfile::tempdir().unwrap();
    tree(dir.path());
    let bin = dir.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for program in ["grep", "flock"] {
        std::os::unix::fs::symlink(Path::new("/usr/bin").join(program), bin.join(program)).unwrap();
    }
    let profile = format!("PATH={}", bin.display());
    let Some(sshd) = with_profile("127.80.1.1", dir.path(), &profile) else { return };
    let failed = failure(probe(&target(&sshd, "127.80.1.1"), &settings(sshd.dir())));
    assert_eq!((failed.kind, failed.cause.as_str()), (FailureKind::RemoteError, "the program `od` is missing"));

    let restricted =
        Setup::on(&["127.80.1.2"]).line("ForceCommand exec bash --restricted -c \"$SSH_ORIGINAL_COMMAND\"");
    let Some(sshd) = Sshd::start(&restricted) else { return };
    let failed = failure(probe(&target(&sshd, "127.80.1.2"), &settings(sshd.dir())));
    assert_eq!((failed.kind, failed.cause.as_str()), (FailureKind::RemoteError, "the login shell is restricted"));
}

/// A profile that reads would otherwise wait until the node's time is over.
#[test]
fn whatever_reads_there_comes_to_its_end_at_once() {
    let dir = tempfile::tempdir().unwrap();
    tree(dir.path());
    let profile = "read -p 'continue? '; cat; select word in yes no; do :; done";
    let Some(sshd) = with_profile("127.80.2.1", dir.path(), profile) else { return };
    let began = Instant::now();
    let answer = probe(&target(&sshd, "127.80.2.1"), &settings(sshd.dir())).unwrap();
    assert_eq!(answer.uid, Uid::Number(17));
    assert!(was_read(dir.path()));

    let Some(sshd) = Sshd::start(&Setup::on(&["127.80.2.2"]).line("ForceCommand cat")) else { return };
    let failed = failure(probe(&target(&sshd, "127.80.2.2"), &settings(sshd.dir())));
    assert_eq!((failed.kind, failed.cause.as_str()), (FailureKind::RemoteError, "no answer in its output"));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn a_node_that_refuses_politely_is_quoted() {
    let fish = "echo \"fish: Unsupported use of '='. In fish, please use 'set $(echo $SSH_ORIGINAL_COMMAND | cut -d ' ' -f 1 | tr = ' ')'.\" >&2; exit 127";
    for (address, forced, cause) in [
        (
            "127.80.3.1",
            "echo 'This account is currently not available.'; exit 1",
            "the user may not log in: \"This acc",
        ),
        ("127.80.3.2", "internal-sftp", "the user may use sftp only: \"This service allows sftp connections only.\""),
        (
            "127.80.3.3",
            "echo 'Please login as the user \"ubuntu\" rather than the user \"root\".'; echo; exit 142",
            "it asks for another user: \"Please login as the user \"ubuntu\" rather than",
        ),
        (
            "127.80.3.4",
            fish,
            "the login shell is not a POSIX shell: \"fish: Unsupported use of '='. In fish, please use 'set W w",
        ),
    ] {
        let Some(sshd) = Sshd::start(&Setup::on(&[address]).line(format!("ForceCommand {forced}"))) else { return };
        let failed = failure(probe(&target(&sshd, address), &settings(sshd.dir())));
        assert_eq!(failed.kind, FailureKind::RemoteError);
        assert!(failed.cause.starts_with(cause), "{failed:?}");
    }
}

/// Whatever a profile prints of an earlier answer, or makes up, is never taken for this run's.
#[test]
fn an_answer_that_the_command_did_not_print_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    tree(dir.path());
    let body = "mu missing\nstate missing\nlock free\nuid number\n/etc/nailgun_uid:17";
    let imitation = format!("#fuel-updates w0123456789abcdef begin\n{body}\n#fuel-updates w0123456789abcdef end");
    for (address, before, after) in [("127.80.4.1", imitation.as_str(), ""), ("127.80.4.2", "", imitation.as_str())] {
        let Some(sshd) = Sshd::start(&Setup::on(&[address]).root(address, dir.path()).noise(before, after)) else {
            return;
        };
        let failed = failure(probe(&target(&sshd, address), &settings(sshd.dir())));
        let cause = "its output holds an answer that the command did not print";
        assert_eq!((failed.kind, failed.cause.as_str()), (FailureKind::RemoteError, cause));
    }
}
