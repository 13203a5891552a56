//! Reading a graph from its folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use super::Graph;
use super::error::GraphError;
use crate::domain::text::one_line;

/// The most that one file of a graph may hold.
const MAX_FILE: u64 = 1024 * 1024;

impl Graph {
    /// Reads an operator's graph: `tasks.yaml`, `metadata.yaml` (may be absent) and `scripts/`.
    ///
    /// # Errors
    /// [`GraphError`] names the file and the cause. Rules are not checked here, see [`Graph::lint`].
    pub fn load(folder: &Path) -> Result<Self, GraphError> {
        let tasks = read(&folder.join("tasks.yaml"))?;
        let metadata = folder.join("metadata.yaml");
        let metadata = if metadata.exists() { read(&metadata)? } else { String::new() };
        let mut files = BTreeMap::new();
        let scripts = folder.join("scripts");
        if scripts.is_dir() {
            for entry in fs::read_dir(&scripts).map_err(|source| GraphError::Io { path: scripts.clone(), source })? {
                let path = entry.map_err(|source| GraphError::Io { path: scripts.clone(), source })?.path();
                if let (true, Some(name)) = (path.is_file(), path.file_name().and_then(|name| name.to_str())) {
                    files.insert(format!("scripts/{name}"), read(&path)?);
                }
            }
        }
        Self::parse(&tasks, &metadata, files)
    }

    /// Puts a graph together from the text of its files.
    pub(super) fn parse(tasks: &str, metadata: &str, files: BTreeMap<String, String>) -> Result<Self, GraphError> {
        let tasks = match yaml("tasks.yaml", tasks)? {
            Value::Array(tasks) => tasks,
            _ => return Err(shape("tasks.yaml", "not a list of tasks")),
        };
        let tasks = tasks
            .into_iter()
            .enumerate()
            .map(|(index, task)| {
                let fault = |why: &str| shape("tasks.yaml", &format!("entry {} is no task{why}", index + 1));
                if !task.is_object() {
                    return Err(fault(""));
                }
                serde_json::from_value(task).map_err(|error| fault(&format!(": {}", one_line(&error.to_string(), 200))))
            })
            .collect::<Result<_, _>>()?;
        let metadata = match yaml("metadata.yaml", metadata)? {
            Value::Object(metadata) => metadata,
            Value::Null => Map::new(),
            _ => return Err(shape("metadata.yaml", "not a map")),
        };
        Ok(Self { metadata, tasks, files })
    }
}

fn yaml(file: &'static str, text: &str) -> Result<Value, GraphError> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_saphyr::from_str(text).map_err(|error| shape(file, &one_line(&error.to_string(), 200)))
}

fn shape(file: &'static str, message: &str) -> GraphError {
    GraphError::Yaml { file, message: message.to_owned() }
}

fn read(path: &Path) -> Result<String, GraphError> {
    let io = |source| GraphError::Io { path: path.to_owned(), source };
    let file = fs::File::open(path).map_err(io)?;
    let mut text = String::new();
    file.take(MAX_FILE + 1).read_to_string(&mut text).map_err(io)?;
    if text.len() as u64 > MAX_FILE {
        return Err(GraphError::FileTooLarge(path.to_owned()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_s_folder_reads_as_the_built_in_graph() {
        let loaded = Graph::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/graphs/mu"))).unwrap();
        let builtin = Graph::builtin().unwrap();
        assert_eq!((loaded.tasks, loaded.metadata, loaded.files), (builtin.tasks, builtin.metadata, builtin.files));
    }

    #[test]
    fn each_fault_names_the_file() {
        let empty = tempfile::tempdir().unwrap();
        assert!(Graph::load(empty.path()).unwrap_err().to_string().contains("tasks.yaml: No such file"));
        let fault =
            |tasks: &str, metadata: &str| Graph::parse(tasks, metadata, BTreeMap::new()).unwrap_err().to_string();
        assert_eq!(fault("a: 1", ""), "tasks.yaml: not a list of tasks");
        assert_eq!(fault("- 1", ""), "tasks.yaml: entry 1 is no task");
        assert!(fault("- {id: 1}", "").starts_with("tasks.yaml: entry 1 is no task: invalid type: integer"));
        assert_eq!(fault("[]", "[]"), "metadata.yaml: not a map");
        assert!(fault("- {id: 'x", "").starts_with("tasks.yaml: "));
    }
}
