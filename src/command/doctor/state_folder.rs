//! The folder of the program's own state, looked at without making it.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{Access, access};

use crate::domain::doctor::{Diagnosis, Need};
use crate::domain::text::without_error_number;

/// Looks at the folder, or at the nearest folder above in which it would be made.
pub(super) fn look(path: &Path) -> Diagnosis {
    let shown = path.display();
    let writable = |folder: &Path| access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    let other = "run as a user who may write it, or name another folder with FUEL_UPDATES_STATE_DIR".to_owned();
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => Diagnosis::fault(Need::StateFolder, format!("{shown} is not a folder"), other),
        Ok(found) if found.permissions().mode() & 0o022 != 0 => {
            let mend = format!("chmod go-w {shown}");
            Diagnosis::fault(Need::StateFolder, format!("others may write to {shown}"), mend)
        }
        Ok(_) if writable(path) => Diagnosis::ok(Need::StateFolder, format!("{shown} is writable")),
        Ok(_) => Diagnosis::fault(Need::StateFolder, format!("{shown} is not writable"), other),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let above = path.ancestors().skip(1).find(|above| above.exists()).unwrap_or(Path::new("/"));
            if above.is_dir() && writable(above) {
                Diagnosis::ok(Need::StateFolder, format!("{shown} is made at the first use"))
            } else {
                Diagnosis::fault(Need::StateFolder, format!("{shown} cannot be made in {}", above.display()), other)
            }
        }
        Err(error) => {
            let cause = without_error_number(&error.to_string());
            Diagnosis::fault(Need::StateFolder, format!("{shown}: {cause}"), other)
        }
    }
}
