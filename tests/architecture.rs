//! Holds the code to the picture in `src/lib.rs`: who may know whom.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};

/// Module → the modules of ours that it may import.
const MAY: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("names", &["domain"]),
    ("fleet", &["domain", "error", "exit", "files", "names"]),
    ("http", &["domain", "error", "exit", "names"]),
    ("mirror", &["domain", "http", "error", "exit"]),
    ("nailgun", &["domain", "http", "error", "exit"]),
    ("graph", &["domain", "error", "exit", "packed"]),
    ("inventory", &["domain", "error", "exit"]),
    ("event", &["domain"]),
    ("exit", &[]),
    ("error", &["domain", "exit"]),
    ("files", &["error"]),
    ("cli", &["domain", "schemas"]),
    ("schemas", &["packed"]),
    ("packed", &[]),
    ("signals", &["error", "exit"]),
    ("settings", &["cli", "domain", "error", "exit", "inventory"]),
    ("ui", &["cli", "domain", "error", "event", "exit", "settings", "signals"]),
];

/// The files of a command with several steps, from the bottom to the top: each imports only what stands on an earlier
/// line, and `mod.rs`, which stands above all, is imported by none.
const STEPS: &[(&str, &[&[&str]])] = &[
    (
        "command/install",
        &[
            &["on_end"],
            &["context", "job", "lock", "record", "run_log", "compare"],
            &["stop_request", "halt", "incomplete", "snapshots"],
            &["parts", "find", "gather", "watch", "prove", "clean", "finish", "advance"],
            &["tidy", "turn", "claim", "start", "conclude", "plan_file"],
            &["submit"],
            &["precheck", "stop"],
            &["attach"],
        ],
    ),
    ("command/drift", &[&["collect", "snapshot_file"]]),
    ("command/inventory", &[&["ansible", "fetch"], &["show", "update"]]),
    ("command/history", &[&["read"]]),
    ("command/mirror", &[&["look", "needs"], &["publish"], &["verify", "fetch"]]),
];

/// What only some modules may name.
const ONLY: &[(&str, &[&str])] = &[
    ("russh", &["fleet"]),
    ("tokio", &["fleet", "names"]),
    ("ureq", &["http", "mirror", "nailgun"]),
    ("hickory_resolver", &["names"]),
    ("clap", &["cli", "app", "settings"]),
    ("indicatif", &["ui"]),
    ("comfy_table", &["ui"]),
];

fn sources() -> Vec<(String, PathBuf, String)> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&root).unwrap();
            let module = inside.components().next().unwrap().as_os_str().to_str().unwrap();
            let text = fs::read_to_string(&path).unwrap();
            (module.trim_end_matches(".rs").to_owned(), inside.to_owned(), text)
        })
        .collect()
}

/// The names right behind `crate::`, a group in braces included.
fn own_imports(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in line.split("crate::").skip(1) {
        let list = part.strip_prefix('{').map_or(part, |inside| inside.split('}').next().unwrap_or(inside));
        let words = if part.starts_with('{') { list.split(',').collect() } else { vec![list] };
        for word in words {
            let name: String = word.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            names.push(name);
        }
    }
    names
}

#[test]
fn modules_import_only_what_they_may() {
    let mut faults = Vec::new();
    let mut looked_at = 0;
    for (module, path, text) in sources() {
        let Some((_, may)) = MAY.iter().find(|(m, _)| *m == module) else { continue };
        for (number, line) in (1..).zip(text.lines()).filter(|(_, l)| !l.trim_start().starts_with("//")) {
            for name in own_imports(line) {
                looked_at += 1;
                if name != module && !may.contains(&name.as_str()) {
                    faults.push(format!("{}:{number}: {module} must not know {name}", path.display()));
                }
            }
        }
    }
    assert!(looked_at > 50, "the test finds too few variables: {looked_at} imports seen");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn libraries_stay_on_their_islands() {
    let mut faults = Vec::new();
    for (module, path, text) in sources() {
        for (library, may) in ONLY {
            let names =
                [format!("use {library}::"), format!(" {library}::"), format!("({library}::"), format!("<{library}::")];
            let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
            if !may.contains(&module.as_str()) && code.into_iter().any(|l| names.iter().any(|n| l.contains(n))) {
                faults.push(format!("{}: {module} must not use {library}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The names right behind `prefix` in the code of a file: `prefix{a, b::C}` and `prefix::d::E` name a, b and d.
fn named(text: &str, prefix: &str) -> Vec<String> {
    let code: String = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join(" ");
    let head = |word: &str| word.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = Vec::new();
    for part in code.split(prefix).skip(1) {
        match part.strip_prefix('{') {
            Some(group) => names.extend(group.split('}').next().unwrap_or_default().split(',').map(head)),
            None => names.push(head(part)),
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn no_step_of_a_command_imports_its_parent_or_a_later_step() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut faults = Vec::new();
    let mut looked_at = 0;
    for (folder, layers) in STEPS {
        let layer = |name: &str| layers.iter().position(|layer| layer.contains(&name));
        let inside = format!("crate::{}::", folder.replace('/', "::"));
        for entry in fs::read_dir(root.join(folder)).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let step = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if step == "mod" {
                continue;
            }
            let Some(own) = layer(&step) else {
                faults.push(format!("{folder}/{step} has no place in the order"));
                continue;
            };
            // A test may put things together that the code may not.
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for name in named(code, "super::").into_iter().chain(named(code, &inside)) {
                looked_at += 1;
                match layer(&name) {
                    Some(other) if other < own => {}
                    Some(_) => faults.push(format!("{folder}/{step} must not import {name}")),
                    None => faults.push(format!("{folder}/{step} imports {name} of its parent")),
                }
            }
        }
    }
    assert!(looked_at > 40, "the test finds too few variables: {looked_at} imports seen");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The name that a line defines a type by, if it defines one.
fn defined(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("pub").map_or(line, |rest| {
        let rest = rest.trim_start();
        rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(rest, |(_, rest)| rest.trim_start())
    });
    let rest = ["struct ", "enum ", "trait "].iter().find_map(|word| line.strip_prefix(word))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().filter(|name| !name.is_empty())
}

#[test]
fn no_two_types_have_the_same_name() {
    let mut known: std::collections::BTreeMap<String, PathBuf> = std::collections::BTreeMap::new();
    let mut faults = Vec::new();
    for (_, path, text) in sources() {
        if path.ends_with("tests.rs") || path.to_string_lossy().ends_with("_tests.rs") {
            continue;
        }
        // What tests define for themselves confuses nobody.
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for name in code.lines().filter_map(defined) {
            if let Some(other) = known.insert(name.to_owned(), path.clone()) {
                faults.push(format!("{name}: {} and {}", other.display(), path.display()));
            }
        }
    }
    assert!(known.len() > 200, "the test finds too few types: {}", known.len());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Documents for developers, and the words in backquotes that name a file of the repository or a type of the code.
#[test]
fn documents_name_files_and_types_that_exist() {
    const DOCUMENTS: [&str; 5] =
        ["CONTRIBUTING.md", "docs/ARCHITECTURE.md", "docs/glossary.md", "docs/nailgun-versions.md", "docs/own-code.md"];
    const BELOW: [&str; 5] = ["", "src", "tests/cli", "lab/src", "lab/tests/lab"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let types: Vec<String> =
        sources().iter().flat_map(|(.., text)| text.lines().filter_map(defined).map(str::to_owned)).collect();
    let (mut seen, mut faults) = (0, Vec::new());
    for document in DOCUMENTS {
        let text = fs::read_to_string(root.join(document)).unwrap();
        for word in text.split('`').skip(1).step_by(2) {
            let name = word.split("::").next().unwrap();
            let file =
                word.ends_with(".rs") || ["src/", "tests/", "lab/", "scripts/"].iter().any(|top| word.starts_with(top));
            let a_type = document.ends_with("glossary.md")
                && name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.contains(|c: char| c.is_ascii_lowercase())
                && name.chars().all(|c| c.is_ascii_alphanumeric());
            let exists = (file && BELOW.iter().any(|top| root.join(top).join(word).exists()))
                || (a_type && types.iter().any(|known| known == name));
            seen += usize::from(file || a_type);
            if (file || a_type) && !exists {
                faults.push(format!("{document}: `{word}`"));
            }
        }
    }
    assert!(seen > 100, "the test sees too few names: {seen}");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
