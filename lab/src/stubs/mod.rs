//! The recording stubs of `apt-get`, `dpkg`, `service`, `pcs` and so on, as files to be put on disk.
//! `README.md` beside this file tells what they read and write.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Every stub: name of the command, text of the script. `lib` is what the others source.
pub const ALL: &[(&str, &str)] = &[
    ("apt-cache", include_str!("apt-cache")),
    ("apt-config", include_str!("apt-config")),
    ("apt-get", include_str!("apt-get")),
    ("apt-mark", include_str!("apt-mark")),
    ("ceph", include_str!("ceph")),
    ("cinder-manage", include_str!("cinder-manage")),
    ("crm_attribute", include_str!("crm_attribute")),
    ("crm_mon", include_str!("crm_mon")),
    ("df", include_str!("df")),
    ("dpkg", include_str!("dpkg")),
    ("dpkg-query", include_str!("dpkg-query")),
    ("initctl", include_str!("initctl")),
    ("lib", include_str!("lib")),
    ("mongo", include_str!("mongo")),
    ("mysql", include_str!("mysql")),
    ("mysqldump", include_str!("mysqldump")),
    ("neutron", include_str!("neutron")),
    ("nova-manage", include_str!("nova-manage")),
    ("pcs", include_str!("pcs")),
    ("rabbitmqctl", include_str!("rabbitmqctl")),
    ("service", include_str!("service")),
    ("socat", include_str!("socat")),
    ("systemctl", include_str!("systemctl")),
    ("virsh", include_str!("virsh")),
];

/// Writes every stub into `folder`, executable. `folder` must exist.
///
/// # Errors
/// The first file that could not be written.
pub fn write_to(folder: &Path) -> io::Result<()> {
    for (name, text) in ALL {
        let path = folder.join(name);
        fs::write(&path, text)?;
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    }
    Ok(())
}
