//! Finds the node list of an environment: first the file or folder that was given, then `/etc/fuel-updates/inventory`,
//! then the files that a Fuel master writes itself. The first one found is used; a warning names a later one that is
//! newer. The current directory is never searched.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::InventoryError;
use super::read::{Loaded, read};
use crate::domain::numbers::EnvId;

/// The program's own folder of node lists.
const OWN: &str = "etc/fuel-updates/inventory";

/// Finds and reads the node list of an environment.
///
/// `given` is what `--inventory` or `FUEL_UPDATES_INVENTORY` says; `root` is `/`, another folder in tests.
/// Without `env`, the only environment that has a node list is used.
///
/// # Errors
/// [`InventoryError`] when there is none or it cannot be read.
pub fn find(given: Option<&Path>, env: Option<EnvId>, root: &Path) -> Result<Loaded, InventoryError> {
    let (mut loaded, env) = match given {
        Some(file) if !file.is_dir() => {
            let loaded = read(file, env)?;
            let which = || InventoryError::WhichEnvironment { known: vec![], file: Some(file.to_owned()) };
            let env = env.or(loaded.inventory.env).ok_or_else(which)?;
            (loaded, env)
        }
        Some(folder) => {
            let env = env.map_or_else(|| only(known_in(folder)), Ok)?;
            (first(&in_folder(folder, env), env, || known_in(folder))?, env)
        }
        None => {
            let env = env.map_or_else(|| only(known(root)), Ok)?;
            (first(&candidates(root, env), env, || known(root))?, env)
        }
    };
    // A newer source may list nodes that are missing in this one.
    let usual = candidates(root, env);
    let used = usual.iter().position(|path| *path == loaded.path);
    let modified = |path: &Path| path.metadata().and_then(|m| m.modified()).ok();
    let age = modified(&loaded.path);
    for path in usual.iter().skip(used.map_or(0, |i| i + 1)) {
        let the_same = path.canonicalize().is_ok_and(|p| loaded.path.canonicalize().is_ok_and(|used| used == p));
        if modified(path) > age && !the_same {
            loaded.warnings.push(format!("using {} although {} is newer", loaded.path.display(), path.display()));
        }
    }
    Ok(loaded)
}

fn first(candidates: &[PathBuf], env: EnvId, known: impl FnOnce() -> Vec<EnvId>) -> Result<Loaded, InventoryError> {
    match candidates.iter().find(|path| is_there(path)) {
        Some(path) => read(path, Some(env)),
        None => Err(InventoryError::NotFound { env, known: known(), looked: candidates.to_vec() }),
    }
}

/// Whether something is there, even a broken link or a file that we may not read: neither is skipped silently.
fn is_there(path: &Path) -> bool {
    match path.symlink_metadata() {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}

/// The file to write the node list to: the existing one, or a new `env-ID.yaml`.
pub fn place(given: Option<&Path>, env: EnvId, root: &Path) -> PathBuf {
    let folder = match given {
        Some(path) if !path.is_dir() => return path.to_owned(),
        Some(folder) => folder.to_owned(),
        None => root.join(OWN),
    };
    let candidates = in_folder(&folder, env);
    candidates.iter().find(|path| is_there(path)).cloned().unwrap_or_else(|| folder.join(format!("env-{env}.yaml")))
}

fn only(known: Vec<EnvId>) -> Result<EnvId, InventoryError> {
    match known.as_slice() {
        [env] => Ok(*env),
        _ => Err(InventoryError::WhichEnvironment { known, file: None }),
    }
}

fn in_folder(folder: &Path, env: EnvId) -> Vec<PathBuf> {
    ["yaml", "yml", "json"].iter().map(|ext| folder.join(format!("env-{env}.{ext}"))).collect()
}

fn candidates(root: &Path, env: EnvId) -> Vec<PathBuf> {
    let mut all = in_folder(&root.join(OWN), env);
    all.push(root.join(format!("etc/fuel/cluster/{env}/astute.yaml")));
    all.push(root.join(format!("var/lib/fuel/configs/{env}/cluster.yaml")));
    all
}

/// The environments that have a node list in one of the default places, sorted.
pub fn known(root: &Path) -> Vec<EnvId> {
    let mut known = known_in(&root.join(OWN));
    for (folder, file) in [("etc/fuel/cluster", "astute.yaml"), ("var/lib/fuel/configs", "cluster.yaml")] {
        for name in names(&root.join(folder)) {
            if let Ok(env) = name.parse::<EnvId>()
                && env.0 > 0
                && is_there(&root.join(folder).join(&name).join(file))
            {
                known.push(env);
            }
        }
    }
    known.sort_unstable();
    known.dedup();
    known
}

fn known_in(folder: &Path) -> Vec<EnvId> {
    let env = |name: &str| {
        name.strip_prefix("env-")?.split_once('.').filter(|(_, e)| ["yaml", "yml", "json"].contains(e))?.0.parse().ok()
    };
    let mut known: Vec<EnvId> = names(folder).iter().filter_map(|n| env(n)).collect();
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
    use std::time::{Duration, SystemTime};

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
        assert_eq!(known(root.path()), [EnvId(1), EnvId(2)]);
        let loaded = find(None, Some(EnvId(1)), root.path()).unwrap();
        assert!(loaded.path.ends_with("env-1.yaml"));
        assert!(
            matches!(find(None, None, root.path()), Err(InventoryError::WhichEnvironment { known, .. }) if known == [EnvId(1), EnvId(2)])
        );
        let Err(InventoryError::NotFound { env: EnvId(3), known, looked }) = find(None, Some(EnvId(3)), root.path())
        else {
            panic!()
        };
        assert_eq!((known, looked.len()), (vec![EnvId(1), EnvId(2)], 5));
    }

    #[test]
    fn the_only_environment_needs_no_option() {
        let root = root();
        put(
            root.path(),
            "etc/fuel-updates/inventory/env-4.json",
            r#"{"env":4,"nodes":[{"name":"n","address":"10.0.0.1"}]}"#,
        );
        assert_eq!(find(None, None, root.path()).unwrap().inventory.env, Some(EnvId(4)));
    }

    #[test]
    fn a_file_of_another_environment_is_refused() {
        let root = root();
        put(root.path(), "x.yaml", &format!("env: 7\n{NATIVE}"));
        let error = find(Some(&root.path().join("x.yaml")), Some(EnvId(1)), root.path()).unwrap_err();
        assert!(error.to_string().ends_with("x.yaml lists environment 7, not 1"), "{error}");
    }

    #[test]
    fn a_lower_source_that_is_newer_is_named() {
        let root = root();
        let astute =
            "deployment_id: 1\nnetwork_metadata: {nodes: {node-1: {uid: 1, network_roles: {admin/pxe: 10.0.0.1}}}}";
        put(root.path(), "etc/fuel-updates/inventory/env-1.yaml", NATIVE);
        put(root.path(), "etc/fuel/cluster/1/astute.yaml", astute);
        put(root.path(), "given.yaml", NATIVE);
        let path = |p: &str| root.path().join(p);
        let age = |p: &str, seconds: u64| {
            let file = std::fs::File::options().append(true).open(path(p)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
        };
        let warnings = |given: Option<&Path>| {
            let warnings = find(given, Some(EnvId(1)), root.path()).unwrap().warnings;
            warnings.iter().map(|w| w.replace(&format!("{}/", root.path().display()), "")).collect::<Vec<_>>()
        };
        age("etc/fuel-updates/inventory/env-1.yaml", 100);
        age("etc/fuel/cluster/1/astute.yaml", 50);
        let newer = "using etc/fuel-updates/inventory/env-1.yaml although etc/fuel/cluster/1/astute.yaml is newer";
        assert_eq!(warnings(None), [newer]);
        age("given.yaml", 70);
        let newer = "using given.yaml although etc/fuel/cluster/1/astute.yaml is newer";
        assert_eq!(warnings(Some(&path("given.yaml"))), [newer]);
        assert_eq!(warnings(Some(&path("etc/fuel/cluster/1/astute.yaml"))), Vec::<String>::new());
        age("etc/fuel/cluster/1/astute.yaml", 200);
        assert_eq!(warnings(None), Vec::<String>::new());
    }

    #[test]
    fn what_is_there_and_cannot_be_read_is_never_passed_over() {
        let root = root();
        put(root.path(), "etc/fuel/cluster/1/astute.yaml", "x");
        std::fs::create_dir_all(root.path().join(OWN)).unwrap();
        std::os::unix::fs::symlink("gone", root.path().join(OWN).join("env-1.yaml")).unwrap();
        let error = find(None, None, root.path()).unwrap_err();
        assert!(matches!(&error, InventoryError::Read { path, .. } if path.ends_with("env-1.yaml")), "{error}");
    }

    #[test]
    fn a_node_list_is_written_where_it_is_found_again() {
        let root = root();
        assert!(place(None, EnvId(3), root.path()).ends_with("etc/fuel-updates/inventory/env-3.yaml"));
        put(root.path(), "etc/fuel-updates/inventory/env-3.json", NATIVE);
        assert!(place(None, EnvId(3), root.path()).ends_with("env-3.json"));
        assert_eq!(place(Some(Path::new("/x/y.yaml")), EnvId(3), root.path()), Path::new("/x/y.yaml"));
        assert_eq!(place(Some(root.path()), EnvId(3), root.path()), root.path().join("env-3.yaml"));
    }
}
