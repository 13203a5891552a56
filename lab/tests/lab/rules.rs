//! Rules that the lab's own source keeps.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// On a lab node only the graph's own scripts write mu-version.json and state.json; otherwise a test of an installation
/// would prove nothing. What a node has before the lab starts is seeded by one file, from bytes of the scenario.
#[test]
fn only_the_seed_knows_the_name_of_the_mu_file_and_nobody_that_of_the_state_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    assert!(files.len() > 20);
    for file in files {
        let name = file.strip_prefix(root).unwrap().display().to_string();
        if name.ends_with(".md") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        assert!(!code.contains("state.json"), "{name}");
        assert!(name == "src/seed.rs" || !code.contains("mu-version"), "{name}");
    }
}
