//! Input that is no node list: refused with file, line and key, in bounded memory, and never a panic.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fuel_updates::domain::numbers::EnvId;
use fuel_updates::inventory::{self, InventoryError, MAX_BYTES};
use insta::assert_snapshot;
use proptest::prelude::*;

use super::forms::six;

fn corpus() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inventory/corpus");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the corpus").map(|e| e.expect("an entry").path()).collect();
    files.sort();
    files
}

#[test]
fn the_corpus_is_refused_with_file_line_and_key() {
    let mut told = String::new();
    for path in corpus() {
        let started = Instant::now();
        let error = inventory::read(&path, Some(EnvId(2))).expect_err(&path.display().to_string());
        assert!(started.elapsed() < Duration::from_secs(20), "{} took {:?}", path.display(), started.elapsed());
        let folder = path.parent().expect("a folder").display().to_string() + "/";
        told += &format!("{}\n", error.to_string().replace(&folder, ""));
    }
    assert_snapshot!(told, @r#"
    ansible-no-bracket.ini, line 1: `]` is missing
    ansible-no-host.ini, line 2: node-1 has no valid ansible_host
    ansible-one-address-twice.ini, line 3: node-2: address 10.0.0.1 with port 22 is already in line 2
    ansible-port.ini, line 2: `99999` is not a port
    ansible-two-addresses.ini, line 4: node-1 has two addresses: 10.0.0.1 and 10.0.0.2
    ansible-vars.ini, line 3: section `all:vars`: only sections of roles are read
    astute-address-of-another-kind.yaml, line 7: network_metadata.nodes.node-1.network_roles.admin/pxe: expected text
    astute-alias-bomb.yaml, line 6: f[0][5][2][5][2]: too large, too deep or too repetitive for a node list
    astute-duplicate-address.yaml, line 9: node-2: address 10.20.0.3 with port 22 is already in line 4
    astute-duplicate-node.yaml, line 9: network_metadata.nodes: node-1 is already in line 4
    astute-duplicate-uid.yaml, line 9: node-2: id 1 is already in line 4
    astute-escape-in-name.yaml, line 4: network_metadata.nodes.node-1: `name` node-1 [31m is not a host name
    astute-latin1.yaml, line 8: not UTF-8 text
    astute-nodes-is-a-list.yaml, line 3: network_metadata.nodes: expected a map
    astute-of-10.0.yaml: holds nothing but comments; on MOS 10.0 the nodes are listed in /etc/hiera/cluster.yaml
    astute-roles-is-a-map.yaml, line 6: network_metadata.nodes.node-1.node_roles: expected a list
    astute-tab.yaml, line 8: tabs disallowed within this context (block indentation)
    astute-truncated-quote.yaml, line 9: network_metadata.nodes.node-2: unclosed quote
    astute-truncated.yaml, line 7: network_metadata.nodes.node-1.network_roles: unclosed bracket '{'
    astute-uid-is-no-number.yaml, line 4: network_metadata.nodes.node-1: `uid` one is not a node ID
    astute-uid-too-large.yaml, line 4: network_metadata.nodes.node-1: `uid` 4294967296 is not a node ID
    astute-unknown-alias.yaml, line 8: alias references unknown anchor
    empty.yaml: empty
    fuel2.yaml, line 1: a YAML list; of Nailgun's node lists the JSON form is read (-f json, --json)
    hiera-node-10.0.yaml: this lists no nodes: `network_metadata` is missing; on MOS 10.0 it is in /etc/hiera/cluster.yaml
    nailgun-duplicate-address.json, line 2: node-2: address 10.0.0.1 with port 22 is already in line 1
    nailgun-duplicate-id.json, line 2: node-1: id 1 is already in line 1
    nailgun-duplicate-key.json, line 3: entry 2: duplicate field `ip`
    nailgun-entry-is-text.json, line 2: entry 2: invalid type: string "node-2", expected an object
    nailgun-error.json, line 1: unknown field `message`, expected one of schema, env, mos_version, ssh, nodes
    nailgun-hostname-escape.json, line 1: entry 1: node 1: `hostname` a [31m is not a host name
    nailgun-id-is-text.json, line 2: entry 2: id: invalid type: string "2", expected a whole number
    nailgun-ip-is-a-number.json, line 2: entry 1: ip: invalid type: integer `10`, expected a string
    nailgun-ip-is-no-address.json, line 1: entry 1: node 1: `ip` 10.0.0.1/24 is not an address
    nailgun-latin1.json, line 2: not UTF-8 text
    nailgun-only-others.json lists no node of environment 2 that can be asked (left out: 1 other-environment, 1 bootstrap)
    nailgun-roles-is-a-map.json, line 2: entry 1: roles: neither a list of names nor text
    nailgun-trailing-comma.json, line 2: trailing comma
    nailgun-truncated.json, line 2: EOF while parsing an object
    native-deep.yaml, line 2: nodes[0]: expected a map
    native-duplicate-key-in-node.yaml, line 3: duplicate mapping key: id
    native-duplicate-key.yaml, line 4: duplicate mapping key: env
    native-no-nodes.yaml lists no node of environment 2 that can be asked
    native-nodes-is-text.yaml, line 2: nodes: expected a list
    native-of-another-environment.yaml lists environment 7, not 2
    native-port-too-large.yaml, line 3: nodes[0].port: expected a whole number
    native-port-zero.yaml, line 3: a: `port` must be at least 1
    native-shell-in-address.yaml, line 3: a: `10.0.0.1;reboot` is neither an address nor a host name
    native-two-documents.yaml, line 5: a second YAML document begins
    native-typo.yaml, line 3: unknown field `adress`, expected one of id, name, fqdn, label, address, roles, user, port, key, jump, legacy_algorithms
    native-utf16.yaml, line 1: not UTF-8 text
    native-version.yaml, line 2: mos_version: not a MOS version such as 9.0
    nul.yaml, line 1: unexpected character: `\u{0}'
    page.html, line 1: a web page or a table; of Nailgun's node lists the JSON form is read (-f json, --json)
    table.txt, line 1: a web page or a table; of Nailgun's node lists the JSON form is read (-f json, --json)
    "#);
}

/// What is too large to be kept in the repository.
#[test]
fn bombs_go_off_in_the_budget() {
    let deep = |open: &str, close: &str, n: usize| format!("{}{}", open.repeat(n), close.repeat(n));
    let wide = "- x\n".repeat(1_600_000);
    let mut aliases = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..20 {
        aliases += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", "));
    }
    let bombs = [
        ("deep flow", format!("network_metadata: {}\n", deep("[", "]", 100_000))),
        ("deep flow, native", format!("nodes: {}\n", deep("[", "]", 100_000))),
        ("deep flow maps", format!("network_metadata: {}x\n", "{a: ".repeat(100_000))),
        ("deep JSON", format!("[{{\"id\": 1, \"meta\": {}}}]", deep("[", "]", 1_000_000))),
        ("deep JSON roles", format!("[{{\"id\": 1, \"roles\": {}}}]", deep("[", "]", 100_000))),
        ("deep JSON list", deep("[{\"a\":", "}]", 100_000)),
        ("deep block", (0..2000).map(|i| format!("{}a:\n", " ".repeat(i))).collect::<String>() + "uid: 1\n"),
        ("wide", format!("uid: 1\nother:\n{wide}")),
        ("aliases", format!("{aliases}network_metadata: {{nodes: *a19}}\n")),
        ("aliases, native", format!("{aliases}nodes: *a19\n")),
        ("recursive", "uid: 1\na: &a [*a]\nnetwork_metadata: *a\n".to_owned()),
        ("anchors", (0..300_000).map(|i| format!("k{i}: &n{i} x\n")).collect::<String>() + "uid: 1\n"),
        ("one line", format!("uid: {}\n", "x".repeat(8 << 20))),
        ("sections", "[a]\n".repeat(300_000)),
    ];
    for (name, text) in bombs {
        let started = Instant::now();
        assert!(inventory::from_bytes(text.into(), Path::new(name), Some(EnvId(2))).is_err(), "{name}");
        assert!(started.elapsed() < Duration::from_secs(60), "{name} took {:?}", started.elapsed());
    }
}

#[test]
fn a_file_that_is_too_large_is_not_read_to_its_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("huge.json");
    let file = std::fs::File::create(&path).expect("a file");
    file.set_len(1 << 40).expect("a hole");
    assert!(matches!(inventory::read(&path, Some(EnvId(2))), Err(InventoryError::TooLarge(_))));
    assert!(matches!(
        inventory::from_reader(std::io::repeat(b' '), &path, Some(EnvId(2))),
        Err(InventoryError::TooLarge(_))
    ));
    const { assert!(MAX_BYTES <= 64 << 20) };
}

fn fixture() -> impl Strategy<Value = Vec<u8>> {
    let names: Vec<PathBuf> =
        std::fs::read_dir(six("")).expect("fixtures").map(|e| e.expect("an entry").path()).collect();
    prop::sample::select(names).prop_map(|path| std::fs::read(path).expect("a fixture"))
}

/// Words that mean something to one of the parsers.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "[",
            "]",
            "{",
            "}",
            ":",
            ": ",
            "- ",
            "\n",
            "\n  ",
            "&a ",
            "*a",
            "<<: *a\n",
            "!binary ",
            "!!str ",
            "|\n",
            "---\n",
            "'",
            "\"",
            "#",
            ",",
            "nodes:",
            "network_metadata:",
            "\"id\":",
            "uid:",
            "ansible_host=",
            "\t",
            "\u{0}",
            "? ",
            "%YAML 1.1\n",
            "fuel-updates-inventory/1",
            "10.20.0.1",
            "null",
            "~",
            "0644",
            "1e999",
            "\\u12",
            "\u{feff}",
            "ü",
        ])
        .prop_map(str::to_owned),
        "[a-z0-9]{1,6}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = inventory::from_bytes(bytes, Path::new("x"), Some(EnvId(2)));
    }

    #[test]
    fn words_never_panic(words in prop::collection::vec(word(), 0..60), env in prop::option::of(1u32..4)) {
        let _ = inventory::parse(&words.concat(), env.map(EnvId));
    }

    /// What a real file is with some bytes overwritten, cut out or doubled: an error or a list whose nodes can be asked.
    #[test]
    fn damaged_files_never_panic(
        mut bytes in fixture(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0usize..60, 0u8..3), 1..6),
    ) {
        for (at, byte, length, kind) in damage {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.drain(at..end)),
                _ => {
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
            }
        }
        if let Ok(list) = inventory::from_bytes(bytes, Path::new("x"), Some(EnvId(2))) {
            prop_assert!(!list.nodes.is_empty());
            let mut places: Vec<_> = list.nodes.iter().map(|n| (n.host.clone(), n.port)).collect();
            places.sort();
            places.dedup();
            prop_assert_eq!(places.len(), list.nodes.len());
        }
    }

    /// A file that breaks off is never taken for the whole environment without a word, whatever its form.
    #[test]
    fn truncated_json_is_refused(at in any::<prop::sample::Index>()) {
        for name in ["nailgun.json", "fuel-v1.json", "fuel2.json"] {
            let bytes = std::fs::read(six(name)).expect("a fixture");
            let cut = bytes[..at.index(bytes.len() - 1)].to_vec();
            prop_assert!(inventory::from_bytes(cut, Path::new("x"), Some(EnvId(2))).is_err());
        }
    }
}
