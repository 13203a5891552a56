//! Where a mirror keeps the package repositories of a MOS version, and which suites they have: the layout of
//! `mirror.fuel-infra.org`, also below `mirrors/`, where `fuel-mirror` puts it on a master.

use crate::domain::mos_version::MosVersion;

/// What a suite is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuiteKind {
    /// The updates: every repository of updates has it.
    Updates,
    /// More updates: a repository may be without it.
    Optional,
}

/// The folders below a mirror that may hold the repositories whose updates the folder of `version` announces, the usual
/// one first. 9.1 and 9.2 are 9.0 with updates, and have repositories of their own.
pub fn repository_folders(version: &MosVersion) -> Vec<String> {
    let own: &[&str] = match version.as_str() {
        "6.1" => return ["mos/ubuntu", "mirrors/mos/ubuntu"].map(str::to_owned).into(),
        "9.0" => &["9.0", "9.1", "9.2"],
        version => &[version],
    };
    let places = ["mos-repos/ubuntu", "mirrors/mos-repos/ubuntu"];
    places.iter().flat_map(|place| own.iter().map(move |version| format!("{place}/{version}"))).collect()
}

/// The suites with the updates of a MOS version.
pub fn suites(version: &MosVersion) -> Vec<(String, SuiteKind)> {
    let release = if matches!(version.as_str(), "9.1" | "9.2") { "9.0" } else { version.as_str() };
    [("updates", SuiteKind::Updates), ("security", SuiteKind::Optional), ("holdback", SuiteKind::Optional)]
        .map(|(part, kind)| (format!("mos{release}-{part}"), kind))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_of_the_public_mirror() {
        let folders = |version: &str| repository_folders(&version.parse().unwrap());
        assert_eq!(folders("8.0"), ["mos-repos/ubuntu/8.0", "mirrors/mos-repos/ubuntu/8.0"]);
        assert_eq!(folders("9.0")[..3], ["mos-repos/ubuntu/9.0", "mos-repos/ubuntu/9.1", "mos-repos/ubuntu/9.2"]);
        assert_eq!(folders("6.1")[0], "mos/ubuntu");
        assert_eq!(suites(&"9.2".parse().unwrap())[0], ("mos9.0-updates".to_owned(), SuiteKind::Updates));
    }
}
