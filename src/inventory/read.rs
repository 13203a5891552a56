//! Reads one file and tells its form by its content.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::error::InventoryError;
use super::fault::Fault;
use super::{ansible_ini, astute, nailgun_list, native};
use crate::domain::inventory::Inventory;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// A node list with where it came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The nodes.
    pub inventory: Inventory,
    /// The file.
    pub path: PathBuf,
    /// How old the file is; nothing where the file system does not tell.
    pub age: Option<Duration>,
    /// What the operator should know about the choice of this file.
    pub warnings: Vec<String>,
}

/// Reads `path`. Lists of several environments are narrowed to `env`.
///
/// # Errors
/// [`InventoryError`] with file and line.
pub fn read(path: &Path, env: Option<u32>) -> Result<Loaded, InventoryError> {
    let error = |source| InventoryError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(error)?;
    let metadata = file.metadata().map_err(error)?;
    if !metadata.is_file() {
        return Err(error(std::io::Error::other("not a regular file")));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(error)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(InventoryError::TooLarge(path.to_owned()));
    }
    let age = metadata.modified().ok().and_then(|m| SystemTime::now().duration_since(m).ok());
    let invalid =
        |fault: Fault| InventoryError::Invalid { path: path.to_owned(), line: fault.line, message: fault.message };
    let text = String::from_utf8(bytes).map_err(|e| {
        let line = 1 + e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
        invalid(Fault::at(line as u64, "not UTF-8 text"))
    })?;
    let inventory = parse(&text, env).map_err(invalid)?;
    if let (Some(found), Some(wanted)) = (inventory.env, env)
        && found != wanted
    {
        return Err(InventoryError::OtherEnvironment { path: path.to_owned(), found, wanted });
    }
    if inventory.nodes.is_empty() {
        let left_out = inventory.left_out.iter().map(|(reason, n)| (reason.as_str().to_owned(), *n)).collect();
        return Err(InventoryError::Empty { path: path.to_owned(), env: env.unwrap_or(0), left_out });
    }
    Ok(Loaded { inventory, path: path.to_owned(), age, warnings: vec![] })
}

/// Parses a node list of any form.
///
/// # Errors
/// [`Fault`] with line and key.
pub fn parse(text: &str, env: Option<u32>) -> Result<Inventory, Fault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.trim_start();
    if start.is_empty() {
        return Err(Fault::new("empty"));
    }
    // `[` opens a JSON list of nodes or the first section of an INI file.
    if let Some(inside) = start.strip_prefix('[') {
        let inside = inside.trim_start();
        if inside.starts_with(['{', ']']) {
            let env = env.ok_or_else(|| Fault::new("a list of all environments' nodes: give --env ID"))?;
            return nailgun_list::parse(text, env);
        }
        return ansible_ini::parse(text);
    }
    if top_level_key(text, "network_metadata") || top_level_key(text, "uid") {
        return astute::parse(text);
    }
    native::parse(text)
}

/// Whether a line of YAML, or a JSON object, has this key at its top level.
fn top_level_key(text: &str, key: &str) -> bool {
    text.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
}
