//! An index of packages.

use super::field::{Field, paragraphs, value};
use super::{RepositoryFault, RepositoryPath, Sha256};
use crate::domain::text::one_line;

/// The most that an index of packages may hold, decompressed, in bytes.
pub const MAX_PACKAGES_TEXT: u64 = 128 * 1024 * 1024;
/// The most packages in an index.
const MAX_PACKAGES: usize = 100_000;
/// The largest package, in bytes.
const MAX_PACKAGE: u64 = 4 * 1024 * 1024 * 1024;

/// A package of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageEntry {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its file below the repository.
    pub file: RepositoryPath,
    /// The size of the file in bytes.
    pub size: u64,
    /// The checksum of the file.
    pub sha256: Sha256,
}

/// Reads an index `Packages`; `path` is for messages.
///
/// # Errors
/// [`RepositoryFault::Invalid`] names the first package that is wrong.
pub fn packages(text: &[u8], path: &str) -> Result<Vec<PackageEntry>, RepositoryFault> {
    let invalid = |what: String| RepositoryFault::Invalid { path: path.to_owned(), what };
    let text = String::from_utf8_lossy(text);
    let mut entries = Vec::new();
    for fields in paragraphs(&text) {
        if entries.len() >= MAX_PACKAGES {
            return Err(invalid(format!("more than {MAX_PACKAGES} packages")));
        }
        let entry = entry(&fields).map_err(|field| {
            let name = one_line(value(&fields, "Package").unwrap_or("a package without a name"), 80);
            invalid(format!("{name}: no valid {field}"))
        })?;
        entries.push(entry);
    }
    Ok(entries)
}

/// A package, or the field that is missing or not valid.
fn entry(fields: &[Field<'_>]) -> Result<PackageEntry, &'static str> {
    let word = |name: &'static str, extra: &str| {
        let good = |text: &&str| {
            (1..=200).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || extra.as_bytes().contains(&b))
        };
        value(fields, name).filter(good).map(str::to_owned).ok_or(name)
    };
    Ok(PackageEntry {
        name: word("Package", "+-.")?,
        version: word("Version", "+-.~:")?,
        file: value(fields, "Filename").and_then(RepositoryPath::parse).ok_or("Filename")?,
        size: value(fields, "Size")
            .and_then(|size| size.parse().ok())
            .filter(|size| *size <= MAX_PACKAGE)
            .ok_or("Size")?,
        sha256: value(fields, "SHA256").and_then(Sha256::parse).ok_or("SHA256")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn package(name: &str, file: &str) -> String {
        format!(
            "Package: {name}\nVersion: 2:13.1~u14.04+mos1\nDescription: text\n more\nFilename: {file}\nSize: 3\nSHA256: {SUM}\n\n"
        )
    }

    #[test]
    fn every_package_with_its_file() {
        let text = format!("\n{}\n{}", package("nova-api", "./pool/n/nova-api_2%3a13.deb"), package("g++", "pool/g"));
        let found = packages(text.as_bytes(), "Packages").unwrap();
        assert_eq!(found.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["nova-api", "g++"]);
        assert_eq!(found[0].file.as_str(), "pool/n/nova-api_2%3a13.deb");
        assert_eq!((found[0].version.as_str(), found[0].size), ("2:13.1~u14.04+mos1", 3));
        assert_eq!(packages(b"", "Packages"), Ok(vec![]));
    }

    #[test]
    fn the_first_package_that_is_wrong_is_named() {
        let fault = |text: &str| packages(text.as_bytes(), "P").unwrap_err().to_string();
        for file in ["../../../etc/cron.d/x", "/etc/passwd", "pool/../../x", ""] {
            assert_eq!(fault(&package("nova-api", file)), "P: nova-api: no valid Filename");
        }
        assert_eq!(fault(&package("a b", "f")), "P: a b: no valid Package");
        assert_eq!(fault("Version: 1\n"), "P: a package without a name: no valid Package");
        assert_eq!(fault(&package("x", "f").replace(SUM, "0")), "P: x: no valid SHA256");
        assert_eq!(fault(&package("x", "f").replace("Size: 3", "Size: -3")), "P: x: no valid Size");
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "((Package|Filename|Size): ?)?[ -~é\n]{0,80}") {
            let _ = packages(text.as_bytes(), "P");
        }
    }
}
