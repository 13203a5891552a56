//! `check installed` against real OpenSSH servers on loopback.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use crate::program::{Program, mu};
use crate::sshd::{Setup, Sshd};

/// A node's file tree.
fn tree(root: &Path, id: u32) -> std::path::PathBuf {
    let tree = root.join(format!("node-{id}"));
    for folder in ["etc/fuel", "var/lib/fuel-mu"] {
        fs::create_dir_all(tree.join(folder)).expect("a folder");
    }
    fs::write(tree.join("etc/nailgun_uid"), id.to_string()).expect("a file");
    fs::write(tree.join("etc/astute.yaml"), "fuel_version: '9.0'\n").expect("a file");
    tree
}

const UNFINISHED: &str =
    r#"{"run":"r","target":{"id":2,"title":"9.0-mu-2","timestamp":5},"phase":"packages","since":0,"evidence":null}"#;

#[test]
fn every_state_from_real_servers() {
    let root = tempfile::tempdir().expect("a folder");
    let trees: Vec<_> = (1..=7).map(|id| tree(root.path(), id)).collect();
    let put = |id: usize, path: &str, text: &str| fs::write(trees[id - 1].join(path), text).expect("a file");
    put(1, "etc/fuel/mu-version.json", &mu(1));
    put(3, "etc/fuel/mu-version.json", "{\"id\": 1}");
    fs::create_dir(trees[3].join("etc/fuel/mu-version.json")).expect("a folder in the file's place");
    // A file that is there and cannot be read, not even by root: the kernel answers an I/O error.
    std::os::unix::fs::symlink("/proc/self/mem", trees[6].join("etc/fuel/mu-version.json")).expect("a link");
    for id in [5, 6] {
        put(id, "etc/fuel/mu-version.json", &mu(1));
        put(id, "var/lib/fuel-mu/state.json", UNFINISHED);
        put(id, "var/lib/fuel-mu/lock", "");
    }
    let held = fs::File::open(trees[4].join("var/lib/fuel-mu/lock")).expect("the lock");
    held.lock().expect("held");
    let addresses: Vec<String> = (1..=7).map(|id| format!("127.71.0.{id}")).collect();
    let mut setup =
        Setup::on(&addresses.iter().map(String::as_str).collect::<Vec<_>>()).noise("Welcome!\\n", "Bye.\\n");
    for (address, tree) in addresses.iter().zip(&trees) {
        setup = setup.root(address, tree);
    }
    let Some(server) = Sshd::start(&setup) else { return };
    let silent = std::net::TcpListener::bind(("127.71.0.8", server.port)).expect("a silent server");
    let mut inventory = format!(
        "env: 1\nssh: {{user: {}, port: {}, key: {}}}\nnodes:\n",
        server.user,
        server.port,
        server.rsa_key.display()
    );
    for id in 1..=9 {
        inventory.push_str(&format!("- {{id: {id}, name: node-{id}, address: 127.71.0.{id}}}\n"));
    }
    let program = Program::new();
    let file = program.file("inventory.yaml", inventory).display().to_string();
    let line = format!(
        "-e 1 -q --inventory {file} --handshake-timeout 2 check installed -f value -c name -c state -c MU -c detail"
    );
    let ran = program.run(&line);
    assert_snapshot!(ran.picture(), @"
    exit 3
    --- stdout
    node-1 installed 9.0-mu-1 from package
    node-2 none - 
    node-3 invalid - `title` is missing
    node-4 invalid - not a regular file
    node-5 updating 9.0-mu-1 to 9.0-mu-2, phase packages, since 1970-01-01 00:00:00Z
    node-6 incomplete 9.0-mu-1 to 9.0-mu-2, phase packages, since 1970-01-01 00:00:00Z
    node-7 unreadable - reading it failed
    node-8 timeout - silent for 2 s after it accepted the connection
    node-9 unreachable - connection refused
    ");
    drop(silent);

    // A key that no server accepts, and a server with another host key than was recorded.
    let stranger = program.file("stranger", "");
    fs::remove_file(&stranger).expect("gone");
    let made =
        std::process::Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&stranger).status();
    assert!(made.expect("ssh-keygen").success());
    let refused = program.file(
        "refused.yaml",
        fs::read_to_string(&file)
            .expect("it")
            .replace(&server.rsa_key.display().to_string(), &stranger.display().to_string()),
    );
    let line =
        format!("-e 1 -q --inventory {} check installed --nodes 1 -f value -c state -c detail", refused.display());
    assert_snapshot!(program.run(&line).picture(), @"
    exit 1
    --- stdout
    auth root refused; tried [HOME]/stranger
    --- stderr
    error: no node could be asked
    ");

    // The record says another key than the server has: its host was reinstalled, or it is another host.
    let known = program.state().join("known_hosts");
    let public = fs::read_to_string(stranger.with_extension("pub")).expect("a public key");
    let recorded = fs::read_to_string(&known).expect("keys were recorded");
    let other = public.split_whitespace().nth(1).expect("its base64");
    let real = server.host_key("ed25519");
    let changed = recorded.replace(real.split_whitespace().nth(1).expect("its base64"), other);
    assert_ne!(changed, recorded);
    fs::write(&known, changed).expect("written");
    let line = format!("-e 1 -q --inventory {file} check installed --nodes 1 -f value -c state -c detail");
    let refused = program.run(&line);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stdout.starts_with("host-key "), "{}", refused.picture());
}
