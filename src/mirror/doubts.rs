//! What in an announcement looks wrong although the file is valid.

use jiff::Timestamp;

use crate::domain::mos_version::MosVersion;

use super::Announcement;
use super::fetch::fallback_of;

/// How far the clocks of publisher and operator may differ, in seconds.
const CLOCK_SKEW: i64 = 300;

impl Announcement {
    /// One sentence for each thing that is doubtful in this announcement for a MOS version; `now` is in seconds since
    /// 1970.
    pub fn doubts(&self, version: &MosVersion, now: i64) -> Vec<String> {
        let mut doubts = Vec::new();
        if let (true, Some(folder)) = (self.fell_back, &self.folder) {
            doubts.push(format!("using the mirror's folder for MOS {folder}: it has none for {version}"));
        }
        if let Some(named) = version_in_title(&self.mu.title).filter(|named| release(named) != release(version)) {
            doubts.push(format!(
                "mirror {}: the title `{}` names MOS {named}, not {version}: is the right file published there?",
                self.url, self.mu.title
            ));
        }
        let timestamp = self.mu.timestamp;
        if timestamp > now.saturating_add(CLOCK_SKEW) {
            let text = match Timestamp::from_second(timestamp) {
                Ok(time) => format!(
                    "its timestamp is in the future ({}): check the file and the clock of this host",
                    time.strftime("%Y-%m-%d %H:%M UTC")
                ),
                Err(_) => format!("its timestamp {timestamp} is far in the future: is it in milliseconds?"),
            };
            doubts.push(format!("mirror {}: {text}", self.url));
        }
        doubts
    }
}

/// The version before `-mu-` in a title such as `9.0-mu-3` or `8.0-MU-3`. Other titles name none.
fn version_in_title(title: &str) -> Option<&str> {
    let end = title.to_ascii_lowercase().find("-mu-")?;
    let version = title.get(..end)?.rsplit(' ').next()?;
    version.parse::<MosVersion>().is_ok().then_some(version)
}

/// The release that a version belongs to: 9.1 and 9.2 are 9.0 with updates.
fn release(version: &str) -> &str {
    fallback_of(version).unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mu::Mu;

    const NOW: i64 = 1_800_000_000;

    fn doubts(title: &str, timestamp: i64, version: &str) -> Vec<String> {
        let mu = Mu { id: 9, title: title.to_owned(), timestamp, doc_link: None };
        let found = Announcement { mu, raw: Vec::new(), url: "http://m/x".to_owned(), folder: None, fell_back: false };
        found.doubts(&version.parse().unwrap(), NOW)
    }

    #[test]
    fn a_title_of_another_release_is_named() {
        assert_eq!(
            doubts("8.0-MU-9", 1, "9.0"),
            ["mirror http://m/x: the title `8.0-MU-9` names MOS 8.0, not 9.0: is the right file published there?"]
        );
        assert_eq!(doubts("MOS 10.0-mu-1", 1, "9.2").len(), 1);
        for (title, version) in [
            ("9.0-mu-3", "9.0"),
            ("9.0-mu-3", "9.2"),
            ("9.2-MU-3", "9.0"),
            ("9.2-mu-3", "9.1"),
            ("MOS 8.0-mu-1", "8.0"),
            ("Update of May", "9.0"),
            ("x-mu-1", "9.0"),
            ("8.0", "9.0"),
            ("-mu-", "9.0"),
            ("é-MU-é", "9.0"),
        ] {
            assert_eq!(doubts(title, 1, version), [""; 0], "{title}");
        }
    }

    #[test]
    fn another_release_s_folder_is_named() {
        let mu = Mu { id: 9, title: "9.0-mu-3".to_owned(), timestamp: 1, doc_link: None };
        let folder = Some("9.0".to_owned());
        let found = Announcement { mu, raw: Vec::new(), url: "http://m/x".to_owned(), folder, fell_back: true };
        assert_eq!(
            found.doubts(&"9.2".parse().unwrap(), NOW),
            ["using the mirror's folder for MOS 9.0: it has none for 9.2"]
        );
    }

    #[test]
    fn a_timestamp_in_the_future_is_named() {
        assert_eq!(
            doubts("9.0-mu-3", NOW + 3600, "9.0"),
            ["mirror http://m/x: its timestamp is in the future (2027-01-15 09:00 UTC): check the file and the \
                 clock of this host"]
        );
        assert_eq!(
            doubts("9.0-mu-3", NOW * 1000, "9.0"),
            ["mirror http://m/x: its timestamp 1800000000000 is far in the future: is it in milliseconds?"]
        );
        assert_eq!(doubts("8.0-mu-3", i64::MAX, "9.0").len(), 2);
        for fine in [i64::MIN, 0, NOW, NOW + CLOCK_SKEW] {
            assert_eq!(doubts("9.0-mu-3", fine, "9.0"), [""; 0]);
        }
    }
}
