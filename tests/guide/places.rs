//! Where the paths and addresses of the guide are in a test.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fuel_lab::Lab;
use fuel_lab::web::{Reply, Request, Response, Service, WebServer};
use tempfile::TempDir;

/// The folders at the root of a machine that the guide names.
const TOPS: [&str; 7] = ["etc", "srv", "var", "mnt", "root", "usr", "tmp"];

/// The master of the guide: a folder, with a web server for what Fuel's own serves.
pub(crate) struct Master {
    root: TempDir,
    web: WebServer,
}

impl Master {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        for folder in [
            "etc/fuel-updates/inventory",
            "srv",
            "var/www/nailgun",
            "var/log",
            "var/spool",
            "mnt/usb",
            "root/.ssh",
            "usr/local/bin",
            "tmp",
        ] {
            fs::create_dir_all(root.path().join(folder)).expect("a folder");
        }
        let served = Served(root.path().join("var/www/nailgun"));
        let web = WebServer::start(([127, 0, 0, 1], 0).into(), Arc::new(served)).expect("a web server");
        Self { root, web }
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// A text of the guide with its paths below this folder and its addresses those of the lab.
    pub(crate) fn located(&self, text: &str, lab: &Lab) -> String {
        below(text, self.root())
            .replace("http://mirror.fuel-infra.org", &lab.mirror_url())
            .replace("http://10.20.0.2:8080", &format!("http://{}", self.web.address()))
    }

    /// The output of a command as the guide shows it.
    pub(crate) fn shown(&self, output: &str, lab: &Lab) -> String {
        output
            .replace(&lab.mirror_url(), "http://mirror.fuel-infra.org")
            .replace(&format!("http://{}", self.web.address()), "http://10.20.0.2:8080")
            .replace(&self.root().display().to_string(), "")
    }
}

/// A text with its absolute paths below a folder. A path begins behind a space, a quote or an equals sign.
pub(crate) fn below(text: &str, root: &Path) -> String {
    // Stands for the folder until all paths are found: its own path must not be taken for one of the text.
    const ROOT: &str = "\u{1}";
    let mut located = format!("\n{text}");
    for top in TOPS {
        for before in [" ", "'", "\"", "=", "(", ">", "\n"] {
            located = located.replace(&format!("{before}/{top}/"), &format!("{before}{ROOT}/{top}/"));
        }
    }
    // The root itself, as in `tar -C / …`.
    located[1..].replace(" -C / ", &format!(" -C {ROOT} ")).replace(ROOT, &root.display().to_string())
}

/// A folder over HTTP.
struct Served(PathBuf);

impl Service for Served {
    fn answer(&self, request: &Request) -> Reply {
        let path = request.path.trim_start_matches('/');
        let file = self.0.join(path);
        match fs::read(&file) {
            Ok(bytes) if !path.contains("..") => Response::new(200, "application/octet-stream", bytes).into(),
            _ => Response::new(404, "text/html", "<html>404</html>").into(),
        }
    }
}

#[test]
fn every_path_is_below_the_folder() {
    let root = Path::new("/r");
    assert_eq!(below("cat /etc/x '/srv/y' -f=/var/z >/tmp/a", root), "cat /r/etc/x '/r/srv/y' -f=/r/var/z >/r/tmp/a");
    assert_eq!(below("/usr/local/bin/x\n/etc/y", root), "/r/usr/local/bin/x\n/r/etc/y");
    assert_eq!(below("tar -C / -xzf etc/x http://m/etc/", root), "tar -C /r -xzf etc/x http://m/etc/");
}
