//! The graph that is built into the program: `graphs/mu` of this repository.

use std::collections::BTreeMap;

use super::Graph;
use super::error::GraphError;
use crate::packed;

impl Graph {
    /// The graph of this program.
    ///
    /// # Errors
    /// None in a program that passed its tests: the graph is a constant.
    pub fn builtin() -> Result<Self, GraphError> {
        let mut files: BTreeMap<String, String> = packed::unpack(packed::GRAPH).into_iter().collect();
        let mut take = |name: &str| files.remove(name).unwrap_or_default();
        let (tasks, metadata) = (take("tasks.yaml"), take("metadata.yaml"));
        Self::parse(&tasks, &metadata, files)
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
        assert_eq!(names, Graph::builtin().unwrap().files.into_keys().collect::<Vec<_>>());
    }

    #[test]
    fn it_obeys_its_own_rules() {
        let findings: Vec<String> = Graph::builtin().unwrap().lint().iter().map(ToString::to_string).collect();
        assert_eq!(findings, Vec::<String>::new());
    }
}
