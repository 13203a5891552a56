//! Where a node list is looked for (product page, "The node list"): first found wins, and a lower source
//! that is newer is named. Never the current directory.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::error::InventoryError;
use super::read::{Loaded, read};

/// Our own folder of inventories.
const OWN: &str = "etc/fuel-updates/inventory";

/// Finds and reads the node list of an environment.
///
/// `given` is what `--inventory` or `FUEL_UPDATES_INVENTORY` says; `root` is `/`, another folder in tests.
/// Without `env` the only environment that has an inventory is taken.
///
/// # Errors
/// [`InventoryError`] when there is none or it cannot be read.
pub fn find(given: Option<&Path>, env: Option<u32>, root: &Path) -> Result<Loaded, InventoryError> {
    if let Some(given) = given {
        if !given.is_dir() {
            return with_environment(read(given, env)?, env);
        }
        let env = env.map_or_else(|| only(known_in(given)), Ok)?;
        let candidates = in_folder(given, env);
        let found = candidates.iter().find(|p| p.exists());
        let found = found.ok_or_else(|| InventoryError::NotFound {
            env,
            known: known_in(given),
            looked: candidates.clone(),
        })?;
        return read(found, Some(env));
    }
    let env = env.map_or_else(|| only(known(root)), Ok)?;
    let candidates = candidates(root, env);
    let existing: Vec<&PathBuf> = candidates.iter().filter(|p| p.exists()).collect();
    let Some((first, lower)) = existing.split_first() else {
        return Err(InventoryError::NotFound { env, known: known(root), looked: candidates });
    };
    let mut loaded = read(first, Some(env))?;
    let modified = |p: &Path| p.metadata().and_then(|m| m.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    for path in lower.iter().filter(|p| modified(p) > modified(first)) {
        loaded.warnings.push(format!("{} is newer than {}, which is used", path.display(), first.display()));
    }
    Ok(loaded)
}

fn with_environment(loaded: Loaded, env: Option<u32>) -> Result<Loaded, InventoryError> {
    if env.is_none() && loaded.inventory.env.is_none() {
        return Err(InventoryError::WhichEnvironment { known: vec![] });
    }
    Ok(loaded)
}

fn only(known: Vec<u32>) -> Result<u32, InventoryError> {
    match known.as_slice() {
        [env] => Ok(*env),
        _ => Err(InventoryError::WhichEnvironment { known }),
    }
}

fn in_folder(folder: &Path, env: u32) -> Vec<PathBuf> {
    ["yaml", "yml", "json"].iter().map(|ext| folder.join(format!("env-{env}.{ext}"))).collect()
}

fn candidates(root: &Path, env: u32) -> Vec<PathBuf> {
    let mut all = in_folder(&root.join(OWN), env);
    all.push(root.join(format!("etc/fuel/cluster/{env}/astute.yaml")));
    all.push(root.join(format!("var/lib/fuel/configs/{env}/cluster.yaml")));
    all
}

/// The environments that have an inventory in one of the usual places, sorted.
pub fn known(root: &Path) -> Vec<u32> {
    let mut known = known_in(&root.join(OWN));
    for (folder, file) in [("etc/fuel/cluster", "astute.yaml"), ("var/lib/fuel/configs", "cluster.yaml")] {
        for name in names(&root.join(folder)) {
            if let Ok(env) = name.parse::<u32>()
                && root.join(folder).join(&name).join(file).exists()
            {
                known.push(env);
            }
        }
    }
    known.sort_unstable();
    known.dedup();
    known
}

fn known_in(folder: &Path) -> Vec<u32> {
    let env = |name: &str| {
        name.strip_prefix("env-")?.split_once('.').filter(|(_, e)| ["yaml", "yml", "json"].contains(e))?.0.parse().ok()
    };
    let mut known: Vec<u32> = names(folder).iter().filter_map(|n| env(n)).collect();
    known.sort_unstable();
    known.dedup();
    known
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|e| e.file_name().into_string().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NATIVE: &str = "nodes: [{name: node-1, address: 10.20.0.1}]\n";

    fn root() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn put(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn our_own_folder_comes_before_the_masters_files() {
        let root = root();
        put(root.path(), "etc/fuel-updates/inventory/env-1.yaml", NATIVE);
        put(root.path(), "etc/fuel/cluster/2/astute.yaml", "x");
        assert_eq!(known(root.path()), [1, 2]);
        let loaded = find(None, Some(1), root.path()).unwrap();
        assert!(loaded.path.ends_with("env-1.yaml"));
        assert!(
            matches!(find(None, None, root.path()), Err(InventoryError::WhichEnvironment { known }) if known == [1, 2])
        );
        let Err(InventoryError::NotFound { env: 3, known, looked }) = find(None, Some(3), root.path()) else {
            panic!()
        };
        assert_eq!((known, looked.len()), (vec![1, 2], 5));
    }

    #[test]
    fn the_only_environment_needs_no_option() {
        let root = root();
        put(
            root.path(),
            "etc/fuel-updates/inventory/env-4.json",
            r#"{"env":4,"nodes":[{"name":"n","address":"10.0.0.1"}]}"#,
        );
        assert_eq!(find(None, None, root.path()).unwrap().inventory.env, Some(4));
    }

    #[test]
    fn a_file_of_another_environment_is_refused() {
        let root = root();
        put(root.path(), "x.yaml", &format!("env: 7\n{NATIVE}"));
        let error = find(Some(&root.path().join("x.yaml")), Some(1), root.path()).unwrap_err();
        assert!(error.to_string().ends_with("x.yaml lists environment 7, not 1"), "{error}");
    }
}
