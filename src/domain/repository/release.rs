//! The file `Release` of a suite, or `InRelease`, which is the same with a signature around it.

use std::collections::BTreeMap;

use jiff::fmt::rfc2822;

use super::field::{paragraphs, value};
use super::{RepositoryFault, RepositoryPath, Sha256};
use crate::domain::text::one_line;

/// The most that a Release file may hold, in bytes.
pub const MAX_RELEASE: u64 = 2 * 1024 * 1024;
/// The most indexes that a Release file may name.
const MAX_INDEXES: usize = 5000;
/// The largest index, in bytes.
const MAX_INDEX: u64 = 512 * 1024 * 1024;

/// An index that a Release file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Its path below the suite's folder.
    pub path: RepositoryPath,
    /// Its size in bytes.
    pub size: u64,
    /// Its checksum.
    pub sha256: Sha256,
}

/// What a Release file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseFile {
    /// When the suite was published, seconds since 1970; none where it does not say.
    pub date: Option<i64>,
    /// The architectures. Safe to show.
    pub architectures: Vec<String>,
    /// The indexes.
    pub indexes: Vec<IndexEntry>,
}

impl ReleaseFile {
    /// Reads `Release` or `InRelease`. `path` is for messages.
    ///
    /// # Errors
    /// [`RepositoryFault::Invalid`].
    pub fn parse(bytes: &[u8], path: &str) -> Result<Self, RepositoryFault> {
        let invalid = |what: String| RepositoryFault::Invalid { path: path.to_owned(), what };
        let text = String::from_utf8_lossy(bytes);
        let text = signed_text(&text);
        let fields = paragraphs(&text).next().unwrap_or_default();
        let Some(sums) = fields.iter().find(|field| field.is("SHA256")) else {
            return Err(invalid("no list of SHA256 checksums: not a Release file".to_owned()));
        };
        if sums.more.len() > MAX_INDEXES {
            return Err(invalid(format!("more than {MAX_INDEXES} indexes")));
        }
        let mut indexes = Vec::new();
        for line in &sums.more {
            let mut words = line.split_whitespace();
            let entry = (|| {
                let sha256 = Sha256::parse(words.next()?)?;
                let size = words.next()?.parse().ok().filter(|size| *size <= MAX_INDEX)?;
                let path = RepositoryPath::parse(words.next()?)?;
                words.next().is_none().then_some(IndexEntry { path, size, sha256 })
            })();
            indexes.push(entry.ok_or_else(|| invalid(format!("`{}` names no index", one_line(line, 120))))?);
        }
        let architectures = value(&fields, "Architectures").unwrap_or_default();
        let architectures = architectures.split_whitespace().take(50).map(|a| one_line(a, 30)).collect();
        Ok(Self { date: value(&fields, "Date").and_then(moment), architectures, indexes })
    }

    /// The indexes by the name that they have without compression, each with all its forms.
    pub fn forms(&self) -> BTreeMap<&str, Vec<&IndexEntry>> {
        let mut forms: BTreeMap<&str, Vec<&IndexEntry>> = BTreeMap::new();
        for entry in &self.indexes {
            forms.entry(entry.plain_name()).or_default().push(entry);
        }
        forms
    }
}

impl IndexEntry {
    /// The path without the suffix of a compression.
    pub fn plain_name(&self) -> &str {
        let path = self.path.as_str();
        let suffix = [".gz", ".xz", ".bz2", ".lzma", ".zst"].into_iter().find(|suffix| path.ends_with(suffix));
        suffix.map_or(path, |suffix| &path[..path.len() - suffix.len()])
    }

    /// Whether it is compressed.
    pub fn is_compressed(&self) -> bool {
        self.plain_name().len() < self.path.as_str().len()
    }
}

/// The text inside a clear signature (RFC 9580, section 7); any other text as it is.
fn signed_text(text: &str) -> String {
    let mut lines = text.lines();
    if lines.next().map(str::trim_end) != Some("-----BEGIN PGP SIGNED MESSAGE-----") {
        return text.to_owned();
    }
    let body = lines.skip_while(|line| !line.trim().is_empty()).skip(1);
    let body = body.take_while(|line| !line.starts_with("-----BEGIN PGP SIGNATURE-----"));
    body.map(|line| line.strip_prefix("- ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// A date as the format has it: `Thu, 07 Jul 2016 12:00:00 UTC`, or `+0000`.
fn moment(text: &str) -> Option<i64> {
    let utc = text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" GMT"));
    let text = utc.map_or_else(|| text.to_owned(), |head| format!("{head} +0000"));
    let parser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    parser.parse_timestamp(&text).ok().map(|time| time.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn release(indexes: &str) -> String {
        format!(
            "Origin: Mirantis\nSuite: mos9.0-updates\nArchitectures: amd64 i386\nDate: Thu, 07 Jul 2016 12:00:00 UTC\n\
             MD5Sum:\n 0cc 3 main/binary-amd64/Packages\nSHA256:\n{indexes}"
        )
    }

    #[test]
    fn the_same_with_a_signature_and_without() {
        let text = release(&format!(" {SUM} 3 main/binary-amd64/Packages\n {SUM}   3 main/binary-amd64/Packages.gz\n"));
        let plain = ReleaseFile::parse(text.as_bytes(), "Release").unwrap();
        assert_eq!(plain.date, Some(1_467_892_800));
        assert_eq!(plain.architectures, ["amd64", "i386"]);
        assert_eq!(
            plain.forms().into_iter().map(|(name, forms)| (name, forms.len())).collect::<Vec<_>>(),
            [("main/binary-amd64/Packages", 2)]
        );
        assert!(!plain.indexes[0].is_compressed() && plain.indexes[1].is_compressed());
        let signed = format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n- {text}-----BEGIN PGP SIGNATURE-----\n\n {SUM} 9 x\n-----END PGP SIGNATURE-----\n"
        );
        assert_eq!(ReleaseFile::parse(signed.as_bytes(), "InRelease").unwrap(), plain);
    }

    #[test]
    fn dates_of_every_tool() {
        for (text, second) in [
            ("Thu, 07 Jul 2016 12:00:00 UTC", Some(1_467_892_800)),
            ("Thu,  7 Jul 2016 12:00:00 GMT", Some(1_467_892_800)),
            ("Thu, 07 Jul 2016 12:00:00 +0000", Some(1_467_892_800)),
            ("Thu, 07 Jul 2016 14:00:00 +0200", Some(1_467_892_800)),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(moment(text), second, "{text}");
        }
    }

    #[test]
    fn what_is_no_release_file() {
        let fault = |text: &str| ReleaseFile::parse(text.as_bytes(), "R").unwrap_err().to_string();
        for text in ["", "<html>", "Suite: x\n\nSHA256:\n"] {
            assert_eq!(fault(text), "R: no list of SHA256 checksums: not a Release file");
        }
        for line in [
            format!(" {SUM} 3 ../../etc/passwd"),
            format!(" {SUM} 3 /etc/passwd"),
            format!(" {SUM} x Packages"),
            format!(" {SUM} 99999999999999 Packages"),
            " abc 3 Packages".to_owned(),
            format!(" {SUM} 3 a b"),
            format!(" {SUM}"),
        ] {
            let fault = fault(&release(&line));
            assert!(fault.starts_with("R: `") && fault.ends_with("` names no index"), "{fault}");
        }
        let many = format!(" {SUM} 3 a\n").repeat(MAX_INDEXES + 1);
        assert_eq!(fault(&release(&many)), "R: more than 5000 indexes");
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "(SHA256:\n)?([ -~é\n]|-----BEGIN PGP SIGNED MESSAGE-----\n){0,80}") {
            let _ = ReleaseFile::parse(text.as_bytes(), "R");
        }
    }
}
