//! What one exec on a node runs and what it prints: the command is a constant, its answer is framed.

use thiserror::Error;

use super::mos_version::MosVersion;

/// The first line of an answer; what a node prints before it (banners, profile noise) is ignored.
const BEGIN: &str = "#fuel-updates-answer 2";
/// The last line of an answer.
const END: &str = "#fuel-updates-end";
/// The most that a whole answer can be, in bytes: two files of 64 KiB in hexadecimal, and room for a noisy profile.
pub const MAX_ANSWER: usize = 512 * 1024;

const SCRIPT: &str = include_str!("probe.sh");

/// The command that one exec runs on every node: a constant, without the comments of its source.
pub fn command() -> String {
    SCRIPT.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
}

/// What a node said of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileAnswer {
    /// Its bytes; one more than the limit where it is larger.
    Content(Vec<u8>),
    /// It does not exist, in a directory that could be searched.
    Missing,
    /// It exists, or its directory does, and may not be read.
    Unreadable,
    /// It is no regular file.
    Special,
    /// It is a link that leads nowhere.
    Dangling,
    /// Reading it failed half-way.
    ReadFailed,
}

/// Whether a script of an installation holds the node's lock at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// A script is at work.
    Held,
    /// None is.
    Free,
    /// The node could not tell.
    Unknown,
}

/// A node's whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeAnswer {
    /// `/etc/fuel/mu-version.json`.
    pub mu: FileAnswer,
    /// `/var/lib/fuel-mu/state.json`.
    pub state: FileAnswer,
    /// The number in `/etc/nailgun_uid`, where it is one.
    pub uid: Option<u32>,
    /// `fuel_version` of the node's own configuration: its MOS version.
    pub mos_version: Option<MosVersion>,
    /// Whether an installation is at work there.
    pub lock: Lock,
}

/// Why an output holds no answer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ProbeError {
    /// No begin line: the command did not run, or something else answered.
    #[error("no answer in its output")]
    NoAnswer,
    /// A begin line without the end line.
    #[error("its answer breaks off")]
    CutShort,
    /// A section is missing or not as the command writes it.
    #[error("its answer is garbled ({0})")]
    Garbled(&'static str),
}

impl ProbeAnswer {
    /// Reads the answer out of an exec's output.
    ///
    /// # Errors
    /// [`ProbeError`] when there is no complete, well-formed answer.
    pub fn parse(output: &[u8]) -> Result<Self, ProbeError> {
        let text = String::from_utf8_lossy(output);
        let mut lines = text.lines().map(|line| line.strip_suffix('\r').unwrap_or(line));
        lines.by_ref().find(|line| *line == BEGIN).ok_or(ProbeError::NoAnswer)?;
        let (mut mu, mut state, mut uid, mut mos_version, mut lock) = (None, None, None, None, None);
        let mut ended = false;
        for line in lines {
            if line == END {
                ended = true;
                break;
            }
            let mut words = line.splitn(3, ' ');
            let name = words.next().unwrap_or_default();
            let status = words.next().unwrap_or_default();
            let data = words.next();
            match name {
                "mu" => mu = Some(file(status, data, "mu")?),
                "state" => state = Some(file(status, data, "state")?),
                "lock" => {
                    lock = Some(match status {
                        "held" => Lock::Held,
                        "free" => Lock::Free,
                        _ => Lock::Unknown,
                    });
                }
                _ => {
                    uid = uid.or_else(|| number(line));
                    mos_version = mos_version.or_else(|| release(line));
                }
            }
        }
        if !ended {
            return Err(ProbeError::CutShort);
        }
        Ok(Self {
            mu: mu.ok_or(ProbeError::Garbled("mu"))?,
            state: state.ok_or(ProbeError::Garbled("state"))?,
            uid,
            mos_version,
            lock: lock.ok_or(ProbeError::Garbled("lock"))?,
        })
    }
}

fn file(status: &str, data: Option<&str>, section: &'static str) -> Result<FileAnswer, ProbeError> {
    Ok(match status {
        "missing" => FileAnswer::Missing,
        "unreadable" => FileAnswer::Unreadable,
        "special" => FileAnswer::Special,
        "dangling" => FileAnswer::Dangling,
        "broken" => FileAnswer::ReadFailed,
        "read" => FileAnswer::Content(bytes(data.unwrap_or_default()).ok_or(ProbeError::Garbled(section))?),
        _ => return Err(ProbeError::Garbled(section)),
    })
}

/// Bytes as `od -t x1` prints them: two digits each, spaces between.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    hex.split_ascii_whitespace()
        .map(|pair| match pair.as_bytes() {
            &[high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

/// The node's number out of `PATH/etc/nailgun_uid:17`.
fn number(line: &str) -> Option<u32> {
    let (_, value) = line.split_once("/etc/nailgun_uid:")?;
    value.trim().parse().ok().filter(|id| *id > 0)
}

/// The release out of `PATH:fuel_version: '9.0'`, quoted or not; only digits and dots make a version.
fn release(line: &str) -> Option<MosVersion> {
    let (_, value) = line.split_once(".yaml:fuel_version:")?;
    value.trim().trim_matches(['"', '\'']).parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use super::*;

    /// Runs the real command on a file tree.
    fn ask(tree: &Path) -> Vec<u8> {
        let out = Command::new("/bin/sh").arg("-c").arg(command()).env("FUEL_MU_ROOT", tree).output().unwrap();
        assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
        out.stdout
    }

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for sub in ["etc/fuel", "etc/hiera", "var/lib/fuel-mu"] {
            fs::create_dir_all(dir.path().join(sub)).unwrap();
        }
        dir
    }

    #[test]
    fn the_command_holds_no_comment_and_runs_nothing_from_outside() {
        assert!(!command().contains("\n# "));
        assert!(command().starts_with("LC_ALL=C"));
    }

    #[test]
    fn a_full_answer() {
        let dir = tree();
        let path = |p: &str| dir.path().join(p);
        fs::write(path("etc/fuel/mu-version.json"), "{}").unwrap();
        fs::write(path("var/lib/fuel-mu/state.json"), "s\n").unwrap();
        fs::write(path("etc/nailgun_uid"), "17").unwrap();
        fs::write(path("etc/astute.yaml"), "x: 1\nfuel_version: '9.0'\n").unwrap();
        let answer = ProbeAnswer::parse(&ask(dir.path())).unwrap();
        assert_eq!(
            answer,
            ProbeAnswer {
                mu: FileAnswer::Content(b"{}".to_vec()),
                state: FileAnswer::Content(b"s\n".to_vec()),
                uid: Some(17),
                mos_version: "9.0".parse().ok(),
                lock: Lock::Free,
            }
        );
    }

    #[test]
    fn missing_is_told_from_special_dangling_and_large() {
        let dir = tree();
        let mu = dir.path().join("etc/fuel/mu-version.json");
        let answer = || ProbeAnswer::parse(&ask(dir.path())).unwrap();
        assert_eq!(answer().mu, FileAnswer::Missing);
        assert_eq!((answer().uid, answer().mos_version), (None, None));
        fs::create_dir(&mu).unwrap();
        assert_eq!(answer().mu, FileAnswer::Special);
        fs::remove_dir(&mu).unwrap();
        std::os::unix::fs::symlink("nowhere", &mu).unwrap();
        assert_eq!(answer().mu, FileAnswer::Dangling);
        fs::remove_file(&mu).unwrap();
        fs::write(&mu, vec![b'x'; 70_000]).unwrap();
        assert_eq!(answer().mu, FileAnswer::Content(vec![b'x'; 65_537]));
        fs::remove_dir_all(dir.path().join("etc/fuel")).unwrap();
        assert_eq!(answer().mu, FileAnswer::Missing);
    }

    #[test]
    fn the_lock_is_seen_while_it_is_held_and_never_made() {
        let dir = tree();
        let lock = dir.path().join("var/lib/fuel-mu/lock");
        assert_eq!(ProbeAnswer::parse(&ask(dir.path())).unwrap().lock, Lock::Free);
        assert!(!lock.exists());
        let file = fs::File::create(&lock).unwrap();
        file.lock().unwrap();
        assert_eq!(ProbeAnswer::parse(&ask(dir.path())).unwrap().lock, Lock::Held);
        file.unlock().unwrap();
        assert_eq!(ProbeAnswer::parse(&ask(dir.path())).unwrap().lock, Lock::Free);
    }

    #[test]
    fn noise_around_the_answer_does_no_harm() {
        let dir = tree();
        let mut noisy = b"Welcome to node-5\r\nmu read  68 65\n".to_vec();
        noisy.extend(ask(dir.path()));
        noisy.extend(b"bye\xff\n");
        assert_eq!(ProbeAnswer::parse(&noisy).unwrap().mu, FileAnswer::Missing);
    }

    #[test]
    fn broken_answers_are_refused() {
        let whole = "#fuel-updates-answer 2\nmu missing\nstate missing\nlock free\n/etc/nailgun_uid:7\n";
        assert_eq!(ProbeAnswer::parse(b"hello"), Err(ProbeError::NoAnswer));
        assert_eq!(ProbeAnswer::parse(whole.as_bytes()), Err(ProbeError::CutShort));
        let ended = format!("{whole}#fuel-updates-end\n");
        assert!(ProbeAnswer::parse(ended.as_bytes()).is_ok());
        assert_eq!(
            ProbeAnswer::parse(ended.replace("mu missing", "mu read  7b 7").as_bytes()),
            Err(ProbeError::Garbled("mu"))
        );
        assert_eq!(ProbeAnswer::parse(ended.replace("lock free\n", "").as_bytes()), Err(ProbeError::Garbled("lock")));
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let mut answer = b"#fuel-updates-answer 2\n".to_vec();
            answer.extend(bytes);
            let _ = ProbeAnswer::parse(&answer);
        }
    }
}
