//! Taking a reinstalled node's keys out of the file.

use std::path::Path;

use super::line::{KeyLine, LineNames};
use super::{address_name, file};
use crate::domain::node::Host;
use crate::fleet::error::FleetError;

/// What was taken out for one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// The host, as it was asked for.
    pub host: Host,
    /// Its port.
    pub port: u16,
    /// How many keys were recorded for it.
    pub keys: usize,
}

/// Takes the recorded keys of these hosts out of the file, also those recorded behind a jump host and those
/// under a hashed name. Revocations and patterns stay.
///
/// # Errors
/// [`FleetError::KnownHosts`] when the file cannot be read or written.
pub fn forget(known_hosts: &Path, hosts: &[(Host, u16)]) -> Result<Vec<Forgotten>, FleetError> {
    let names: Vec<String> = hosts.iter().map(|(host, port)| address_name(host, *port)).collect();
    let mut removed = vec![0; hosts.len()];
    let edit = |text: Vec<u8>| {
        let mut kept = Vec::with_capacity(text.len());
        for raw in text.split_inclusive(|b| *b == b'\n') {
            kept.extend_from_slice(&without(raw, &names, &mut removed));
        }
        kept
    };
    let nothing_there = file::read(known_hosts).is_ok_and(|text| text.is_empty());
    if !nothing_there {
        file::change(known_hosts, edit)
            .map_err(|source| FleetError::KnownHosts { path: known_hosts.to_owned(), source })?;
    }
    let hosts = hosts.iter().cloned().zip(removed);
    Ok(hosts.map(|((host, port), keys)| Forgotten { host, port, keys }).collect())
}

/// The line without these names; nothing of it when no name is left.
fn without(raw: &[u8], names: &[String], removed: &mut [usize]) -> Vec<u8> {
    let Some(line) = std::str::from_utf8(raw).ok().and_then(|raw| KeyLine::parse(raw, 0).ok().flatten()) else {
        return raw.to_owned();
    };
    if line.marker.is_some() {
        return raw.to_owned();
    }
    let mut hit = false;
    for (name, count) in names.iter().zip(removed) {
        let about_it = match &line.names {
            LineNames::Plain(recorded) => recorded.iter().any(|recorded| is_it(recorded, name)),
            LineNames::Hashed { .. } => line.names.matches(name),
            LineNames::Patterns(_) => false,
        };
        *count += usize::from(about_it);
        hit |= about_it;
    }
    match &line.names {
        _ if !hit => raw.to_owned(),
        LineNames::Plain(recorded) => {
            let left: Vec<_> = recorded.iter().filter(|r| !names.iter().any(|name| is_it(r, name))).collect();
            match left.is_empty() {
                true => Vec::new(),
                false => replace_names(raw, &left),
            }
        }
        LineNames::Hashed { .. } | LineNames::Patterns(_) => Vec::new(),
    }
}

/// Whether a recorded name is this one, as it is or behind a jump host.
fn is_it(recorded: &str, name: &str) -> bool {
    recorded.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('@'))
}

fn replace_names(raw: &[u8], names: &[&String]) -> Vec<u8> {
    let start = raw.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(0);
    let end = raw[start..].iter().position(u8::is_ascii_whitespace).map_or(raw.len(), |n| start + n);
    let joined = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(",");
    [joined.as_bytes(), &raw[end..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    fn after(text: &str, hosts: &[(&str, u16)]) -> (String, Vec<usize>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("known_hosts");
        std::fs::write(&path, text).unwrap();
        let hosts: Vec<_> = hosts.iter().map(|(host, port)| (Host::parse(host).unwrap(), *port)).collect();
        let counts = forget(&path, &hosts).unwrap().into_iter().map(|f| f.keys).collect();
        (std::fs::read_to_string(&path).unwrap(), counts)
    }

    #[test]
    fn only_the_host_that_was_named_goes() {
        let text = format!("# by hand\n10.20.0.5 {ED}\n10.20.0.50 {ED}\n[10.20.0.5]:2222 {ED}\n10.20.0.5 {ED} again");
        let (left, counts) = after(&text, &[("10.20.0.5", 22), ("10.20.0.9", 22)]);
        assert_eq!(left, format!("# by hand\n10.20.0.50 {ED}\n[10.20.0.5]:2222 {ED}\n"));
        assert_eq!(counts, [2, 0]);
    }

    #[test]
    fn a_line_of_several_names_keeps_the_others() {
        let (left, counts) = after(&format!("node-5,10.20.0.5,node-5.tld {ED} c\n"), &[("10.20.0.5", 22)]);
        assert_eq!(left, format!("node-5,node-5.tld {ED} c\n"));
        assert_eq!(counts, [1]);
    }

    #[test]
    fn hashed_names_and_those_behind_a_jump_host_go_too() {
        let text = format!(
            "|1|O33ESRMWPVkMYIwJ1Uw+n877jTo=|nuuC5vEqXlEZ/8BXQR7m619W6Ak= {ED}\nexample.com@gate {ED}\nexample.com.au {ED}\n"
        );
        let (left, counts) = after(&text, &[("example.com", 22)]);
        assert_eq!(left, format!("example.com.au {ED}\n"));
        assert_eq!(counts, [2]);
    }

    #[test]
    fn revocations_and_patterns_stay() {
        let text = format!("@revoked node-5 {ED}\nnode-* {ED}\n");
        assert_eq!(after(&text, &[("node-5", 22)]), (text, vec![0]));
    }

    #[test]
    fn without_a_file_nothing_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/known_hosts");
        assert_eq!(forget(&path, &[(Host::parse("node-5").unwrap(), 22)]).unwrap()[0].keys, 0);
        assert!(!path.parent().unwrap().exists());
    }
}
