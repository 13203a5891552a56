//! The tools that nodes have: those of Debian 12, or the older ones of the Ubuntu releases that real nodes run.
//!
//! The older ones are not part of this repository. A folder that [`FOLDER`] names holds them: `lay.sh ROOT RELEASE` lays
//! those of `RELEASE.tar.xz` over a root of Debian 12 and checks the result.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sshd::output;

/// Names the folder with the older tools.
const FOLDER: &str = "FUEL_UPDATES_OLDTOOLS";

/// Whose dpkg, apt, sh and awk the nodes of a test have.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tools {
    /// Debian 12's, as the installer made the root.
    Debian,
    /// Ubuntu 14.04's.
    Trusty,
    /// Ubuntu 16.04's.
    #[cfg_attr(not(feature = "e2e-full"), expect(dead_code))]
    Xenial,
}

impl Tools {
    /// The name of the release in the folder; Debian's own are not there.
    fn release(self) -> Option<&'static str> {
        match self {
            Self::Debian => None,
            Self::Trusty => Some("trusty"),
            Self::Xenial => Some("xenial"),
        }
    }

    /// The end of the names of folders with these tools.
    pub(crate) fn suffix(self) -> String {
        self.release().map(|release| format!(".{release}")).unwrap_or_default()
    }

    /// Why a test cannot have these tools.
    pub(crate) fn missing(self) -> Option<String> {
        let release = self.release()?;
        let Some(folder) = folder() else {
            return Some(format!("{FOLDER} does not name the folder with {release}'s tools"));
        };
        (!folder.exists()).then(|| format!("{} is not there", folder.display()))
    }

    /// What the tools are made from; `None` is nothing of their own.
    pub(crate) fn recipe(self) -> Option<(&'static str, Vec<u8>, Vec<u8>)> {
        let release = self.release()?;
        let read = |name: &str| fs::read(folder().expect("a folder").join(name)).expect("a part of the tools");
        Some((release, read("lay.sh"), read(&format!("{release}.tar.xz"))))
    }

    /// Lays them over a root of Debian 12.
    pub(crate) fn lay(self, root: &Path) {
        let Some(release) = self.release() else { return };
        let script = folder().expect("a folder").join("lay.sh");
        println!("{}", output(Command::new("sh").arg(script).arg(root).arg(release)));
    }
}

fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).filter(|value| !value.is_empty()).map(PathBuf::from)
}
