//! How the shipped binary is linked, what it carries packed, and what `--version` says: the version, and for a shipped binary
//! the commit and the date that it was built from.
//!
//! `scripts/static.sh` gives commit and date in `FUEL_UPDATES_BUILD`. A build without it is a developer's and says the version
//! alone, so that a commit does not make everything be built again.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};

/// What the linker leaves out.
const TABLES: &str = "scripts/link/no-unwind-tables.ld";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=FUEL_UPDATES_BUILD");
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let build = std::env::var("FUEL_UPDATES_BUILD").unwrap_or_default();
    let known = if build.is_empty() { version } else { format!("{version} ({build})") };
    println!("cargo::rustc-env=FUEL_UPDATES_VERSION={known}");
    // The pages of the manual have a date.
    println!(
        "cargo::rustc-env=FUEL_UPDATES_DAY={}",
        build.split(' ').next_back().filter(|day| !day.is_empty()).unwrap_or("-")
    );
    // LLVM's linker, which Rust uses on this target from 1.90 on, folds functions with the same code, packs relocations, and
    // leaves out what only unwinding needs. Tests are linked as usual, because that is faster.
    if std::env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
        let script = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(TABLES);
        println!("cargo::rerun-if-changed={}", script.display());
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", script.display());
        // `scripts/static.sh` links with these.
        println!("cargo::rerun-if-changed=scripts/link/order-cc");
        println!("cargo::rerun-if-changed=scripts/link/functions.txt");
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let graph = ["tasks.yaml", "metadata.yaml"].map(str::to_owned).into_iter().chain(files("graphs/mu", "scripts")?);
    pack(&out.join("graph.gz"), Path::new("graphs/mu"), graph)?;
    let schemas = files("", "schemas")?.into_iter().chain(["inventory/schema.json".to_owned()]);
    pack(&out.join("schemas.gz"), Path::new(""), schemas)
}

/// The paths of a folder's files below `root`, sorted: the same commit gives the same bytes everywhere.
fn files(root: &str, folder: &str) -> io::Result<Vec<String>> {
    let at = Path::new(root).join(folder);
    println!("cargo::rerun-if-changed={}", at.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(at)? {
        paths.push(format!("{folder}/{}", entry?.file_name().to_string_lossy()));
    }
    paths.sort();
    Ok(paths)
}

/// Packs texts as `src/packed.rs` reads them.
fn pack(into: &Path, root: &Path, names: impl Iterator<Item = String>) -> io::Result<()> {
    // No time in the header.
    let mut gzip = GzBuilder::new().write(File::create(into)?, Compression::best());
    for name in names {
        let path = root.join(&name);
        println!("cargo::rerun-if-changed={}", path.display());
        write!(gzip, "{name}\0{}\0", fs::read_to_string(path)?)?;
    }
    gzip.finish().map(drop)
}
