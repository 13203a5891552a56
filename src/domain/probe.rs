//! What a check asks every node, and what a node answers.

use super::mos_version::MosVersion;
use super::remote::{Garbled, RemoteCommand};
use super::text::one_line;

/// The command of a check: one exec that brings everything a row needs.
#[derive(Clone, Copy, Debug)]
pub enum Probe {}

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

/// What a node says about which node it is: its `/etc/nailgun_uid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uid {
    /// Nailgun's number of it.
    Number(u32),
    /// It is the Fuel master.
    Master,
    /// There is no such file.
    Missing,
    /// The file tells no number; the text says what is wrong with it. Safe to show.
    Odd(String),
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
    /// `/etc/nailgun_uid`.
    pub uid: Uid,
    /// `fuel_version` of the node's own configuration: its MOS version.
    pub mos_version: Option<MosVersion>,
    /// Whether an installation is at work there.
    pub lock: Lock,
}

/// Asks for what every check tells of a node; what prints it follows.
pub(crate) const PROBE: &str = include_str!("probe.sh");

impl RemoteCommand for Probe {
    const SCRIPT: &'static [&'static str] = &[PROBE, include_str!("probe_print.sh")];
    const PROGRAMS: &'static str = "od grep flock";
    /// Two files of 64 KiB in hexadecimal, and room for a noisy profile.
    const LIMIT: usize = 512 * 1024;
    type Answer = ProbeAnswer;

    fn parse(answer: &str) -> Result<ProbeAnswer, Garbled> {
        let (mut mu, mut state, mut lock, mut uid) = (None, None, None, None);
        let (mut found, mut mos_version) = (None, None);
        for line in answer.lines() {
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
                "uid" if status == "number" => uid = Some(None),
                "uid" => uid = Some(Some(file(status, data, "uid")?)),
                _ => {
                    found = found.or_else(|| line.split_once("/etc/nailgun_uid:").map(|(_, value)| value.to_owned()));
                    mos_version = mos_version.or_else(|| release(line));
                }
            }
        }
        let uid = match uid.ok_or(Garbled("uid"))? {
            None => number(&found.unwrap_or_default()),
            Some(file) => not_a_number(&file),
        };
        Ok(ProbeAnswer {
            mu: mu.ok_or(Garbled("mu"))?,
            state: state.ok_or(Garbled("state"))?,
            uid,
            mos_version,
            lock: lock.ok_or(Garbled("lock"))?,
        })
    }
}

/// Nailgun counts its nodes from 1.
fn number(digits: &str) -> Uid {
    match digits.parse() {
        Ok(number) if number > 0 => Uid::Number(number),
        _ => Uid::Odd(format!("/etc/nailgun_uid holds no node ID: \"{}\"", one_line(digits, 40))),
    }
}

/// What a file says that holds more or something else than one number.
fn not_a_number(file: &FileAnswer) -> Uid {
    let odd = |fault: &str| Uid::Odd(format!("/etc/nailgun_uid {fault}"));
    match file {
        FileAnswer::Missing => Uid::Missing,
        FileAnswer::Unreadable => odd("may not be read"),
        FileAnswer::Special => odd("is not a regular file"),
        FileAnswer::Dangling => odd("is a link that leads nowhere"),
        FileAnswer::ReadFailed => odd("could not be read"),
        FileAnswer::Content(bytes) => match one_line(&String::from_utf8_lossy(bytes), 40).as_str() {
            "master" => Uid::Master,
            "" => odd("is empty"),
            text => odd(&format!("holds no node ID: \"{text}\"")),
        },
    }
}

fn file(status: &str, data: Option<&str>, section: &'static str) -> Result<FileAnswer, Garbled> {
    Ok(match status {
        "missing" => FileAnswer::Missing,
        "unreadable" => FileAnswer::Unreadable,
        "special" => FileAnswer::Special,
        "dangling" => FileAnswer::Dangling,
        "broken" => FileAnswer::ReadFailed,
        "read" => FileAnswer::Content(bytes(data.unwrap_or_default()).ok_or(Garbled(section))?),
        _ => return Err(Garbled(section)),
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

/// The release out of `PATH:fuel_version: '9.0'`, quoted or not; only digits and dots make a version.
fn release(line: &str) -> Option<MosVersion> {
    let (_, value) = line.split_once(".yaml:fuel_version:")?;
    value.trim().trim_matches(['"', '\'']).parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::remote::testing;
    use super::super::remote::{AnswerError, Frame};
    use super::*;

    /// Runs the real command on a file tree.
    fn ask(tree: &Path) -> ProbeAnswer {
        testing::ask::<Probe>(tree).unwrap()
    }

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for sub in ["etc/fuel", "etc/hiera", "var/lib/fuel-mu"] {
            fs::create_dir_all(dir.path().join(sub)).unwrap();
        }
        dir
    }

    #[test]
    fn a_full_answer() {
        let dir = tree();
        let path = |p: &str| dir.path().join(p);
        fs::write(path("etc/fuel/mu-version.json"), "{}").unwrap();
        fs::write(path("var/lib/fuel-mu/state.json"), "s\n").unwrap();
        fs::write(path("etc/nailgun_uid"), "17").unwrap();
        fs::write(path("etc/astute.yaml"), "x: 1\nfuel_version: '9.0'\n").unwrap();
        assert_eq!(
            ask(dir.path()),
            ProbeAnswer {
                mu: FileAnswer::Content(b"{}".to_vec()),
                state: FileAnswer::Content(b"s\n".to_vec()),
                uid: Uid::Number(17),
                mos_version: "9.0".parse().ok(),
                lock: Lock::Free,
            }
        );
    }

    #[test]
    fn missing_is_told_from_special_dangling_and_large() {
        let dir = tree();
        let mu = dir.path().join("etc/fuel/mu-version.json");
        let answer = || ask(dir.path());
        assert_eq!(answer().mu, FileAnswer::Missing);
        assert_eq!((answer().uid, answer().mos_version), (Uid::Missing, None));
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

    /// Only a file that holds one number tells which node it is.
    #[test]
    fn a_uid_that_is_no_number_is_told_as_what_it_is() {
        let dir = tree();
        let path = dir.path().join("etc/nailgun_uid");
        fs::write(dir.path().join("etc/astute.yaml"), "fuel_version: 9.0\n").unwrap();
        let odd = |text: &str| Uid::Odd(format!("/etc/nailgun_uid {text}"));
        for (content, uid) in [
            (&b"17"[..], Uid::Number(17)),
            (b"17\n", Uid::Number(17)),
            (b"17\n\n", Uid::Number(17)),
            (b"007\n", Uid::Number(7)),
            (b"master", Uid::Master),
            (b"master\n", Uid::Master),
            (b"", odd("is empty")),
            (b"\n", odd("is empty")),
            (b"0\n", odd("holds no node ID: \"0\"")),
            (b"99999999999\n", odd("holds no node ID: \"99999999999\"")),
            (b"5\n7\n", odd("holds no node ID: \"5 7\"")),
            (b"5\nrubbish", odd("holds no node ID: \"5 rubbish\"")),
            (b"rubbish\n5\n", odd("holds no node ID: \"rubbish 5\"")),
            (b"\x1b[31m5\n", odd("holds no node ID: \"[31m5\"")),
            (b"5\0\n", odd("holds no node ID: \"5\"")),
            (b"\xff\xfe", odd("holds no node ID: \"\u{fffd}\u{fffd}\"")),
            (&[b'9'; 300], odd(&format!("holds no node ID: \"{}…\"", "9".repeat(40)))),
        ] {
            fs::write(&path, content).unwrap();
            let answer = ask(dir.path());
            assert_eq!(answer.uid, uid, "{content:?}");
            assert_eq!(answer.mos_version, "9.0".parse().ok(), "{content:?}");
        }
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert_eq!(ask(dir.path()).uid, odd("is not a regular file"));
    }

    #[test]
    fn the_lock_is_seen_while_it_is_held_and_never_made() {
        let dir = tree();
        let lock = dir.path().join("var/lib/fuel-mu/lock");
        assert_eq!(ask(dir.path()).lock, Lock::Free);
        assert!(!lock.exists());
        let file = fs::File::create(&lock).unwrap();
        file.lock().unwrap();
        assert_eq!(ask(dir.path()).lock, Lock::Held);
        file.unlock().unwrap();
        assert_eq!(ask(dir.path()).lock, Lock::Free);
    }

    #[test]
    fn a_section_that_is_missing_or_odd_is_named() {
        let whole = "mu missing\nstate missing\nlock free\nuid number\n/etc/nailgun_uid:7\n";
        assert_eq!(Probe::parse(whole).unwrap().uid, Uid::Number(7));
        let faults = [
            ("mu missing", "mu read  7b 7", "mu"),
            ("lock free\n", "", "lock"),
            ("state missing", "state what", "state"),
            ("uid number\n", "", "uid"),
        ];
        for (from, to, section) in faults {
            assert_eq!(Probe::parse(&whole.replace(from, to)), Err(Garbled(section)));
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let frame = Frame::new([1; 8]);
            let mark = |word: &str| format!("#fuel-updates {} {word}\n", frame.word()).into_bytes();
            let output = [mark("begin"), b"mu read  ".to_vec(), bytes, b"\n".to_vec(), mark("end")].concat();
            let answer: Result<ProbeAnswer, AnswerError> = frame.answer::<Probe>(&output);
            proptest::prop_assert!(answer.is_err());
        }
    }
}
