//! The graph that is built into the program: `graphs/mu` of this repository.

use super::Graph;
use super::error::GraphError;

const TASKS: &str = include_str!("../../graphs/mu/tasks.yaml");
const METADATA: &str = include_str!("../../graphs/mu/metadata.yaml");

macro_rules! scripts {
    ($($name:literal),* $(,)?) => {
        &[$((concat!("scripts/", $name), include_str!(concat!("../../graphs/mu/scripts/", $name)))),*]
    };
}

const SCRIPTS: &[(&str, &str)] = scripts![
    "affected.sh",
    "apt.sh",
    "check.sh",
    "cluster-lists.sh",
    "cluster.sh",
    "database.sh",
    "download.sh",
    "lib.sh",
    "lists.sh",
    "main.sh",
    "notes.sh",
    "phases.sh",
    "resources.sh",
    "services.sh",
    "state.sh",
    "storage.sh",
];

impl Graph {
    /// The graph of this program.
    ///
    /// # Errors
    /// None in a program that passed its tests: the graph is a constant.
    pub fn builtin() -> Result<Self, GraphError> {
        let files = SCRIPTS.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Self::parse(TASKS, METADATA, files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_of_the_folder_is_built_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/graphs/mu/scripts");
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| format!("scripts/{}", entry.unwrap().file_name().to_str().unwrap()))
            .collect();
        names.sort();
        assert_eq!(names, SCRIPTS.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
    }

    #[test]
    fn it_obeys_its_own_rules() {
        let findings: Vec<String> = Graph::builtin().unwrap().lint().iter().map(ToString::to_string).collect();
        assert_eq!(findings, Vec::<String>::new());
    }
}
