//! How the shipped binary is linked, and what `--version` says: the version, and for a shipped binary the commit and the
//! date that it was built from.
//!
//! `scripts/static.sh` gives them in `FUEL_UPDATES_BUILD`. A build without it is a developer's and says the version alone,
//! so that a commit does not make everything be built again.

fn main() {
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
    // LLVM's linker, which Rust uses on this target from 1.90 on, folds functions with the same code and packs relocations. A
    // panic ends the program without unwinding, so nobody needs the index of the unwind tables. Tests are linked as usual,
    // because that is faster.
    if std::env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
    }
}
