//! Reads the answer of a node, line by line. What is not as the script prints it is no answer.

use super::ask::{NodeAnswer, PackageBook, RawFact};
use super::kind::Kind;
use crate::domain::probe::{Probe, ProbeAnswer};
use crate::domain::remote::{Garbled, RemoteCommand as _};
use crate::domain::text::one_line;

/// The longest key or value in characters; what is longer ends in `…`.
pub(super) const TEXT: usize = 300;
/// The most facts of one node. The script prints at most half as many.
pub(super) const FACTS: usize = 30_000;

pub(super) fn parse(answer: &str) -> Result<NodeAnswer, Garbled> {
    let (probe, rest) = answer.split_once("\ndrift\n").ok_or(Garbled("drift"))?;
    let mut reader = Reader::new(Probe::parse(&format!("{probe}\n"))?);
    for line in rest.lines().filter(|line| !line.is_empty()) {
        let (word, text) = line.split_once(' ').unwrap_or((line, ""));
        reader.line(word, text)?;
        if reader.facts.len() > FACTS {
            return Err(Garbled("too many facts"));
        }
    }
    reader.end()
}

/// Reads the lines of an answer.
struct Reader {
    probe: ProbeAnswer,
    manager: Option<PackageBook>,
    book: Option<(String, String)>,
    facts: Vec<RawFact>,
    /// Name and architecture of each installed package, by the position of its fact.
    architectures: Vec<(usize, String)>,
    unknown: Vec<(Kind, String)>,
    told: PartsTold,
    kernel: Option<String>,
    image: String,
    reboot: Option<String>,
    old: Vec<String>,
    owners: Vec<(String, String)>,
    clock: Option<f64>,
}

/// Which parts of the answer were there.
#[derive(Default)]
struct PartsTold {
    apt: bool,
    settings: bool,
    zone: bool,
}

impl Reader {
    fn new(probe: ProbeAnswer) -> Self {
        Self {
            probe,
            manager: None,
            book: None,
            facts: Vec::new(),
            architectures: Vec::new(),
            unknown: Vec::new(),
            told: PartsTold::default(),
            kernel: None,
            image: String::new(),
            reboot: None,
            old: Vec::new(),
            owners: Vec::new(),
            clock: None,
        }
    }

    fn add(&mut self, kind: Kind, key: &str, value: &str) {
        self.facts.push(RawFact { kind, key: one_line(key, TEXT), value: one_line(value, TEXT) });
    }

    fn line(&mut self, word: &str, text: &str) -> Result<(), Garbled> {
        let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "manager" => {
                self.manager = Some(match first {
                    "dpkg" => PackageBook::Whole,
                    "rpm" => PackageBook::Rpm,
                    "none" => PackageBook::Missing,
                    _ => return Err(Garbled("manager")),
                });
            }
            "busy" => self.manager = Some(PackageBook::Busy),
            "p" => self.package(text)?,
            "book" => self.book = Some((first.to_owned(), one_line(rest, 120))),
            "apt" => self.apt(first, rest)?,
            "o" if first == "package" => self.add(Kind::Origin, name(rest)?, "in no repository"),
            "o" if first == "version" => self.add(Kind::Origin, name(rest)?, "this version in no repository"),
            "u" => self.add(Kind::Upgradable, name(first)?, rest),
            "s" => self.add(Kind::Source, text, "listed"),
            "i" => self.add(Kind::Pin, rest, first),
            "k" => self.add(Kind::Key, rest, short(first)),
            "settings" => {
                self.told.settings = true;
                if first != "0" {
                    self.unknown.push((Kind::AptConfig, "apt-config failed".to_owned()));
                }
            }
            "c" => self.setting(text),
            "kernel" => self.kernel = Some(one_line(text, 80)),
            "image" => self.image = one_line(text, 80),
            "reboot" => self.reboot = Some(one_line(text, 200)),
            "zone" => {
                self.told.zone = true;
                self.add(Kind::Zone, "time zone", rest);
                self.add(Kind::Zone, "offset from UTC", first);
            }
            "v" => {
                let state = match first {
                    "running" => "running",
                    "stopped" => "stopped",
                    "restarting" => "keeps restarting",
                    _ => return Err(Garbled("services")),
                };
                self.add(Kind::Service, rest, state);
            }
            "old" => self.old.push(first.to_owned()),
            "shipped" => {
                let value =
                    if first == "same" { "the one that fuel-misc ships" } else { "another than fuel-misc ships" };
                self.add(Kind::Update, "mu-version.json of fuel-misc", value);
            }
            "f" => {
                let value = match first {
                    "missing" => "missing".to_owned(),
                    "special" => "not a regular file".to_owned(),
                    "unreadable" => "changed, unreadable".to_owned(),
                    sum => format!("changed ({})", short(sum)),
                };
                self.add(Kind::File, rest, &value);
            }
            "w" => self.owners.push((one_line(first, 80), one_line(rest, TEXT))),
            "verified" if first == "ok" => {}
            "verified" => self.unknown.push((Kind::File, format!("dpkg --verify failed ({})", one_line(rest, 20)))),
            "g" => self.add(Kind::Config, rest, if first == "unreadable" { first } else { short(first) }),
            "configured" => {}
            "clock" => self.clock = first.parse().ok().filter(|seconds: &f64| seconds.is_finite()),
            _ => return Err(Garbled("an unknown line")),
        }
        Ok(())
    }

    /// `ii  NAME ARCHITECTURE VERSION`.
    fn package(&mut self, text: &str) -> Result<(), Garbled> {
        let mut words = text.split_whitespace();
        let state = words.next().ok_or(Garbled("packages"))?;
        let package = name(words.next().ok_or(Garbled("packages"))?)?;
        let (architecture, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut letters = state.chars();
        let (Some(wanted), Some(is), error, None) = (letters.next(), letters.next(), letters.next(), letters.next())
        else {
            return Err(Garbled("packages"));
        };
        if !"uihrp".contains(wanted) || !"ncHUFWti".contains(is) || !matches!(error, None | Some('R')) {
            return Err(Garbled("packages"));
        }
        let plain = |text: &str, more: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
        // Known to dpkg and not installed; of the second kind configuration files are left.
        if matches!(is, 'n' | 'c') {
            return Ok(());
        }
        if words.next().is_some() || !plain(architecture, "-") || !plain(version, ".+:~-") {
            return Err(Garbled("packages"));
        }
        // A package of which dpkg knows no version was never unpacked.
        let (package, version) = (package.to_owned(), if version.is_empty() { "no version" } else { version });
        self.architectures.push((self.facts.len(), architecture.to_owned()));
        self.add(Kind::Package, &package, version);
        if wanted == 'h' {
            self.add(Kind::Held, &package, "held");
        }
        let fault = match (is, error) {
            (_, Some(_)) => "must be installed again",
            ('H', _) => "half-installed",
            ('U', _) => "unpacked, not configured",
            ('F', _) => "half-configured",
            ('W', _) => "waits for triggers",
            ('t', _) => "has triggers to run",
            _ => return Ok(()),
        };
        self.add(Kind::HalfConfigured, &package, fault);
        Ok(())
    }

    fn apt(&mut self, word: &str, rest: &str) -> Result<(), Garbled> {
        self.told.apt = true;
        let cause = match word {
            "ok" => return Ok(()),
            "empty" => "the node has no package lists: apt-get update was never run".to_owned(),
            "missing" => "apt-cache is missing".to_owned(),
            "failed" => format!("apt-cache failed: {}", one_line(rest, 120)),
            _ => return Err(Garbled("apt")),
        };
        self.unknown.push((Kind::Origin, cause.clone()));
        self.unknown.push((Kind::Upgradable, cause));
        Ok(())
    }

    /// `APT::Architecture "amd64";`, or a line of a list, whose key ends in `::` and is there several times.
    fn setting(&mut self, text: &str) {
        let text = text.strip_suffix(';').unwrap_or(text);
        match text.split_once(' ') {
            Some((key, value)) if !key.ends_with("::") => self.add(Kind::AptConfig, key, value.trim_matches('"')),
            _ => self.add(Kind::AptConfig, text, "set"),
        }
    }

    fn end(mut self) -> Result<NodeAnswer, Garbled> {
        let manager = self.manager.take().ok_or(Garbled("manager"))?;
        let packages = match (manager, self.book.take()) {
            (PackageBook::Whole, Some((status, _))) if status == "0" && !self.architectures.is_empty() => {
                PackageBook::Whole
            }
            (PackageBook::Whole, Some((status, said))) if status == "0" => {
                PackageBook::Broken(if said.is_empty() || said.starts_with("status") {
                    "its package database is empty".to_owned()
                } else {
                    said
                })
            }
            (PackageBook::Whole, Some((status, said))) => PackageBook::Broken(if said.starts_with("status") {
                format!("dpkg-query failed with status {}", one_line(&status, 10))
            } else {
                said
            }),
            (PackageBook::Whole | PackageBook::Busy, None) => return Err(Garbled("packages")),
            (other, _) => other,
        };
        if !(self.told.apt && self.told.settings && self.told.zone) || self.kernel.is_none() || self.clock.is_none() {
            return Err(Garbled("a missing part"));
        }
        self.name_foreign_packages();
        self.say_what_is_old();
        self.name_owners();
        self.kernels();
        if self.facts.is_empty() {
            return Err(Garbled("no facts"));
        }
        // A list in apt's settings may hold the same line twice; the rest of a broken list is not to be trusted.
        self.facts.sort_by(|a, b| (a.kind, &a.key, &a.value).cmp(&(b.kind, &b.key, &b.value)));
        self.facts.dedup_by(|a, b| a.kind == b.kind && a.key == b.key);
        let unknown = std::mem::take(&mut self.unknown);
        self.facts.retain(|fact| !unknown.iter().any(|(kind, _)| *kind == fact.kind));
        Ok(NodeAnswer { probe: self.probe, packages, facts: self.facts, unknown, clock: self.clock })
    }

    /// A package of another architecture than dpkg's own gets it in its name: both can be installed.
    fn name_foreign_packages(&mut self) {
        let own = self.architectures.iter().find(|(at, _)| self.facts[*at].key == "dpkg").map(|(_, own)| own.clone());
        let foreign: Vec<_> = std::mem::take(&mut self.architectures)
            .into_iter()
            .filter(|(_, architecture)| architecture != "all" && own.as_ref().is_some_and(|own| own != architecture))
            .collect();
        for (at, architecture) in foreign {
            let name = format!("{}:{architecture}", self.facts[at].key);
            // What was said of the same package right behind it.
            for fact in &mut self.facts[at + 1..] {
                if matches!(fact.kind, Kind::Held | Kind::HalfConfigured) && name.starts_with(&format!("{}:", fact.key))
                {
                    fact.key.clone_from(&name);
                } else {
                    break;
                }
            }
            self.facts[at].key = name;
        }
    }

    fn say_what_is_old(&mut self) {
        for service in std::mem::take(&mut self.old) {
            let fact = self.facts.iter_mut().find(|fact| fact.kind == Kind::Service && fact.key == service);
            if let Some(fact) = fact.filter(|fact| fact.value == "running") {
                fact.value = "runs old code".to_owned();
            }
        }
    }

    fn name_owners(&mut self) {
        for (package, path) in std::mem::take(&mut self.owners) {
            let own = self.facts.iter_mut().find(|fact| fact.kind == Kind::File && fact.key == path);
            if let Some(fact) = own.filter(|fact| !fact.value.ends_with(&format!("of {package}"))) {
                fact.value = format!("{} of {package}", fact.value);
            }
        }
    }

    fn kernels(&mut self) {
        let running = self.kernel.take().unwrap_or_default();
        let image = std::mem::take(&mut self.image);
        let newer = !image.is_empty() && image != running;
        self.add(Kind::Kernel, "running", &running);
        self.add(Kind::Kernel, "newest installed", if image.is_empty() { "none" } else { &image });
        let reboot = match self.reboot.take() {
            Some(packages) if packages.is_empty() => "required".to_owned(),
            Some(packages) => format!("required by {packages}"),
            None if newer => format!("required: kernel {image} is installed, {running} runs"),
            None => "not required".to_owned(),
        };
        self.add(Kind::Reboot, "reboot", &reboot);
    }
}

/// The name of a package, with or without its architecture.
fn name(text: &str) -> Result<&str, Garbled> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.:".contains(c);
    // Some vendors' packages have capitals, which dpkg takes.
    let fine = (1..=120).contains(&text.len()) && text.chars().all(|c| plain(c) || c.is_ascii_uppercase() || c == '_');
    if fine { Ok(text) } else { Err(Garbled("packages")) }
}

/// The beginning of a checksum: enough to tell files apart.
fn short(sum: &str) -> &str {
    sum.get(..12).unwrap_or(sum)
}
