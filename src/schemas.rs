//! The JSON Schema of every output and input, as `fuel-updates schema NAME` prints it. `tests/schemas.rs` holds them to what
//! the program really writes.

use crate::packed;

/// A schema.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Its name, as it is typed.
    pub name: &'static str,
    /// The path of its file.
    file: &'static str,
}

macro_rules! schemas {
    ($($name:literal: $file:literal,)*) => {
        /// All of them. Whoever adds an output adds its schema here.
        pub const SCHEMAS: &[Schema] = &[$(Schema { name: $name, file: $file },)*];
    };
}

schemas! {
    "check": "schemas/check.json",
    "check-installed": "schemas/check-installed.json",
    "check-available": "schemas/check-available.json",
    "check-drift": "schemas/check-drift.json",
    "install": "schemas/install.json",
    "install-precheck": "schemas/install-precheck.json",
    "error": "schemas/error.json",
    "events": "schemas/events.json",
    "history": "schemas/history.json",
    "inventory-show": "schemas/inventory-show.json",
    "inventory-show-ansible": "schemas/inventory-show-ansible.json",
    "inventory-changes": "schemas/inventory-changes.json",
    "mirror-verify": "schemas/mirror-verify.json",
    "doctor": "schemas/doctor.json",
    "graph-show": "schemas/graph-show.json",
    "config-show": "schemas/config-show.json",
    "inventory": "inventory/schema.json",
    "plan": "schemas/plan.json",
    "mu-version": "schemas/mu-version.json",
}

impl Schema {
    /// Its text.
    pub fn text(&self) -> String {
        let all = packed::unpack(packed::SCHEMAS);
        all.into_iter().find(|(path, _)| path == self.file).map(|(_, text)| text).unwrap_or_default()
    }

    /// What it describes, in a few words.
    pub fn title(&self) -> String {
        let document: serde_json::Value = serde_json::from_str(&self.text()).unwrap_or_default();
        document["title"].as_str().unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed_and_has_a_title() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        files.sort();
        let mut listed: Vec<&str> =
            SCHEMAS.iter().map(|schema| schema.name).filter(|name| *name != "inventory").collect();
        listed.sort_unstable();
        assert_eq!(files, listed);
        for schema in SCHEMAS {
            assert!(!schema.title().is_empty(), "{}", schema.name);
        }
    }
}
