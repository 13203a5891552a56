//! A mirror on this host's disk.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use fuel_updates::error::Explain as _;
use fuel_updates::mirror::{Mirror, MirrorErrorKind as Kind};

use super::mirror::{MU, fault, fetch};

fn publish(root: &Path, version: &str, text: &[u8]) {
    let folder = root.join("mcv/mos").join(version);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("mu-version.json"), text).unwrap();
}

#[test]
fn a_folder_a_file_address_and_the_file_itself() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("my mirror");
    publish(&root, "9.0", MU.as_bytes());
    let path = root.display().to_string();
    for mirror in [path.clone(), format!("file://{}", path.replace(' ', "%20"))] {
        let found = fetch(&mirror, "9.0").unwrap();
        assert_eq!((found.mu.id, found.folder.as_deref(), found.fell_back), (3, Some("9.0"), false));
        assert_eq!(found.raw, MU.as_bytes());
        assert_eq!(found.url, format!("{path}/mcv/mos/9.0/mu-version.json"));
    }
    let itself = fetch(&format!("{path}/mcv/mos/9.0/mu-version.json"), "10.0").unwrap();
    assert_eq!((itself.mu.id, itself.folder), (3, None));
}

#[test]
fn a_missing_file_of_9_2_leads_to_9_0_and_a_missing_mirror_to_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().display().to_string();
    let error = fault(&root, "9.2");
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.to_string().contains("/9.2/mu-version.json: no such file (nor in the folder of 9.0)"), "{error}");
    publish(dir.path(), "9.0", MU.as_bytes());
    let found = fetch(&root, "9.1").unwrap();
    assert_eq!((found.folder.as_deref(), found.fell_back), (Some("9.0"), true));
    assert_eq!(fault(&root, "8.0").kind(), Kind::NotFound);

    let error = fault("/nonexistent/mirror", "9.2");
    assert_eq!(error.to_string(), "mirror /nonexistent/mirror: no such file or folder");
    let error = fault("mirror.example.com", "9.2");
    assert_eq!(error.hint().as_deref(), Some("for a web server write http://mirror.example.com"));
}

#[test]
fn an_invalid_file_of_9_2_does_not_fall_back() {
    let dir = tempfile::tempdir().unwrap();
    publish(dir.path(), "9.0", MU.as_bytes());
    publish(dir.path(), "9.2", b"{");
    assert_eq!(fault(&dir.path().display().to_string(), "9.2").kind(), Kind::Invalid);
}

#[test]
fn folders_pipes_and_devices_are_no_files() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("mcv/mos/9.0");
    std::fs::create_dir_all(folder.join("mu-version.json")).unwrap();
    let root = dir.path().display().to_string();
    let error = fault(&root, "9.0");
    assert_eq!(error.kind(), Kind::File);
    assert!(error.to_string().ends_with("it is a folder"), "{error}");

    std::fs::remove_dir(folder.join("mu-version.json")).unwrap();
    let pipe = folder.join("mu-version.json");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Nobody writes into the pipe: without O_NONBLOCK this would hang for ever.
    let error = fault(&root, "9.0");
    assert!(error.kind() == Kind::File && error.to_string().ends_with("it is not a regular file"), "{error}");
    assert_eq!(fault("/dev/zero", "9.0").kind(), Kind::File);
}

#[test]
fn too_much_and_nothing() {
    let dir = tempfile::tempdir().unwrap();
    publish(dir.path(), "9.0", &vec![b' '; 70_000]);
    publish(dir.path(), "10.0", b"");
    let root = dir.path().display().to_string();
    assert_eq!(fault(&root, "9.0").kind(), Kind::TooLarge);
    assert_eq!(fault(&root, "10.0").kind(), Kind::Invalid);
}

#[test]
fn what_may_not_be_read_is_forbidden() {
    let dir = tempfile::tempdir().unwrap();
    publish(dir.path(), "9.0", MU.as_bytes());
    let file = dir.path().join("mcv/mos/9.0/mu-version.json");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&file).is_ok() {
        // Root reads everything; a file of the kernel that nobody may read shows the same then.
        let error = fault("/proc/sys/vm/compact_memory", "9.0");
        assert_eq!(error.kind(), Kind::Forbidden, "{error}");
        return;
    }
    let error = fault(&dir.path().display().to_string(), "9.0");
    assert!(error.kind() == Kind::Forbidden && error.to_string().ends_with("permission denied"), "{error}");
}

#[test]
fn a_path_cannot_write_on_the_terminal() {
    let mirror = Mirror::parse("/nonexistent/\x1b[2Jx").unwrap();
    assert!(!mirror.to_string().contains('\x1b'));
    let error = fault("/nonexistent/\x1b[2Jx", "9.0");
    assert_eq!(error.kind(), Kind::NotFound);
}
